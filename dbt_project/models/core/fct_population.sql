-- Population by country and year, as the World Bank tells it now.
with newest as (
    select *
    from {{ ref('stg_worldbank__indicator_version') }}
    where indicator = 'SP.POP.TOTL'
    qualify row_number() over (partition by country_iso3, year order by attempt_id desc) = 1
)

select
    country_iso3,
    year,
    cast(value as bigint) as population,
    'worldbank' as source,
    source_updated_date,
    recorded_at
from newest
where not is_withdrawn and value is not null
