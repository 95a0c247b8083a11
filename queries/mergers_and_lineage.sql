-- Question: which group came from which: who merged, split, changed its name, or joined whom, and when?
--
-- Read it so: one row per relation between two actors of the registry, by the actor that it leads to; JNIM's first.
-- `valid_from` and `valid_to` are null where nobody knows. `counts_in_lineage` says whether the events of `actor_id`
-- count for `other_actor_id` when a share is asked for its lineage, `counts_in_alliance` when it is asked for its
-- alliance. `first_event_date` and `last_event_date` are those of the events that name `actor_id` itself, in any
-- source: a source may keep an old name for years after a merger, or never use it.
--
-- Columns: other_actor_id, other_actor_name, relation, actor_id, actor_name, valid_from, valid_to, source,
--   counts_in_lineage, counts_in_alliance, first_event_date, last_event_date.
-- Parameters: none.
with events as (
    select
        side.actor_id,
        min(event.date_end) as first_event_date,
        max(event.date_end) as last_event_date
    from core.fct_event_actor as side
    inner join core.fct_event as event on side.event_key = event.event_key
    where side.actor_id is not null
    group by side.actor_id
),

scopes as (
    select
        scope_actor_id,
        actor_id,
        bool_or(actor_scope = 'lineage') as is_in_lineage,
        bool_or(actor_scope = 'alliance') as is_in_alliance
    from core.actor_scope_member
    group by scope_actor_id, actor_id
)

select
    relation.other_actor_id,
    other_actor.actor_name as other_actor_name,
    relation.relation,
    relation.actor_id,
    actor.actor_name,
    relation.valid_from,
    relation.valid_to,
    relation.source,
    coalesce(scopes.is_in_lineage, false) as counts_in_lineage,
    coalesce(scopes.is_in_alliance, false) as counts_in_alliance,
    events.first_event_date,
    events.last_event_date
from core.bridge_actor_relation as relation
inner join core.dim_actor as actor on relation.actor_id = actor.actor_id
inner join core.dim_actor as other_actor on relation.other_actor_id = other_actor.actor_id
left join scopes on relation.other_actor_id = scopes.scope_actor_id and relation.actor_id = scopes.actor_id
left join events on relation.actor_id = events.actor_id
where relation.relation <> 'rival_of'
order by
    relation.other_actor_id = 'jnim' or relation.actor_id = 'jnim' desc,
    relation.other_actor_id,
    relation.valid_from nulls last,
    relation.actor_id,
    relation.relation
