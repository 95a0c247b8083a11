{{ config(materialized='ephemeral') }}

-- Alert: the first event between two actors after a lull or an apparent truce of theirs that was an alert. Where the
-- silence was told of the country and of a unit, one event renews both, and the country's alert stands for it.
with announced as (
    select
        source,
        area_kind,
        area_id,
        actor_id,
        other_actor_id,
        window_start,
        max(known_at) as silence_known_at,
        bool_or(is_truce) as was_truce
    from (
        select
            *,
            false as is_truce
        from {{ ref('int_alert__lull') }}

        union all

        select
            *,
            true as is_truce
        from {{ ref('int_alert__apparent_truce') }}
    ) as silence
    group by source, area_kind, area_id, actor_id, other_actor_id, window_start
),

renewed as (
    select
        silence.*,
        announced.silence_known_at,
        announced.was_truce
    from {{ ref('int_dyad__silence') }} as silence
    inner join announced
        on
            silence.source = announced.source
            and silence.area_kind = announced.area_kind
            and silence.area_id = announced.area_id
            and silence.actor_a_id = announced.actor_id
            and silence.actor_b_id = announced.other_actor_id
            and silence.last_event_date + 1 = announced.window_start
    where silence.next_event_date is not null
),

told as (
    select *
    from renewed
    qualify
        area_kind = 'country'
        or not bool_or(area_kind = 'country') over (
            partition by source, country_iso3, actor_a_id, actor_b_id, next_event_date
        )
),

events as (
    select
        told.source,
        told.area_kind,
        told.area_id,
        told.actor_a_id,
        told.actor_b_id,
        told.last_event_date,
        unnest(told.next_event_keys) as event_key
    from told
),

known as (
    select
        event.source,
        event.area_kind,
        event.area_id,
        event.actor_a_id,
        event.actor_b_id,
        event.last_event_date,
        count(distinct event.event_key) as events,
        sum(version.fatalities_best) filter (where version.is_current) as fatalities_best,
        bool_or(
            version.is_current and version.fatalities_best > 0 and not coalesce(version.is_coordinate_centroid, false)
        ) as is_fatal_and_precise,
        min(version.released_at) filter (where not version.is_withdrawn) as known_at,
        arg_min(version.source_release, (version.released_at, version.attempt_id)) filter (
            where not version.is_withdrawn
        ) as source_release
    from events as event
    inner join {{ ref('fct_event_version') }} as version on event.event_key = version.event_key
    group by
        event.source, event.area_kind, event.area_id, event.actor_a_id, event.actor_b_id, event.last_event_date
),

observed as (
    select
        feed,
        country_iso3,
        month,
        is_final
    from {{ ref('int_feed__observed_month') }}
)

select
    told.source,
    told.area_kind,
    told.area_id,
    told.country_iso3,
    told.actor_a_id as actor_id,
    told.actor_b_id as other_actor_id,
    told.next_event_date as alert_date,
    case
        -- Nobody is sure that it was the two.
        when told.is_next_ambiguous then 'low'
        when told.was_truce then 'high'
        else 'medium'
    end as level,
    'events' as metric,
    cast(known.events as double) as value,
    cast(0 as double) as baseline,
    told.last_event_date + 1 as window_start,
    -- Both must be known: that there was a silence, and what ended it.
    greatest(known.known_at, told.silence_known_at) as known_at,
    known.source_release,
    cast(known.events as integer) as evidence_events,
    array_to_string(told.next_event_keys[1:10], ', ') as evidence,
    case when known.is_fatal_and_precise and not told.is_next_ambiguous then 'A' else 'B' end as evidence_grade,
    not coalesce(observed.is_final, false) as provisional
from told
inner join known
    on {{ is_same_dyad('told', 'known') }} and told.last_event_date = known.last_event_date
left join observed
    on
        told.source = observed.feed
        and told.country_iso3 = observed.country_iso3
        and {{ month_of('told.next_event_date') }} = observed.month
