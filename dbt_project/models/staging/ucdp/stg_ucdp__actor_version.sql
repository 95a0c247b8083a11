-- The UCDP actor list as recorded: one row per actor and version. Cells that name several actors are left as they are
-- ("538, 539"); the names and the numbers in them do not always agree, and the numbers count.
select
    actor_id as ucdp_actor_id,
    attempt_id,
    recorded_at,
    is_withdrawn,
    release as source_release,
    trim(name_data) as actor_name,
    trim(name_orig) as original_name,
    nullif(trim(name_orig_full), 'n/a') as original_full_name,
    trim(name_orig_full_eng) as full_name,
    coalesce(name_change = '1', false) as has_changed_name,
    trim(new_name) as new_names,
    trim(new_name_full_eng) as new_full_names,
    org as organisation_level,
    gwno_loc as gw_codes,
    actor_id_prev as splinter_of_ids,
    actor_id_split_temp as split_temporarily_from_ids,
    actor_id_alliance as alliance_ids,
    actor_id_group as joined_group_ids
from {{ source('raw', 'ucdp_actor') }}
