-- World Bank indicators as recorded: one row per country, indicator, year and version.
select
    country_iso3,
    indicator,
    year,
    value,
    last_updated as source_updated_date,
    attempt_id,
    recorded_at,
    is_withdrawn
from {{ source('raw', 'worldbank_indicator') }}
