-- A point that stands for a whole province or country is no place: only its publisher's name may give it a unit.
select
    event_key,
    admin1_method
from {{ ref('fct_event') }}
where is_coordinate_centroid and admin1_method not in ('publisher_name', 'none')
