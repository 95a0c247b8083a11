-- Part of a feed that was asked for and not to be had: GDELT, or one of its streams, while its slots are missing or
-- corrupt for longer than is usual, and outlets of the news that fail for a day or more. Dated to the first day of the
-- fault. A few slots more or less are no alert; they are in audit.gdelt_slot_day.
{{ config(materialized='ephemeral') }}
{# Longer than usual: above the least of the feed (seed feed_rhythm), and so many median steps between slots. #}
{% set usual_steps = 3 %}
{% set medium_hours = 24 %}
{% set high_hours = 72 %}
{% set failing_hours = 24 %}

-- The slots that were asked for, of each stream and of the feed, which has a slot if any stream has it.
with slots as (
    select
        'gdelt/' || stream as area_id,
        slot_at,
        state in ('fetched', 'empty') as is_read
    from {{ source('ledger', 'gdelt_slot') }}

    union all

    select
        'gdelt' as area_id,
        slot_at,
        bool_or(state in ('fetched', 'empty')) as is_read
    from {{ source('ledger', 'gdelt_slot') }}
    group by slot_at
),

numbered as (
    select
        *,
        row_number() over slots_in_order as slot_number,
        count(*) filter (where is_read) over slots_in_order as run,
        max(slot_at) over (partition by area_id) as newest_slot_at
    from slots
    window slots_in_order as (partition by area_id order by slot_at rows unbounded preceding)
),

-- In hours of slots asked for: where nobody asked there is no gap.
steps as (
    select
        area_id,
        (slot_number - lag(slot_number) over (partition by area_id order by slot_number)) / 4.0 as step_hours
    from numbered
    where is_read
),

usual as (
    select
        area.area_id,
        coalesce(median(step.step_hours), 0.25) as step_hours,
        greatest(
            {{ usual_steps }} * coalesce(median(step.step_hours), 0.25),
            (
                select rhythm.silent_hours
                from {{ ref('feed_rhythm') }} as rhythm
                where rhythm.feed = 'gdelt'
            )
        ) as allowed_hours
    from (
        select distinct numbered.area_id
        from numbered
    ) as area
    left join steps as step on area.area_id = step.area_id
    group by area.area_id
),

silences as (
    select
        slot.area_id,
        usual.step_hours,
        usual.allowed_hours,
        -- A run of unread slots begins with the read one before it, if there is any.
        min(slot.slot_at) filter (where not slot.is_read) as unread_from,
        bool_or(slot.is_read) as follows_a_slot,
        max(slot.slot_at) + interval 15 minute as unread_until,
        max(slot.slot_at) = max(slot.newest_slot_at) as is_open
    from numbered as slot
    inner join usual on slot.area_id = usual.area_id
    group by slot.area_id, slot.run, usual.step_hours, usual.allowed_hours
    having count(*) filter (where not slot.is_read) / 4.0 > usual.allowed_hours
),

-- A stray slot does not end an outage: slots must come again for as long as they may be missing.
outages as (
    select
        *,
        count(*) filter (
            where heard_from is null or unread_from > heard_from + to_seconds(allowed_hours * 3600)
        ) over (partition by area_id order by unread_from rows unbounded preceding) as outage
    from (
        select
            *,
            lag(unread_until) over (partition by area_id order by unread_from) as heard_from
        from silences
    ) as silence
),

gaps as (
    select
        area_id,
        -- The first day on which a slot was due and not there.
        min(unread_from)
        + case
            when arg_min(follows_a_slot, unread_from) then to_seconds((any_value(step_hours) - 0.25) * 3600)
            else interval 0 hour
        end as gap_from,
        max(unread_until) as gap_until,
        any_value(allowed_hours) as allowed_hours,
        bool_or(is_open) as is_open
    from outages
    group by area_id, outage
),

gdelt as (
    select
        'gdelt' as source,
        gap.area_id,
        gap.gap_from,
        gap.gap_until,
        gap.allowed_hours,
        gap.is_open,
        case
            when gap.gap_until >= gap.gap_from + interval {{ high_hours }} hour then 'high'
            when gap.gap_until >= gap.gap_from + interval {{ medium_hours }} hour then 'medium'
            else 'low'
        end as level,
        -- The first attempt on these slots after they had been missing for longer than usual.
        min(attempt.recorded_at) as known_at
    from gaps as gap
    inner join {{ source('ledger', 'load_attempt') }} as attempt
        on
            attempt.feed = 'gdelt'
            and gap.gap_from + to_seconds(gap.allowed_hours * 3600) <= attempt.recorded_at
            and gap.gap_from < attempt.window_end
            and gap.gap_until > attempt.window_start
    where
        gap.area_id = 'gdelt'
        -- What the whole feed does not have, no stream is told for; streams lag each other a little.
        or not exists (
            select 1
            from gaps as feed
            where
                feed.area_id = 'gdelt'
                and feed.gap_from <= gap.gap_from + interval 2 hour
                and feed.gap_until >= gap.gap_until - interval 2 hour
        )
    group by gap.area_id, gap.gap_from, gap.gap_until, gap.allowed_hours, gap.is_open
),

news_attempts as (
    select
        stream,
        attempt_id,
        recorded_at,
        status in ('ok', 'empty', 'unchanged') as is_good,
        -- Failures between two good answers share this number.
        count(*) filter (where status in ('ok', 'empty', 'unchanged')) over (
            partition by stream order by attempt_id rows unbounded preceding
        ) as spell
    from {{ source('ledger', 'load_attempt') }}
    where feed = 'news'
),

failures as (
    select
        stream,
        spell,
        min(recorded_at) filter (where not is_good) as failing_from,
        max(recorded_at) filter (where not is_good) as failing_until
    from news_attempts
    group by stream, spell
    having count(*) filter (where not is_good) > 0
),

news as (
    select
        'news' as source,
        'news/' || failure.stream as area_id,
        failure.failing_from as gap_from,
        failure.failing_until as gap_until,
        {{ failing_hours }} as allowed_hours,
        failure.spell = (
            select max(attempt.spell)
            from news_attempts as attempt
            where attempt.stream = failure.stream
        ) as is_open,
        'low' as level,
        (
            select min(attempt.recorded_at)
            from news_attempts as attempt
            where
                attempt.stream = failure.stream
                and attempt.spell = failure.spell
                and not attempt.is_good
                and attempt.recorded_at >= failure.failing_from + interval {{ failing_hours }} hour
        ) as known_at
    from failures as failure
    where failure.failing_until >= failure.failing_from + interval {{ failing_hours }} hour
)

select
    source,
    'feed' as area_kind,
    area_id,
    cast(null as varchar) as country_iso3,
    cast(null as varchar) as actor_id,
    cast(null as varchar) as other_actor_id,
    cast(gap_from as date) as alert_date,
    level,
    'hours_missing' as metric,
    round(date_diff('minute', gap_from, gap_until) / 60.0, 1) as value,
    round(cast(allowed_hours as double), 1) as baseline,
    cast(gap_from as date) as window_start,
    known_at,
    cast(null as varchar) as source_release,
    0 as evidence_events,
    cast(null as varchar) as evidence,
    cast(null as varchar) as evidence_grade,
    is_open as provisional
from (
    select * from gdelt
    union all by name
    select * from news
) as gap
-- Two gaps of one day and stream are one alert, the longer.
qualify row_number() over (partition by area_id, cast(gap_from as date) order by gap_until - gap_from desc) = 1
