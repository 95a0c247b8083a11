"""Domain rules of polygons: a country that is one, rings that can be trusted, units that we know.

Bounds of single columns are in the contract.
"""

from collections.abc import Iterable

from expectations.contracts import TableContract
from expectations.reference import read_seed
from expectations.suites.check import Check, LoadFacts, rows_must_satisfy

LARGEST_DEGREES = 60
"""No unit of a country is wider: a polygon around the world has its longitudes wrapped."""


def boundary_checks(contract: TableContract, facts: LoadFacts) -> list[Check]:
    """Rules for ``admin_boundary``."""
    return [
        rows_must_satisfy(
            "country_is_known",
            f"country_iso3 in ({_listed(row['country_iso3'] for row in read_seed('country'))})",
            severity="block",
            description="polygons of a country that is none would never be asked",
        ),
        rows_must_satisfy(
            "geometry_is_valid",
            "is_valid",
            severity="block",
            description="rings that cross leave open what is inside; `ogr2ogr -makevalid` mends a file",
        ),
        rows_must_satisfy(
            "unit_is_not_around_the_world",
            f"east - west between 0 and {LARGEST_DEGREES} and north - south between 0 and {LARGEST_DEGREES}",
            severity="block",
            description=f"no unit spans more than {LARGEST_DEGREES} degrees",
        ),
        rows_must_satisfy(
            "unit_is_known",
            # Countries without a list of units, and units of the second order with what they belong to, are not judged.
            f"country_iso3 not in ({_listed(_countries_with_units())}) or {_known('unit_name')} "
            f"or {_known('parent_name')} "
            f"or coalesce(coalesce(parent_code, unit_code) in ({_listed(_codes())}), false)",
            severity="warn",
            description="a polygon whose unit no alias knows finds nothing: add its name to admin1_alias.csv",
        ),
    ]


def _known(column: str) -> str:
    """Whether a spelling is one of a unit's, without regard to case and accents, as dbt compares it."""
    comparable = f"trim(regexp_replace(lower(strip_accents({column})), '[^a-z0-9]+', ' ', 'g'))"
    spelled = "trim(regexp_replace(lower(strip_accents(alias)), '[^a-z0-9]+', ' ', 'g'))"
    aliases = {
        (row["country_iso3"], row["alias"])
        for seed in ("admin1_alias", "admin2_alias")
        for row in read_seed(seed)
        if row["source"] not in ("gdelt", "geonames")
    }
    rows = ", ".join(f"({_quoted(country)}, {_quoted(alias)})" for country, alias in sorted(aliases))
    return (
        f"coalesce((country_iso3, {comparable}) in "
        f"(select (country, {spelled}) from (values {rows}) as known(country, alias)), false)"
    )


def _countries_with_units() -> set[str]:
    return {row["country_iso3"] for row in read_seed("admin1")}


def _codes() -> set[str]:
    return {
        row[column] for row in read_seed("admin1") for column in ("iso_3166_2", "ocha_pcode") if row[column]
    }


def _listed(values: Iterable[str]) -> str:
    return ", ".join(_quoted(value) for value in sorted(set(values)))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
