-- A feed that has brought nothing new for longer than its rhythm (seed feed_rhythm) allows, for whatever reason: nobody
-- asked it, it did not answer, or it answers with what it had. Dated to the day on which it was late. The clock is the
-- ledger's newest attempt on any feed: where nobody loads anything, nobody is late.
{{ config(materialized='ephemeral') }}
{# A feed that is asked a few hours after the others, in the first run after a pause, was not asleep. #}
{% set grace_hours = 24 %}

-- How old what a publisher shows was when it last showed something newer, see the check event_lag.
with newest_periods as (
    select
        feed,
        period_end,
        recorded_at,
        max(period_end) over (partition by feed) as newest_period_end
    from {{ source('ledger', 'coverage') }}
),

delays as (
    select
        feed,
        greatest(min(recorded_at) - cast(max(period_end) as timestamp), interval 0 hour) as delay
    from newest_periods
    where period_end = newest_period_end
    group by feed
),

allowed as (
    select
        rhythm.feed,
        to_hours(rhythm.silent_hours)
        + case when rhythm.has_embargo then coalesce(delays.delay, interval 0 hour) else interval 0 hour end as silence
    from {{ ref('feed_rhythm') }} as rhythm
    left join delays on rhythm.feed = delays.feed
),

attempts as (
    select
        feed,
        recorded_at,
        -- What is dated into the future says nothing of when it came.
        max(least(newest_record_at, recorded_at)) filter (
            where newest_record_at is not null and status in ('ok', 'empty', 'unchanged')
        ) as newest_record_at
    from {{ source('ledger', 'load_attempt') }}
    group by feed, recorded_at
),

heard as (
    select
        feed,
        recorded_at,
        -- A feed that never brought anything is waited for from the first attempt on.
        coalesce(
            max(newest_record_at) over (partition by feed order by recorded_at),
            min(recorded_at) over (partition by feed)
        ) as newest_record_at
    from attempts
),

advances as (
    select
        feed,
        newest_record_at,
        min(recorded_at) as heard_at,
        lead(min(recorded_at)) over (partition by feed order by newest_record_at) as ended_at
    from heard
    group by feed, newest_record_at
),

silences as (
    select
        advance.*,
        advance.newest_record_at + allowed.silence as late_at,
        epoch(allowed.silence) / 3600 as allowed_hours,
        coalesce(advance.ended_at, {{ now_at() }}) as silent_until
    from advances as advance
    inner join allowed on advance.feed = allowed.feed
),

known as (
    select
        silence.*,
        (
            select min(attempt.recorded_at)
            from attempts as attempt
            where attempt.recorded_at >= greatest(silence.late_at, silence.heard_at)
        ) as known_at
    from silences as silence
    where silence.silent_until > silence.late_at
)

select
    feed as source,
    'feed' as area_kind,
    feed as area_id,
    cast(null as varchar) as country_iso3,
    cast(null as varchar) as actor_id,
    cast(null as varchar) as other_actor_id,
    cast(late_at as date) as alert_date,
    case when silent_until >= late_at + to_seconds(allowed_hours * 3600) then 'high' else 'medium' end as level,
    'hours_silent' as metric,
    round(date_diff('minute', newest_record_at, silent_until) / 60.0, 1) as value,
    round(cast(allowed_hours as double), 1) as baseline,
    cast(newest_record_at as date) as window_start,
    known_at,
    cast(null as varchar) as source_release,
    0 as evidence_events,
    cast(null as varchar) as evidence,
    cast(null as varchar) as evidence_grade,
    ended_at is null as provisional
from known
where known_at is not null and (ended_at is null or ended_at >= known_at + interval {{ grace_hours }} hour)
