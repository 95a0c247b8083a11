-- Two events of one feed are in one incident only as parts, under one id of their publisher, or by a person's word: for
-- each event beyond the first there is such a link.
with incidents as (
    select
        incident_id,
        count(*) filter (where match_rule not in ('anchor', 'score')) as links_beside_scores
    from {{ ref('bridge_incident_event') }}
    group by incident_id
)

select
    bridge.incident_id,
    bridge.feed,
    count(*) as events_found
from {{ ref('bridge_incident_event') }} as bridge
inner join incidents on bridge.incident_id = incidents.incident_id
group by bridge.incident_id, bridge.feed, incidents.links_beside_scores
having count(*) > 1 + incidents.links_beside_scores
