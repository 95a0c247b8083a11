-- The UCDP actor list as recorded: one row per actor and version.
select
    actor_id as ucdp_actor_id,
    attempt_id,
    recorded_at,
    is_withdrawn,
    release as source_release,
    name_data as actor_name,
    name_orig as original_name,
    name_orig_full_eng as full_name,
    org as organisation_level,
    gwno_loc as gw_codes
from {{ source('raw', 'ucdp_actor') }}
