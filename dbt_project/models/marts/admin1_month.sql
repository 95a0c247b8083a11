-- As country_month, by admin1 unit. Dense over the units valid in the month. Events whose unit is not known stand
-- under <country>-unknown, so that the units of a country always add up to the country.
with placed_events as (
    select
        *,
        coalesce(admin1_id, country_iso3 || '-unknown') as placed_admin1_id,
        {{ month_of('date_end') }} as month
    from {{ ref('fct_event') }}
    where country_iso3 is not null
),

events as (
    select
        feed as source,
        country_iso3,
        placed_admin1_id as admin1_id,
        month,
        {{ event_measures() }}
    from placed_events
    group by feed, country_iso3, placed_admin1_id, month
),

actors as (
    select
        event.feed as source,
        event.country_iso3,
        event.placed_admin1_id as admin1_id,
        event.month,
        {{ actor_measures() }}
    from placed_events as event
    inner join {{ ref('fct_event_actor') }} as side on event.event_key = side.event_key
    left join {{ ref('dim_actor') }} as actor on side.actor_id = actor.actor_id
    where {{ is_organised_side() }}
    group by event.feed, event.country_iso3, event.placed_admin1_id, event.month
),

-- The units of each observed month, and those that an event names outside its validity or without a name.
calendar as (
    select
        observed.feed as source,
        observed.country_iso3,
        unit.admin1_id,
        observed.month
    from {{ ref('int_feed__observed_month') }} as observed
    inner join {{ ref('dim_admin1') }} as unit
        on
            observed.country_iso3 = unit.country_iso3
            and coalesce(unit.valid_from, observed.month) <= last_day(observed.month)
            and coalesce(unit.valid_to, date '9999-12-31') > observed.month

    union

    select
        source,
        country_iso3,
        admin1_id,
        month
    from events
)

select
    calendar.admin1_id,
    coalesce(unit.admin1_name, 'unknown') as admin1_name,
    calendar.country_iso3,
    calendar.month,
    calendar.source,
    {{ measures_or_zero() }},
    not observed.is_final as provisional,
    observed.observed_until
from calendar
inner join {{ ref('int_feed__observed_month') }} as observed
    on
        calendar.source = observed.feed
        and calendar.country_iso3 = observed.country_iso3
        and calendar.month = observed.month
inner join {{ ref('int_event__source') }} as event_source on calendar.source = event_source.feed
left join {{ ref('dim_admin1') }} as unit on calendar.admin1_id = unit.admin1_id
left join events as event
    on
        calendar.source = event.source
        and calendar.country_iso3 = event.country_iso3
        and calendar.admin1_id = event.admin1_id
        and calendar.month = event.month
left join actors as actor
    on
        calendar.source = actor.source
        and calendar.country_iso3 = actor.country_iso3
        and calendar.admin1_id = actor.admin1_id
        and calendar.month = actor.month
