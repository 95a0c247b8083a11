-- The polygons as they stand, without their geometry, and what names the first-order unit each lies in: itself, or what
-- it belongs to. Some files call units of the second order (Burkina Faso's provinces, Guinea's prefectures, the regions
-- of Côte d'Ivoire) the first: those that our list of the second order names better are taken for that.
with newest as (
    select
        *,
        {{ comparable('unit_name') }} as comparable_name
    from {{ ref('stg_boundaries__unit_version') }}
    qualify row_number() over (partition by country_iso3, admin_level, unit_key order by attempt_id desc) = 1
),

admin1_names as (
    select distinct
        country_iso3,
        {{ comparable('alias') }} as comparable_name
    from {{ ref('admin1_alias') }}
    where source not in ('gdelt', 'geonames')
),

admin2_names as (
    select
        country_iso3,
        {{ comparable('alias') }} as comparable_name,
        min(admin2_id) as admin2_id
    from {{ ref('admin2_alias') }}
    group by all
),

matched as (
    select
        unit.* exclude (is_withdrawn, geometry),
        admin2_name.admin2_id,
        count(admin1_name.comparable_name) over of_set as named_admin1,
        count(admin2_name.comparable_name) over of_set as named_admin2
    from newest as unit
    left join admin1_names as admin1_name
        on unit.country_iso3 = admin1_name.country_iso3 and unit.comparable_name = admin1_name.comparable_name
    left join admin2_names as admin2_name
        on unit.country_iso3 = admin2_name.country_iso3 and unit.comparable_name = admin2_name.comparable_name
    where not unit.is_withdrawn
    window of_set as (partition by unit.country_iso3, unit.admin_level)
),

levelled as (
    select
        *,
        admin_level = 2 or named_admin2 > named_admin1 as is_second_order
    from matched
)

select
    unit.country_iso3,
    unit.admin_level,
    unit.unit_key,
    unit.unit_name,
    unit.unit_code,
    unit.is_second_order,
    unit.attempt_id,
    unit.recorded_at,
    case
        when unit.is_second_order
            then
                coalesce(
                    unit.admin2_id,
                    -- A P-code has its country in it; a running number of a file is of any country.
                    case
                        when regexp_full_match(unit.unit_code, '[A-Z]{2}[0-9]+') then unit.unit_code
                        else unit.country_iso3 || '-' || unit.unit_code
                    end,
                    unit.country_iso3 || '-' || replace(unit.comparable_name, ' ', '-')
                )
    end as admin2_id,
    -- Where our list knows the unit, it knows what it belongs to; else the file's own words are matched.
    case when unit.is_second_order then known.admin1_id end as known_admin1_id,
    case
        when not unit.is_second_order then unit.unit_key
        when known.admin1_id is null then coalesce(unit.parent_code, unit.parent_name)
    end as admin1_set_key,
    case
        when not unit.is_second_order then unit.comparable_name
        else {{ comparable('unit.parent_name') }}
    end as admin1_set_name,
    case when unit.is_second_order then unit.parent_code else unit.unit_code end as admin1_set_code
from levelled as unit
left join {{ ref('admin2') }} as known on unit.is_second_order and unit.admin2_id = known.admin2_id
