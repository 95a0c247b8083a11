-- Deaths in UN peace operations as recorded: one row per death and version.
select
    casualty_id,
    incident_date,
    mission_acronym,
    country_iso3,
    casualty_personnel_type as personnel_type,
    type_of_incident as incident_type,
    casualty_nationality as nationality,
    isocode3 as nationality_iso3,
    attempt_id,
    recorded_at,
    is_withdrawn
from {{ source('raw', 'peacekeeper_fatality') }}
