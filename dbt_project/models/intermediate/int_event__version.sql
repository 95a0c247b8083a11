-- The versions of all curated feeds with the units they lie in.
select
    reported.* exclude (location_key, is_place),
    location.admin1_id,
    location.admin1_name,
    location.admin1_method,
    location.admin1_distance_km,
    location.admin2_id,
    location.admin2_name
from {{ ref('int_event__reported') }} as reported
left join {{ ref('int_event__location') }} as location on reported.location_key = location.location_key
