-- Each event has exactly one side A and one side B.
select
    event.event_key,
    count(side.role) as sides
from {{ ref('fct_event') }} as event
left join {{ ref('fct_event_actor') }} as side on event.event_key = side.event_key
group by event.event_key
having count(side.role) <> 2 or count(distinct side.role) <> 2
