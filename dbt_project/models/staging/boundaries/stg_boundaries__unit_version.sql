-- Polygons of administrative units as recorded: one row per unit as a file tells of it, and version. admin_level is
-- what the file says; which unit of ours a polygon is, int_boundary__unit tells.
select
    country_iso3,
    admin_level,
    unit_key,
    unit_name,
    unit_code,
    parent_name,
    parent_code,
    geometry,
    attempt_id,
    recorded_at,
    is_withdrawn
from {{ source('raw', 'admin_boundary') }}
