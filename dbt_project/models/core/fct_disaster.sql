-- The disasters that ReliefWeb follows, as it tells of them now. Where the API tells of a disaster, what RSS said of it
-- under a key of its own is left out.
with newest as (
    select
        *,
        min(recorded_at) over disaster as first_seen_at,
        count(*) over disaster as versions
    from {{ ref('stg_reliefweb__disaster_version') }}
    window disaster as (partition by disaster_key)
    qualify row_number() over (partition by disaster_key order by attempt_id desc) = 1
)

select
    'reliefweb:' || disaster_key as disaster_key,
    disaster_id,
    disaster_name,
    glide,
    status,
    primary_type,
    type_names,
    primary_country_iso3,
    country_iso3s,
    event_date,
    created_at,
    changed_at,
    first_seen_at,
    recorded_at,
    versions,
    url
from newest
where
    not is_withdrawn
    and (
        channel = 'api'
        or url_alias is null
        or url_alias not in (
            select numbered.url_alias
            from newest as numbered
            where numbered.channel = 'api' and numbered.url_alias is not null
        )
    )
