-- The units of a country, the unknown one included, add up to the country in every month.
with units as (
    select
        source,
        country_iso3,
        month,
        sum(events) as events,
        sum(fatalities_best) as fatalities_best,
        sum(fatalities_civilian) as fatalities_civilian
    from {{ ref('admin1_month') }}
    group by source, country_iso3, month
)

select
    country.source,
    country.country_iso3,
    country.month,
    country.events,
    units.events as events_of_units
from {{ ref('country_month') }} as country
full outer join units
    on country.source = units.source and country.country_iso3 = units.country_iso3 and country.month = units.month
where
    coalesce(country.events, 0) <> coalesce(units.events, 0)
    or coalesce(country.fatalities_best, 0) <> coalesce(units.fatalities_best, 0)
    or coalesce(country.fatalities_civilian, 0) <> coalesce(units.fatalities_civilian, 0)
