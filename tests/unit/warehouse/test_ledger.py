"""The ledger: values come back as they went in, state is replaced by key, unknown columns are refused."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings, strategies as st

from orchestration.settings import aware, naive
from orchestration.warehouse.connection import prepare
from orchestration.warehouse.ledger import (
    KEYED_TABLES,
    LedgerMemory,
    fetch_dicts,
    insert_rows,
    next_attempt_id,
)

AT = datetime(2026, 6, 30, 12, tzinfo=UTC)
SLOT = timedelta(minutes=15)


@pytest.fixture(scope="module")
def opened() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        prepare(connection)
        yield connection


@pytest.fixture
def ledger(opened: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty ledger: what a test writes is rolled back."""
    opened.begin()
    yield opened
    opened.rollback()


def attempt(attempt_id: int, **changes: Any) -> dict[str, Any]:
    return {
        "attempt_id": attempt_id,
        "run_id": "r",
        "feed": "news",
        "stream": "made",
        "partition_key": "p",
        "status": "ok",
        **dict.fromkeys(
            (
                "rows_parsed",
                "rows_loaded",
                "rows_unchanged",
                "rows_out_of_scope",
                "rows_quarantined",
                "rows_withdrawn",
                "payloads",
            ),
            0,
        ),
        "recorded_at": AT + timedelta(hours=attempt_id),
        "started_at": AT,
        "finished_at": AT,
        **changes,
    }


def slot(number: int, state: str, stream: str = "export") -> dict[str, Any]:
    return {"slot_at": AT + number * SLOT, "stream": stream, "state": state, "checked_at": AT}


def test_values_come_back_as_they_went_in(ledger: duckdb.DuckDBPyConnection) -> None:
    row = {
        "attempt_id": 1,
        "feed": "ucdp",
        "table_name": "ucdp_ged",
        "partition_key": "26.1",
        "check_name": 'o\'clock "quoted" {braced} ; -- \n line',
        "severity": "block",
        "passed": False,
        "could_run": True,
        "observed": None,
        "failing_sample": '[{"side_b": "Jama\'a, Aïr"}]',
        "verdict": "pass",
        "recorded_at": AT.replace(microsecond=123456),
    }
    insert_rows(ledger, "quality_result", [row])
    assert fetch_dicts(ledger, "select * from ledger.quality_result") == [row]


def test_other_zones_are_kept_as_utc(ledger: duckdb.DuckDBPyConnection) -> None:
    local = datetime.fromisoformat("2026-06-30T14:00:00+02:00")
    insert_rows(ledger, "http_validator", [{"url": "u", "checked_at": local}])
    (row,) = fetch_dicts(ledger, "select * from ledger.http_validator")
    assert row["checked_at"] == AT
    assert row["checked_at"].utcoffset() == timedelta(0)
    assert naive(local) == datetime(2026, 6, 30, 12)
    assert naive(None) is aware(None) is None


def test_dates_and_missing_columns(ledger: duckdb.DuckDBPyConnection) -> None:
    row = {
        "release": "26.1",
        "kind": "annual",
        "payload_sha256": "s",
        "payload_key": "26.1",
        "recorded_at": AT,
    }
    insert_rows(ledger, "ucdp_release", [row | {"period_end": date(2025, 12, 31)}])
    (found,) = fetch_dicts(ledger, "select * from ledger.ucdp_release")
    assert found["period_end"] == date(2025, 12, 31)
    assert found["period_start"] is found["attempt_id"] is found["batch"] is None


@settings(max_examples=50, deadline=None)
@given(
    text=st.none() | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")),
    number=st.none() | st.integers(-(2**63), 2**63 - 1),
    moment=st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
)
def test_any_value_comes_back(
    opened: duckdb.DuckDBPyConnection, text: str | None, number: int | None, moment: datetime
) -> None:
    row = slot(0, "fetched") | {"error": text, "listed_size": number, "checked_at": moment}
    opened.begin()
    try:
        insert_rows(opened, "gdelt_slot", [row])
        (found,) = fetch_dicts(opened, "select * from ledger.gdelt_slot")
    finally:
        opened.rollback()
    assert (found["error"], found["listed_size"], found["checked_at"]) == (text, number, moment)


@pytest.mark.parametrize("table", ["gdelt_slot", "build"])
@pytest.mark.parametrize("name", ["stat", "state; drop table ledger.build", 'state"', "", "STATE "])
def test_an_unknown_column_is_refused_by_name(
    ledger: duckdb.DuckDBPyConnection, table: str, name: str
) -> None:
    with pytest.raises(ValueError, match=rf"^ledger\.{table} has no column"):
        insert_rows(ledger, table, [{name: 1}])


@settings(max_examples=60, deadline=None)
@given(table=st.text(max_size=30).filter(lambda name: name not in KEYED_TABLES))
def test_a_table_that_is_none_is_refused(opened: duckdb.DuckDBPyConnection, table: str) -> None:
    with pytest.raises(ValueError, match="has no column"):
        insert_rows(opened, table, [{"state": 1}])


def test_no_rows_is_no_statement(ledger: duckdb.DuckDBPyConnection) -> None:
    insert_rows(ledger, "no_such_table", [])


def test_state_is_replaced_by_its_key_and_only_there(ledger: duckdb.DuckDBPyConnection) -> None:
    insert_rows(
        ledger, "gdelt_slot", [slot(0, "missing"), slot(1, "missing"), slot(0, "missing", "mentions")]
    )
    insert_rows(ledger, "gdelt_slot", [slot(0, "corrupt"), slot(0, "fetched")])
    found = {
        (row["stream"], row["slot_at"]): row["state"] for row in fetch_dicts(ledger, "from ledger.gdelt_slot")
    }
    assert found == {
        ("export", AT): "fetched",
        ("export", AT + SLOT): "missing",
        ("mentions", AT): "missing",
    }


def test_tables_without_a_key_are_only_added_to(ledger: duckdb.DuckDBPyConnection) -> None:
    insert_rows(ledger, "load_attempt", [attempt(1)])
    insert_rows(ledger, "load_attempt", [attempt(1)])
    assert ledger.execute("select count(*) from ledger.load_attempt").fetchone() == (2,)


def test_the_keys_are_those_of_the_tables(ledger: duckdb.DuckDBPyConnection) -> None:
    found = ledger.execute(
        "select table_name, constraint_column_names from duckdb_constraints() "
        "where schema_name = 'ledger' and constraint_type = 'PRIMARY KEY'"
    ).fetchall()
    assert {table: tuple(columns) for table, columns in found} == KEYED_TABLES


def test_ids_count_on(ledger: duckdb.DuckDBPyConnection) -> None:
    assert next_attempt_id(ledger) == 1
    insert_rows(ledger, "load_attempt", [attempt(7)])
    assert next_attempt_id(ledger) == 8


def test_a_feed_remembers_its_slots(ledger: duckdb.DuckDBPyConnection) -> None:
    memory = LedgerMemory(ledger)
    assert memory.newest_gdelt_slot("export") is None
    assert memory.open_gdelt_slots("export", AT) == []
    states = ["fetched", "missing", "empty", "corrupt", "listed", "missing"]
    insert_rows(ledger, "gdelt_slot", [slot(number, state) for number, state in enumerate(states)])
    insert_rows(ledger, "gdelt_slot", [slot(9, "fetched", "mentions")])
    assert memory.newest_gdelt_slot("export") == AT + 2 * SLOT
    assert memory.open_gdelt_slots("export", AT + 5 * SLOT) == [AT + n * SLOT for n in (4, 3, 1)]
    assert memory.gdelt_slots("export", AT + SLOT, AT + 3 * SLOT) == {
        AT + SLOT: "missing",
        AT + 2 * SLOT: "empty",
    }


def test_a_feed_remembers_its_releases_in_order_of_application(ledger: duckdb.DuckDBPyConnection) -> None:
    row = {"kind": "annual", "payload_sha256": "s", "payload_key": "k", "recorded_at": AT}
    insert_rows(
        ledger,
        "ucdp_release",
        [row | {"release": "26.1", "attempt_id": 2}, row | {"release": "25.1", "attempt_id": 5}],
    )
    insert_rows(ledger, "ucdp_release", [row | {"release": "26.1", "attempt_id": 6}])
    assert [found["release"] for found in LedgerMemory(ledger).ucdp_releases()] == ["25.1", "26.1"]


def test_a_feed_remembers_validators(ledger: duckdb.DuckDBPyConnection) -> None:
    memory = LedgerMemory(ledger)
    assert memory.validator("u") == (None, None)
    insert_rows(ledger, "http_validator", [{"url": "u", "etag": '"1"', "checked_at": AT}])
    assert memory.validator("u") == ('"1"', None)
    insert_rows(ledger, "http_validator", [{"url": "u", "last_modified": "then", "checked_at": AT}])
    assert memory.validator("u") == (None, "then")


def test_failures_in_a_row_are_counted_since_the_last_success(ledger: duckdb.DuckDBPyConnection) -> None:
    memory = LedgerMemory(ledger)
    assert memory.news_failures("made") == (0, None)
    for number, status in enumerate(
        ["failed", "refused", "unchanged", "failed", "missing", "refused"], start=1
    ):
        insert_rows(ledger, "load_attempt", [attempt(number, status=status)])
    insert_rows(ledger, "load_attempt", [attempt(9, stream="another", status="failed")])
    assert memory.news_failures("made") == (3, AT + timedelta(hours=6))
