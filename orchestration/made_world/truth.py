"""The truth of a made world: what happened, which records tell of it, and what was planted.

Later work scores itself by it (matching, first appearances, truces, alerts), and tests find in it what a
right load must notice. The pipeline never reads it.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

from orchestration.made_world.gdelt import FAULTS, slots_between
from orchestration.made_world.insecurity_insight import TOPICS, event_id
from orchestration.made_world.news import OUTLETS
from orchestration.made_world.publishers import Publishers
from orchestration.made_world.world import MADE_LABEL, WORLD_END


@dataclass(frozen=True)
class Record:
    """One record of one publisher, and the incident it tells of (None: nothing of the history)."""

    feed: str
    stream: str
    source_id: str
    incident_id: str | None
    note: str = ""
    """Words such as duplicate, wire_copy, retrospective, split, sum, misdated or hard:tit_for_tat; mostly none.

    A record that sums incidents stands once for each.
    """


EVENT_FEEDS = ("ucdp", "acled", "insecurity_insight")
EventId = tuple[str, str]
"""Feed and source_event_id."""


@dataclass(frozen=True, order=True)
class Pair:
    """Two standing records of different feeds that tell of the same incident; the feeds are in EVENT_FEEDS' order."""

    one: EventId
    other: EventId
    kind: str
    """same; part: one of them splits an incident or sums several; duplicate: one is UCDP's second record of an
    incident that has a first one standing, so that a one-to-one link may rightly leave it out."""


class Truth:
    """All that the publishers of a world say, tied to what happened."""

    def __init__(self, publishers: Publishers) -> None:
        self.publishers = publishers
        self.world = publishers.world

    def incidents(self) -> list[dict[str, Any]]:
        return [incident.as_record() for incident in self.world.incidents]

    def planted(self) -> list[dict[str, Any]]:
        """Facts of the history, fates of UCDP ids, and faults of GDELT slots."""
        facts = [fact.as_record() for fact in self.world.planted_facts]
        facts += [
            {"name": name, "kind": "ucdp_fate", "ids": ids}
            for name, ids in self.publishers.ucdp.planted.items()
        ]
        facts += [{"kind": "gdelt_fault", **asdict(fault)} for fault in FAULTS]
        return facts

    def ucdp_records(self) -> Iterator[Record]:
        """Every id that any release ever names."""
        for event in self.publishers.ucdp.events:
            case = event.incident.hard_case
            note = (
                "duplicate"
                if event.duplicate_of is not None
                else "withdrawn"
                if event.withdrawn_at
                else f"hard:{case}"
                if case
                else ""
            )
            yield Record("ucdp", "ged", str(event.event_id), event.incident.incident_id, note)

    def acled_records(self) -> Iterator[Record]:
        """Every event ever published. Demonstrations and what only ACLED tells of have no incident."""
        for source_id, told in self.publishers.acled.tellings.items():
            for incident_id in told.incident_ids or (None,):
                yield Record("acled", "events", source_id, incident_id, told.note)

    def insecurity_insight_records(self) -> Iterator[Record]:
        """Every incident of every topic; one that is in several topics has the same id in each."""
        for topic, tellings in self.publishers.insecurity_insight.told.items():
            for told in tellings:
                source_id, incident_id = str(event_id(told.incident)), told.incident.incident_id
                yield Record("insecurity_insight", topic, source_id, incident_id, told.view.note)

    def standing(self, as_of: datetime = WORLD_END) -> dict[EventId, tuple[str, ...]]:
        """What a load from nothing at that instant holds of the feeds of events: the incidents that each tells of.

        A record of nothing in the history has none of them; it is a cluster of its own.
        """
        shown = {
            "ucdp": self._ucdp_standing(as_of),
            "acled": {row["event_id_cnty"] for row in self.publishers.acled.events(as_of)},
            "insecurity_insight": {
                str(row.get("SiND Event ID") or row["SiND ID"])
                for topic in TOPICS
                for row in self.publishers.insecurity_insight.rows(topic, as_of) or ()
            },
        }
        found: dict[EventId, dict[str, None]] = {}
        for record in self._event_records():
            if record.source_id in shown[record.feed]:
                told = found.setdefault((record.feed, record.source_id), {})
                if record.incident_id:
                    told[record.incident_id] = None
        return {key: tuple(told) for key, told in found.items()}

    def pairs(self, as_of: datetime = WORLD_END) -> set[Pair]:
        """All true pairs between feeds among the records that stand at that instant."""
        standing = self.standing(as_of)
        notes = {(record.feed, record.source_id): record.note.split() for record in self._event_records()}
        tellers: dict[str, list[EventId]] = defaultdict(list)
        for key, incident_ids in standing.items():
            for incident_id in incident_ids:
                tellers[incident_id].append(key)
        found = set()
        for keys in tellers.values():
            has_first = any(feed == "ucdp" and "duplicate" not in notes[feed, one] for feed, one in keys)
            for one, other in combinations(sorted(keys, key=lambda key: EVENT_FEEDS.index(key[0])), 2):
                if one[0] == other[0]:
                    continue
                words = {*notes[one], *notes[other]}
                is_part = bool(words & {"split", "sum"})
                is_second = has_first and "duplicate" in words
                found.add(Pair(one, other, "duplicate" if is_second else "part" if is_part else "same"))
        return found

    def _event_records(self) -> Iterator[Record]:
        yield from self.ucdp_records()
        yield from self.acled_records()
        yield from self.insecurity_insight_records()

    def _ucdp_standing(self, as_of: datetime) -> set[str]:
        """After the newest annual, then the newest cumulative of each later year and the months after it."""
        ucdp = self.publishers.ucdp
        there = [one for one in ucdp.releases if one.published_at <= as_of]
        annuals = [one for one in there if one.kind == "annual"]
        covered = max((one.year for one in annuals), default=0)
        wanted = [one for one in annuals if one.year == covered]
        for year in sorted({one.year for one in there if one.year > covered}):
            of_year = [one for one in there if one.year == year and one.kind != "annual"]
            newest = max((one.month for one in of_year if one.kind == "cumulative"), default=0)
            wanted += [one for one in of_year if one.kind == "cumulative" and one.month == newest]
            months = [one for one in of_year if one.kind == "monthly" and one.month > newest]
            wanted += sorted(months, key=lambda one: one.month)
        return {str(source_id) for source_id in ucdp.current_after([one.name for one in wanted], as_of)}

    def gdelt_records(self, first: datetime, end: datetime) -> Iterator[Record]:
        """Every event row of the slots from ``first`` to before ``end``, background too."""
        gdelt = self.publishers.gdelt
        at_last = end + timedelta(days=3)  # when every file that will ever be there is there
        for slot in slots_between(first, end):
            for translated in (False, True):
                stream = "export_translated" if translated else "export"
                if gdelt.slot_bytes(slot, "export", translated, at_last) is None:
                    continue
                if gdelt.is_empty(slot, "export", translated):
                    continue
                for row in gdelt.export_rows(slot, translated):
                    yield Record("gdelt", stream, str(row.event_id), row.incident_id, row.note)

    def news_records(self) -> Iterator[Record]:
        """Every item of every outlet over the five years."""
        for outlet in OUTLETS:
            for item in self.publishers.news.items(outlet.feed_id):
                yield Record("news", outlet.feed_id, item.guid, item.incident_id, item.note)

    def records(self) -> Iterator[Record]:
        """All records: the feeds of events and news whole, GDELT for the stretches its lists cover."""
        yield from self._event_records()
        yield from self.news_records()
        for first, end in self.publishers.gdelt_windows:
            yield from self.gdelt_records(first, end)

    def write(self, folder: Path) -> None:
        """incidents.csv, records.csv and planted.json. A GDELT id that is not listed is plain background."""
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "incidents.csv").open("w", encoding="utf-8", newline="") as file:
            rows = self.incidents()
            incident_writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            incident_writer.writeheader()
            incident_writer.writerows(rows)
        with (folder / "records.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("feed", "stream", "source_id", "incident_id", "note"))
            for record in self.records():
                if record.feed != "gdelt" or record.incident_id or record.note:
                    writer.writerow(
                        (record.feed, record.stream, record.source_id, record.incident_id, record.note)
                    )
        planted = {"label": MADE_LABEL, "seed": self.world.seed, "facts": self.planted()}
        (folder / "planted.json").write_text(
            json.dumps(planted, ensure_ascii=False, indent=1, default=str) + "\n"
        )
