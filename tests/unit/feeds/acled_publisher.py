"""A made ACLED on loopback for tests, and a home that loads from it. All rows are made.

Here: the publisher's state, the client's settings, and how one loads and looks. Not here: tests.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import duckdb

from orchestration import steps
from orchestration.feeds.acled import AcledFeed
from orchestration.feeds.base import Context
from orchestration.feeds.http import HttpClient
from orchestration.made_world import Publishers, serve
from orchestration.made_world.acled_api import AcledApi, AcledRecords
from orchestration.records import Batch, LoadRequest
from orchestration.settings import Settings
from orchestration.steps import LoadReport, Run, loading
from orchestration.warehouse.payload_store import PayloadStore

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
USER, PASSWORD = "made.person@made.example", "made-pass/word+7"
CODES = {"MLI": (466, "Mali"), "BFA": (854, "Burkina Faso"), "NER": (562, "Niger"), "NGA": (566, "Nigeria")}


def at(text: str) -> int:
    """A stamp: Unix seconds of an ISO instant in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def event(event_id: str, day: str, edited: str | int, iso3: str = "MLI", **changes: Any) -> dict[str, Any]:
    """A made event as ACLED would have it."""
    iso, country = CODES[iso3]
    return {
        "event_id_cnty": event_id,
        "event_date": day,
        "year": int(day[:4]),
        "time_precision": 1,
        "disorder_type": "Political violence",
        "event_type": "Battles",
        "sub_event_type": "Armed clash",
        "actor1": "Made Forces",
        "assoc_actor_1": "Made Police; Made Guards",
        "inter1": "State forces",
        "actor2": "Made Group",
        "inter2": "Rebel group",
        "interaction": "State forces-Rebel group",
        "iso": iso,
        "region": "Western Africa",
        "country": country,
        "admin1": "Made",
        "location": "Made Town",
        "latitude": {"MLI": 14.5, "BFA": 12.4, "NER": 14.0, "NGA": 11.0}[iso3],
        "longitude": {"MLI": -4.2, "BFA": -1.5, "NER": 3.0, "NGA": 8.0}[iso3],
        "geo_precision": 1,
        "source": "Made World Wire",
        "source_scale": "National",
        "notes": "Made world, not a real report",
        "fatalities": 3,
        "tags": "",
        "timestamp": edited if isinstance(edited, int) else at(edited),
        "population_1km": 100,
        "population_2km": 400,
        "population_5km": 2500,
        "population_best": 400,
        **changes,
    }


@dataclass
class Memory:
    """What earlier loads left, as far as ACLED asks for it."""

    cursors: dict[str, str] = field(default_factory=dict)
    coverage: list[dict[str, Any]] = field(default_factory=list)

    def cursor(self, feed: str, stream: str) -> str | None:
        return self.cursors.get(stream)

    def covered(self, feed: str) -> list[dict[str, Any]]:
        return self.coverage


class Publisher:
    """The made ACLED, its state at hand, and the client that asks it."""

    def __init__(self, publishers: Publishers, base_url: str, settings: Settings) -> None:
        self.publishers = publishers
        self.records = AcledRecords()
        self.api = AcledApi(self.records, accounts={USER: PASSWORD})
        publishers.apis["acled"] = self.api
        publishers.as_of = NOW
        self.settings = replace(
            settings,
            feeds=("acled",),
            countries=("MLI", "BFA", "NER"),
            acled_url=f"{base_url}/acled",
            acled_username=USER,
            acled_password=PASSWORD,
            fixed_now=NOW,
        )
        self.memory = Memory()
        self.notes: list[tuple[int, int | None, str]] = []

    def move_to(self, now: datetime) -> None:
        """Set the clock of both sides."""
        self.publishers.as_of = now
        self.settings = replace(self.settings, fixed_now=now)

    def scope(self, *countries: str) -> None:
        self.settings = replace(self.settings, countries=countries or None)

    def asked(self, endpoint: str) -> list[dict[str, str]]:
        return [query for name, query in self.api.asked if name == endpoint]

    # Asking alone

    def fetch(self, **request: Any) -> list[Batch]:
        with self.client() as http:
            return list(self.fetching(http, **request))

    def client(self) -> HttpClient:
        return HttpClient(self.settings, sleep=lambda _: None)

    def fetching(self, http: HttpClient, **request: Any) -> Iterator[Batch]:
        context = Context(
            self.settings,
            http,
            PayloadStore(self.settings.payloads),
            self.memory,
            self.settings.now(),
            lambda *note: self.notes.append(note),
        )
        return AcledFeed().fetch(LoadRequest("acled", **request), context)

    # Whole loads

    def load(self, **request: Any) -> LoadReport:
        return steps.load(Run(self.settings), LoadRequest("acled", **request))

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.settings.warehouse), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def current(self) -> dict[str, tuple]:
        """Id -> what the warehouse holds of the events that stand."""
        rows = self.query(
            """select event_id_cnty, event_date::varchar, fatalities, country_iso3, "timestamp" from raw.acled_event
               qualify row_number() over (partition by event_id_cnty order by attempt_id desc) = 1
                   and not is_withdrawn"""
        )
        return {row[0]: row[1:] for row in rows}

    def served(self) -> dict[str, tuple]:
        """Id -> the same of what the publisher serves of the countries in scope."""
        iso3 = {number: code for code, (number, _) in CODES.items()}
        return {
            row["event_id_cnty"]: (row["event_date"], row["fatalities"], iso3[row["iso"]], row["timestamp"])
            for row in self.records.rows.values()
            if self.settings.countries is None or iso3[row["iso"]] in self.settings.countries
        }

    def cursors(self) -> dict[str, int]:
        rows = self.query("select stream, cursor from ledger.feed_cursor where feed = 'acled'")
        return {stream: int(cursor) for stream, cursor in rows}

    def covered_until(self) -> dict[str, str]:
        return dict(
            self.query(
                "select country_iso3, max(period_end)::varchar from ledger.coverage group by 1 order by 1"
            )
        )


@contextmanager
def publisher_for(settings: Settings) -> Iterator[Publisher]:
    publishers = Publishers(as_of=NOW)
    with serve(publishers) as served:
        yield Publisher(publishers, served.base_url, settings)


def impatient(monkeypatch: Any) -> None:
    """Whole loads retry without waiting."""
    monkeypatch.setattr(loading, "HttpClient", partial(HttpClient, sleep=lambda _: None))
