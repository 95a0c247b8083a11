-- Which polygons a point of an event lies in, one row per point that lies in any. Empty, and the spatial extension not
-- needed, where no polygons are loaded. A point on a border goes to its publisher's country, then to the first unit.
-- dbt learns of what stands in a condition from these lines.
-- depends_on: {{ ref('int_event__reported') }}
-- depends_on: {{ ref('int_boundary__unit') }}
-- depends_on: {{ ref('stg_boundaries__unit_version') }}
{{ config(materialized="table", pre_hook="{{ load_spatial() }}") }}

{% if has_boundaries() %}
    with places as (
        select distinct
            country_iso3,
            latitude,
            longitude
        from {{ ref('int_event__reported') }}
        where is_place
    ),

    points as (
        select
            *,
            st_point(longitude, latitude) as geometry
        from places
    ),

    polygons as (
        select
            unit.country_iso3,
            unit.admin_level,
            unit.unit_key,
            unit.is_second_order,
            st_geomfromgeojson(version.geometry) as geometry
        from {{ ref('int_boundary__unit') }} as unit
        inner join {{ ref('stg_boundaries__unit_version') }} as version
            on
                unit.country_iso3 = version.country_iso3
                and unit.admin_level = version.admin_level
                and unit.unit_key = version.unit_key
                and unit.attempt_id = version.attempt_id
    ),

    hits as (
        select
            point.country_iso3,
            point.latitude,
            point.longitude,
            polygon.country_iso3 as boundary_country_iso3,
            polygon.admin_level,
            polygon.unit_key,
            polygon.is_second_order
        from points as point
        inner join polygons as polygon on st_intersects(polygon.geometry, point.geometry)
        qualify
            row_number() over (
                partition by point.country_iso3, point.latitude, point.longitude, polygon.is_second_order
                order by
                    polygon.country_iso3 = point.country_iso3 desc,
                    polygon.country_iso3,
                    polygon.admin_level,
                    polygon.unit_key
            ) = 1
    )

    select
        country_iso3,
        latitude,
        longitude,
        min_by(boundary_country_iso3, is_second_order) as boundary_country_iso3,
        min(unit_key) filter (where not is_second_order) as admin1_unit_key,
        min(admin_level) filter (where is_second_order) as admin2_level,
        min(unit_key) filter (where is_second_order) as admin2_unit_key
    from hits
    group by country_iso3, latitude, longitude
{% else %}
    select
        cast(null as varchar) as country_iso3,
        cast(null as double) as latitude,
        cast(null as double) as longitude,
        cast(null as varchar) as boundary_country_iso3,
        cast(null as varchar) as admin1_unit_key,
        cast(null as integer) as admin2_level,
        cast(null as varchar) as admin2_unit_key
    where false
{% endif %}
