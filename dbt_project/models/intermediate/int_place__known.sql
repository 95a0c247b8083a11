-- Places whose first-order unit is known, and of which time: those of the gazetteer, and those where the curated feeds
-- put an event to a place and name its unit. The densest knowledge of villages here is the feeds' own.
with reported as (
    select
        event.country_iso3,
        event.latitude,
        event.longitude,
        match.admin1_id,
        max_by(event.place_name, event.date_end) as place_name,
        max(event.date_end) as as_of_day
    from {{ ref('int_event__reported') }} as event
    inner join {{ ref('int_event__admin1_match') }} as match
        on
            event.feed = match.feed
            and event.country_iso3 = match.country_iso3
            and event.admin1_name_raw = match.admin1_name_raw
            and event.date_end = match.date_end
    where event.is_place
    group by event.country_iso3, event.latitude, event.longitude, match.admin1_id
    -- What most reports say; a single slip of the pen names another unit.
    qualify
        row_number() over (
            partition by event.country_iso3, event.latitude, event.longitude
            order by count(*) desc, max(event.date_end) desc, match.admin1_id
        ) = 1
)

select
    'reported' as place_source,
    country_iso3,
    place_name,
    latitude,
    longitude,
    admin1_id,
    as_of_day
from reported

union all

select
    'gazetteer' as place_source,
    place.country_iso3,
    place.place_name,
    place.latitude,
    place.longitude,
    unit.admin1_id,
    unit.as_of_from
from {{ ref('stg_geonames__place') }} as place
inner join {{ ref('int_place__set_unit') }} as unit
    on unit.unit_set = 'gazetteer' and place.country_iso3 = unit.country_iso3 and place.admin1_code = unit.set_key
