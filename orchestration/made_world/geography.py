"""The stage of the made world: countries, places, actors and theatres of conflict, read from its own CSVs.

Place names, coordinates and actor names are real (general knowledge; UCDP actor and dyad ids where the
UCDP lists give them). Ids from 990001 up are made, and so is every intensity: no figure here is a
measurement. The warehouse's reference data lives in the dbt seeds, not here; this package must work
without them, because it plays the publishers and not the pipeline.
"""

import csv
import random
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from math import cos, hypot, pi, radians, sin
from pathlib import Path

HERE = Path(__file__).parent
_VILLAGES = ("Koura", "Peulh", "Barrage", "Marché")


@dataclass(frozen=True)
class Country:
    """A country under the names and codes that each publisher uses for it."""

    iso3: str
    fips: str
    gw: int
    relid_prefix: str
    ucdp_name: str
    name: str
    name_fr: str
    demonym: str
    latitude: float
    longitude: float
    """Centroid: where publishers put what they cannot place better."""


@dataclass(frozen=True)
class Place:
    """A town. ``name_alt`` is another spelling; ``adm1`` is as UCDP spells it, ``adm1_gdelt`` a FIPS code."""

    name: str
    name_fr: str
    name_alt: str
    country_iso3: str
    adm1: str
    adm1_gdelt: str
    adm2: str
    latitude: float
    longitude: float

    @property
    def gdelt_unit(self) -> str:
        """``Gao`` of ``Gao region``: how GDELT spells the unit. For Burkina Faso FIPS has the provinces."""
        unit = self.adm2 if self.country_iso3 == "BFA" else self.adm1
        for suffix in (" region", " province", " state", " department", " district", " division"):
            unit = unit.removesuffix(suffix)
        return unit


@dataclass(frozen=True)
class Actor:
    ucdp_actor_id: int
    name: str
    name_full: str
    name_fr: str
    org: str
    gwno_location: tuple[int, ...]
    valid_from: date | None
    valid_to: date | None
    press_en: tuple[str, ...]
    press_fr: tuple[str, ...]
    gdelt_name: str
    gdelt_country: str
    gdelt_type: str

    @property
    def is_state(self) -> bool:
        return self.org == "4"


@dataclass(frozen=True)
class Theatre:
    """One dyad in one country: who fights whom there, where, from when, and how much."""

    dyad_id: int
    conflict_id: int
    conflict_name: str
    side_a: Actor
    side_b: Actor
    type_of_violence: int
    country_iso3: str
    adm1s: tuple[str, ...]
    weight: float
    """Expected fatal incidents over the five years at scale 1."""
    first_date: date
    last_date: date | None
    growth: float

    @property
    def dyad_name(self) -> str:
        return f"{self.side_a.name} - {self.side_b.name}"


_COUNTRY_ROWS = (
    "MLI|ML|432|MLI|Mali|Mali|Mali|Malian|17.35|-3.53",
    "BFA|UV|439|BFO|Burkina Faso|Burkina Faso|Burkina Faso|Burkinabe|12.27|-1.75",
    "NER|NG|436|NIR|Niger|Niger|Niger|Nigerien|17.42|9.39",
    "NGA|NI|475|NIG|Nigeria|Nigeria|Nigeria|Nigerian|9.59|8.09",
    "TCD|CD|483|CHA|Chad|Chad|Tchad|Chadian|15.33|18.64",
    "MRT|MR|435|MAA|Mauritania|Mauritania|Mauritanie|Mauritanian|20.26|-10.35",
    "SEN|SG|433|SEN|Senegal|Senegal|Sénégal|Senegalese|14.37|-14.47",
    "GMB|GA|420|GAM|Gambia|The Gambia|Gambie|Gambian|13.45|-15.40",
    "GIN|GV|438|GUI|Guinea|Guinea|Guinée|Guinean|10.44|-10.94",
    "GNB|PU|404|GNB|Guinea-Bissau|Guinea-Bissau|Guinée-Bissau|Bissau-Guinean|12.05|-14.95",
    "BEN|BN|434|BEN|Benin|Benin|Bénin|Beninese|9.64|2.33",
    "TGO|TO|461|TOG|Togo|Togo|Togo|Togolese|8.53|0.96",
    "GHA|GH|452|GHA|Ghana|Ghana|Ghana|Ghanaian|7.95|-1.22",
    "CIV|IV|437|CDI|Ivory Coast|Ivory Coast|Côte d'Ivoire|Ivorian|7.63|-5.57",
    "CMR|CM|471|CAO|Cameroon|Cameroon|Cameroun|Cameroonian|5.69|12.74",
    "SDN|SU|625|SUD|Sudan|Sudan|Soudan|Sudanese|15.99|29.94",
    "ERI|ER|531|ERI|Eritrea|Eritrea|Érythrée|Eritrean|15.36|38.85",
)


@cache
def countries() -> dict[str, Country]:
    """The 17 countries of the region by ISO3."""
    found = {}
    for row in _COUNTRY_ROWS:
        (iso3, fips, gw, prefix, ucdp_name, name, name_fr, demonym, latitude, longitude) = row.split("|")
        found[iso3] = Country(
            iso3, fips, int(gw), prefix, ucdp_name, name, name_fr, demonym, float(latitude), float(longitude)
        )
    return found


@cache
def places() -> tuple[Place, ...]:
    return tuple(
        Place(**{**row, "latitude": float(row["latitude"]), "longitude": float(row["longitude"])})
        for row in _rows("places.csv")
    )


@cache
def places_of(country_iso3: str) -> tuple[Place, ...]:
    return tuple(place for place in places() if place.country_iso3 == country_iso3)


@cache
def villages_of(place: Place) -> tuple[Place, ...]:
    """Four made villages around a town, 6 to 18 km away, the nearest first. They are always in the same spots."""
    rng = random.Random(f"villages of {place.country_iso3} {place.name}")
    bearing = rng.uniform(0, 2 * pi)
    found = []
    for number, name in enumerate(_VILLAGES):
        angle = bearing + number * pi / 2 + rng.uniform(-0.4, 0.4)
        latitude, longitude = moved(
            place.latitude, place.longitude, 6 + 3 * number + rng.uniform(0, 3), angle
        )
        name = f"{place.name} {name}"
        found.append(
            replace(place, name=name, name_fr=name, name_alt="", latitude=latitude, longitude=longitude)
        )
    return tuple(found)


def moved(latitude: float, longitude: float, km: float, angle: float) -> tuple[float, float]:
    """The point so far away, at an angle from the east."""
    north, east = km * sin(angle), km * cos(angle)
    return round(latitude + north / 111.2, 4), round(longitude + east / (111.2 * cos(radians(latitude))), 4)


def km_between(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Good to a few per mille over the distances of a district."""
    north = (other_latitude - latitude) * 111.2
    east = (other_longitude - longitude) * 111.2 * cos(radians((latitude + other_latitude) / 2))
    return hypot(north, east)


@cache
def actors() -> dict[int, Actor]:
    """Actors by UCDP actor id (made ids from 990001)."""
    found = {}
    for row in _rows("actors.csv"):
        actor = Actor(
            ucdp_actor_id=int(row["ucdp_actor_id"]),
            name=row["name"],
            name_full=row["name_full"],
            name_fr=row["name_fr"],
            org=row["org"],
            gwno_location=tuple(int(code) for code in _split(row["gwno_location"])),
            valid_from=_date(row["valid_from"]),
            valid_to=_date(row["valid_to"]),
            press_en=_split(row["press_en"]),
            press_fr=_split(row["press_fr"]),
            gdelt_name=row["gdelt_name"],
            gdelt_country=row["gdelt_country"],
            gdelt_type=row["gdelt_type"],
        )
        found[actor.ucdp_actor_id] = actor
    return found


@cache
def theatres() -> tuple[Theatre, ...]:
    found = []
    for row in _rows("theatres.csv"):
        first_date = _date(row["first_date"])
        assert first_date is not None, f"theatres.csv: dyad {row['dyad_id']} has no first_date"
        found.append(
            Theatre(
                dyad_id=int(row["dyad_id"]),
                conflict_id=int(row["conflict_id"]),
                conflict_name=row["conflict_name"],
                side_a=actors()[int(row["side_a"])],
                side_b=actors()[int(row["side_b"])],
                type_of_violence=int(row["type_of_violence"]),
                country_iso3=row["country_iso3"],
                adm1s=_split(row["adm1s"]),
                weight=float(row["weight"]),
                first_date=first_date,
                last_date=_date(row["last_date"]),
                growth=float(row["growth"]),
            )
        )
    return tuple(found)


def priogrid_gid(latitude: float, longitude: float) -> int:
    """The half-degree PRIO-GRID cell: row 1 in the south, column 1 in the west, 720 columns."""
    return int((latitude + 90) * 2) * 720 + int((longitude + 180) * 2) + 1


def _rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _split(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split("|") if part)


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
