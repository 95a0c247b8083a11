"""Each check of each table has an input that fails it, and good rows that pass it.

One landing table per contract holds good rows and, for every row check, one row that breaks it and only
it; the check must name that very row. Checks of the load as a whole are tried one by one.
"""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations import audit
from expectations.contracts import CONTRACTS, TableContract
from expectations.suites import LoadFacts, checks_for
from orchestration.warehouse.connection import WAREHOUSE_CONFIG, landing_columns

NOW = datetime(2026, 6, 30, 12)
GOOD: dict[str, dict[str, Any]] = {
    "ucdp_ged": {
        "id": 1,
        "year": 2025,
        "type_of_violence": 1,
        "dyad_new_id": 15108,
        "side_a": "Government of Mali",
        "side_b": "JNIM",
        "where_prec": 1,
        "latitude": 16.3,
        "longitude": -0.1,
        "country_id": 432,
        "event_clarity": 1,
        "date_prec": 1,
        "date_start": date(2025, 5, 1),
        "date_end": date(2025, 5, 1),
        "deaths_a": 1,
        "deaths_b": 2,
        "deaths_civilians": 0,
        "deaths_unknown": 0,
        "best": 3,
        "high": 3,
        "low": 3,
        "release": "26.1",
        "stream": "ged",
    },
    "ucdp_actor": {"actor_id": 1, "name_data": "JNIM", "release": "26.1"},
    "gdelt_event": {
        "global_event_id": 1,
        "sql_date": 20260630,
        "is_root_event": 1,
        "event_code": "0190",
        "event_base_code": "019",
        "event_root_code": "01",
        "quad_class": 4,
        "goldstein_scale": -10.0,
        "num_mentions": 1,
        "num_sources": 1,
        "num_articles": 1,
        "avg_tone": -3.0,
        "actor1_geo_type": 4,
        "actor1_geo_lat": 12.6,
        "actor1_geo_long": -8.0,
        "actor2_geo_type": 4,
        "actor2_geo_lat": 12.6,
        "actor2_geo_long": -8.0,
        "action_geo_type": 4,
        "action_geo_country_code": "ML",
        "action_geo_lat": 12.6,
        "action_geo_long": -8.0,
        "date_added": 20260630001500,
        "slot_at": datetime(2026, 6, 30, 0, 15),
        "is_translated": False,
    },
    "gdelt_mention": {
        "global_event_id": 1,
        "mention_time_date": 20260630001500,
        "mention_type": 1,
        "mention_identifier": "https://made.example/1",
        "sentence_id": 1,
        "actor1_char_offset": -1,
        "actor2_char_offset": 20,
        "in_raw_text": 1,
        "confidence": 50,
        "mention_doc_len": 100,
        "mention_doc_tone": -1.0,
        "slot_at": datetime(2026, 6, 30, 0, 15),
        "is_translated": False,
    },
    "news_item": {
        "feed_id": "made",
        "item_id": "1",
        "url": "https://made.example/1",
        "title": "A headline",
        "summary": "A summary",
        "published_at": datetime(2026, 6, 30, 9),
        "date_status": "dated",
        "publisher": "Made",
        "language": "en",
        "reliability": "medium",
    },
}
BROKEN_BY: dict[str, dict[str, Any]] = {
    "date_start_is_not_after_date_end": {"date_start": date(2025, 5, 2)},
    "low_best_high_are_ordered": {"low": 4},
    "best_is_the_sum_of_deaths": {"deaths_a": 0},
    "event_is_not_in_the_future": {"date_end": date(2026, 7, 1)},
    "one_sided_violence_targets_civilians": {"type_of_violence": 3},
    "coordinates_are_in_the_country": {"latitude": 50.0},
    "event_is_not_after_the_release_period": {"date_end": date(2026, 1, 1)},
    "event_is_not_before_the_release_period": {"date_start": date(1980, 1, 1), "date_end": date(1980, 1, 1)},
    "actor_name_is_not_blank": {"name_data": "  "},
    "slot_is_in_the_window": {"slot_at": datetime(2026, 7, 2)},
    "date_added_is_the_slot": {"date_added": 20260101000000},
    "sql_date_is_plausible": {"sql_date": 20260702},
    "root_code_begins_the_event_code": {"event_code": "190", "event_base_code": "190"},
    "action_is_in_the_country": {"action_geo_lat": -30.0},
    "title_or_summary_is_given": {"title": None, "summary": None},
    "text_holds_no_markup": {"title": "<img src=x onerror=alert(1)>"},
    "dated_items_have_a_date": {"published_at": None},
    "dated_items_are_not_in_the_future": {"published_at": datetime(2026, 6, 30, 14)},
}
OF_THE_WHOLE = {
    "columns_are_the_contracts",
    "few_rows_are_quarantined",
    "payload_holds_rows",
    "row_count_is_usual",
    "publisher_columns_are_known",
    "most_items_are_dated",
}
FACTS: dict[str, Any] = {"rows_seen": 100, "rows_landed": 100, "rows_rejected": 0, "now": NOW}
WINDOWS: dict[str, dict[str, Any]] = {
    "ucdp_ged": {"window_start": "1989-01-01", "window_end": "2025-12-31", "options": {"kind": "annual"}},
    "gdelt_event": {"window_start": datetime(2026, 6, 30), "window_end": datetime(2026, 7, 1)},
    "gdelt_mention": {"window_start": datetime(2026, 6, 30), "window_end": datetime(2026, 7, 1)},
}


def facts_of(table: str, **changes: Any) -> LoadFacts:
    return LoadFacts(**{**FACTS, **WINDOWS.get(table, {}), **changes})


def judge(
    folder: Path, contract: TableContract, rows: list[dict[str, Any]], facts: LoadFacts, columns: str = ""
) -> audit.Verdict:
    path = folder / f"{contract.table}.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path), config=dict(WAREHOUSE_CONFIG)) as connection:
        connection.execute(f"create table t ({columns or landing_columns(contract)})")
        for row in rows:
            names = ", ".join(f'"{name}"' for name in row)
            connection.execute(
                f"insert into t ({names}) values ({', '.join('?' * len(row))})", list(row.values())
            )
        return audit.run(connection, path, WAREHOUSE_CONFIG, contract, "t", facts)


def good_row(table: str, number: int = 1) -> dict[str, Any]:
    row = {**GOOD[table], "payload_sha256": "ab", "partition_key": "p"}
    key = CONTRACTS[table].key[-1] if table == "news_item" else CONTRACTS[table].key[0]
    return {**row, key: str(number) if table == "news_item" else number}


def breaking(contract: TableContract, name: str) -> dict[str, Any]:
    """What to change in a good row so that it breaks the check of that name."""
    if name in BROKEN_BY:
        return BROKEN_BY[name]
    columns = {column.name: column for column in contract.columns}
    if name.endswith("_is_not_null"):
        return {name.removesuffix("_is_not_null"): None}
    if name.endswith("_is_in_its_vocabulary"):
        column = columns[name.removesuffix("_is_in_its_vocabulary")]
        return {column.name: 99 if column.dtype == "INTEGER" else "nonsense"}
    if name.endswith("_is_within_bounds"):
        column = columns[name.removesuffix("_is_within_bounds")]
        return {column.name: column.minimum - 1 if column.minimum is not None else column.maximum + 1}
    if name.endswith("_matches_its_pattern"):
        return {name.removesuffix("_matches_its_pattern"): "!"}
    raise AssertionError(f"no failing input is known for the check {name}; add one to BROKEN_BY")


@pytest.mark.parametrize("table", CONTRACTS)
def test_good_rows_pass_every_check(table: str, tmp_path: Path) -> None:
    verdict = judge(tmp_path, CONTRACTS[table], [good_row(table, n) for n in (1, 2)], facts_of(table))
    assert verdict.failures == ()
    assert verdict.level == "pass"


@pytest.mark.parametrize("table", CONTRACTS)
def test_each_row_check_names_the_row_that_breaks_it(
    table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "SAMPLE_ROWS", 100)
    contract = CONTRACTS[table]
    checks = [check for check in checks_for(contract, facts_of(table)) if check.name not in OF_THE_WHOLE]
    rows, culprit = [good_row(table, 1)], {}
    key = "item_id" if table == "news_item" else contract.key[0]
    for number, check in enumerate(checks, start=1000):
        if check.name.endswith(("_is_unique", "_are_unique")):
            rows += [good_row(table, number), good_row(table, number)]
        elif check.name == f"{key}_is_within_bounds":
            rows.append({**good_row(table, number), key: -number})
            number = -number
        elif check.name == f"{key}_is_not_null":
            rows.append({**good_row(table, number), key: None})
            number = None
        else:
            rows.append({**good_row(table, number), **breaking(contract, check.name)})
        culprit[check.name] = str(number) if number is not None else None
    verdict = judge(tmp_path, contract, rows, facts_of(table))
    results = {result.name: result for result in verdict.results}
    assert len(culprit) == len(checks) > 3
    for check in checks:
        result = results[check.name]
        assert result.could_run, result.observed
        assert not result.passed, f"{check.name} did not fail"
        assert culprit[check.name] in {row[key] for row in result.failing_sample}, check.name
    assert verdict.level == "block"


@pytest.mark.parametrize(
    ("table", "name", "changes"),
    [
        ("ucdp_ged", "few_rows_are_quarantined", {"rows_rejected": 2}),
        ("gdelt_event", "few_rows_are_quarantined", {"rows_rejected": 6}),
        ("ucdp_ged", "payload_holds_rows", {"rows_seen": 0}),
        ("gdelt_event", "row_count_is_usual", {"usual_rows": (1000, 1010, 990, 1005, 1001)}),
        ("ucdp_ged", "publisher_columns_are_known", {"extra_columns": ("drone's {x}",)}),
    ],
)
def test_each_check_of_the_load_can_fail(
    table: str, name: str, changes: dict[str, Any], tmp_path: Path
) -> None:
    verdict = judge(tmp_path, CONTRACTS[table], [good_row(table)], facts_of(table, **changes))
    failed = {result.name: result for result in verdict.failures}
    assert set(failed) == {name}
    assert failed[name].could_run


def test_mostly_undated_items_warn(tmp_path: Path) -> None:
    rows = [{**good_row("news_item", n), "published_at": None, "date_status": "undated"} for n in (1, 2, 3)]
    verdict = judge(tmp_path, CONTRACTS["news_item"], rows, facts_of("news_item"))
    assert [result.name for result in verdict.failures] == ["most_items_are_dated"]
    assert verdict.level == "warn"


def test_a_missing_column_blocks(tmp_path: Path) -> None:
    contract = CONTRACTS["ucdp_actor"]
    columns = landing_columns(contract).replace('"new_name" VARCHAR, ', "")
    verdict = judge(tmp_path, contract, [good_row("ucdp_actor")], facts_of("ucdp_actor"), columns)
    assert "columns_are_the_contracts" in {result.name for result in verdict.failures}
    assert verdict.level == "block"


def test_every_check_of_the_whole_is_tried_here() -> None:
    known = {
        check.name
        for contract in CONTRACTS.values()
        for check in checks_for(contract, facts_of(contract.table, usual_rows=(1,) * 9, extra_columns=("x",)))
        if check.failing_where is None
    }
    assert known == OF_THE_WHOLE


def test_a_check_that_cannot_run_blocks_and_says_so(tmp_path: Path) -> None:
    columns = landing_columns(CONTRACTS["news_item"]).replace('"title" VARCHAR', '"headline" VARCHAR')
    row = {name: value for name, value in good_row("news_item").items() if name != "title"}
    verdict = judge(tmp_path, CONTRACTS["news_item"], [row], facts_of("news_item"), columns)
    broken = [result for result in verdict.failures if not result.could_run]
    assert verdict.level == "block"
    assert broken
    assert all("could not run" in result.observed for result in broken)


def test_the_audit_lets_go_of_the_database(tmp_path: Path) -> None:
    contract = CONTRACTS["ucdp_actor"]
    judge(tmp_path, contract, [good_row("ucdp_actor")], facts_of("ucdp_actor"))
    # Opening under another configuration works only when no connection of this process is left.
    with duckdb.connect(str(tmp_path / "ucdp_actor.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*) from t").fetchone() == (1,)


def test_verdict_survives_json(tmp_path: Path) -> None:
    verdict = judge(tmp_path, CONTRACTS["ucdp_actor"], [good_row("ucdp_actor")] * 2, facts_of("ucdp_actor"))
    assert audit.Verdict.from_json(verdict.to_json()) == verdict
    assert verdict.level == "block"
