-- A pair of events stands once in the two lists of persons' decisions, in whichever order it is written: it cannot be
-- confirmed and denied.
with decided as (
    select
        event_key_a,
        event_key_b
    from {{ ref('incident_links_confirmed') }}

    union all

    select
        event_key_a,
        event_key_b
    from {{ ref('incident_links_denied') }}
)

select
    least(event_key_a, event_key_b) as event_key,
    greatest(event_key_a, event_key_b) as other_event_key,
    count(*) as decisions
from decided
group by least(event_key_a, event_key_b), greatest(event_key_a, event_key_b)
having count(*) > 1
