-- The known place nearest to the point of an event whose unit nobody names, in the same country and within
-- nearest_place_km. One row per point that has one. A point that a feed has named elsewhere is at no distance.
{{ config(materialized="table") }}

-- Places are looked for in cells of a degree's part that is not smaller than the distance, and in their neighbours.
{% set cell = "(" ~ var("nearest_place_km") ~ " / 111.0)" %}

with points as (
    select distinct
        event.country_iso3,
        event.latitude,
        event.longitude
    from {{ ref('int_event__reported') }} as event
    left join {{ ref('int_event__admin1_match') }} as match
        on
            event.feed = match.feed
            and event.country_iso3 = match.country_iso3
            and event.admin1_name_raw = match.admin1_name_raw
            and event.date_end = match.date_end
    where event.is_place and match.admin1_id is null
),

cells as (
    select
        *,
        unnest([-1, 0, 1]) + cast(floor(latitude / {{ cell }}) as integer) as latitude_cell
    from points
),

places as (
    select
        *,
        cast(floor(latitude / {{ cell }}) as integer) as latitude_cell
    from {{ ref('int_place__known') }}
),

distances as (
    select
        point.country_iso3,
        point.latitude,
        point.longitude,
        place.place_source,
        place.place_name,
        place.admin1_id,
        place.as_of_day,
        {{ great_circle_km('point.latitude', 'point.longitude', 'place.latitude', 'place.longitude') }} as distance_km
    from cells as point
    inner join places as place
        on point.country_iso3 = place.country_iso3 and point.latitude_cell = place.latitude_cell
    where abs(point.longitude - place.longitude) * cos(radians(point.latitude)) <= {{ cell }} * 1.1
)

select *
from distances
where distance_km <= {{ var('nearest_place_km') }}
qualify
    row_number() over (
        partition by country_iso3, latitude, longitude
        order by distance_km, place_source desc, as_of_day desc, admin1_id, place_name
    ) = 1
