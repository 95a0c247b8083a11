-- GDELT events of the countries in scope, as published: media coverage, never incidents.
select
    global_event_id,
    slot_at,
    attempt_id,
    is_translated,
    event_root_code,
    event_code,
    quad_class,
    num_mentions,
    action_geo_type,
    action_geo_full_name,
    action_geo_country_code as action_country_fips,
    action_geo_adm1_code as action_admin1_fips,
    source_url,
    regexp_extract(lower(source_url), '^https?://(?:www\.)?([^/:]+)', 1) as source_domain
from {{ source('raw', 'gdelt_event') }}
