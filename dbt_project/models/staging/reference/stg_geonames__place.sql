-- GeoNames' populated places with their country's ISO3 code, from the package that Python wrote them from.
select
    place.geoname_id,
    country.country_iso3,
    place.place_name,
    place.alternate_names,
    place.latitude,
    place.longitude,
    place.population,
    place.country_iso2 || '.' || place.admin1_code as admin1_code
from {{ source('reference', 'gazetteer_place') }} as place
inner join {{ ref('country') }} as country on place.country_iso2 = country.country_iso2
