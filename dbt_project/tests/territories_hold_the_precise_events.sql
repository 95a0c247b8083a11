-- The events of each feed in actor_territory are the precise ones of the facts, in both directions, and first and last
-- day lie on events of the actor there.
with facts as (
    select
        side.actor_id,
        event.admin1_id,
        count(distinct event.event_key) filter (where event.feed = 'ucdp') as events_ucdp,
        count(distinct event.event_key) filter (where event.feed = 'acled') as events_acled,
        count(distinct event.event_key) filter (where event.feed = 'insecurity_insight') as events_insecurity_insight,
        max(event.date_end) as last_date,
        coalesce(
            min(event.date_end) filter (where not coalesce(side.is_ambiguous, false)), min(event.date_end)
        ) as first_date
    from {{ ref('fct_event') }} as event
    inner join {{ ref('fct_event_actor') }} as side on event.event_key = side.event_key
    inner join {{ ref('dim_actor') }} as actor on side.actor_id = actor.actor_id
    where
        event.admin1_id is not null
        and event.country_iso3 is not null
        and not coalesce(event.is_coordinate_centroid, false)
        and {{ is_violence('event.violence_class') }}
        and actor.actor_kind not in ('civilians', 'protesters', 'rioters')
    group by side.actor_id, event.admin1_id
)

select
    coalesce(mart.actor_id, facts.actor_id) as actor_id,
    coalesce(mart.admin1_id, facts.admin1_id) as admin1_id,
    mart.first_date,
    facts.first_date as first_date_in_facts
from {{ ref('actor_territory') }} as mart
full outer join facts on mart.actor_id = facts.actor_id and mart.admin1_id = facts.admin1_id
where
    coalesce(mart.events_ucdp, 0) is distinct from facts.events_ucdp
    or coalesce(mart.events_acled, 0) is distinct from facts.events_acled
    or coalesce(mart.events_insecurity_insight, 0) is distinct from facts.events_insecurity_insight
    or mart.first_date is distinct from facts.first_date
    or mart.last_date is distinct from facts.last_date
