"""Publishers at their worst, seen from the warehouse: what is in the tables and the ledger afterwards.

The measure is always the tables of a load that nothing disturbed. Not here: what the HTTP client, the parsers
and the lists do with each fault by themselves (tests/unit/feeds), and kills (test_crash.py).
"""

import hashlib
import io
import random
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration import steps
from orchestration.feeds import http, news as news_feed
from orchestration.records import LoadRequest
from orchestration.settings import Settings
from orchestration.steps import batches
from tests.served import rows_of
from tests.unit.feeds import gdelt_publisher
from tests.unit.feeds.fault_server import Answer, FaultServer
from tests.unit.feeds.gdelt_publisher import DAY, SLOT, Publisher, event_row, mention_row, stamp
from tests.unit.feeds.ucdp_files import BULK, EVENTS, as_csv, many

pytestmark = pytest.mark.xdist_group("faults")

GED = "/downloads/ged/ged251-csv.zip"
RELEASE = LoadRequest("ucdp", release="25.1")
GED_ROWS = "select id, best, release, is_withdrawn, payload_sha256 from raw.ucdp_ged order by id, attempt_id"


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "BACKOFF_BASE_S", 0.01)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.fixture
def ucdp(settings: Settings, server: FaultServer) -> Settings:
    return replace(settings, ucdp_url=server.base)


def zipped(text: str, name: str = "GEDEvent_v25_1.csv") -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), text)
    return body.getvalue()


GOOD = Answer(zipped(as_csv()))


def load(settings: Settings, request: LoadRequest = RELEASE) -> steps.LoadReport:
    return steps.load(steps.Run(settings), request)


def ledger(settings: Settings, columns: str = "status, rows_loaded, rows_unchanged") -> list[tuple]:
    return rows_of(settings.warehouse, f"select {columns} from ledger.load_attempt order by attempt_id")


def ged(settings: Settings) -> list[tuple]:
    return rows_of(settings.warehouse, GED_ROWS)


def assert_as_undisturbed(settings: Settings, tmp_path: Path) -> None:
    """The events are those of a load from a publisher without a fault, and nothing half-done is left."""
    with FaultServer() as calm:
        calm.script(GED, GOOD)
        other = replace(settings, home=tmp_path / "undisturbed", ucdp_url=calm.base)
        assert not load(other).failed
    assert ged(settings) == ged(other)
    assert len(ged(settings)) == len(EVENTS)
    assert leftovers(settings) == []


def leftovers(settings: Settings) -> list[Path]:
    return [*settings.home.glob("payloads/incoming/*"), *settings.home.glob("scratch/*")]


# 1, 2: asked to wait, and out of order for a while


def test_1_a_publisher_that_asks_to_wait_is_waited_for(
    ucdp: Settings, server: FaultServer, tmp_path: Path
) -> None:
    server.script(GED, Answer(status=429, headers={"Retry-After": "1"}), GOOD)
    assert not load(ucdp).failed
    first, second = server.asked
    assert second.at - first.at >= 1
    assert ledger(ucdp) == [("ok", 3, 0)]
    assert_as_undisturbed(ucdp, tmp_path)


def test_2_a_burst_of_errors_is_sat_out(ucdp: Settings, server: FaultServer, tmp_path: Path) -> None:
    server.script(GED, Answer(status=503), Answer(status=502), Answer(b"oops", status=500), GOOD)
    assert not load(ucdp).failed
    assert ledger(ucdp) == [("ok", 3, 0)]
    assert_as_undisturbed(ucdp, tmp_path)


def test_2_an_outage_is_a_row_and_the_next_load_makes_it_good(
    ucdp: Settings, server: FaultServer, tmp_path: Path
) -> None:
    server.script(GED, Answer(status=503))
    report = load(ucdp)
    assert report.failed
    assert "503" in report.problems[0]
    assert ledger(ucdp, "status, payloads, error is not null") == [("failed", 0, True)]
    assert ged(ucdp) == []
    server.script(GED, GOOD)
    assert not load(ucdp).failed
    assert ledger(ucdp) == [("failed", 0, 0), ("ok", 3, 0)]
    assert_as_undisturbed(ucdp, tmp_path)


# 3: refused by the publisher


@pytest.mark.parametrize(
    ("status", "told", "failed"), [(401, "failed", True), (403, "failed", True), (404, "missing", False)]
)
def test_3_a_refusal_is_not_asked_again_and_tells_no_secret(
    ucdp: Settings, server: FaultServer, monkeypatch: pytest.MonkeyPatch, status: int, told: str, failed: bool
) -> None:
    for name in ("UCDP_TOKEN", "ACLED_PASSWORD"):
        monkeypatch.setenv(name, "canary-in-the-environment")
    server.script(GED, Answer(b"canary-in-the-body", status=status))
    report = load(ucdp)
    assert report.failed is failed
    assert server.count(GED) == 1
    assert ledger(ucdp) == [(told, 0, 0)]
    assert str(status) in ledger(ucdp, "error")[0][0]
    assert len(report.problems) == 1
    files = [path for path in ucdp.home.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if b"canary" in path.read_bytes()] == []


# 4: cut short


@pytest.mark.parametrize(
    "broken",
    [
        Answer(GOOD.body, cut=200),
        Answer(GOOD.body, cut=200, reset=True),
        Answer(GOOD.body, length=len(GOOD.body) + 7),
        Answer(GOOD.body[:300]),
    ],
    ids=["truncated", "reset", "wrong length", "half a zip"],
)
def test_4_nothing_of_a_body_cut_short_is_loaded(
    broken: Answer, ucdp: Settings, server: FaultServer, tmp_path: Path
) -> None:
    server.script(GED, broken)
    assert load(ucdp).failed
    assert ged(ucdp) == []
    assert ledger(ucdp, "status in ('failed', 'refused'), error is not null") == [(True, True)]
    assert rows_of(ucdp.warehouse, "select * from ledger.http_validator") == []
    server.script(GED, GOOD)
    assert not load(ucdp).failed
    assert_as_undisturbed(ucdp, tmp_path)


# 5: an answer that never ends


def test_5_an_outlet_that_hangs_holds_up_nothing_else(
    settings: Settings, server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news_feed, "DEADLINE_S", 1.0)
    server.script("/hangs", Answer(rss("Never"), hang_s=60))
    server.script("/drips", Answer(rss("Never"), drip_s=0.2))
    server.script("/works", Answer(rss("A made headline")))
    server.script(GED, GOOD)
    feeds = replace(
        settings, news_feeds=outlets(server, tmp_path, "hangs", "drips", "works"), ucdp_url=server.base
    )
    began = datetime.now(UTC)
    report = load(feeds, LoadRequest("news"))
    assert datetime.now(UTC) - began < timedelta(seconds=15)
    assert not report.failed
    assert sorted(ledger(feeds, "stream, status")) == [
        ("drips", "failed"),
        ("hangs", "failed"),
        ("works", "ok"),
    ]
    assert rows_of(feeds.warehouse, "select title from raw.news_item") == [("A made headline",)]
    assert not load(feeds).failed
    assert len(ged(feeds)) == 3


def rss(title: str) -> bytes:
    return (
        '<?xml version="1.0"?><rss version="2.0"><channel><title>Made</title>'
        f"<item><guid>1</guid><title>{title}</title><link>https://made.example/1</link>"
        "<pubDate>Mon, 29 Jun 2026 08:00:00 GMT</pubDate></item></channel></rss>"
    ).encode()


def outlets(server: FaultServer, folder: Path, *names: str) -> Path:
    entries = [
        f"  - {{id: {name}, url: '{server.base}/{name}', language: en, publisher: Made, reliability: high}}"
        for name in names
    ]
    path = folder / "feeds.yml"
    path.write_text("\n".join(["feeds:", *entries, ""]))
    return path


# 7: nothing new


@pytest.mark.parametrize(
    "again",
    [Answer(status=304), replace(GOOD, headers={"ETag": '"2"'}), GOOD],
    ids=["304", "200 with another tag", "200 without a tag"],
)
def test_7_nothing_new_changes_nothing(again: Answer, ucdp: Settings, server: FaultServer) -> None:
    server.script(GED, replace(GOOD, headers={"ETag": '"1"'}))
    load(ucdp)
    before, releases = ged(ucdp), rows_of(ucdp.warehouse, "from ledger.ucdp_release")
    server.script(GED, again)
    report = load(ucdp)
    assert server.asked[-1].headers["If-None-Match"] == '"1"'
    assert not report.failed
    assert ledger(ucdp) == [("ok", 3, 0), ("unchanged", 0, 0)]
    assert ged(ucdp) == before
    assert rows_of(ucdp.warehouse, "from ledger.ucdp_release") == releases


def test_7_a_feed_with_the_same_items_adds_no_version(
    settings: Settings, server: FaultServer, tmp_path: Path
) -> None:
    server.script(
        "/works", Answer(rss("Same")), Answer(rss("Same")), Answer(status=304), Answer(rss("Other"))
    )
    feed = replace(settings, news_feeds=outlets(server, tmp_path, "works"))
    for hour in range(4):
        load(replace(feed, fixed_now=settings.now() + timedelta(hours=hour)), LoadRequest("news"))
    assert ledger(feed) == [("ok", 1, 0), ("unchanged", 0, 1), ("unchanged", 0, 0), ("ok", 1, 0)]
    titles = rows_of(feed.warehouse, "select title from raw.news_item order by attempt_id")
    assert titles == [("Same",), ("Other",)]


# 10: committed, and the caller never heard of it


def test_10_a_commit_whose_answer_was_lost_is_not_done_twice(
    ucdp: Settings, server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.script(GED, GOOD)
    real = batches.failpoint

    def lost(name: str) -> None:
        real(name)
        if name == "load.after_commit":
            raise ConnectionAbortedError("planted: the answer was lost")

    monkeypatch.setattr(batches, "failpoint", lost)
    with pytest.raises(ConnectionAbortedError):
        load(ucdp)
    assert len(ged(ucdp)) == 3
    journal = steps.Run(ucdp).store.journal
    assert not journal.exists()
    monkeypatch.undo()
    report = load(ucdp)
    assert report.rows_loaded == 0
    assert ledger(ucdp) == [("ok", 3, 0), ("unchanged", 0, 0)]
    assert len(list(steps.Run(ucdp).store.read_journal())) == 2
    assert_as_undisturbed(ucdp, tmp_path)
    before = ged(ucdp)
    steps.rebuild(steps.Run(ucdp))
    assert ged(ucdp) == before


# 16: rows that cannot be read


def test_16_unreadable_events_are_set_aside_and_the_rest_is_loaded(
    ucdp: Settings, server: FaultServer
) -> None:
    good = many(1000)
    bad = [good[0] | {"id": "not a number"}, good[1] | {"id": "920001", "date_start": "the third of March"}]
    server.script(GED, Answer(zipped(as_csv([*good[:500], bad[0], *good[500:], bad[1]]))))
    report = load(ucdp)
    assert not report.failed
    assert ledger(ucdp, "status, rows_parsed, rows_loaded, rows_quarantined") == [("ok", 1002, 1000, 2)]
    kept = rows_of(
        ucdp.warehouse, "select line, reason, row_text, url from ledger.quarantined_row order by line"
    )
    assert [line is not None for line, *_ in kept] == [True, True]
    assert "not a number" in kept[0][2]
    assert "third of March" in kept[1][2]
    assert all(reason and url == server.base + GED for _, reason, _, url in kept)


def test_16_too_many_unreadable_events_stop_the_load(ucdp: Settings, server: FaultServer) -> None:
    rows = many(100)
    spoiled = [row | {"best": "many"} if number < 5 else row for number, row in enumerate(rows)]
    server.script(GED, Answer(zipped(as_csv(spoiled))))
    report = load(ucdp)
    assert report.failed
    assert ledger(ucdp, "status, rows_loaded, rows_quarantined") == [("refused", 0, 5)]
    assert "few_rows_are_quarantined" in ledger(ucdp, "error")[0][0]
    assert ged(ucdp) == []
    assert rows_of(ucdp.warehouse, "select count(*) from ledger.quarantined_row") == [(5,)]


# 17: other columns than agreed


def test_17_a_new_column_is_left_in_the_payload_with_a_warning(ucdp: Settings, server: FaultServer) -> None:
    text = as_csv([row | {"mood": "grim"} for row in many(3)], (*BULK, "mood"))
    server.script(GED, Answer(zipped(text)))
    report = load(ucdp)
    assert not report.failed
    assert len(ged(ucdp)) == 3
    assert "publisher_columns_are_known" in report.problems[0]


@pytest.mark.parametrize("missing", ["id", "best", "date_end", "country_id"])
def test_17_a_missing_column_stops_the_load_before_a_row_is_written(
    missing: str, ucdp: Settings, server: FaultServer
) -> None:
    server.script(GED, GOOD)
    load(ucdp)
    before = ged(ucdp)
    names = tuple(name for name in BULK if name != missing)
    server.script(GED, Answer(zipped(as_csv([row | {"low": "1"} for row in EVENTS], names))))
    report = load(ucdp)
    assert report.failed
    assert ledger(ucdp, "status") == [("ok",), ("refused",)]
    assert missing in ledger(ucdp, "error")[1][0]
    assert ged(ucdp) == before
    assert rows_of(ucdp.warehouse, "select count(*) from landing.ucdp_ged") == [(0,)]


def test_17_a_column_of_another_type_stops_the_load(ucdp: Settings, server: FaultServer) -> None:
    server.script(GED, Answer(zipped(as_csv([row | {"best": "several"} for row in many(20)]))))
    assert load(ucdp).failed
    assert ledger(ucdp, "status, rows_loaded") == [("refused", 0)]
    assert ged(ucdp) == []


# 16, 17, 18 for GDELT


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with gdelt_publisher.serve() as running:
        yield running


@pytest.fixture
def gdelt(settings: Settings, publisher: Publisher) -> Settings:
    return replace(settings, gdelt_url=publisher.url, fixed_now=DAY + timedelta(days=1, hours=6))


def window(*streams: str) -> LoadRequest:
    return LoadRequest("gdelt", date_from=DAY.date(), date_to=DAY.date(), streams=streams or ("export",))


def events(settings: Settings) -> list[int]:
    return [
        key
        for (key,) in rows_of(settings.warehouse, "select global_event_id from raw.gdelt_event order by 1")
    ]


def states(settings: Settings, stream: str = "export") -> dict[datetime, str]:
    found = rows_of(
        settings.warehouse,
        f"select slot_at, state from ledger.gdelt_slot where stream = '{stream}' and state <> 'missing'",
    )
    return {slot.replace(tzinfo=UTC): state for slot, state in found}


def path_of(slot: datetime, stream: str = "export") -> str:
    return f"/gdeltv2/{stamp(slot)}.{stream}.CSV.zip"


def test_16_poisoned_rows_are_set_aside_by_line_and_the_rest_is_loaded(
    gdelt: Settings, publisher: Publisher
) -> None:
    good = [event_row(number) for number in range(1, 2001)]
    poison = {
        "one column less": event_row(9001).rpartition(b"\t")[0],
        "one column more": event_row(9002) + b"\tmore",
        "no UTF-8": event_row(9003, source_url="https://made.example/x").replace(b"/x", b"/\xff\xfe"),
        "no number": event_row(9004, quad_class="four"),
        "no id": event_row("", source_url="https://made.example/nameless"),
        "a NUL": event_row(9005).replace(b"https://made.example/9005", b"https://made.example/\x009005"),
        "a field of 3 MB": event_row(
            9006, source_url="https://made.example/" + random.Random(1).randbytes(1_500_000).hex()
        ),
    }
    doubtful = [event_row(3001, source_url='https://made.example/"lone')]
    publisher.add(DAY, "export", [*good[:1000], *poison.values(), *good[1000:], *doubtful])
    report = load(gdelt, window())
    assert not report.failed, report.problems
    loaded = set(events(gdelt))
    assert set(range(1, 2001)) | {3001} <= loaded
    kept = rows_of(
        gdelt.warehouse, "select line, reason, row_text, url from ledger.quarantined_row order by line"
    )
    # The field of 3 MB is long and readable: it may be either, but not lost.
    assert {line for line, *_ in kept} | ({1007} if 9006 in loaded else set()) == set(range(1001, 1008))
    assert loaded & {9001, 9002, 9003, 9004, 9005} == set()
    assert all(reason and url.endswith(path_of(DAY)) for _, reason, _, url in kept)
    wrong = rows_of(
        gdelt.warehouse,
        """select partition_key from ledger.load_attempt
           where rows_parsed <> rows_loaded - rows_withdrawn + rows_unchanged + rows_out_of_scope + rows_quarantined""",
    )
    assert wrong == []


def test_16_a_latitude_of_999_is_set_aside(gdelt: Settings, publisher: Publisher) -> None:
    publisher.add(DAY, "export", [event_row(1), event_row(2, action_geo_lat="999")])
    assert not load(gdelt, window()).failed
    assert events(gdelt) == [1]
    kept = rows_of(gdelt.warehouse, "select line, reason from ledger.quarantined_row")
    assert kept == [(2, "action_geo_lat is out of range")]


def test_17_slots_with_another_number_of_columns_stop_the_load(gdelt: Settings, publisher: Publisher) -> None:
    publisher.add(DAY, "export", [event_row(number) + b"\tnew" for number in range(1, 30)])
    report = load(gdelt, window())
    assert report.failed
    assert events(gdelt) == []
    assert rows_of(
        gdelt.warehouse,
        "select distinct status from ledger.load_attempt where rows_parsed > 0 or payloads > 0",
    ) == [("refused",)]


def test_18_a_slot_that_comes_late_is_a_gap_and_then_it_is_not(gdelt: Settings, publisher: Publisher) -> None:
    publisher.add(DAY, "export", [event_row(1)])
    publisher.add(DAY + 2 * SLOT, "export", [event_row(3, DAY + 2 * SLOT)])
    load(gdelt, window())
    gap = rows_of(
        gdelt.warehouse,
        f"select state, error from ledger.gdelt_slot where slot_at = timestamp '{DAY + SLOT:%Y-%m-%d %H:%M}'",
    )
    assert gap == [("missing", "not listed")]
    assert events(gdelt) == [1, 3]
    publisher.add(DAY + SLOT, "export", [event_row(2, DAY + SLOT)])
    assert load(gdelt, window()).rows_loaded == 1
    assert events(gdelt) == [1, 2, 3]
    assert states(gdelt) == dict.fromkeys((DAY, DAY + SLOT, DAY + 2 * SLOT), "fetched")


def test_18_mentions_that_came_before_their_late_events_are_kept_after_all(
    gdelt: Settings, publisher: Publisher
) -> None:
    both = window("export", "mentions")
    late = DAY + SLOT
    publisher.add(DAY, "export", [event_row(1)])
    publisher.add(late + SLOT, "export", [event_row(3, late + SLOT)])
    publisher.add(late, "mentions", [mention_row(2, late), mention_row(1, late), mention_row(99, late)])
    load(gdelt, both)
    mentioned = "select global_event_id from raw.gdelt_mention order by 1"
    assert rows_of(gdelt.warehouse, mentioned) == [(1,)]
    publisher.add(late, "export", [event_row(2, late)])
    later = replace(gdelt, fixed_now=gdelt.now() + timedelta(hours=1))
    load(later, both)
    assert rows_of(gdelt.warehouse, mentioned) == [(1,), (2,)]
    # Once made good, it is not done again.
    again = load(replace(gdelt, fixed_now=gdelt.now() + timedelta(hours=2)), both)
    assert {attempt["status"] for attempt in again.attempts} <= {"unchanged", "missing"}
    assert rows_of(gdelt.warehouse, mentioned) == [(1,), (2,)]


@pytest.mark.parametrize("fault", ["404", "corrupt", "md5"])
def test_18_a_bad_copy_is_a_known_gap_that_is_filled_later(
    fault: str, gdelt: Settings, publisher: Publisher
) -> None:
    publisher.add(DAY, "export", [event_row(1)])
    bad = DAY + SLOT
    whole = publisher.add(bad, "export", [event_row(2, bad)])
    if fault == "404":
        del publisher.files[path_of(bad)]
    elif fault == "md5":
        publisher.files[path_of(bad)] = gdelt_publisher.slot_zip(bad, "export", [event_row(666, bad)])
    else:
        torn = whole[: len(whole) // 2]
        publisher.files[path_of(bad)] = torn
        listed = publisher.files["/gdeltv2/masterfilelist.txt"]
        publisher.files["/gdeltv2/masterfilelist.txt"] = listed.replace(
            f"{len(whole)} {hashlib.md5(whole).hexdigest()}".encode(),
            f"{len(torn)} {hashlib.md5(torn).hexdigest()}".encode(),
        )
        whole_list = listed
    report = load(gdelt, window())
    assert not report.failed
    assert events(gdelt) == [1]
    state = rows_of(
        gdelt.warehouse,
        "select state from ledger.gdelt_slot where slot_at = (select max(slot_at) from ledger.gdelt_slot where error <> 'not listed')",
    )
    assert state == [("missing" if fault == "404" else "corrupt",)]
    publisher.files[path_of(bad)] = whole
    if fault == "corrupt":
        publisher.files["/gdeltv2/masterfilelist.txt"] = whole_list
    load(gdelt, window())
    assert events(gdelt) == [1, 2]
    assert states(gdelt)[bad] == "fetched"


def test_18_what_is_listed_twice_or_asked_twice_is_loaded_once(gdelt: Settings, publisher: Publisher) -> None:
    for stream, row in (("export", event_row), ("mentions", mention_row)):
        publisher.add(DAY, stream, [row(1), row(2)])
    listed = publisher.files["/gdeltv2/masterfilelist.txt"]
    publisher.files["/gdeltv2/masterfilelist.txt"] = listed + listed
    both = window("export", "mentions")
    first, second = load(gdelt, both), load(gdelt, both)
    assert (first.rows_loaded, second.rows_loaded) == (4, 0)
    assert len(publisher.paths(".CSV.zip")) == 2
    assert events(gdelt) == [1, 2]
    assert rows_of(gdelt.warehouse, "select count(*) from raw.gdelt_mention") == [(2,)]


def test_18_an_outage_in_the_middle_of_a_window_is_made_good_by_the_next_load(
    gdelt: Settings, publisher: Publisher
) -> None:
    for number in range(4):
        publisher.add(DAY + number * SLOT, "export", [event_row(number + 1, DAY + number * SLOT)])
    publisher.broken = {path_of(DAY + number * SLOT): 503 for number in (2, 3)}
    load(gdelt, window())
    assert events(gdelt) == [1, 2]
    assert set(states(gdelt).values()) == {"fetched", "listed"}
    publisher.broken = {}
    load(gdelt, window())
    assert events(gdelt) == [1, 2, 3, 4]
    assert set(states(gdelt).values()) == {"fetched"}


# What no publisher does, and a program might


def test_a_parser_that_fails_on_one_payload_stops_neither_the_others_nor_the_next_load(
    settings: Settings, server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.script("/bad", Answer(rss("Bad")))
    server.script("/works", Answer(rss("Works")))
    feed = replace(settings, news_feeds=outlets(server, tmp_path, "bad", "works"))
    real = news_feed.NewsFeed.parse

    def parse(self: Any, batch: Any, *arguments: Any) -> Any:
        if batch.stream == "bad":
            raise IndexError("planted")
        return real(self, batch, *arguments)

    monkeypatch.setattr(news_feed.NewsFeed, "parse", parse)
    report = load(feed, LoadRequest("news"))
    assert not report.failed
    assert ledger(feed, "stream, status") == [("bad", "failed"), ("works", "ok")]
    assert "IndexError: planted" in ledger(feed, "error")[0][0]
    monkeypatch.undo()
    later = replace(feed, fixed_now=settings.now() + timedelta(hours=1))
    assert load(later, LoadRequest("news")).rows_loaded == 1


def test_a_made_home_takes_no_real_publisher(settings: Settings) -> None:
    made = replace(settings, is_made=True)
    for feed in made.feeds:
        with pytest.raises(ValueError, match=r"holds made data.*--home or SAHEL_HOME"):
            load(made, LoadRequest(feed))
    assert ledger(made) == []


def test_the_day_after_is_not_asked_for_before_it_is_due(gdelt: Settings, publisher: Publisher) -> None:
    publisher.add(DAY, "export", [event_row(1)])
    ahead = LoadRequest("gdelt", date_from=date(2026, 12, 1), date_to=date(2026, 12, 2), streams=("export",))
    report = load(gdelt, ahead)
    assert not report.failed
    assert ledger(gdelt, "status") == [("missing",)]
