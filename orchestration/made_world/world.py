"""The made history: five years of incidents, drawn once from a seed, that every made publisher retells.

What belongs here: what happened (incidents), what was planted on purpose (facts, hard cases), and the seeded draws.
What does not: how a publisher words, codes, numbers, revises or serves it (ucdp, gdelt, news, publishers).

The time of the world is fixed (WORLD_START to WORLD_END) and independent of any clock. Each draw comes from
a stream keyed by what it is for, so that one part's content does not depend on the order in which parts
are asked for.
"""

import hashlib
import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from math import exp, log
from typing import Any

from orchestration.made_world.geography import (
    Place,
    Theatre,
    countries,
    places,
    places_of,
    theatres,
    villages_of,
)

MADE_LABEL = "Made world, not a real report"
"""On every surface that shows made data."""

WORLD_START = date(2021, 7, 1)
WORLD_END = datetime(2026, 7, 1, tzinfo=UTC)
"""The instant after the last day of the history (2026-06-30)."""

_DAYS = (WORLD_END.date() - WORLD_START).days
_SEASON = (1.15, 1.15, 1.2, 1.15, 1.1, 1.0, 0.8, 0.7, 0.75, 0.9, 1.05, 1.1)
"""By month: the rains slow the fighting from July to September."""

COUP_DATE = date(2024, 3, 14)
TRUCE = (date(2024, 9, 1), date(2025, 6, 15))
TRUCE_DYAD_ID = 16207
BLOCKADE = (date(2026, 4, 18), date(2026, 6, 25))
BLOCKADE_TOWNS = ("Kayes", "Diboli", "Nioro du Sahel", "Kadiolo", "Sikasso", "Bougouni", "Kati")
ATTRIBUTION_CONFLICT_DATE = date(2025, 10, 29)

HARD_CASES = {
    "same_place_other_dyad": "Two incidents of one day in one town, of different dyads.",
    "morning_and_night": "Two incidents of one day in one town, of the same dyad.",
    "told_unlike": "One incident that ACLED tells with another day, place, toll and actor at once.",
    "next_village_next_day": "The same group attacks neighbouring villages on consecutive days.",
    "tit_for_tat": "A group attacks civilians; the army strikes it in the same town on the next day.",
    "border_town": "One incident that UCDP and ACLED place in different countries.",
    "summed_villages": "Two incidents of one day and dyad in neighbouring villages, which ACLED tells as one.",
}
"""What is planted, ``HARD_CASES_EACH`` times each, for whoever has to say which records tell of one incident."""
HARD_CASES_EACH = 10
BORDER_TOWNS = (
    (15108, "MLI", "Boulikessi", "BFA"), (15136, "MLI", "Koro", "BFA"), (15108, "MLI", "Labbezanga", "NER"),
    (15175, "BFA", "Seytenga", "NER"), (15136, "BFA", "Markoye", "MLI"), (15175, "BFA", "Thiou", "MLI"),
    (15174, "NER", "Tera", "BFA"), (990103, "NER", "Inates", "MLI"), (973, "NER", "Inates", "MLI"),
    (990111, "CMR", "Kolofata", "NGA"),
)  # fmt: skip
"""Dyad, country, town, and the country in which ACLED has it."""

_NON_FATAL_PER_COUNTRY = {
    "MLI": 300, "BFA": 350, "NER": 200, "NGA": 700, "CMR": 120, "SDN": 300, "TCD": 80, "BEN": 60, "TGO": 30,
    "GHA": 40, "CIV": 30, "SEN": 60, "GIN": 60, "GNB": 15, "GMB": 8, "MRT": 10, "ERI": 5,
}  # fmt: skip


def stream(seed: int, *key: object) -> random.Random:
    """An independent random stream for this seed and key."""
    digest = hashlib.blake2b(repr((seed, *key)).encode(), digest_size=8).digest()
    return random.Random(int.from_bytes(digest, "big"))


@dataclass(frozen=True)
class Incident:
    """Something that happened, once, whoever tells of it."""

    incident_id: str
    kind: str
    """clash, attack, convoy_attack, kidnapping, protest or coup."""
    date_start: date
    date_end: date
    minute_of_day: int
    country_iso3: str
    place: Place
    latitude: float
    longitude: float
    where_precision: int
    date_precision: int
    theatre: Theatre | None
    deaths_a: int = 0
    deaths_b: int = 0
    deaths_civilians: int = 0
    deaths_unknown: int = 0
    high: int = 0
    planted: str = ""
    """Name of the planted fact that it is part of, or empty."""
    coverage: float = 1.0
    """How many times the usual attention it gets in the press."""

    @property
    def best(self) -> int:
        return self.deaths_a + self.deaths_b + self.deaths_civilians + self.deaths_unknown

    @property
    def hard_case(self) -> str:
        """Name of the hard case that it is part of, or empty."""
        name = self.planted.partition(":")[0]
        return name if name in HARD_CASES else ""

    @property
    def is_fatal(self) -> bool:
        """UCDP codes it: someone died, or may have."""
        return max(self.best, self.high) > 0

    @property
    def happened_at(self) -> datetime:
        return datetime(self.date_end.year, self.date_end.month, self.date_end.day, tzinfo=UTC) + timedelta(
            minutes=self.minute_of_day
        )

    def as_record(self) -> dict[str, Any]:
        """One flat row of the truth."""
        theatre = self.theatre
        return {
            "incident_id": self.incident_id,
            "kind": self.kind,
            "date_start": self.date_start,
            "date_end": self.date_end,
            "country_iso3": self.country_iso3,
            "adm1": self.place.adm1,
            "place": self.place.name,
            "latitude": self.latitude,
            "longitude": self.longitude,
            "where_precision": self.where_precision,
            "dyad_id": theatre.dyad_id if theatre else None,
            "actor_a": theatre.side_a.name if theatre else None,
            "actor_b": theatre.side_b.name if theatre else None,
            "type_of_violence": theatre.type_of_violence if theatre else None,
            "deaths_best": self.best,
            "deaths_civilians": self.deaths_civilians,
            "is_fatal": self.is_fatal,
            "planted": self.planted,
        }


@dataclass(frozen=True)
class PlantedFact:
    """Something that was put into the history on purpose, for later work to find and score itself by."""

    name: str
    kind: str
    date_from: date
    date_to: date
    country_iso3: str | None
    what: str
    details: dict[str, Any] = field(default_factory=dict)

    def as_record(self) -> dict[str, Any]:
        return asdict(self)


class World:
    """One seed's history. ``scale`` multiplies how much happens, ``rows_per_slot`` sizes GDELT slots."""

    def __init__(self, seed: int = 7, scale: float = 1.0, rows_per_slot: int = 40) -> None:
        if scale <= 0:
            raise ValueError(f"scale must be above 0, not {scale}")
        if not 0 <= rows_per_slot <= 1_500:
            raise ValueError(f"rows_per_slot must be between 0 and 1500, not {rows_per_slot}")
        self.seed = seed
        self.scale = scale
        self.rows_per_slot = rows_per_slot

    def stream(self, *key: object) -> random.Random:
        return stream(self.seed, *key)

    @cached_property
    def incidents(self) -> tuple[Incident, ...]:
        """All incidents, by date; ids follow that order."""
        drawn = [*self._fatal_incidents(), *self._non_fatal_incidents(), *self._coup(), *self._blockade()]
        drawn.sort(key=_order)
        numbered = [replace(one, incident_id=f"I{number:05d}") for number, one in enumerate(drawn, 1)]
        return tuple(sorted([*numbered, *self._hard_cases(numbered)], key=lambda one: one.incident_id))

    def hard_cases(self) -> dict[str, list[list[str]]]:
        """By name of the hard case: the ids of the incidents of each time that it was planted."""
        found: dict[str, dict[str, list[str]]] = {name: {} for name in HARD_CASES}
        for incident in self.incidents:
            if incident.hard_case:
                found[incident.hard_case].setdefault(incident.planted, []).append(incident.incident_id)
        return {name: list(times.values()) for name, times in found.items()}

    @cached_property
    def planted_facts(self) -> tuple[PlantedFact, ...]:
        """The facts of the history itself; what the publishers add in telling it is in truth."""
        return (
            PlantedFact(
                "coup_niger", "coup", COUP_DATE, COUP_DATE, "NER",
                "Officers seize power in Niamey; attacks in Tillabéri rise fourfold for eight weeks.",
                {"spike_to": COUP_DATE + timedelta(weeks=8), "adm1": "Tillabéri region"},
            ),
            PlantedFact(
                "truce_jnim_is", "truce", *TRUCE, None,
                "JNIM and Islamic State do not fight each other, in any country, and then do again.",
                {"dyad_id": TRUCE_DYAD_ID, "last_before": TRUCE[0] - timedelta(days=1),
                 "first_after": TRUCE[1] + timedelta(days=1)},
            ),
            PlantedFact(
                "blockade_western_mali", "blockade", *BLOCKADE, "MLI",
                "JNIM stops fuel convoys from Senegal and Ivory Coast; few die, much is written.",
                {"towns": list(BLOCKADE_TOWNS), "actor": "JNIM"},
            ),
            PlantedFact(
                "jnim_in_ghana", "first_appearance", date(2025, 2, 22), date(2025, 2, 22), "GHA",
                "JNIM's first attack in Ghana; the press has it at once, UCDP only with the next annual.",
                {"actor": "JNIM", "dyad_id": 990121},
            ),
            PlantedFact(
                "jnim_in_nigeria", "first_appearance", *(ATTRIBUTION_CONFLICT_DATE,) * 2, "NGA",
                "JNIM's first attack in Nigeria, in Kwara; half of the press blames armed bandits.",
                {"actor": "JNIM", "dyad_id": 990122, "rival_claim": "Armed bandits (Made)"},
            ),
            PlantedFact(
                "csp_becomes_fla", "actor_renamed", date(2024, 11, 30), date(2024, 11, 30), "MLI",
                "The CSP-PSD ends and the FLA begins: two actors with one history.",
                {"actor": "CSP-PSD", "successor": "FLA"},
            ),
            *(
                PlantedFact(name, "hard_case", WORLD_START, WORLD_END.date(), None, HARD_CASES[name],
                            {"incident_ids": ids})
                for name, ids in self.hard_cases().items()
            ),
        )  # fmt: skip

    def first_appearances(self) -> dict[tuple[str, str], date]:
        """The day each actor is first on a side in each country."""
        first: dict[tuple[str, str], date] = {}
        for incident in self.incidents:
            if incident.theatre is None:
                continue
            for actor in (incident.theatre.side_a, incident.theatre.side_b):
                first.setdefault((actor.name, incident.country_iso3), incident.date_start)
        return first

    # How much happens where and when

    def _fatal_incidents(self) -> Iterator[Incident]:
        for theatre in theatres():
            rng = self.stream("theatre", theatre.dyad_id, theatre.country_iso3)
            opens_inside = theatre.first_date > WORLD_START
            if opens_inside:
                # A theatre that opens during the history opens with an incident on that very day.
                yield self._draw_fatal(rng, theatre, theatre.first_date, first=True)
            for day in self._days_of(rng, theatre):
                yield self._draw_fatal(rng, theatre, day)

    def _days_of(self, rng: random.Random, theatre: Theatre) -> Iterator[date]:
        last = theatre.last_date or WORLD_END.date() - timedelta(days=1)
        days = [
            day
            for day in (WORLD_START + timedelta(days=offset) for offset in range(_DAYS))
            if theatre.first_date <= day <= last
        ]
        intensity = [_intensity(theatre, day) for day in days]
        # The weight is what an undisturbed theatre would have; a spike adds to it, a truce takes away.
        usual = sum(_usual_intensity(theatre, day) for day in days)
        expected = theatre.weight * self.scale * sum(intensity) / usual
        yield from sorted(rng.choices(days, weights=intensity, k=_poisson(rng, expected)))

    def _draw_fatal(self, rng: random.Random, theatre: Theatre, day: date, first: bool = False) -> Incident:
        place = _draw_place(rng, theatre, day)
        deaths = _draw_deaths(rng, theatre.type_of_violence, must_die=first)
        # Fighting that ends on the eve of a truce must not be dated into it.
        days_long = 1 if first or rng.random() > 0.24 else rng.choice((2, 2, 3, 4, 6, 8, 15))
        if theatre.dyad_id == TRUCE_DYAD_ID and day < TRUCE[0]:
            days_long = min(days_long, (TRUCE[0] - day).days)
        end = min(day + timedelta(days=days_long - 1), WORLD_END.date() - timedelta(days=1))
        planted = ""
        if first and theatre.dyad_id == 990121:
            planted = "jnim_in_ghana"
        elif first and theatre.dyad_id == 990122:
            planted = "jnim_in_nigeria"
        elif theatre.country_iso3 == "NER" and COUP_DATE < day <= COUP_DATE + timedelta(weeks=8):
            planted = "coup_niger" if "Tillabéri region" in theatre.adm1s else ""
        drawn = _fatal(theatre, place, day, end, rng.randrange(24 * 60), deaths)
        return _located(rng, replace(drawn, planted=planted, coverage=4.0 if first else 1.0), exact=first)

    def _non_fatal_incidents(self) -> Iterator[Incident]:
        for country_iso3, expected in _NON_FATAL_PER_COUNTRY.items():
            rng = self.stream("non-fatal", country_iso3)
            local = [one for one in theatres() if one.country_iso3 == country_iso3]
            for _ in range(_poisson(rng, expected * self.scale)):
                day = WORLD_START + timedelta(days=rng.randrange(_DAYS))
                kind = rng.choices(("kidnapping", "clash", "protest"), weights=(4, 4, 3))[0]
                theatre = rng.choice(local) if local and kind != "protest" else None
                # A planted silence or beginning must hold for what nobody died in, too.
                if theatre and _intensity(theatre, day) == 0:
                    theatre = None
                if theatre is None:
                    kind = "protest"
                place = _draw_place(rng, theatre, day) if theatre else rng.choice(places_of(country_iso3))
                yield _located(
                    rng,
                    Incident(
                        incident_id="",
                        kind=kind,
                        date_start=day,
                        date_end=day,
                        minute_of_day=rng.randrange(24 * 60),
                        country_iso3=country_iso3,
                        place=place,
                        latitude=place.latitude,
                        longitude=place.longitude,
                        where_precision=1,
                        date_precision=1,
                        theatre=theatre,
                    ),
                    exact=theatre is None,
                )

    def _coup(self) -> Iterator[Incident]:
        rng = self.stream("coup")
        niamey = next(place for place in places() if place.name == "Niamey")
        days = [(COUP_DATE, "coup", 40.0), (COUP_DATE + timedelta(days=1), "coup", 25.0)]
        days += [
            (COUP_DATE + timedelta(days=offset), "protest", 8.0) for offset in (2, 3, 5, 6, 9, 12, 16, 23)
        ]
        for day, kind, coverage in days:
            yield Incident(
                incident_id="",
                kind=kind,
                date_start=day,
                date_end=day,
                minute_of_day=rng.randrange(4 * 60, 20 * 60),
                country_iso3="NER",
                place=niamey,
                latitude=niamey.latitude,
                longitude=niamey.longitude,
                where_precision=1,
                date_precision=1,
                theatre=None,
                planted="coup_niger",
                coverage=coverage,
            )

    def _blockade(self) -> Iterator[Incident]:
        rng = self.stream("blockade")
        towns = [place for place in places() if place.name in BLOCKADE_TOWNS and place.country_iso3 == "MLI"]
        theatre = next(one for one in theatres() if one.dyad_id == 15108)
        day = BLOCKADE[0]
        number = 0
        while day <= BLOCKADE[1]:
            place = rng.choice(towns)
            fatal = number % 9 == 4
            yield Incident(
                incident_id="",
                kind="convoy_attack",
                date_start=day,
                date_end=day,
                minute_of_day=rng.randrange(5 * 60, 19 * 60),
                country_iso3="MLI",
                place=place,
                latitude=round(place.latitude + rng.uniform(-0.1, 0.1), 4),
                longitude=round(place.longitude + rng.uniform(0.02, 0.15), 4),
                where_precision=2,
                date_precision=1,
                theatre=theatre,
                deaths_a=rng.randint(1, 3) if fatal else 0,
                deaths_civilians=rng.randint(0, 2) if fatal else 0,
                high=6 if fatal else 0,
                planted="blockade_western_mali",
                coverage=5.0,
            )
            number += 1
            day += timedelta(days=rng.choice((0, 1, 1, 1, 2)))

    # Hard cases

    def _hard_cases(self, numbered: list[Incident]) -> list[Incident]:
        """They are put between the others: those keep their ids, and with them all that is told of them."""
        drawn = sorted(self._draw_hard_cases(), key=_order)
        orders = [_order(one)[:3] for one in numbered]
        found = []
        for number, one in enumerate(drawn, 1):
            before = numbered[max(0, bisect_right(orders, _order(one)[:3]) - 1)].incident_id
            found.append(replace(one, incident_id=f"{before}h{number:03d}"))
        return found

    def _draw_hard_cases(self) -> Iterator[Incident]:
        for case in HARD_CASES:
            for number in range(HARD_CASES_EACH):
                rng = self.stream("hard case", case, number)
                for one in _draw_hard_case(rng, case, number):
                    yield replace(one, planted=f"{case}:{number}")


def _order(incident: Incident) -> tuple[date, str, str, str]:
    return (incident.date_start, incident.country_iso3, incident.place.name, incident.incident_id)


def is_open(theatre: Theatre, day: date) -> bool:
    """Whether the two may be told to fight there then: not before its time, nor after it, nor in a truce."""
    return (
        max(WORLD_START, theatre.first_date) <= day <= (theatre.last_date or day)
        and day < WORLD_END.date()
        and not (theatre.dyad_id == TRUCE_DYAD_ID and TRUCE[0] <= day <= TRUCE[1])
    )


def _draw_hard_case(rng: random.Random, case: str, number: int) -> list[Incident]:
    """The incidents of one hard case, all of a single day and a known place."""
    day = date(2022, 6, 1) + timedelta(days=rng.randrange(1_300))
    if case == "border_town":
        dyad_id, iso3, town, _ = BORDER_TOWNS[number % len(BORDER_TOWNS)]
        place = next(one for one in places_of(iso3) if one.name == town)
        return [_plain(rng, _theatre(dyad_id, iso3), day, place)]
    iso3 = rng.choice(("MLI", "BFA"))
    army = _theatre(15108 if iso3 == "MLI" else 15175, iso3)
    on_civilians = _theatre(15136, iso3)
    shared = [
        one
        for one in places_of(iso3)
        if one.adm1 in army.adm1s and one.adm1 in on_civilians.adm1s and one.adm1 != "Koulikoro region"
    ]
    place = rng.choice(shared)
    next_village = villages_of(place)[rng.randrange(2)]
    if case == "told_unlike":
        return [_plain(rng, army, day, place)]
    if case == "same_place_other_dyad":
        rivals = _theatre(16207, iso3)
        other = rivals if place.adm1 in rivals.adm1s and is_open(rivals, day) else on_civilians
        return [_plain(rng, army, day, place), _plain(rng, other, day, place)]
    if case == "morning_and_night":
        first, second = _plain(rng, army, day, place), _plain(rng, army, day, place)
        return [
            replace(first, minute_of_day=rng.randrange(5 * 60, 9 * 60)),
            replace(second, minute_of_day=rng.randrange(20 * 60, 24 * 60)),
        ]
    if case == "next_village_next_day":
        return [
            _plain(rng, on_civilians, day, place),
            _plain(rng, on_civilians, day + timedelta(days=1), next_village),
        ]
    if case == "tit_for_tat":
        return [
            _plain(rng, on_civilians, day, place),
            _plain(rng, army, day + timedelta(days=1), place),
        ]
    return [_plain(rng, army, day, place), _plain(rng, army, day, next_village)]


def _plain(rng: random.Random, theatre: Theatre, day: date, place: Place) -> Incident:
    """A fatal incident of one day and one place, both known."""
    minute = rng.randrange(24 * 60)
    return _fatal(
        theatre, place, day, day, minute, _draw_deaths(rng, theatre.type_of_violence, must_die=True)
    )


def _fatal(
    theatre: Theatre, place: Place, day: date, end: date, minute_of_day: int, deaths: dict[str, int]
) -> Incident:
    """What all fatal incidents of a theatre have; the place is the town itself."""
    return Incident(
        incident_id="",
        kind="attack" if theatre.type_of_violence == 3 else "clash",
        date_start=day,
        date_end=end,
        minute_of_day=minute_of_day,
        country_iso3=theatre.country_iso3,
        place=place,
        latitude=place.latitude,
        longitude=place.longitude,
        where_precision=1,
        date_precision=_date_precision((end - day).days),
        theatre=theatre,
        **deaths,
    )


def _theatre(dyad_id: int, country_iso3: str) -> Theatre:
    return next(one for one in theatres() if (one.dyad_id, one.country_iso3) == (dyad_id, country_iso3))


def _usual_intensity(theatre: Theatre, day: date) -> float:
    years = (day - WORLD_START).days / 365.25 - 2.5
    return _SEASON[day.month - 1] * exp(theatre.growth * years)


def _intensity(theatre: Theatre, day: date) -> float:
    """The usual, changed by what was planted; nothing outside the theatre's time."""
    if not is_open(theatre, day):
        return 0.0
    value = _usual_intensity(theatre, day)
    if (
        theatre.country_iso3 == "NER"
        and "Tillabéri region" in theatre.adm1s
        and COUP_DATE < day <= COUP_DATE + timedelta(weeks=8)
    ):
        value *= 4.0
    return value


def _draw_place(rng: random.Random, theatre: Theatre, day: date) -> Place:
    if day == ATTRIBUTION_CONFLICT_DATE and theatre.dyad_id == 990122:
        return next(place for place in places() if place.name == "Nuku")
    candidates = [place for place in places_of(theatre.country_iso3) if place.adm1 in theatre.adm1s]
    # The first places of the list see the most: a few towns carry most of a theatre.
    order = stream(0, "places", theatre.dyad_id, theatre.country_iso3)
    order.shuffle(candidates)
    return rng.choices(candidates, weights=[1 / (rank + 1.5) for rank in range(len(candidates))])[0]


def _draw_deaths(rng: random.Random, type_of_violence: int, must_die: bool) -> dict[str, int]:
    """Four counts that sum to a heavy-tailed total, and the high estimate."""
    if not must_die and rng.random() < 0.11:
        return {"high": rng.randint(1, 5)}  # deaths reported but none confirmed: best is 0
    total = max(1, round(exp(rng.gauss(log(3.0), 1.25))))
    if rng.random() < 0.012:
        total = round(total * rng.uniform(3, 8))
    total = min(total, 320)
    if type_of_violence == 3:
        parts = {"deaths_civilians": total}
    else:
        share_b = rng.uniform(0.3, 0.9) if type_of_violence == 1 else rng.uniform(0.2, 0.8)
        deaths_b = round(total * share_b)
        rest = total - deaths_b
        civilians = rng.randint(0, rest) if type_of_violence == 1 and rng.random() < 0.2 else 0
        parts = {"deaths_b": deaths_b, "deaths_civilians": civilians, "deaths_a": rest - civilians}
        if rng.random() < 0.12:
            parts = {"deaths_unknown": total}
    high = total if rng.random() < 0.6 else total + rng.randint(1, max(2, total // 2))
    return {**parts, "high": high}


def _located(rng: random.Random, incident: Incident, exact: bool) -> Incident:
    """Around the town (1, 2), on the district or the province (3, 4), on a road (5), on the country (6)."""
    precision = 1 if exact else rng.choices((1, 2, 3, 4, 5, 6), weights=(40, 36, 9, 5, 9, 1))[0]
    place = incident.place
    if precision in (1, 3):
        latitude, longitude = place.latitude, place.longitude
    elif precision in (2, 5):
        latitude = place.latitude + rng.uniform(-0.12, 0.12)
        longitude = place.longitude + rng.uniform(-0.12, 0.12)
    elif precision == 4:
        units = [one for one in places_of(place.country_iso3) if one.adm1 == place.adm1]
        latitude = sum(one.latitude for one in units) / len(units)
        longitude = sum(one.longitude for one in units) / len(units)
    else:
        country = countries()[place.country_iso3]
        latitude, longitude = country.latitude, country.longitude
    return replace(
        incident, latitude=round(latitude, 4), longitude=round(longitude, 4), where_precision=precision
    )


def _date_precision(extra_days: int) -> int:
    """UCDP's classes: a day, up to six days, a week, a month."""
    if extra_days == 0:
        return 1
    if extra_days < 6:
        return 2
    return 3 if extra_days < 8 else 4


def _poisson(rng: random.Random, expected: float) -> int:
    if expected > 60:
        return max(0, round(rng.gauss(expected, expected**0.5)))
    threshold, count, product = exp(-expected), 0, rng.random()
    while product > threshold:
        count += 1
        product *= rng.random()
    return count
