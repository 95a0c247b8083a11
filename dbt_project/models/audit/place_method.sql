-- How many events of each feed and country were put to a unit in which way, and how many could not be. Centroids stand
-- apart: a point that means a whole province is never looked up.
select
    feed,
    country_iso3,
    admin1_method,
    coalesce(is_coordinate_centroid, false) as is_coordinate_centroid,
    count(*) as events,
    count(admin2_id) as events_with_admin2,
    max(admin1_distance_km) as farthest_km
from {{ ref('fct_event') }}
group by feed, country_iso3, admin1_method, coalesce(is_coordinate_centroid, false)
