-- Events whose point and whose publisher's words tell of different places, where polygons are loaded. The country stays
-- the publisher's and a polygon of it decides the unit; this is the list for a person to judge.
with placed as (
    select
        event.event_key,
        event.feed,
        event.country_iso3,
        event.latitude,
        event.longitude,
        event.admin1_id,
        event.admin1_method,
        location.polygon_admin1_id,
        location.named_admin1_id,
        boundary.boundary_country_iso3
    from {{ ref('fct_event_version') }} as event
    inner join {{ ref('int_event__reported') }} as reported
        on event.event_key = reported.event_key and event.attempt_id = reported.attempt_id
    inner join {{ ref('int_event__location') }} as location on reported.location_key = location.location_key
    left join {{ ref('int_event__boundary_unit') }} as boundary
        on
            event.country_iso3 = boundary.country_iso3
            and event.latitude = boundary.latitude
            and event.longitude = boundary.longitude
    where event.is_current and not event.is_withdrawn and reported.is_place
),

judged as (
    select
        *,
        case
            when boundary_country_iso3 <> country_iso3 then 'other_country'
            when
                boundary_country_iso3 is null
                and country_iso3 in (select mapped.country_iso3 from {{ ref('int_boundary__unit') }} as mapped)
                then 'outside_polygons'
            when polygon_admin1_id <> named_admin1_id then 'other_unit'
        end as dispute
    from placed
)

select
    event_key,
    feed,
    country_iso3,
    dispute,
    boundary_country_iso3 as polygon_country_iso3,
    polygon_admin1_id,
    named_admin1_id,
    admin1_id,
    admin1_method,
    latitude,
    longitude
from judged
where dispute is not null
