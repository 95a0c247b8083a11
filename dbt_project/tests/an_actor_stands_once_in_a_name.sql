-- A name that stands for several actors has a row for each, and no actor has two.
select
    event_version_key,
    role,
    actor_name_raw,
    actor_id,
    count(*) as rows_found
from {{ ref('fct_event_version_actor') }}
where actor_id is not null
group by event_version_key, role, actor_name_raw, actor_id
having count(*) > 1
