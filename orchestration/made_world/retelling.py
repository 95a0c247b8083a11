"""How ACLED and Insecurity Insight come to tell of the same incident otherwise than UCDP: another day, place, toll.

What belongs here: how often and how far a telling departs from what happened, all in ``Noise``, and the draws. What
does not: actors' names and wire formats (acled, insecurity_insight), and how UCDP revises (ucdp).

UCDP's telling is the incident's own day and place, so the rates here are of departures from UCDP. They are our
assumption of realistic noise, not a measurement. What is known of the real feeds, and what they are set to come near
to: of precise single-day UCDP events in the central Sahel roughly six in ten have a violent ACLED event on the same
day within 5 km, eight in ten within a day and 25 km, many of them more than one.
"""

import random
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from math import pi, sqrt

from orchestration.made_world.geography import (
    Place,
    Theatre,
    countries,
    km_between,
    moved,
    places_of,
    villages_of,
)
from orchestration.made_world.world import Incident, is_open


@dataclass(frozen=True)
class Noise:
    """Shares of the incidents of armed groups, unless it says otherwise."""

    missing: float = 0.10
    """Not told of by ACLED at all."""
    alone: float = 0.30
    """Violence that only ACLED tells of, as a share of the fatal incidents."""
    alone_nearby: float = 0.5
    """How much of that is in the same town, within days, as something that others tell of too; half of another dyad."""
    one_day_off: float = 0.12
    days_off: float = 0.02
    """By two or three days."""
    neighbour: float = 0.15
    """Of those in a known place: told of a neighbouring village."""
    imprecise: float = 0.04
    """Told of the middle of the admin unit; half of those that UCDP cannot place either."""
    other_toll: float = 0.30
    unidentified: float = 0.06
    wrong_actor: float = 0.03
    compound: float = 0.02
    """"JNIM and/or Islamic State", where both are."""
    split: float = 0.4
    """Of the incidents of several days: told as an event a day."""
    summed: float = 0.3
    """Of two single-day incidents of one day and dyad within ``SUMMED_KM``: told as one event."""
    unnamed_perpetrator: float = 0.30
    """Insecurity Insight: half of them without information, half an unidentified armed actor."""


NOISE = Noise()
TOWN_OFFSET_KM = 2.0
SUMMED_KM = 20.0
_ROUND_TOLLS = (10, 12, 20, 30, 50, 100)
""""Tens", "dozens" (12) and what is said of a number that nobody counted."""


@dataclass(frozen=True)
class Spot:
    """Where a publisher puts it. ``precision``: 1 the place itself, 2 near it, 3 the unit, as ACLED numbers them."""

    place: Place
    location: str
    latitude: float
    longitude: float
    precision: int
    note: str = ""


def is_fixed(incident: Incident) -> bool:
    """A planted fact is told as it was: what depends on its day or place must hold in every feed."""
    return bool(incident.planted) and not incident.hard_case and incident.planted != "coup_niger"


def day_told(rng: random.Random, theatre: Theatre, day: date, must_differ: bool = False) -> date:
    """The day, or one near it; never one on which the two may not be told to fight."""
    draw = rng.random()
    days = rng.choice((-3, -2, 2, 3)) if draw < NOISE.days_off else rng.choice((-1, 1))
    if draw >= NOISE.days_off + NOISE.one_day_off and not must_differ:
        return day
    for moved_day in (day + timedelta(days=days), day - timedelta(days=days)):
        if is_open(theatre, moved_day):
            return moved_day
    return day


def spot_told(rng: random.Random, incident: Incident, must_differ: bool = False) -> Spot:
    """ACLED's own gazetteer: its coordinates of a town are always the same, and never quite UCDP's."""
    place = incident.place
    draw, is_neighbour, unit_precision = (
        rng.random(),
        rng.random() < NOISE.neighbour,
        incident.where_precision,
    )
    if not must_differ and draw < (0.5 if unit_precision in (4, 6) else NOISE.imprecise):
        return middle_of_unit(place)
    villages = villages_of(place)
    if must_differ or (is_neighbour and unit_precision not in (2, 5)):
        return _at(rng.choice(villages), 2, "elsewhere")
    if unit_precision in (2, 5):
        # Somewhere around the town: ACLED names the nearest place that it knows, or has found the spot as well.
        near = min(
            (place, *villages),
            key=lambda one: km_between(one.latitude, one.longitude, incident.latitude, incident.longitude),
        )
        spot = _at(near, rng.choice((1, 2)), "" if near is place else "elsewhere")
        if unit_precision == 2 and rng.random() < 0.5:
            latitude, longitude = _offset(rng, incident.latitude, incident.longitude)
            spot = replace(spot, latitude=latitude, longitude=longitude, precision=2)
        return spot
    return _at(place, 1, "")


def neighbouring(rng: random.Random, place: Place) -> Spot:
    return _at(rng.choice(villages_of(place)), 2, "elsewhere")


def middle_of_unit(place: Place) -> Spot:
    latitude, longitude = _middle(place.country_iso3, place.adm1)
    return Spot(place, place.adm1, latitude, longitude, 3, "imprecise")


def _at(place: Place, precision: int, note: str) -> Spot:
    return Spot(place, place.name, *own_coordinates(place), precision, note)


@cache
def own_coordinates(place: Place) -> tuple[float, float]:
    rng = random.Random(f"acled {place.country_iso3} {place.name}")
    return _offset(rng, place.latitude, place.longitude)


def _offset(rng: random.Random, latitude: float, longitude: float) -> tuple[float, float]:
    return moved(latitude, longitude, TOWN_OFFSET_KM * sqrt(rng.random()), rng.uniform(0, 2 * pi))


@cache
def _middle(country_iso3: str, adm1: str) -> tuple[float, float]:
    units = [one for one in places_of(country_iso3) if one.adm1 == adm1]
    return (
        round(sum(one.latitude for one in units) / len(units), 4),
        round(sum(one.longitude for one in units) / len(units), 4),
    )


def across_the_border(place: Place, country_iso3: str) -> Place:
    """The village on the other side: in the unit of that country whose town is nearest."""
    near = min(
        places_of(country_iso3),
        key=lambda one: km_between(one.latitude, one.longitude, place.latitude, place.longitude),
    )
    centre = countries()[country_iso3]
    toward = (
        (0.03 if centre.latitude > place.latitude else -0.03),
        (0.03 if centre.longitude > place.longitude else -0.03),
    )
    name = f"{place.name} Frontière"
    return replace(
        near, name=name, name_fr=name, name_alt="",
        latitude=round(place.latitude + toward[0], 4), longitude=round(place.longitude + toward[1], 4),
    )  # fmt: skip


def toll_told(rng: random.Random, incident: Incident, must_differ: bool = False) -> int:
    """Mostly UCDP's best; else the most careful of the figures reported, or a round one."""
    best, high = incident.best, max(incident.best, incident.high)
    if not must_differ and rng.random() >= NOISE.other_toll:
        return best
    if best >= 8 and rng.random() < 0.5:
        return min(_ROUND_TOLLS, key=lambda toll: (abs(toll - best) if toll != best else 999, toll))
    if high > best and rng.random() < 0.4:
        return rng.randint(best + 1, high)
    if best == 0:
        return 1
    return min(best - 1, round(best * rng.uniform(0.4, 0.95)))
