"""Places on the real data: UCDP 24.1 against polygons of regions, both in the polygons' vintage of regions.

Here: how often the publisher's name and the nearest known place tell the unit that the polygons tell, and every
exception with its distance from the border. The polygons are coarse (a generalised world map), so that a village within
some kilometres of a border may lie on its wrong side there; docs/places.md states the figures. Not here: the rule
(tests/unit/dbt, dbt's unit tests) and the parsing of files (tests/unit/feeds/test_boundaries.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import pytest

from orchestration.spatial import load_spatial
from tests.served import RegistryHome

KILOMETRES = 111
"""In a degree of latitude; at these latitudes a degree of longitude is at most a tenth shorter."""
MOST_KM_FROM_BORDER = 6


@dataclass(frozen=True)
class Places:
    connection: duckdb.DuckDBPyConnection
    before: dict[str, int]
    """Events by method without polygons, and with them."""
    after: dict[str, int]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def places(registry_home: RegistryHome) -> Iterator[Places]:
    """Views of UCDP's points, of the polygons, and of what each method says of them."""
    if registry_home.after is None or registry_home.polygons is None:
        pytest.skip("DuckDB's spatial extension is not installed")
    assert (registry_home.polygons.rows_loaded, registry_home.polygons.problems) == (261, [])
    with duckdb.connect(str(registry_home.settings.warehouse), read_only=True) as connection:
        load_spatial(connection)
        connection.execute("set schema = 'intermediate'")
        connection.execute(POINTS)
        connection.execute(POLYGONS)
        yield Places(connection, registry_home.before, registry_home.after)


POINTS = """
    create temp table point as
    select event.event_key, event.country_iso3, event.date_end, event.latitude, event.longitude, event.place_name,
           event.admin1_name_raw, location.admin1_id, location.admin1_method, location.named_admin1_id,
           boundary.boundary_country_iso3 as polygon_country_iso3,
           unit.admin1_id as polygon_admin1_id, unit.as_of_from as vintage, named.candidates
    from int_event__reported as event
    join int_event__location as location using (location_key)
    left join int_event__boundary_unit as boundary using (country_iso3, latitude, longitude)
    left join int_place__set_unit as unit
        on unit.unit_set = 'boundary_1' and unit.country_iso3 = boundary.boundary_country_iso3
            and unit.set_key = boundary.admin1_unit_key
    -- The publisher's unit of the event's day, in the regions of the polygons' vintage.
    left join int_place__unit_on_day as named
        on named.admin1_id = location.named_admin1_id
            and event.date_end >= named.as_of_from and event.date_end < named.as_of_to
            and unit.as_of_from >= named.on_from and unit.as_of_from < named.on_to
    where event.feed = 'ucdp' and event.where_precision <= 3
"""

POLYGONS = """
    create temp table polygon as
    select unit.country_iso3, known.admin1_id, st_geomfromgeojson(version.geometry) as geometry
    from int_boundary__unit as unit
    join staging.stg_boundaries__unit_version as version using (country_iso3, admin_level, unit_key, attempt_id)
    left join int_place__set_unit as known
        on known.unit_set = 'boundary_1' and known.country_iso3 = unit.country_iso3
            and known.set_key = unit.admin1_set_key
"""


def test_polygons_take_over_from_names_with_the_next_build(places: Places) -> None:
    """Without polygons the publisher's name tells; what stays without a unit are centroids that name none."""
    assert places.before == {"publisher_name": 2703, "nearest_place": 1, "none": 142}
    assert places.after == {"polygon": 1766, "publisher_name": 938, "none": 142}
    assert places.rows(
        "select count(*) from core.fct_event where feed = 'ucdp' and admin1_method = 'none' and not is_coordinate_centroid"
    ) == [(0,)]


def test_vintages_of_the_polygons_are_found_by_their_units(places: Places) -> None:
    """Nine regions of Mali are those before Ménaka; Burkina Faso's and Guinea's polygons are of the second order."""
    vintages = dict(
        places.rows(
            """select country_iso3, max(as_of_from)::varchar from int_place__set_unit
               where unit_set = 'boundary_1' and country_iso3 in ('MLI', 'CIV', 'SEN', 'BEN') group by all"""
        )
    )
    assert vintages == {"MLI": "1991-08-08", "CIV": "2000-03-08", "SEN": "2008-03-18", "BEN": "1999-01-15"}
    assert places.rows(
        "select distinct country_iso3 from int_boundary__unit where is_second_order order by 1"
    ) == [
        ("BFA",),
        ("GIN",),
    ]
    assert (
        places.rows(
            """select unit_name from int_boundary__unit as unit
           left join int_place__set_unit as known
               on known.country_iso3 = unit.country_iso3 and known.set_key = unit.admin1_set_key
           where known.admin1_id is null and unit.known_admin1_id is null"""
        )
        == []
    )


def test_the_publishers_country_is_that_of_the_point_or_a_border_is_near(places: Places) -> None:
    total, inside = places.rows(
        """select count(*), count(*) filter (where polygon_country_iso3 = country_iso3) from point
           where country_iso3 in (select polygon.country_iso3 from polygon)"""
    )[0]
    exceptions = places.rows(
        """select event_key, polygon_country_iso3, round(min(st_distance(geometry, st_point(longitude, latitude))) * 111, 1)
           from point join polygon using (country_iso3)
           where polygon_country_iso3 is distinct from country_iso3 group by all"""
    )
    assert (total, inside, len(exceptions)) == (2427, 2402, 25)
    assert max(km for _, _, km in exceptions) <= 3
    # Four lie in a neighbour's polygon; the others in the sea, a river's mouth or a country without polygons.
    assert sorted(country for _, country, _ in exceptions if country) == ["MLI", "MRT", "NER", "NER"]


def test_the_publishers_name_tells_the_polygons_unit(places: Places) -> None:
    counts = dict(
        places.rows(
            """select case when candidates is null then 'no name'
                           when not list_contains(candidates, polygon_admin1_id) then 'another unit'
                           when len(candidates) > 1 then 'divided or merged since'
                           else 'same unit' end,
                      count(*)
               from point where polygon_country_iso3 = country_iso3 group by 1"""
        )
    )
    assert sum(counts.values()) == 2402
    right = counts["same unit"] + counts["divided or merged since"]
    assert right / sum(counts.values()) >= 0.97
    assert counts == {"same unit": 2328, "divided or merged since": 59, "another unit": 14, "no name": 1}


def test_each_contradiction_lies_at_a_border_of_the_coarse_polygons(places: Places) -> None:
    wrong = places.rows(
        """select place_name, admin1_name_raw, count(distinct event_key), round(min(
                      st_distance(geometry, st_point(longitude, latitude)) * 111), 1) as km
           from point join polygon
               on polygon.country_iso3 = point.country_iso3 and list_contains(candidates, polygon.admin1_id)
           where polygon_country_iso3 = point.country_iso3 and not list_contains(candidates, polygon_admin1_id)
           group by all order by km"""
    )
    assert sum(events for _, _, events, _ in wrong) == 14
    far = [place for place, _, _, km in wrong if km > MOST_KM_FROM_BORDER]
    # Grand-Bassam is a department of Sud-Comoé; the map draws the coast to the old border of Lagunes.
    assert far == ["Grand-Bassam town"]


def test_the_unit_of_the_event_is_the_polygons_where_that_decides(places: Places) -> None:
    methods = dict(places.rows("select admin1_method, count(*) from point group by 1"))
    assert "none" not in methods
    assert methods["polygon"] > 1_600
    assert places.rows(
        """select count(*) from point join int_place__unit_on_day as unit
               on unit.admin1_id = polygon_admin1_id and unit.as_of_from = vintage
                   and date_end >= unit.on_from and date_end < unit.on_to
           where polygon_country_iso3 = point.country_iso3 and unit.on_admin1_id is not null
             and point.admin1_id <> unit.on_admin1_id"""
    ) == [(0,)]
    # Ménaka was Gao's until 2016: the old polygon of Gao does not decide since, and the name does.
    assert places.rows(
        """select distinct admin1_method from point
           where date_end >= date '2017-01-01' and polygon_admin1_id = 'ML-7' and admin1_id = 'ML-9'"""
    ) == [("publisher_name",)]


def test_the_nearest_other_place_alone_tells_the_unit(places: Places) -> None:
    """Each point is looked up as if its own place were not known; the distance is that to the next one."""
    bands = places.rows(
        """with known as (
               select place.*, unit.candidates, unit.on_from, unit.on_to
               from int_place__known as place join int_place__unit_on_day as unit
                   on unit.admin1_id = place.admin1_id
                       and place.as_of_day >= unit.as_of_from and place.as_of_day < unit.as_of_to
               -- What UCDP alone knows, beside the gazetteer: docs/places.md measures that.
               where place.place_source <> 'reported' or (place.country_iso3, place.latitude, place.longitude) in (
                   select (country_iso3, latitude, longitude) from int_event__reported where feed = 'ucdp')
           ),
           nearest as (
               select point.polygon_admin1_id, known.candidates,
                      st_distance_sphere(
                          st_point(point.latitude, point.longitude), st_point(known.latitude, known.longitude)
                      ) / 1000 as km
               from (select distinct country_iso3, latitude, longitude, polygon_admin1_id, vintage from point
                     where polygon_country_iso3 = country_iso3) as point
               join known on known.country_iso3 = point.country_iso3
                   and point.vintage >= known.on_from and point.vintage < known.on_to
               where (point.latitude, point.longitude) <> (known.latitude, known.longitude)
               qualify row_number() over (partition by point.country_iso3, point.latitude, point.longitude order by km) = 1
           )
           select list_filter([2, 5, 10, 20, 30, 50, 1000], upto -> km < upto)[1] as upto, count(*),
               round(100 * avg(list_contains(candidates, polygon_admin1_id)::int), 1)
           from nearest group by 1 order by 1"""
    )
    # The table of docs/places.md, and why a place counts up to 30 km.
    assert bands[:6] == [
        (2, 171, 98.8),
        (5, 193, 97.4),
        (10, 205, 99.5),
        (20, 180, 96.1),
        (30, 69, 94.2),
        (50, 47, 93.6),
    ]
    assert sum(points for _, points, _ in bands) == 876
    near = [(points, right) for upto, points, right in bands if upto <= 30]
    assert sum(points * right for points, right in near) / sum(points for points, _ in near) >= 97
