-- The versions of all curated feeds in the same columns, as their publishers place them. Adding an event feed is a
-- line here. location_key names all that a unit is found by, so that each place is looked up once.
{% set feeds = [
    ref('int_ucdp__event_version_located'),
    ref('int_acled__event_version_located'),
    ref('int_insecurity_insight__event_version_located'),
] %}

with versions as (
    {% for versions in feeds %}
        select * from {{ versions }}
        {{ 'union all by name' if not loop.last }}
    {% endfor %}
)

select
    *,
    -- 7 is the open sea and the air on UCDP's scale, which no other feed uses.
    not coalesce(is_coordinate_centroid, false)
    and coalesce(where_precision, 0) <> 7
    and latitude is not null
    and longitude is not null as is_place,
    md5(
        cast(
            (
                feed,
                country_iso3,
                admin1_name_raw,
                admin2_name_raw,
                latitude,
                longitude,
                date_end,
                is_coordinate_centroid,
                where_precision = 7
            ) as varchar
        )
    ) as location_key
from versions
