"""The whole way on the made world: revisions, withdrawals, quarantine, rebuild, and answers to plant for."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from orchestration import steps
from orchestration.made_world import WORLD_END, World
from orchestration.records import LoadRequest
from tests.made import FIRST_VISIT, MadeHome, releases, settings_of, visit
from tests.pipeline.test_crash import digests
from tests.served import open_bi, rows_of


def test_current_events_are_those_that_the_newest_releases_tell_of(made_home: MadeHome) -> None:
    expected = made_home.served.publishers.ucdp.current_after(releases(made_home.settings))
    with open_bi(made_home.settings) as bi:
        found = dict(
            bi.execute("select source_event_id::bigint, fatalities_best from core.fct_event").fetchall()
        )
    assert set(found) == set(expected)
    assert {key: int(row["best"]) for key, row in expected.items()} == found


def test_withdrawn_and_restored_events_keep_their_history(made_home: MadeHome) -> None:
    with open_bi(made_home.settings) as bi:
        kinds = dict(
            bi.execute("select change_kind, count(*) from core.fct_event_version group by 1").fetchall()
        )
        ghosts = bi.execute(
            """select count(*) from core.fct_event join core.fct_event_version using (event_key)
               where recorded_to is null and change_kind = 'withdrawn'"""
        ).fetchone()[0]
    assert kinds["revised"] > 0
    assert kinds["withdrawn"] > 0
    assert ghosts == 0


def test_what_was_known_at_the_first_visit_can_still_be_asked(made_home: MadeHome) -> None:
    with open_bi(made_home.settings) as bi:
        then, now, first_load = bi.execute(
            f"""select (select count(*) from core.events_as_known_on(timestamp '{FIRST_VISIT:%Y-%m-%d %H:%M:%S}')),
                       (select count(*) from core.fct_event),
                       (select count(*) from core.fct_event_version
                        where recorded_from = timestamp '{FIRST_VISIT:%Y-%m-%d %H:%M:%S}' and change_kind = 'new')"""
        ).fetchone()
    assert 0 < then < now
    assert then <= first_load


def test_revisions_are_logged_by_field(made_home: MadeHome) -> None:
    with open_bi(made_home.settings) as bi:
        fields = {
            field
            for (field,) in bi.execute(
                "select distinct field from audit.revision_log where feed = 'ucdp' and change_kind = 'revised'"
            ).fetchall()
        }
    assert {"fatalities_best"} <= fields or {"best"} <= fields


def test_a_changed_headline_is_a_new_version(made_home: MadeHome) -> None:
    versions = rows_of(
        made_home.settings.warehouse,
        "select max(n) from (select count(*) n from raw.news_item group by feed_id, item_id)",
    )
    assert versions[0][0] >= 2


def test_malformed_rows_are_quarantined_with_their_line(made_home: MadeHome) -> None:
    with open_bi(made_home.settings) as bi:
        reasons = bi.execute(
            """select feed, count(*), count(line), count(reason), count(payload_sha256)
               from audit.quarantined_row group by feed"""
        ).fetchall()
    assert {feed for feed, *_ in reasons} >= {"gdelt"}
    assert all(count == lines == told == payloads > 0 for _, count, lines, told, payloads in reasons)


def test_refused_and_missing_outlets_are_data(made_home: MadeHome) -> None:
    statuses = {attempt["status"] for attempt in made_home.visits[1]["news"].attempts}
    assert {"ok", "refused", "missing"} <= statuses
    assert not made_home.visits[1]["news"].failed


@pytest.mark.usefixtures("without_data_tests")
def test_a_second_visit_at_the_same_hour_changes_nothing(made_home: MadeHome) -> None:
    before = digests(made_home.settings.home)
    for feed, report in visit(made_home.settings).items():
        assert report.rows_loaded == 0, feed
    steps.build(steps.Run(made_home.settings))
    steps.publish(steps.Run(made_home.settings))
    assert digests(made_home.settings.home) == before


def test_rebuild_from_the_payload_store_gives_the_same_tables(made_home: MadeHome) -> None:
    settings = made_home.settings
    ledger = (
        "select columns(c -> c not in ('payload_sha256')) from ledger.load_attempt order by attempt_id",
        "select * from ledger.gdelt_slot order by all",
        "select * exclude (batch) from ledger.ucdp_release order by all",
        "select * from ledger.coverage order by all",
        "select * from ledger.quarantined_row order by all",
        "select * from ledger.quality_result order by all",
    )
    # What the models make of equal rows is equal: test_optional_feeds builds and publishes them again.
    before, told = digests(settings.home), [rows_of(settings.warehouse, sql) for sql in ledger]
    # Offline: the publishers' addresses lead nowhere.
    offline = replace(
        settings, ucdp_url="http://127.0.0.1:9", gdelt_url="http://127.0.0.1:9", news_feeds=None
    )
    outcomes = steps.rebuild(steps.Run(offline))
    assert len(outcomes) > 10
    assert digests(settings.home) == before
    for sql, rows in zip(ledger, told, strict=True):
        assert rows_of(settings.warehouse, sql) == rows, sql


def test_an_older_release_loaded_late_does_not_undo_the_newer(made_home: MadeHome, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, made_home.served, WORLD_END)
    for release in ("26.1", "25.1"):
        steps.load(steps.Run(settings), LoadRequest("ucdp", release=release))
    late = rows_of(settings.warehouse, _CURRENT)
    order = rows_of(settings.warehouse, "select release from ledger.ucdp_release order by attempt_id")
    expected = made_home.served.publishers.ucdp.current_after(["25.1", "26.1"])
    assert order == [("25.1",), ("26.1",)]
    assert dict(late) == {key: int(row["best"]) for key, row in expected.items()}


def test_a_rebuild_under_a_wider_scope_needs_no_download_and_covers_what_it_loads(
    made_home: MadeHome, tmp_path: Path
) -> None:
    narrow = replace(settings_of(tmp_path, made_home.served, WORLD_END), countries=("MLI",))
    steps.load(steps.Run(narrow), LoadRequest("ucdp", release="26.1"))
    wide = replace(narrow, countries=("MLI", "BEN"), ucdp_url="http://127.0.0.1:9")
    steps.rebuild(steps.Run(wide))
    covered = "select country_iso3, period_start from ledger.coverage order by 1"
    assert rows_of(wide.warehouse, covered) == [("BEN", date(1989, 1, 1)), ("MLI", date(1989, 1, 1))]
    loaded = dict(rows_of(wide.warehouse, "select country_id, count(*) from raw.ucdp_ged group by 1"))
    assert set(loaded) == {432, 434}
    steps.rebuild(steps.Run(replace(wide, countries=("MLI",))))
    assert rows_of(wide.warehouse, covered) == [("MLI", date(1989, 1, 1))]


_CURRENT = """
    select id, best from (
        select * from raw.ucdp_ged qualify row_number() over (partition by id order by attempt_id desc) = 1
    ) where not is_withdrawn
"""


def test_everything_is_labelled_as_made(made_home: MadeHome) -> None:
    settings = made_home.settings
    manifest = json.loads((settings.published / "manifest.json").read_text())
    assert manifest["is_made"] is True
    assert "Made data" in manifest["notice"]
    assert "Made data" in (settings.quality / "index.html").read_text()
    with open_bi(settings) as bi:
        comments = [text for (text,) in bi.execute("select comment from duckdb_tables()").fetchall()]
    assert comments
    assert all("Made data" in text for text in comments)


def test_the_planted_blockade_is_told_by_the_press(made_home: MadeHome) -> None:
    with open_bi(made_home.settings) as bi:
        articles = bi.execute(
            """select count(*) from core.fct_article join core.bridge_article_country using (article_id)
               where country_iso3 = 'MLI'"""
        ).fetchone()[0]
    assert articles > 0


def test_trend_weeks_end_where_the_feed_was_last_looking(made_home: MadeHome) -> None:
    with open_bi(made_home.settings) as bi:
        last, until = bi.execute(
            """select max(week), max(observed_until) from marts.trend_week where source = 'ucdp'"""
        ).fetchone()
    assert isinstance(last, date)
    assert last <= until


def test_the_planted_spike_after_the_coup_is_a_surge_and_a_threat(made_home: MadeHome) -> None:
    """Attacks in Tillabéri rise fourfold for eight weeks from the coup on; the three quiet months before it stay quiet."""
    (coup,) = [fact for fact in World(seed=7).planted_facts if fact.name == "coup_niger"]
    week = coup.date_from - timedelta(days=coup.date_from.weekday())
    with open_bi(made_home.settings) as bi:
        rows = bi.execute(
            """select week, surge, threat, change_class_52w from marts.trend_week
               join core.dim_admin1 as unit on area_id = unit.admin1_id
               where unit.admin1_name = 'Tillabéri' and trend_week.source = 'ucdp' and metric = 'events'"""
        ).fetchall()
    judged = {row[0]: row[1:] for row in rows}
    assert judged[week] == (True, True, "large_increase")
    assert sum(judged[week + timedelta(weeks=later)][1] for later in range(8)) >= 6
    assert not any(judged[week - timedelta(weeks=earlier)][1] for earlier in range(1, 13))
