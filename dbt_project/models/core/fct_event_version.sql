-- Every version of every event of the curated feeds, with when we recorded it and when it was published.
-- The two time lines differ: a release that is loaded late was published before it was known to us.
{{ config(post_hook="{{ create_events_as_of() }}") }}

with versions as (
    select
        *,
        row_number() over recorded as version_number,
        min(recorded_at) over (partition by event_key) as first_recorded_at,
        min(released_at) over (partition by event_key) as first_released_at,
        lead(recorded_at) over recorded as recorded_to,
        lead(released_at) over (partition by event_key order by released_at, attempt_id) as released_to
    from {{ ref('int_event__version') }}
    window recorded as (partition by event_key order by attempt_id)
),

-- What the same load recorded and superseded was never the current version: an older release that came late, or a
-- deletion with the event issued anew. The others are compared with each other.
seen as (
    select
        event_key,
        version_number,
        lag(version_number) over recorded as previous_version_number,
        lag(is_withdrawn) over recorded as was_withdrawn,
        lag(content_hash) over recorded as content_hash_before,
        coalesce(
            bool_or(not is_withdrawn) over (
                partition by event_key order by version_number rows between unbounded preceding and 1 preceding
            ),
            false
        ) as was_ever_reported
    from versions
    where recorded_to is null or recorded_to > recorded_at
    window recorded as (partition by event_key order by version_number)
)

select
    version.event_key || ':' || version.version_number as event_version_key,
    version.event_key,
    version.version_number,
    seen.previous_version_number,
    version.recorded_at as recorded_from,
    version.recorded_to,
    version.released_at,
    version.released_to,
    case
        when seen.version_number is null or version.is_withdrawn and not seen.was_ever_reported then 'superseded'
        when version.is_withdrawn and seen.was_withdrawn then 'reissued'
        when version.is_withdrawn then 'withdrawn'
        when not seen.was_ever_reported then 'new'
        when seen.was_withdrawn then 'restored'
        when version.content_hash = seen.content_hash_before then 'reissued'
        else 'revised'
    end as change_kind,
    version.is_withdrawn,
    version.recorded_to is null as is_current,
    {{ event_columns('version') }},
    version.first_released_at,
    version.attempt_id,
    version.payload_sha256
from versions as version
left join seen on version.event_key = seen.event_key and version.version_number = seen.version_number
