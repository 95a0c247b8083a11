-- Which unit of ours a unit of an outside set is (a file of polygons, the gazetteer), and of which time. A set is of
-- one vintage per country: of the periods between reforms the one whose units it names best, the latest of several.
with named as (
    select
        'gazetteer' as unit_set,
        country_iso3,
        admin1_code as set_key,
        cast(null as varchar) as comparable_name,
        admin1_code as code
    from {{ ref('stg_geonames__place') }}
    where admin1_code is not null

    union

    select
        'boundary_' || admin_level as unit_set,
        country_iso3,
        admin1_set_key as set_key,
        admin1_set_name as comparable_name,
        admin1_set_code as code
    from {{ ref('int_boundary__unit') }}
    where admin1_set_key is not null
),

spellings as (
    select
        country_iso3,
        admin1_id,
        {{ comparable('alias') }} as spelling,
        false as is_code
    from {{ ref('admin1_alias') }}
    where source not in ('gdelt', 'geonames')

    union

    select
        country_iso3,
        admin1_id,
        alias as spelling,
        true as is_code
    from {{ ref('admin1_alias') }}
    where source = 'geonames'

    union

    select
        country_iso3,
        admin1_id,
        unnest([iso_3166_2, ocha_pcode]) as spelling,
        true as is_code
    from {{ ref('dim_admin1') }}
),

-- Names before codes: codes are issued anew after reforms.
candidates as (
    select
        named.unit_set,
        named.country_iso3,
        named.set_key,
        spelling.admin1_id
    from named
    inner join spellings as spelling
        on
            named.country_iso3 = spelling.country_iso3
            and case when spelling.is_code then named.code else named.comparable_name end = spelling.spelling
    qualify rank() over (partition by named.unit_set, named.country_iso3, named.set_key order by spelling.is_code) = 1
),

periods as (
    select distinct
        country_iso3,
        admin1_id,
        as_of_from
    from {{ ref('int_place__unit_on_day') }}
),

sets as (
    select
        unit_set,
        country_iso3,
        count(distinct set_key) as units_named
    from named
    group by unit_set, country_iso3
),

sizes as (
    select
        country_iso3,
        as_of_from,
        count(*) as units_valid
    from periods
    group by country_iso3, as_of_from
),

common as (
    select
        candidate.unit_set,
        candidate.country_iso3,
        period.as_of_from,
        count(distinct candidate.admin1_id) as units_common
    from candidates as candidate
    inner join periods as period on candidate.admin1_id = period.admin1_id
    group by candidate.unit_set, candidate.country_iso3, period.as_of_from
),

vintages as (
    select
        sets.unit_set,
        sets.country_iso3,
        sizes.as_of_from
    from sets
    inner join sizes on sets.country_iso3 = sizes.country_iso3
    left join common
        on
            sets.unit_set = common.unit_set
            and sizes.country_iso3 = common.country_iso3
            and sizes.as_of_from = common.as_of_from
    qualify
        row_number() over (
            partition by sets.unit_set, sets.country_iso3
            order by
                common.units_common / (sets.units_named + sizes.units_valid - common.units_common) desc nulls last,
                sizes.as_of_from desc
        ) = 1
)

select
    candidate.unit_set,
    candidate.country_iso3,
    candidate.set_key,
    candidate.admin1_id,
    period.as_of_from
from candidates as candidate
inner join vintages as vintage
    on candidate.unit_set = vintage.unit_set and candidate.country_iso3 = vintage.country_iso3
inner join periods as period on candidate.admin1_id = period.admin1_id
qualify
    row_number() over (
        partition by candidate.unit_set, candidate.country_iso3, candidate.set_key
        order by
            period.as_of_from = vintage.as_of_from desc,
            abs(date_diff('day', period.as_of_from, vintage.as_of_from)),
            candidate.admin1_id
    ) = 1
