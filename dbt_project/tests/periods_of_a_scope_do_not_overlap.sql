-- An actor counts once for another on any day, so that a join of events by date counts nothing twice.
select
    actor_scope,
    scope_actor_id,
    actor_id,
    valid_from,
    lag(coalesce(valid_to, date '9999-12-31')) over (
        partition by actor_scope, scope_actor_id, actor_id order by valid_from nulls first
    ) as ended_before
from {{ ref('actor_scope_member') }}
qualify coalesce(valid_from, date '0001-01-01') <= ended_before
