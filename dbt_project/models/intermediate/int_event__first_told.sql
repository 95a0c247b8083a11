-- Current events of the curated feeds with the earliest moment at which their publisher's releases held them (or we
-- did, where a publisher dates nothing), and the release that brought them: what an alert could be known from.
{{ config(materialized='table') }}

with versions as (
    select
        event_key,
        min(coalesce(released_at, recorded_from)) as known_at,
        arg_min(source_release, (coalesce(released_at, recorded_from), version_number)) as source_release
    from {{ ref('fct_event_version') }}
    where not is_withdrawn
    group by event_key
)

select
    event.event_key,
    event.feed as source,
    event.country_iso3,
    event.admin1_id,
    event.date_end,
    {{ is_violence('event.violence_class') }} as is_violence,
    not coalesce(event.is_coordinate_centroid, false) as is_precise,
    coalesce(event.fatalities_best, 0) as fatalities_best,
    version.known_at,
    version.source_release
from {{ ref('fct_event') }} as event
inner join versions as version on event.event_key = version.event_key
