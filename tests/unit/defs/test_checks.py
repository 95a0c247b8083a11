"""The rule of silence, and every check of raw tables and of the BI file with input that passes and that fails."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration.defs.checks import silence
from orchestration.defs.resources import SahelResource
from orchestration.warehouse.connection import open_warehouse

DAY = timedelta(days=1)
START = datetime(2025, 1, 1, 12)


def days(first: int, last: int) -> list[datetime]:
    return [START + DAY * number for number in range(first, last)]


def test_a_feed_that_keeps_its_rhythm_is_heard() -> None:
    found = silence(days(0, 30), START + DAY * 30, timedelta(hours=6))
    assert found.since is None
    assert found.allowed == 3 * DAY
    assert found.newest == START + DAY * 29


def test_a_silence_begins_with_the_last_record() -> None:
    found = silence(days(0, 30), START + DAY * 40, timedelta(hours=6))
    assert found.since == START + DAY * 29


def test_a_stray_record_does_not_end_an_outage() -> None:
    found = silence([*days(0, 30), START + DAY * 40], START + DAY * 41, timedelta(hours=6))
    assert found.since == START + DAY * 29


def test_an_outage_is_over_when_records_came_again_for_long_enough() -> None:
    found = silence([*days(0, 30), *days(40, 45)], START + DAY * 45, timedelta(hours=6))
    assert found.since is None


def test_the_least_allowance_holds_for_a_quick_feed() -> None:
    quarters = [START + timedelta(minutes=15) * number for number in range(100)]
    assert silence(quarters, quarters[-1] + timedelta(hours=5), timedelta(hours=6)).since is None
    assert silence(quarters, quarters[-1] + timedelta(hours=7), timedelta(hours=6)).since == quarters[-1]


def test_one_record_or_none_is_no_rhythm() -> None:
    assert silence([], START, DAY).newest is None
    assert silence([START], START + DAY / 2, DAY).since is None
    assert silence([START], START + DAY * 2, DAY).since == START


# The checks themselves, on a warehouse with just the rows that matter.


@pytest.fixture
def ask(defs: dg.Definitions, home: Path, monkeypatch: pytest.MonkeyPatch):
    """Run a check at a given time and return its result."""

    def asked(table: str, name: str, now: datetime) -> dg.AssetCheckResult:
        monkeypatch.setenv("SAHEL_NOW", now.replace(tzinfo=UTC).isoformat())
        key = dg.AssetCheckKey(dg.AssetKey(["raw", table]), name)
        (check,) = [one for one in defs.asset_checks if key in one.check_keys]
        return check(sahel=SahelResource(home=str(home)))

    return asked


def _slots(home: Path, instants: list[datetime]) -> None:
    with open_warehouse(home / "warehouse.duckdb") as connection:
        connection.execute(
            "insert into ledger.gdelt_slot (slot_at, stream, state, checked_at) "
            "select unnest(?::timestamp[]), 'export', 'fetched', now()::timestamp",
            [instants],
        )


def test_event_lag_of_gdelt_tells_the_first_missing_day(ask, home: Path) -> None:
    _slots(home, days(0, 30))
    assert ask("gdelt_event", "event_lag", START + DAY * 30).passed
    late = ask("gdelt_event", "event_lag", START + DAY * 40)
    assert not late.passed
    assert late.severity is dg.AssetCheckSeverity.ERROR
    assert late.metadata["first missing day"].value == "2025-01-31"


def test_event_lag_of_a_feed_never_loaded_fails_and_says_what_to_do(ask) -> None:
    found = ask("news_item", "event_lag", START)
    assert not found.passed
    assert "load the feed" in found.description


@pytest.mark.parametrize(
    ("table", "column", "heard", "silent"),
    [("ucdp_ged", "date_end", 60, 100), ("news_item", "published_at", 1, 3)],
)
def test_event_lag_of_the_other_feeds(
    ask, home: Path, table: str, column: str, heard: int, silent: int
) -> None:
    with open_warehouse(home / "warehouse.duckdb") as connection:
        connection.execute(
            f"insert into raw.{table} ({column}) select unnest(?::timestamp[])",
            [[START + timedelta(hours=number) for number in range(24 * 30)]],
        )
    newest = START + DAY * 30
    assert ask(table, "event_lag", newest + DAY * heard).passed
    assert not ask(table, "event_lag", newest + DAY * silent).passed


def _attempt(home: Path, number: int, run: str, feed: str, stream: str, key: str, status: str) -> None:
    with open_warehouse(home / "warehouse.duckdb") as connection:
        connection.execute(
            """insert into ledger.load_attempt by name
               select $1 as attempt_id, $2 as run_id, $3 as feed, $4 as stream, $5 as partition_key, $6 as status,
                      'why' as error, 0 as rows_parsed, 0 as rows_loaded, 0 as rows_unchanged,
                      0 as rows_out_of_scope, 0 as rows_quarantined, 0 as rows_withdrawn, 0 as payloads,
                      now()::timestamp as recorded_at, now()::timestamp as started_at,
                      now()::timestamp as finished_at""",
            [number, run, feed, stream, key, status],
        )


@pytest.mark.parametrize("table", ["ucdp_ged", "gdelt_event", "news_item"])
def test_failed_windows_lists_those_whose_newest_attempt_failed(ask, home: Path, table: str) -> None:
    feed = table.split("_")[0]

    def attempt(number: int, stream: str, key: str, status: str) -> None:
        _attempt(home, number, "run", feed, stream, key, status)

    attempt(1, "one", "a", "failed")
    attempt(2, "two", "b", "ok")
    failed = ask(table, "failed_windows", START)
    assert not failed.passed
    assert failed.severity is dg.AssetCheckSeverity.WARN
    assert [record.data["stream"] for record in failed.metadata["windows"].records] == ["one"]
    attempt(3, "one", "a", "ok")
    assert ask(table, "failed_windows", START).passed


def test_a_feed_that_was_not_asked_for_is_not_watched(ask) -> None:
    found = ask("acled_event", "event_lag", START)
    assert found.passed
    assert found.description == "not watched: acled is not among SAHEL_FEEDS"


def _acled(home: Path, events_until: int, covered: list[tuple[int, int]]) -> None:
    """Daily events from the first day on; of each coverage, its last day and the day on which it was recorded."""
    with open_warehouse(home / "warehouse.duckdb") as connection:
        connection.execute(
            "insert into raw.acled_event (event_date) select unnest(?::date[])",
            [[(START + DAY * day).date() for day in range(events_until + 1)]],
        )
        for end, recorded in covered:
            connection.execute(
                "insert into ledger.coverage values ('acled', ?, 'MLI', ?, ?, false, ?)",
                [f"until {end}", START.date(), (START + DAY * end).date(), START + DAY * recorded],
            )


@pytest.mark.parametrize(
    ("events_until", "covered", "asked", "heard"),
    [
        # A year's embargo: what is visible is a year old, and that is no silence.
        (60, [(60, 425)], 425, True),
        (60, [(60, 425)], 432, True),
        # The embargo moves on and no event comes with it.
        (60, [(60, 425), (90, 455)], 455, False),
        # Without an embargo a release is a few days old when it is read, and the next one follows in a week.
        (60, [(60, 64)], 71, True),
        (60, [(60, 64)], 80, False),
        # An old window that was loaded by hand lately says nothing of the delay.
        (60, [(60, 64), (10, 79)], 80, False),
    ],
)
def test_acled_is_silent_only_from_where_it_may_be_seen(
    ask,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    events_until: int,
    covered: list[tuple[int, int]],
    asked: int,
    heard: bool,
) -> None:
    monkeypatch.setenv("SAHEL_FEEDS", "acled")
    _acled(home, events_until, covered)
    found = ask("acled_event", "event_lag", START + DAY * asked)
    assert found.passed is heard
    assert found.metadata["newest record"].value == f"{START + DAY * events_until:%Y-%m-%d} 00:00"


def test_without_partitions_only_the_newest_run_of_a_stream_has_failures(ask, home: Path) -> None:
    def attempt(number: int, run: str, key: str, status: str) -> None:
        _attempt(home, number, run, "acled", "events", key, status)

    attempt(1, "monday", "sync@monday", "failed")
    attempt(2, "tuesday", "2004", "refused")
    attempt(3, "tuesday", "2003", "ok")
    failed = ask("acled_event", "failed_windows", START)
    assert [record.data["load"] for record in failed.metadata["windows"].records] == ["2004"]
    attempt(4, "wednesday", "sync@wednesday", "ok")
    assert ask("acled_event", "failed_windows", START).passed


def _readable(defs: dg.Definitions, home: Path) -> dg.AssetCheckResult:
    key = dg.AssetCheckKey(dg.AssetKey(["published", "bi_file"]), "readable")
    (check,) = [one for one in defs.asset_checks if key in one.check_keys]
    return check(sahel=SahelResource(home=str(home)))


def test_the_bi_file_is_read_back(defs: dg.Definitions, home: Path) -> None:
    missing = _readable(defs, home)
    assert not missing.passed
    assert "publish it first" in missing.description
    (home / "published").mkdir(parents=True)
    path = home / "published" / "sahel.duckdb"
    path.write_bytes(b"not a database" * 1000)
    assert not _readable(defs, home).passed
    path.unlink()
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts; create table marts.t as select 1 as a")
    found = _readable(defs, home)
    assert found.passed
    assert found.metadata["rows"].value == 1
