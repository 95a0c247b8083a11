"""The truth of a made world: what happened, which records tell of it, and what was planted.

Later work scores itself by it (matching, first appearances, truces, alerts), and tests find in it what a
right load must notice. The pipeline never reads it.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from orchestration.made_world.gdelt import FAULTS, slots_between
from orchestration.made_world.news import OUTLETS
from orchestration.made_world.publishers import Publishers
from orchestration.made_world.world import MADE_LABEL


@dataclass(frozen=True)
class Record:
    """One record of one publisher, and the incident it tells of (None: nothing of the history)."""

    feed: str
    stream: str
    source_id: str
    incident_id: str | None
    note: str = ""
    """Such as duplicate, wire_copy, retrospective, benin_city_misplaced or malformed; mostly empty."""


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
            note = (
                "duplicate" if event.duplicate_of is not None else "withdrawn" if event.withdrawn_at else ""
            )
            yield Record("ucdp", "ged", str(event.event_id), event.incident.incident_id, note)

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
        """All records: UCDP and news whole, GDELT for the stretches its lists cover."""
        yield from self.ucdp_records()
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
