"""From the real mirrors to published answers: the figures that the publishers' own files hold."""

import json
from datetime import date

from tests.served import RealHome, open_bi, rows_of

EVENTS = {"MLI": 2120, "CIV": 360, "SEN": 308, "BEN": 36, "GNB": 22}


def test_every_ucdp_event_arrives_once(real_home: RealHome) -> None:
    with open_bi(real_home.settings) as bi:
        found = dict(bi.execute("select country_iso3, count(*) from core.fct_event group by 1").fetchall())
        distinct = bi.execute("select count(distinct source_event_id) from core.fct_event").fetchone()[0]
    assert found == EVENTS
    assert distinct == sum(EVENTS.values()) == real_home.ucdp.rows_loaded


def test_jnim_is_a_side_where_the_publisher_says_so(real_home: RealHome) -> None:
    with open_bi(real_home.settings) as bi:
        found = dict(
            bi.execute(
                """select country_iso3, count(distinct event_key) from core.fct_event
                   join core.fct_event_actor using (event_key) where actor_id = 'jnim' group by 1"""
            ).fetchall()
        )
    assert found["MLI"] == 1082
    assert found["BEN"] == 35


def test_country_month_sums_to_the_events(real_home: RealHome) -> None:
    with open_bi(real_home.settings) as bi:
        months = dict(
            bi.execute(
                "select country_iso3, sum(events)::int from marts.country_month where source = 'ucdp' group by 1 having sum(events) > 0"
            ).fetchall()
        )
        deaths = bi.execute(
            """select (select sum(fatalities_best) from marts.country_month where source = 'ucdp'),
                      (select sum(fatalities_best) from core.fct_event where feed = 'ucdp')"""
        ).fetchone()
    assert months == EVENTS
    assert deaths[0] == deaths[1] > 0


def test_months_are_dense_to_the_end_of_the_release_and_no_further(real_home: RealHome) -> None:
    with open_bi(real_home.settings) as bi:
        first, last, months = bi.execute(
            "select min(month), max(month), count(*) from marts.country_month where source = 'ucdp' and country_iso3 = 'TGO'"
        ).fetchone()
    assert (first, last, months) == (date(1989, 1, 1), date(2023, 12, 1), 35 * 12)


def test_gdelt_loads_every_row_and_all_are_in_benin(real_home: RealHome) -> None:
    assert real_home.gdelt.rows_loaded == 10_743
    rows = rows_of(
        real_home.settings.warehouse,
        "select action_geo_country_code, count(*) from raw.gdelt_event group by 1",
    )
    assert rows == [("BN", 10_743)]
    with open_bi(real_home.settings) as bi:
        seen = bi.execute(
            "select country_iso3, sum(gdelt_events)::int from marts.country_coverage_week group by 1 having sum(gdelt_events) > 0"
        ).fetchall()
    # Rows that GDELT placed in Benin because they name Benin City, Nigeria, are counted apart.
    assert {iso3 for iso3, _ in seen} <= {"BEN", "NGA"}
    assert sum(count for _, count in seen) == 10_743


def test_the_outage_of_june_2025_is_in_the_ledger(real_home: RealHome) -> None:
    days = {
        attempt["partition_key"]: attempt["status"]
        for attempt in real_home.gdelt.attempts
        if attempt["stream"] == "export"
    }
    assert days["2025-06-14"] == "ok"
    assert [
        day
        for day, status in sorted(days.items())
        if "2025-06-15" <= day <= "2025-06-23" and status != "missing"
    ] == []
    open_slots = rows_of(
        real_home.settings.warehouse,
        """select count(*) from ledger.gdelt_slot where stream = 'export' and state = 'missing'
           and cast(slot_at as date) = date '2025-06-16'""",
    )
    assert open_slots == [(96,)]


def test_weeks_without_any_slot_are_unknown_not_zero(real_home: RealHome) -> None:
    with open_bi(real_home.settings) as bi:
        week = bi.execute(
            "select gdelt_events from marts.country_coverage_week where country_iso3 = 'BEN' and week = date '2025-06-16'"
        ).fetchone()
    assert week == (None,)


def test_no_load_and_no_build_failed(real_home: RealHome) -> None:
    assert not real_home.ucdp.failed
    assert not real_home.gdelt.failed
    assert not real_home.build.failed
    assert len(real_home.build.nodes) > 100


def test_every_row_is_accounted_for(real_home: RealHome) -> None:
    """parsed = loaded - withdrawn + unchanged + out of scope + quarantined, in every attempt."""
    wrong = rows_of(
        real_home.settings.warehouse,
        """select feed, stream, partition_key from ledger.load_attempt
           where rows_parsed <> rows_loaded - rows_withdrawn + rows_unchanged + rows_out_of_scope + rows_quarantined""",
    )
    assert wrong == []


def test_the_manifest_tells_what_is_published(real_home: RealHome) -> None:
    manifest = json.loads((real_home.settings.published / "manifest.json").read_text())
    assert manifest["row_counts"]["core.fct_event"] == 2846
    assert manifest["data_as_of"]["ucdp"]["newest_record_at"].startswith("2023-12-31")
    assert manifest["is_made"] is False
    parquet = real_home.settings.published / "parquet" / "core" / "fct_event.parquet"
    assert rows_of(real_home.settings.bi_file, f"select count(*) from '{parquet}'") == [(2846,)]


def test_every_published_column_is_described_in_the_database(real_home: RealHome) -> None:
    with open_bi(real_home.settings) as bi:
        silent = bi.execute(
            """select schema_name || '.' || table_name || '.' || column_name from duckdb_columns()
               where schema_name in ('core', 'marts', 'audit') and comment is null
               union all select schema_name || '.' || table_name from duckdb_tables()
               where schema_name in ('core', 'marts', 'audit') and comment is null"""
        ).fetchall()
    assert silent == []
