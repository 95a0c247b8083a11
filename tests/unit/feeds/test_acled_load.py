"""Whole ACLED loads: what is in the warehouse after syncs, interruptions, wider scopes and embargoes.

Here: fetch, parse, audit and promotion together against the made API. Not here: single answers
(test_acled_fetch.py) and single rows (test_acled_parse.py).
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations import audit
from orchestration import steps
from orchestration.feeds import acled
from orchestration.made_world.acled_api import Fault
from orchestration.settings import Settings
from orchestration.steps import Run, batches, loading
from orchestration.warehouse.publish import PublishRefused, publish
from tests.unit.feeds.acled_publisher import (
    CODES,
    NOW,
    PASSWORD,
    USER,
    Publisher,
    at,
    event,
    impatient,
    publisher_for,
)

WEEK = timedelta(days=7)


@pytest.fixture
def publisher(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.setattr(acled, "FIRST_DAY", date(2024, 1, 1))
    impatient(monkeypatch)
    with publisher_for(settings) as made:
        for iso3, prefix in (("MLI", "MLI"), ("BFA", "BFO"), ("NER", "NIR"), ("NGA", "NIG")):
            for number, day in enumerate(("2024-05-01", "2025-03-01", "2026-06-19")):
                made.records.put(event(f"{prefix}{number}", day, "2026-06-23", iso3))
        yield made


@pytest.fixture
def unaudited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the audit, the slowest part of a load, where a test is about what is asked for and in which order."""

    def passed(connection: Any, file: Any, config: Any, contract: Any, *_: Any) -> audit.Verdict:
        return audit.Verdict(contract.table, ())

    monkeypatch.setattr(audit, "run", passed)


def statuses(report: steps.LoadReport) -> list[tuple[str, str]]:
    return [(attempt["partition_key"], str(attempt["status"])) for attempt in report.attempts]


def test_a_first_load_holds_what_is_served(publisher: Publisher) -> None:
    report = publisher.load()
    assert not report.failed
    assert report.problems == []
    assert publisher.current() == publisher.served()
    assert len(publisher.current()) == 9
    assert publisher.covered_until() == {"BFA": "2026-06-19", "MLI": "2026-06-19", "NER": "2026-06-19"}


def test_a_second_load_changes_nothing(publisher: Publisher) -> None:
    publisher.load()
    before = (
        publisher.query("select count(*) from raw.acled_event"),
        publisher.cursors(),
        publisher.covered_until(),
    )
    report = publisher.load()
    assert {status for _, status in statuses(report)} <= {"unchanged", "empty"}
    assert report.problems == []
    assert (
        publisher.query("select count(*) from raw.acled_event"), publisher.cursors(), publisher.covered_until()
    ) == before  # fmt: skip


def test_edits_deletions_and_ids_issued_anew_are_followed(publisher: Publisher) -> None:
    publisher.load()
    publisher.move_to(NOW + WEEK)
    publisher.records.put(event("MLI0", "2024-05-02", "2026-07-07", fatalities=12))  # an old event, edited
    publisher.records.delete("BFO1", at("2026-07-06"))
    publisher.records.delete("NIR1", at("2026-07-05"))
    publisher.records.put(event("NIR1", "2025-03-04", "2026-07-07", "NER"))  # issued anew between two syncs
    publisher.records.delete("XXX77", at("2026-07-06"))  # never seen here
    publisher.records.put(event("MLI9", "2026-07-03", "2026-07-07"))
    report = publisher.load()
    assert not report.failed
    assert publisher.current() == publisher.served()
    versions = publisher.query(
        """select event_id_cnty, list(is_withdrawn order by attempt_id) from raw.acled_event
           where event_id_cnty in ('BFO1', 'NIR1') group by 1 order by 1"""
    )
    assert versions == [("BFO1", [False, True]), ("NIR1", [False, True, False])]
    tombstone = publisher.query(
        "select released_at from raw.acled_event where event_id_cnty = 'BFO1' and is_withdrawn"
    )
    assert tombstone == [(datetime(2026, 7, 6),)]
    # The list is asked for with an overlap; what is on it a second time withdraws nothing again.
    publisher.load()
    assert publisher.current() == publisher.served()


@pytest.mark.usefixtures("unaudited")
def test_a_deletion_that_waits_behind_an_outage_is_not_lost(publisher: Publisher) -> None:
    publisher.load()
    publisher.records.delete("BFO1", at("2026-06-29"))
    publisher.api.faults = [Fault("deletions", "503")]
    report = publisher.load()
    assert statuses(report)[0] == ("deletions", "failed")
    assert "BFO1" in publisher.current()
    publisher.load()
    assert publisher.current() == publisher.served()


@pytest.mark.usefixtures("unaudited")
def test_a_back_fill_goes_on_where_it_was_interrupted(publisher: Publisher) -> None:
    publisher.api.faults = [Fault("events", "403", times=1, skip=1)]
    report = publisher.load()
    assert [status for _, status in statuses(report)] == ["ok", "refused"]
    # Edited during the long back-fill, after its window was read.
    publisher.records.put(event("MLI2", "2026-06-19", "2026-06-29", fatalities=9))
    publisher.api.asked.clear()
    publisher.load()
    assert publisher.current() == publisher.served()
    asked = [query.get("event_date") for query in publisher.asked("events")]
    # The year that was read is not read again, but for the days since.
    assert asked == [None, "2026-06-19|2026-06-30", "2025-01-01|2025-12-31", "2024-01-01|2024-12-31"]


@pytest.mark.usefixtures("unaudited")
def test_a_year_that_fails_does_not_hold_up_the_others(publisher: Publisher) -> None:
    publisher.api.faults = [Fault("events", "wrong_count", skip=1)]
    report = publisher.load()
    assert [status for _, status in statuses(report)] == ["ok", "refused", "ok"]
    assert "MLI1" not in publisher.current()
    publisher.load()
    assert publisher.current() == publisher.served()


@pytest.mark.usefixtures("unaudited")
def test_a_killed_load_goes_on(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    with killed_at(1, monkeypatch):
        publisher.load()
    assert len(publisher.current()) == 3
    publisher.load()
    assert publisher.current() == publisher.served()


@pytest.mark.usefixtures("unaudited")
def test_a_wider_scope_back_fills_the_new_country_alone(publisher: Publisher) -> None:
    publisher.load()
    publisher.scope("MLI", "BFA", "NER", "NGA")
    publisher.api.asked.clear()
    publisher.load()
    assert publisher.current() == publisher.served()
    new = [query["event_date"] for query in publisher.asked("events") if query["iso"] == "566"]
    assert new == ["2026-01-01|2026-06-30", "2025-01-01|2025-12-31", "2024-01-01|2024-12-31"]
    assert publisher.covered_until()["NGA"] == "2026-06-19"


@pytest.mark.usefixtures("unaudited")
def test_what_was_edited_while_a_country_was_out_of_scope_is_fetched(publisher: Publisher) -> None:
    publisher.load()
    publisher.scope("MLI")
    publisher.records.put(event("BFO1", "2025-03-01", "2026-07-02", "BFA", fatalities=40))
    publisher.records.put(event("MLI9", "2026-08-01", "2026-08-04"))
    publisher.move_to(NOW + 6 * WEEK)
    publisher.load()
    publisher.scope("MLI", "BFA", "NER")
    publisher.load()
    assert publisher.current()["BFO1"][1] == 40
    assert publisher.current() == publisher.served()


def test_the_world_is_loaded_and_an_invented_country_code_costs_one_row(publisher: Publisher) -> None:
    publisher.scope()
    publisher.records.put({**event("AKR1", "2026-06-01", "2026-06-23"), "iso": 2})
    report = publisher.load()
    assert not report.failed
    assert len(publisher.current()) == 12
    assert publisher.query("select reason from ledger.quarantined_row") == [
        ("iso 2 is no ISO 3166-1 numeric code",)
    ]


@pytest.mark.usefixtures("unaudited")
def test_an_embargo_that_moves_on_releases_events_with_old_stamps(publisher: Publisher) -> None:
    publisher.api.tier = "research"
    publisher.records.put(event("MLI8", "2025-07-04", "2025-07-15"))
    report = publisher.load()
    assert any("not peace" in problem for problem in report.problems)
    assert "MLI8" not in publisher.current()
    assert set(publisher.covered_until().values()) == {"2025-06-30"}
    publisher.move_to(NOW + WEEK)
    publisher.load()
    assert "MLI8" in publisher.current()
    assert set(publisher.covered_until().values()) == {"2025-07-07"}


@pytest.mark.usefixtures("unaudited")
def test_an_account_that_is_upgraded_fills_the_embargoed_year(publisher: Publisher) -> None:
    publisher.api.tier = "research"
    publisher.load()
    assert len(publisher.current()) == 6
    publisher.api.tier = "partner"
    report = publisher.load()
    assert report.problems == []
    assert publisher.current() == publisher.served()
    assert set(publisher.covered_until().values()) == {"2026-06-19"}


@pytest.mark.usefixtures("unaudited")
def test_edits_of_events_that_the_account_saw_only_before_are_not_lost(publisher: Publisher) -> None:
    publisher.load()
    publisher.api.tier = "research"
    publisher.records.put(event("MLI2", "2026-06-19", "2026-06-30", fatalities=8))  # no longer seen
    publisher.records.put(event("MLI0", "2024-05-01", "2026-07-06", fatalities=9))
    publisher.move_to(NOW + WEEK)
    publisher.load()
    assert (publisher.current()["MLI2"][1], publisher.current()["MLI0"][1]) == (3, 9)
    publisher.api.tier = "partner"
    publisher.move_to(NOW + 2 * WEEK)
    publisher.load()
    assert publisher.current() == publisher.served()


@pytest.mark.usefixtures("unaudited")
def test_an_account_that_sees_nothing_covers_to_its_embargo_only(publisher: Publisher) -> None:
    publisher.records.rows.clear()
    publisher.api.tier = "research"
    report = publisher.load()
    assert {status for _, status in statuses(report)} == {"empty"}
    assert any("your ACLED access ends at 2025-06-30" in problem for problem in report.problems)
    assert set(publisher.covered_until().values()) == {"2025-06-30"}
    # What comes later is fetched, of whatever year.
    publisher.records.put(event("MLI1", "2024-03-01", "2026-06-29"))
    publisher.load()
    assert publisher.current() == publisher.served()


def test_a_year_without_events_is_covered_and_one_not_looked_at_is_not(publisher: Publisher) -> None:
    del publisher.records.rows["MLI1"]
    publisher.scope("MLI")
    publisher.api.faults = [Fault("events", "wrong_count", skip=2)]
    report = publisher.load()
    assert [status for _, status in statuses(report)] == ["ok", "empty", "refused"]
    covered = publisher.query("select year(period_start) from ledger.coverage order by 1")
    assert covered == [(2025,), (2026,)]


@pytest.mark.usefixtures("unaudited")
def test_a_window_loads_and_leaves_the_first_load_whole(publisher: Publisher) -> None:
    publisher.load(date_from=date(2025, 1, 1), date_to=date(2025, 12, 31))
    assert set(publisher.current()) == {"MLI1", "BFO1", "NIR1"}
    assert publisher.cursors() == {"deletions": at("2026-06-23")}
    publisher.records.put(event("MLI1", "2025-03-01", "2026-06-24", fatalities=7))
    publisher.load()
    assert publisher.current() == publisher.served()


def test_an_answer_outside_the_window_is_stopped_by_the_audit(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.made_world import acled_api

    monkeypatch.setattr(acled_api, "_passes", lambda row, name, query: name != "iso" or row["iso"] != 566)
    report = publisher.load()
    assert report.failed
    assert any("event_is_in_the_window_asked_for" in problem for problem in report.problems)
    assert publisher.query("select count(*) from raw.acled_event") == [(0,)]
    assert publisher.cursors() == {}


def test_a_page_that_repeats_a_row_loads_it_once(publisher: Publisher) -> None:
    publisher.api.page_rows = 2
    publisher.api.faults = [Fault("events", "repeated_row", skip=1)]
    report = publisher.load()
    assert not report.failed
    assert publisher.current() == publisher.served()
    (row,) = publisher.query(
        "select rows_parsed, rows_loaded, rows_quarantined from ledger.load_attempt where attempt_id = 1"
    )
    assert row == (4, 3, 1)


@pytest.mark.usefixtures("unaudited")
def test_the_rows_are_rebuilt_offline(publisher: Publisher) -> None:
    publisher.load()
    publisher.records.delete("BFO1", at("2026-06-29"))
    publisher.records.put(event("MLI0", "2024-05-02", "2026-06-29", fatalities=12))
    publisher.load()
    sql = "select * exclude (content_hash) from raw.acled_event order by attempt_id, event_id_cnty"
    before, cursors = publisher.query(sql), publisher.cursors()
    publisher.api.asked.clear()
    steps.rebuild(Run(replace(publisher.settings, acled_username=None, acled_password=None)))
    assert (publisher.query(sql), publisher.cursors()) == (before, cursors)
    assert publisher.api.asked == []


def test_no_secret_is_in_the_home_after_good_and_bad_loads(publisher: Publisher) -> None:
    publisher.load()
    publisher.api.faults = [Fault("token", "403"), Fault("events", "message", times=9)]
    publisher.load()
    publisher.load()
    good = publisher.settings
    publisher.settings = replace(good, acled_password="made-wrong-word")
    report = publisher.load()
    assert report.failed
    contents = b"".join(path.read_bytes() for path in Path(good.home).rglob("*") if path.is_file())
    found = [
        word
        for word in (USER, PASSWORD, "made-wrong-word", "made-access-", "made-refresh-")
        if word.encode() in contents
    ]
    assert found == []
    assert b"acled" in contents


@pytest.mark.usefixtures("unaudited")
@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_in_between_loads_end_at_what_is_served(
    publisher: Publisher, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random weeks of inserts, edits, deletions, ids issued anew, outages, kills, scopes and embargoes, then one
    good load."""
    rng = random.Random(seed)
    publisher.api.page_rows = 4
    now = NOW
    for _ in range(8):
        now += timedelta(days=rng.choice((1, 7, 30)))
        publisher.move_to(now)
        _live(rng, publisher, now)
        publisher.scope(*rng.choice((("MLI",), ("MLI", "BFA", "NER"), ("MLI", "NGA"))))
        publisher.api.tier = rng.choice(("research", "partner", "partner"))
        kinds = ("401", "503", "wrong_count", "repeated_row", "html", "403")
        publisher.api.faults = [
            Fault(rng.choice(("events", "deletions")), rng.choice(kinds), skip=rng.randrange(4))
            for _ in range(rng.randrange(3))
        ]
        with killed_at(rng.choice((None, None, 1, 2, 4)), monkeypatch):
            publisher.load()
    publisher.scope("MLI", "BFA", "NER", "NGA")
    publisher.api.tier, publisher.api.faults = "partner", []
    assert not publisher.load().failed
    assert publisher.current() == publisher.served()


@contextmanager
def killed_at(number: int | None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Kill a load before it lands its so manieth batch; None kills none."""
    left = [number]

    def land(*args: Any) -> Any:
        if left[0] is not None:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
        return batches.land(*args)

    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(loading, "land", land)
        yield


def _live(rng: random.Random, publisher: Publisher, now: datetime) -> None:
    """What ACLED does in a while: all of it stamped within the last hours, as it is published."""
    prefixes = {"MLI": "MLI", "BFA": "BFO", "NER": "NIR", "NGA": "NIG"}
    gone = [row["event_id_cnty"] for row in publisher.records.deleted]
    for _ in range(rng.randrange(8)):
        stamp = int((now - timedelta(hours=rng.randrange(1, 20))).timestamp())
        standing = list(publisher.records.rows)
        deed = rng.choice(("insert", "insert", "edit", "edit", "delete", "again"))
        iso3 = rng.choice(list(CODES))
        day = (now - timedelta(days=rng.choice((3, 9, 40, 400)))).astimezone(UTC).date().isoformat()
        if deed == "insert":
            publisher.records.put(event(f"{prefixes[iso3]}{rng.randrange(10**6)}", day, stamp, iso3))
        elif deed == "edit" and standing:
            row = publisher.records.rows[rng.choice(standing)]
            publisher.records.put({**row, "fatalities": rng.randrange(99), "timestamp": stamp})
        elif deed == "delete" and standing:
            publisher.records.delete(rng.choice(standing), stamp)
        elif deed == "again" and gone:
            publisher.records.put(event(rng.choice(gone), day, stamp, iso3))


@pytest.mark.usefixtures("unaudited")
def test_a_rebuild_under_a_narrower_scope_says_nothing_of_the_countries_left_out(
    publisher: Publisher,
) -> None:
    publisher.load()
    publisher.scope("MLI")
    steps.rebuild(Run(publisher.settings))
    assert publisher.current() == publisher.served()
    # Coverage without rows would be zeros, which are not peace.
    assert publisher.covered_until() == {"MLI": "2026-06-19"}
    # Without another rebuild: what was left out is asked for again, as nothing of it is covered.
    publisher.scope("MLI", "BFA", "NER")
    publisher.load()
    assert publisher.current() == publisher.served()


@pytest.mark.usefixtures("unaudited")
def test_what_was_asked_for_first_and_deleted_since_does_not_stay(publisher: Publisher) -> None:
    publisher.load(date_from=date(2024, 1, 1), date_to=date(2025, 12, 31))
    assert {"MLI0", "MLI1"} <= publisher.current().keys()
    publisher.move_to(NOW + WEEK)
    publisher.records.delete("MLI0", at("2026-07-03"))
    # Newer than the deletion: the first whole load alone would follow deletions from here on.
    publisher.records.put(event("MLI9", "2026-07-03", "2026-07-06"))
    publisher.load()
    publisher.load()
    assert publisher.current() == publisher.served()


def test_rows_that_were_refused_are_not_made_public_either(publisher: Publisher) -> None:
    for number in range(6):
        publisher.records.put(event(f"MLI{number}", "2026-05-01", "2026-06-23", fatalities="unknown"))
    assert publisher.load(date_from=date(2026, 5, 1)).failed
    assert publisher.query("select count(*) > 0 from ledger.quarantined_row") == [(True,)]
    assert publisher.query("select count(*) from raw.acled_event") == [(0,)]
    settings = replace(publisher.settings, feeds=("ucdp",))
    with (
        duckdb.connect(str(settings.warehouse)) as connection,
        pytest.raises(PublishRefused, match="holds rows of acled"),
    ):
        publish(connection, settings, {}, public=True)


@pytest.mark.usefixtures("unaudited")
@pytest.mark.parametrize("kind", ["403", "503"])
def test_deletions_that_were_read_do_not_hide_an_outage_of_the_events(
    publisher: Publisher, kind: str
) -> None:
    publisher.load()
    publisher.move_to(NOW + WEEK)
    publisher.records.delete("MLI0", at("2026-07-03"))
    publisher.api.faults = [Fault("events", kind, times=99)]
    report = publisher.load()
    assert statuses(report)[0] == ("deletions", "ok")
    assert report.failed


@pytest.mark.usefixtures("unaudited")
def test_edits_that_a_lesser_account_does_not_see_wait_for_a_better_one(publisher: Publisher) -> None:
    publisher.records.put(event("MLI5", "2026-05-01", "2026-05-05"))
    publisher.load()
    publisher.api.tier = "research"
    publisher.move_to(NOW + 2 * WEEK)
    publisher.records.put(event("MLI5", "2026-05-01", "2026-07-02", fatalities=9))  # behind the embargo
    publisher.records.put(event("MLI0", "2024-05-01", "2026-07-12", fatalities=8))
    publisher.load()
    publisher.api.tier = "partner"
    publisher.move_to(NOW + 3 * WEEK)
    publisher.load()
    assert publisher.current() == publisher.served()


TOMBSTONES = "select count(*) from raw.acled_event where event_id_cnty = 'MLI7' and is_withdrawn"


@pytest.mark.usefixtures("unaudited")
def test_a_deletion_that_is_told_again_is_one_tombstone(publisher: Publisher) -> None:
    publisher.records.put(event("MLI7", "2026-05-01", "2026-06-23"))
    publisher.load()
    publisher.move_to(NOW + WEEK)
    publisher.records.delete("MLI7", at("2026-06-25"))
    publisher.load()
    assert publisher.query(TOMBSTONES) == [(1,)]
    publisher.move_to(NOW + 2 * WEEK)
    publisher.records.delete("MLI7", at("2026-07-03"))
    publisher.load()
    assert publisher.query(TOMBSTONES) == [(1,)]
    assert publisher.current() == publisher.served()


@pytest.mark.usefixtures("unaudited")
def test_a_deletion_in_the_second_of_the_last_edit_counts(publisher: Publisher) -> None:
    publisher.records.put(event("MLI7", "2026-05-01", "2026-06-23"))
    publisher.load()
    publisher.move_to(NOW + WEEK)
    publisher.records.delete("MLI7", at("2026-06-23"))
    publisher.load()
    assert "MLI7" not in publisher.current()


@pytest.mark.usefixtures("unaudited")
def test_of_two_deletions_in_one_answer_the_newest_counts(publisher: Publisher) -> None:
    publisher.records.put(event("MLI7", "2026-05-01", "2026-06-23"))
    publisher.load()
    publisher.records.delete("MLI7", at("2026-06-22"))
    publisher.records.delete("MLI7", at("2026-06-25"))
    publisher.move_to(NOW + WEEK)
    publisher.load()
    assert "MLI7" not in publisher.current()
