-- A chain of versions has one open end, and no gap before it.
select
    event_key,
    count(*) filter (where is_current) as current_versions
from {{ ref('fct_event_version') }}
group by event_key
having
    count(*) filter (where is_current) <> 1
    or max(version_number) <> count(*)
    or count(*) filter (where change_kind = 'new') > 1
