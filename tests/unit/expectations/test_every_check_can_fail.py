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
    "acled_event": {
        "event_id_cnty": "1",
        "event_date": date(2026, 6, 1),
        "year": 2026,
        "time_precision": 1,
        "event_type": "Battles",
        "sub_event_type": "Armed clash",
        "iso": 466,
        "latitude": 16.3,
        "longitude": -0.1,
        "geo_precision": 1,
        "fatalities": 3,
        "timestamp": 1781000000,  # 2026-06-09
        "population_best": 400,
        "population_1km": 100,
        "population_2km": 400,
        "population_5km": 2500,
        "country_iso3": "MLI",
    },
    "acled_deletion": {"event_id_cnty": "1", "deleted_timestamp": 1781000000},
    "insecurity_insight_incident": {
        "dataset": "education",
        "event_id": 1,
        "event_date": date(2026, 5, 1),
        "country_iso3": "MLI",
        "country_name": "Mali",
        "latitude": 16.3,
        "longitude": -0.1,
        "geo_precision": 2,
        "event_description": "01 May 2026: A school was burnt.",
        "people_killed": 0,
        "people_injured": 0,
        "people_kidnapped": 0,
        "people_arrested": 0,
        "facilities_damaged": 1,
        "details": '{"Attacks on Schools":1}',
    },
    "reliefweb_report": {
        "report_key": "report/made/1",
        "title": "A report",
        "url": "https://made.example/report/made/1",
        "primary_country_iso3": "MLI",
        "country_iso3s": "BFA;MLI",
        "source_names": "Made Office",
        "date_original": datetime(2026, 6, 28),
        "date_created": datetime(2026, 6, 29),
        "date_changed": datetime(2026, 6, 30),
        "excerpt": "An excerpt.",
        "channel": "rss",
    },
    "reliefweb_disaster": {
        "disaster_key": "disaster/made",
        "name": "A flood",
        "glide": "FL-2026-000001-MLI",
        "status": "current",
        "primary_type": "Flood",
        "type_names": "Flood;Land Slide",
        "primary_country_iso3": "MLI",
        "country_iso3s": "MLI",
        "date_event": datetime(2026, 6, 20),
        "date_created": datetime(2026, 6, 21),
        "date_changed": datetime(2026, 6, 22),
        "url": "https://made.example/disaster/made",
        "channel": "rss",
    },
    "worldbank_indicator": {
        "country_iso3": "MLI",
        "indicator": "SP.POP.TOTL",
        "year": 2025,
        "value": 25e6,
        "decimal_places": 0,
        "last_updated": date(2026, 5, 1),
    },
    "unhcr_population": {
        "year": 2025,
        "country_origin_iso3": "MLI",
        "country_asylum_iso3": "MRT",
        "refugees": 100,
        "idps": 0,
    },
    "idmc_displacement": {
        "country_iso3": "MLI",
        "year": 2025,
        "new_displacement": 96_123,
        "new_displacement_rounded": 96_000,
        "total_displacement": 354_321,
        "total_displacement_rounded": 354_000,
    },
    "coup": {
        "coup_id": "powell_thyne-432-2020-08-18-1",
        "dataset": "powell_thyne",
        "ccode": 432,
        "country": "Mali",
        "country_iso3": "MLI",
        "coup_date": date(2020, 8, 18),
        "number_of_day": 1,
        "number_in_year": 1,
        "is_successful": True,
    },
    "peacekeeper_fatality": {
        "casualty_id": "MINUSMA-2019-01-20-00001",
        "incident_date": date(2019, 1, 20),
        "mission_acronym": "MINUSMA",
        "type_of_casualty": "Fatality",
        "m49_code": "148",
        "country_iso3": "MLI",
    },
    "admin_boundary": {
        "country_iso3": "MLI",
        "admin_level": 1,
        "unit_key": "ML07",
        "unit_name": "Gao",
        "unit_code": "ML07",
        "geometry": "{}",
        "vertices": 5,
        "is_valid": True,
        "south": 15.0,
        "west": -2.0,
        "north": 18.0,
        "east": 1.0,
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
    "event_happened_before_the_load": {"event_date": date(2026, 7, 1)},
    "year_is_that_of_the_event_date": {"year": 2025},
    "sub_event_type_belongs_to_the_event_type": {"sub_event_type": "Agreement"},
    "event_was_edited_after_it_happened": {"timestamp": 1780000000},
    "event_was_not_edited_in_the_future": {"timestamp": 1790000000},
    "event_was_not_deleted_in_the_future": {"deleted_timestamp": 1790000000},
    "event_is_in_the_window_asked_for": {"event_date": date(2026, 5, 31), "year": 2026},
    "event_was_edited_since": {"timestamp": 1780500000},
    "no_text_tells_of_sexual_violence": {"event_description": "Invented: a woman was raped."},
    "details_are_a_json_object": {"details": "[1]"},
    "incident_is_not_in_the_future": {"event_date": date(2026, 7, 1)},
    "coordinates_come_in_pairs": {"longitude": None},
    "dataset_is_the_one_asked_for": {"dataset": "health"},
    "title_says_something": {"title": " "},
    "name_says_something": {"name": " "},
    "entry_names_a_country": {"country_iso3s": None},
    "primary_country_is_among_its_countries": {"primary_country_iso3": "TCD"},
    "report_key_fits_its_channel": {"channel": "api", "report_id": 7},
    "disaster_key_fits_its_channel": {"channel": "api"},
    "edits_come_after_the_posting": {"date_changed": datetime(2026, 6, 1)},
    "entry_is_not_from_the_future": {"date_changed": datetime(2026, 6, 30, 14)},
    "excerpt_is_no_full_text": {"excerpt": "x" * 501},
    "report_names_its_source": {"source_names": None},
    "report_is_posted_after_its_publication": {"date_original": datetime(2026, 6, 30, 1)},
    "glide_has_its_form": {"glide": "FL-26-1-MLI"},
    "primary_type_is_among_its_types": {"primary_type": "Drought"},
    "country_is_known": {"country_iso3": "WLD"},
    "population_is_a_countrys": {"value": 8e9},
    "value_is_not_of_the_future": {"year": 2027},
    "update_is_not_in_the_future": {"last_updated": date(2026, 7, 2)},
    "figure_is_not_of_the_future": {"year": 2027},
    "the_internally_displaced_are_at_home": {"idps": 5},
    "some_figure_is_given": {"refugees": None, "idps": None},
    "rounded_figures_are_near": {"total_displacement_rounded": 35_000},
    "coup_is_not_in_the_future": {"coup_date": date(2026, 7, 1)},
    "coup_is_within_the_datasets_span": {"coup_date": date(1944, 7, 20)},
    "death_is_not_in_the_future": {"incident_date": date(2026, 7, 1)},
    "death_is_not_before_the_un": {"incident_date": date(1947, 12, 31)},
    "casualty_is_a_death": {"type_of_casualty": "Injury"},
    "geometry_is_valid": {"is_valid": False},
    "unit_is_not_around_the_world": {"west": -100.0},
    "unit_is_known": {"unit_name": "Atlantis", "unit_code": "XX99"},
}
OF_THE_WHOLE = {
    "columns_are_the_contracts",
    "few_rows_are_quarantined",
    "payload_holds_rows",
    "row_count_is_usual",
    "publisher_columns_are_known",
    "snapshot_has_not_shrunk",
    "most_items_are_dated",
    "most_reports_are_dated",
    "most_disasters_are_dated",
    "most_values_are_given",
}
FACTS: dict[str, Any] = {"rows_seen": 100, "rows_landed": 100, "rows_rejected": 0, "now": NOW}
WINDOWS: dict[str, dict[str, Any]] = {
    "ucdp_ged": {"window_start": "1989-01-01", "window_end": "2025-12-31", "options": {"kind": "annual"}},
    "acled_event": {"options": {"date_from": "2026-06-01", "date_to": "2026-06-30", "since": 1780900000}},
    "gdelt_event": {"window_start": datetime(2026, 6, 30), "window_end": datetime(2026, 7, 1)},
    "gdelt_mention": {"window_start": datetime(2026, 6, 30), "window_end": datetime(2026, 7, 1)},
    "insecurity_insight_incident": {"options": {"dataset": "education"}},
}
NUMBERED_BY = {
    "news_item": "item_id",
    "insecurity_insight_incident": "event_id",
    "unhcr_population": "country_origin_iso3",
    "idmc_displacement": "country_iso3",
    "admin_boundary": "unit_key",
}
"""The key column that tells the test's rows apart, where it is not the first."""


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
    key = numbered_by(CONTRACTS[table])
    return {**row, key: named(CONTRACTS[table], number)}


def named(contract: TableContract, number: int) -> str | int:
    """The number as the numbered column can hold it: as letters where that is a country."""
    column = next(column for column in contract.columns if column.name == numbered_by(contract))
    if column.pattern == "^[A-Z]{3}$":
        return "".join(chr(ord("A") + number // 26**place % 26) for place in (2, 1, 0))
    return str(number) if column.dtype == "VARCHAR" else number


def numbered_by(contract: TableContract) -> str:
    return NUMBERED_BY.get(contract.table, contract.key[0])


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
    key = numbered_by(contract)
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
        culprit[check.name] = None if number is None else str(rows[-1][key])
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
        (
            "idmc_displacement",
            "snapshot_has_not_shrunk",
            {"rows_landed": 49, "usual_rows": (100,), "options": {"withdraws": True}},
        ),
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


@pytest.mark.parametrize(
    ("table", "column", "name"),
    [
        ("reliefweb_report", "date_created", "most_reports_are_dated"),
        ("reliefweb_disaster", "date_event", "most_disasters_are_dated"),
    ],
)
def test_mostly_undated_entries_block(table: str, column: str, name: str, tmp_path: Path) -> None:
    """The dates have moved to another field; without them nothing could be placed in time."""
    rows = [good_row(table, n) for n in range(8)] + [{**good_row(table, n), column: None} for n in (8, 9)]
    verdict = judge(tmp_path, CONTRACTS[table], rows, facts_of(table))
    assert [result.name for result in verdict.failures] == [name]
    assert verdict.level == "block"


def test_a_series_mostly_without_values_warns(tmp_path: Path) -> None:
    rows = [{**good_row("worldbank_indicator", n), "value": None} for n in (1, 2, 3)]
    verdict = judge(tmp_path, CONTRACTS["worldbank_indicator"], rows, facts_of("worldbank_indicator"))
    assert [result.name for result in verdict.failures] == ["most_values_are_given"]
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
        for check in checks_for(
            contract,
            facts_of(
                contract.table,
                usual_rows=(1,) * 9,
                extra_columns=("x",),
                options={**WINDOWS.get(contract.table, {}).get("options", {}), "withdraws": True},
            ),
        )
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


def test_every_check_tells_what_it_observed(tmp_path: Path) -> None:
    rows = [good_row("news_item"), {**good_row("news_item", 2), "language": "!"}]
    verdict = judge(tmp_path, CONTRACTS["news_item"], rows, facts_of("news_item", rows_rejected=90))
    observed = {result.name: result.observed for result in verdict.results}
    assert "'published_at', 'publisher'" in observed.pop("columns_are_the_contracts")
    assert observed.pop("most_items_are_dated") == "as expected"
    assert float(observed.pop("few_rows_are_quarantined")) > 0.5
    assert observed.pop("language_matches_its_pattern") == "1 of 2 rows"
    assert set(observed.values()) == {"0 of 2 rows"}


def test_great_expectations_is_left_as_it_was(tmp_path: Path) -> None:
    import great_expectations as gx

    before = gx.expectations.Expectation.configuration
    judge(tmp_path, CONTRACTS["ucdp_actor"], [good_row("ucdp_actor")], facts_of("ucdp_actor"))
    assert gx.expectations.Expectation.configuration is before


def test_verdict_survives_json(tmp_path: Path) -> None:
    verdict = judge(tmp_path, CONTRACTS["ucdp_actor"], [good_row("ucdp_actor")] * 2, facts_of("ucdp_actor"))
    assert audit.Verdict.from_json(verdict.to_json()) == verdict
    assert verdict.level == "block"
