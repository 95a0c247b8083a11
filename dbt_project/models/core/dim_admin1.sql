-- First-order administrative units with the time they were valid for.
select
    admin1_id,
    country_iso3,
    admin1_name,
    admin1_name_fr,
    unit_type,
    iso_3166_2,
    ocha_pcode,
    cast(valid_from as date) as valid_from,
    cast(valid_to as date) as valid_to,
    source
from {{ ref('admin1') }}
