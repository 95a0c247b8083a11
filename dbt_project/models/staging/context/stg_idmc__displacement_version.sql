-- IDMC figures on internal displacement by conflict and violence as recorded: one row per country, year and version.
select
    country_iso3,
    year,
    new_displacement,
    total_displacement,
    attempt_id,
    recorded_at,
    is_withdrawn
from {{ source('raw', 'idmc_displacement') }}
