-- The countries of the world with their codes in the standards that feeds use.
select
    country_iso3,
    country_iso2,
    country_numeric,
    country_fips,
    cast(gw_code as integer) as gw_code,
    country_name,
    country_name_fr,
    in_default_scope,
    {{ is_in_scope('country_iso3', 'in_default_scope') }} as in_scope,
    acled_prefix
from {{ ref('country') }}
