"""How UCDP tells the made history: events with their revisions, releases, files and the actor list.

What belongs here: which incidents become events, how each event changes from release to release, and the
bytes of every file. What does not: HTTP (server), what is published by when as a whole (publishers).

An event is a small biography: when the coders first knew it, what they changed and when, whether they
withdrew or restored it. A release is the state of those biographies at its cutoff, so any release can be
made on its own and all of them agree.
"""

import calendar
import csv
import io
import random
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

from orchestration.made_world.geography import Theatre, actors, countries, priogrid_gid, theatres
from orchestration.made_world.world import MADE_LABEL, TRUCE_DYAD_ID, WORLD_END, WORLD_START, Incident, World

GED_COLUMNS = (
    "id", "relid", "year", "active_year", "code_status", "type_of_violence", "conflict_dset_id",
    "conflict_new_id", "conflict_name", "dyad_dset_id", "dyad_new_id", "dyad_name", "side_a_dset_id",
    "side_a_new_id", "side_a", "side_b_dset_id", "side_b_new_id", "side_b", "number_of_sources",
    "source_article", "source_office", "source_date", "source_headline", "source_original", "where_prec",
    "where_coordinates", "where_description", "adm_1", "adm_2", "latitude", "longitude", "geom_wkt",
    "priogrid_gid", "country", "country_id", "region", "event_clarity", "date_prec", "date_start", "date_end",
    "deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown", "best", "high", "low", "gwnoa", "gwnob",
)  # fmt: skip
"""The bulk CSV's 49 columns, in file order."""

ACTOR_COLUMNS = (
    "ActorId", "NameData", "NameOrig", "NameOrigFull", "NameOrigFullEng", "NameChange", "NewName",
    "NewNameFullMotherTongue", "NewNameFullEng", "Org", "ConflictId", "DyadId", "PrimaryParty", "OSID",
    "OSCoalition", "OSCoalitionID", "NSID", "NSCoalition", "NSCoalitionID", "Splinter", "NamePrev",
    "ActorIdPrev", "SplitTemp", "NameSplitTemp", "ActorIdSplitTemp", "Alliance", "NameAlliance",
    "ActorIdAlliance", "JoinGroup", "GroupName", "ActorIdGroup", "Location", "GWNOLoc", "Region", "Version",
)  # fmt: skip

FIRST_EVENT_ID = 9_000_001
"""Far above UCDP's own ids, so that a made event is never taken for a real one."""

_UNCLEAR = ("Check dyad", "Check deaths", "Check geography", "Check type of violence", "Low confidence")
_OFFICES = ("Made World Wire", "Le Courrier inventé", "Made Harmattan Review", "Radio Savane (inventée)")
HEADERLESS_RELEASE = "24.0.1"
"""Published without a header row, as the publisher once did."""
REPUBLISHED_RELEASE = "26.0.4"
"""Published a second time a week later under the same name, with a correction."""


@dataclass(frozen=True)
class Release:
    """One published file of events. ``cutoff`` is when the coders closed it."""

    name: str
    kind: str
    """annual, monthly or cumulative."""
    path: str
    published_at: datetime
    cutoff: datetime
    year: int
    """The year it covers; an annual covers it and all before."""
    month: int
    """The last month it covers."""

    @property
    def covered_to(self) -> date:
        return date(self.year, self.month, calendar.monthrange(self.year, self.month)[1])

    @property
    def covered_from(self) -> date:
        """From here to ``covered_to`` it replaces all that was known; a monthly only the ids it names."""
        if self.kind == "annual":
            return date(1989, 1, 1)
        return date(self.year, 1 if self.kind == "cumulative" else self.month, 1)


@dataclass
class Event:
    """The biography of one UCDP id."""

    event_id: int
    relid: str
    incident: Incident
    known_at: datetime
    changes: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)
    """What the coders changed, in order; the first is at ``known_at``."""
    withdrawn_at: datetime | None = None
    restored_at: datetime | None = None
    duplicate_of: int | None = None

    def state_at(self, cutoff: datetime) -> dict[str, Any] | None:
        """Its coded fields then; None if it was not known yet, or withdrawn."""
        if cutoff < self.known_at:
            return None
        if (
            self.withdrawn_at
            and self.withdrawn_at <= cutoff
            and not (self.restored_at and self.restored_at <= cutoff)
        ):
            return None
        state: dict[str, Any] = {}
        for at, change in self.changes:
            if at <= cutoff:
                state.update(change)
        return state

    def changed_between(self, after: datetime, to: datetime) -> bool:
        moments = [at for at, _ in self.changes]
        if self.restored_at:
            moments.append(self.restored_at)
        return any(after < at <= to for at in moments)


class Ucdp:
    """UCDP's side of one world."""

    def __init__(self, world: World) -> None:
        self.world = world

    @cached_property
    def releases(self) -> tuple[Release, ...]:
        """All releases in the order of publication."""
        found = []
        for year in range(WORLD_START.year, WORLD_END.year + 1):
            for month in range(1, 13):
                published = _month_after(year, month, 20, hour=9)
                found.append(
                    Release(
                        f"{year % 100}.0.{month}",
                        "monthly",
                        f"/downloads/candidateged/GEDEvent_v{year % 100}_0_{month}.csv",
                        published,
                        published - timedelta(days=6),
                        year,
                        month,
                    )
                )
                if month % 3 == 0:
                    published = _month_after(year, month, 24, hour=10)
                    found.append(
                        Release(
                            f"{year % 100}.01.{year % 100}.{month:02d}",
                            "cumulative",
                            f"/downloads/candidateged/GEDEvent_v{year % 100}_01_{year % 100}_{month:02d}.csv",
                            published,
                            published - timedelta(days=6),
                            year,
                            month,
                        )
                    )
            published = datetime(year + 1, 6, 8, 8, tzinfo=UTC)
            found.append(
                Release(
                    f"{(year + 1) % 100}.1",
                    "annual",
                    f"/downloads/ged/ged{(year + 1) % 100}1-csv.zip",
                    published,
                    published - timedelta(days=21),
                    year,
                    12,
                )
            )
        in_world = [
            one for one in found if one.covered_to >= WORLD_START and one.covered_to < WORLD_END.date()
        ]
        return tuple(sorted(in_world, key=lambda one: (one.published_at, one.name)))

    def release(self, name: str) -> Release:
        for one in self.releases:
            if one.name == name:
                return one
        raise KeyError(f"the made world has no UCDP release {name!r}")

    def published_at(self, release: Release, as_of: datetime) -> datetime | None:
        """When the file that stands there at ``as_of`` was put there; None if there is none yet."""
        if as_of < release.published_at:
            return None
        again = release.published_at + timedelta(days=7)
        return again if release.name == REPUBLISHED_RELEASE and as_of >= again else release.published_at

    @property
    def events(self) -> tuple[Event, ...]:
        """All events by id, with everything that ever happens to them."""
        return self._told[0]

    @property
    def planted(self) -> dict[str, list[int]]:
        """Ids that were given a special fate, by the name of that fate."""
        return self._told[1]

    @cached_property
    def _told(self) -> tuple[tuple[Event, ...], dict[str, list[int]]]:
        events = []
        for incident in self.world.incidents:
            if not incident.is_fatal or incident.theatre is None:
                continue
            rng = self.world.stream("ucdp", incident.incident_id)
            if rng.random() < 0.06 and not incident.planted:
                continue  # UCDP misses some, as every source does
            event = _biography(rng, incident)
            events.append(event)
            if rng.random() < 0.008 and not incident.planted:
                events.append(_duplicate(rng, event))
        # Ids follow the order in which the coders came to know, so they are unique and not in date order.
        events.sort(key=lambda one: (one.known_at, one.incident.incident_id, one.duplicate_of is not None))
        rng = self.world.stream("ucdp-ids")
        next_id = FIRST_EVENT_ID
        first_id: dict[str, int] = {}
        numbers: dict[tuple[int, int], int] = {}
        for event in events:
            event.event_id = next_id
            next_id += rng.randint(1, 9)
            if event.duplicate_of is None:
                first_id[event.incident.incident_id] = event.event_id
            event.relid = _relid(event, numbers)
        for event in events:
            if event.duplicate_of is not None:
                event.duplicate_of = first_id[event.incident.incident_id]
        return tuple(events), _plant(events)

    def rows(self, release: Release, cutoff: datetime | None = None) -> list[dict[str, Any]]:
        """The release's rows as typed values, by id."""
        cutoff = cutoff or release.cutoff
        previous = self._previous_cutoff(release)
        found = []
        for event in self.events:
            state = event.state_at(cutoff)
            if state is None:
                continue
            end: date = state["date_end"]
            if release.kind == "annual":
                wanted = end.year <= release.year
            elif release.kind == "cumulative":
                wanted = end.year == release.year and end.month <= release.month
            else:
                wanted = end.year == release.year and (
                    end.month == release.month
                    or (end.month < release.month and event.changed_between(previous, cutoff))
                )
            if wanted:
                found.append(_row(event, state, annual=release.kind == "annual"))
        return sorted(found, key=lambda row: row["id"])

    def _previous_cutoff(self, release: Release) -> datetime:
        """Where the month before it was closed: what changed since then is restated in a monthly."""
        before = [one for one in self.releases if one.kind == "monthly" and one.year == release.year]
        cutoffs = [one.cutoff for one in before if one.month < release.month]
        return max(cutoffs, default=datetime(release.year, 1, 1, tzinfo=UTC))

    def rows_as_of(self, release: Release, as_of: datetime) -> list[dict[str, Any]]:
        """What the file says at that instant (it differs only for the release that is published twice)."""
        standing = self.published_at(release, as_of)
        if standing is None:
            raise LookupError(f"UCDP release {release.name} is not published at {as_of.isoformat()}")
        return self.rows(release, release.cutoff + (standing - release.published_at))

    def file(self, release: Release, as_of: datetime) -> bytes:
        """The release's bytes: CSV for a candidate, a zip with one CSV for an annual."""
        text = io.StringIO()
        writer = csv.writer(text)  # CRLF and minimal quoting, as the publisher writes
        if release.name != HEADERLESS_RELEASE:
            writer.writerow(GED_COLUMNS)
        for row in self.rows_as_of(release, as_of):
            writer.writerow([_csv_value(row[name]) for name in GED_COLUMNS])
        content = text.getvalue().encode()
        if release.kind != "annual":
            return content
        return zip_of(f"GEDEvent_v{release.name.replace('.', '_')}.csv", content)

    def actor_list(self, year: int) -> bytes:
        """The actor file that goes with the annual of ``year``: UTF-8 with a byte order mark, LF."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(ACTOR_COLUMNS)
        for actor in actors().values():
            if actor.name == "Civilians" or (actor.valid_from and actor.valid_from.year >= year):
                continue
            dyads = [
                one for one in theatres() if actor in (one.side_a, one.side_b) and one.first_date.year < year
            ]
            gw_names = {country.gw: country.ucdp_name for country in countries().values()}
            row = dict.fromkeys(ACTOR_COLUMNS, "")
            row.update(
                ActorId=actor.ucdp_actor_id,
                NameData=actor.name,
                NameOrig=actor.name,
                NameOrigFull=actor.name_full or "n/a",
                NameOrigFullEng=actor.name_full or "n/a",
                NameChange=0,
                Org=actor.org,
                ConflictId=", ".join(
                    map(str, sorted({d.conflict_id for d in dyads if d.type_of_violence == 1}))
                ),
                DyadId=", ".join(map(str, sorted({d.dyad_id for d in dyads if d.type_of_violence == 1}))),
                PrimaryParty=1,
                OSCoalition=0,
                NSCoalition=0,
                Splinter=0,
                SplitTemp=0,
                Alliance=0,
                JoinGroup=0,
                Location=", ".join(gw_names[code] for code in actor.gwno_location),
                GWNOLoc=", ".join(map(str, actor.gwno_location)),
                Region=4,
                Version=f"{year % 100}.1",
            )
            if actor.name == "FLA":
                row.update(NamePrev="CSP-PSD", ActorIdPrev=8822)
            writer.writerow([row[name] for name in ACTOR_COLUMNS])
        return b"\xef\xbb\xbf" + text.getvalue().encode()

    def current_after(self, names: list[str], as_of: datetime = WORLD_END) -> dict[int, dict[str, Any]]:
        """The events that stand once these releases are applied in this order: what a right load must hold.

        A later release wins per id; an annual or cumulative release ends every id of its period that it
        omits.
        """
        current: dict[int, dict[str, Any]] = {}
        for name in names:
            release = self.release(name)
            rows = {row["id"]: row for row in self.rows_as_of(release, as_of)}
            if release.kind != "monthly":
                for event_id, row in list(current.items()):
                    inside = release.covered_from <= row["date_end"] <= release.covered_to
                    if inside and event_id not in rows:
                        del current[event_id]
            current.update(rows)
        return current


def zip_of(member: str, content: bytes, level: int = 6) -> bytes:
    """A zip of one member whose bytes depend on nothing but its content."""
    buffer = io.BytesIO()
    info = zipfile.ZipInfo(member, date_time=(2026, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, content, compresslevel=level)
    return buffer.getvalue()


def _plant(events: list[Event]) -> dict[str, list[int]]:
    """Give a few events of known dates a fate that a load of the last releases must notice."""
    planted: dict[str, list[int]] = {}

    def pick(name: str, count: int, first: date, last: date, known_before: datetime) -> list[Event]:
        chosen = [
            event
            for event in events
            if first <= event.changes[0][1]["date_end"] <= last
            and event.known_at < known_before
            and event.withdrawn_at is None
            and event.duplicate_of is None
            and not event.incident.planted
            and not any(event.event_id in ids for ids in planted.values())
        ][:count]
        planted[name] = [event.event_id for event in chosen]
        return chosen

    january, march = date(2026, 1, 1), date(2026, 3, 31)
    seen = datetime(2026, 4, 1, tzinfo=UTC)
    for event in pick("withdrawn_by_26.01.26.03", 3, january, march, seen):
        event.withdrawn_at = datetime(2026, 4, 10, tzinfo=UTC)
        event.restored_at = None
    for event in pick("withdrawn_then_restored_by_26.0.5", 1, january, march, seen):
        event.withdrawn_at = datetime(2026, 4, 10, tzinfo=UTC)
        event.restored_at = datetime(2026, 6, 2, tzinfo=UTC)
    last_year = datetime(2026, 1, 10, tzinfo=UTC)
    for event in pick(
        "withdrawn_by_26.1", 5, date(2024, 1, 1), date(2024, 12, 31), datetime(2025, 5, 1, tzinfo=UTC)
    ):
        event.withdrawn_at = datetime(2025, 11, 3, tzinfo=UTC)
        event.restored_at = None
    for event in pick("withdrawn_by_25.1_restored_by_26.1", 1, date(2023, 1, 1), date(2023, 12, 31),
                      datetime(2024, 4, 1, tzinfo=UTC)):  # fmt: skip
        event.withdrawn_at = datetime(2025, 1, 20, tzinfo=UTC)
        event.restored_at = datetime(2026, 2, 11, tzinfo=UTC)
    for event in pick("late_revision_by_26.1", 1, date(2022, 1, 1), date(2022, 12, 31),
                      datetime(2023, 4, 1, tzinfo=UTC)):  # fmt: skip
        civilians = event.state_at(last_year)["deaths_civilians"] + 40
        event.changes.append(
            (datetime(2026, 3, 9, tzinfo=UTC), {"deaths_civilians": civilians, "high_more": 40})
        )
    for event in pick("revised_by_republished_26.0.4", 1, date(2026, 4, 1), date(2026, 4, 30),
                      datetime(2026, 5, 10, tzinfo=UTC)):  # fmt: skip
        unknown = event.state_at(datetime(2026, 5, 12, tzinfo=UTC))["deaths_unknown"] + 7
        event.changes.append((datetime(2026, 5, 17, tzinfo=UTC), {"deaths_unknown": unknown, "high_more": 7}))
    for event in events:
        event.changes.sort(key=lambda change: change[0])
    return planted


def _month_after(year: int, month: int, day: int, hour: int) -> datetime:
    return datetime(year + month // 12, month % 12 + 1, day, hour, 12, tzinfo=UTC)


def _biography(rng: random.Random, incident: Incident) -> Event:
    theatre = incident.theatre
    assert theatre is not None
    end = incident.date_end
    month_end = datetime(end.year, end.month, calendar.monthrange(end.year, end.month)[1], 12, tzinfo=UTC)
    review = datetime(end.year + 1, 2, 1, tzinfo=UTC)
    fate = rng.random()
    if incident.planted in ("jnim_in_ghana", "jnim_in_nigeria"):
        fate = 0.95  # the first of its kind is late: the coders want to be sure
    if fate < 0.8:
        known_at = month_end + timedelta(hours=rng.randint(1, 12 * 24))
    elif fate < 0.9:
        known_at = month_end + timedelta(days=rng.randint(25, 110))
    else:
        known_at = review + timedelta(days=rng.randint(0, 90))
    first: dict[str, Any] = {
        "date_start": incident.date_start,
        "date_end": end,
        "deaths_a": incident.deaths_a,
        "deaths_b": incident.deaths_b,
        "deaths_civilians": incident.deaths_civilians,
        "deaths_unknown": incident.deaths_unknown,
        "high_more": max(0, incident.high - incident.best),
        "low_less": rng.randint(1, max(1, incident.best // 3))
        if incident.best > 1 and rng.random() < 0.25
        else 0,
        "provisional": 0,
        "code_status": "Clear" if rng.random() < 0.57 else rng.choice(_UNCLEAR),
        "number_of_sources": rng.choices((1, 2, 3, 4, 6), weights=(50, 25, 12, 8, 5))[0],
    }
    if rng.random() < 0.004 and incident.best > 2:
        first["low_less"] = -rng.randint(1, 3)  # low above best: the order of estimates does not always hold
    if known_at < review and rng.random() < 0.2 and theatre.type_of_violence != 3:
        first["provisional"] = rng.randint(1, 400)
    event = Event(0, "", incident, known_at, [(known_at, first)])
    if rng.random() < 0.16:
        at = known_at + timedelta(days=rng.randint(12, 200))
        # What was planted on a date stays there, and so does a truce.
        may_move = not incident.planted and theatre.dyad_id != TRUCE_DYAD_ID
        event.changes.append((at, _revision(rng, first, may_move)))
    if rng.random() < 0.012 and not incident.planted:
        event.withdrawn_at = known_at + timedelta(days=rng.randint(40, 300))
        if rng.random() < 0.15:
            event.restored_at = event.withdrawn_at + timedelta(days=rng.randint(120, 300))
    cleared_at = max(known_at, datetime(end.year + 1, 5, 8, tzinfo=UTC))
    event.changes.append((cleared_at, {"code_status": "Clear", "provisional": 0}))
    event.changes.sort(key=lambda change: change[0])
    return event


def _revision(rng: random.Random, first: dict[str, Any], may_move: bool) -> dict[str, Any]:
    kind = rng.random()
    if kind < 0.6:  # the toll
        part = max(
            ("deaths_civilians", "deaths_b", "deaths_a", "deaths_unknown"), key=lambda name: first[name]
        )
        return {
            part: max(0, first[part] + rng.choice((-2, -1, 1, 1, 2, 3, 5, 9))),
            "number_of_sources": first["number_of_sources"] + 1,
        }
    if kind < 0.85 and may_move:  # the day, within the year
        moved = first["date_end"] + timedelta(days=rng.choice((-3, -2, -1, 1, 2, 4)))
        if moved.year == first["date_end"].year and WORLD_START <= moved < WORLD_END.date():
            length = first["date_end"] - first["date_start"]
            return {"date_start": moved - length, "date_end": moved}
    return {"number_of_sources": first["number_of_sources"] + 1, "code_status": "Clear"}


def _duplicate(rng: random.Random, event: Event) -> Event:
    """The same incident coded a second time from another report, withdrawn once somebody notices."""
    known_at = event.known_at + timedelta(days=rng.randint(0, 20))
    state = dict(event.changes[0][1])
    state["number_of_sources"] = 1
    twin = Event(0, "", event.incident, known_at, [(known_at, state)], duplicate_of=-1)
    twin.withdrawn_at = known_at + timedelta(days=rng.randint(50, 260))
    return twin


def _relid(event: Event, numbers: dict[tuple[int, int], int]) -> str:
    theatre = event.incident.theatre
    assert theatre is not None
    # The prefix is the conflict's first country, so it is often not the event's own.
    home = next(one.country_iso3 for one in theatres() if one.dyad_id == theatre.dyad_id)
    year = event.incident.date_start.year
    numbers[(theatre.dyad_id, year)] = numbers.get((theatre.dyad_id, year), 0) + 1
    prefix = countries()[home].relid_prefix
    return f"{prefix}-{year}-{theatre.type_of_violence}-{theatre.dyad_id}-{numbers[(theatre.dyad_id, year)]}"


def _sides(theatre: Theatre, provisional: int) -> dict[str, Any]:
    side_a, side_b = theatre.side_a, theatre.side_b
    b_id, b_name = side_b.ucdp_actor_id, side_b.name
    dyad_id, conflict_id, conflict_name = (theatre.dyad_id, theatre.conflict_id, theatre.conflict_name)
    if provisional:
        # Not yet attributed: a stand-in actor with ids of its own, until the coders have decided.
        b_id, b_name = 980_000 + provisional, f"XXX{provisional:03d}"
        dyad_id = 985_000 + provisional
        if theatre.type_of_violence == 2:
            conflict_id, conflict_name = (987_000 + provisional, f"{side_a.name} - {b_name}")
    one_sided, non_state = theatre.type_of_violence == 3, theatre.type_of_violence == 2
    return {
        "conflict_dset_id": side_a.ucdp_actor_id if one_sided else dyad_id if non_state else conflict_id,
        "conflict_new_id": conflict_id,
        "conflict_name": conflict_name,
        "dyad_dset_id": side_a.ucdp_actor_id if one_sided else dyad_id,
        "dyad_new_id": dyad_id,
        "dyad_name": f"{side_a.name} - {b_name}",
        "side_a_dset_id": side_a.ucdp_actor_id,
        "side_a_new_id": side_a.ucdp_actor_id,
        "side_a": side_a.name,
        "side_b_dset_id": 9999 if one_sided else b_id,
        "side_b_new_id": b_id,
        "side_b": b_name,
        "gwnoa": side_a.gwno_location[0] if side_a.is_state else None,
        "gwnob": None,
    }


def _row(event: Event, state: dict[str, Any], annual: bool) -> dict[str, Any]:
    incident = event.incident
    theatre = incident.theatre
    assert theatre is not None
    place = incident.place
    country = countries()[incident.country_iso3]
    deaths = {name: state[name] for name in ("deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown")}
    best = sum(deaths.values())
    rng = random.Random(event.event_id)  # wording only; keyed by the id so that it never changes
    published = state["date_end"] + timedelta(days=rng.randint(0, 3))
    office = rng.choice(_OFFICES)
    headline = rng.choice(
        (
            f"[Made] Violence reported near {place.name}",
            f'[Made] "Several dead" around {place.name}, sources say',
            f"[Made] Nouvelle attaque près de {place.name_fr}",
        )
    )
    latitude, longitude = incident.latitude, incident.longitude
    where = _where(incident)
    description = rng.choice((where, f"near {place.name}, {place.adm1}", f"{place.name_fr}, {place.adm2}"))
    if rng.random() < 0.12:
        description = f"{place.name_fr}\n\n{description}, close to the place named in a second report"
    return {
        "id": event.event_id,
        "relid": event.relid,
        "year": state["date_end"].year,
        "active_year": 0 if rng.random() < 0.04 else 1,
        "code_status": "Clear" if annual else state["code_status"],
        "type_of_violence": theatre.type_of_violence,
        **_sides(theatre, state["provisional"]),
        "number_of_sources": state["number_of_sources"],
        "source_article": f'"{office},{published},{headline}" ({MADE_LABEL})',
        "source_office": office,
        "source_date": published.isoformat(),
        "source_headline": headline,
        "source_original": rng.choice(
            ("local officials (made)", "army statement (made)", "habitants (inventés)", "")
        ),
        "where_prec": incident.where_precision,
        "where_coordinates": where,
        "where_description": description,
        "adm_1": None if incident.where_precision == 6 else place.adm1,
        "adm_2": None if incident.where_precision in (4, 6) or not place.adm2 else place.adm2,
        "latitude": latitude,
        "longitude": longitude,
        "geom_wkt": f"POINT ({longitude} {latitude})",
        "priogrid_gid": priogrid_gid(latitude, longitude),
        "country": country.ucdp_name,
        "country_id": country.gw,
        "region": "Africa",
        "event_clarity": 2 if incident.date_precision > 2 else 1,
        "date_prec": incident.date_precision,
        "date_start": state["date_start"],
        "date_end": state["date_end"],
        **deaths,
        "best": best,
        "high": max(1, best + state["high_more"]),  # an event of which nobody may have died is not coded
        "low": max(0, best - state["low_less"]),
    }


def _where(incident: Incident) -> str:
    place = incident.place
    if incident.where_precision == 6:
        return countries()[incident.country_iso3].ucdp_name
    if incident.where_precision == 4:
        return place.adm1
    if incident.where_precision == 3 and place.adm2:
        return place.adm2
    if incident.where_precision == 5:
        return f"road near {place.name}"
    return f"{place.name_alt or place.name} town"


def _csv_value(value: Any) -> Any:
    if isinstance(value, date):
        return f"{value.isoformat()} 00:00:00.000"
    return "" if value is None else value
