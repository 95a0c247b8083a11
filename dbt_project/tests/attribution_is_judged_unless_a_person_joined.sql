-- Whether sides are disputed is known of every incident, but where a person joined records that were never compared.
select agreement.incident_id
from {{ ref('source_agreement') }} as agreement
left join {{ ref('bridge_incident_event') }} as bridge
    on agreement.incident_id = bridge.incident_id and bridge.match_rule = 'confirmed'
where agreement.is_attribution_disputed is null and bridge.incident_id is null
