-- Question: which feed is late, failing or blind?
--
-- Read it so: one row per feed, and one per news outlet below it. `verdict` is the worst that is true: `never_loaded`
-- (nothing was ever tried, as with a feed that is not enabled), `failing` (the attempts since the last success failed),
-- `late` (the newest record is older than usual: 550 days for UCDP's yearly data, 75 for its monthly data, 2 for GDELT,
-- ReliefWeb and news; or the last success is: 2 days for those, 15 for ACLED and Insecurity Insight, else 65; a record
-- of ACLED may be old by contract, polygons that were loaded by hand are never late), `blind` (it reads with holes:
-- GDELT slots missing in the last loaded week), else `good`. `gaps` counts the slots missing. What comes with the
-- installation (GeoNames) is no feed and has no row.
--
-- Columns: feed, part, verdict, last_attempt_at, last_status, last_success_at, failing_since, newest_record_at,
--   lag_hours, gaps, last_error.
-- Parameters: none. Ages are taken from the newest attempt in the file, not from the reader's clock, so that a file
--   tells the same tomorrow.
with clock as (
    select max(recorded_at) as built_at
    from audit.load_history
),

attempts as (
    select
        *,
        status in ('ok', 'empty', 'unchanged') as is_good
    from audit.load_history
),

last_good as (
    select
        feed,
        stream,
        max(attempt_id) as attempt_id
    from attempts
    where is_good
    group by feed, stream
),

parts as (
    select
        attempt.feed,
        attempt.stream as part,
        max(attempt.recorded_at) as last_attempt_at,
        arg_max(attempt.status, attempt.attempt_id) as last_status,
        max(attempt.recorded_at) filter (where attempt.is_good) as last_success_at,
        min(attempt.recorded_at) filter (
            where attempt.status in ('failed', 'refused')
            and attempt.attempt_id > coalesce(last_good.attempt_id, 0)
        ) as failing_since,
        max(attempt.newest_record_at) filter (where attempt.is_good) as newest_record_at,
        arg_max(attempt.error, attempt.attempt_id) filter (
            where attempt.status in ('failed', 'refused')
            and attempt.attempt_id > coalesce(last_good.attempt_id, 0)
        ) as last_error
    from attempts as attempt
    left join last_good on attempt.feed = last_good.feed and attempt.stream = last_good.stream
    group by attempt.feed, attempt.stream
),

slot_days as (
    select
        *,
        max(slot_date) over (partition by stream) as newest_day
    from audit.gdelt_slot_day
),

gaps as (
    select
        'gdelt' as feed,
        stream as part,
        cast(sum(slots_expected - slots_read) as bigint) as gaps
    from slot_days
    where slot_date > newest_day - 7
    group by stream
),

every_part as (
    select
        coalesce(source.feed, parts.feed) as feed,
        parts.part,
        parts.last_attempt_at,
        parts.last_status,
        parts.last_success_at,
        parts.failing_since,
        parts.newest_record_at,
        date_diff('hour', parts.newest_record_at, clock.built_at) as lag_hours,
        coalesce(gaps.gaps, 0) as gaps,
        parts.last_error,
        date_diff('hour', parts.last_success_at, clock.built_at) as unheard_hours,
        case
            when parts.part = 'candidate' then 75
            when parts.feed = 'ucdp' then 550
            when parts.feed in ('gdelt', 'news', 'reliefweb') then 2
        end * 24 as usual_lag_hours,
        case
            when parts.feed in ('gdelt', 'news', 'reliefweb') then 2
            when parts.feed in ('acled', 'insecurity_insight') then 15
            when parts.feed <> 'boundaries' then 65
        end * 24 as usual_rest_hours
    from core.dim_source as source
    full outer join parts on source.feed = parts.feed
    left join gaps on parts.feed = gaps.feed and parts.part = gaps.part
    cross join clock
    -- These come with the installation: nothing is ever loaded.
    where coalesce(source.feed, parts.feed) not in ('geonames', 'made')
)

select
    feed,
    part,
    case
        when last_success_at is null and failing_since is null then 'never_loaded'
        when failing_since is not null then 'failing'
        when lag_hours > usual_lag_hours or unheard_hours > usual_rest_hours then 'late'
        when gaps > 0 then 'blind'
        else 'good'
    end as verdict,
    last_attempt_at,
    last_status,
    last_success_at,
    failing_since,
    newest_record_at,
    lag_hours,
    gaps,
    last_error
from every_part
order by feed, part
