"""What the made ACLED tells of the history: coded weekly, edited for months, some of it deleted.

Here: the incidents of the world as ACLED would word and code them, with their later versions. Not here: the API
(``acled_api``). Countries' codes come from the reference seeds, as the wire's do from ISO.
"""

import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from typing import Any

from expectations.reference import countries as reference_countries
from orchestration.made_world.geography import Actor, countries, places_of
from orchestration.made_world.world import MADE_LABEL, WORLD_END, WORLD_START, Incident, World

_ACTOR_NAMES = {
    6716: "JNIM: Group for Support of Islam and Muslims",
    1051: "Boko Haram - Jamatu Ahli is-Sunnah lid-Dawatai wal-Jihad",
    6769: "Dozo Communal Militia (Mali)",
    7092: "Dan Na Ambassagou",
    6836: "MSA: Movement for Azawad Salvation",
    990002: "Rapid Support Forces",
}
_LAKE_CHAD = frozenset(("NGA", "TCD", "CMR"))
_MIDDLE_AFRICA, _NORTHERN_AFRICA, _EASTERN_AFRICA = frozenset(("TCD", "CMR")), "SDN", "ERI"
_STRATEGIC = (
    "Looting/property destruction",
    "Arrests",
    "Disrupted weapons use",
    "Change to group/activity",
    "Headquarters or base established",
)
_INTER_CODE = {
    "State forces": 1, "Rebel group": 2, "Political militia": 3, "Identity militia": 4, "Rioters": 5,
    "Protesters": 6, "Civilians": 7, "External/Other forces": 8,
}  # fmt: skip
_EXTRA_PER_COUNTRY = {"MLI": 120, "BFA": 120, "NER": 90, "NGA": 260, "SDN": 120, "CMR": 60}
_OTHER_COUNTRIES = 25
"""Demonstrations and strategic developments beyond the incidents, expected over the five years at scale 1."""


@dataclass(frozen=True)
class Version:
    """An event from one edit to the next; ``row`` None: deleted."""

    at: datetime
    row: dict[str, Any] | None


class Acled:
    """The made ACLED of one world; ``acled_api.Records``."""

    def __init__(self, world: World) -> None:
        self.world = world

    def events(self, as_of: datetime) -> list[dict[str, Any]]:
        """The events as they stand at an instant."""
        rows = []
        for versions in self.histories.values():
            newest = bisect_right(versions, as_of, key=lambda version: version.at) - 1
            if newest >= 0 and (row := versions[newest].row) is not None:
                rows.append(row)
        return rows

    def deletions(self, as_of: datetime) -> list[dict[str, Any]]:
        """All deletions up to an instant, those of ids issued anew since too."""
        return [
            {"event_id_cnty": event_id, "deleted_timestamp": int(version.at.timestamp())}
            for event_id, versions in self.histories.items()
            for version in versions
            if version.row is None and version.at <= as_of
        ]

    @cached_property
    def histories(self) -> dict[str, tuple[Version, ...]]:
        """Every event's versions, oldest first, by event id."""
        found = {}
        numbers: dict[str, int] = {}
        for key, row, happened in sorted(self._told(), key=lambda told: (told[1]["event_date"], told[0])):
            iso3 = row.pop("_iso3")
            numbers[iso3] = numbers.get(iso3, 0) + 1
            row["event_id_cnty"] = f"{_prefix(iso3)}{numbers[iso3]}"
            found[row["event_id_cnty"]] = tuple(
                self._versions(self.world.stream("acled", key), row, happened)
            )
        return found

    def _told(self) -> Iterator[tuple[str, dict[str, Any], datetime]]:
        for incident in self.world.incidents:
            rng = self.world.stream("acled-row", incident.incident_id)
            yield incident.incident_id, _incident_row(rng, incident), incident.happened_at
        for iso3 in countries():
            rng = self.world.stream("acled-other", iso3)
            expected = _EXTRA_PER_COUNTRY.get(iso3, _OTHER_COUNTRIES) * self.world.scale
            for number in range(round(expected)):
                row, happened = _other_row(rng, iso3)
                yield f"other-{iso3}-{number:04d}", row, happened

    def _versions(self, rng: random.Random, row: dict[str, Any], happened: datetime) -> Iterator[Version]:
        """First published on the Tuesday after the week; about half are edited later, one in forty is deleted."""
        at = _tuesday_after(happened) + timedelta(minutes=rng.randrange(60, 480))
        yield Version(at, _stamped(row, at))
        fate = rng.random()
        while rng.random() < 0.4 and at < WORLD_END:
            at = _tuesday_after(at + timedelta(days=rng.choice((7, 14, 35, 80, 200)))) + timedelta(
                minutes=rng.randrange(60, 480)
            )
            row = _edited(rng, row)
            yield Version(at, _stamped(row, at))
        if fate < 0.025:
            at = _tuesday_after(at + timedelta(days=rng.choice((14, 60)))) + timedelta(minutes=30)
            yield Version(at, None)
            if fate < 0.004:
                # The id is issued anew: what was taken for a double report was none.
                at = _tuesday_after(at + timedelta(days=7)) + timedelta(minutes=90)
                yield Version(at, _stamped(row, at))


def _incident_row(rng: random.Random, incident: Incident) -> dict[str, Any]:
    theatre, iso3 = incident.theatre, incident.country_iso3
    place = incident.place
    if theatre is None:
        is_coup = incident.kind == "coup"
        event, sub = (
            ("Strategic developments", "Non-violent transfer of territory")
            if is_coup
            else ("Protests", "Peaceful protest")
        )
        actors: tuple[tuple[str, str], ...] = (
            ((_state_forces(iso3), "State forces"),)
            if is_coup
            else ((f"Protesters ({_name(iso3)})", "Protesters"),)
        )
        tags = "" if is_coup else f"crowd size={rng.choice(('small', 'medium', 'large'))}"
    else:
        side_a, side_b = _actor(theatre.side_a, iso3), _actor(theatre.side_b, iso3)
        actors = (
            (side_a, (f"Civilians ({_name(iso3)})", "Civilians"))
            if theatre.type_of_violence == 3
            else (side_a, side_b)
        )
        event, sub = _coded(rng, incident)
        tags = "local administrators" if rng.random() < 0.05 else ""
    if len(actors) == 2 and rng.random() < 0.5:
        actors = (actors[1], actors[0])  # the order says nothing of who attacked
    best = 0 if event in ("Protests", "Strategic developments") else incident.best
    return _row(
        rng, iso3, incident.date_end.isoformat(), event, sub, actors,
        place=(place.adm1, place.adm2, place.name, incident.latitude, incident.longitude),
        precision=(min(3, incident.date_precision), {1: 1, 2: 2, 3: 2}.get(incident.where_precision, 3)),
        fatalities=best, tags=tags,
        civilian_targeting="Civilian targeting" if any(kind == "Civilians" for _, kind in actors) else "",
    )  # fmt: skip


def _other_row(rng: random.Random, iso3: str) -> tuple[dict[str, Any], datetime]:
    """Something nobody died in that only ACLED codes."""
    days = (WORLD_END.date() - WORLD_START).days
    day = WORLD_START + timedelta(days=rng.randrange(days))
    place = rng.choice(places_of(iso3))
    if rng.random() < 0.6:
        event, sub = rng.choice(
            (
                ("Protests", "Peaceful protest"),
                ("Protests", "Protest with intervention"),
                ("Riots", "Violent demonstration"),
            )
        )
        who = "Rioters" if event == "Riots" else "Protesters"
        actors = ((f"{who} ({_name(iso3)})", who),)
        tags = f"crowd size={rng.choice(('very small', 'small', 'medium', 'large', 'massive'))}"
    else:
        event, sub, tags = "Strategic developments", rng.choice(_STRATEGIC), ""
        actors = ((_state_forces(iso3), "State forces"),)
    row = _row(
        rng, iso3, day.isoformat(), event, sub, actors,
        place=(place.adm1, place.adm2, place.name, place.latitude, place.longitude),
        precision=(1, 1), fatalities=0, tags=tags, civilian_targeting="",
    )  # fmt: skip
    return row, datetime.combine(day, time(12), UTC)


def _row(
    rng: random.Random,
    iso3: str,
    event_date: str,
    event: str,
    sub: str,
    actors: tuple[tuple[str, str], ...],
    *,
    place: tuple[str, str, str, float, float],
    precision: tuple[int, int],
    fatalities: int,
    tags: str,
    civilian_targeting: str,
) -> dict[str, Any]:
    (actor1, inter1), (actor2, inter2) = (*actors, ("", ""))[:2]
    adm1, adm2, location, latitude, longitude = place
    disorder = {"Protests": "Demonstrations", "Strategic developments": "Strategic developments"}
    if sub == "Violent demonstration":
        disorder["Riots"] = "Demonstrations"
    near = rng.choice((0, 400, 2_500, 12_000, 60_000))
    day = f"{int(event_date[8:])} {_MONTHS[int(event_date[5:7]) - 1]} {event_date[:4]}"
    return {
        "_iso3": iso3,
        "event_date": event_date,
        "year": int(event_date[:4]),
        "time_precision": precision[0],
        "disorder_type": disorder.get(event, "Political violence"),
        "event_type": event,
        "sub_event_type": sub,
        "actor1": actor1,
        "assoc_actor_1": "",
        "inter1": inter1,
        "actor2": actor2,
        "assoc_actor_2": "",
        "inter2": inter2,
        "interaction": "-".join(sorted(filter(None, (inter1, inter2)), key=_INTER_CODE.__getitem__)),
        "civilian_targeting": civilian_targeting,
        "iso": _numeric(iso3),
        "region": _region(iso3),
        "country": _name(iso3),
        "admin1": _unit(adm1),
        "admin2": _unit(adm2),
        "admin3": "",
        "location": location,
        "latitude": latitude,
        "longitude": longitude,
        "geo_precision": precision[1],
        "source": "Made World Wire; Made World Radio Savane",
        "source_scale": "National",
        "notes": f"On {day}, {sub.lower()} in {location} ({_name(iso3)}). {MADE_LABEL}.",
        "fatalities": fatalities,
        "tags": tags,
        "population_1km": near // 8,
        "population_2km": near // 3,
        "population_5km": near,
        "population_best": near // 3,
    }


def _coded(rng: random.Random, incident: Incident) -> tuple[str, str]:
    if incident.theatre is not None and incident.theatre.type_of_violence == 3:
        if incident.kind == "kidnapping":
            return "Violence against civilians", "Abduction/forced disappearance"
        return "Violence against civilians", "Attack"
    if incident.kind == "kidnapping":
        return "Strategic developments", "Arrests"
    draw = rng.random()
    if draw < 0.15:
        return "Explosions/Remote violence", "Remote explosive/landmine/IED"
    if draw < 0.25:
        return "Explosions/Remote violence", "Air/drone strike"
    return "Battles", "Armed clash"


def _edited(rng: random.Random, row: dict[str, Any]) -> dict[str, Any]:
    """One thing changed: the toll, the day, how well the place is known, or the words."""
    change = rng.choice(("fatalities", "fatalities", "event_date", "geo_precision", "notes"))
    if change == "fatalities" and row["event_type"] not in ("Protests", "Strategic developments"):
        return {**row, "fatalities": max(0, row["fatalities"] + rng.choice((-2, -1, 1, 2, 4)))}
    if change == "event_date":
        day = datetime.fromisoformat(row["event_date"]) - timedelta(days=1)
        return {**row, "event_date": day.date().isoformat(), "year": day.year, "time_precision": 2}
    if change == "geo_precision":
        return {**row, "geo_precision": row["geo_precision"] % 3 + 1}
    return {**row, "notes": f"{row['notes']} Details were added."}


def _stamped(row: dict[str, Any], at: datetime) -> dict[str, Any]:
    return {**row, "timestamp": int(at.timestamp())}


def _tuesday_after(at: datetime) -> datetime:
    """The start of the Tuesday after the week that an instant lies in; weeks end on Saturday."""
    day = at.date() + timedelta(days=(5 - at.weekday()) % 7 + 3)
    return datetime.combine(day, time(), UTC)


def _actor(actor: Actor, iso3: str) -> tuple[str, str]:
    if actor.is_state:
        return _state_forces(iso3), "State forces"
    if actor.ucdp_actor_id == 1:
        return f"Civilians ({_name(iso3)})", "Civilians"
    if actor.ucdp_actor_id == 234:
        lake = iso3 in _LAKE_CHAD
        return (
            "ISWAP: Islamic State West Africa Province" if lake else "Islamic State (Sahel)"
        ), "Rebel group"
    kind = {"1": "Rebel group", "2": "Political militia", "3": "Identity militia"}.get(
        actor.org, "Political militia"
    )
    return _ACTOR_NAMES.get(actor.ucdp_actor_id, actor.name), kind


def _state_forces(iso3: str) -> str:
    return f"Military Forces of {_name(iso3)}"


def _name(iso3: str) -> str:
    return countries()[iso3].name


def _unit(name: str) -> str:
    for suffix in (" region", " province", " state", " department", " district", " division", " cercle"):
        name = name.removesuffix(suffix)
    return name


def _region(iso3: str) -> str:
    if iso3 in _MIDDLE_AFRICA:
        return "Middle Africa"
    return {_NORTHERN_AFRICA: "Northern Africa", _EASTERN_AFRICA: "Eastern Africa"}.get(
        iso3, "Western Africa"
    )


def _numeric(iso3: str) -> int:
    return _CODES[iso3][0]


def _prefix(iso3: str) -> str:
    return _CODES[iso3][1]


_CODES = {
    country.country_iso3: (int(country.country_numeric), country.acled_prefix or country.country_iso3)
    for country in reference_countries()
}
# Not strftime's names, which follow the locale.
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
