-- Actors: our registry, and after it those of the UCDP actor list that are not in it (is_registered false).
select
    actor_id,
    actor_name,
    actor_kind,
    cast(ucdp_actor_id as bigint) as ucdp_actor_id,
    country_iso3,
    cast(valid_from as date) as valid_from,
    cast(valid_to as date) as valid_to,
    is_umbrella,
    is_joint_coding,
    true as is_registered,
    source
from {{ ref('actor') }}

union all

select
    listed.actor_id,
    listed.actor_name,
    listed.actor_kind,
    listed.ucdp_actor_id,
    listed.country_iso3,
    null as valid_from,
    null as valid_to,
    false as is_umbrella,
    false as is_joint_coding,
    false as is_registered,
    'UCDP actor list ' || listed.source_release as source
from {{ ref('int_ucdp__actor') }} as listed
left join {{ ref('actor') }} as registered on listed.ucdp_actor_id = registered.ucdp_actor_id
where registered.actor_id is null
