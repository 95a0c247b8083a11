-- No GDELT row of a country in scope is lost between the days and the weeks.
with weeks as (
    select
        country_iso3,
        sum(gdelt_events) as events
    from {{ ref('country_coverage_week') }}
    group by country_iso3
),

days as (
    select
        day.country_iso3,
        sum(day.events) as events
    from {{ ref('int_gdelt__country_day') }} as day
    inner join {{ ref('dim_country') }} as country on day.country_iso3 = country.country_iso3
    where country.in_scope
    group by day.country_iso3
)

select
    days.country_iso3,
    days.events,
    weeks.events as events_of_weeks
from days
left join weeks on days.country_iso3 = weeks.country_iso3
where days.events is distinct from coalesce(weeks.events, 0)
