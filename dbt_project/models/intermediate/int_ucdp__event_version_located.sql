-- UCDP versions with our keys: country, admin1 unit, class of violence.
select
    version.* exclude (gw_code, country_name_raw),
    version.country_name_raw,
    country.country_iso3,
    place.admin1_id,
    place.admin1_name,
    class.violence_class,
    -- 4 to 6 stand for a whole province, line or country: the point is a centroid, not a place.
    version.where_precision between 4 and 6 as is_coordinate_centroid
from {{ ref('stg_ucdp__event_version') }} as version
left join {{ ref('country') }} as country on version.gw_code = country.gw_code
left join {{ ref('int_ucdp__admin1_match') }} as place
    on
        country.country_iso3 = place.country_iso3
        and version.admin1_name_raw = place.admin1_name_raw
        and version.date_end = place.date_end
left join {{ ref('violence_class') }} as class
    on version.feed = class.feed and version.source_event_type = class.source_event_type
