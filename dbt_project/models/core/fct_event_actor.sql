-- The sides of the events as they stand.
select side.* exclude (event_version_key)
from {{ ref('fct_event_version_actor') }} as side
inner join {{ ref('fct_event') }} as event on side.event_version_key = event.event_version_key
