-- Every version of every event of the curated feeds, with when we recorded it and when it was published.
-- The two time lines differ: a release that is loaded late was published before it was known to us.
{{ config(post_hook="{{ create_as_of_macros() }}") }}

with versions as (
    select
        *,
        row_number() over recorded as version_number,
        min(recorded_at) over (partition by event_key) as first_recorded_at,
        lead(recorded_at) over recorded as recorded_to,
        lag(is_withdrawn) over recorded as was_withdrawn,
        lead(released_at) over (partition by event_key order by released_at, attempt_id) as released_to
    from {{ ref('int_ucdp__event_version_located') }}
    window recorded as (partition by event_key order by attempt_id)
)

select
    event_key || ':' || version_number as event_version_key,
    event_key,
    version_number,
    recorded_at as recorded_from,
    recorded_to,
    released_at,
    released_to,
    case
        when is_withdrawn then 'withdrawn'
        when was_withdrawn is null then 'new'
        when was_withdrawn then 'restored'
        else 'revised'
    end as change_kind,
    recorded_to is null as is_current,
    {{ event_columns() }},
    attempt_id,
    payload_sha256
from versions
