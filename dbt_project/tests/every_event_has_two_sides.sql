-- Each event has at most one side A and one side B, whoever of several actors they may be; UCDP names both.
select
    event.event_key,
    count(distinct side.actor_name_raw) filter (where side.role = 'side_a') as sides_a,
    count(distinct side.actor_name_raw) filter (where side.role = 'side_b') as sides_b
from {{ ref('fct_event') }} as event
left join {{ ref('fct_event_actor') }} as side on event.event_key = side.event_key
group by event.event_key, event.feed
having
    sides_a > 1
    or sides_b > 1
    or event.feed = 'ucdp' and sides_a + sides_b <> 2
