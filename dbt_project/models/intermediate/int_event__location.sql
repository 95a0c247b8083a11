-- The units an event lies in, and how they were found: one row per location_key of int_event__reported.
--
-- 1. polygon: the point is a place (no centroid) and lies in a polygon of its country, whose area is all in one unit on
--    the day. A polygon that was divided since its vintage, or made of several units after the day, does not tell.
-- 2. publisher_name: the publisher's name, as the unit that has its area on the day; a unit that was divided stays,
--    unless the publisher also names a unit of the second order that lies in one of its parts.
-- 3. nearest_place: nobody names the unit, and a place whose unit is known lies within nearest_place_km.
-- Otherwise none. A polygon of another country never decides: the country is the publisher's.
{{ config(materialized="table") }}

with asked as (
    select distinct
        location_key,
        feed,
        country_iso3,
        admin1_name_raw,
        -- The second order of a point that means a whole province is its capital's.
        case
            when not coalesce(is_coordinate_centroid, false)
                then
                    trim(
                        regexp_replace(
                            {{ comparable('admin2_name_raw') }},
                            '\b(province|prefecture|region|district|department)\b',
                            '',
                            'g'
                        )
                    )
        end as comparable_admin2,
        latitude,
        longitude,
        date_end,
        is_place
    from {{ ref('int_event__reported') }}
),

on_day as (
    select * from {{ ref('int_place__unit_on_day') }}
),

named as (
    select
        asked.location_key,
        match.admin1_id as matched_admin1_id,
        on_day.on_admin1_id,
        on_day.candidates
    from asked
    inner join {{ ref('int_event__admin1_match') }} as match
        on
            asked.feed = match.feed
            and asked.country_iso3 = match.country_iso3
            and asked.admin1_name_raw = match.admin1_name_raw
            and asked.date_end = match.date_end
    inner join {{ ref('dim_admin1') }} as unit on match.admin1_id = unit.admin1_id
    -- A name from before or after its unit's time means the area that the unit had when it was nearest.
    left join on_day
        on
            match.admin1_id = on_day.admin1_id
            and case
                when asked.date_end < unit.valid_from then unit.valid_from
                when asked.date_end >= unit.valid_to then cast(unit.valid_to - interval 1 day as date)
                else asked.date_end
            end between on_day.as_of_from and on_day.as_of_to - interval 1 day
            and {{ holds_on('asked.date_end', 'on_day.on_from', 'on_day.on_to') }}
),

second_names as (
    select
        country_iso3,
        {{ comparable('alias') }} as comparable_admin2,
        min(admin2_id) as admin2_id
    from {{ ref('admin2_alias') }}
    group by all
),

named_second as (
    select
        asked.location_key,
        unit.admin2_id,
        unit.admin2_name,
        on_day.on_admin1_id
    from asked
    inner join second_names as alias
        on asked.country_iso3 = alias.country_iso3 and asked.comparable_admin2 = alias.comparable_admin2
    inner join {{ ref('dim_admin2') }} as unit on alias.admin2_id = unit.admin2_id
    left join on_day
        on
            unit.admin1_id = on_day.admin1_id
            and on_day.as_of_to = date '9999-12-31'
            and {{ holds_on('asked.date_end', 'on_day.on_from', 'on_day.on_to') }}
),

hit as (
    select
        asked.location_key,
        asked.date_end,
        boundary.boundary_country_iso3,
        boundary.admin1_unit_key,
        second.admin2_id,
        second.known_admin1_id,
        second.admin1_set_key,
        'boundary_' || second.admin_level as second_set
    from asked
    inner join {{ ref('int_event__boundary_unit') }} as boundary
        on
            asked.country_iso3 = boundary.country_iso3
            and asked.latitude = boundary.latitude
            and asked.longitude = boundary.longitude
    left join {{ ref('int_boundary__unit') }} as second
        on
            boundary.boundary_country_iso3 = second.country_iso3
            and boundary.admin2_level = second.admin_level
            and boundary.admin2_unit_key = second.unit_key
    where asked.is_place and asked.country_iso3 = boundary.boundary_country_iso3
),

hit_units as (
    select
        hit.location_key,
        hit.date_end,
        unit.admin1_id,
        unit.as_of_from,
        1 as preference
    from hit
    inner join {{ ref('int_place__set_unit') }} as unit
        on
            unit.unit_set = 'boundary_1'
            and hit.boundary_country_iso3 = unit.country_iso3
            and hit.admin1_unit_key = unit.set_key

    union all

    select
        hit.location_key,
        hit.date_end,
        unit.admin1_id,
        unit.as_of_from,
        2 as preference
    from hit
    inner join {{ ref('int_place__set_unit') }} as unit
        on
            hit.second_set = unit.unit_set
            and hit.boundary_country_iso3 = unit.country_iso3
            and hit.admin1_set_key = unit.set_key
    where hit.known_admin1_id is null

    union all

    -- Our list tells what a unit of the second order belongs to now.
    select
        location_key,
        date_end,
        known_admin1_id as admin1_id,
        date '9999-12-30' as as_of_from,
        2 as preference
    from hit
    where known_admin1_id is not null
),

polygon as (
    select
        hit_unit.location_key,
        on_day.on_admin1_id as admin1_id
    from hit_units as hit_unit
    inner join on_day
        on
            hit_unit.admin1_id = on_day.admin1_id
            and {{ holds_on('hit_unit.as_of_from', 'on_day.as_of_from', 'on_day.as_of_to') }}
            and {{ holds_on('hit_unit.date_end', 'on_day.on_from', 'on_day.on_to') }}
    where on_day.on_admin1_id is not null
    qualify row_number() over (partition by hit_unit.location_key order by hit_unit.preference) = 1
),

nearest as (
    select
        asked.location_key,
        on_day.on_admin1_id as admin1_id,
        place.distance_km
    from asked
    inner join {{ ref('int_event__nearest_place') }} as place
        on
            asked.country_iso3 = place.country_iso3
            and asked.latitude = place.latitude
            and asked.longitude = place.longitude
    inner join on_day
        on
            place.admin1_id = on_day.admin1_id
            and {{ holds_on('place.as_of_day', 'on_day.as_of_from', 'on_day.as_of_to') }}
            and {{ holds_on('asked.date_end', 'on_day.on_from', 'on_day.on_to') }}
    where asked.is_place and on_day.on_admin1_id is not null
),

by_name as (
    select
        asked.location_key,
        case
            when named.on_admin1_id is not null then named.on_admin1_id
            when named.candidates is null or list_contains(named.candidates, second.on_admin1_id)
                then coalesce(second.on_admin1_id, named.matched_admin1_id)
            else named.matched_admin1_id
        end as admin1_id,
        second.admin2_id,
        second.admin2_name,
        second.on_admin1_id as admin2_admin1_id
    from asked
    left join named on asked.location_key = named.location_key
    left join named_second as second on asked.location_key = second.location_key
),

found as (
    select
        asked.location_key,
        coalesce(polygon.admin1_id, by_name.admin1_id, nearest.admin1_id) as admin1_id,
        case
            when polygon.admin1_id is not null then 'polygon'
            when by_name.admin1_id is not null then 'publisher_name'
            when nearest.admin1_id is not null then 'nearest_place'
            else 'none'
        end as admin1_method,
        nearest.distance_km,
        polygon.admin1_id as polygon_admin1_id,
        by_name.admin1_id as named_admin1_id,
        hit.admin2_id as polygon_admin2_id,
        by_name.admin2_id as named_admin2_id,
        by_name.admin2_admin1_id
    from asked
    left join by_name on asked.location_key = by_name.location_key
    left join polygon on asked.location_key = polygon.location_key
    left join nearest on asked.location_key = nearest.location_key
    left join hit on asked.location_key = hit.location_key
)

select
    found.location_key,
    found.admin1_id,
    unit.admin1_name,
    found.admin1_method,
    case when found.admin1_method = 'nearest_place' then round(found.distance_km, 1) end as admin1_distance_km,
    second.admin2_id,
    second.admin2_name,
    found.polygon_admin1_id,
    found.named_admin1_id
from found
left join {{ ref('dim_admin1') }} as unit on found.admin1_id = unit.admin1_id
left join {{ ref('dim_admin2') }} as second
    -- A name that contradicts the first-order unit is not believed.
    on
        coalesce(
            found.polygon_admin2_id,
            case when found.admin2_admin1_id = found.admin1_id then found.named_admin2_id end
        ) = second.admin2_id
