-- Events and deaths by country, month and source. An event belongs wholly to the month of its last day.
-- Dense: every month that the source covers for the country has a row, zeros included; a month that it does not
-- cover has none.
with events as (
    select
        feed as source,
        country_iso3,
        {{ month_of('date_end') }} as month,
        {{ event_measures() }},
        count(distinct admin1_id) as admin1_affected
    from {{ ref('fct_event') }}
    group by feed, country_iso3, {{ month_of('date_end') }}
),

actors as (
    select
        event.feed as source,
        event.country_iso3,
        {{ month_of('event.date_end') }} as month,
        {{ actor_measures() }}
    from {{ ref('fct_event') }} as event
    inner join {{ ref('fct_event_actor') }} as side on event.event_key = side.event_key
    left join {{ ref('dim_actor') }} as actor on side.actor_id = actor.actor_id
    group by event.feed, event.country_iso3, {{ month_of('event.date_end') }}
),

dense as (
    select
        calendar.country_iso3,
        country.country_name,
        calendar.month,
        calendar.feed as source,
        {{ measures_or_zero() }},
        coalesce(event.admin1_affected, 0) as admin1_affected,
        not calendar.is_final as provisional,
        calendar.observed_until
    from {{ ref('int_feed__observed_month') }} as calendar
    inner join {{ ref('dim_country') }} as country on calendar.country_iso3 = country.country_iso3
    left join events as event
        on
            calendar.feed = event.source
            and calendar.country_iso3 = event.country_iso3
            and calendar.month = event.month
    left join actors as actor
        on
            calendar.feed = actor.source
            and calendar.country_iso3 = actor.country_iso3
            and calendar.month = actor.month
)

select
    *,
    max(events) over previous_month as events_previous_month,
    max(events) over same_month_last_year as events_same_month_last_year,
    -- Null until twelve months have been observed.
    case when count(*) over last_12_months = 12 then cast(sum(fatalities_best) over last_12_months as bigint) end
        as fatalities_best_12_months
from dense
window
    previous_month as (
        partition by source, country_iso3 order by month
        range between interval 1 month preceding and interval 1 month preceding
    ),
    same_month_last_year as (
        partition by source, country_iso3 order by month
        range between interval 12 month preceding and interval 12 month preceding
    ),
    last_12_months as (
        partition by source, country_iso3 order by month
        range between interval 11 month preceding and current row
    )
