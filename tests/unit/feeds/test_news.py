"""The news feed: its list, when outlets are asked, what answers amount to, items as rows.

Belongs here: fetch and parse against a scripted server. Does not belong here: reading feed text
(test_news_syndication.py), versions of changed items (the promotion's tests).
"""

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.contracts.news import NEWS_ITEM
from orchestration.feeds.base import Context, NotTheFormat
from orchestration.feeds.http import HttpClient
from orchestration.feeds.news import PACKAGED_LIST, FeedListError, NewsFeed, read_feed_list
from orchestration.records import Batch, LoadRequest, Payload, Status
from orchestration.settings import Settings
from tests.unit.feeds.fault_server import Answer, FaultServer

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
MODIFIED = "Tue, 30 Jun 2026 11:30:00 GMT"


@pytest.fixture
def server():
    with FaultServer() as running:
        yield running


@pytest.fixture
def scratch():
    with duckdb.connect() as connection:
        yield connection


@dataclass
class Memory:
    """What earlier loads left, as far as news asks for it."""

    validators: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    failures: dict[str, tuple[int, datetime | None]] = field(default_factory=dict)

    def validator(self, url: str) -> tuple[str | None, str | None]:
        return self.validators.get(url, (None, None))

    def news_failures(self, feed_id: str) -> tuple[int, datetime | None]:
        return self.failures.get(feed_id, (0, None))


@dataclass
class Store:
    """Keeps bodies in a folder."""

    folder: Path

    def put(self, source: bytes, **told: Any) -> Payload:
        sha256 = hashlib.sha256(source).hexdigest()
        path = self.folder / sha256
        path.write_bytes(source)
        return Payload(sha256=sha256, size=len(source), path=path, **told)


class World:
    """A context around the server, and a list of outlets on it."""

    def __init__(self, server: FaultServer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.memory = Memory()
        self.notes: list[tuple[int, int | None, str]] = []
        self.urls: dict[str, str] = {}

    def outlet(self, feed_id: str, *answers: Answer) -> str:
        self.urls[feed_id] = self.server.script(f"/{feed_id}/rss", *answers)
        return self.urls[feed_id]

    def fetch(self, now: datetime = NOW, request: LoadRequest | None = None) -> dict[str, Batch]:
        path = self.folder / "feeds.yml"
        entries = "".join(
            f"- {{id: {feed_id}, url: '{url}', language: fr, publisher: Outlet {feed_id}, reliability: medium}}\n"
            for feed_id, url in self.urls.items()
        )
        path.write_text(f"feeds:\n{entries}")
        settings = Settings(news_feeds=path, fixed_now=now)
        with HttpClient(settings, sleep=lambda _: None) as http:
            context = Context(
                settings, http, Store(self.folder), self.memory, now, lambda *note: self.notes.append(note)
            )
            return {
                batch.stream: batch for batch in NewsFeed().fetch(request or LoadRequest("news"), context)
            }


@pytest.fixture
def world(server, tmp_path):
    return World(server, tmp_path)


def rss(*items: str) -> bytes:
    inner = "".join(f"<item>{item}</item>" for item in items)
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>{inner}</channel></rss>'.encode()
    )


def item(guid: str, title: str = "Titre", published: str = "Tue, 30 Jun 2026 10:00:00 GMT") -> str:
    return f"<guid isPermaLink='false'>{guid}</guid><title>{title}</title><pubDate>{published}</pubDate>"


def rows(scratch: duckdb.DuckDBPyConnection, table: str) -> list[dict[str, Any]]:
    relation = scratch.sql(f"select * from {table}")
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


# --- the list ----------------------------------------------------------------------------------------


def test_the_packaged_list_is_valid_and_in_both_languages():
    outlets = read_feed_list(Settings())
    assert len(outlets) >= 25
    assert {outlet.language for outlet in outlets} == {"en", "fr"}
    assert all(outlet.url.startswith("https://") for outlet in outlets)
    low = next(outlet for outlet in outlets if outlet.id == "gateway-pundit")
    assert low.reliability == "low"
    assert PACKAGED_LIST.name == "news_feeds.yml"


GOOD = "id: a, url: 'https://a.example/rss', language: fr, publisher: A, reliability: high"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no list of feeds"),
        ("feeds: {}", "no list of feeds"),
        ("feeds: [", "cannot be read"),
        ("- just text", "entry 1: not a set of fields"),
        (f"- {{{GOOD}, colour: red}}", r"entry 1 \(a\): unknown field colour"),
        ("- {id: a, url: 'https://a.example/'}", "language, publisher, reliability missing"),
        (f"- {{{GOOD}}}\n- {{{GOOD}}}", "id a occurs twice"),
        (f"- {{{GOOD}}}\n- {{{GOOD.replace('id: a', 'id: b')}}}", "url https://a.example/rss occurs twice"),
        (f"- {{{GOOD.replace('id: a', 'id: A B')}}}", "id must be lower-case"),
        (f"- {{{GOOD.replace('https:', 'http:')}}}", "must be https"),
        (f"- {{{GOOD.replace('https:', 'file:')}}}", "must be https"),
        (f"- {{{GOOD.replace('https://', 'https://me:secret@')}}}", "user name or password"),
        (f"- {{{GOOD.replace('a.example', '[::zz]')}}}", "url cannot be read"),
        (f"- {{{GOOD.replace('language: fr', 'language: french')}}}", "'french' is not an ISO 639-1 code"),
        (f"- {{{GOOD.replace('language: fr', 'language: no')}}}", "in quotes"),
        (f"- {{{GOOD.replace('high', 'great')}}}", "'great' is none of high, medium, low, state"),
        (f"- {{{GOOD}, country: ML}}", "'ML' is not an ISO 3166-1 alpha-3 code"),
    ],
)
def test_a_list_that_cannot_be_used_says_where_and_what_to_do(tmp_path, text, complaint):
    path = tmp_path / "mine.yml"
    path.write_text(text)
    with pytest.raises(FeedListError, match=complaint) as caught:
        read_feed_list(Settings(news_feeds=path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_list_may_do_without_its_heading_and_name_a_country(tmp_path):
    path = tmp_path / "mine.yml"
    path.write_text(f"- {{{GOOD}, country: MLI, note: x}}")
    (outlet,) = read_feed_list(Settings(news_feeds=path))
    assert (outlet.id, outlet.country, outlet.note) == ("a", "MLI", "x")


# --- fetch -------------------------------------------------------------------------------------------


def test_an_answer_is_stored_and_remembered(world):
    headers = {"ETag": '"v1"', "Last-Modified": MODIFIED, "Content-Type": "text/xml; charset=ISO-8859-1"}
    url = world.outlet("a", Answer(rss(item("1")), headers=headers))
    batch = world.fetch()["a"]
    (attempt,) = batch.attempts
    assert (batch.table, attempt.status, attempt.payload_keys) == ("news_item", Status.OK, ("a",))
    assert (batch.partition_key, attempt.partition_key) == ("a", "a@2026-06-30T12:00:00Z")
    assert attempt.window_start == attempt.window_end == NOW
    (payload,) = batch.payloads
    assert payload.path.read_bytes() == rss(item("1"))
    assert payload.media_type == "text/xml; charset=ISO-8859-1"
    assert payload.released_at == datetime(2026, 6, 30, 11, 30, tzinfo=UTC)
    assert batch.ledger_rows["http_validator"] == [
        {
            "url": url,
            "etag": '"v1"',
            "last_modified": MODIFIED,
            "payload_sha256": payload.sha256,
            "checked_at": NOW,
        }
    ]
    assert world.server.asked[0].headers["Accept"].startswith("application/rss+xml")
    assert Batch.from_json(batch.to_json()) == batch


def test_what_is_known_is_asked_for_conditionally_and_304_is_unchanged(world):
    url = world.outlet("a", Answer(status=304, headers={"Content-Length": ""}))
    world.memory.validators[url] = ('"v1"', MODIFIED)
    batch = world.fetch()["a"]
    assert world.server.asked[0].headers["If-None-Match"] == '"v1"'
    assert world.server.asked[0].headers["If-Modified-Since"] == MODIFIED
    assert (batch.table, batch.payloads, batch.ledger_rows) == (None, (), {})
    assert batch.attempts[0].status is Status.UNCHANGED


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (Answer(status=404), Status.MISSING, "404"),
        (Answer(status=410), Status.MISSING, "410"),
        (Answer(status=403), Status.FAILED, "403"),
        (Answer(status=500), Status.FAILED, "500"),
        (Answer(b"<rss/>", cut=2, reset=True), Status.FAILED, "check the network"),
        (Answer(b"x", length=11 * 1024 * 1024), Status.REFUSED, "too large"),
        (Answer(status=302, headers={"Location": "http://169.254.169.254/"}), Status.REFUSED, "169.254"),
        (
            Answer(status=302, headers={"Location": "https://elsewhere.example/"}),
            Status.REFUSED,
            "not of this",
        ),
    ],
)
def test_an_answer_without_a_body_is_an_attempt_with_its_reason(world, answer, status, reason):
    world.outlet("a", answer)
    batch = world.fetch()["a"]
    assert (batch.table, batch.payloads, batch.ledger_rows) == (None, (), {})
    assert batch.attempts[0].status is status
    assert batch.attempts[0].error.startswith("a: http://127.0.0.1")
    assert reason in batch.attempts[0].error


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            Answer(b"<!DOCTYPE html><html><title>Just a moment...</title></html>", headers={"ETag": "x"}),
            "HTML page",
        ),
        (Answer(b'{"error": "quota"}', headers={"ETag": "x"}), "no JSON Feed"),
        (Answer(b"", headers={"ETag": "x"}), "no XML"),
        (Answer(rss(), status=202, headers={"ETag": "x"}), "status 202"),
    ],
)
def test_a_body_that_is_no_feed_is_refused_but_kept_and_not_remembered(world, answer, reason):
    world.outlet("a", answer)
    batch = world.fetch()["a"]
    assert (batch.table, batch.ledger_rows) == (None, {})
    assert batch.attempts[0].status is Status.REFUSED
    assert reason in batch.attempts[0].error
    assert batch.payloads[0].path.read_bytes() == answer.body
    assert batch.attempts[0].payload_keys == ("a",)


def test_one_failing_outlet_does_not_stop_the_others_and_order_is_the_lists(world):
    world.outlet("slow", Answer(rss(item("1")), hang_s=0.2))
    world.outlet("broken", Answer(status=404))
    world.outlet("fine", Answer(rss(item("1"))))
    batches = world.fetch()
    assert list(batches) == ["slow", "broken", "fine"]
    assert [batch.attempts[0].status for batch in batches.values()] == [Status.OK, Status.MISSING, Status.OK]
    assert world.notes[0][:2] == (0, 3)
    assert world.notes[-1] == (3, 3, "fine: ok")


def test_a_window_makes_no_sense_for_news(world):
    for request in (
        LoadRequest("news", date_from=date(2026, 1, 1)),
        LoadRequest("news", release="24.1"),
        LoadRequest("news", file=Path("a.xml")),
    ):
        with pytest.raises(ValueError, match="what it holds now"):
            world.fetch(request=request)


class Refusing:
    """An HTTP client that notes what it is asked and brings nothing."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get(self, url: str, **_: Any) -> Any:
        from orchestration.feeds.http import TransientError

        self.asked.append(url)
        raise TransientError("nothing", url)


@pytest.mark.parametrize(
    ("failures", "minutes", "due"),
    [
        (0, 14, False),
        (0, 15, True),
        (1, 59, False),
        (1, 60, True),
        (2, 119, False),
        (3, 240, True),
        (6, 23 * 60, False),
        (6, 24 * 60, True),
        (500, 24 * 60, True),
        (3, -5, True),
    ],
)
def test_an_outlet_is_asked_at_most_each_quarter_hour_and_a_failing_one_ever_rarer(
    tmp_path, failures, minutes, due
):
    path = tmp_path / "mine.yml"
    path.write_text(f"- {{{GOOD}}}")
    memory = Memory(failures={"a": (failures, NOW - timedelta(minutes=minutes))})
    http, notes = Refusing(), []
    settings = Settings(news_feeds=path)
    context = Context(settings, http, Store(tmp_path), memory, NOW, lambda *note: notes.append(note))
    batches = list(NewsFeed().fetch(LoadRequest("news"), context))
    assert bool(http.asked) == bool(batches) == due
    assert due or notes == [(1, 1, "1 outlets are not due yet")]


def test_a_caller_that_stops_early_waits_only_for_what_has_begun(world):
    for number in range(20):
        world.outlet(f"o{number}", Answer(rss(), hang_s=0.05))
    path = world.folder / "feeds.yml"
    world.fetch(request=LoadRequest("news"))
    first = len(world.server.asked)
    with HttpClient(Settings(), sleep=lambda _: None) as http:
        settings = Settings(news_feeds=path)
        context = Context(settings, http, Store(world.folder), world.memory, NOW, lambda *_: None)
        batches = NewsFeed().fetch(LoadRequest("news"), context)
        next(batches)
        batches.close()
    assert first == 20
    assert len(world.server.asked) - first < 20


# --- parse -------------------------------------------------------------------------------------------


def parse(world: World, scratch: duckdb.DuckDBPyConnection, body: bytes, **headers: str) -> Any:
    world.outlet("a", Answer(body, headers={name.replace("_", "-"): text for name, text in headers.items()}))
    return NewsFeed().parse(world.fetch()["a"], scratch, ("MLI",))


def test_rows_have_exactly_the_contracts_columns_and_types(world, scratch):
    for body in (rss(item("1"), item("2", published="")), rss()):
        parsed = parse(world, scratch, body)
        told = scratch.execute(f"describe {parsed.rows}").fetchall()
        wanted = [(column.name, column.dtype) for column in NEWS_ITEM.columns]
        assert [(row[0], row[1]) for row in told] == [
            *wanted,
            ("payload_sha256", "VARCHAR"),
            ("released_at", "TIMESTAMP"),
        ]
        told = scratch.execute(f"describe {parsed.rejects}").fetchall()
        assert [(row[0], row[1]) for row in told] == [
            ("payload_sha256", "VARCHAR"),
            ("line", "BIGINT"),
            ("reason", "VARCHAR"),
            ("row_text", "VARCHAR"),
        ]


def test_an_item_becomes_a_row(world, scratch):
    body = rss(
        "<guid>https://a.example/1</guid><link>https://a.example/1?utm_medium=rss</link><title>Djibo</title>"
        "<description>&lt;b&gt;Blocus&lt;/b&gt;</description><pubDate>Tue, 30 Jun 2026 12:00:00 +0200</pubDate>"
    )
    parsed = parse(world, scratch, body, Last_Modified=MODIFIED)
    assert (parsed.rows_seen, parsed.rows_out_of_scope) == (1, 0)
    assert rows(scratch, parsed.rows) == [
        {
            "feed_id": "a",
            "item_id": "https://a.example/1",
            "url": "https://a.example/1",
            "title": "Djibo",
            "summary": "Blocus",
            "published_at": datetime(2026, 6, 30, 10),
            "updated_at": None,
            "source_name": None,
            "date_status": "dated",
            "publisher": "Outlet a",
            "language": "fr",
            "reliability": "medium",
            "payload_sha256": hashlib.sha256(body).hexdigest(),
            "released_at": datetime(2026, 6, 30, 10),
        }
    ]


@pytest.mark.parametrize(
    ("published", "status", "released"),
    [
        ("Tue, 30 Jun 2026 12:59:59 GMT", "dated", datetime(2026, 6, 30, 12, 59, 59)),
        ("Tue, 30 Jun 2026 13:00:01 GMT", "future", datetime(2026, 6, 30, 11, 30)),
        ("Fri, 01 Jan 2038 00:00:00 GMT", "future", datetime(2026, 6, 30, 11, 30)),
        ("", "undated", datetime(2026, 6, 30, 11, 30)),
        ("bientôt", "undated", datetime(2026, 6, 30, 11, 30)),
    ],
)
def test_undated_and_future_items_are_marked_never_dated_by_us(world, scratch, published, status, released):
    parsed = parse(world, scratch, rss(item("1", published=published)), Last_Modified=MODIFIED)
    (row,) = rows(scratch, parsed.rows)
    assert (row["date_status"], row["released_at"]) == (status, released)
    assert (row["published_at"] is None) == (status == "undated")


def test_without_any_date_nothing_is_known_of_the_release(world, scratch):
    parsed = parse(world, scratch, rss(item("1", published="")))
    assert rows(scratch, parsed.rows)[0]["released_at"] is None


def test_a_changed_headline_keeps_its_identity(world, scratch):
    first = rows(scratch, parse(world, scratch, rss(item("1", "Six morts à Kidal"))).rows)[0]
    second = rows(scratch, parse(world, scratch, rss(item("1", "Douze morts à Kidal"))).rows)[0]
    key = ("feed_id", "item_id")
    assert [first[name] for name in key] == [second[name] for name in key]
    assert first["title"] != second["title"]


def test_items_without_identity_and_duplicates_are_rejected_with_the_reason(world, scratch):
    body = rss(
        item("1", "old", "Mon, 29 Jun 2026 10:00:00 GMT"),
        "<title>nothing to know it by</title>",
        item("1", "new", "Tue, 30 Jun 2026 10:00:00 GMT"),
        item("2"),
        item("2"),
    )
    parsed = parse(world, scratch, body)
    assert [(row["item_id"], row["title"]) for row in rows(scratch, parsed.rows)] == [
        ("1", "new"),
        ("2", "Titre"),
    ]
    rejects = rows(scratch, parsed.rejects)
    assert [(row["line"], row["reason"]) for row in rejects] == [
        (1, "duplicate item id"),
        (2, "no id and no http link"),
        (5, "duplicate item id"),
    ]
    assert "nothing to know it by" in rejects[1]["row_text"]
    assert parsed.rows_seen == len(rejects) + 2


def test_the_charset_of_the_answer_is_kept_for_parsing(world, scratch):
    body = rss(item("1", "Ménaka")).replace(b'<?xml version="1.0"?>', b"").decode().encode("cp1250")
    parsed = parse(world, scratch, body, Content_Type="text/xml; charset=windows-1250")
    assert rows(scratch, parsed.rows)[0]["title"] == "Ménaka"


def test_hostile_text_reaches_the_table_as_harmless_text(world, scratch):
    body = rss(
        "<guid>1</guid><title>&lt;script&gt;alert(1)&lt;/script&gt;Titre\x00</title><link>javascript:alert(1)</link>"
        "<description><![CDATA[<img src=x onerror=alert(1)>Texte]]></description>"
    )
    (row,) = rows(scratch, parse(world, scratch, body).rows)
    assert (row["title"], row["summary"], row["url"]) == ("Titre", "Texte", None)


def test_stored_bytes_that_are_no_feed_are_refused_at_parsing_too(world, scratch, tmp_path):
    world.outlet("a", Answer(rss(item("1"))))
    batch = world.fetch()["a"]
    path = tmp_path / "other"
    path.write_bytes(b"<html></html>")
    with pytest.raises(NotTheFormat, match="HTML page"):
        NewsFeed().parse(replace(batch, payloads=(replace(batch.payloads[0], path=path),)), scratch, None)


def test_every_feed_of_the_zoo_lands(world, scratch, shared_data):
    files = sorted(path for path in (shared_data / "feed_zoo").rglob("*") if path.is_file())
    for number, path in enumerate(files):
        world.outlet(f"zoo{number}", Answer(path.read_bytes()))
    batches = world.fetch().values()
    refused = [batch for batch in batches if batch.attempts[0].status is Status.REFUSED]
    assert (len(batches), len(refused)) == (98, 4)
    reasons: Counter[str] = Counter()
    for batch in batches:
        if batch.table is None:
            continue
        parsed = NewsFeed().parse(batch, scratch, None)
        kept = scratch.sql(f"select count(*) from {parsed.rows}").fetchone()[0]
        rejected = rows(scratch, parsed.rejects)
        assert kept + len(rejected) == parsed.rows_seen, batch.stream
        reasons.update(row["reason"] for row in rejected)
        reasons["kept"] += kept
    assert reasons == {"kept": 735, "no id and no http link": 7, "duplicate item id": 1}
