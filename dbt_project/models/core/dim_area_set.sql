-- Named sets of countries: "the Sahel" means several things, so that each is a set with a source.
select
    area_set,
    area_set_name,
    country_iso3,
    source
from {{ ref('area_set') }}
