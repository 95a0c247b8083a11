"""The boundaries feed: what files call units, levels and countries, polygons that can be trusted, and snapshots of them.

All polygons here are invented squares. The real map is in tests/pipeline/test_real_places.py.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration import spatial, steps
from orchestration.feeds import boundaries
from orchestration.feeds.base import NotTheFormat
from orchestration.records import LoadRequest
from orchestration.settings import Settings
from orchestration.warehouse.promote import Outcome

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)

needs_spatial = pytest.mark.skipif(
    spatial.spatial_extension() is None, reason="DuckDB's spatial extension is not installed"
)


def square(west: float = 0, south: float = 16, size: float = 1) -> dict[str, Any]:
    ring = [
        [west, south],
        [west + size, south],
        [west + size, south + size],
        [west, south + size],
        [west, south],
    ]
    return {"type": "Polygon", "coordinates": [ring]}


def feature(geometry: Any = None, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry or square()}


def collection(*features: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features), **more}


@pytest.fixture
def written(tmp_path: Path):
    def write(document: Any, name: str = "regions.geojson") -> Path:
        path = tmp_path / name
        path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
        return path

    return write


class Home:
    """Loads files at a clock that goes on, so that versions can be told apart."""

    def __init__(self, settings: Settings) -> None:
        self.settings = replace(settings, fixed_now=NOW)

    def load(self, file: Path, countries: tuple[str, ...] | None = ("MLI", "BFA")) -> list[Outcome]:
        later = self.settings.now() + timedelta(days=1)
        self.settings = replace(self.settings, fixed_now=later, countries=countries)
        return list(steps.load(steps.Run(self.settings), LoadRequest("boundaries", file=file)).outcomes)

    def told(self, file: Path, **how: Any) -> str:
        outcomes = self.load(file, **how)
        assert not any(outcome.rows_loaded for outcome in outcomes)
        return "\n".join(str(attempt["error"]) for outcome in outcomes for attempt in outcome.attempts)

    def rows(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.settings.warehouse)) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def home(settings: Settings) -> Home:
    return Home(settings)


GAO = feature(ADM1_FR="Gao", ADM1_PCODE="ML07", ADM0_FR="Mali", ADM0_PCODE="ML")
MOPTI = feature(square(2), ADM1_FR="Mopti", ADM1_PCODE="ML05", ADM0_FR="Mali", ADM0_PCODE="ML")
SAHEL = feature(square(4), ADM1_FR="Sahel", ADM1_PCODE="BF56", ADM0_FR="Burkina Faso", ADM0_PCODE="BF")


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        (
            {"ADM1_FR": "Ségou", "ADM1_PCODE": "ML04", "ADM0_FR": "Mali", "ADM0_PCODE": "ML"},
            ("cod", "MLI", 1, "Ségou", "ML04", None, None),
        ),
        (
            {
                "adm2_name": "Ansongo",
                "adm2_pcode": "ML0701",
                "adm1_name": "Gao",
                "adm1_pcode": "ML07",
                "iso3": "MLI",
            },
            ("cod", "MLI", 2, "Ansongo", "ML0701", "Gao", "ML07"),
        ),
        (
            {
                "shapeName": "Gao",
                "shapeISO": "ML-7",
                "shapeID": "9",
                "shapeGroup": "MLI",
                "shapeType": "ADM1",
            },
            ("geoboundaries", "MLI", 1, "Gao", "ML-7", None, None),
        ),
        (
            {
                "shapeName": "Bourem",
                "shapeISO": "",
                "shapeID": "88",
                "shapeGroup": "MLI",
                "shapeType": "ADM2",
            },
            ("geoboundaries", "MLI", 2, "Bourem", "88", None, None),
        ),
        (
            {"GID_0": "NER", "COUNTRY": "Niger", "GID_1": "NER.1_1", "NAME_1": "Agadez", "HASC_1": "NA"},
            ("gadm", "NER", 1, "Agadez", "NER.1_1", None, None),
        ),
        (
            {
                "name": "Tillabéri",
                "adm1_code": "NER-1",
                "iso_3166_2": "NE-6",
                "adm0_sr": 1,
                "adm0_a3": "NER",
                "iso_a2": "NE",
                "admin": "Niger",
            },
            ("other", "NER", 1, "Tillabéri", "NE-6", None, None),
        ),
        (
            {"name": "Sokoto", "parentCountryId": "566", "parentCountryName": "Nigeria"},
            ("other", "NGA", 1, "Sokoto", None, None, None),
        ),
        ({"name": "Savanes", "country": "Côte d'Ivoire"}, ("other", "CIV", 1, "Savanes", None, None, None)),
    ],
)
def test_what_a_file_calls_a_unit_is_known(written, properties, expected) -> None:
    path = written(collection(feature(**properties)))
    kind, (unit,) = boundaries._read(path, "f")
    found = (unit.country_iso3, unit.level, unit.name, unit.code, unit.parent_name, unit.parent_code)
    assert (kind, *found) == expected


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("<html>", "web page"),
        ("{", "not JSON"),
        ("[" * 200_000, "nested too deep"),
        ("[]", "not a GeoJSON FeatureCollection .*'list'"),
        ({"type": "Topology"}, "TopoJSON"),
        ({"type": "Feature", "properties": {}}, "not a GeoJSON FeatureCollection"),
        (collection(), "no features"),
        (collection({"type": "Feature", "properties": None}), "without properties"),
        (collection(feature(country="Mali", label="Gao")), "no property is the name of a unit.*label"),
        (collection(feature(name="Gao")), "no property is a country.*iso3"),
        (collection(feature(name="Gao", country="Atlantis")), "no property is a country"),
        (collection(feature(ADM0_FR="Mali", ADM0_PCODE="ML")), "units of level 0"),
        (collection(feature(ADM3_FR="Gounzoureye", ADM2_FR="Gao", ADM0_PCODE="ML")), "units of level 3"),
        (
            collection(
                feature(shapeName="a", shapeGroup="MLI", shapeType="ADM1"),
                feature(shapeName="b", shapeGroup="MLI", shapeType="ADM2"),
            ),
            "units of level 1 and 2.*one level a file",
        ),
        (
            collection(GAO, crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32630"}}),
            "another system.*ogr2ogr",
        ),
    ],
)
def test_what_is_no_file_of_units_is_refused_with_a_remedy(written, document, told) -> None:
    with pytest.raises(NotTheFormat, match=told):
        boundaries._read(written(document), "f")


@pytest.mark.parametrize(
    ("geometry", "told"),
    [
        (None, "is empty"),
        ({"type": "Point", "coordinates": [0, 16]}, "is Point"),
        ({"type": "Polygon", "coordinates": []}, "no rings"),
        ({"type": "MultiPolygon", "coordinates": [[]]}, "no rings"),
        ({"type": "Polygon", "coordinates": [[[0, 16], [1, 16], [0, 16]]]}, "fewer than four"),
        ({"type": "Polygon", "coordinates": [[[0, 16], [1, 16], [1, 17], [0, 17]]]}, "not closed"),
        ({"type": "Polygon", "coordinates": [[["a", 16], [1, 16], [1, 17], ["a", 16]]]}, "not longitude"),
        ({"type": "Polygon", "coordinates": [[[0], [1], [1], [0]]]}, "not longitude"),
        (
            {"type": "Polygon", "coordinates": [[[5e5, 1e6], [6e5, 1e6], [6e5, 2e6], [5e5, 1e6]]]},
            "not degrees",
        ),
        ({"type": "Polygon", "coordinates": [[[10**400, 16]] * 4]}, "not degrees"),
        ({"type": "Polygon", "coordinates": [[[float("nan"), 16]] * 4]}, "not degrees"),
        ({"type": "Polygon", "coordinates": [[[True, 16]] * 4]}, "not longitude"),
    ],
)
def test_a_geometry_that_cannot_be_asked_is_told(geometry, told) -> None:
    with pytest.raises(ValueError, match=told):
        boundaries._polygon(geometry)


def test_heights_are_left_out_and_holes_kept() -> None:
    hole = [[0.2, 16.2, 5], [0.4, 16.2, 5], [0.4, 16.4, 5], [0.2, 16.2, 5]]
    shape = square()
    shape["coordinates"].append(hole)
    text, points, box = boundaries._polygon(shape)
    assert (points, box) == (9, (16, 0, 17, 1))
    assert json.loads(text)["coordinates"][1][0] == [0.2, 16.2]


@needs_spatial
def test_each_country_of_a_file_is_a_snapshot_of_its_own(home: Home, written) -> None:
    (mali, faso) = sorted(home.load(written(collection(GAO, MOPTI, SAHEL))), key=lambda one: -one.rows_loaded)
    assert (mali.rows_loaded, faso.rows_loaded) == (2, 1)
    assert home.rows(
        "select country_iso3, unit_key, is_valid, south, east from raw.admin_boundary order by 2"
    ) == [
        ("BFA", "BF56", True, 16, 5),
        ("MLI", "ML05", True, 16, 3),
        ("MLI", "ML07", True, 16, 1),
    ]
    assert [one.attempts[0]["status"] for one in home.load(written(collection(GAO, MOPTI, SAHEL)))] == [
        "unchanged",
        "unchanged",
    ]
    # A file of Mali alone leaves Burkina Faso's polygons in place, and withdraws what it omits of Mali.
    moved = feature(square(0, 16, 1.5), **GAO["properties"])
    (again,) = home.load(written(collection(moved)))
    assert (again.rows_loaded, again.rows_withdrawn) == (2, 1)
    assert home.rows(
        """select unit_key, is_withdrawn from raw.admin_boundary
           qualify row_number() over (partition by unit_key order by attempt_id desc) = 1 order by 1"""
    ) == [("BF56", False), ("ML05", True), ("ML07", False)]


@needs_spatial
def test_a_rebuild_gives_the_same_polygons(home: Home, written) -> None:
    home.load(written(collection(GAO, MOPTI)))
    before = home.rows("select * exclude (attempt_id) from raw.admin_boundary order by unit_key")
    steps.rebuild(steps.Run(home.settings))
    assert home.rows("select * exclude (attempt_id) from raw.admin_boundary order by unit_key") == before


@needs_spatial
def test_a_rebuild_without_the_extension_names_the_package_and_one_with_it_heals(
    home: Home, written, monkeypatch
) -> None:
    home.load(written(collection(GAO, MOPTI)))
    with monkeypatch.context() as gone:
        gone.setattr(spatial, "spatial_extension", lambda: None)
        steps.rebuild(steps.Run(home.settings))
    assert home.rows("select count(*) from raw.admin_boundary") == [(0,)]
    ((status, told),) = home.rows("select status, error from ledger.load_attempt")
    assert status == "refused"
    assert "pip install duckdb-extension-spatial==" in told
    steps.rebuild(steps.Run(home.settings))
    assert home.rows("select count(*) from raw.admin_boundary") == [(2,)]


@needs_spatial
def test_rings_that_cross_block_the_load(home: Home, written) -> None:
    bow = {"type": "Polygon", "coordinates": [[[0, 16], [1, 17], [1, 16], [0, 17], [0, 16]]]}
    assert "geometry_is_valid" in home.told(written(collection(feature(bow, **GAO["properties"]), MOPTI)))
    assert home.rows("select count(*) from raw.admin_boundary") == [(0,)]


@needs_spatial
def test_an_unknown_unit_is_loaded_with_a_note(home: Home, written) -> None:
    atlantis = feature(square(6), ADM1_FR="Atlantide", ADM1_PCODE="ML99", ADM0_PCODE="ML")
    (outcome,) = home.load(written(collection(GAO, MOPTI, atlantis)))
    assert outcome.rows_loaded == 3
    assert home.rows(
        "select distinct check_name from ledger.quality_result where not passed and table_name = 'admin_boundary'"
    ) == [("unit_is_known",)]


@needs_spatial
def test_two_features_of_one_code_are_quarantined(home: Home, written) -> None:
    twice = [GAO, feature(square(3), **GAO["properties"])]
    told = home.told(written(collection(*twice, MOPTI)))
    assert "few_rows_are_quarantined" in told


@needs_spatial
def test_a_country_out_of_scope_is_left_out(home: Home, written) -> None:
    assert "none of SAHEL_COUNTRIES" in home.told(written(collection(GAO)), countries=("NER",))
    home.load(written(collection(GAO, SAHEL)), countries=("BFA",))
    assert home.rows("select distinct country_iso3 from raw.admin_boundary") == [("BFA",)]


@needs_spatial
def test_features_of_no_known_country_are_told(home: Home, written) -> None:
    stranger = feature(square(8), ADM1_FR="Nowhere", ADM1_PCODE="XX01", ADM0_FR="Nowhere", ADM0_PCODE="XX")
    home.load(written(collection(GAO, stranger)))
    assert home.rows("select status, error from ledger.load_attempt") == [
        ("ok", "1 features of no known country were left out")
    ]


@needs_spatial
def test_a_better_file_of_fewer_units_may_follow(home: Home, written) -> None:
    """Of 45 provinces called the first level 13 regions remain; another kind of file is not compared with it."""
    provinces = [feature(square(n), name=f"P{n}", country="Burkina Faso") for n in range(10)]
    home.load(written(collection(*provinces)))
    (outcome,) = home.load(written(collection(SAHEL)))
    assert (outcome.rows_loaded, outcome.rows_withdrawn) == (11, 10)


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (b"PK\x03\x04", "zip archive"),
        (b"\x00\x00\x27\x0a", "shapefile"),
        (b"SQLite format 3\x00", "GeoPackage"),
        (b"\x1f\x8b", "gunzip"),
    ],
)
@needs_spatial
def test_other_formats_are_told_by_their_first_bytes(home: Home, tmp_path: Path, head, told) -> None:
    path = tmp_path / "regions"
    path.write_bytes(head + bytes(100))
    with pytest.raises(ValueError, match=f"{told}.*ogr2ogr"):
        home.load(path)


def test_without_a_file_the_remedy_is_told(home: Home) -> None:
    with pytest.raises(ValueError, match=r"no address.*sahel load boundaries --file"):
        steps.load(steps.Run(home.settings), LoadRequest("boundaries"))


def test_without_the_extension_the_package_is_named(home: Home, written, monkeypatch) -> None:
    monkeypatch.setattr(boundaries, "spatial_extension", lambda: None)
    with pytest.raises(ValueError, match=r"pip install duckdb-extension-spatial=="):
        home.load(written(collection(GAO)))
    monkeypatch.setattr(spatial, "spatial_extension", lambda: None)
    with duckdb.connect() as connection, pytest.raises(spatial.SpatialMissing, match="pip install"):
        spatial.load_spatial(connection)


def test_it_is_no_feed_of_a_run() -> None:
    from orchestration.settings import SettingsError

    with pytest.raises(SettingsError, match=r"sahel load boundaries --file PATH"):
        Settings.from_env(environ={"SAHEL_FEEDS": "ucdp,boundaries"})
