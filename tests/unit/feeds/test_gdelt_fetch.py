"""Fetching GDELT: which slots are asked for, how lists are read, and what becomes of each file."""

import hashlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread, enumerate as enumerate_threads

import duckdb
import pytest

from orchestration.feeds import gdelt, gdelt_lists
from orchestration.feeds.base import Context
from orchestration.feeds.gdelt import GdeltFeed
from orchestration.feeds.http import HttpClient
from orchestration.records import LoadRequest, Status
from orchestration.settings import Settings
from tests.unit.feeds.gdelt_publisher import (
    DAY,
    SLOT,
    Bench,
    event_row,
    mention_row,
    serve,
    slot_zip,
    stamp,
    zipped,
)

NOON = DAY + timedelta(hours=12)
ALL = tuple(gdelt.CONTRACTS)
MASTER = "/gdeltv2/masterfilelist.txt"


@pytest.fixture
def publisher():
    with serve() as publisher:
        yield publisher


@pytest.fixture
def bench(publisher, tmp_path):
    return Bench(publisher, tmp_path, now=NOON + timedelta(minutes=7))


def publish(publisher, start, slots, streams=ALL):
    """One row in each slot of each stream, in the order of the lists."""
    for i in range(slots):
        for stream in streams:
            slot = start + SLOT * i
            row = mention_row(1000 + i, slot) if "mentions" in stream else event_row(1000 + i, slot)
            publisher.add(slot, stream, [row])


def by_stream(batches):
    found = {stream: [] for stream in ALL}
    for batch in batches:
        found[batch.stream] += batch.attempts
    return found


def states(bench, stream="export"):
    return Counter(state for (s, _), state in bench.states.items() if s == stream)


# What is asked for


def test_a_window_gives_each_day_and_stream_an_attempt_and_events_come_before_mentions(publisher, bench):
    publish(publisher, DAY, 2)
    batches = bench.load("2026-03-10", "2026-03-10")
    assert [batch.stream for batch in batches] == [
        "export",
        "translation.export",
        "mentions",
        "translation.mentions",
    ]
    assert [batch.partition_key for batch in batches] == [f"2026-03-10/{batch.stream}" for batch in batches]
    assert [batch.table for batch in batches] == ["gdelt_event"] * 2 + ["gdelt_mention"] * 2
    (attempt,) = batches[0].attempts
    assert attempt.status == Status.OK
    assert attempt.partition_key == "2026-03-10"
    assert (attempt.window_start, attempt.window_end) == (DAY, DAY + timedelta(days=1))
    assert attempt.newest_record_at == DAY + SLOT
    assert attempt.payload_keys == ("20260310000000.export", "20260310001500.export")
    assert [payload.key for payload in batches[0].payloads] == list(attempt.payload_keys)
    assert batches[0].payloads[0].released_at == DAY, "the slot's time, as there is no Last-Modified"


def test_the_calendar_is_compared_with_the_list(publisher, bench):
    publish(publisher, DAY, 3, ["export"])
    publish(publisher, DAY + SLOT * 5, 1, ["export"])
    (attempt,) = by_stream(bench.load("2026-03-10", "2026-03-10"))["export"]
    # Slots up to two hours ago are due; younger ones only where the list has gone on.
    assert states(bench) == {"fetched": 4, "missing": 41 - 4}
    assert attempt.error == "37 of 41 slots missing, first 2026-03-10 00:45"


def test_a_past_window_expects_every_slot_and_months_are_batches(publisher, bench):
    publish(publisher, datetime(2026, 1, 31, 12, tzinfo=UTC), 1, ["export"])
    publish(publisher, datetime(2026, 2, 1, 12, tzinfo=UTC), 1, ["export"])
    batches = [batch for batch in bench.load("2026-01-30", "2026-02-02") if batch.stream == "export"]
    assert [batch.partition_key for batch in batches] == [
        "2026-01-30..2026-01-31/export",
        "2026-02-01..2026-02-02/export",
    ]
    assert [a.status for batch in batches for a in batch.attempts] == [
        Status.MISSING,
        Status.OK,
        Status.OK,
        Status.MISSING,
    ]
    assert states(bench) == {"fetched": 2, "missing": 4 * 96 - 2}
    row = batches[0].ledger_rows["gdelt_slot"][-48]
    assert row["slot_at"] == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert (row["state"], row["stream"], row["error"]) == ("fetched", "export", None)
    body = publisher.files["/gdeltv2/20260131120000.export.CSV.zip"]
    assert (row["listed_size"], row["listed_md5"]) == (len(body), hashlib.md5(body).hexdigest())
    assert row["payload_sha256"] == hashlib.sha256(body).hexdigest()


def test_a_second_load_of_a_window_asks_for_nothing_it_has(publisher, bench):
    publish(publisher, DAY, 4)
    bench.load("2026-03-10", "2026-03-10")
    publisher.asked.clear()
    again = bench.load("2026-03-10", "2026-03-10")
    assert publisher.paths(".zip") == []
    assert {a.status for batch in again for a in batch.attempts} == {Status.UNCHANGED}
    assert all(batch.table is None and not batch.payloads for batch in again)
    assert not any(batch.ledger_rows.get("gdelt_slot") for batch in again)


def test_the_first_unattended_load_takes_a_fortnight_and_the_next_goes_on_from_each_cursor(publisher, bench):
    publish(publisher, NOON - timedelta(days=14, hours=13), 1)
    publish(publisher, NOON - timedelta(days=13), 1)
    publish(publisher, NOON - SLOT, 1, ["export", "mentions"])
    publish(publisher, NOON - SLOT * 2, 1, ["translation.export", "translation.mentions"])
    first = bench.load()
    assert states(bench)["fetched"] == 2, "what is older than a fortnight is not asked for"
    assert {a.status for batch in first for a in batch.attempts} == {Status.OK, Status.MISSING}
    publisher.asked.clear()
    publish(publisher, NOON, 1, ["export", "mentions"])
    publish(publisher, NOON - SLOT, 1, ["translation.export", "translation.mentions"])
    attempts = by_stream(bench.load())
    newest = {
        stream: [a.newest_record_at for a in found if a.newest_record_at]
        for stream, found in attempts.items()
    }
    assert newest["export"] == newest["mentions"] == [NOON]
    assert newest["translation.export"] == newest["translation.mentions"] == [NOON - SLOT], "translations lag"
    assert len(publisher.paths(".zip")) == 4


def test_a_tick_with_nothing_new_is_one_small_request_per_language(publisher, bench):
    publish(publisher, DAY, 49)
    bench.load("2026-03-10", "2026-03-10")
    publisher.asked.clear()
    batches = bench.load()
    assert sorted(publisher.paths()) == ["/gdeltv2/lastupdate-translation.txt", "/gdeltv2/lastupdate.txt"]
    assert [(b.stream, b.table, [a.status for a in b.attempts]) for b in batches] == [
        (stream, None, [Status.UNCHANGED]) for stream in ALL
    ]


def test_a_tick_with_one_new_slot_needs_no_master_list(publisher, bench):
    publish(publisher, DAY, 48)
    bench.load("2026-03-10", "2026-03-10")
    publish(publisher, NOON, 1)
    publisher.asked.clear()
    batches = bench.load()
    assert publisher.paths("masterfile") == []
    assert len(publisher.paths(".zip")) == 4
    assert [batch.partition_key for batch in batches] == [f"2026-03-10/{stream}" for stream in ALL]
    assert all(len(batch.ledger_rows["gdelt_slot"]) == 1 for batch in batches)


def test_a_gap_is_asked_for_again_and_filled(publisher, bench):
    publish(publisher, DAY, 20, ["export"])
    held_back = publisher.files[MASTER].splitlines(keepends=True)
    publisher.files[MASTER] = b"".join(line for i, line in enumerate(held_back) if i not in (3, 4))
    bench.load("2026-03-10", "2026-03-10")
    assert bench.states["export", DAY + SLOT * 3] == "missing"
    publisher.files[MASTER] = b"".join(line for i, line in enumerate(held_back) if i != 4)
    publisher.asked.clear()
    (attempt,) = [a for a in by_stream(bench.load())["export"] if a.status == Status.OK]
    assert publisher.paths(".zip") == ["/gdeltv2/20260310004500.export.CSV.zip"]
    assert attempt.newest_record_at == DAY + SLOT * 3
    assert "slots missing, first 2026-03-10 01:00" in attempt.error


def test_old_gaps_are_asked_for_once_a_day_and_what_was_not_got_every_time(publisher, bench):
    publish(publisher, DAY, 49, ["export"])
    bench.load("2026-03-10", "2026-03-10")
    old = DAY - timedelta(days=5)
    bench.states["export", old] = "missing"
    context = type("C", (), {"memory": bench, "now": bench.now})
    due = partial(gdelt._due_gaps, "export", oldest=DAY - timedelta(days=60), context=context)
    assert old not in due(NOON)
    assert old in due(DAY - SLOT), "the cursor is of yesterday: the first load of a day"
    bench.states["export", old] = "listed"
    assert old in due(NOON)
    bench.states["export", DAY - timedelta(days=61)] = "listed"
    assert due(NOON)[0] == old, "what is older than two months is asked for by date only"


def test_a_long_absence_is_bounded_and_said(publisher, bench):
    publish(publisher, DAY - timedelta(days=90), 1, ["export"])
    bench.load("2025-12-10", "2025-12-10")
    publish(publisher, DAY, 1, ["export"])
    attempts = by_stream(bench.load())["export"]
    assert attempts[0].partition_key == "2026-01-09"
    assert "never asked for; load them with --from 2025-12-10" in attempts[0].error
    assert [a.partition_key for a in attempts if a.status == Status.OK] == ["2026-03-10"]


def test_a_dead_publisher_is_noted_once_and_then_costs_nothing(publisher, bench):
    publish(publisher, DAY, 4)
    bench.load("2026-03-10", "2026-03-10")
    bench.now = NOON + timedelta(days=1)
    outage = by_stream(bench.load())["export"]
    assert [a.status for a in outage] == [Status.UNCHANGED, Status.MISSING]
    assert bench.states["export", DAY + timedelta(days=1)] == "missing"
    again = bench.load()
    assert {a.status for batch in again for a in batch.attempts} == {Status.UNCHANGED}
    assert not any(batch.ledger_rows for batch in again)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (LoadRequest("gdelt", release="24.1"), "no releases"),
        (LoadRequest("gdelt", date_to=DAY.date()), "--to without --from"),
        (LoadRequest("gdelt", date_from=DAY.date(), date_to=DAY.date() - timedelta(days=1)), "is after"),
        (
            LoadRequest("gdelt", date_from=DAY.date().replace(2014), date_to=DAY.date().replace(2014)),
            "before GDELT 2.0",
        ),
    ],
)
def test_wrong_requests_are_refused_with_the_remedy(bench, request_, said):
    context = type("C", (), {"memory": bench, "now": bench.now})
    with pytest.raises(ValueError, match=said):
        next(iter(GdeltFeed().fetch(request_, context)))


def test_a_window_that_lies_ahead_says_so(publisher, bench):
    publish(publisher, DAY, 1)
    batches = bench.load("2026-03-12", "2026-03-13")
    assert [a.status for batch in batches for a in batch.attempts] == [Status.MISSING] * 4
    assert all("load it later" in a.error for batch in batches for a in batch.attempts)


# Lists


def long_list(publisher, days=40):
    """A master list long enough to be searched; of ``DAY`` it names events, else only the GKG."""
    lines = []
    start = DAY - timedelta(days=days // 2)
    for i in range(days * 96):
        slot = start + SLOT * i
        lines += [f"5 {'0' * 32} http://data.gdeltproject.org/gdeltv2/{stamp(slot)}.gkg.csv.zip\n"] * 2
        if DAY <= slot < DAY + timedelta(days=1):
            body = publisher.add(slot, "export", [event_row(i, slot)])
            name = f"{stamp(slot)}.export.CSV.zip"
            md5 = hashlib.md5(body).hexdigest()
            lines.append(f"{len(body)} {md5} http://data.gdeltproject.org/gdeltv2/{name}\n")
    publisher.files[MASTER] = "".join(lines).encode()
    return len(publisher.files[MASTER])


@pytest.mark.parametrize(
    ("tail", "probe", "piece"), [(64 << 10, 8 << 10, 1 << 20), (1000, 400, 5000), (50, 300, 997)]
)
def test_a_window_in_the_middle_is_found_by_ranges(publisher, bench, monkeypatch, tail, probe, piece):
    size = long_list(publisher)
    for name, value in (("TAIL", tail), ("PROBE", probe), ("PIECE", piece)):
        monkeypatch.setattr(gdelt_lists, name, value)
    publisher.broken["/gdeltv2/masterfilelist-translation.txt"] = 404
    bench.now = DAY + timedelta(days=30)
    (attempt,) = by_stream(bench.load("2026-03-10", "2026-03-10"))["export"]
    assert (attempt.status, attempt.error, len(attempt.payload_keys)) == (Status.OK, None, 96)
    lists = [(wanted, sent) for path, wanted, sent in publisher.asked if path == MASTER]
    assert all(wanted for wanted, _ in lists)
    if piece < 10_000:
        assert sum(sent for _, sent in lists) < size / 3


def test_the_tail_may_begin_within_a_line(publisher, bench, monkeypatch):
    publish(publisher, DAY - timedelta(days=3), 3 * 96 + 4, ["export"])
    for cut in range(0, 110, 9):
        monkeypatch.setattr(gdelt_lists, "TAIL", 110 * 97 * 2 + cut)
        bench.states.clear()
        publisher.asked.clear()
        (attempt,) = by_stream(bench.load("2026-03-10", "2026-03-10"))["export"]
        assert len(attempt.payload_keys) == 4
        assert "not of GDELT" not in (attempt.error or "")


def test_a_server_that_ignores_range_is_read_whole_once(publisher, bench):
    long_list(publisher)
    publisher.honours_range = False
    bench.now = DAY + timedelta(days=30)
    attempts = by_stream(bench.load("2026-03-10", "2026-04-01"))["export"]
    assert sum(len(a.payload_keys) for a in attempts) == 96
    assert len(publisher.paths("masterfilelist.txt")) == 1


def test_a_line_out_of_order_hides_nothing(publisher, bench, monkeypatch):
    """A slip in the publisher's list neither misleads the search nor ends the reading."""
    long_list(publisher)
    for name, value in (("TAIL", 1000), ("PROBE", 1000), ("PIECE", 5000)):
        monkeypatch.setattr(gdelt_lists, name, value)
    lines = publisher.files[MASTER].splitlines(keepends=True)
    slip = b"5 %b http://data.gdeltproject.org/gdeltv2/20301231000000.gkg.csv.zip\n" % (b"0" * 32)
    publisher.files[MASTER] = b"".join(
        line for i, line in enumerate(lines) for line in ([slip, line] if i % 7 == 0 else [line])
    )
    publisher.broken["/gdeltv2/masterfilelist-translation.txt"] = 404
    bench.now = DAY + timedelta(days=30)
    (attempt,) = by_stream(bench.load("2026-03-10", "2026-03-10"))["export"]
    assert (attempt.error, len(attempt.payload_keys)) == (None, 96)


def test_addresses_are_rewritten_and_foreign_ones_never_followed(publisher, bench):
    publish(publisher, DAY, 1, ["export"])
    good = publisher.files[MASTER].decode()
    md5 = "0" * 32
    evil = [
        f"10 {md5} http://169.254.169.254/gdeltv2/20260310001500.export.CSV.zip",
        f"10 {md5} http://data.gdeltproject.org.evil.example/gdeltv2/20260310001500.export.CSV.zip",
        f"10 {md5} http://user@data.gdeltproject.org/gdeltv2/20260310001500.export.CSV.zip",
        f"10 {md5} file:///gdeltv2/20260310001500.export.CSV.zip",
        f"10 {md5} http://data.gdeltproject.org/gdeltv2/../20260310001500.export.CSV.zip",
        f"10 {md5} http://data.gdeltproject.org/gdeltv2/20269910001500.export.CSV.zip",
        f"10 {md5} http://data.gdeltproject.org/gdeltv2/20260310001500.export.CSV.zip?x=1",
        f"ten {md5} http://data.gdeltproject.org/gdeltv2/20260310001500.export.CSV.zip",
        "half a line",
    ]
    https = good.replace(
        "http://data.gdeltproject.org", "https://storage.googleapis.com/data.gdeltproject.org"
    )
    publisher.files[MASTER] = (https + "\n".join(evil) + "\n").encode()
    (attempt,) = by_stream(bench.load("2026-03-10", "2026-03-10"))["export"]
    assert publisher.paths(".zip") == ["/gdeltv2/20260310000000.export.CSV.zip"]
    assert attempt.status == Status.OK
    assert "9 lines of the list are not of GDELT files, such as" in attempt.error
    assert "169.254.169.254" in attempt.error


def test_a_list_that_does_not_exist_is_missing_and_the_other_language_goes_on(publisher, bench):
    publish(publisher, DAY, 1, ["export", "mentions"])
    batches = bench.load("2026-03-09", "2026-03-10")
    found = by_stream(batches)
    assert [a.status for a in found["export"]] == [Status.MISSING, Status.OK]
    (attempt,) = found["translation.export"]
    assert (attempt.status, attempt.partition_key) == (Status.MISSING, "2026-03-09..2026-03-10")
    assert "404" in attempt.error
    assert states(bench, "translation.export") == {}, "no list says which slots exist"


@pytest.mark.parametrize(
    "body", [b"<html><body>Maintenance</body></html>\n", b"%PDF-1.4 http://data.gdeltproject.org/\n"]
)
def test_an_answer_that_is_no_list_fails_and_says_so(publisher, bench, body):
    publish(publisher, DAY, 1, ["export"])
    publisher.files["/gdeltv2/masterfilelist-translation.txt"] = body
    (attempt,) = by_stream(bench.load("2026-03-10", "2026-03-10"))["translation.mentions"]
    assert attempt.status == Status.FAILED
    assert "no list of GDELT files" in attempt.error and "SAHEL_GDELT_URL" in attempt.error


def test_a_publisher_that_is_down_fails_each_stream_once(publisher, bench):
    for name in ("masterfilelist", "masterfilelist-translation"):
        publisher.broken[f"/gdeltv2/{name}.txt"] = 503
    found = by_stream(bench.load("2026-01-01", "2026-03-10"))
    assert {stream: [a.status for a in attempts] for stream, attempts in found.items()} == {
        stream: [Status.FAILED] for stream in ALL
    }


def test_an_empty_list_leaves_every_slot_missing(publisher, bench):
    publisher.files[MASTER] = b""
    (attempt,) = by_stream(bench.load("2026-03-09", "2026-03-09"))["export"]
    assert attempt.status == Status.MISSING
    assert states(bench) == {"missing": 96}


# Files


def test_a_listed_slot_that_answers_404_is_missing(publisher, bench):
    publish(publisher, DAY, 3, ["export"])
    del publisher.files["/gdeltv2/20260310001500.export.CSV.zip"]
    (batch,) = [b for b in bench.load("2026-03-10", "2026-03-10") if b.stream == "export"]
    assert batch.attempts[0].status == Status.OK
    assert bench.states["export", DAY + SLOT] == "missing"
    (row,) = [r for r in batch.ledger_rows["gdelt_slot"] if r["slot_at"] == DAY + SLOT]
    assert row["error"] == "listed, but answered 404"


SPOILED = {
    "another MD5": (slot_zip(DAY + SLOT, "export", [event_row(9)]), None, "MD5"),
    "cut short": (None, lambda body: body[:-30], "damaged"),
    "two members": (zipped("20260310001500.export.CSV", b"", ("b.CSV", b"")), None, "2 members"),
    "another member": (zipped("20260310003000.export.CSV", b""), None, "not the file it claims to be"),
    "a path as member": (zipped("../20260310001500.export.CSV", b""), None, "not the file it claims to be"),
    "a bomb": (zipped("20260310001500.export.CSV", bytes(16 << 20)), None, "bomb"),
    "html": (b"<html>", None, "not a zip"),
}


@pytest.mark.parametrize("case", SPOILED)
def test_a_file_that_is_not_what_its_list_says_is_corrupt_and_fetched_later(publisher, bench, case):
    body, change, said = SPOILED[case]
    publish(publisher, DAY, 3, ["export"])
    path = "/gdeltv2/20260310001500.export.CSV.zip"
    whole, its_list = publisher.files[path], publisher.files[MASTER]
    spoiled = body if body is not None else change(whole)
    if case != "another MD5":
        # The list vouches for the spoiled bytes, so that the zip itself is what is looked at.
        publisher.files[MASTER] = its_list.replace(
            f"{len(whole)} {hashlib.md5(whole).hexdigest()}".encode(),
            f"{len(spoiled)} {hashlib.md5(spoiled).hexdigest()}".encode(),
        )
    publisher.files[path] = spoiled
    (batch,) = [b for b in bench.load("2026-03-10", "2026-03-10") if b.stream == "export"]
    (row,) = [r for r in batch.ledger_rows["gdelt_slot"] if r["slot_at"] == DAY + SLOT]
    assert row["state"] == "corrupt"
    assert said in row["error"] and "20260310001500.export.CSV.zip" in row["error"]
    assert row["payload_sha256"] is None
    assert batch.attempts[0].status == Status.OK and "1 of 41 slots corrupt" in batch.attempts[0].error
    assert publisher.paths("001500") == [path] * 2, "asked for once more, and not again"
    assert len(batch.payloads) == 2
    assert not any((bench.home / "scratch").iterdir()), "nothing is left behind"
    publisher.files[path], publisher.files[MASTER] = whole, its_list
    bench.load()
    assert bench.states["export", DAY + SLOT] == "fetched"


def test_a_copy_that_is_bad_once_is_fetched_in_the_same_load(publisher, bench):
    publish(publisher, DAY, 1, ["export"])
    path = "/gdeltv2/20260310000000.export.CSV.zip"
    publisher.once[path] = publisher.files[path][:-1]
    bench.load("2026-03-10", "2026-03-10")
    assert bench.states["export", DAY] == "fetched"


def test_an_empty_slot_is_known_as_empty_and_kept(publisher, bench):
    publisher.add(DAY, "export", [])
    (batch,) = [b for b in bench.load("2026-03-10", "2026-03-10") if b.stream == "export"]
    assert bench.states["export", DAY] == "empty"
    assert (batch.table, batch.attempts[0].status) == (None, Status.EMPTY)
    assert [payload.key for payload in batch.payloads] == ["20260310000000.export"]
    assert bench.newest_gdelt_slot("export") == DAY


def test_failed_downloads_leave_slots_listed_and_the_rest_goes_on(publisher, bench):
    publish(publisher, DAY, 4, ["export"])
    publisher.broken["/gdeltv2/20260310001500.export.CSV.zip"] = 500
    (batch,) = [b for b in bench.load("2026-03-10", "2026-03-10") if b.stream == "export"]
    assert bench.states["export", DAY + SLOT] == "listed"
    assert batch.attempts[0].status == Status.OK
    assert "1 of 41 slots listed but not got" in batch.attempts[0].error and "500" in batch.attempts[0].error
    assert len(batch.payloads) == 3


def test_a_day_on_which_every_download_fails_is_failed(publisher, bench):
    publish(publisher, DAY, 2, ["export"])
    for path in publisher.files:
        if path.endswith(".zip"):
            publisher.broken[path] = 500
    (attempt,) = by_stream(bench.load("2026-03-10", "2026-03-10"))["export"]
    assert attempt.status == Status.FAILED


def test_many_failures_in_a_row_end_the_asking(publisher, bench):
    publish(publisher, DAY, 90, ["export"])
    bench.now = DAY + timedelta(days=3)
    for path in publisher.files:
        if path.endswith(".zip"):
            publisher.broken[path] = 403
    (batch,) = [b for b in bench.load("2026-03-10", "2026-03-10") if b.stream == "export"]
    assert states(bench) == {"listed": 90, "missing": 6}
    assert len(publisher.paths(".zip")) <= gdelt.GIVE_UP_AFTER + 4 * gdelt.DOWNLOADS_AT_ONCE
    assert any("not asked for" in (row["error"] or "") for row in batch.ledger_rows["gdelt_slot"])


def test_progress_counts_up_to_its_total(publisher, bench):
    publish(publisher, DAY, 5)
    bench.load("2026-03-10", "2026-03-10")
    done = [done for done, _, _ in bench.steps]
    assert len(done) == 20 and done == sorted(set(done))
    assert all(total >= done for done, total, _ in bench.steps)
    assert bench.steps[0][2].startswith("export 2026-03-10 ")


def test_a_batch_is_fetched_only_when_it_is_asked_for(publisher, bench):
    publish(publisher, DAY, 1, ["export"])
    publish(publisher, DAY + timedelta(days=22), 1, ["export"])
    bench.now = DAY + timedelta(days=30)
    real = GdeltFeed.fetch
    seen = []

    def watched(self, request, context):
        for batch in real(self, request, context):
            seen.append((batch.stream, batch.partition_key[:7], len(publisher.paths(".zip"))))
            yield batch

    GdeltFeed.fetch = watched
    try:
        bench.load("2026-03-01", "2026-04-30")
    finally:
        GdeltFeed.fetch = real
    assert [n for stream, month, n in seen if stream == "export"] == [1, 2]


def test_a_load_that_is_given_up_leaves_no_thread_and_no_file(publisher, bench):
    publish(publisher, DAY, 20)
    settings = Settings(home=bench.home, gdelt_url=publisher.url)
    with HttpClient(settings) as http:
        context = Context(settings, http, bench, bench, bench.now, lambda *_: None)
        batches = GdeltFeed().fetch(LoadRequest("gdelt", DAY.date(), DAY.date()), context)
        assert next(batches).stream == "export"
        batches.close()

        def interrupt(*_):
            raise KeyboardInterrupt

        context = Context(settings, http, bench, bench, bench.now, interrupt)
        publisher.asked.clear()
        with pytest.raises(KeyboardInterrupt):
            next(GdeltFeed().fetch(LoadRequest("gdelt", DAY.date(), DAY.date()), context))
    assert len(publisher.paths(".zip")) < 20, "what was not begun is not begun"
    assert not any(settings.scratch.iterdir())
    assert not [thread for thread in enumerate_threads() if thread.name.startswith("gdelt")]


def test_only_the_streams_that_are_asked_for(publisher, bench):
    publish(publisher, DAY, 1)
    settings = Settings(home=bench.home, gdelt_url=publisher.url)
    with HttpClient(settings) as http:
        context = Context(settings, http, bench, bench, bench.now, lambda *_: None)
        request = LoadRequest("gdelt", DAY.date(), DAY.date(), streams=("mentions",))
        assert [batch.stream for batch in GdeltFeed().fetch(request, context)] == ["mentions"]
    assert publisher.paths("translation") == []


# Real data


def test_half_a_year_of_the_real_mirror(shared_data, tmp_path):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Quiet."""

    root = shared_data / "mirror" / "gdelt"
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root)))
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        publisher = type("Mirror", (), {"url": f"http://127.0.0.1:{server.server_port}"})
        bench = Bench(publisher, tmp_path, now=datetime(2026, 11, 20, tzinfo=UTC))
        batches = bench.load("2025-01-01", "2025-06-30")
    finally:
        server.shutdown()
        server.server_close()
    rows, countries = 0, set()
    for batch in batches:
        if batch.table:
            with duckdb.connect() as scratch:
                parsed = GdeltFeed().parse(batch, scratch, ("BEN",))
                assert scratch.execute(f"select count(*) from {parsed.rejects}").fetchone() == (0,)
                rows += scratch.execute(f"select count(*) from {parsed.rows}").fetchone()[0]
                countries |= {
                    code
                    for (code,) in scratch.execute(
                        f"select distinct action_geo_country_code from {parsed.rows}"
                    ).fetchall()
                }
    assert (rows, countries) == (10_743, {"BN"})
    attempts = {a.partition_key: a for a in by_stream(batches)["export"]}
    assert len(attempts) == 181
    outage = {day: a.status for day, a in attempts.items() if day >= "2025-06-15"}
    assert Counter(outage.values()) == {Status.MISSING: 14, Status.OK: 2}
    assert bench.states["export", datetime(2025, 6, 15, 12, tzinfo=UTC)] == "missing"
    assert bench.states["export", datetime(2025, 6, 30, 23, 45, tzinfo=UTC)] == "missing"
    assert {a.status for a in by_stream(batches)["mentions"]} == {Status.MISSING}
    assert [a.status for a in by_stream(batches)["translation.export"]] == [Status.MISSING]
