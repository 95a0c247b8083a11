-- UNHCR population figures as recorded: one row per country of origin, country of asylum, year and version.
select
    country_origin_iso3,
    country_asylum_iso3,
    year,
    refugees,
    asylum_seekers,
    returned_refugees,
    idps,
    returned_idps,
    stateless,
    ooc as others_of_concern,
    oip as other_people_in_need,
    hst as host_community,
    attempt_id,
    recorded_at,
    is_withdrawn
from {{ source('raw', 'unhcr_population') }}
