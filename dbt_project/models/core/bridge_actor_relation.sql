-- Mergers, splits, memberships, alliances and rivalries between actors, with the time they held.
select
    actor_id,
    relation,
    other_actor_id,
    cast(valid_from as date) as valid_from,
    cast(valid_to as date) as valid_to,
    source
from {{ ref('actor_relation') }}
