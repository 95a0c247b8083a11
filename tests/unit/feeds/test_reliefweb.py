"""The ReliefWeb feed against a protocol-true server: what is asked, walked, remembered, refused and left alone.

Belongs here: whole loads of this feed into a warehouse. Does not belong here: single fields of entries
(test_reliefweb_rows.py), the content of the made publisher (made_world tests).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration import steps
from orchestration.feeds import reliefweb_api
from orchestration.feeds.http import HttpClient
from orchestration.feeds.reliefweb import ReliefWebFeed
from orchestration.made_world.publishers import Publishers
from orchestration.made_world.reliefweb import made_api
from orchestration.made_world.reliefweb_api import Entry, ReliefWebApi
from orchestration.made_world.server import serve
from orchestration.made_world.world import WORLD_END
from orchestration.records import LoadRequest
from orchestration.settings import Settings
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.ledger import fetch_dicts

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
APPNAME = "s3cr3t-operator-x7 q&1"
"""With what an address must quote: such a name may not come through in any of its forms."""


def country(iso3: str, name: str = "") -> dict[str, str]:
    return {"iso3": iso3, "name": name or {"mli": "Mali", "ner": "Niger", "nga": "Nigeria"}.get(iso3, iso3)}


def report(number: int, saved_at: datetime, iso3: str = "mli", **changes: Any) -> Entry:
    fields = {
        "title": f"Report {number}",
        "status": "published",
        "url": f"https://made.example/node/{number}",
        "url_alias": f"https://made.example/report/mali/report-{number}",
        "body": "Made world, not a real report.",
        "date": {"original": saved_at.isoformat()},
        "primary_country": country(iso3),
        "country": [country(iso3)],
        "source": [{"name": "Made Office", "shortname": "MO"}],
        "format": [{"name": "Map"}],
        "language": [{"code": "fr"}],
        **changes,
    }
    return Entry(number, [(saved_at, fields)])


def disaster(number: int, began: datetime, status: str = "current") -> Entry:
    glide = f"FL-{began.year}-{number:06d}-MLI"
    fields = {
        "name": f"Mali: Flood {number}",
        "glide": glide,
        "status": status,
        "url": f"https://made.example/taxonomy/term/{number}",
        "url_alias": f"https://made.example/disaster/{glide.lower()}",
        "date": {"event": began.isoformat(), "created": began.isoformat()},
        "primary_country": country("mli"),
        "country": [country("mli")],
        "primary_type": {"name": "Flood"},
        "type": [{"name": "Flood"}],
    }
    return Entry(number, [(began, fields)])


def edit(entry: Entry, at: datetime, **changes: Any) -> None:
    entry.versions.append((at, {**entry.versions[-1][1], **changes}))


@dataclass
class Site:
    """The publisher, served, and a home that loads from it."""

    api: ReliefWebApi
    publishers: Publishers
    settings: Settings

    def load(self, now: datetime = NOW, **asked: Any) -> steps.LoadReport:
        self.publishers.as_of = now
        settings = replace(self.settings, fixed_now=now)
        return steps.load(steps.Run(settings), LoadRequest("reliefweb", **asked))

    def rows(self, sql: str) -> list[dict[str, Any]]:
        with open_warehouse(self.settings.warehouse) as connection:
            return fetch_dicts(connection, sql)

    def reports(self) -> list[tuple[int, str]]:
        """Versions in the order in which they were recorded."""
        told = self.rows("select report_id, title from raw.reliefweb_report order by attempt_id, report_id")
        return [(row["report_id"], row["title"]) for row in told]

    @property
    def questions(self) -> list[dict[str, Any]]:
        return [json.loads(request.body) for request in self.api.asked if request.path == "/v2/reports"]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    api = ReliefWebApi(appnames=frozenset({APPNAME}))
    publishers = Publishers(as_of=NOW)
    publishers.apis["reliefweb"] = api
    with serve(publishers) as served:
        base = f"{served.base_url}/reliefweb"
        settings = Settings(
            home=tmp_path / "home",
            feeds=("reliefweb",),
            countries=("MLI", "BFA", "NER"),
            reliefweb_url=base,
            reliefweb_rss_url=base,
            reliefweb_appname=APPNAME,
        )
        yield Site(api, publishers, settings)


def by_stream(loaded: steps.LoadReport) -> dict[str, dict[str, Any]]:
    return {attempt["stream"]: attempt for attempt in loaded.attempts}


def statuses(loaded: steps.LoadReport) -> dict[str, str]:
    return {stream: attempt["status"] for stream, attempt in by_stream(loaded).items()}


# What is asked


def test_a_first_load_asks_for_thirty_days_of_reports_and_every_disaster(site: Site) -> None:
    site.api.reports = [report(1, NOW - timedelta(days=40)), report(2, NOW - timedelta(days=3))]
    site.api.disasters = [
        disaster(7, datetime(2012, 8, 1, tzinfo=UTC), "archive"),
        disaster(8, NOW - timedelta(days=9)),
    ]
    loaded = site.load()
    assert statuses(loaded) == {"reports": "ok", "disasters": "ok"}
    assert site.reports() == [(2, "Report 2")]
    told = site.rows("select disaster_id, status from raw.reliefweb_disaster order by 1")
    assert [tuple(row.values()) for row in told] == [(7, "archive"), (8, "current")]
    assert by_stream(loaded)["reports"]["error"] == (
        "reliefweb: first load, so reports are read from 2026-05-31 on; load earlier ones with --from"
    )
    assert by_stream(loaded)["disasters"]["error"] is None
    assert not loaded.failed


def test_the_question_is_a_frozen_window_of_changes_in_the_countries_by_code(site: Site) -> None:
    site.load()
    (question,) = site.questions
    changed, of_countries = question["filter"]["conditions"]
    assert changed == {
        "field": "date.changed",
        "value": {"from": "2026-05-31T00:00:00+00:00", "to": "2026-06-30T12:00:00+00:00"},
    }
    assert of_countries == {"field": "country.iso3", "value": ["mli", "bfa", "ner"], "operator": "OR"}
    assert question["sort"] == ["date.changed:asc", "id:asc"]
    assert (question["limit"], question["offset"], question["preset"]) == (1000, 0, "analysis")
    assert {request.query["appname"] for request in site.api.asked} == {APPNAME}


def test_the_next_load_asks_from_a_day_before_the_newest_change_seen(site: Site) -> None:
    site.api.reports = [report(1, datetime(2026, 6, 28, 15, tzinfo=UTC))]
    site.load()
    again = site.load(NOW + timedelta(hours=1))
    window = site.questions[-1]["filter"]["conditions"][0]["value"]
    assert window == {"from": "2026-06-27T00:00:00+00:00", "to": "2026-06-30T13:00:00+00:00"}
    assert statuses(again)["reports"] == "unchanged"
    assert by_stream(again)["reports"]["error"] is None
    assert len(site.reports()) == 1


def test_a_wider_country_scope_is_read_as_for_the_first_time(site: Site) -> None:
    site.api.reports = [
        report(1, NOW - timedelta(hours=1)),
        report(2, NOW - timedelta(days=20), iso3="nga"),
    ]
    site.load()
    site.settings = replace(site.settings, countries=("MLI", "BFA", "NER", "NGA"))
    loaded = site.load(NOW + timedelta(hours=1))
    assert {number for number, _ in site.reports()} == {1, 2}
    assert "the country scope changed" in by_stream(loaded)["reports"]["error"]


def test_days_that_are_asked_for_are_read_month_by_month_by_their_own_date(site: Site) -> None:
    posted = [datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)]
    site.api.reports = [report(number, at) for number, at in enumerate(posted, start=1)]
    # Posted in the window and saved long after it: of the window all the same.
    edit(site.api.reports[0], NOW - timedelta(days=1), title="Corrected")
    loaded = site.load(date_from=date(2026, 1, 15), date_to=date(2026, 2, 10), streams=("reports",))
    assert [attempt["partition_key"] for attempt in loaded.attempts] == [
        "reports/2026-01-15..2026-01-31",
        "reports/2026-02-01..2026-02-10",
    ]
    assert site.reports() == [(1, "Corrected"), (2, "Report 2")]
    assert site.questions[0]["sort"] == ["date.created:asc", "id:asc"]
    # It says nothing of changes, so the next load begins as if there had been none.
    assert "first load" in by_stream(site.load())["reports"]["error"]


@pytest.mark.parametrize(
    ("asked", "remedy"),
    [
        ({"release": "1"}, "--from"),
        ({"file": Path("x.json")}, "--from"),
        ({"date_to": date(2026, 1, 1)}, "say from which day on"),
        ({"date_from": date(2026, 2, 1), "date_to": date(2026, 1, 1)}, "swap them"),
        ({"date_from": date(2026, 7, 1)}, "lies ahead"),
    ],
)
def test_a_wrong_request_is_told_before_anything_is_asked(
    site: Site, asked: dict[str, Any], remedy: str
) -> None:
    with pytest.raises(ValueError, match=remedy):
        site.load(**asked)
    assert site.api.asked == []


def test_rows_of_other_countries_are_counted_not_loaded(site: Site) -> None:
    """Should the code filter match more than it says, nothing of it gets in."""
    site.api.reports = [
        report(1, NOW - timedelta(hours=2)),
        report(2, NOW - timedelta(hours=1), iso3="nga"),
        report(3, NOW - timedelta(hours=1), iso3="nga", country=[country("nga"), country("ner")]),
    ]
    site.api.faults.append("no_filter")
    loaded = by_stream(site.load())["reports"]
    assert (loaded["rows_parsed"], loaded["rows_loaded"], loaded["rows_out_of_scope"]) == (3, 2, 1)
    assert [number for number, _ in site.reports()] == [1, 3]


def test_an_empty_answer_is_empty_and_says_where_it_looked(site: Site) -> None:
    loaded = site.load()
    assert statuses(loaded) == {"reports": "empty", "disasters": "empty"}
    covered = site.rows("select * from ledger.coverage order by country_iso3")
    assert [row["country_iso3"] for row in covered] == ["BFA", "MLI", "NER"]
    assert {(row["period_start"], row["period_end"]) for row in covered} == {
        (date(2026, 5, 31), date(2026, 6, 30))
    }
    assert {row["source_release"] for row in covered} == {"reports"}


# The walk


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reliefweb_api, "LIMIT", 4)
    defaults = reliefweb_api.ask.__kwdefaults__
    monkeypatch.setitem(defaults, "limit", 4)


def test_every_page_is_walked_and_kept(site: Site, small_pages: None) -> None:
    site.api.reports = [report(number, NOW - timedelta(hours=20 - number)) for number in range(1, 11)]
    loaded = by_stream(site.load(streams=("reports",)))["reports"]
    assert [question["offset"] for question in site.questions] == [0, 4, 8]
    assert (loaded["payloads"], loaded["rows_loaded"]) == (3, 10)
    keys = site.rows("select payload_key from ledger.attempt_payload order by 1")
    assert [row["payload_key"] for row in keys] == [f"reports@2026-06-30T12:00:00Z#{n}" for n in (1, 2, 3)]


def test_a_report_saved_during_the_walk_costs_no_other_report(site: Site, small_pages: None) -> None:
    """It leaves the frozen window, and the next page would begin one entry too far."""
    site.api.reports = [report(number, NOW - timedelta(hours=20 - number)) for number in range(1, 11)]

    def save_between_pages(call: int) -> None:
        if call == 1:
            site.publishers.as_of = NOW + timedelta(minutes=2)
            edit(site.api.reports[0], NOW + timedelta(minutes=1), title="Saved meanwhile")

    site.api.before_answer = save_between_pages
    loaded = by_stream(site.load(streams=("reports",)))["reports"]
    assert loaded["status"] == "ok"
    assert [number for number, _ in site.reports()] == list(range(2, 11))
    assert [question["offset"] for question in site.questions] == [0, 4, 0, 4, 8]
    assert len({json.dumps(question["filter"]) for question in site.questions}) == 1
    site.api.before_answer = None
    site.load(NOW + timedelta(hours=1), streams=("reports",))
    assert site.reports()[-1] == (1, "Saved meanwhile")


def test_a_list_that_never_stands_still_is_refused_and_loaded_next_time(
    site: Site, small_pages: None
) -> None:
    site.api.reports = [report(number, NOW - timedelta(hours=20 - number)) for number in range(1, 11)]

    def always_saving(call: int) -> None:
        site.publishers.as_of = NOW + timedelta(minutes=call)
        edit(site.api.reports[call], NOW + timedelta(minutes=call), title="Saved")

    site.api.before_answer = always_saving
    loaded = by_stream(site.load(streams=("reports",)))["reports"]
    assert loaded["status"] == "refused"
    assert "the list had 6 entries and then 5, and so 3 times; nothing of it is loaded" in loaded["error"]
    assert len(site.api.asked) == 6
    assert site.reports() == []
    site.api.before_answer = None
    assert statuses(site.load(NOW + timedelta(hours=1), streams=("reports",))) == {"reports": "ok"}
    assert len(site.reports()) == 10


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("no_limit", "10 entries came from the 0th on where 12 were due"),
        ("wrong_total", "12 entries came from the 0th on where 13 were due"),
    ],
)
def test_fewer_entries_than_declared_are_never_taken_for_all(site: Site, fault: str, told: str) -> None:
    site.api.reports = [report(number, NOW - timedelta(hours=20 - number)) for number in range(1, 13)]
    site.api.faults.extend([fault] * 3)
    loaded = by_stream(site.load(streams=("reports",)))["reports"]
    assert loaded["status"] == "refused"
    assert told in loaded["error"]
    assert site.rows("select * from raw.reliefweb_report") == []
    assert site.rows("select * from ledger.feed_cursor where stream = 'reports'") == []
    assert site.rows("select * from ledger.coverage") == []


def test_one_short_answer_is_asked_for_again_in_the_same_load(site: Site) -> None:
    site.api.reports = [report(number, NOW - timedelta(hours=20 - number)) for number in range(1, 13)]
    site.api.faults.append("no_limit")
    assert statuses(site.load(streams=("reports",))) == {"reports": "ok"}
    assert len(site.reports()) == 12


def test_a_filter_that_is_not_honoured_is_noticed(site: Site) -> None:
    site.api.reports = [report(1, NOW - timedelta(days=400))]
    site.api.faults.append("no_filter")
    loaded = by_stream(site.load(streams=("reports",)))["reports"]
    assert loaded["status"] == "refused"
    assert "entry 1 has date.changed 2025-05-26T12:00:00Z, outside what was asked for" in loaded["error"]


# Edits


def test_an_edited_report_is_a_new_version_and_a_mere_save_is_none(site: Site) -> None:
    first = report(1, NOW - timedelta(days=2))
    site.api.reports = [first]
    site.load(streams=("reports",))
    edit(first, NOW + timedelta(minutes=10), title="Report 1, corrected")
    site.load(NOW + timedelta(hours=1), streams=("reports",))
    edit(first, NOW + timedelta(hours=2))
    saved = site.load(NOW + timedelta(hours=3), streams=("reports",))
    assert site.reports() == [(1, "Report 1"), (1, "Report 1, corrected")]
    assert statuses(saved) == {"reports": "unchanged"}
    told = site.rows("select released_at, recorded_at from raw.reliefweb_report order by attempt_id")
    assert [tuple(row.values()) for row in told] == [
        (NOW - timedelta(days=2), NOW),
        (NOW + timedelta(minutes=10), NOW + timedelta(hours=1)),
    ]


def test_a_report_that_was_taken_down_stays_as_last_seen(site: Site) -> None:
    site.api.reports = [report(1, NOW - timedelta(hours=3)), report(2, NOW - timedelta(hours=2))]
    site.load(streams=("reports",))
    site.api.reports[0].removed_at = NOW + timedelta(minutes=1)
    site.load(NOW + timedelta(hours=1), streams=("reports",))
    told = site.rows("select report_id, is_withdrawn from raw.reliefweb_report order by 1")
    assert [tuple(row.values()) for row in told] == [(1, False), (2, False)]


def test_a_disaster_that_is_archived_is_a_new_version(site: Site) -> None:
    flood = disaster(8, NOW - timedelta(days=9))
    site.api.disasters = [flood]
    site.load(streams=("disasters",))
    edit(flood, NOW + timedelta(minutes=5), status="archive")
    site.load(NOW + timedelta(hours=1), streams=("disasters",))
    told = site.rows("select status from raw.reliefweb_disaster order by attempt_id")
    assert [row["status"] for row in told] == ["current", "archive"]


# Refusals


def test_an_appname_that_is_not_approved_is_told_with_where_to_apply(site: Site) -> None:
    site.api.appnames = frozenset({"another"})
    loaded = site.load()
    assert statuses(loaded) == {"reports": "refused", "disasters": "failed"}
    told = by_stream(loaded)["reports"]["error"]
    assert "no approved appname (403)" in told
    assert "https://apidoc.reliefweb.int/parameters#appname" in told
    # Asking for the other list would have met the same.
    assert len(site.api.asked) == 1
    assert by_stream(loaded)["disasters"]["error"] == (
        "reliefweb: reports failed, so this was not asked; see there"
    )
    assert loaded.failed


def test_a_decommissioned_version_is_told(site: Site) -> None:
    site.settings = replace(site.settings, reliefweb_url=f"{site.settings.reliefweb_url}/v1")
    loaded = site.load()
    assert by_stream(loaded)["reports"]["status"] == "refused"
    assert "is decommissioned (410); correct SAHEL_RELIEFWEB_URL" in by_stream(loaded)["reports"]["error"]
    assert len(site.api.asked) == 1


def test_an_address_that_is_not_the_api_is_refused(site: Site) -> None:
    site.settings = replace(site.settings, reliefweb_url=f"{site.settings.reliefweb_url}/elsewhere")
    told = by_stream(site.load(streams=("reports",)))["reports"]
    assert told["status"] == "refused"
    assert "/elsewhere/v2/reports?appname=*** answered 404" in told["error"]


def test_a_web_page_with_status_200_is_refused(site: Site) -> None:
    site.api.faults.append("html")
    loaded = site.load(streams=("reports",))
    assert statuses(loaded) == {"reports": "refused"}
    assert "a web page where a list in JSON was expected" in by_stream(loaded)["reports"]["error"]


def test_an_outage_fails_and_the_next_load_asks_at_once(site: Site) -> None:
    site.api.reports = [report(1, NOW - timedelta(hours=3))]
    site.api.faults.append("unavailable")
    loaded = site.load()
    assert statuses(loaded) == {"reports": "failed", "disasters": "failed"}
    assert len(site.api.asked) == 1
    assert statuses(site.load(NOW + timedelta(minutes=1)))["reports"] == "ok"


@pytest.mark.parametrize("fault", ["challenge", "challenge_page"])
@pytest.mark.parametrize("appname", [APPNAME, None])
def test_a_challenge_is_a_failure_with_an_hour_of_pause(site: Site, fault: str, appname: str | None) -> None:
    site.settings = replace(site.settings, reliefweb_appname=appname)
    site.api.reports = [report(1, NOW - timedelta(hours=3))]
    site.api.faults.append(fault)
    loaded = site.load()
    assert statuses(loaded) == {"reports": "failed", "disasters": "failed"}
    assert "answered with a challenge for browsers" in by_stream(loaded)["reports"]["error"]
    assert len(site.api.asked) == 1
    early = site.load(NOW + timedelta(minutes=59))
    assert statuses(early) == {"reports": "failed", "disasters": "failed"}
    assert "left alone until 13:00Z" in by_stream(early)["reports"]["error"]
    assert len(site.api.asked) == 1
    after = site.load(NOW + timedelta(minutes=60))
    assert statuses(after)["reports"] == "ok"
    assert site.rows("select count(*) as n from raw.reliefweb_report") == [{"n": 1}]


def test_the_pause_is_remembered_between_the_steps_of_dagster(site: Site) -> None:
    """There each list is loaded by a step of its own."""
    site.api.faults.append("challenge")
    site.load(streams=("reports",))
    later = site.load(streams=("disasters",))
    assert "left alone until" in by_stream(later)["disasters"]["error"]
    assert len(site.api.asked) == 1


def test_no_more_calls_a_day_than_are_granted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.feeds.reliefweb.CALLS_PER_DAY", 3)
    site.load()
    spent = site.load(NOW + timedelta(minutes=30))
    assert statuses(spent) == {"reports": "empty", "disasters": "failed"}
    assert "today's 3 calls are used up" in by_stream(spent)["disasters"]["error"]
    assert len(site.api.asked) == 3
    tomorrow = site.load(NOW + timedelta(hours=12))
    assert statuses(tomorrow) == {"reports": "empty", "disasters": "empty"}


# RSS


@pytest.fixture
def by_rss(site: Site) -> Site:
    site.settings = replace(site.settings, reliefweb_appname=None)
    return site


def test_without_an_appname_rss_is_read(by_rss: Site) -> None:
    by_rss.api.reports = [
        report(1, NOW - timedelta(hours=3)),
        report(2, NOW - timedelta(hours=2), iso3="nga"),
    ]
    by_rss.api.disasters = [disaster(8, NOW - timedelta(days=9))]
    loaded = by_rss.load()
    assert statuses(loaded) == {"reports": "ok", "disasters": "ok"}
    assert {request.path for request in by_rss.api.asked} == {"/updates/rss.xml", "/disasters/rss.xml"}
    (row,) = by_rss.rows("select * from raw.reliefweb_report")
    assert (row["report_key"], row["report_id"], row["channel"]) == ("report/mali/report-1", None, "rss")
    assert (row["title"], row["country_iso3s"], row["source_names"]) == (
        "Mali: Report 1",
        "MLI",
        "Made Office",
    )
    assert row["date_created"] == NOW - timedelta(hours=3)
    assert row["excerpt"] == "Made world, not a real report."
    assert by_stream(loaded)["reports"]["rows_out_of_scope"] == 1
    (flood,) = by_rss.rows("select * from raw.reliefweb_disaster")
    assert (flood["glide"], flood["date_event"]) == ("FL-2026-000008-MLI", NOW - timedelta(days=9))
    # Twenty items of the world are no proof that nothing else was posted.
    assert by_rss.rows("select * from ledger.coverage") == []


def test_rss_that_did_not_change_is_unchanged(by_rss: Site) -> None:
    by_rss.api.reports = [report(1, NOW - timedelta(hours=3))]
    by_rss.load()
    again = by_rss.load(NOW + timedelta(minutes=30))
    assert statuses(again)["reports"] == "unchanged"
    assert by_rss.api.asked[-2].headers["if-modified-since"] == "Tue, 30 Jun 2026 09:00:00 GMT"


def test_rss_is_asked_in_full_under_another_scope(by_rss: Site) -> None:
    by_rss.api.reports = [
        report(1, NOW - timedelta(hours=3)),
        report(2, NOW - timedelta(hours=2), iso3="nga"),
    ]
    by_rss.load()
    by_rss.settings = replace(by_rss.settings, countries=("MLI", "NGA"))
    by_rss.load(NOW + timedelta(hours=1))
    assert by_rss.rows("select count(distinct report_key) as n from raw.reliefweb_report") == [{"n": 2}]


def test_a_web_page_instead_of_rss_is_refused(by_rss: Site) -> None:
    by_rss.api.faults.append("html")
    loaded = by_rss.load(streams=("reports",))
    assert statuses(loaded) == {"reports": "refused"}
    assert "an HTML page where an RSS" in by_stream(loaded)["reports"]["error"]


def test_rss_offers_no_past_days(by_rss: Site) -> None:
    with pytest.raises(ValueError, match=r"RSS offers what it holds now.*RELIEFWEB_APPNAME"):
        by_rss.load(date_from=date(2026, 1, 1))


def test_the_api_tells_of_a_report_that_rss_told_of_by_the_same_address(by_rss: Site) -> None:
    by_rss.api.reports = [report(1, NOW - timedelta(hours=3))]
    by_rss.load()
    by_rss.settings = replace(by_rss.settings, reliefweb_appname=APPNAME)
    by_rss.load(NOW + timedelta(hours=1))
    told = by_rss.rows("select channel, report_key, url_alias from raw.reliefweb_report order by 1")
    assert [(row["channel"], row["report_key"]) for row in told] == [
        ("api", "1"),
        ("rss", "report/mali/report-1"),
    ]
    assert len({row["url_alias"] for row in told}) == 1


# The appname, and the doctor


def test_the_appname_is_kept_nowhere(site: Site) -> None:
    """The publisher repeats it in every answer; neither that nor an error may carry it to the disk."""
    site.api.reports = [report(1, NOW - timedelta(hours=3))]
    site.load()
    for fault in ("forbidden", "html", "unavailable", "challenge"):
        site.api.faults.append(fault)
        site.load(NOW + timedelta(hours=1))
    forms = re.compile(rb"s3cr3t|operator-x7")
    files = [path for path in site.settings.home.rglob("*") if path.is_file()]
    assert any(b'"totalCount"' in path.read_bytes() for path in files)
    assert [path.name for path in files if forms.search(path.read_bytes())] == []
    (url, *_) = site.rows("select distinct url from ledger.attempt_payload order by 1")
    assert url["url"].endswith("?appname=***")
    told = site.rows("select * from ledger.load_attempt") + site.rows("select * from ledger.journal_outbox")
    assert not forms.search(json.dumps(told, default=str).encode())


@pytest.mark.parametrize(
    ("fault", "level", "told"),
    [
        (None, "ok", "knows the appname"),
        ("forbidden", "problem", "no approved appname"),
        ("challenge", "problem", "challenge for browsers"),
        ("html", "problem", "a web page"),
    ],
)
def test_the_doctor_says_whether_the_api_would_serve_us(
    site: Site, fault: str | None, level: str, told: str
) -> None:
    site.api.faults.append(fault)
    with HttpClient(site.settings, max_attempts=1) as http:
        (finding,) = ReliefWebFeed().probe(replace(site.settings, fixed_now=NOW), http)
    assert (finding.level, told in finding.finding) == (level, True)
    assert "s3cr3t" not in finding.finding


@pytest.mark.parametrize(
    ("fault", "level"), [(None, "ok"), ("challenge", "problem"), ("unavailable", "problem")]
)
def test_the_doctor_looks_at_rss_where_there_is_no_appname(
    by_rss: Site, fault: str | None, level: str
) -> None:
    by_rss.api.faults.append(fault)
    with HttpClient(by_rss.settings, max_attempts=1) as http:
        note, finding = ReliefWebFeed().probe(by_rss.settings, http)
    assert (note.level, "apidoc.reliefweb.int" in note.finding) == ("note", True)
    assert finding.level == level


# Rebuilding


def test_a_rebuild_gives_the_same_rows_without_asking(site: Site) -> None:
    first = report(1, NOW - timedelta(days=2))
    site.api.reports = [first, report(2, NOW - timedelta(days=1))]
    site.load()
    edit(first, NOW + timedelta(minutes=10), title="Report 1, corrected")
    site.load(NOW + timedelta(hours=1))
    site.settings = replace(site.settings, reliefweb_appname=None)
    site.load(NOW + timedelta(hours=2))
    sql = "select * exclude (attempt_id) from raw.reliefweb_report order by all"
    cursors, before, asked = (
        site.rows("from ledger.feed_cursor order by all"),
        site.rows(sql),
        len(site.api.asked),
    )
    steps.rebuild(steps.Run(replace(site.settings, fixed_now=NOW + timedelta(hours=3))))
    assert site.rows(sql) == before
    assert site.rows("from ledger.feed_cursor order by all") == cursors
    assert len(site.api.asked) == asked


# The made world


def test_the_made_catalogue_loads_whole_and_clean(site: Site) -> None:
    made = made_api(site.publishers.world)
    site.api.reports, site.api.disasters = made.reports, made.disasters
    scope = {"mli", "bfa", "ner"}

    def expected(entries: list[Entry], dated: str, first: str, last: str) -> set[int]:
        """Numbers of the entries in scope that stand at the end of the world and have that date in the days."""
        standing = [fields for entry in entries if (fields := entry.at(WORLD_END))]
        return {
            fields["id"]
            for fields in standing
            if scope & {country["iso3"] for country in fields["country"]}
            and first <= fields["date"][dated][:10] <= last
        }

    year = site.load(WORLD_END, date_from=date(2025, 1, 1), date_to=date(2025, 12, 31), streams=("reports",))
    newest = site.load(WORLD_END)
    reports = expected(made.reports, "created", "2025-01-01", "2025-12-31")
    reports |= expected(made.reports, "changed", "2026-06-01", "2026-07-01")
    disasters = expected(made.disasters, "changed", "1996-01-01", "2026-07-01")
    assert len(reports) > 50
    assert len(disasters) > 10
    assert {row["n"] for row in site.rows("select report_id as n from raw.reliefweb_report")} == reports
    assert {row["n"] for row in site.rows("select disaster_id as n from raw.reliefweb_disaster")} == disasters
    # Months of a handful of reports differ widely in size; nothing else may be found wanting.
    failed = site.rows("select distinct check_name from ledger.quality_result where not passed")
    assert {row["check_name"] for row in failed} <= {"row_count_is_usual"}
    assert not year.failed
    assert not newest.failed
