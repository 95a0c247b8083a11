-- Every current event belongs to one incident, and an incident's counts are those of its events.
select
    incident.incident_id,
    incident.event_count,
    count(event.event_key) as events_found
from {{ ref('fct_incident') }} as incident
full outer join {{ ref('bridge_incident_event') }} as bridge on incident.incident_id = bridge.incident_id
full outer join {{ ref('fct_event') }} as event on bridge.event_key = event.event_key
group by incident.incident_id, incident.event_count
having incident.incident_id is null or incident.event_count <> count(event.event_key)
