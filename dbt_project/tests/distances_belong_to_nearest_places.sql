-- A distance is told where, and only where, a unit was taken from a place nearby, and it is within reach.
select
    event_key,
    admin1_method,
    admin1_distance_km
from {{ ref('fct_event') }}
where
    (admin1_method = 'nearest_place') <> (admin1_distance_km is not null)
    or coalesce(admin1_distance_km, 0) > {{ var('nearest_place_km') }}
    or (admin1_method = 'none') <> (admin1_id is null)
