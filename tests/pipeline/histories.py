"""Publishers whose state a test changes at will, and what a plain model says that is known of each.

Here, for every feed: how its publisher changes (``change``), what a load that went well must have made known
(``learn``), and how the pipeline is asked what it knew at a time (``ask``). Not here: the order of things, which
``test_histories`` draws. Every feed is read by its real client over HTTP; nothing of an expectation comes from the
pipeline.
"""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from html import escape
from typing import Any

import duckdb

from expectations.contracts import contract_for
from orchestration.made_world.acled_api import AcledApi, AcledRecords
from orchestration.made_world.context_apis import (
    Coup,
    CoupList,
    CoupsApi,
    Displacement,
    HdxApi,
    PeacekeepingApi,
    Series,
    UnhcrApi,
    WorldBankApi,
)
from orchestration.made_world.insecurity_insight_api import InsecurityInsightApi
from orchestration.made_world.publishers import Answer, Api, Request
from orchestration.made_world.reliefweb_api import Entry, ReliefWebApi
from orchestration.records import LoadRequest
from orchestration.settings import Settings
from tests.pipeline.test_faults import zipped
from tests.unit.feeds.acled_publisher import PASSWORD, USER, event
from tests.unit.feeds.gdelt_publisher import SLOT, Publisher as GdeltFiles, event_row
from tests.unit.feeds.ucdp_files import EVENTS, as_csv

START = datetime(2026, 7, 1, 12, tzinfo=UTC)
COUNTRIES = ("MLI", "BFA", "NER")
Known = dict[Any, Any]
"""What is known: a record's key -> what it says, as far as the model looks."""


@dataclass
class Files:
    """A publisher of files, by path: what they hold and since when."""

    held: dict[str, tuple[bytes, str, datetime]] = field(default_factory=dict)

    def handle(self, request: Request, as_of: datetime) -> Answer:
        if request.path not in self.held:
            return Answer(b"not found", "text/plain", status=404)
        body, kind, changed_at = self.held[request.path]
        return Answer(body, kind, last_modified=changed_at)


class Source:
    """A feed's publisher and model. ``known`` is what a reader knows after the last load that went well."""

    feed: str

    def __init__(self) -> None:
        self.known: Known = {}
        self.number = 0

    @property
    def api(self) -> Api:
        raise NotImplementedError

    def configure(self, settings: dict[str, Any], base_url: str) -> None:
        settings[f"{self.feed}_url"] = f"{base_url}/{self.feed}"

    def request(self, now: datetime) -> LoadRequest:
        return LoadRequest(self.feed)

    def change(self, rng: random.Random, now: datetime) -> None:
        """Something happens at the publisher."""
        raise NotImplementedError

    def learn(self, now: datetime) -> None:
        """What is known after everything that the publisher shows now has been read."""
        raise NotImplementedError

    def ask(self, connection: duckdb.DuckDBPyConnection, at: datetime) -> Known:
        raise NotImplementedError

    def next_number(self) -> int:
        self.number += 1
        return self.number


def moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def events_known(connection: duckdb.DuckDBPyConnection, feed: str, at: datetime) -> Known:
    rows = connection.execute(
        f"select event_key, date_end, fatalities_best from core.events_as_known_on('{moment(at)}') where feed = ?",
        [feed],
    ).fetchall()
    return no_doubles((key.removeprefix(f"{feed}:"), (str(day), deaths)) for key, day, deaths in rows)


def articles_known(connection: duckdb.DuckDBPyConnection, feed: str, at: datetime) -> Known:
    rows = connection.execute(
        f"select article_id, title from core.articles_as_known_on('{moment(at)}') where feed = ?", [feed]
    ).fetchall()
    return no_doubles((key.partition(":")[2], title) for key, title in rows)


def raw_known(connection: duckdb.DuckDBPyConnection, table: str, value: str, at: datetime) -> Known:
    """The newest version by then of each key of a raw table, if it is not withdrawn."""
    keys = ", ".join(contract_for(table).key)
    rows = connection.execute(
        f"""select {keys}, {value} from (
                select * from raw.{table} where recorded_at <= '{moment(at)}'
                qualify row_number() over (partition by {keys} order by attempt_id desc) = 1)
            where not is_withdrawn"""
    ).fetchall()
    return no_doubles((tuple(map(str, row[:-1])), row[-1]) for row in rows)


def no_doubles(pairs: Any) -> Known:
    listed = list(pairs)
    known = dict(listed)
    assert len(known) == len(listed), "a key is known twice"
    return known


# --- UCDP ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Release:
    name: str
    path: str
    period: tuple[str, str] | None
    """Where it tells of everything; None for a month, which withdraws nothing."""


def _monthly(month: int) -> Release:
    return Release(f"26.0.{month}", f"/downloads/candidateged/GEDEvent_v26_0_{month}.csv", None)


class Ucdp(Source):
    """An annual release, a quarter, months; each may be changed under its name later."""

    feed = "ucdp"
    annual = Release("26.1", "/downloads/ged/ged261-csv.zip", ("1989-01-01", "2025-12-31"))
    quarter = Release(
        "26.01.26.06", "/downloads/candidateged/GEDEvent_v26_01_26_06.csv", ("2026-01-01", "2026-06-30")
    )
    in_order = (annual, quarter, *(_monthly(month) for month in range(7, 12)))

    def __init__(self) -> None:
        super().__init__()
        self.files = Files()
        self.told: dict[str, Known] = {}
        self.read: dict[str, Known] = {}
        self.publish(
            self.annual, {"1": ("2024-03-01", 5), "2": ("2025-05-01", 7), "3": ("2025-06-06", 1)}, START
        )

    @property
    def api(self) -> Api:
        return self.files

    def change(self, rng: random.Random, now: datetime) -> None:
        published = [release for release in self.in_order if release.name in self.told]
        # A month is out some three weeks after its end; the quarter may come at any time.
        due = [
            release
            for release in self.in_order
            if release.name not in self.told
            and (release.period or now >= datetime(2026, int(release.name[5:]) + 1, 20, tzinfo=UTC))
        ]
        release = rng.choice(published if rng.random() < 0.5 or not due else due[:1])
        events = dict(self.told.get(release.name, {}))
        for key in list(events):
            if rng.random() < 0.3 and release.period:
                del events[key]
            elif rng.random() < 0.3:
                events[key] = (events[key][0], rng.randint(0, 9))
        for _ in range(rng.randint(0 if events else 1, 2)):
            events[str(100 + self.next_number())] = (self.day(release, rng), rng.randint(0, 9))
        before = self.in_order[: self.in_order.index(release)]
        earlier = [key for other in before for key in self.told.get(other.name, {})]
        if release.period is None and earlier and rng.random() < 0.6:
            key = rng.choice(earlier)
            day = next(told[key][0] for told in self.told.values() if key in told)
            events[key] = (day, rng.randint(0, 9))
        self.publish(release, events, now)

    def day(self, release: Release, rng: random.Random) -> str:
        if release is self.annual:
            return str(date(2025, 1, 1) + timedelta(days=rng.randrange(365)))
        if release is self.quarter:
            return str(date(2026, 1, 1) + timedelta(days=rng.randrange(181)))
        return f"2026-{int(release.name[5:]):02d}-{rng.randint(1, 28):02d}"

    def publish(self, release: Release, events: Known, now: datetime) -> None:
        self.told[release.name] = events
        rows = [
            EVENTS[0]
            | {
                "id": key,
                "best": str(deaths),
                "deaths_a": "0",
                "deaths_b": str(deaths),
                "high": "99",
                "low": "0",
            }
            | {"date_start": f"{day} 00:00:00.000", "date_end": f"{day} 00:00:00.000", "year": day[:4]}
            for key, (day, deaths) in events.items()
        ]
        text = as_csv(rows)
        body = zipped(text, "GEDEvent_v26_1.csv") if release.path.endswith("zip") else text.encode()
        self.files.held[release.path] = (body, "application/octet-stream", now)

    def learn(self, now: datetime) -> None:
        """The newest annual, the quarter, the months after it are read; then releases apply in their own order."""
        for release in self.in_order:
            if release.name not in self.told or not self.told[release.name]:
                continue
            if release.period is None and not self.is_walked(release, now):
                continue
            told = self.told[release.name]
            # A month withdraws nothing, not even what it told itself before it was changed.
            self.read[release.name] = told if release.period else self.read.get(release.name, {}) | told
        self.known = {}
        for release in self.in_order:
            if release.period:
                first, last = release.period
                told_now = self.read.get(release.name)
                if told_now is not None:
                    self.known = {
                        key: value for key, value in self.known.items() if not first <= value[0] <= last
                    }
            self.known |= self.read.get(release.name, {})

    def is_walked(self, release: Release, now: datetime) -> bool:
        return now.year > 2026 or int(release.name[5:]) < now.month

    def ask(self, connection: duckdb.DuckDBPyConnection, at: datetime) -> Known:
        return events_known(connection, self.feed, at)


# --- ACLED --------------------------------------------------------------------------------------------


class Acled(Source):
    """Inserts, edits, deletions and ids issued anew, each with the publisher's stamp; some accounts have an embargo."""

    feed = "acled"

    def __init__(self, embargo_months: int | None) -> None:
        super().__init__()
        self.records = AcledRecords()
        self.embargo_months = embargo_months
        self.server = AcledApi(
            self.records,
            accounts={USER: PASSWORD},
            page_rows=3,
            tier="research" if embargo_months else "partner",
            embargo_months=embargo_months or 0,
        )
        self.gone: list[tuple[str, int]] = []
        self.heard_of = 0

    @property
    def api(self) -> Api:
        return self.server

    def configure(self, settings: dict[str, Any], base_url: str) -> None:
        super().configure(settings, base_url)
        settings |= {"acled_username": USER, "acled_password": PASSWORD}

    def change(self, rng: random.Random, now: datetime) -> None:
        stamp = int(now.timestamp())
        what = rng.choice(("insert", "insert", "edit", "move", "delete", "issue anew"))
        ids = sorted(self.records.rows)
        if what == "insert" or not ids:
            self.put(
                f"MLI{self.next_number()}", str(now.date() - timedelta(days=rng.randrange(900))), rng, stamp
            )
        elif what == "edit":
            key = rng.choice(ids)
            self.put(key, self.records.rows[key]["event_date"], rng, stamp)
        elif what == "move":
            self.put(rng.choice(ids), str(now.date() - timedelta(days=rng.randrange(900))), rng, stamp)
        elif what == "delete":
            self.delete(rng.choice(ids), stamp)
        elif self.gone:
            key, deleted_at = rng.choice(self.gone)
            if key not in self.records.rows and stamp > deleted_at:
                self.put(key, str(now.date() - timedelta(days=rng.randrange(900))), rng, stamp)

    def put(self, key: str, day: str, rng: random.Random, stamp: int) -> None:
        iso3 = rng.choice(COUNTRIES) if key not in self.records.rows else "MLI"
        self.records.put(event(key, day, stamp, iso3, fatalities=rng.randint(0, 9)))

    def delete(self, key: str, stamp: int) -> None:
        self.records.delete(key, stamp)
        self.gone.append((key, stamp))

    def learn(self, now: datetime) -> None:
        for key, _ in self.gone[self.heard_of :]:
            self.known.pop(key, None)
        self.heard_of = len(self.gone)
        for key, row in self.records.rows.items():
            if self.is_visible(row["event_date"], now):
                self.known[key] = (row["event_date"], row["fatalities"])

    def is_visible(self, day: str, now: datetime) -> bool:
        if self.embargo_months is None:
            return True
        year, month = divmod(now.year * 12 + now.month - 1 - self.embargo_months, 12)
        return day <= str(date(year, month + 1, min(now.day, 28)))

    def ask(self, connection: duckdb.DuckDBPyConnection, at: datetime) -> Known:
        return events_known(connection, self.feed, at)


# --- Insecurity Insight -------------------------------------------------------------------------------


class InsecurityInsight(Source):
    feed = "insecurity_insight"

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[int, dict[str, Any]] = {}
        for _ in range(5):
            self.put(self.next_number(), "2026-03-04", 1)

    @property
    def api(self) -> Api:
        return InsecurityInsightApi(self.served)

    def served(self, topic: str, as_of: datetime) -> list[dict[str, Any]] | None:
        return [dict(row) for row in self.rows.values()] if topic == "education" else None

    def put(self, number: int, day: str, killed: int) -> None:
        self.rows[number] = {
            "Date": day,
            "Event Description": "Made world, not a real report",
            "Country": "Mali",
            "Country ISO": "MLI",
            "Admin 1": "Made",
            "Latitude": "14.5",
            "Longitude": "-4.2",
            "Geo Precision": "(2) 25 km precision ",
            "Location of event": "Education Building ",
            "Reported Perpetrator": "NSA",
            "Reported Perpetrator Name": "Made Group",
            "Weapon Carried/Used": "Firearms",
            "Type of education facility": "Primary School",
            "Attacks on Schools": 1,
            "Educators Killed": str(killed),
            "Educators Injured": "0",
            "Educators Kidnapped": "0",
            "Educators Arrested": "0",
            "Students Killed": "0",
            "Students Injured": "0",
            "Students Kidnapped": "0",
            "Students Arrested": "0",
            "SiND Event ID": number,
        }

    def change(self, rng: random.Random, now: datetime) -> None:
        number = rng.choice(sorted(self.rows))
        if rng.random() < 0.3 and len(self.rows) > 4:
            del self.rows[number]
        elif rng.random() < 0.5:
            self.put(number, self.rows[number]["Date"], rng.randint(0, 9))
        else:
            self.put(
                self.next_number(), str(now.date() - timedelta(days=rng.randrange(200))), rng.randint(0, 9)
            )

    def learn(self, now: datetime) -> None:
        self.known = {
            f"education:{number}": (row["Date"], int(row["Educators Killed"]))
            for number, row in self.rows.items()
        }

    def ask(self, connection: duckdb.DuckDBPyConnection, at: datetime) -> Known:
        return events_known(connection, self.feed, at)


# --- news and ReliefWeb -------------------------------------------------------------------------------


class News(Source):
    """One outlet whose feed holds its newest items and rewrites headlines without saying so."""

    feed = "news"

    def __init__(self) -> None:
        super().__init__()
        self.files = Files()
        self.items: dict[str, tuple[str, datetime]] = {}

    @property
    def api(self) -> Api:
        return self.files

    def configure(self, settings: dict[str, Any], base_url: str) -> None:
        path = settings["home"].parent / "outlets.yml"
        path.write_text(
            f"feeds:\n  - id: made\n    url: {base_url}/news/rss\n    language: en\n"
            '    publisher: "Made"\n    reliability: low\n'
        )
        settings["news_feeds"] = path
        self.write(START)

    def change(self, rng: random.Random, now: datetime) -> None:
        if self.items and rng.random() < 0.5:
            key = rng.choice(sorted(self.items))
            self.items[key] = (f"Made headline, version {self.next_number()}", self.items[key][1])
        else:
            number = self.next_number()
            self.items[f"item-{number}"] = (f"Made headline {number}", now)
        while len(self.items) > 6:
            del self.items[next(iter(self.items))]
        self.write(now)

    def write(self, now: datetime) -> None:
        items = "".join(
            f"<item><guid isPermaLink='false'>{key}</guid><title>{escape(title)}</title><link>https://made.example/{key}</link>"
            f"<pubDate>{format_datetime(at)}</pubDate></item>"
            for key, (title, at) in self.items.items()
        )
        body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>Made</title>{items}</channel></rss>'
        self.files.held["/rss"] = (body.encode(), "application/rss+xml", now)

    def learn(self, now: datetime) -> None:
        self.known |= {key: title for key, (title, _) in self.items.items()}

    def ask(self, connection: duckdb.DuckDBPyConnection, at: datetime) -> Known:
        return articles_known(connection, self.feed, at)


class ReliefWeb(Source):
    """Reports that are edited and taken down; a removal is not announced, so what is known stays."""

    feed = "reliefweb"

    def __init__(self) -> None:
        super().__init__()
        self.server = ReliefWebApi(appnames=frozenset({"made-appname-7"}))

    @property
    def api(self) -> Api:
        return self.server

    def configure(self, settings: dict[str, Any], base_url: str) -> None:
        super().configure(settings, base_url)
        settings |= {"reliefweb_appname": "made-appname-7", "reliefweb_rss_url": f"{base_url}/reliefweb"}

    def change(self, rng: random.Random, now: datetime) -> None:
        standing = [entry for entry in self.server.reports if entry.at(now)]
        if standing and rng.random() < 0.6:
            entry = rng.choice(standing)
            if rng.random() < 0.25:
                entry.removed_at = now
            elif entry.versions[-1][0] < now:
                title = f"Made report, version {self.next_number()}"
                entry.versions.append((now, {**entry.versions[-1][1], "title": title}))
            return
        number = 4_000_000 + self.next_number()
        country = {"name": "Mali", "shortname": "Mali", "iso3": "mli", "primary": True}
        fields = {
            "title": f"Made report {number}",
            "body": "Made world, not a real report",
            "url": f"https://made.example/node/{number}",
            "url_alias": f"https://made.example/report/{number}",
            "status": "published",
            "date": {
                "original": now.isoformat(timespec="seconds"),
                "created": now.isoformat(timespec="seconds"),
            },
            "primary_country": country,
            "country": [country],
            "source": [{"name": "Made Source", "shortname": "MS"}],
            "format": [{"name": "Situation Report"}],
            "theme": [],
            "language": [{"code": "en"}],
        }
        self.server.reports.append(Entry(number, [(now, fields)]))

    def learn(self, now: datetime) -> None:
        for entry in self.server.reports:
            if (fields := entry.at(now)) is not None:
                self.known[str(entry.number)] = fields["title"]

    def ask(self, connection: duckdb.DuckDBPyConnection, at: datetime) -> Known:
        known = articles_known(connection, self.feed, at)
        return {key.rpartition("/")[2]: title for key, title in known.items()}


# --- context ------------------------------------------------------------------------------------------


class Context(Source):
    """A publisher that shows a small whole: ``figures`` by key, changed, added, left out."""

    table: str
    value: str

    def __init__(
        self, feed: str, table: str, value: str, first: Known, serve: Callable[["Context"], Api]
    ) -> None:
        super().__init__()
        self.feed, self.table, self.value = feed, table, value
        self.figures = dict(first)
        self.changed_at = START - timedelta(days=1)
        self._api = serve(self)

    @property
    def api(self) -> Api:
        return self._api

    def change(self, rng: random.Random, now: datetime) -> None:
        key = rng.choice(sorted(self.figures))
        if rng.random() < 0.25 and len(self.figures) > 5:
            del self.figures[key]
        elif self.feed == "peacekeeping":
            self.figures[(f"UN-MADE-{self.next_number():03d}",)] = "Illness"
        else:
            # In thousands: a country's population is checked for being one.
            self.figures[key] = type(self.figures[key])(1000 * rng.randint(1, 9999))
        self.changed_at = now

    def learn(self, now: datetime) -> None:
        self.known = {tuple(map(str, key)): value for key, value in self.figures.items()}

    def ask(self, connection: duckdb.DuckDBPyConnection, at: datetime) -> Known:
        return raw_known(connection, self.table, self.value, at)


def worldbank() -> Context:
    first = {("SP.POP.TOTL", year, iso3): float(1000 * year) for year in (2021, 2022) for iso3 in COUNTRIES}

    def series(source: Context) -> Series:
        values = {(iso3, year): value for (_, year, iso3), value in source.figures.items()}
        # A country without any value is an error to the World Bank, not an empty answer.
        return Series(source.changed_at.date(), values | {(iso3, 1990): None for iso3 in COUNTRIES})

    source = Context(
        "worldbank", "worldbank_indicator", "value", first, lambda me: WorldBankApi(lambda _: series(me))
    )
    source.learn = lambda now: _learn_worldbank(source)  # type: ignore[method-assign]
    return source


def _learn_worldbank(source: Context) -> None:
    nothing = {("SP.POP.TOTL", "1990", iso3): None for iso3 in COUNTRIES}
    source.known = nothing | {tuple(map(str, key)): value for key, value in source.figures.items()}


def unhcr() -> Context:
    first = {(2024, origin, asylum): 10 for origin in COUNTRIES for asylum in COUNTRIES if origin != asylum}

    def flows(source: Context) -> Mapping[tuple[int, str, str], Mapping[str, int | str | None]]:
        return {key: {"refugees": value} for key, value in source.figures.items()}

    return Context("unhcr", "unhcr_population", "refugees", first, lambda me: UnhcrApi(lambda _: flows(me)))


def idmc() -> Context:
    first = {(year, iso3): 100 for year in range(2018, 2024) for iso3 in COUNTRIES}

    def files(source: Context) -> Mapping[str, Displacement]:
        return {
            iso3: Displacement(
                source.changed_at,
                [
                    (year, value, None)
                    for (year, country), value in sorted(source.figures.items())
                    if country == iso3
                ],
            )
            for iso3 in COUNTRIES
        }

    return Context(
        "idmc", "idmc_displacement", "new_displacement", first, lambda me: HdxApi(lambda _: files(me))
    )


def coups() -> Context:
    days = [date(2020 + number, 8, 18) for number in range(6)]
    first = {(f"powell_thyne-432-{day}-1",): bool(day.year % 2) for day in days}

    def listed(source: Context) -> CoupList:
        told = [
            Coup("Mali", 432, date.fromisoformat(key[0][17:27]), successful)
            for key, successful in sorted(source.figures.items())
        ]
        return CoupList(source.changed_at, "made", told)

    return Context("coups", "coup", "is_successful", first, lambda me: CoupsApi(lambda _: listed(me)))


def peacekeeping() -> Context:
    first = {(f"UN-MADE-{900 + number}",): "Malicious Act" for number in range(6)}

    def deaths(source: Context) -> list[Mapping[str, str | None]]:
        return [
            {
                "incident_date": "2022-02-03",
                "casualty_id": key[0],
                "mission_acronym": "MINUSMA",
                "type_of_casualty": "Fatality",
                "gender": None,
                "casualty_nationality": "Made",
                "casualty_personnel_type": "Military",
                "type_of_incident": value,
                "m49_code": None,
                "isocode3": None,
                "last_update": "2026-01-01",
            }
            for key, value in sorted(source.figures.items())
        ]

    return Context(
        "peacekeeping",
        "peacekeeper_fatality",
        "type_of_incident",
        first,
        lambda me: PeacekeepingApi(lambda _: deaths(me)),
    )


# --- GDELT --------------------------------------------------------------------------------------------


class Gdelt(Source):
    """Slots of two days that come in any order and late, some in a copy that is damaged until it is put right."""

    feed = "gdelt"
    first_slot = datetime(2026, 6, 29, tzinfo=UTC)
    slots = 2 * 96

    def __init__(self) -> None:
        super().__init__()
        self.files = GdeltFiles()
        self.told: dict[tuple[str, int], Known] = {}
        self.damaged: dict[tuple[str, int], bytes] = {}
        for stream in ("export", "translation.export"):
            self.publish(stream, 0, 2)

    @property
    def api(self) -> Api:
        return self

    def handle(self, request: Request, as_of: datetime) -> Answer:
        status, headers, body = self.files.answer(request.path, request.headers.get("range"))
        return Answer(body, "application/octet-stream", status=status, headers=headers)

    def request(self, now: datetime) -> LoadRequest:
        last = self.first_slot + self.slots * SLOT - SLOT
        return LoadRequest(self.feed, date_from=self.first_slot.date(), date_to=last.date())

    def change(self, rng: random.Random, now: datetime) -> None:
        if self.damaged and rng.random() < 0.5:
            slot, body = self.damaged.popitem()
            self.files.files[self.path(*slot)] = body
            return
        stream, number = rng.choice(("export", "translation.export")), rng.randrange(self.slots)
        if (stream, number) not in self.told:
            self.publish(stream, number, rng.randint(1, 3))
            if rng.random() < 0.3:
                path = self.path(stream, number)
                self.damaged[stream, number] = self.files.files[path]
                self.files.files[path] = self.files.files[path][:-9]

    def publish(self, stream: str, number: int, events: int) -> None:
        slot = self.first_slot + number * SLOT
        told = {(str(self.next_number()),): ("0841", "173", "190")[number % 3] for _ in range(events)}
        self.told[stream, number] = told
        rows = [event_row(key, slot, event_code=code) for (key,), code in told.items()]
        self.files.add(slot, stream, rows)

    def path(self, stream: str, number: int) -> str:
        return f"/gdeltv2/{self.first_slot + number * SLOT:%Y%m%d%H%M%S}.{stream}.CSV.zip"

    def learn(self, now: datetime) -> None:
        for slot, events in self.told.items():
            if slot not in self.damaged:
                self.known |= events

    def ask(self, connection: duckdb.DuckDBPyConnection, at: datetime) -> Known:
        return raw_known(connection, "gdelt_event", "event_code", at)


def all_sources(embargo_months: int | None) -> dict[str, Source]:
    sources = [
        Ucdp(), Acled(embargo_months), InsecurityInsight(), News(), ReliefWeb(), Gdelt(),
        worldbank(), unhcr(), idmc(), coups(), peacekeeping(),
    ]  # fmt: skip
    return {source.feed: source for source in sources}


def as_text(known: Known) -> str:
    """Known things in an order that a person can compare."""
    return json.dumps(sorted([str(key), str(value)] for key, value in known.items()), indent=0)


def settings_for(home: Any, sources: dict[str, Source], base_url: str) -> Settings:
    fields: dict[str, Any] = {"home": home, "countries": COUNTRIES, "feeds": tuple(sources)}
    for source in sources.values():
        source.configure(fields, base_url)
    return Settings(**fields)
