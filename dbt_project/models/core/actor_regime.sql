-- Regime periods of governments and of the forces under them: whose army the one army was. "Military Forces of Mali
-- (2013-2020)" and "(2021-)" are one actor in the events; the day of the event tells the regime.
with forces as (
    select
        relation.other_actor_id as government_actor_id,
        relation.actor_id
    from {{ ref('actor_relation') }} as relation
    inner join {{ ref('actor') }} as actor on relation.actor_id = actor.actor_id
    where relation.relation = 'member_of' and actor.actor_kind = 'state_forces'

    union all

    select
        actor_id as government_actor_id,
        actor_id
    from {{ ref('actor') }}
    where actor_kind = 'state'
)

select
    regime.actor_id as government_actor_id,
    force.actor_id,
    regime.regime_name,
    regime.valid_from,
    regime.valid_to,
    regime.source
from {{ ref('actor_regime_period') }} as regime
inner join forces as force on regime.actor_id = force.government_actor_id
