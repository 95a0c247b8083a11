"""What the made ACLED tells of the history: coded weekly, edited for months, some of it deleted.

Here: the incidents of the world as ACLED would split, word and code them, with their later versions. Not here: how
far that departs from what happened (``retelling``), and the API (``acled_api``). Countries' codes come from the
reference seeds, as the wire's do from ISO.
"""

import random
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, cached_property
from itertools import combinations
from typing import Any, NamedTuple

from expectations.reference import countries as reference_countries
from orchestration.made_world.geography import (
    Actor,
    Place,
    Theatre,
    actors,
    countries,
    km_between,
    places_of,
    theatres,
)
from orchestration.made_world.retelling import (
    NOISE,
    SUMMED_KM,
    Spot,
    across_the_border,
    day_told,
    is_fixed,
    neighbouring,
    own_coordinates,
    spot_told,
    toll_told,
)
from orchestration.made_world.world import (
    BORDER_TOWNS,
    MADE_LABEL,
    WORLD_END,
    WORLD_START,
    Incident,
    World,
    is_open,
)

_JNIM, _IS, _CIVILIANS = 6716, 234, 1
_ACTOR_NAMES = {
    _JNIM: "JNIM: Group for Support of Islam and Muslims",
    529: "MFDC: Movement of Democratic Forces of Casamance",
    1051: "Boko Haram - Jamatu Ahli is-Sunnah lid-Dawatai wal-Jihad",
    6769: "Dozo Communal Militia (Mali)",
    6836: "MSA: Movement for Azawad Salvation",
    7092: "Dan Na Ambassagou",
    7332: "Ambazonian Separatists (Cameroon)",
    990002: "Rapid Support Forces",
}
_ISSP, _ISGS, _ISWAP = (
    "Islamic State Sahel Province (ISSP)",
    "Islamic State (West Africa) - Greater Sahara Faction",
    "Islamic State West Africa Province (ISWAP)",
)
_ISSP_SINCE = date(2022, 3, 22)
_REGIMES = {
    "MLI": ((date(1, 1, 1), "2020-2021"), (date(2021, 5, 24), "2021-")),
    "BFA": ((date(1, 1, 1), "2015-2022"), (date(2022, 1, 24), "2022-2022"), (date(2022, 9, 30), "2022-")),
    "NER": ((date(1, 1, 1), "2021-2023"), (date(2023, 7, 26), "2023-")),
    "NGA": ((date(1, 1, 1), "2015-2023"), (date(2023, 5, 29), "2023-")),
    "TCD": ((date(1, 1, 1), "2021-"),),
    "GIN": ((date(1, 1, 1), "2010-2021"), (date(2021, 9, 5), "2021-")),
    "SEN": ((date(1, 1, 1), "2012-2024"), (date(2024, 4, 2), "2024-")),
    "GHA": ((date(1, 1, 1), "2017-2025"), (date(2025, 1, 7), "2025-")),
    "SDN": ((date(1, 1, 1), "2019-"),),
    "CMR": ((date(1, 1, 1), "1982-"),),
    "BEN": ((date(1, 1, 1), "2016-"),),
    "TGO": ((date(1, 1, 1), "2005-"),),
    "CIV": ((date(1, 1, 1), "2011-"),),
    "MRT": ((date(1, 1, 1), "2019-"),),
    "GMB": ((date(1, 1, 1), "2017-"),),
    "GNB": ((date(1, 1, 1), "2020-"),),
    "ERI": ((date(1, 1, 1), "1993-"),),
}
"""Since when ACLED writes which years after a state's forces; the real regimes, not those of the made history."""
_VDP = "VDP: Volunteer for Defense of Homeland"
_WAGNER, _AFRICA_CORPS = "Wagner Group", "Africa Corps"
_WAGNER_SINCE, _AFRICA_CORPS_SINCE = date(2021, 12, 23), date(2025, 6, 6)
_CENTRAL_SAHEL = frozenset(("MLI", "BFA", "NER"))
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


@dataclass(frozen=True)
class Telling:
    """One event as it stands after all edits: of one incident, of a part of one, of several, or of none."""

    key: str
    incident_ids: tuple[str, ...]
    note: str
    row: dict[str, Any]
    theatre: Theatre | None = None


class Side(NamedTuple):
    """An actor of an event: name, kind, and who is with it."""

    name: str
    kind: str
    associate: str = ""


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
        return {
            event_id: tuple(_versions(self.world.stream("acled", told.key), {**told.row, "event_id_cnty": event_id},
                                      told.theatre))
            for event_id, told in self.tellings.items()
        }  # fmt: skip

    @cached_property
    def tellings(self) -> dict[str, Telling]:
        """By event id, which is a number of the country's own in the order of the days."""
        found = {}
        numbers: dict[str, int] = defaultdict(int)
        for told in sorted(self._told(), key=lambda told: (told.row["event_date"], told.key)):
            iso3 = told.row.pop("_iso3")
            numbers[iso3] += 1
            found[f"{_prefix(iso3)}{numbers[iso3]}"] = told
        return found

    def _told(self) -> Iterator[Telling]:
        yield from self._told_of_incidents()
        for theatre in theatres():
            yield from self._told_alone(theatre)
        for iso3 in countries():
            rng = self.world.stream("acled-other", iso3)
            expected = _EXTRA_PER_COUNTRY.get(iso3, _OTHER_COUNTRIES) * self.world.scale
            for number in range(round(expected)):
                yield Telling(f"other-{iso3}-{number:04d}", (), "", _other_row(rng, iso3))

    def _told_of_incidents(self) -> Iterator[Telling]:
        summed = self._summed()
        for incident in self.world.incidents:
            rng = self.world.stream("acled-row", incident.incident_id)
            if incident.theatre is None:
                yield Telling(incident.incident_id, (incident.incident_id,), "", _unarmed_row(rng, incident))
            elif incident.incident_id in summed:
                other = summed[incident.incident_id]
                if other is not None:
                    yield from _armed(rng, incident, other)
            elif rng.random() >= NOISE.missing or incident.planted:
                yield from _armed(rng, incident)

    def _summed(self) -> dict[str, Incident | None]:
        """By id of an incident: the other one that is told with it, or None where the other's event tells of it."""
        days: dict[tuple[date, int, str], list[Incident]] = defaultdict(list)
        for one in self.world.incidents:
            if one.theatre and one.is_fatal and one.date_start == one.date_end and not is_fixed(one):
                days[one.date_start, one.theatre.dyad_id, one.country_iso3].append(one)
        found: dict[str, Incident | None] = {}
        for incidents in days.values():
            for first, second in combinations(incidents, 2):
                if found.keys() & {first.incident_id, second.incident_id}:
                    continue
                near = km_between(first.latitude, first.longitude, second.latitude, second.longitude)
                rng = self.world.stream("acled-sum", first.incident_id, second.incident_id)
                is_usual = not first.planted and not second.planted
                is_planted = first.planted == second.planted and first.hard_case == "summed_villages"
                if is_planted or (is_usual and near <= SUMMED_KM and rng.random() < NOISE.summed):
                    found[first.incident_id], found[second.incident_id] = second, None
        return found

    def _told_alone(self, theatre: Theatre) -> Iterator[Telling]:
        """Violence that only ACLED tells of: half of it around what others tell of too, in the same days."""
        rng = self.world.stream("acled-alone", theatre.dyad_id, theatre.country_iso3)
        theirs = self._by_theatre[theatre.dyad_id, theatre.country_iso3]
        for number in range(round(NOISE.alone * len(theirs))):
            model = rng.choice(theirs)
            is_nearby = rng.random() < NOISE.alone_nearby
            off = rng.choice((-3, -2, -1, 1, 2, 3)) if is_nearby else rng.randint(20, 200)
            day = (model.date_start if off < 0 else model.date_end) + timedelta(days=off)
            fighting = theatre
            if is_nearby and rng.random() < 0.5:
                fighting = rng.choice(_fighting_in(model.country_iso3, model.place.adm1))
            deaths = rng.choice((0, 0, 0, 0, 1, 1, 2, 4))
            # What happens within the days of a longer incident of the same two in the same place is a part of that.
            during = self._long_incidents[fighting.dyad_id, model.country_iso3, model.place.name]
            if not is_open(fighting, day) or any(one <= day <= last for one, last in during):
                continue
            own = replace(
                model, date_start=day, date_end=day, where_precision=1, planted="", high=deaths,
                deaths_a=0, deaths_b=deaths, deaths_civilians=0, deaths_unknown=0, theatre=fighting,
                kind="attack" if fighting.type_of_violence == 3 else "clash",
            )  # fmt: skip
            key = f"alone-{theatre.dyad_id}-{theatre.country_iso3}-{number:04d}"
            row = _armed_row(rng, own, day, 1, spot_told(rng, own), _sides(rng, own, day, ""), deaths)
            yield Telling(key, (), "alone", row, fighting)

    @cached_property
    def _long_incidents(self) -> dict[tuple[int, str, str], list[tuple[date, date]]]:
        found: dict[tuple[int, str, str], list[tuple[date, date]]] = defaultdict(list)
        for one in self.world.incidents:
            if one.theatre is not None and one.date_start < one.date_end:
                key = (one.theatre.dyad_id, one.country_iso3, one.place.name)
                found[key].append((one.date_start, one.date_end))
        return found

    @cached_property
    def _by_theatre(self) -> dict[tuple[int, str], list[Incident]]:
        found: dict[tuple[int, str], list[Incident]] = defaultdict(list)
        for one in self.world.incidents:
            if one.theatre is not None and one.is_fatal and not is_fixed(one) and not one.hard_case:
                found[one.theatre.dyad_id, one.country_iso3].append(one)
        return found


@cache
def _fighting_in(country_iso3: str, adm1: str) -> tuple[Theatre, ...]:
    return tuple(one for one in theatres() if one.country_iso3 == country_iso3 and adm1 in one.adm1s)


def _versions(rng: random.Random, row: dict[str, Any], theatre: Theatre | None) -> Iterator[Version]:
    """First published on the Tuesday after the week; about half are edited later, one in forty is deleted.

    Drawn from the last version back to the first, so that what stands in the end is what ``retelling`` meant.
    """
    fate = rng.random()
    waits = []
    while rng.random() < 0.4:
        waits.append((rng.choice((7, 14, 35, 80, 200)), rng.randrange(60, 480)))
    rows = [row]
    for _ in waits:
        rows.append(_before_an_edit(rng, rows[-1], theatre))
    day = date.fromisoformat(rows[-1]["event_date"])
    at = _tuesday_after(day) + timedelta(minutes=rng.randrange(60, 480))
    yield Version(at, _stamped(rows.pop(), at))
    for days, minutes in waits:
        if at >= WORLD_END:
            return
        at = _tuesday_after(at.date() + timedelta(days=days)) + timedelta(minutes=minutes)
        yield Version(at, _stamped(rows.pop(), at))
    if fate < 0.025:
        at = _tuesday_after(at.date() + timedelta(days=rng.choice((14, 60)))) + timedelta(minutes=30)
        yield Version(at, None)
        if fate < 0.004:
            # The id is issued anew: what was taken for a double report was none.
            at = _tuesday_after(at.date() + timedelta(days=7)) + timedelta(minutes=90)
            yield Version(at, _stamped(row, at))


def _unarmed_row(rng: random.Random, incident: Incident) -> dict[str, Any]:
    """A coup or a protest: nobody disputes where and when."""
    iso3, day = incident.country_iso3, incident.date_end
    if incident.kind == "coup":
        event, sub, tags = "Strategic developments", "Non-violent transfer of territory", ""
        side = Side(_state_forces(iso3, day), "State forces")
    else:
        event, sub = "Protests", "Peaceful protest"
        tags = f"crowd size={rng.choice(('small', 'medium', 'large'))}"
        side = Side(f"Protesters ({_name(iso3)})", "Protesters")
    spot = Spot(incident.place, incident.place.name, incident.latitude, incident.longitude, 1)
    return _row(
        rng, iso3, day.isoformat(), event, sub, (side,), spot=spot, time_precision=1, fatalities=0, tags=tags
    )


def _armed(rng: random.Random, incident: Incident, other: Incident | None = None) -> Iterator[Telling]:
    """One event of an incident, or of two at once, or an event for each of several days."""
    theatre = incident.theatre
    assert theatre is not None
    fixed, is_unlike = is_fixed(incident), incident.hard_case == "told_unlike"
    case = f"hard:{incident.hard_case}" if incident.hard_case else ""
    days_long = (incident.date_end - incident.date_start).days + 1
    day = rng.choice((incident.date_start, incident.date_end, incident.date_end))
    time_precision = 1 if days_long == 1 else 2 if days_long < 7 else 3
    actor_note = "" if fixed else _actor_told(rng, incident, day, is_unlike)
    sides = _sides(rng, incident, day, actor_note)
    toll = incident.best if fixed else toll_told(rng, incident, is_unlike)
    if days_long > 1 and not fixed and rng.random() < NOISE.split:
        first = incident.date_start
        later = sorted(rng.sample(range(1, days_long), min(days_long - 1, rng.choice((1, 1, 2, 3)))))
        for number, offset in enumerate((0, *later)):
            left = len(later) - number
            share = toll if left == 0 else rng.randint(0, toll)
            toll -= share
            spot = neighbouring(rng, incident.place) if rng.random() < 0.25 else spot_told(rng, incident)
            note = _joined("split", spot.note, actor_note)
            row = _armed_row(rng, incident, first + timedelta(days=offset), 1, spot, sides, share)
            yield Telling(f"{incident.incident_id}-{number}", (incident.incident_id,), note, row, theatre)
        return
    told_day = day if fixed else day_told(rng, theatre, day, is_unlike)
    if abs((told_day - day).days) > 1 or (told_day != day and rng.random() < 0.25):
        time_precision = max(2, time_precision)
    spot = (
        Spot(incident.place, incident.place.name, *own_coordinates(incident.place), 1)
        if fixed
        else spot_told(rng, incident, is_unlike)
    )
    iso3 = incident.country_iso3
    if incident.hard_case == "border_town":
        iso3 = next(
            there
            for dyad_id, country, town, there in BORDER_TOWNS
            if (dyad_id, country, town) == (theatre.dyad_id, iso3, incident.place.name)
        )
        beyond = across_the_border(incident.place, iso3)
        spot = Spot(beyond, beyond.name, beyond.latitude, beyond.longitude, 2, "other_country")
    ids = (incident.incident_id,)
    if other is not None:
        ids, toll = (*ids, other.incident_id), toll + other.best
    note = _joined(
        case,
        "sum" if other else "",
        "misdated" if not incident.date_start <= told_day <= incident.date_end else "",
        spot.note,
        actor_note,
        "other_toll" if other is None and toll != incident.best else "",
    )
    row = _armed_row(rng, incident, told_day, time_precision, spot, sides, toll, iso3)
    yield Telling(incident.incident_id, ids, note, row, theatre)


def _joined(*notes: str) -> str:
    return " ".join(dict.fromkeys(filter(None, notes)))


def _armed_row(
    rng: random.Random, incident: Incident, day: date, time_precision: int, spot: Spot,
    sides: tuple[Side, Side], deaths: int, iso3: str = "",
) -> dict[str, Any]:  # fmt: skip
    event, sub = _coded(rng, incident)
    if rng.random() < 0.5:
        sides = (sides[1], sides[0])  # the order says nothing of who attacked
    return _row(
        rng, iso3 or incident.country_iso3, day.isoformat(), event, sub, sides, spot=spot,
        time_precision=time_precision,
        fatalities=0 if event == "Strategic developments" else deaths,
        tags="local administrators" if rng.random() < 0.05 else "",
    )  # fmt: skip


# Who it was


def _actor_told(rng: random.Random, incident: Incident, day: date, must_differ: bool) -> str:
    """How the armed group is told of otherwise than as itself; mostly empty."""
    assert incident.theatre is not None
    draw = rng.random()
    ids = {incident.theatre.side_a.ucdp_actor_id, incident.theatre.side_b.ucdp_actor_id}
    may_be_either = incident.country_iso3 in _CENTRAL_SAHEL and len(ids & {_JNIM, _IS}) == 1
    if must_differ:
        return rng.choice(("unidentified", "compound"))
    if draw < NOISE.unidentified:
        return "unidentified"
    if draw < NOISE.unidentified + NOISE.wrong_actor:
        return "wrong_actor"
    # Drawn of all, told where it can be: so its share of those is larger.
    if draw < NOISE.unidentified + NOISE.wrong_actor + 2 * NOISE.compound and may_be_either:
        return "compound"
    return ""


def _sides(rng: random.Random, incident: Incident, day: date, note: str) -> tuple[Side, Side]:
    theatre = incident.theatre
    assert theatre is not None
    group = theatre.side_a if theatre.type_of_violence == 3 else theatre.side_b
    other = theatre.side_b if theatre.type_of_violence == 3 else theatre.side_a
    if theatre.type_of_violence == 2 and rng.random() < 0.5:
        group, other = other, group
    if note == "compound" and group.ucdp_actor_id not in (_JNIM, _IS):
        group, other = other, group
    return _group(rng, incident, group, other, day, note), _side(rng, other, incident, day)


def _group(rng: random.Random, incident: Incident, group: Actor, other: Actor, day: date, note: str) -> Side:
    if note == "compound":
        names = f"{_ACTOR_NAMES[_JNIM]} and/or {_islamic_state(incident.place, day)}"
        return Side(names, "Rebel group")
    if note == "wrong_actor":
        rivals = _rivals(incident, group, other, day)
        if rivals:
            return _side(rng, rng.choice(rivals), incident, day)
    if note:
        return Side(f"Unidentified Armed Group ({_name(incident.country_iso3)})", "Political militia")
    return _side(rng, group, incident, day)


def _rivals(incident: Incident, group: Actor, other: Actor, day: date) -> list[Actor]:
    """Whom else it might be blamed on: who fights in that country then. Nobody appears there before its first day."""
    found = {
        actor.ucdp_actor_id
        for theatre in theatres()
        if theatre.country_iso3 == incident.country_iso3 and is_open(theatre, day)
        for actor in (theatre.side_a, theatre.side_b)
        if not actor.is_state and actor.ucdp_actor_id != _CIVILIANS
    } - {group.ucdp_actor_id, other.ucdp_actor_id}
    if other.ucdp_actor_id in (_JNIM, _IS):
        found -= {_JNIM, _IS}  # the truce of the two holds whoever tells of it
    return [actors()[actor_id] for actor_id in sorted(found)]


def _side(rng: random.Random, actor: Actor, incident: Incident, day: date) -> Side:
    iso3, place = incident.country_iso3, incident.place
    if actor.ucdp_actor_id == _CIVILIANS:
        return Side(f"Civilians ({_name(iso3)})", "Civilians")
    draw = rng.random()
    if actor.is_state:
        # An army abroad is still its own country's.
        home = next(one.iso3 for one in countries().values() if one.gw == actor.gwno_location[0])
        forces = _state_forces(home, day)
        if home == "BFA" and draw < 0.08:
            return Side(_VDP, "Identity militia", forces if draw < 0.04 else "")
        if home == "BFA" and draw < 0.4:
            return Side(forces, "State forces", _VDP)
        if home == "MLI" and draw < 0.2 and day >= _WAGNER_SINCE:
            return Side(forces, "State forces", _AFRICA_CORPS if day >= _AFRICA_CORPS_SINCE else _WAGNER)
        if home in _CENTRAL_SAHEL and draw > 0.96:
            return Side(f"{forces.replace('Military', 'Police')} Gendarmerie", "State forces")
        return Side(forces, "State forces")
    if actor.ucdp_actor_id == _IS:
        return Side(_islamic_state(place, day), "Rebel group")
    kind = {"1": "Rebel group", "2": "Political militia", "3": "Identity militia"}.get(
        actor.org, "Political militia"
    )
    if actor.ucdp_actor_id == _JNIM and place.adm1 in ("Mopti region", "Segou region"):
        if draw < 0.03:
            return Side("Katiba Macina", kind)
        if draw < 0.2:
            return Side(_ACTOR_NAMES[_JNIM], kind, "Katiba Macina")
    return Side(_ACTOR_NAMES.get(actor.ucdp_actor_id, actor.name), kind)


def _islamic_state(place: Place, day: date) -> str:
    if place.country_iso3 in _LAKE_CHAD or place.adm1 == "Diffa region":
        return _ISWAP
    return _ISSP if day >= _ISSP_SINCE else _ISGS


def _state_forces(iso3: str, day: date) -> str:
    years = [years for since, years in _REGIMES[iso3] if since <= day][-1]
    return f"Military Forces of {_name(iso3)} ({years})"


def _other_row(rng: random.Random, iso3: str) -> dict[str, Any]:
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
        side = Side(f"{who} ({_name(iso3)})", who)
        tags = f"crowd size={rng.choice(('very small', 'small', 'medium', 'large', 'massive'))}"
    else:
        event, sub, tags = "Strategic developments", rng.choice(_STRATEGIC), ""
        side = Side(_state_forces(iso3, day), "State forces")
    spot = Spot(place, place.name, *own_coordinates(place), 1)
    return _row(
        rng, iso3, day.isoformat(), event, sub, (side,), spot=spot, time_precision=1, fatalities=0, tags=tags
    )


def _row(
    rng: random.Random,
    iso3: str,
    event_date: str,
    event: str,
    sub: str,
    sides: tuple[Side, ...],
    *,
    spot: Spot,
    time_precision: int,
    fatalities: int,
    tags: str,
) -> dict[str, Any]:
    one, two = (*sides, Side("", ""))[:2]
    place = spot.place
    disorder = {"Protests": "Demonstrations", "Strategic developments": "Strategic developments"}
    if sub == "Violent demonstration":
        disorder["Riots"] = "Demonstrations"
    near = rng.choice((0, 400, 2_500, 12_000, 60_000))
    day = f"{int(event_date[8:])} {_MONTHS[int(event_date[5:7]) - 1]} {event_date[:4]}"
    return {
        "_iso3": iso3,
        "event_date": event_date,
        "year": int(event_date[:4]),
        "time_precision": time_precision,
        "disorder_type": disorder.get(event, "Political violence"),
        "event_type": event,
        "sub_event_type": sub,
        "actor1": one.name,
        "assoc_actor_1": one.associate,
        "inter1": one.kind,
        "actor2": two.name,
        "assoc_actor_2": two.associate,
        "inter2": two.kind,
        "interaction": "-".join(sorted(filter(None, (one.kind, two.kind)), key=_INTER_CODE.__getitem__)),
        "civilian_targeting": "Civilian targeting" if "Civilians" in (one.kind, two.kind) else "",
        "iso": _numeric(iso3),
        "region": _region(iso3),
        "country": _name(iso3),
        "admin1": _unit(place.adm1),
        "admin2": _unit(place.adm2) if spot.precision < 3 else "",
        "admin3": "",
        "location": spot.location,
        "latitude": spot.latitude,
        "longitude": spot.longitude,
        "geo_precision": spot.precision,
        "source": "Made World Wire; Made World Radio Savane",
        "source_scale": "National",
        "notes": f"On {day}, {sub.lower()} in {spot.location} ({_name(iso3)}). {MADE_LABEL}.",
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


def _before_an_edit(rng: random.Random, row: dict[str, Any], theatre: Theatre | None) -> dict[str, Any]:
    """What stood before one thing was changed: the toll, the day, how well the place is known, or the words."""
    change = rng.choice(("fatalities", "fatalities", "event_date", "geo_precision", "notes"))
    if change == "fatalities" and row["event_type"] not in ("Protests", "Strategic developments"):
        return {**row, "fatalities": max(0, row["fatalities"] + rng.choice((-4, -2, -1, 1, 2)))}
    if change == "event_date":
        day = date.fromisoformat(row["event_date"]) + timedelta(days=1)
        if theatre is None or is_open(theatre, day):
            return {**row, "event_date": day.isoformat(), "year": day.year, "time_precision": 2}
    if change == "geo_precision":
        return {**row, "geo_precision": row["geo_precision"] % 3 + 1}
    return {**row, "notes": f"{row['notes']} Details are awaited."}


def _stamped(row: dict[str, Any], at: datetime) -> dict[str, Any]:
    return {**row, "timestamp": int(at.timestamp())}


def _tuesday_after(day: date) -> datetime:
    """The start of the Tuesday after the week that a day lies in; weeks end on Saturday."""
    return datetime.combine(day + timedelta(days=(5 - day.weekday()) % 7 + 3), time(), UTC)


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
