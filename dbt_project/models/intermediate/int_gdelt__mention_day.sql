-- GDELT mentions by the country of the mentioned event and the day of the mention. Only slot days with new rows
-- are computed again; a day is replaced whole.
{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='slot_date') }}

with mentions as (
    select
        global_event_id,
        slot_at,
        mentioned_at,
        attempt_id
    from {{ ref('stg_gdelt__mention') }}
    where {{ days_with_new_rows(source('raw', 'gdelt_mention')) }}
),

-- Only the events that these mentions name, before anything is computed on them.
mentioned_events as (
    select
        global_event_id,
        action_country_fips,
        action_geo_full_name
    from {{ ref('stg_gdelt__event') }}
    where global_event_id in (select global_event_id from mentions)
)

select
    cast(mention.slot_at as date) as slot_date,
    cast(mention.mentioned_at as date) as mention_date,
    country.country_iso3,
    count(*) filter (
        where not {{ is_misplaced('country.country_iso3', 'event.action_geo_full_name') }}
    ) as mentions,
    max(mention.attempt_id) as through_attempt_id
from mentions as mention
left join mentioned_events as event on mention.global_event_id = event.global_event_id
left join {{ ref('country') }} as country on event.action_country_fips = country.country_fips
group by cast(mention.slot_at as date), cast(mention.mentioned_at as date), country.country_iso3
