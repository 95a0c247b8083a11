"""UCDP through its API: the walk through pages, what its answers mean, its rows, and the token that nobody sees.

The publisher is the made world's UCDP API over HTTP, turned where a test needs it to be wrong.
"""

import csv
import json
import logging
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.contracts.ucdp import UCDP_GED
from orchestration import steps
from orchestration.feeds import registry, ucdp_api
from orchestration.feeds.base import Context, NotTheFormat
from orchestration.feeds.http import HttpClient
from orchestration.feeds.ucdp import UcdpFeed
from orchestration.made_world import Publishers, World, serve
from orchestration.made_world.publishers import Answer, Request
from orchestration.made_world.ucdp_api import TOKEN_REQUIRED, UcdpApi, as_told, told_by
from orchestration.records import Batch, LoadRequest, Payload
from orchestration.settings import Settings
from orchestration.warehouse.payload_store import PayloadStore
from tests.unit.feeds.fault_server import Answer as Scripted, FaultServer
from tests.unit.feeds.ucdp_files import EVENTS, as_csv, parse

NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)
TOKEN = "made-token-8f2c41d7"
_TYPES = {column.name: column.dtype for column in UCDP_GED.publisher_columns}


def typed(row: dict[str, str]) -> dict[str, Any]:
    """A row of a file in values, as the API's publisher has it."""
    read = {"BIGINT": int, "INTEGER": int, "DOUBLE": float, "BOOLEAN": lambda text: text in ("1", "True")}
    read["DATE"] = lambda text: date.fromisoformat(text[:10])
    return {name: read.get(_TYPES[name], str)(text) if text else None for name, text in row.items()}


ROWS = [typed(row) for row in EVENTS]


def of_2026(count: int, month: int = 4) -> list[dict[str, Any]]:
    """``count`` events of a month of 2026, alike but for their ids."""
    day = date(2026, month, 3)
    return [
        ROWS[0] | {"id": 920_000 + number, "year": 2026, "date_start": day, "date_end": day}
        for number in range(count)
    ]


class Altered:
    """The API, whose pages ``change`` alters before they are sent: (page, its number) to page."""

    def __init__(self, api: UcdpApi, change: Callable[[dict[str, Any], int], dict[str, Any]]) -> None:
        self.api = api
        self.change = change

    def handle(self, request: Request, as_of: datetime) -> Answer:
        answer = self.api.handle(request, as_of)
        if answer.status != 200:
            return answer
        page = self.change(json.loads(answer.body), int(request.query.get("page", 0)))
        return replace(answer, body=json.dumps(page).encode())


class Bench:
    """The API of a few releases over HTTP, and a feed that asks it. ``releases`` may be changed meanwhile."""

    def __init__(self, publishers: Publishers, base_url: str, home: Path) -> None:
        self.releases: dict[str, list[dict[str, Any]]] = {}
        self.publishers = publishers
        self.api = UcdpApi(lambda version, _: self.releases.get(version), TOKEN)
        self.publishers.apis["ucdp_api"] = self.api
        self.waits: list[float] = []
        self.settings = Settings(
            home=home,
            countries=("MLI", "BEN"),
            ucdp_url=f"{base_url}/nothing",
            ucdp_api_url=f"{base_url}/ucdp_api",
            ucdp_token=TOKEN,
            fixed_now=NOW,
        )
        self.feed = UcdpFeed(sleep=self.waits.append)
        self.applied: dict[str, dict[str, Any]] = {}

    def fetch(self, release: str | None = None, **settings: Any) -> list[Batch]:
        """Batches, as the ledger's journal would keep them."""
        given = replace(self.settings, **settings)
        with HttpClient(given, sleep=lambda _: None) as http:
            context = Context(given, http, PayloadStore(given.payloads), self, NOW, lambda *_: None)
            batches = list(self.feed.fetch(LoadRequest("ucdp", release=release), context))
        return [Batch.from_json(batch.to_json()) for batch in batches]

    def learn(self, batch: Batch) -> None:
        """As the promotion does."""
        for row in batch.ledger_rows.get("ucdp_release", []):
            self.applied[row["release"]] = {"batch": batch.to_json()} | row

    def ucdp_releases(self) -> list[dict[str, Any]]:
        return list(self.applied.values())

    def validator(self, url: str) -> tuple[None, None]:
        return None, None

    @property
    def asked(self) -> list[str]:
        """Version and page of each request to the API; no page where none was named."""
        return [
            f"{request.path.rsplit('/', 1)[1]} {request.query.get('page', '-')}" for request in self.api.asked
        ]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    publishers = Publishers()
    with serve(publishers) as served:
        yield Bench(publishers, served.base_url, tmp_path / "home")


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ucdp_api, "PAGE_SIZE", 2)


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(tmp_path / "scratch.duckdb")) as connection:
        yield connection


def told(batches: list[Batch]) -> list[tuple[str, str]]:
    return [(batch.partition_key, str(batch.attempts[0].status)) for batch in batches]


# --- the walk -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_pages")
def test_pages_are_followed_from_the_first_which_has_no_number(bench, scratch):
    bench.releases["26.0.4"] = of_2026(5)
    (batch,) = bench.fetch("26.0.4")
    assert bench.asked == ["26.0.4 -", "26.0.4 1", "26.0.4 2"]
    assert {request.query["pagesize"] for request in bench.api.asked} == {"2"}
    assert told([batch]) == [("26.0.4", "ok")]
    assert (batch.table, batch.stream, batch.options["kind"]) == ("ucdp_ged", "candidate", "monthly")
    assert [payload.key for payload in batch.payloads] == [f"26.0.4/page-000{page}" for page in range(3)]
    assert batch.attempts[0].payload_keys == tuple(payload.key for payload in batch.payloads)
    pages = [json.loads(payload.path.read_bytes()) for payload in batch.payloads]
    assert [len(page["Result"]) for page in pages] == [2, 2, 1]
    parsed = bench.feed.parse(batch, scratch, ("MLI",))
    assert (parsed.rows_seen, parsed.rows_out_of_scope) == (5, 0)
    assert scratch.execute("select count(distinct payload_sha256), count(*) from parsed_rows").fetchone() == (
        3,
        5,
    )


@pytest.mark.usefixtures("small_pages")
def test_an_api_that_counts_from_one_loses_no_page(bench):
    """Where a client counts itself, a wrong first number costs a page that no status tells of."""
    bench.releases["26.0.4"] = of_2026(5)

    class FromOne:
        def handle(self, request: Request, as_of: datetime) -> Answer:
            number = int(request.query.get("page", 1))
            answer = bench.api.handle(
                replace(request, query={**request.query, "page": str(number - 1)}), as_of
            )
            page = json.loads(answer.body)
            if page["NextPageUrl"]:
                page["NextPageUrl"] = page["NextPageUrl"].replace(f"page={number}", f"page={number + 1}")
            return replace(answer, body=json.dumps(page).encode())

    bench.publishers.apis["ucdp_api"] = FromOne()
    (batch,) = bench.fetch("26.0.4")
    assert told([batch]) == [("26.0.4", "ok")]
    ids = [row["id"] for page in batch.payloads for row in json.loads(page.path.read_bytes())["Result"]]
    assert ids == [920_000 + number for number in range(5)]


def changed(name: str, value: Any, on: int) -> Callable[[dict[str, Any], int], dict[str, Any]]:
    return lambda page, number: page | {name: value} if number == on else page


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda page, _: page | {"TotalCount": 6}, "6 events in 3 pages were announced, 5 in 3 came"),
        (lambda page, _: page | {"TotalPages": 4}, "5 events in 4 pages were announced, 5 in 3 came"),
        (changed("NextPageUrl", "", on=1), "5 events in 3 pages were announced, 4 in 2 came"),
        (lambda page, n: page | {"Result": page["Result"][:1]} if n == 1 else page, "5 in 3 came|4 in 3 came"),
        (changed("TotalCount", 1005, on=1), "changed from 5 to 1,005 events while it was read"),
        (
            lambda page, _: page | {"NextPageUrl": page["NextPageUrl"].replace("page=2", "page=1")},
            "after page 2 of 3 another one is named",
        ),
        (
            lambda page, n: page | {"NextPageUrl": f"/api/gedevents/26.0.4?pagesize=2&page={n + 1}"},
            "after page 3 of 3 another one is named",
        ),
    ],
    ids=["count", "pages", "ends early", "short page", "grows meanwhile", "circle", "no end"],
)  # fmt: skip
def test_a_release_that_is_not_whole_is_not_loaded(bench, change, said):
    bench.releases["26.0.4"] = of_2026(5)
    bench.publishers.apis["ucdp_api"] = Altered(bench.api, change)
    (batch,) = bench.fetch("26.0.4")
    assert told([batch]) == [("26.0.4", "failed")]
    assert any(part in batch.attempts[0].error for part in said.split("|"))
    assert "asked for again at the next load" in batch.attempts[0].error
    assert (batch.table, batch.ledger_rows) == (None, {})
    assert len(bench.api.asked) <= 3


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("lies_at", ["https://elsewhere.example/api/gedevents/26.0.4?page=1", "//[bad", 7])
def test_the_token_follows_no_page_to_another_address(bench, lies_at):
    bench.releases["26.0.4"] = of_2026(5)
    bench.publishers.apis["ucdp_api"] = Altered(bench.api, changed("NextPageUrl", lies_at, on=0))
    (batch,) = bench.fetch("26.0.4")
    assert told([batch]) == [("26.0.4", "refused")]
    assert len(bench.api.asked) == 1
    assert "unset UCDP_TOKEN" in batch.attempts[0].error
    assert [payload.key for payload in batch.payloads] == ["26.0.4/page-0000"]


def test_a_redirect_to_another_host_gets_no_token(bench):
    with FaultServer() as server, FaultServer("127.0.0.2") as elsewhere:
        elsewhere.script("/page", Scripted(b"{}"))
        path = "/api/gedevents/26.0.4"
        server.script(path, Scripted(status=302, headers={"Location": elsewhere.base + "/page"}))
        (batch,) = bench.fetch("26.0.4", ucdp_api_url=server.base)
        assert server.asked[0].headers[ucdp_api.TOKEN_HEADER] == TOKEN
        assert not any(asked.headers[ucdp_api.TOKEN_HEADER] for asked in elsewhere.asked)
    assert told([batch]) == [("26.0.4", "refused")]


# --- what an answer means -----------------------------------------------------------------------


@pytest.mark.usefixtures("small_pages")
def test_400_in_the_middle_of_a_walk_is_a_throttle(bench):
    bench.releases["26.0.4"] = of_2026(7)
    bench.api.throttle = {2, 4, 5}
    (batch,) = bench.fetch("26.0.4")
    assert told([batch]) == [("26.0.4", "ok")]
    assert bench.waits == [60.0, 60.0, 60.0]
    assert bench.asked == [
        *("26.0.4 -", "26.0.4 1", "26.0.4 1", "26.0.4 2", "26.0.4 2", "26.0.4 2", "26.0.4 3"),
    ]


@pytest.mark.usefixtures("small_pages")
def test_a_throttle_without_end_ends_the_walk(bench):
    bench.releases["26.0.4"] = of_2026(7)
    bench.api.throttle = set(range(2, 99))
    (batch,) = bench.fetch("26.0.4")
    assert told([batch]) == [("26.0.4", "failed")]
    assert bench.waits == [60.0, 60.0, 120.0]
    assert "400 (too many requests), also after waiting" in batch.attempts[0].error
    assert len(bench.api.asked) == 5


def test_400_to_first_pages_is_waited_out_once_and_then_taken_for_absence(bench):
    """Each wait is a minute, and a load asks for a dozen releases that may not be there."""
    bench.api.throttle = set(range(1, 99))
    batches = bench.fetch()
    assert bench.waits == [60.0]
    assert {status for _, status in told(batches)} == {"missing"}
    assert "perhaps to a release that it does not have" in batches[0].attempts[0].error


def test_a_throttled_first_page_is_read_after_a_wait(bench):
    bench.releases["26.0.4"] = of_2026(1)
    bench.api.throttle = {1}
    assert told(bench.fetch("26.0.4")) == [("26.0.4", "ok")]
    assert bench.waits == [60.0]


def test_waits_of_one_load_are_bounded(bench, monkeypatch):
    monkeypatch.setattr(ucdp_api, "PAGE_SIZE", 1)
    bench.releases["26.0.4"] = of_2026(40)
    bench.api.throttle = set(range(2, 200, 2))
    (batch,) = bench.fetch("26.0.4")
    assert told([batch]) == [("26.0.4", "failed")]
    assert len(bench.waits) == ucdp_api.MAX_WAITS


def test_a_token_that_is_not_accepted_is_told_and_ends_the_load(bench):
    bench.api.token = "another"
    (batch,) = bench.fetch()
    assert told([batch]) == [("26.1", "refused")]
    error = batch.attempts[0].error
    assert "the token in UCDP_TOKEN is not accepted by" in error
    assert "ask UCDP for one as https://ucdp.uu.se/apidocs/ tells" in error
    assert error.endswith("the releases after it were not asked for")
    assert len(bench.api.asked) == 1


@pytest.mark.parametrize("token", ["made\ntoken-8f2c41d7", "made token-8f2c41d7", "made-tökén-8f2c41d7"])
def test_a_token_that_cannot_be_sent_is_not_shown_either(bench, token):
    (batch,) = bench.fetch("26.1", ucdp_token=token)
    assert told([batch]) == [("26.1", "refused")]
    assert "UCDP_TOKEN holds characters that no token has" in batch.attempts[0].error
    assert "8f2c41d7" not in batch.to_json()
    assert bench.api.asked == []


@pytest.mark.parametrize("is_empty", [False, True], ids=["404", "no events"])
def test_a_version_that_does_not_exist_is_missing(bench, is_empty):
    bench.api.unknown_is_empty = is_empty
    (batch,) = bench.fetch("26.0.4")
    assert told([batch]) == [("26.0.4", "missing")]
    assert (batch.table, batch.payloads, bench.waits) == (None, (), [])


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (Scripted(status=503), "failed", "answered 503"),
        (Scripted(status=429), "failed", "answered 429"),
        (Scripted(status=403), "failed", "answered 403"),
        (Scripted(b'{"TotalCount"', length=9999), "failed", "/api/gedevents/26.0.4"),
        (Scripted(b"<html>Sign in</html>"), "refused", "page 1 is not what the API answers"),
        (Scripted(b'{"TotalCount": 1, "TotalPages": 1}'), "refused", "page 1 is not what the API answers"),
        (Scripted(b'{"TotalCount": NaN, "TotalPages": 1, "Result": []}'), "refused", "not what the API"),
        (Scripted(b"[" * 100_000), "refused", "not what the API answers"),
        (
            Scripted(b'{"TotalCount": 9000, "TotalPages": 9000, "NextPageUrl": "", "Result": [1]}'),
            "refused",
            "9,000 pages, more than a day's quota allows",
        ),
    ],
)
def test_other_answers_are_attempts_with_their_reason(bench, answer, status, said):
    with FaultServer() as server:
        server.script("/api/gedevents/26.0.4", answer)
        (batch,) = bench.fetch("26.0.4", ucdp_api_url=server.base)
    assert told([batch]) == [("26.0.4", status)]
    assert said in batch.attempts[0].error
    assert batch.table is None
    assert [page.path.read_bytes() for page in batch.payloads] == [answer.body] * (status == "refused")


@pytest.mark.usefixtures("small_pages")
def test_a_page_that_is_not_there_is_no_absence_of_the_release(bench):
    bench.releases["26.0.4"] = of_2026(5)
    bench.api.releases = lambda version, _: None if len(bench.api.asked) > 1 else bench.releases[version]
    (batch,) = bench.fetch("26.0.4")
    assert told([batch]) == [("26.0.4", "failed")]
    assert "answered 404" in batch.attempts[0].error


# --- which releases -----------------------------------------------------------------------------


def test_the_same_releases_as_of_the_downloads_and_the_actor_list_from_there(bench):
    with FaultServer() as downloads:
        bench.releases = {
            **{"25.1": ROWS, "25.01.25.12": ROWS[:1]},
            **{"26.01.26.03": of_2026(2, 3), "26.0.4": of_2026(1)},
        }
        stamp = {"Last-Modified": "Wed, 20 May 2026 09:30:00 GMT"}
        downloads.script("/downloads/candidateged/GEDEvent_v26_0_4.csv", Scripted(headers=stamp))
        batches = bench.fetch(ucdp_url=downloads.base)
        got = [asked.path for asked in downloads.asked if asked.method == "GET"]
        assert {path.rsplit("-", 1)[0] for path in got} == {"/downloads/actor/ucdp-actor"}
        assert not any(asked.headers[ucdp_api.TOKEN_HEADER] for asked in downloads.asked)
    assert told(batches) == [
        ("25.1", "ok"),
        ("25.01.25.12", "ok"),
        ("26.01.26.03", "ok"),
        ("26.0.4", "ok"),
        ("actor-25.1", "missing"),
    ]
    # The API dates nothing; the file of the same release does, where there is one.
    assert {batch.partition_key: page.released_at for batch in batches for page in batch.payloads} == {
        **dict.fromkeys(("25.1", "25.01.25.12", "26.01.26.03")),
        "26.0.4": datetime(2026, 5, 20, 9, 30, tzinfo=UTC),
    }
    assert bench.asked == [
        *("26.1 -", "25.1 -", "25.01.25.12 -"),
        *("26.01.26.05 -", "26.01.26.04 -", "26.01.26.03 -", "26.0.4 -", "26.0.5 -"),
    ]


@pytest.mark.usefixtures("small_pages")
def test_of_an_annual_release_the_first_page_tells_that_nothing_changed(bench):
    bench.releases["25.1"] = ROWS
    bench.learn(bench.fetch("25.1")[0])
    del bench.api.asked[:]
    (batch,) = bench.fetch("25.1")
    assert told([batch]) == [("25.1", "unchanged")]
    assert bench.asked == ["25.1 -"]


@pytest.mark.usefixtures("small_pages")
def test_of_candidates_every_page_is_compared_for_they_change_under_their_name(bench):
    bench.releases["26.0.4"] = of_2026(5)
    bench.learn(bench.fetch("26.0.4")[0])
    assert told(bench.fetch("26.0.4")) == [("26.0.4", "unchanged")]
    assert len(bench.api.asked) == 6
    bench.releases["26.0.4"][4]["deaths_b"] = 40
    (batch,) = bench.fetch("26.0.4")
    assert told([batch]) == [("26.0.4", "ok")]
    assert len(batch.payloads) == 3


# --- rows ---------------------------------------------------------------------------------------


def pages_batch(
    folder: Path, *pages: list[Any], release: str = "25.1", kind: str = "annual", since: str = "1989-01-01"
) -> Batch:
    """A batch of stored pages, as a walk would leave it."""
    payloads = []
    for number, rows in enumerate(pages):
        path = folder / f"page-{number}"
        path.write_text(json.dumps({"Result": rows}), encoding="utf-8")
        payloads.append(
            Payload(f"{number:064d}", 1, path, "https://api.example", NOW, 200, "ucdp", f"{release}/{number}")
        )
    options = {"release": release, "kind": kind, "in_pages": True, "withdraws": kind != "monthly"}
    end = {"annual": "2024-12-31", "monthly": "2026-04-30"}[kind]
    options |= {"name": release, "period_start": since, "period_end": end}
    return Batch("ucdp", "ged", release, (), "ucdp_ged", tuple(payloads), options)


def content(scratch: duckdb.DuckDBPyConnection, countries: tuple[str, ...] | None = None) -> list[tuple]:
    names = ", ".join(f'"{name}"' for name in UCDP_GED.column_names)
    return scratch.execute(f"select {names} from parsed_rows order by id").fetchall()


def test_rows_of_a_page_are_those_of_the_file(scratch, tmp_path):
    file = tmp_path / "ged251.csv"
    file.write_text(as_csv(), encoding="utf-8", newline="")
    from_file = parse(file, scratch)
    told_there = content(scratch)
    parsed = UcdpFeed().parse(pages_batch(tmp_path, [as_told(row) for row in ROWS]), scratch, None)
    assert (parsed.rows_seen, parsed.extra_columns) == (from_file.rows_seen, ()) == (3, ())
    assert content(scratch) == told_there
    assert scratch.execute("select gwnoa, gwnob, active_year, date_start from parsed_rows").fetchone() == (
        "432",
        None,
        True,
        date(2024, 3, 4),
    )
    columns = [name for name, *_ in scratch.execute("describe parsed_rows").fetchall()]
    assert columns == [*UCDP_GED.column_names, "payload_sha256", "released_at"]


def test_a_real_release_has_the_same_rows_either_way(scratch, tmp_path, shared_data):
    archive = shared_data / "mirror" / "ucdp" / "downloads" / "ged" / "ged241-csv.zip"
    parsed = parse(archive, scratch, release="24.1")
    assert parsed.rows_seen > 2000
    told_there = content(scratch)
    with zipfile.ZipFile(archive) as opened:
        text = opened.read(opened.namelist()[0]).decode("utf-8-sig")
    rows = [as_told(typed(row)) for row in csv.DictReader(StringIO(text, newline=""))]
    pages = [rows[start : start + 1000] for start in range(0, len(rows), 1000)]
    UcdpFeed().parse(pages_batch(tmp_path, *pages, release="24.1"), scratch, None)
    assert content(scratch) == told_there


def test_the_scope_leaves_out_other_countries(scratch, tmp_path):
    batch = pages_batch(tmp_path, [as_told(row) for row in ROWS])
    parsed = UcdpFeed().parse(batch, scratch, ("MLI",))
    assert (parsed.rows_seen, parsed.rows_out_of_scope) == (3, 2)
    assert scratch.execute("select id from parsed_rows").fetchall() == [(900001,)]


GOOD = [as_told(ROWS[0]) | {"id": 930_000 + number} for number in range(9)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"best": "many"}, "best 'many' is not a whole number"),
        ({"best": 2.5}, "best '2.5' is not a whole number"),
        ({"date_end": "2024-03-04T13:00:00"}, "date_end '2024-03-04T13:00:00' is not a day"),
        ({"latitude": 999}, "latitude '999' is not a number from -90 to 90"),
        ({"side_a": None}, "side_a is empty"),
        ({"active_year": 7}, "active_year '7' is not 0, 1, False or True"),
        ({"region": {"name": "Africa"}}, "region is not plain text"),
        ({"where_description": "a\0b"}, "where_description is not plain text"),
        ({"source_headline": "\ud800"}, "source_headline is not plain text"),
    ],
)
def test_a_row_that_does_not_fit_is_set_aside_by_its_page_and_place(scratch, tmp_path, change, reason):
    bad = GOOD[0] | {"id": 930_500} | change
    parsed = UcdpFeed().parse(pages_batch(tmp_path, GOOD[:4], [*GOOD[4:], bad]), scratch, None)
    assert parsed.rows_seen == 10
    assert scratch.execute("select count(*) from parsed_rows").fetchone() == (9,)
    ((sha256, line, told, text),) = scratch.execute("select * from rejects").fetchall()
    assert (sha256, line) == (f"{1:064d}", 6)
    assert told.startswith(reason)
    key, _, row = text.partition("\t")
    assert (key, json.loads(row)) == ("930500", json.loads(json.dumps(bad)))


def test_a_row_that_is_no_object_is_set_aside(scratch, tmp_path):
    UcdpFeed().parse(pages_batch(tmp_path, [*GOOD, "maintenance"]), scratch, None)
    assert scratch.execute("select line, reason, row_text from rejects").fetchall() == [
        (10, "the row is no object", '"maintenance"')
    ]


@pytest.mark.parametrize(
    ("pages", "said"),
    [
        ([[{k: v for k, v in row.items() if k != "best"} for row in GOOD]], "column missing: best"),
        ([GOOD, [GOOD[8]]], "event 930008 and 0 others came twice"),
        ([[row | {"date_end": "2025-01-01T00:00:00"} for row in GOOD[:1]], GOOD[1:]], "1 of 9 events end after"),
        ([[row | {"best": None} for row in GOOD[:5]] + GOOD[5:]], "5 of 9 rows do not fit, for example: best is empty"),
        ([["a", "b"]], "no rows with columns"),
    ],
)  # fmt: skip
def test_pages_that_are_not_the_release_are_refused_with_the_remedy(scratch, tmp_path, pages, said):
    with pytest.raises(NotTheFormat, match=said) as refused:
        UcdpFeed().parse(pages_batch(tmp_path, *pages), scratch, None)
    assert "release 25.1 through the API" in str(refused.value)
    assert "unset UCDP_TOKEN" in str(refused.value)


def test_a_column_that_is_new_is_named_and_not_loaded(scratch, tmp_path):
    parsed = UcdpFeed().parse(pages_batch(tmp_path, [row | {"iso3": "MLI"} for row in GOOD]), scratch, None)
    assert parsed.extra_columns == ("iso3",)


def test_an_api_that_ignores_what_it_was_asked_for_is_found_out(bench, scratch):
    """A parameter that the API does not know is ignored with 200 and everything; so might a version be."""
    bench.api.releases = lambda version, as_of: [*ROWS, *of_2026(1)]
    (batch,) = bench.fetch("26.0.4")
    with pytest.raises(NotTheFormat, match="3 of 4 events end before 2026-04-01: this is not that release"):
        bench.feed.parse(batch, scratch, None)
    assert {name for request in bench.api.asked for name in request.query} <= {"pagesize", "page"}


# --- in the warehouse ---------------------------------------------------------------------------


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the registered feed has waited for the API, instead of waiting."""
    waited: list[float] = []
    monkeypatch.setitem(registry.FEEDS, "ucdp", UcdpFeed(sleep=waited.append))
    return waited


@pytest.fixture
def made(tmp_path: Path, waits: list[float]) -> Iterator[tuple[Settings, Publishers]]:
    """The made world's UCDP both ways, and a home to load into from the files."""
    publishers = Publishers(World())
    publishers.apis["ucdp_api"] = UcdpApi(told_by(publishers.ucdp), TOKEN)
    with serve(publishers) as served:
        yield (
            Settings(
                home=tmp_path / "home",
                countries=None,
                ucdp_url=served.ucdp_url,
                ucdp_api_url=f"{served.base_url}/ucdp_api",
                fixed_now=publishers.as_of,
            ),
            publishers,
        )


def rows_of(settings: Settings, sql: str) -> list[tuple]:
    with duckdb.connect(str(settings.warehouse), read_only=True) as warehouse:
        return warehouse.execute(sql).fetchall()


VERSIONS = f"select {', '.join(UCDP_GED.column_names)}, released_at, content_hash, is_withdrawn from raw.ucdp_ged order by all"


def test_a_release_that_comes_both_ways_is_one_version(made):
    """Also where a later release has changed what it says: applied anew, it would undo that for a moment."""
    by_file, publishers = made
    by_api = replace(by_file, ucdp_token=TOKEN)
    first = steps.load(steps.Run(by_file), LoadRequest("ucdp"))
    versions = rows_of(by_file, VERSIONS)
    assert [attempt["partition_key"] for attempt in first.attempts] == [
        *("26.1", "26.01.26.03", "26.0.4", "26.0.5", "actor-26.1")
    ]
    assert len(versions) > 5000
    for settings in (by_api, by_file):
        report = steps.load(steps.Run(settings), LoadRequest("ucdp"))
        assert {str(attempt["status"]) for attempt in report.attempts} == {"unchanged"}
        assert rows_of(by_file, VERSIONS) == versions
    order = rows_of(by_file, "select release from ledger.ucdp_release order by attempt_id")
    assert [release for (release,) in order[:4]] == ["26.1", "26.01.26.03", "26.0.4", "26.0.5"]
    asked = len(publishers.apis["ucdp_api"].asked)
    state = "select * exclude (batch) from ledger.ucdp_release order by release"
    known = rows_of(by_file, state)
    steps.rebuild(steps.Run(by_api))
    assert rows_of(by_file, VERSIONS) == versions
    assert rows_of(by_file, state) == known
    assert len(publishers.apis["ucdp_api"].asked) == asked


def test_either_way_alone_gives_the_same_versions(made, tmp_path):
    by_file, _ = made
    by_api = replace(by_file, home=tmp_path / "api", ucdp_token=TOKEN)
    for settings in (by_file, by_api):
        report = steps.load(steps.Run(settings), LoadRequest("ucdp"))
        assert not report.failed
    assert rows_of(by_api, VERSIONS) == rows_of(by_file, VERSIONS)
    coverage = "select * from ledger.coverage order by all"
    assert rows_of(by_api, coverage) == rows_of(by_file, coverage)
    assert rows_of(
        by_api, "select payloads from ledger.load_attempt where partition_key = '26.1'"
    ) == [(6,)]  # fmt: skip


def test_a_wider_scope_reads_the_releases_anew_and_leaves_what_is_known(made):
    settings, _ = made
    mali = replace(settings, countries=("MLI",))
    steps.load(steps.Run(mali), LoadRequest("ucdp"))
    known = rows_of(settings, "select * from raw.ucdp_ged order by all")
    for token in (None, TOKEN):
        wider = replace(settings, countries=("MLI", "NER") if token is None else None, ucdp_token=token)
        report = steps.load(steps.Run(wider), LoadRequest("ucdp"))
        assert str(report.attempts[0]["status"]) == "ok"
        # Gleditsch-Ward 432 is Mali.
        assert rows_of(settings, "select * from raw.ucdp_ged where country_id = 432 order by all") == known
    assert rows_of(settings, "select count(distinct country_id) > 10 from raw.ucdp_ged") == [(True,)]


def test_a_file_in_other_bytes_with_the_same_rows_is_unchanged_and_with_others_is_not(tmp_path, monkeypatch):
    """A release packed anew is not a new one; one whose rows differ is."""
    with FaultServer() as server:
        path = "/downloads/candidateged/GEDEvent_v24_0_3.csv"
        settings = Settings(home=tmp_path / "home", countries=None, ucdp_url=server.base, fixed_now=NOW)

        def load(text: str) -> str:
            server.script(path, Scripted(text.encode()))
            report = steps.load(steps.Run(settings), LoadRequest("ucdp", release="24.0.3"))
            return str(report.attempts[0]["status"])

        march = EVENTS[:1]
        assert load(as_csv(march)) == "ok"
        assert load(as_csv(march, newline="\n")) == "unchanged"
        assert rows_of(settings, "select count(*) from raw.ucdp_ged") == [(1,)]
        assert load(as_csv([march[0] | {"deaths_a": "7", "best": "9"}])) == "ok"
        assert load("id,relid\r\n1,2\r\n") == "refused"
        assert rows_of(settings, "select best from raw.ucdp_ged order by attempt_id") == [(3,), (9,)]


def test_the_token_is_in_nothing_that_is_kept_or_told(made, waits, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    by_file, publishers = made
    by_api = replace(by_file, ucdp_token=TOKEN)
    api = publishers.apis["ucdp_api"]
    told = [repr(by_api)]
    for token, throttled in ((TOKEN, set()), ("not-it", set()), (TOKEN, set(range(0, 9999)))):
        api.token, api.throttle = token, throttled
        report = steps.load(steps.Run(by_api), LoadRequest("ucdp", release="26.0.4"))
        told += [str(report.attempts), *report.problems]
        with HttpClient(by_api, sleep=lambda _: None, max_attempts=1) as http:
            told += [str(finding) for finding in UcdpFeed().probe(by_api, http)]
    assert waits == [60.0]
    with duckdb.connect(str(by_api.warehouse), read_only=True) as warehouse:
        tables = warehouse.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
        told += [str(warehouse.execute(f"select * from {table}").fetchall()) for (table,) in tables]
    told += [caplog.text, *capsys.readouterr()]
    assert len(tables) > 10 and len(api.asked) > 6
    assert not [text for text in told if TOKEN in text]
    files = [path for path in by_api.home.rglob("*") if path.is_file()]
    assert [path.name for path in files if TOKEN.encode() in path.read_bytes()] == []
    assert any(path.suffix == ".json" and b"gedevents/26.0.4" in path.read_bytes() for path in files)


# --- doctor -------------------------------------------------------------------------------------


def probe(settings: Settings) -> list[tuple[str, str, str]]:
    with HttpClient(settings, sleep=lambda _: None, max_attempts=1) as http:
        return [(item.level, item.subject, item.finding) for item in UcdpFeed().probe(settings, http)]


def test_doctor_says_whether_the_token_is_accepted(bench):
    bench.releases["25.1"] = ROWS
    _, (level, subject, finding) = probe(bench.settings)
    assert (level, subject) == ("ok", "ucdp token")
    assert finding.startswith("accepted by")
    assert [dict(request.query) for request in bench.api.asked] == [{"pagesize": "1"}]
    bench.api.token = "another"
    _, (level, _, finding) = probe(bench.settings)
    assert level == "problem"
    assert finding.startswith("the token in UCDP_TOKEN is not accepted by")


@pytest.mark.parametrize(
    ("answer", "level", "said"),
    [
        (Scripted(status=404), "ok", "accepted by"),
        (Scripted(status=400), "note", "too many requests"),
        (Scripted(status=503), "problem", "answered 503"),
        (Scripted(b"<html>"), "problem", "not as the UCDP API does"),
    ],
)
def test_doctor_tells_other_answers_apart(bench, answer, level, said):
    with FaultServer() as server:
        server.script("/api/gedevents/25.1", answer)
        _, found = probe(replace(bench.settings, ucdp_api_url=server.base))
    assert found[0] == level and said in found[2]


def test_doctor_says_nothing_of_a_token_where_none_is_set(bench):
    assert [subject for _, subject, _ in probe(replace(bench.settings, ucdp_token=None))] == ["reach ucdp"]
    assert bench.api.asked == []


def test_doctor_does_not_show_a_token_that_cannot_be_sent(bench):
    found = probe(replace(bench.settings, ucdp_token="made\ntoken-8f2c41d7"))
    assert found[1] == ("problem", "ucdp token", "holds characters that no token has; set it anew")


# --- the made API -------------------------------------------------------------------------------


def ask(api: UcdpApi, version: str = "25.1", token: str = TOKEN, **query: str) -> Answer:
    headers = {"x-ucdp-access-token": token, "host": "made.example"}
    return api.handle(Request("GET", f"/api/gedevents/{version}", query, headers), NOW)


def test_the_made_api_asks_for_the_token_first_and_counts_pages_from_zero():
    api = UcdpApi(lambda version, _: ROWS if version == "25.1" else None, TOKEN)
    refused = ask(api, "nonsense", token="")
    assert (refused.status, refused.body.decode()) == (401, TOKEN_REQUIRED)
    assert ask(api, "nonsense").status == 404
    first, last = (json.loads(ask(api, pagesize="2", page=page).body) for page in ("0", "1"))
    assert (first["TotalCount"], first["TotalPages"], first["PreviousPageUrl"]) == (3, 2, "")
    assert first["NextPageUrl"] == "http://made.example/ucdp_api/api/gedevents/25.1?pagesize=2&page=1"
    assert (last["NextPageUrl"], [row["id"] for row in last["Result"]]) == ("", [900003])
    assert json.loads(ask(api, pagesize="2", page="2").body)["Result"] == []


def test_the_made_api_filters_by_what_it_knows_and_ignores_the_rest():
    api = UcdpApi(lambda *_: ROWS, TOKEN)

    def ids(**query: str) -> list[int]:
        return [row["id"] for row in json.loads(ask(api, **query).body)["Result"]]

    assert ids(Year="2031", Nonsense="1") == [900001, 900002, 900003]
    assert ids(Country="432,475") == [900001, 900003]
    assert ids(StartDate="2024-05-29", EndDate="2024-12-30") == [900002]
    assert ids(TypeOfViolence="3") == [900003]


def test_the_made_api_tells_releases_when_they_are_out():
    publishers = Publishers(World())
    releases = told_by(publishers.ucdp)
    release = publishers.ucdp.release("26.0.4")
    assert releases("26.0.4", release.published_at.replace(year=2025)) is None
    assert releases("nonsense", release.published_at) is None
    rows = releases("26.0.4", release.published_at)
    assert rows == publishers.ucdp.rows(release)
    (gwnoa,) = {type(as_told(row)["gwnoa"]) for row in rows if row["gwnoa"] is not None}
    assert gwnoa is str
