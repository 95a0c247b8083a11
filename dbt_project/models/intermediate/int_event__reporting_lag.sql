-- How much of what is known today was known so many days after the event, from our own vintages.
--
-- Only events that could have been seen coming count: after the feed's first vintage of the country (one that came into
-- the scope later has its past at once, which says nothing of the publisher), and old enough for what is known
-- of them to be final. Vintages are the publisher's releases where it has some, so that a release that we load late is
-- still of its day; else our own loads: a row's last edit does not tell since when it has been there.
{% set days_after = [7, 14, 30, 60, 90, 180, 365] %}
{% set final_after_days = 365 %}

with dated as (
    select
        version.*,
        case event_feed.vintages when 'released' then version.released_at else version.recorded_at end as vintage_at
    from {{ ref('int_event__version') }} as version
    inner join {{ ref('event_feed') }} as event_feed on version.feed = event_feed.feed
),

versions as (
    select
        *,
        min(vintage_at) over (partition by feed, country_iso3) as first_vintage_at,
        max(vintage_at) over (partition by feed) as last_vintage_at,
        min(vintage_at) over (partition by event_key) as first_known_at
    from dated
),

final_events as (
    select
        feed,
        country_iso3,
        date_end,
        first_known_at
    from versions
    where
        country_iso3 is not null
        and date_end >= cast(first_vintage_at as date)
        and date_end <= cast(last_vintage_at as date) - {{ final_after_days }}
    qualify
        row_number() over (partition by event_key order by attempt_id desc) = 1
        and not is_withdrawn
),

lags as (
    select unnest([{{ days_after | join(', ') }}]) as days_after
)

select
    event.feed,
    event.country_iso3,
    lag.days_after,
    count(*) as events_final,
    count(*) filter (where cast(event.first_known_at as date) <= event.date_end + lag.days_after) as events_known,
    count(*) filter (where cast(event.first_known_at as date) <= event.date_end + lag.days_after) / count(*)
        as share_known
from final_events as event
cross join lags as lag
group by event.feed, event.country_iso3, lag.days_after
