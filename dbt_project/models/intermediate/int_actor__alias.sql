-- The aliases by which a name can be resolved, with the key under which they are compared. Joint codings are left out:
-- their names resolve to their members.
select
    alias.alias,
    {{ actor_name_key('alias.alias') }} as name_key,
    alias.actor_id,
    actor.country_iso3,
    alias.valid_from,
    alias.valid_to,
    alias.has_country_suffix
from {{ ref('actor_alias_seed') }} as alias
inner join {{ ref('actor') }} as actor on alias.actor_id = actor.actor_id
where not actor.is_joint_coding
