-- Over tactics and targets, events of violence, those beside them and deaths are those of country_month, both ways.
with mart as (
    select
        source,
        country_iso3,
        month,
        sum(events) as events,
        sum(fatal_events) as fatal_events,
        sum(events_not_violence) as events_not_violence,
        sum(fatalities_best) as fatalities_best
    from {{ ref('tactics_targets_month') }}
    group by source, country_iso3, month
)

select
    country.source,
    country.country_iso3,
    country.month,
    mart.events as events_in_mart,
    country.events as events_of_country
from {{ ref('country_month') }} as country
full outer join mart
    on country.source = mart.source and country.country_iso3 = mart.country_iso3 and country.month = mart.month
where
    country.events is null
    or coalesce(mart.events, 0) <> country.events
    or coalesce(mart.fatal_events, 0) <> country.fatal_events
    or coalesce(mart.fatalities_best, 0) <> country.fatalities_best
    or coalesce(mart.events_not_violence, 0)
    <> country.events_demonstration + country.events_riot_mob + country.events_strategic
