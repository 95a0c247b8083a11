-- What forecasts are made from: UCDP's deaths by area, month and target, dense to the last month that UCDP's releases
-- hold whole. Deaths of an event that lasts over several months are split evenly over them.
--
-- Areas are countries and admin1 units with any event of UCDP's. A unit keeps its history through a new name or a
-- merger of whole units; one divided within the memory of the models goes on undivided, its parts counted back to it;
-- of one divided earlier the parts stand alone, each from its first whole month. A country counts from its last gap on,
-- if the months since then are a memory; else up to that gap.
{{ config(materialized='table', tags=['ucdp_only']) }}

-- MEMORY of orchestration/forecasting.py, and what six years of back-test need.
{% set memory = 36 %}
{% set months_kept = 144 %}

with whole_months as (
    select
        country_iso3,
        month,
        is_final,
        observed_until,
        date_diff('month', date '1900-01-01', month)
        - row_number() over (partition by country_iso3 order by month) as stretch
    from {{ ref('int_feed__observed_month') }}
    where feed = 'ucdp' and looked_at_from = month and looked_at_to = last_day(month)
),

long_stretches as (
    select
        *,
        max(month) over (partition by country_iso3, stretch) as last_month
    from whole_months
    qualify count(*) over (partition by country_iso3, stretch) >= {{ memory }}
),

calendar as (
    select
        country_iso3,
        month,
        is_final,
        observed_until,
        last_month
    from long_stretches
    qualify
        stretch = max(stretch) over (partition by country_iso3)
        and month > max(month) over () - interval {{ months_kept }} month
),

countries as (
    select distinct
        country_iso3,
        last_month
    from calendar
),

-- Old units of which another holds the whole since a reform.
successors as (
    select
        old_admin1_id,
        max_by(new_admin1_id, change_date) as new_admin1_id
    from {{ ref('bridge_admin1_change') }}
    where weight = 1
    group by old_admin1_id
),

divisions as (
    select
        new_admin1_id,
        max_by(old_admin1_id, change_date) as old_admin1_id,
        max(change_date) as change_date
    from {{ ref('bridge_admin1_change') }}
    where change_kind in ('split', 'carved_out')
    group by new_admin1_id
),

units as (
    select
        unit.admin1_id,
        unit.country_iso3,
        unit.valid_from,
        unit.valid_to,
        country.last_month,
        case
            when division.change_date > country.last_month - interval {{ memory }} month
                then division.old_admin1_id
            else coalesce(second.new_admin1_id, first.new_admin1_id, unit.admin1_id)
        end as series_id
    from {{ ref('dim_admin1') }} as unit
    inner join countries as country on unit.country_iso3 = country.country_iso3
    left join divisions as division on unit.admin1_id = division.new_admin1_id
    left join successors as first on unit.admin1_id = first.old_admin1_id
    left join successors as second on first.new_admin1_id = second.old_admin1_id
),

series as (
    select
        series_id,
        country_iso3,
        case when count(valid_from) = count(*) then min(valid_from) end as valid_from
    from units
    group by series_id, country_iso3
    having bool_or(coalesce(valid_to, date '9999-12-31') > last_day(last_month))
),

event_rows as (
    select
        country_iso3,
        admin1_id,
        violence_class = 'state_based' as is_state_based,
        cast(
            unnest(
                generate_series(
                    date_trunc('month', date_start), date_trunc('month', date_end), interval 1 month
                )
            ) as date
        ) as month,
        fatalities_best / (date_diff('month', date_start, date_end) + 1) as deaths
    from {{ ref('fct_event') }}
    where feed = 'ucdp' and country_iso3 is not null and {{ is_violence('violence_class') }}
),

area_rows as (
    select
        'country' as area_kind,
        country_iso3 as area_id,
        country_iso3,
        cast(null as date) as valid_from,
        is_state_based,
        month,
        deaths
    from event_rows

    union all

    select
        'admin1' as area_kind,
        series.series_id as area_id,
        series.country_iso3,
        series.valid_from,
        event.is_state_based,
        event.month,
        event.deaths
    from event_rows as event
    inner join units as unit on event.admin1_id = unit.admin1_id
    inner join series as series on unit.series_id = series.series_id
),

areas as (
    select distinct
        area_kind,
        area_id,
        country_iso3,
        valid_from
    from area_rows
),

area_months as (
    select
        area_kind,
        area_id,
        month,
        sum(deaths) filter (where is_state_based) as deaths_state_based,
        sum(deaths) as deaths_all_violence
    from area_rows
    group by area_kind, area_id, month
)

{% for target in ['state_based', 'all_violence'] %}
    select
        area.area_kind,
        area.area_id,
        area.country_iso3,
        '{{ target }}' as target,
        calendar.month,
        cast(coalesce(told.deaths_{{ target }}, 0) as double) as deaths,
        calendar.is_final,
        calendar.observed_until
    from areas as area
    inner join calendar
        on area.country_iso3 = calendar.country_iso3 and calendar.month >= coalesce(area.valid_from, calendar.month)
    left join area_months as told
        on
            area.area_kind = told.area_kind
            and area.area_id = told.area_id
            and calendar.month = told.month
    {{ 'union all' if not loop.last }}
{% endfor %}
