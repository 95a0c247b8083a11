-- What each curated feed tells, and how long its reports take to settle: measured on our own vintages where there are
-- enough of them, else by default.
with measured as (
    select
        feed,
        min(days_after) filter (where known >= 0.95 * final and final >= 100) as settling_days
    from (
        select
            feed,
            days_after,
            sum(events_known) as known,
            sum(events_final) as final
        from {{ ref('int_event__reporting_lag') }}
        group by feed, days_after
    )
    group by feed
)

select
    event_feed.feed,
    event_feed.fatality_estimates,
    cast(event_feed.has_civilian_fatalities as boolean) as has_civilian_fatalities,
    cast(event_feed.has_dyads as boolean) as has_dyads,
    cast(coalesce(measured.settling_days, event_feed.settling_days) as integer) as settling_days,
    case when measured.settling_days is not null then 'measured' else 'default' end as settling_basis
from {{ ref('event_feed') }} as event_feed
left join measured on event_feed.feed = measured.feed and event_feed.settling_days is not null
