"""Reference data for Python, read from the same CSV files that dbt loads as seeds.

Here: finding and reading a seed, and the few look-ups that parsing and audits need (countries and their
codes in other standards). Not here: the data itself, which exists once, in ``dbt_project/seeds``; resolving
actors and places, which dbt does in SQL; and anything that opens a database.

Every value is text unless a function says otherwise. ``"NA"`` is Namibia, ``"012"`` keeps its zero, and an
empty cell is ``""``, because nothing is guessed between the file and the caller.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

SEEDS = Path(__file__).resolve().parents[1] / "dbt_project" / "seeds"

MAY_BE_EMPTY = {"incident_links_confirmed", "incident_links_denied"}
"""Lists of what a person decided: nobody may have."""

Standard = Literal["iso3", "iso2", "numeric", "fips", "gw"]
_COLUMNS = {
    "iso3": "country_iso3",
    "iso2": "country_iso2",
    "numeric": "country_numeric",
    "fips": "country_fips",
    "gw": "gw_code",
}


class ReferenceDataError(ValueError):
    """A seed is missing or damaged, or a code that a caller gave is in none of them."""


@dataclass(frozen=True, slots=True)
class Country:
    """One row of ``country.csv``; a code that a standard does not assign is ``None``."""

    country_iso3: str
    country_iso2: str
    country_numeric: str
    country_fips: str | None
    gw_code: int | None
    country_name: str
    country_name_fr: str
    in_default_scope: bool
    acled_prefix: str | None

    def code(self, standard: Standard) -> str | int | None:
        """This country's code in a standard: ISO alpha-3, alpha-2 or numeric, FIPS 10-4 or Gleditsch-Ward."""
        return getattr(self, _COLUMNS[standard])


def read_seed(name: str) -> list[dict[str, str]]:
    """The rows of ``<name>.csv`` as dictionaries of text; refuses a file whose rows do not fit its header."""
    return [dict(row) for row in _rows(SEEDS / f"{name}.csv")]


@cache
def countries() -> list[Country]:
    """The countries of the world in the order of their ISO3 codes."""
    path = SEEDS / "country.csv"
    return [_country(path, line, row) for line, row in enumerate(_rows(path), start=2)]


@cache
def countries_by_name() -> dict[str, str]:
    """ISO3 by country name, case folded: English, French, and as publishers write it. A name of two countries is none."""
    meant: dict[str, set[str]] = {}
    for country in countries():
        for name in (country.country_name, country.country_name_fr):
            meant.setdefault(name.casefold(), set()).add(country.country_iso3)
    for row in read_seed("country_alias"):
        if row["alias_kind"] in ("name", "publisher"):
            meant.setdefault(row["alias"].casefold(), set()).add(row["country_iso3"])
    return {name: next(iter(iso3s)) for name, iso3s in meant.items() if len(iso3s) == 1}


def default_scope() -> list[str]:
    """ISO3 codes of the countries that are monitored unless SAHEL_COUNTRIES says otherwise."""
    return [country.country_iso3 for country in countries() if country.in_default_scope]


def scope_codes(iso3s: Iterable[str], standard: Standard) -> dict[str, str | int]:
    """ISO3 -> code in ``standard`` for the countries asked for, without those the standard has no code for.

    An ISO3 code that does not exist is an error, never an empty answer: a typing mistake in the scope would
    otherwise look like a country where nothing happens.
    """
    by_iso3 = {country.country_iso3: country for country in countries()}
    codes = {}
    for iso3 in iso3s:
        if iso3 not in by_iso3:
            raise ReferenceDataError(
                f"{iso3!r} is no ISO 3166-1 alpha-3 code in country.csv; "
                "give three capital letters, for example MLI for Mali or NER for Niger"
            )
        code = by_iso3[iso3].code(standard)
        if code is not None:
            codes[iso3] = code
    return codes


def fips_to_iso3() -> dict[str, str]:
    """FIPS 10-4 -> ISO3. Every two-letter code of GDELT goes through it: its NG is Niger, not Nigeria."""
    return {country.country_fips: country.country_iso3 for country in countries() if country.country_fips}


def gw_to_iso3() -> dict[int, str]:
    """Gleditsch-Ward number (UCDP's country_id) -> ISO3."""
    return {country.gw_code: country.country_iso3 for country in countries() if country.gw_code is not None}


@cache
def _rows(path: Path) -> tuple[dict[str, str], ...]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            if header and header[0].startswith("\ufeff"):
                raise ReferenceDataError(f"{path.name} line 1: byte order mark; save it as plain UTF-8")
            if not all(header) or len(set(header)) != len(header):
                raise ReferenceDataError(
                    f"{path.name} line 1: empty or repeated column name; restore the header"
                )
            rows = []
            for fields in reader:
                if len(fields) != len(header):
                    raise ReferenceDataError(
                        f"{path.name} line {reader.line_num}: {len(fields)} fields, the header has "
                        f"{len(header)}; quote a value that contains a comma"
                    )
                rows.append(dict(zip(header, fields, strict=True)))
    except FileNotFoundError:
        raise ReferenceDataError(
            f"seed {path.name} is not in {path.parent}; run from a checkout, where `make setup` installs the "
            "project in place"
        ) from None
    except UnicodeDecodeError as error:
        raise ReferenceDataError(
            f"{path.name}: byte {error.start} is not UTF-8; save the file as UTF-8"
        ) from error
    except csv.Error as error:
        raise ReferenceDataError(f"{path.name} line {reader.line_num}: {error}; check the quotes") from error
    if not rows and path.stem not in MAY_BE_EMPTY:
        raise ReferenceDataError(f"{path.name} holds no rows; restore it from version control")
    return tuple(rows)


def _country(path: Path, line: int, row: dict[str, str]) -> Country:
    try:
        return Country(
            country_iso3=row["country_iso3"],
            country_iso2=row["country_iso2"],
            country_numeric=row["country_numeric"],
            country_fips=row["country_fips"] or None,
            gw_code=int(row["gw_code"]) if row["gw_code"] else None,
            country_name=row["country_name"],
            country_name_fr=row["country_name_fr"],
            in_default_scope={"true": True, "false": False}[row["in_default_scope"]],
            acled_prefix=row["acled_prefix"] or None,
        )
    except KeyError as error:
        raise ReferenceDataError(
            f"{path.name} line {line}: no column or unknown value {error}; in_default_scope is true or false"
        ) from error
    except ValueError as error:
        raise ReferenceDataError(
            f"{path.name} line {line}: gw_code is {row['gw_code']!r}; write a whole number or leave it empty"
        ) from error
