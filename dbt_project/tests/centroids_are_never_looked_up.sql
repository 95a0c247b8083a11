-- A point that stands for a whole province or country is no place: only its publisher's name may give it a unit, and
-- only one of the first order.
select
    event_key,
    admin1_method,
    admin2_id
from {{ ref('fct_event') }}
where is_coordinate_centroid and (admin1_method not in ('publisher_name', 'none') or admin2_id is not null)
