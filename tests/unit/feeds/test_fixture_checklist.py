"""Every failure that has been observed at a publisher has a test that reproduces it: the list, and what was missing.

Here: the list of those failures, each with the tests that reproduce it against the real client or parser; a
test that disappears is told by the case it stood for. Also the tests of cases that belong to a whole load of
UCDP or of the press, from HTTP to the versions. Not here: the tests of single answers, which lie with their feed.
"""

import ast
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration import steps
from orchestration.records import LoadRequest
from orchestration.settings import Settings
from tests.unit.feeds.fault_server import Answer, FaultServer
from tests.unit.feeds.ucdp_files import EVENTS, as_csv

ROOT = Path(__file__).resolve().parents[3]
HERE = "test_fixture_checklist.py"

REPRODUCED: dict[str, dict[str, tuple[str, ...]]] = {
    "ACLED": {
        "400 invalid_grant": (
            "test_acled_fetch.py::test_a_wrong_password_is_told_once_and_nothing_more_is_asked",
            "test_acled_fetch.py::test_the_doctor_tells_a_wrong_password_and_a_missing_one",
        ),
        "403 Access denied": ("test_acled_fetch.py::test_an_account_without_the_right_is_told_why",),
        "403 error_code 1010": (
            "test_acled_fetch.py::test_a_blocked_client_is_not_taken_for_a_missing_right",
        ),
        "401, then success after another login": (
            "test_acled_fetch.py::test_a_refused_token_is_replaced_once",
            "test_acled_fetch.py::test_a_token_revoked_between_pages_is_replaced_too",
        ),
        "415": ("test_acled_fetch.py::test_a_415_of_the_login_is_said_so",),
        "200 without rows under an embargo": (
            "test_acled_fetch.py::test_an_empty_answer_under_an_embargo_is_no_peace",
        ),
        "three pages to a stated null": (
            "test_acled_fetch.py::test_three_pages_are_walked_to_the_stated_null",
        ),
        "a full page without next_cursor": (
            "test_acled_fetch.py::test_a_full_page_without_next_cursor_is_an_error",
        ),
        "one event on two pages": (
            "test_acled_parse.py::test_of_an_event_on_two_pages_the_newest_edit_is_kept",
        ),
        "a deletion of an event that was never seen": (
            "test_acled_load.py::test_edits_deletions_and_ids_issued_anew_are_followed",
        ),
        "numbers as texts": ("test_acled_parse.py::test_numbers_may_come_as_texts",),
        "a category where the tag had a figure": (
            "test_acled_parse.py::test_tags_are_kept_as_they_come",
        ),
        "Niger that brings Nigeria": ("test_acled_fetch.py::test_niger_that_brings_nigeria_is_refused",),
    },
    "UCDP": {
        "401 with a text body": (
            "test_ucdp_api.py::test_a_token_that_is_not_accepted_is_told_and_ends_the_load",
            "test_ucdp_api.py::test_the_made_api_asks_for_the_token_first_and_counts_pages_from_zero",
        ),
        "400 as a throttle": (
            "test_ucdp_api.py::test_400_in_the_middle_of_a_walk_is_a_throttle",
            "test_ucdp_api.py::test_a_throttle_without_end_ends_the_walk",
            "test_ucdp_api.py::test_400_to_first_pages_is_waited_out_once_and_then_taken_for_absence",
        ),
        "pages from zero, and the declared total": (
            "test_ucdp_api.py::test_pages_are_followed_from_the_first_which_has_no_number",
            "test_ucdp_api.py::test_an_api_that_counts_from_one_loses_no_page",
            "test_ucdp_api.py::test_a_release_that_is_not_whole_is_not_loaded",
        ),
        "a CSV without a header row": (
            "test_ucdp_parse.py::test_every_dialect_tells_of_the_same_events",
            "test_ucdp_parse.py::test_headerless_file_must_prove_itself",
        ),
        "a monthly that revises an older event": (f"{HERE}::test_a_monthly_revises_an_older_event",),
        "a cumulative that drops an event": (
            f"{HERE}::test_a_cumulative_withdraws_what_it_drops",
            "tests/pipeline/test_made_world.py::test_withdrawn_and_restored_events_keep_their_history",
        ),
        "best above high": (
            f"{HERE}::test_a_best_above_its_high_is_loaded_with_a_warning",
            "test_ucdp_parse.py::test_estimates_out_of_order_and_unknown_violence_are_left_to_the_audit",
        ),
        "a provisional XXX actor": (f"{HERE}::test_a_provisional_actor_is_kept_and_later_named",),
        "an unknown parameter that is ignored": (
            "test_ucdp_api.py::test_an_api_that_ignores_what_it_was_asked_for_is_found_out",
            "test_ucdp_api.py::test_the_made_api_filters_by_what_it_knows_and_ignores_the_rest",
        ),
    },
    "GDELT": {
        "a line of the list with an http address": (
            "test_gdelt_fetch.py::test_addresses_are_rewritten_and_foreign_ones_never_followed",
        ),
        "a tail of the list that begins within a line": (
            "test_gdelt_fetch.py::test_the_tail_may_begin_within_a_line",
        ),
        "a slot that answers 404": ("test_gdelt_fetch.py::test_a_listed_slot_that_answers_404_is_missing",),
        "another MD5 than listed": (
            "test_gdelt_fetch.py::test_a_file_that_is_not_what_its_list_says_is_corrupt_and_fetched_later",
        ),
        "a zip cut short": (
            "test_gdelt_fetch.py::test_a_file_that_is_not_what_its_list_says_is_corrupt_and_fetched_later",
            "test_zips.py::test_a_truncated_zip_is_refused",
        ),
        "translations that lag": (
            "test_gdelt_fetch.py::test_the_first_unattended_load_takes_a_fortnight_and_the_next_goes_on_from_each_cursor",
        ),
        "a row of 60 columns": (
            "test_gdelt_parse.py::test_poison_lines_are_rejects_with_line_and_text_and_the_rest_loads",
        ),
        "FIPS NG is Niger, NI is Nigeria": (
            "test_gdelt_parse.py::test_the_scope_goes_by_fips_so_that_niger_is_not_nigeria",
        ),
    },
    "ReliefWeb": {
        "403 with a body": (
            "test_reliefweb.py::test_an_appname_that_is_not_approved_is_told_with_where_to_apply",
        ),
        "410": ("test_reliefweb.py::test_a_decommissioned_version_is_told",),
        "202 with a challenge for browsers": (
            "test_reliefweb.py::test_a_challenge_is_a_failure_with_an_hour_of_pause",
        ),
        "ten rows where no limit is understood": (
            "test_reliefweb.py::test_one_short_answer_is_asked_for_again_in_the_same_load",
            "test_reliefweb.py::test_fewer_entries_than_declared_are_never_taken_for_all",
        ),
    },
    "the press": {
        "304": (
            "test_news.py::test_what_is_known_is_asked_for_conditionally_and_304_is_unchanged",
            "tests/pipeline/test_faults.py::test_7_a_feed_with_the_same_items_adds_no_version",
        ),
        "HTML with 200": (
            "test_news.py::test_a_body_that_is_no_feed_is_refused_but_kept_and_not_remembered",
        ),
        "items without a date": (
            "test_news.py::test_undated_and_future_items_are_marked_never_dated_by_us",
        ),
        "a date in the future": (
            "test_news.py::test_undated_and_future_items_are_marked_never_dated_by_us",
        ),
        "RDF": ("test_news_syndication.py::test_rdf_dates_by_dublin_core",),
        "Atom": ("test_news_syndication.py::test_atom_prefers_published_and_its_source_is_no_publisher",),
        "windows-1252": ("test_news_syndication.py::test_the_encoding_is_found_whatever_is_declared",),
        "another headline under the same guid": (
            f"{HERE}::test_another_headline_under_the_same_guid_is_a_version",
            "test_news.py::test_a_changed_headline_keeps_its_identity",
        ),
        "a redirect to a host that is not allowed": (
            "test_news.py::test_an_answer_without_a_body_is_an_attempt_with_its_reason",
        ),
        "an abandoned feed": (f"{HERE}::test_an_abandoned_outlet_answers_well_and_its_newest_item_is_old",),
    },
    "World Bank": {
        "an error as an array with 200": (
            "test_worldbank.py::test_an_error_with_status_200_is_refused_in_the_publishers_words",
        ),
        "null in place of rows": (
            "test_worldbank.py::test_no_answer_that_is_not_whole_is_loaded",
            "test_worldbank.py::test_nothing_after_something_is_not_believed",
        ),
        "aggregates among the countries": ("test_worldbank.py::test_the_world_leaves_out_what_is_no_country",),
    },
    "UNHCR": {
        "a total that is an empty list": (
            "test_unhcr.py::test_pages_are_walked_with_or_without_a_declared_total",
            "test_unhcr.py::test_a_page_cut_short_is_seen_without_a_total_and_with_one",
        ),
        "a dash for a country": (
            "test_unhcr.py::test_sums_are_left_out_and_counted",
            "test_unhcr.py::test_only_sums_are_a_refusal_not_an_empty_country",
        ),
    },
}  # fmt: skip
"""Publisher and case, with its tests; a file without a folder lies beside this one."""

NOT_FETCHED = {
    "GDELT DOC API": "api.gdeltproject.org",
    "GDELT GKG": "gkg.csv.zip",
    "HDX HAPI": "hapi.humdata.org",
    "VIEWS": "viewsforecasting.org",
}
"""What the list of failures also names and this project does not ask for, and how its addresses can be told.

DOC: notices of 429 as text, also with 200; an empty body; control characters; an empty object. GKG: the two
layouts of places. HAPI: the end by a short page, names as wildcards, overlapping event types, a BOM, tag rows.
VIEWS: the order of runs over models, an empty next page, errors as a message.
"""


# --- the list -----------------------------------------------------------------------------------


@cache
def functions_of(file: Path) -> dict[str, ast.FunctionDef]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def checks_something(test: ast.FunctionDef) -> bool:
    """Whether a test says what must hold: an assertion, or an error that it waits for."""
    return any(
        isinstance(node, ast.Assert) or (isinstance(node, ast.Attribute) and node.attr == "raises")
        for node in ast.walk(test)
    )


@pytest.mark.parametrize(
    ("case", "test"),
    [
        pytest.param(f"{publisher}: {case}", test, id=f"{publisher}: {case} ({number})")
        for publisher, cases in REPRODUCED.items()
        for case, tests in cases.items()
        for number, test in enumerate(tests, start=1)
    ],
)
def test_each_observed_failure_is_reproduced(case: str, test: str) -> None:
    file, _, name = test.partition("::")
    path = ROOT / file if "/" in file else Path(__file__).with_name(file)
    assert path.is_file(), f"{case}: {file} is gone; name the test that reproduces it now"
    found = functions_of(path).get(name)
    assert found is not None, f"{case}: {test} is gone; name the test that reproduces it now"
    assert checks_something(found), f"{case}: {test} asserts nothing"


@pytest.mark.parametrize("source", NOT_FETCHED)
def test_what_has_no_test_is_not_asked_for(source: str) -> None:
    """Whoever begins to fetch one of them finds here that its failures want reproducing."""
    told = NOT_FETCHED[source]
    for file in (ROOT / "orchestration").rglob("*.py"):
        if "made_world" not in file.parts:
            assert told not in file.read_text(encoding="utf-8"), f"{file.name} asks {source}"


# --- UCDP, from HTTP to the versions ------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.fixture
def ucdp(server: FaultServer, tmp_path: Path) -> Settings:
    now = datetime(2026, 9, 1, tzinfo=UTC)
    return Settings(home=tmp_path / "home", countries=None, ucdp_url=server.base, fixed_now=now)


def event(number: int, day: str, **changes: str) -> dict[str, str]:
    at = f"{day} 00:00:00.000"
    return EVENTS[0] | {"id": str(number), "year": day[:4], "date_start": at, "date_end": at} | changes


def publish(server: FaultServer, settings: Settings, release: str, *rows: dict[str, str]) -> steps.LoadReport:
    """Put a candidate release on the server and load it."""
    name = f"GEDEvent_v{release.replace('.', '_')}.csv"
    server.script(f"/downloads/candidateged/{name}", Answer(as_csv(rows).encode()))
    return steps.load(steps.Run(settings), LoadRequest("ucdp", release=release))


def versions(settings: Settings, columns: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(settings.warehouse), read_only=True) as warehouse:
        return warehouse.execute(f"select {columns} from raw.ucdp_ged order by id, attempt_id").fetchall()


def test_a_monthly_revises_an_older_event(ucdp, server):
    march, april = event(900101, "2026-03-05"), event(900102, "2026-04-02")
    publish(server, ucdp, "26.0.3", march, event(900103, "2026-03-09"))
    report = publish(server, ucdp, "26.0.4", april, march | {"deaths_b": "7", "best": "8", "high": "9"})
    assert (report.attempts[0]["rows_loaded"], report.attempts[0]["rows_withdrawn"]) == (2, 0)
    assert versions(ucdp, "id, best, release, is_withdrawn") == [
        (900101, 3, "26.0.3", False),
        (900101, 8, "26.0.4", False),
        (900102, 3, "26.0.4", False),
        (900103, 3, "26.0.3", False),
    ]


def test_a_cumulative_withdraws_what_it_drops(ucdp, server):
    first, second = event(900101, "2026-01-05"), event(900102, "2026-02-02")
    later = event(900103, "2026-04-01")
    publish(server, ucdp, "26.0.1", first)
    publish(server, ucdp, "26.0.2", second)
    publish(server, ucdp, "26.0.4", later)
    report = publish(server, ucdp, "26.01.26.03", second)
    assert report.attempts[0]["rows_withdrawn"] == 1
    assert versions(ucdp, "id, release, is_withdrawn") == [
        (900101, "26.0.1", False),
        (900101, "26.01.26.03", True),
        (900102, "26.0.2", False),
        (900103, "26.0.4", False),
    ]


def test_a_best_above_its_high_is_loaded_with_a_warning(ucdp, server):
    report = publish(server, ucdp, "26.0.3", event(900101, "2026-03-05", best="3", high="1"))
    assert not report.failed
    assert any("low_best_high_are_ordered (warn): 1 of 1 rows" in told for told in report.problems)
    assert versions(ucdp, "low, best, high") == [(2, 3, 1)]


def test_a_provisional_actor_is_kept_and_later_named(ucdp, server):
    unnamed = event(900101, "2026-03-05", side_b="XXX417", side_b_new_id="980417", code_status="Check dyad")
    publish(server, ucdp, "26.0.3", unnamed)
    publish(server, ucdp, "26.01.26.03", unnamed | {"side_b": "JNIM", "side_b_new_id": "6716"})
    assert versions(ucdp, "id, side_b, side_b_new_id, is_withdrawn") == [
        (900101, "XXX417", 980417, False),
        (900101, "JNIM", 6716, False),
    ]


# --- the press, from HTTP to the versions -------------------------------------------------------


@pytest.fixture
def outlet(server: FaultServer, tmp_path: Path) -> Settings:
    path = tmp_path / "feeds.yml"
    path.write_text(
        f"feeds:\n  - {{id: made, url: '{server.base}/rss', language: en, publisher: Made, reliability: high}}\n"
    )
    now = datetime(2026, 6, 30, 12, tzinfo=UTC)
    return Settings(home=tmp_path / "home", countries=None, news_feeds=path, fixed_now=now)


def rss(title: str, published: str) -> Answer:
    return Answer(
        f'<rss version="2.0"><channel><title>t</title><item><guid>1</guid><title>{title}</title>'
        f"<pubDate>{published}</pubDate></item></channel></rss>".encode()
    )


def test_another_headline_under_the_same_guid_is_a_version(outlet, server):
    monday = "Mon, 29 Jun 2026 08:00:00 GMT"
    server.script("/rss", rss("Six dead", monday), rss("Twelve dead", monday))
    for hour in (12, 13):
        steps.load(
            steps.Run(replace(outlet, fixed_now=datetime(2026, 6, 30, hour, tzinfo=UTC))), LoadRequest("news")
        )
    with duckdb.connect(str(outlet.warehouse), read_only=True) as warehouse:
        found = warehouse.execute("select item_id, title from raw.news_item order by attempt_id").fetchall()
    assert [title for _, title in found] == ["Six dead", "Twelve dead"]
    assert len({item_id for item_id, _ in found}) == 1


def test_an_abandoned_outlet_answers_well_and_its_newest_item_is_old(outlet, server):
    """Its answers say nothing is wrong; only the age of what it last told does, and the ledger has that apart."""
    server.script("/rss", rss("The last one", "Fri, 11 Mar 2016 08:00:00 GMT"))
    report = steps.load(steps.Run(outlet), LoadRequest("news"))
    (attempt,) = report.attempts
    assert (str(attempt["status"]), attempt["rows_loaded"]) == ("ok", 1)
    assert attempt["newest_record_at"] == datetime(2016, 3, 11, 8)
