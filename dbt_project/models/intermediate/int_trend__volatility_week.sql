-- Volatility of the admin1 units, over the 52 weeks that end with each week. The baseline is the country's: mean and
-- deviation of the weekly events of all its units that existed, also of those in which the source never told of any. A
-- spike is a week of the unit at two deviations above that mean or higher.
{{ config(materialized='table') }}

{% set least_weeks = 39 %}

with unit_weeks as (
    select
        source,
        country_iso3,
        area_id,
        week,
        events
    from {{ ref('int_trend__event_week') }}
    where area_kind = 'admin1' and is_complete
),

calendar as (
    select distinct
        country_iso3,
        week
    from {{ ref('int_feed__observed_week') }}
),

units as (
    select
        calendar.country_iso3,
        calendar.week,
        count(*) as units
    from calendar
    inner join {{ ref('dim_admin1') }} as unit
        on
            calendar.country_iso3 = unit.country_iso3
            and coalesce(calendar.week >= unit.valid_from, true)
            and coalesce(calendar.week + 6 < unit.valid_to, true)
    group by calendar.country_iso3, calendar.week
),

country_events as (
    select
        source,
        country_iso3,
        week,
        sum(events) as events,
        sum(events * events) as squared_events
    from unit_weeks
    group by source, country_iso3, week
),

country_weeks as (
    select
        observed.feed as source,
        observed.country_iso3,
        observed.week,
        unit.units,
        coalesce(event.events, 0) as events,
        coalesce(event.squared_events, 0) as squared_events
    from {{ ref('int_feed__observed_week') }} as observed
    inner join units as unit on observed.country_iso3 = unit.country_iso3 and observed.week = unit.week
    left join country_events as event
        on
            observed.feed = event.source
            and observed.country_iso3 = event.country_iso3
            and observed.week = event.week
    where observed.is_complete
),

country_years as (
    select
        source,
        country_iso3,
        week,
        sum(units) over year as unit_weeks,
        sum(events) over year as events,
        sum(squared_events) over year as squared_events
    from country_weeks
    window
        year as (
            partition by source, country_iso3 order by week
            range between interval 357 day preceding and current row
        )
    qualify count(*) over year >= {{ least_weeks }}
),

thresholds as (
    select
        source,
        country_iso3,
        week,
        events / unit_weeks
        + 2 * sqrt(greatest(squared_events - events * events / unit_weeks, 0) / (unit_weeks - 1)) as spike_events
    from country_years
    where unit_weeks > 1
),

-- Only a week with events can be a spike, which leaves few to look at once for each year that it is in.
years_of_active_weeks as (
    select
        source,
        country_iso3,
        area_id,
        events,
        cast(unnest(generate_series(week, week + 357, interval 7 day)) as date) as week
    from unit_weeks
    where events > 0
),

spikes as (
    select
        active.source,
        active.area_id,
        active.week,
        count(*) as spikes
    from years_of_active_weeks as active
    inner join thresholds as threshold
        on
            active.source = threshold.source
            and active.country_iso3 = threshold.country_iso3
            and active.week = threshold.week
            and active.events >= threshold.spike_events
    group by active.source, active.area_id, active.week
),

unit_years as (
    select
        source,
        country_iso3,
        area_id,
        week,
        avg(events) over year as mean_events
    from unit_weeks
    window
        year as (
            partition by source, area_id order by week
            range between interval 357 day preceding and current row
        )
    qualify count(*) over year >= {{ least_weeks }}
)

select
    unit.source,
    'events' as metric,
    'admin1' as area_kind,
    unit.area_id,
    unit.week,
    coalesce(spike.spikes, 0) as spikes,
    unit.mean_events
from unit_years as unit
inner join thresholds as threshold
    on
        unit.source = threshold.source
        and unit.country_iso3 = threshold.country_iso3
        and unit.week = threshold.week
left join spikes as spike
    on
        unit.source = spike.source
        and unit.area_id = spike.area_id
        and unit.week = spike.week
