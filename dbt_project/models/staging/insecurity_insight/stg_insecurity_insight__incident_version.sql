-- Insecurity Insight's incidents as recorded: one row per topic, incident and version, names as used in this project.
-- What happened is not taken along in words: a description may name or endanger people.
select
    'insecurity_insight:' || dataset || ':' || event_id as event_key,
    'insecurity_insight' as feed,
    cast(event_id as varchar) as source_event_id,
    attempt_id,
    recorded_at,
    coalesce(released_at, recorded_at) as released_at,
    is_withdrawn,
    payload_sha256,
    content_hash,
    -- A topic is published whole every time, without a name for the edition: its day stands for it.
    strftime(coalesce(released_at, recorded_at), '%Y-%m-%d') as source_release,
    dataset as source_stream,
    event_date as date_start,
    event_date as date_end,
    dataset,
    country_iso3,
    nullif(trim(admin_1), '') as admin1_name_raw,
    geo_precision as where_precision,
    latitude,
    longitude,
    {{ comparable('perpetrator_kind') }} as comparable_perpetrator_kind,
    case when {{ comparable('perpetrator_name') }} not in ('', 'no information') then trim(perpetrator_name) end
        as perpetrator_name,
    {{ comparable('weapon') }} as comparable_weapon,
    nullif(
        concat_ws(
            '; ',
            'weapon=' || nullif(trim(weapon), ''),
            'location=' || nullif(trim(location_kind), ''),
            'affected=' || nullif(trim(affected), '')
        ),
        ''
    ) as tags,
    people_killed,
    people_injured,
    people_kidnapped,
    people_arrested,
    facilities_damaged
from {{ source('raw', 'insecurity_insight_incident') }}
