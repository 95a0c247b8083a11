-- A unit that was found by the point existed on the day; a publisher's name may be of another time.
select
    event.event_key,
    event.admin1_id,
    event.date_end
from {{ ref('fct_event') }} as event
inner join {{ ref('dim_admin1') }} as unit on event.admin1_id = unit.admin1_id
where
    event.admin1_method in ('polygon', 'nearest_place')
    and not {{ holds_on('event.date_end', 'unit.valid_from', 'unit.valid_to') }}
