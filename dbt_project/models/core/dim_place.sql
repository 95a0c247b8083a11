-- The gazetteer: populated places with the first-order unit that they lie in now, where that is known.
select
    place.geoname_id,
    place.country_iso3,
    place.place_name,
    place.alternate_names,
    place.latitude,
    place.longitude,
    nullif(place.population, 0) as population,
    on_day.on_admin1_id as admin1_id
from {{ ref('stg_geonames__place') }} as place
left join {{ ref('int_place__set_unit') }} as unit
    on unit.unit_set = 'gazetteer' and place.country_iso3 = unit.country_iso3 and place.admin1_code = unit.set_key
left join {{ ref('int_place__unit_on_day') }} as on_day
    on
        unit.admin1_id = on_day.admin1_id
        and {{ holds_on('unit.as_of_from', 'on_day.as_of_from', 'on_day.as_of_to') }}
        and on_day.on_to = date '9999-12-31'
