-- How reliably each feed was read, week by week, to the newest attempt of any feed; weeks without an attempt have a
-- row, with zero attempts.
with attempts as (
    select
        feed,
        {{ week_of('recorded_at') }} as week,
        count(*) as attempts,
        count(*) filter (where status in ('failed', 'refused')) as failures,
        count(*) filter (where status = 'missing') as missing,
        cast(sum(rows_loaded) as bigint) as rows_loaded,
        cast(sum(rows_quarantined) as bigint) as rows_quarantined,
        max(newest_record_at) filter (where status in ('ok', 'empty', 'unchanged')) as newest_record_at
    from {{ source('ledger', 'load_attempt') }}
    group by feed, {{ week_of('recorded_at') }}
),

calendar as (
    select
        feed,
        cast(
            unnest(generate_series(
                cast(min(week) as timestamp),
                cast(greatest(max(week), {{ week_of(now_at()) }}) as timestamp),
                interval 7 day
            )) as date
        ) as week
    from attempts
    group by feed
),

dense as (
    select
        calendar.feed,
        calendar.week,
        coalesce(attempt.attempts, 0) as attempts,
        coalesce(attempt.failures, 0) as failures,
        coalesce(attempt.missing, 0) as missing,
        coalesce(attempt.rows_loaded, 0) as rows_loaded,
        coalesce(attempt.rows_quarantined, 0) as rows_quarantined,
        max(attempt.newest_record_at) over (partition by calendar.feed order by calendar.week) as newest_record_at
    from calendar
    left join attempts as attempt on calendar.feed = attempt.feed and calendar.week = attempt.week
)

select
    feed,
    week,
    attempts,
    failures,
    missing,
    rows_loaded,
    rows_quarantined,
    cast(newest_record_at as date) as newest_record_date,
    -- As it stood at the end of the week, or at the newest attempt in the current one.
    greatest(
        date_diff('hour', newest_record_at, least(cast(week + 7 as timestamp), {{ now_at() }})), 0
    ) as lag_hours
from dense
