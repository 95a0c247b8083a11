{{ config(materialized='table') }}

-- Silences of 60 days or more between two organised actors who had been fighting in an area: the first day on which
-- each was a lull and an apparent truce, as the macro dyad_state_ctes has them, and what ended it. dyad_month asks on
-- the last day of each month; here every day is asked. Grain: source x area x pair x last event before the silence.
with {{ dyad_event_ctes() }},

fighting_days as (
    select
        source,
        country_iso3,
        area_kind,
        area_id,
        actor_a_id,
        actor_b_id,
        date_end,
        max(events_180_days) as prior_180d_events,
        bool_and(is_ambiguous) as is_ambiguous,
        -- The deadliest first.
        list(event_key order by coalesce(fatalities_best, 0) desc, event_key) as event_keys
    from dyad_events
    group by source, country_iso3, area_kind, area_id, actor_a_id, actor_b_id, date_end
),

silences as (
    select
        * exclude (date_end, event_keys, is_ambiguous),
        date_end as last_event_date,
        lead(date_end) over silence as next_event_date,
        lead(is_ambiguous) over silence as is_next_ambiguous,
        lead(event_keys) over silence as next_event_keys
    from fighting_days
    window silence as (
        partition by source, area_kind, area_id, actor_a_id, actor_b_id order by date_end
    )
),

-- Fewer events before make no silence, whatever came after: those need not be asked.
asked as (
    select *
    from silences
    where prior_180d_events >= 5 and (next_event_date is null or next_event_date > last_event_date + 60)
),

-- least() passes over the null of a silence that lasts.
silent_days as (
    select
        silence.*,
        cast(
            unnest(generate_series(
                cast(greatest(silence.last_event_date + 60, observed.month) as timestamp),
                cast(least(silence.next_event_date - 1, observed.evaluated_date) as timestamp),
                interval 1 day
            )) as date
        ) as evaluated_date,
        observed.observed_from,
        observed.provisional
    from asked as silence
    inner join observed
        on
            silence.source = observed.source
            and silence.country_iso3 = observed.country_iso3
            and silence.last_event_date + 60 <= observed.evaluated_date
            and coalesce(silence.next_event_date > observed.month, true)
    left join {{ ref('dim_admin1') }} as unit on silence.area_id = unit.admin1_id and silence.area_kind = 'admin1'
    -- A unit that a reform ended has no quiet days after its end.
    where coalesce(unit.valid_to, date '9999-12-31') > observed.month
),

{{ dyad_state_ctes('silent_days') }},

reached as (
    select
        source,
        area_kind,
        area_id,
        actor_a_id,
        actor_b_id,
        last_event_date,
        min(evaluated_date) filter (where state_so_far = 'lull') as lull_date,
        min(evaluated_date) filter (where state_so_far = 'apparent_truce') as truce_date,
        arg_min(provisional, evaluated_date) filter (where state_so_far = 'lull') as is_lull_provisional,
        arg_min(provisional, evaluated_date) filter (where state_so_far = 'apparent_truce') as is_truce_provisional
    from judged
    where state_so_far in ('lull', 'apparent_truce')
    group by source, area_kind, area_id, actor_a_id, actor_b_id, last_event_date
),

fought as (
    select
        silence.source,
        silence.area_kind,
        silence.area_id,
        silence.actor_a_id,
        silence.actor_b_id,
        silence.last_event_date,
        list(event.event_key order by coalesce(event.fatalities_best, 0) desc, event.event_key) as prior_event_keys
    from reached as silence
    inner join dyad_events as event
        on {{ is_same_dyad('silence', 'event') }}
    where event.date_end between silence.last_event_date - 179 and silence.last_event_date
    group by
        silence.source,
        silence.area_kind,
        silence.area_id,
        silence.actor_a_id,
        silence.actor_b_id,
        silence.last_event_date
)

select
    silence.source,
    silence.area_kind,
    silence.area_id,
    silence.country_iso3,
    silence.actor_a_id,
    silence.actor_b_id,
    silence.last_event_date,
    silence.prior_180d_events,
    fought.prior_event_keys,
    reached.lull_date,
    reached.is_lull_provisional,
    reached.truce_date,
    reached.is_truce_provisional,
    silence.next_event_date,
    silence.next_event_keys,
    silence.is_next_ambiguous
from reached
inner join asked as silence
    on {{ is_same_dyad('reached', 'silence') }} and reached.last_event_date = silence.last_event_date
inner join fought
    on {{ is_same_dyad('reached', 'fought') }} and reached.last_event_date = fought.last_event_date
