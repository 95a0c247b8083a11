"""ACLED rows from JSON: casting, what is quarantined and why, copies, scope, released_at.

Here: parse alone, on pages written by hand (all made). Not here: asking (test_acled_fetch.py).
"""

import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.feeds.acled import AcledFeed
from orchestration.feeds.base import NotTheFormat
from orchestration.records import Attempt, Batch, Parsed, Payload
from tests.unit.feeds.acled_publisher import NOW, at, event


@pytest.fixture
def scratch() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def page(folder: Path, rows: list[dict[str, Any]] | bytes, number: int = 1) -> Payload:
    body = rows if isinstance(rows, bytes) else json.dumps({"data": rows}).encode()
    path = folder / f"page{number}"
    path.write_bytes(body)
    return Payload(
        f"{number:064d}", len(body), path, "https://made.example", NOW, 200, "acled", f"page {number}"
    )


def batch_of(*pages: Payload, table: str = "acled_event") -> Batch:
    attempt = Attempt("acled", "events", "edits", None, None)
    return Batch("acled", "events", "edits", (attempt,), table, pages)


def parse(
    scratch: duckdb.DuckDBPyConnection,
    *pages: Payload,
    table: str = "acled_event",
    scope: tuple | None = ("MLI",),
) -> tuple[Parsed, list[dict[str, Any]], list[tuple]]:
    parsed = AcledFeed().parse(batch_of(*pages, table=table), scratch, scope)
    relation = scratch.sql(f"select * from {parsed.rows}")
    rows = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    rejects = scratch.sql(f"select line, reason, row_text from {parsed.rejects}").fetchall()
    assert parsed.rows_seen == len(rows) + len(rejects) + parsed.rows_out_of_scope
    return parsed, rows, rejects


def texts(row: dict[str, Any]) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in row.items()}


@pytest.mark.parametrize("wire", [texts, dict], ids=["texts", "numbers"])
def test_numbers_may_come_as_texts(scratch: duckdb.DuckDBPyConnection, tmp_path: Path, wire: Any) -> None:
    row = event("MLI1", "2026-06-01", "2026-06-09T10:00:00", admin3=" ", latitude=14.25)
    _, (got,), rejects = parse(scratch, page(tmp_path, [wire(row)]))
    assert rejects == []
    assert (got["event_date"], got["year"], got["iso"], got["fatalities"]) == (date(2026, 6, 1), 2026, 466, 3)
    assert (got["latitude"], got["population_5km"], got["timestamp"]) == (
        14.25,
        2500,
        at("2026-06-09T10:00:00"),
    )
    assert (got["country_iso3"], got["admin3"], got["tags"]) == ("MLI", None, None)
    assert got["released_at"] == datetime(2026, 6, 9, 10)
    assert got["assoc_actor_1"] == "Made Police; Made Guards"


def test_whole_numbers_may_have_a_point(scratch: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    _, (got,), _ = parse(
        scratch, page(tmp_path, [event("MLI1", "2026-06-01", 1, fatalities="3.0", iso=466.0)])
    )
    assert (got["fatalities"], got["iso"]) == (3, 466)


@pytest.mark.parametrize(
    "tags", ["crowd size=large", "crowd size=around 200; women targeted", "local administrators"]
)
def test_tags_are_kept_as_they_come(scratch: duckdb.DuckDBPyConnection, tmp_path: Path, tags: str) -> None:
    _, (got,), _ = parse(scratch, page(tmp_path, [event("MLI1", "2026-06-01", 1, tags=tags)]))
    assert got["tags"] == tags


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"event_id_cnty": ""}, "event_id_cnty is empty"),
        ({"iso": "2"}, "iso 2 is no ISO 3166-1 numeric code"),
        ({"iso": ""}, "iso is empty"),
        ({"fatalities": "many"}, "fatalities 'many' is not a whole number"),
        ({"fatalities": "2.5"}, "fatalities '2.5' is not a whole number"),
        ({"fatalities": "99999999999999"}, "fatalities '99999999999999' is not a whole number"),
        ({"fatalities": None}, "fatalities is empty"),
        ({"latitude": "nan"}, "latitude 'nan' is not a number"),
        ({"event_date": "01 June 2026"}, "event_date '01 June 2026' is not a date (yyyy-mm-dd)"),
        ({"event_date": "2026-02-30"}, "event_date '2026-02-30' is not a date (yyyy-mm-dd)"),
        ({"event_date": "2062-06-01"}, "event_date 2062-06-01 lies after the day of the load, 2026-06-30"),
        ({"timestamp": "1780000000000"}, "timestamp 1780000000000 is no time in Unix seconds"),
        ({"timestamp": "-1"}, "timestamp -1 is no time in Unix seconds"),
    ],
)
def test_a_row_that_cannot_be_used_is_quarantined_alone(
    scratch: duckdb.DuckDBPyConnection, tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    good, bad = event("MLI1", "2026-06-01", 1), event("MLI2", "2026-06-01", 1)
    _, rows, ((line, told, row_text),) = parse(scratch, page(tmp_path, [good, {**bad, **changes}]))
    assert [row["event_id_cnty"] for row in rows] == ["MLI1"]
    assert (line, told) == (2, reason)
    key, _, verbatim = row_text.partition("\t")
    assert key == {**bad, **changes}["event_id_cnty"]
    assert json.loads(verbatim) == {**bad, **changes}


def test_of_an_event_on_two_pages_the_newest_edit_is_kept(
    scratch: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    first = page(tmp_path, [event("MLI1", "2026-06-01", 5, fatalities=1), event("MLI2", "2026-06-01", 5)])
    second = page(tmp_path, [event("MLI2", "2026-06-01", 5), event("MLI1", "2026-06-01", 9, fatalities=2)], 2)
    parsed, rows, rejects = parse(scratch, first, second)
    assert {row["event_id_cnty"]: row["fatalities"] for row in rows} == {"MLI1": 2, "MLI2": 3}
    assert [(line, reason) for line, reason, _ in rejects] == [
        (1, "stands twice in this answer; the row edited last is kept"),
        (1, "stands twice in this answer; the row edited last is kept"),
    ]
    assert parsed.rows_seen == 4


def test_other_countries_are_out_of_scope(scratch: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    payload = page(tmp_path, [event("MLI1", "2026-06-01", 1), event("NIG1", "2026-06-01", 1, "NGA")])
    parsed, rows, _ = parse(scratch, payload)
    assert ([row["event_id_cnty"] for row in rows], parsed.rows_out_of_scope) == (["MLI1"], 1)
    parsed, rows, _ = parse(scratch, payload, scope=None)
    assert (len(rows), parsed.rows_out_of_scope) == (2, 0)


def test_columns_that_nobody_knows_are_told(scratch: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    parsed, _, _ = parse(
        scratch, page(tmp_path, [{**event("MLI1", "2026-06-01", 1), "iso3": "", "mood": "x"}])
    )
    assert parsed.extra_columns == ("iso3", "mood")


def test_population_columns_may_be_missing(scratch: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    row = {name: value for name, value in event("MLI1", "2026-06-01", 1).items() if "population" not in name}
    _, (got,), _ = parse(scratch, page(tmp_path, [row]))
    assert got["population_best"] is None


def test_a_page_without_a_column_that_is_needed_is_refused(
    scratch: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    row = {name: value for name, value in event("MLI1", "2026-06-01", 1).items() if name != "timestamp"}
    with pytest.raises(NotTheFormat, match="page 1: no column timestamp; the API has changed"):
        parse(scratch, page(tmp_path, [row]))


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"rows": []}'])
def test_a_damaged_payload_is_refused(
    scratch: duckdb.DuckDBPyConnection, tmp_path: Path, body: bytes
) -> None:
    with pytest.raises(NotTheFormat, match="no rows in it"):
        parse(scratch, page(tmp_path, body))


def test_texts_that_no_database_takes_are_mended(scratch: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    _, (got,), _ = parse(scratch, page(tmp_path, [event("MLI1", "2026-06-01", 1, notes="a\ud800b\x00c é")]))
    assert got["notes"] == "a?bc é"


def test_a_list_of_deletions(scratch: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [
        {"event_id_cnty": "MLI1", "deleted_timestamp": str(at("2026-06-09"))},
        {"event_id_cnty": "MLI1", "deleted_timestamp": str(at("2026-06-10"))},
        {"event_id_cnty": "MLI1", "deleted_timestamp": at("2026-06-10")},
        {"event_id_cnty": "XXX9", "deleted_timestamp": "soon"},
    ]
    _, got, rejects = parse(scratch, page(tmp_path, rows), table="acled_deletion")
    assert [row["released_at"] for row in got] == [datetime(2026, 6, 9), datetime(2026, 6, 10)]
    assert [reason for _, reason, _ in rejects] == [
        "stands twice in this answer; the row edited last is kept",
        "deleted_timestamp 'soon' is not a whole number",
    ]


def test_empty_pages_give_no_rows(scratch: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    parsed, rows, rejects = parse(scratch, page(tmp_path, []))
    assert (parsed.rows_seen, rows, rejects) == (0, [], [])
