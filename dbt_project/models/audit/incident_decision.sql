-- What persons decided on links between events (seeds incident_links_confirmed and incident_links_denied), and whether
-- each is in force: a key may be mistyped, its event withdrawn since, or another decision may stand against it.
with decided as (
    select
        'confirmed' as decision,
        event_key_a,
        event_key_b,
        decided_by,
        decided_date,
        reason
    from {{ ref('incident_links_confirmed') }}

    union all

    select
        'denied' as decision,
        event_key_a,
        event_key_b,
        decided_by,
        decided_date,
        reason
    from {{ ref('incident_links_denied') }}
),

known as (
    select distinct event_key from {{ ref('fct_event_version') }}
)

select
    decided.decision,
    decided.event_key_a,
    decided.event_key_b,
    decided.decided_by,
    decided.decided_date,
    decided.reason,
    a.incident_id as incident_id_a,
    b.incident_id as incident_id_b,
    case
        when known_a.event_key is null or known_b.event_key is null then 'unknown_event'
        when a.event_key is null or b.event_key is null then 'withdrawn_event'
        when (a.incident_id = b.incident_id) = (decided.decision = 'confirmed') then 'in_force'
        else 'overruled'
    end as outcome
from decided
left join known as known_a on decided.event_key_a = known_a.event_key
left join known as known_b on decided.event_key_b = known_b.event_key
left join {{ ref('bridge_incident_event') }} as a on decided.event_key_a = a.event_key
left join {{ ref('bridge_incident_event') }} as b on decided.event_key_b = b.event_key
