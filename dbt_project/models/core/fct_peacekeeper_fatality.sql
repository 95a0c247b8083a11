-- Deaths in UN peace operations, as the UN tells of them now.
with newest as (
    select *
    from {{ ref('stg_peacekeeping__fatality_version') }}
    qualify row_number() over (partition by casualty_id order by attempt_id desc) = 1
)

select
    casualty_id,
    incident_date,
    mission_acronym,
    country_iso3,
    personnel_type,
    incident_type,
    nationality,
    nationality_iso3,
    recorded_at
from newest
where not is_withdrawn
