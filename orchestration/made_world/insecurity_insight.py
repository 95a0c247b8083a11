"""Made incidents as Insecurity Insight would tell of them: some of the world's, seen from schools, clinics, aid, camps.

What belongs here: which incidents each topic has at an instant, their revisions and removals, and the wire's shapes.
What does not: how far days
depart (``retelling``) and the protocol (``insecurity_insight_api``). The fields on sexual violence stand in the wire format
and are always 0: the made world has none.

An incident appears on the 10th of the month after it. About one in seven is revised later (its counts), one in
fifty is taken back. The wire is as ragged as the real one: counts are texts here and numbers there, the id and the
date differ by topic, and blanks trail.
"""

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from orchestration.made_world.geography import Actor, Place, countries
from orchestration.made_world.retelling import NOISE, day_told, is_fixed, middle_of_unit
from orchestration.made_world.world import MADE_LABEL, Incident, World

FIRST_ID, FIRST_HARD_ID = 50_000, 500_000
TOPICS = ("education", "aidworkerKIKA", "protection", "healthcare")
_SHARES = {"education": 0.06, "aidworkerKIKA": 0.03, "protection": 0.025, "healthcare": 0.05}
_ATTACKS = ("clash", "attack", "convoy_attack", "kidnapping")
_CONVOYS = ("aidworkerKIKA", "convoy_attack")
_REVISED, _REMOVED = 0.15, 0.02
_HARD_CASE_SHARE = 6
"""How many times the usual share of the hard cases it tells of: a third telling makes them harder."""

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_PRECISION = {
    2: ("(2) 25 km precision ", "(2) 25 km precision"),
    3: ("(3) District, Communicipality or Commune ",),
    4: ("(4) Province, State, Governorate ",),
    5: ("(5) Linear feature e.g. along a road or river ",),
    6: ("(6) Country",),
}
_PRECISION_WEIGHTS = {2: 63, 3: 32, 4: 4, 6: 1}
"""About the shares of the real file on education."""
_NAMES = {
    6716: "Jama'at Nasr al-Islam wal Muslimin",
    1051: "Boko Haram",
    7332: "Ambazonian Separatists",
    990002: "Rapid Support Forces",
}
_NO_INFORMATION, _UNIDENTIFIED = "No Information", "Unidentified Armed Actor"
_WEAPONS = ("Firearms", "Arson", "Unspecified IED", "Shelling", "Knife")


@dataclass(frozen=True)
class Told:
    """An incident in one topic: since when, how often counted anew, and until when."""

    incident: Incident
    appears_at: datetime
    revised_at: datetime | None
    removed_at: datetime | None
    counts: tuple[int, int, int, int]
    """killed, injured, kidnapped, arrested, as first told."""
    counts_revised: tuple[int, int, int, int]
    weapon: str
    view: "View"


@dataclass(frozen=True)
class View:
    """What it takes to be the day, the place and the perpetrator, in every topic alike."""

    day: date
    latitude: float
    longitude: float
    geo_precision: int
    is_trailing: bool
    """Whether a blank follows the words on precision, as it does at random."""
    perpetrator_kind: str
    perpetrator_name: str
    note: str


class MadeInsecurityInsight:
    """The topics of one world. ``rows`` is what the API asks for."""

    def __init__(self, world: World) -> None:
        self.world = world

    @cached_property
    def views(self) -> dict[str, View]:
        """By id of the incident."""
        return {told.incident.incident_id: told.view for topic in self.told.values() for told in topic}

    @cached_property
    def told(self) -> dict[str, list[Told]]:
        """By topic, in the order of the incidents."""
        drawn: dict[str, list[Told]] = defaultdict(list)
        for incident in self.world.incidents:
            if incident.kind not in _ATTACKS or incident.theatre is None:
                continue
            for topic in TOPICS:
                rng = self.world.stream("insecurity_insight", topic, incident.incident_id)
                share = _SHARES[topic] * (4 if (topic, incident.kind) == _CONVOYS else 1)
                share *= _HARD_CASE_SHARE if incident.hard_case else 1
                if rng.random() >= share:
                    continue
                killed = min(incident.deaths_civilians, rng.randrange(3))
                counts = (
                    killed,
                    rng.choice((0, 0, 0, 1, 2)),
                    rng.randint(1, 5) if incident.kind == "kidnapping" else 0,
                    rng.choice((0,) * 9 + (1,)),
                )
                view = _view(self.world.stream("insecurity_insight-view", incident.incident_id), incident)
                appears_at = _tenth_of_next_month(max(view.day, incident.date_end))
                is_revised, is_removed = rng.random() < _REVISED, rng.random() < _REMOVED
                drawn[topic].append(
                    Told(
                        incident,
                        appears_at,
                        appears_at + timedelta(days=rng.randint(20, 180)) if is_revised else None,
                        appears_at + timedelta(days=rng.randint(40, 300)) if is_removed else None,
                        counts,
                        (counts[0] + rng.choice((0, 1)), counts[1] + 1, *counts[2:]),
                        rng.choice(_WEAPONS),
                        view,
                    )
                )
        return drawn

    def rows(self, topic: str, as_of: datetime) -> list[dict[str, Any]] | None:
        """A topic's incidents at an instant, newest first; None where there is no such topic."""
        if topic not in TOPICS:
            return None
        standing = [
            told
            for told in self.told[topic]
            if told.appears_at <= as_of and not (told.removed_at and told.removed_at <= as_of)
        ]
        standing.sort(key=lambda told: (told.view.day, told.incident.incident_id), reverse=True)
        return [_row(topic, told, as_of) for told in standing]


def event_id(incident: Incident) -> int:
    """The publisher's id: the same in every topic, whenever it is asked for."""
    number, _, hard = incident.incident_id.removeprefix("I").partition("h")
    return FIRST_HARD_ID + int(hard) if hard else FIRST_ID + int(number)


def _tenth_of_next_month(day: date) -> datetime:
    next_month = (day.replace(day=1) + timedelta(days=32)).replace(day=10)
    return datetime.combine(next_month, time(12), UTC)


def _view(rng: random.Random, incident: Incident) -> View:
    """Coarser than UCDP's: of the place mostly the town, of the perpetrator often nothing."""
    theatre, place = incident.theatre, incident.place
    assert theatre is not None
    draw = rng.random()
    day = incident.date_start
    if not is_fixed(incident) and rng.random() < NOISE.one_day_off:
        day = day_told(rng, theatre, day, must_differ=True)
    precision = rng.choices(tuple(_PRECISION_WEIGHTS), weights=tuple(_PRECISION_WEIGHTS.values()))[0]
    if precision == 4:
        spot = middle_of_unit(place)
        latitude, longitude = spot.latitude, spot.longitude
    elif precision == 6:
        latitude, longitude = (
            countries()[place.country_iso3].latitude,
            countries()[place.country_iso3].longitude,
        )
    elif rng.random() < 0.5:
        # Minutes of arc, as a gazetteer of districts has them.
        latitude, longitude = round(place.latitude * 60) / 60, round(place.longitude * 60) / 60
    else:
        latitude, longitude = place.latitude, place.longitude
    actor = theatre.side_a if theatre.type_of_violence == 3 else theatre.side_b
    kind, name = ("Host Government: Military" if actor.is_state else "NSA"), _name(actor, place)
    if draw < NOISE.unnamed_perpetrator / 2:
        kind = name = _NO_INFORMATION
    elif draw < NOISE.unnamed_perpetrator:
        kind, name = "NSA", _UNIDENTIFIED
    notes = (
        f"hard:{incident.hard_case}" if incident.hard_case else "",
        "misdated" if day != incident.date_start else "",
        "imprecise" if precision > 3 else "",
        "unidentified" if draw < NOISE.unnamed_perpetrator else "",
    )
    return View(
        day, latitude, longitude, precision, rng.random() < 0.5, kind, name, " ".join(filter(None, notes))
    )


def _name(actor: Actor, place: Place) -> str:
    if actor.is_state:
        home = next(one for one in countries().values() if one.gw == actor.gwno_location[0])
        return f"{home.demonym} Armed Forces"
    if actor.ucdp_actor_id == 234:
        is_lake = place.country_iso3 in ("NGA", "TCD", "CMR") or place.adm1 == "Diffa region"
        return "Islamic State West Africa Province" if is_lake else "Islamic State of the Greater Sahara"
    return _NAMES.get(actor.ucdp_actor_id, actor.name)


def _row(topic: str, told: Told, as_of: datetime) -> dict[str, Any]:
    counts = told.counts_revised if told.revised_at and told.revised_at <= as_of else told.counts
    return _SHAPES[topic](told, counts)


def _common(told: Told, what: str, date_suffix: str = "") -> dict[str, Any]:
    """The fields at the head of every topic."""
    incident, view = told.incident, told.view
    day, country = view.day, countries()[incident.country_iso3]
    return {
        "Date": f"{day.isoformat()}{date_suffix}",
        "Event Description": (
            f"{day.day:02d} {_MONTHS[day.month - 1]} {day.year}: {what} near {incident.place.name}. "
            f"({MADE_LABEL}.) "
        ),
        "Country": country.name,
        "Country ISO": incident.country_iso3,
        "Admin 1": incident.place.adm1,
        "Latitude": f"{view.latitude:.10f}",
        "Longitude": f"{view.longitude:.10f}",
        "Geo Precision": _PRECISION[view.geo_precision][
            view.is_trailing % len(_PRECISION[view.geo_precision])
        ],
    }


def _perpetrator(told: Told) -> dict[str, Any]:
    return {
        "Reported Perpetrator": told.view.perpetrator_kind,
        "Reported Perpetrator Name": told.view.perpetrator_name,
        "Weapon Carried/Used": told.weapon,
    }


def _outcome(counts: tuple[int, int, int, int]) -> str | None:
    return "NoInformation" if counts[2] or counts[3] else None


def _education(told: Told, counts: tuple[int, int, int, int]) -> dict[str, Any]:
    burnt = told.weapon == "Arson"
    return {
        **_common(told, "A school was attacked"),
        "Location of event": "Education Building ",
        **_perpetrator(told),
        "Type of education facility": "Primary School" if event_id(told.incident) % 2 else "Secondary School",
        "Attacks on Schools": 1,
        "Attacks on Universities": 0,
        "Military Occupation of Education facility": 0,
        "Arson attack on education facility": int(burnt),
        "Forced Entry into education facility": int(not burnt),
        "Damage/Destruction To Ed facility Event": int(burnt),
        "Attacks on Students and Teachers": sum(counts) > 0,
        "Educators Killed": str(counts[0]),
        "Educators Injured": "0",
        "Educators Kidnapped": str(counts[2]),
        "Educators Arrested": str(counts[3]),
        "Known Educators Kidnap Or Arrest Outcome": _outcome(counts),
        "Students Attacked in School": "0",
        "Students Killed": "0",
        "Students Injured": str(counts[1]),
        "Students Kidnapped": "0",
        "Known Student Kidnap Or Arrest Outcome": None,
        "Students Arrested": "0",
        "Sexual Violence Affecting School Age Children": "0",
        "SiND Event ID": event_id(told.incident),
    }


def _aid_workers(told: Told, counts: tuple[int, int, int, int]) -> dict[str, Any]:
    return {
        **_common(told, "An aid team was stopped"),
        "Location of Incident": "Road",
        **_perpetrator(told),
        "Organisation Affected": "INGO",
        "Programme Focus": "Food Security",
        "Aid Workers Killed": str(counts[0]),
        "Aid Workers Injured": str(counts[1]),
        "Aid Workers Kidnapped": str(counts[2]),
        "Aid Workers Arrested": str(counts[3]),
        "Known Kidnapping or Arrest Outcome": _outcome(counts),
        "Aid Workers Killed in Captivity": "0",
        "National Aid Workers Killed": str(counts[0]),
        "International Aid Workers Killed": "0",
        "SiND Event ID": event_id(told.incident),
    }


def _protection(told: Told, counts: tuple[int, int, int, int]) -> dict[str, Any]:
    return {
        **_common(told, "A camp was attacked", date_suffix="T00:00:00.000Z"),
        "Camp Name": f"Made camp of {told.incident.place.name}",
        **_perpetrator(told),
        "Protection Event Context": "Targetted Attack on Camp",
        "Victim of Violence": "Camp Resident ",
        "Survivor or Victim Sex": "No Information",
        "Survivor or Victim Minor": "No Information About Age",
        "Number of Attacks on Camps Reporting Destruction": "0",
        "Number of Attacks on Camps Reporting Damaged": str(int(told.weapon == "Arson")),
        "Camp Resident Killed": str(counts[0]),
        "Camp Resident Injured": str(counts[1]),
        "Camp Residents Kidnapped": str(counts[2]),
        "Camp Residents Arrested": str(counts[3]),
        "Camp Residents Targeted with CRSV": "0",
        "Service Provider Killed": "0",
        "Service Provider Kidnapped": "0",
        "Service Provider Arrested": "0",
        "Service Provider Targeted with CRSV": "0",
        "SiND ID": event_id(told.incident),
    }


def _health(told: Told, counts: tuple[int, int, int, int]) -> dict[str, Any]:
    return {
        **_common(told, "A health post was looted"),
        **_perpetrator(told),
        "Location of Incident": "Health building",
        "Number of Attacks on Health Facilities Reporting Destruction": "0",
        "Number of Attacks on Health Facilities Reporting Damaged": str(int(told.weapon == "Arson")),
        "Forceful Entry into Health Facility": "1",
        "Occupation of Health Facility": "0",
        "Looting/Theft/Robbery/Burglary of Health Supplies": "1",
        "Access Denied or Obstructed": False,
        "Health Workers Killed": str(counts[0]),
        "Health Workers Injured": str(counts[1]),
        "Health Workers Kidnapped": str(counts[2]),
        "Health Workers Arrested": str(counts[3]),
        "Known Kidnapping or Arrest Outcome": _outcome(counts),
        "Health Workers Threatened": "0",
        "Health Workers Assaulted": "0",
        "Health Workers Sexually Assaulted": "0",
        "Conflict-Related Violence": "ConflictEvent",
        "SiND Event ID": event_id(told.incident),
    }


_SHAPES: dict[str, Callable[[Told, tuple[int, int, int, int]], dict[str, Any]]] = {
    "education": _education,
    "aidworkerKIKA": _aid_workers,
    "protection": _protection,
    "healthcare": _health,
}
