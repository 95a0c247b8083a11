-- UCDP versions with our keys: country, class of violence. A type of UCDP says who was against whom, and not how: its
-- tactic is unspecified.
select
    version.* exclude (gw_code, country_name_raw),
    version.country_name_raw,
    country.country_iso3,
    type.violence_class,
    coalesce(type.tactic, 'unspecified') as tactic,
    coalesce(type.target_class, 'unknown') as target_class,
    -- 4 to 6 stand for a whole province, line or country: the point is a centroid, not a place.
    version.where_precision between 4 and 6 as is_coordinate_centroid,
    coalesce(type.target_class = 'civilians', false) as is_civilian_targeted,
    -- What only other feeds tell.
    cast(null as varchar) as source_event_category,
    cast(null as varchar) as disorder_type,
    cast(null as varchar) as side_a_kind,
    cast(null as varchar) as side_b_kind,
    cast(null as varchar) as assoc_side_a_names,
    cast(null as varchar) as assoc_side_b_names,
    cast(null as varchar) as tags,
    cast(null as varchar) as source_scale,
    cast(null as bigint) as population_best,
    cast(null as varchar) as event_description,
    cast(null as integer) as people_injured,
    cast(null as integer) as people_kidnapped,
    cast(null as integer) as people_arrested
from {{ ref('stg_ucdp__event_version') }} as version
left join {{ ref('country') }} as country on version.gw_code = country.gw_code
left join {{ ref('event_type') }} as type
    on version.feed = type.feed and version.source_event_type = type.source_event_type
