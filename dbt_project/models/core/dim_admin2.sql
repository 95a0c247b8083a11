-- Second-order administrative units: those of our list, which some publishers count as the first order, and those of
-- loaded polygons. admin1_id is what a unit belongs to now, null where a file's own words do not resolve.
with loaded as (
    select
        unit.admin2_id,
        unit.country_iso3,
        unit.unit_name as admin2_name,
        parent.admin1_id,
        unit.unit_code
    from {{ ref('int_boundary__unit') }} as unit
    left join {{ ref('int_place__set_unit') }} as parent
        on
            'boundary_' || unit.admin_level = parent.unit_set
            and unit.country_iso3 = parent.country_iso3
            and unit.admin1_set_key = parent.set_key
    where unit.is_second_order
    qualify row_number() over (partition by unit.admin2_id order by unit.admin_level desc, unit.unit_key) = 1
),

listed as (
    select * from {{ ref('admin2') }}
)

select
    coalesce(listed.admin2_id, loaded.admin2_id) as admin2_id,
    coalesce(listed.country_iso3, loaded.country_iso3) as country_iso3,
    coalesce(listed.admin2_name, loaded.admin2_name) as admin2_name,
    coalesce(listed.admin1_id, loaded.admin1_id) as admin1_id,
    listed.unit_type,
    case when regexp_full_match(listed.admin2_id, '[A-Z]{2}-[A-Z]{2,3}') then listed.admin2_id end as iso_3166_2,
    -- P-codes are the country's two letters and digits.
    case when regexp_full_match(loaded.unit_code, '[A-Z]{2}[0-9]+') then loaded.unit_code end as ocha_pcode,
    listed.valid_from,
    listed.valid_to,
    coalesce(listed.source, 'loaded polygons') as source
from listed
full outer join loaded on listed.admin2_id = loaded.admin2_id
