-- Disasters that ReliefWeb follows, as recorded: one row per disaster and version, names as used in this project.
select
    disaster_key,
    disaster_id,
    channel,
    url_alias,
    attempt_id,
    recorded_at,
    is_withdrawn,
    name as disaster_name,
    glide,
    status,
    primary_type,
    type_names,
    primary_country_iso3,
    country_iso3s,
    cast(date_event as date) as event_date,
    date_created as created_at,
    date_changed as changed_at,
    url
from {{ source('raw', 'reliefweb_disaster') }}
