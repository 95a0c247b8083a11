-- Weekly values of the curated feeds by country and admin1 unit, dense over the observed weeks. Units without any
-- event in the feed are left out: they would be rows of zeros only.
{{ config(materialized='table') }}

with event_rows as (
    select
        feed as source,
        country_iso3,
        admin1_id,
        {{ week_of('date_end') }} as week,
        fatalities_best,
        fatalities_civilian,
        violence_class
    from {{ ref('fct_event') }}
    where country_iso3 is not null and {{ is_violence('violence_class') }}
),

event_weeks as (
    {% for area_kind, area_id in [('country', 'country_iso3'), ('admin1', 'admin1_id')] %}
        select
            source,
            '{{ area_kind }}' as area_kind,
            {{ area_id }} as area_id,
            week,
            count(*) as events,
            sum(fatalities_best) as fatalities_best,
            count(*) filter (where violence_class = 'one_sided') as events_one_sided,
            sum(fatalities_civilian) as fatalities_civilian
        from event_rows
        where {{ area_id }} is not null
        group by source, {{ area_id }}, week
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

areas as (
    select distinct
        feed as source,
        country_iso3,
        'country' as area_kind,
        country_iso3 as area_id
    from {{ ref('int_feed__observed_week') }}

    union all

    select distinct
        source,
        country_iso3,
        'admin1' as area_kind,
        admin1_id as area_id
    from event_rows
    where admin1_id is not null
)

select
    area.source,
    area.country_iso3,
    area.area_kind,
    area.area_id,
    observed.week,
    coalesce(event.events, 0) as events,
    coalesce(event.fatalities_best, 0) as fatalities_best,
    coalesce(event.events_one_sided, 0) as events_one_sided,
    -- Null where the source never tells, and then no trend.
    case
        when event_source.has_civilian_fatalities then coalesce(event.fatalities_civilian, 0)
    end as fatalities_civilian,
    observed.is_complete,
    not observed.is_final or not observed.is_complete as provisional,
    observed.observed_until
from areas as area
inner join {{ ref('int_feed__observed_week') }} as observed
    on area.source = observed.feed and area.country_iso3 = observed.country_iso3
inner join {{ ref('int_event__source') }} as event_source on area.source = event_source.feed
left join event_weeks as event
    on
        area.source = event.source
        and area.area_kind = event.area_kind
        and area.area_id = event.area_id
        and observed.week = event.week
