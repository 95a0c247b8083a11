-- The country rows of a dyad are its events in the facts; its admin1 rows the precise ones among them.
with facts as (
    select
        event.feed as source,
        least(a.actor_id, b.actor_id) as actor_a_id,
        greatest(a.actor_id, b.actor_id) as actor_b_id,
        event.country_iso3,
        count(distinct event.event_key) as events,
        count(distinct event.event_key) filter (
            where event.admin1_id is not null and not coalesce(event.is_coordinate_centroid, false)
        ) as placed_events
    from {{ ref('fct_event') }} as event
    inner join {{ ref('fct_event_actor') }} as a on event.event_key = a.event_key and a.side = 'a'
    inner join {{ ref('fct_event_actor') }} as b on event.event_key = b.event_key and b.side = 'b'
    inner join {{ ref('dim_actor') }} as actor_a on a.actor_id = actor_a.actor_id
    inner join {{ ref('dim_actor') }} as actor_b on b.actor_id = actor_b.actor_id
    where
        a.actor_id <> b.actor_id
        and event.country_iso3 is not null
        and {{ is_violence('event.violence_class') }}
        and actor_a.actor_kind not in ('civilians', 'protesters', 'rioters')
        and actor_b.actor_kind not in ('civilians', 'protesters', 'rioters')
    group by event.feed, least(a.actor_id, b.actor_id), greatest(a.actor_id, b.actor_id), event.country_iso3
),

mart as (
    select
        source,
        actor_a_id,
        actor_b_id,
        country_iso3,
        coalesce(sum(events) filter (where area_kind = 'country'), 0) as events,
        coalesce(sum(events) filter (where area_kind = 'admin1'), 0) as placed_events
    from {{ ref('dyad_month') }}
    group by source, actor_a_id, actor_b_id, country_iso3
)

select
    coalesce(mart.actor_a_id, facts.actor_a_id) as actor_a_id,
    coalesce(mart.actor_b_id, facts.actor_b_id) as actor_b_id,
    coalesce(mart.country_iso3, facts.country_iso3) as country_iso3,
    mart.events,
    facts.events as events_in_facts,
    mart.placed_events,
    facts.placed_events as placed_events_in_facts
from mart
full outer join facts
    on
        mart.source = facts.source
        and mart.actor_a_id = facts.actor_a_id
        and mart.actor_b_id = facts.actor_b_id
        and mart.country_iso3 = facts.country_iso3
where mart.events is distinct from facts.events or mart.placed_events is distinct from facts.placed_events
