-- GDELT events by country and slot day (DATEADDED, not the date the event is said to have happened).
-- FIPS codes go through the country table: NG is Niger there, NI Nigeria. Only days with new rows are computed
-- again; a day is replaced whole.
{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='slot_date') }}

with events as (
    select
        event.slot_at,
        event.quad_class,
        event.attempt_id,
        country.country_iso3,
        {{ is_misplaced('country.country_iso3', 'event.action_geo_full_name') }} as is_misplaced,
        {{ is_doubtful_place('country.country_iso3', 'event.action_geo_type', 'event.source_domain') }}
            as is_doubtful_place
    from {{ ref('stg_gdelt__event') }} as event
    left join {{ ref('country') }} as country on event.action_country_fips = country.country_fips
    where {{ days_with_new_rows(source('raw', 'gdelt_event')) }}
)

select
    cast(slot_at as date) as slot_date,
    country_iso3,
    count(*) filter (where not is_misplaced) as events,
    count(*) filter (where not is_misplaced and quad_class = 4) as material_conflict_events,
    count(*) filter (where is_misplaced) as misplaced_events,
    count(*) filter (where is_doubtful_place and not is_misplaced) as doubtful_place_events,
    max(attempt_id) as through_attempt_id
from events
group by cast(slot_at as date), country_iso3
