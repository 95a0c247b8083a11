-- What belongs to a set of events: an event does if one row fits it in each column that is not null.
select
    member.event_set,
    definition.definition_version,
    member.feed,
    member.source_event_type,
    member.violence_class,
    member.is_civilian_targeted,
    member.source
from {{ ref('event_set_member_seed') }} as member
inner join {{ ref('event_set') }} as definition on member.event_set = definition.event_set
