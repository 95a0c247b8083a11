-- The sets that each current event belongs to, so that nobody has to write conditions.
select distinct
    event.event_key,
    member.event_set
from {{ ref('fct_event') }} as event
inner join {{ ref('event_set_member') }} as member
    on
        coalesce(member.feed, event.feed) = event.feed
        and coalesce(member.source_event_type, event.source_event_type) is not distinct from event.source_event_type
        and coalesce(member.violence_class, event.violence_class) = event.violence_class
        and coalesce(member.is_civilian_targeted, event.is_civilian_targeted)
        is not distinct from event.is_civilian_targeted
