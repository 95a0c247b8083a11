"""`sahel report`: what it says, that each figure is what its query gives, and what a beginner is told who asks in vain.

Here: reports over published files made by hand, both forms, and the command. Not here: whether the published figures
are right (the models' own tests), the report on a whole home (tests/pipeline/test_sitrep.py).
"""

import json
import re
import shutil
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from orchestration import cli, sitrep
from orchestration.settings import MADE_MARKER, Settings
from orchestration.sitrep import content, html_page, markdown_page
from orchestration.sitrep.document import (
    NOTHING,
    Column,
    Expected,
    Fan,
    Line,
    Point,
    Query,
    Report,
    Section,
    Spark,
    Table,
    value_text,
    written,
)
from tests.published import Rows, contracts, publish_by_hand

LOADED = datetime(2026, 7, 1, 6)
UCDP_UNTIL, ACLED_UNTIL = date(2026, 5, 31), date(2026, 6, 27)
HOSTILE = "<script>alert(1)</script> | [pay](javascript:alert(2)) `code` **bold** ![x](http://127.0.0.1/x.png) &lt; \x1b[31m$x$"

COUNTRIES = [
    {"country_iso3": "MLI", "country_iso2": "ML", "country_name": "Mali", "country_name_fr": "Mali", "in_scope": True},
    {"country_iso3": "CIV", "country_iso2": "CI", "country_name": "Côte d'Ivoire",
     "country_name_fr": "Côte d’Ivoire", "in_scope": True},
    {"country_iso3": "NER", "country_iso2": "NE", "country_name": "Niger", "country_name_fr": "Niger", "in_scope": True},
    {"country_iso3": "NGA", "country_iso2": "NG", "country_name": "Nigeria", "country_name_fr": "Nigéria", "in_scope": False},
]  # fmt: skip
SOURCES = [
    {"feed": "ucdp", "source_name": "UCDP GED", "licence": "CC BY 4.0", "attribution": "Cite UCDP. " * 30,
     "redistribution_allowed": True, "accessed_at": LOADED},
    {"feed": "acled", "source_name": "ACLED", "licence": "closed", "attribution": "Cite ACLED.",
     "redistribution_allowed": False, "accessed_at": LOADED},
    {"feed": "gdelt", "source_name": "GDELT", "licence": "open", "attribution": "Cite GDELT.",
     "redistribution_allowed": True, "accessed_at": None},
    {"feed": "unhcr", "source_name": "UNHCR", "licence": "open", "attribution": None,
     "redistribution_allowed": True, "accessed_at": None},
]  # fmt: skip


def months(source: str, until: date) -> Iterator[date]:
    """The months that a source has touched since 2024."""
    month = date(2024, 1, 1)
    while month <= until:
        yield month
        month = (month + timedelta(days=31)).replace(day=1)


def country_month(country: str, name: str, source: str, until: date) -> Iterator[dict[str, Any]]:
    """Ten events more each month, three deaths an event; nothing settled since January 2026."""
    for number, month in enumerate(months(source, until), start=1):
        events = 10 * number
        yield {
            "country_iso3": country,
            "country_name": name,
            "month": month,
            "source": source,
            "events": events,
            "fatalities_best": 3 * events,
            "fatalities_low": 2 * events if source == "ucdp" else None,
            "fatalities_high": 4 * events if source == "ucdp" else None,
            "events_low_precision": number,
            "events_previous_month": events - 10 if number > 1 else None,
            "events_same_month_last_year": events - 120 if number > 12 else None,
            "fatalities_best_12_months": 1_000 + number if number >= 12 else None,
            "provisional": month >= date(2026, 1, 1),
            "observed_until": until,
            "reporting_lag_factor": 0.62 if source == "ucdp" and month == date(2026, 5, 1) else None,
        }


def trend_week(
    area: str, source: str, metric: str, weeks: int, newest: date, **more: Any
) -> Iterator[dict[str, Any]]:
    """Values 1, 2, 3, ..; the newest week is not complete."""
    for number in range(1, weeks + 1):
        week = newest - timedelta(weeks=weeks - number)
        yield {
            "area_kind": "country",
            "area_id": area,
            "week": week,
            "metric": metric,
            "source": source,
            "value": float(number),
            "mean_4w": number - 2.5,
            "mean_52w": 7.25 if source == "ucdp" else None,
            "same_week_last_year": None,
            "change_class": "large_increase",
            "is_complete": number < weeks,
            "provisional": week >= date(2026, 1, 5),
            "observed_until": ACLED_UNTIL,
            "surge": False,
            "threat": False,
        } | more  # fmt: skip


def alert(identity: str, level: str, day: str, known: str, **more: Any) -> dict[str, Any]:
    return {
        "alert_id": identity, "alert_kind": "conflict", "rule": "admin1_conflict", "source": "ucdp",
        "country_iso3": "MLI", "level": level, "alert_date": date.fromisoformat(day),
        "known_at": datetime.fromisoformat(known), "summary": f"Alert {identity}.", "evidence": "ucdp:1, ucdp:2, ucdp:3",
        "evidence_events": 3, "evidence_grade": "A", "suppressed_by": None,
    } | more  # fmt: skip


def forecast(target: str, ahead: int, area: str = "MLI", **more: Any) -> dict[str, Any]:
    return {
        "model": "mixture", "target": target, "area_kind": "country", "area_id": area, "country_iso3": area,
        "issued_month": date(2026, 5, 1), "target_month": date(2026, 5 + ahead, 1), "months_ahead": ahead,
        "mean": 40.0 + ahead, "p10": 7.0, "p50": 33.0, "p90": 120.0, "p_ge_1": 0.999, "p_ge_25": 0.61, "is_best": True,
        "crps": 21.437, "ign": 3.218, "mis": 155.5, "skill_vs_conflictology": 0.084, "observed_until": UCDP_UNTIL,
        "windows": 36, "provisional": target == "all_violence", "fatalities_12m": 512.0,
    } | more  # fmt: skip


def actor(actor_id: str, name: str) -> dict[str, Any]:
    return {"actor_id": actor_id, "actor_name": name, "is_umbrella": actor_id == "unknown_group"}


def actor_month(actor_id: str, name: str, source: str, events: int) -> dict[str, Any]:
    return {
        "actor_id": actor_id, "actor_name": name, "country_iso3": "MLI", "month": date(2026, 5, 1), "source": source,
        "events": events, "fatalities_best": 2 * events, "observed_until": UCDP_UNTIL,
    }  # fmt: skip


def rows(hostile: str = "Katiba X") -> dict[str, list[dict[str, Any]]]:
    """A little history of Mali and Niger, with ``hostile`` wherever a text is not ours."""
    weeks = [
        *trend_week("MLI", "ucdp", "events", 20, date(2026, 5, 25)),
        *trend_week("MLI", "acled", "fatalities_best", 60, date(2026, 6, 22), change_class=None),
    ]
    for unit in ("ML-5", "ML-6"):
        weeks += trend_week(
            unit, "acled", "events", 8, date(2026, 6, 22), area_kind="admin1", surge=unit == "ML-5"
        )
    country_months = [
        *country_month("MLI", "Mali", "ucdp", UCDP_UNTIL),
        *country_month("MLI", "Mali", "acled", ACLED_UNTIL),
        *country_month("NER", "Niger", "ucdp", UCDP_UNTIL),
    ]
    month = {"country_iso3": "MLI", "observed_until": UCDP_UNTIL, "source": "ucdp"}
    units = [
        month
        | {
            "admin1_id": unit,
            "admin1_name": name,
            "month": at,
            "events": events,
            "fatalities_best": 2 * events,
        }
        for unit, name, events in (
            ("ML-5", f"Mopti {hostile}", 7),
            ("ML-6", "Tombouctou", 1),
            ("ML-1", "Kayes", 0),
        )
        for at in months("ucdp", UCDP_UNTIL)
    ]
    share = {
        "area_kind": "country", "area_id": "MLI", "period_kind": "rolling_12_months", "universe": "organised_violence",
        "measure": "events", "role": "involved", "actor_scope": "exact", "ambiguous_rule": "include", "source": "ucdp",
    }  # fmt: skip
    return {
        "core.dim_country": COUNTRIES,
        "core.dim_area_set": [
            {"area_set": "monitored", "country_iso3": code} for code in ("MLI", "CIV", "NER")
        ],
        "core.dim_source": SOURCES,
        "core.dim_admin1": [
            {"admin1_id": "ML-5", "admin1_name": f"Mopti {hostile}", "country_iso3": "MLI"},
            {"admin1_id": "ML-6", "admin1_name": "Tombouctou", "country_iso3": "MLI"},
        ],
        "core.dim_actor": [actor("jnim", hostile), actor("army", "Armed Forces"), actor("unknown_group", "Unknown")],
        "marts.country_month": country_months,
        "marts.admin1_month": units,
        "marts.trend_week": weeks,
        "marts.actor_country_month": [
            actor_month("jnim", hostile, "ucdp", 12),
            actor_month("army", "Armed Forces", "acled", 30),
            actor_month("unknown_group", "Unknown", "ucdp", 99),
        ],
        "marts.actor_share": [
            share | {"actor_id": "jnim", "actor_name": hostile, "share": 0.574},
            share | {"actor_id": "jnim", "actor_name": hostile, "share": 0.9, "actor_scope": "lineage"},
        ],
        "marts.actor_territory": [
            {"actor_id": "jnim", "actor_name": hostile, "admin1_id": "ML-6", "admin1_name": "Tombouctou",
             "country_iso3": "MLI", "first_date": date(2026, 3, 4), "evidence_grade": "B", "sources": "acled, ucdp",
             "is_new": True},
            {"actor_id": "army", "actor_name": "Armed Forces", "admin1_id": "ML-6", "admin1_name": "Tombouctou",
             "country_iso3": "MLI", "first_date": date(2012, 3, 4), "evidence_grade": "A", "sources": "ucdp",
             "is_new": False},
        ],
        "marts.dyad_month": [
            {"actor_a_id": "army", "actor_a_name": "Armed Forces", "actor_b_id": "jnim", "actor_b_name": hostile,
             "area_kind": "country", "area_id": "MLI", "country_iso3": "MLI", "month": at, "source": "ucdp",
             "last_event_date": date(2026, 1, 9), "state": state, "observed_until": UCDP_UNTIL}
            for at, state in ((date(2026, 4, 1), "lull"), (date(2026, 5, 1), "apparent_truce"))
        ],
        "marts.civilian_targeting_month": [
            {"country_iso3": "MLI", "month": date(2026, 5, 1), "source": "ucdp", "perpetrator_id": "jnim",
             "perpetrator_name": hostile, "events_12_months": 44, "events_12_months_before": 41,
             "fatalities_best_12_months": 320},
        ],
        "marts.alert": [
            alert("low-1", "low", "2026-06-10", "2026-06-20", summary=f"Seen: {hostile}"),
            alert("high-1", "high", "2026-05-16", "2026-06-20", evidence_grade=None),
            alert("twice", "high", "2026-05-17", "2026-06-20", suppressed_by="high-1"),
            alert("known-before", "high", "2026-05-01", "2026-05-20"),
            alert("old", "high", "2020-05-01", "2026-06-20"),
            alert("old-and-known-before", "high", "2020-06-01", "2026-05-20"),
            alert("elsewhere", "high", "2026-06-10", "2026-06-20", country_iso3="NER"),
            alert("asleep", "medium", "2026-06-12", "2026-06-14", country_iso3=None, alert_kind="data", rule="feed_asleep"),
        ],
        "marts.alert_rule_record": [
            {"rule": "admin1_conflict", "source": "ucdp", "judged": 25, "borne_out": 11, "share_borne_out": 0.44,
             "base_rate": 0.2},
        ],
        "marts.forecast": [
            *(forecast(target, ahead) for target in ("state_based", "all_violence") for ahead in range(1, 7)),
            *(forecast(target, 1, is_best=False, model="zero", mean=0.0) for target in ("state_based", "all_violence")),
            forecast("all_violence", 1, area="NER", mean=3.0),
        ],
        "marts.forecast_score": [
            {"model": "mixture", "target": target, "area_kind": "country", "area_id": area, "protocol": protocol,
             "months_ahead": ahead, "crps": crps, "mis": 401.5, "skill_vs_conflictology": -0.02}
            for target in ("state_based", "all_violence")
            for area, protocol, ahead, crps in (
                ("all", "as_issued", None, 21.437), ("MLI", "as_issued", None, 60.25), ("MLI", "views_windows", None, 99.0),
            )
        ],
        "core.fct_incident": [
            {"incident_id": f"i-{number}", "country_iso3": "MLI", "date_end": date(2026, 3, number), "feed_count": feeds}
            for number, feeds in ((1, 2), (2, 2), (3, 1))
        ],
        "audit.source_agreement": [
            {"incident_id": "i-1", "is_deaths_disputed": True, "is_attribution_disputed": False, "is_class_disputed": False},
            {"incident_id": "i-2", "is_deaths_disputed": True, "is_attribution_disputed": True, "is_class_disputed": False},
        ],
        "core.fct_event_version": [
            {"event_key": f"ucdp:{number}", "feed": "ucdp", "source_event_id": str(number), "country_iso3": country}
            for number, country in ((1, "MLI"), (2, "MLI"), (3, "NER"), (4, "MLI"))
        ],
        "audit.revision_log": [
            {"feed": "ucdp", "source_event_id": identity, "field": field, "change_kind": kind, "recorded_at": at}
            for identity, field, kind, at in (
                ("1", "fatalities_best", "revised", LOADED),
                ("1", "fatalities_low", "revised", LOADED),
                ("2", "is_withdrawn", "withdrawn", LOADED),
                ("2", "fatalities_best", "revised", datetime(2026, 1, 1)),
                ("3", "fatalities_best", "revised", LOADED),
                ("4", "fatalities_best", "revised", LOADED),
            )
        ],
        "audit.load_history": [
            {"feed": feed, "status": status, "rows_parsed": 5 if status == "ok" else 0, "recorded_at": LOADED}
            for feed, status in (("ucdp", "ok"), ("acled", "ok"), ("acled", "failed"), ("gdelt", "failed"))
        ],
        "audit.gdelt_slot_day": [
            {"slot_date": date(2026, 6, 1), "slots_expected": 96, "slots_read": 90},
            {"slot_date": date(2026, 1, 1), "slots_expected": 96, "slots_read": 0},
        ],
        "audit.news_feed_health": [{"feed_id": "a", "failing_since": LOADED}, {"feed_id": "b", "failing_since": None}],
    }  # fmt: skip


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file with the usual rows, which tests copy or read."""
    return publish_by_hand(tmp_path_factory.mktemp("usual"), rows())


def reader_of(home: Path, given: Rows, then: str | None = None) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(publish_by_hand(home, given, then)), read_only=True)


@pytest.fixture
def reader(usual: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(usual), read_only=True) as connection:
        yield connection


@pytest.fixture
def published(home: Path, usual: Path) -> Path:
    """The home with the usual rows published."""
    path = home / "published" / "sahel.duckdb"
    path.parent.mkdir(parents=True)
    shutil.copy(usual, path)
    return path


def section(report: Report, title: str) -> Section:
    (found,) = [one for one in report.sections if one.title.startswith(title)]
    return found


def tables(report: Report, title: str) -> list[Table]:
    return [part for part in section(report, title).parts if isinstance(part, Table)]


def lines(report: Report, title: str) -> list[str]:
    return [part.text for part in section(report, title).parts if isinstance(part, Line)]


def shown(table: Table) -> list[list[str]]:
    return [table.cells(row) for row in table.rows]


# What it says


def test_the_newest_complete_month_stands_by_source_against_its_baselines(
    reader: duckdb.DuckDBPyConnection,
) -> None:
    """May 2026 is the 29th month: 290 events, 280 the month before, 170 the year before. ACLED's June is not over."""
    months_told, weeks_told = tables(sitrep.make(reader, "MLI"), "What changed")
    assert shown(months_told) == [
        ["UCDP", "2026-05", "290", "280 / 170", "870", "580 to 1,160", "510", NOTHING, "1,029", "yes"],
        ["ACLED", "2026-05", "290", "280 / 170", "870", NOTHING, "510", NOTHING, "1,029", "yes"],
    ]
    assert shown(weeks_told) == [
        ["UCDP events", "2026-05-18", "19", "16.5", "7.2", NOTHING, "large increase", "yes"],
        ["ACLED deaths", "2026-06-15", "59", "56.5", NOTHING, NOTHING, NOTHING, "yes"],
    ]


def test_countries_add_up_and_sources_do_not(reader: duckdb.DuckDBPyConnection) -> None:
    months_told, _ = tables(sitrep.make(reader), "What changed")
    assert shown(months_told) == [
        [
            "UCDP",
            "2026-05",
            "2",
            "580",
            "560 / 340",
            "1,740",
            "1,160 to 2,320",
            "1,020",
            NOTHING,
            "2,058",
            "yes",
        ],
        ["ACLED", "2026-05", "1", "290", "280 / 170", "870", NOTHING, "510", NOTHING, "1,029", "yes"],
    ]


def test_a_series_shows_what_was_not_observed_as_such(reader: duckdb.DuckDBPyConnection) -> None:
    """UCDP's 20 weeks end four weeks before ACLED's; the axis is common, and what is not there is not zero."""
    _, weeks_told = tables(sitrep.make(reader, "MLI"), "What changed")
    ucdp, acled = weeks_told.sparks
    assert ucdp and acled
    assert [point.at for point in ucdp.points] == [point.at for point in acled.points]
    assert (len(ucdp.points), ucdp.points[-1].at) == (52, date(2026, 6, 22))
    assert [point.value for point in ucdp.points[-6:]] == [19, 20, None, None, None, None]
    assert [point.value for point in ucdp.points[:29]] == [None] * 28 + [1]
    assert [point.value for point in acled.points] == [float(number) for number in range(9, 61)]
    assert not acled.points[0].is_provisional and acled.points[-1].is_provisional


def test_alerts_are_those_that_became_known_since_the_gravest_first(
    reader: duckdb.DuckDBPyConnection,
) -> None:
    """Not the suppressed one, not one known before, not another country's; history is only counted."""
    report = sitrep.make(reader, "MLI", date(2026, 6, 1))
    (table,) = tables(report, "New alerts")
    assert shown(table) == [
        ["high", "2026-05-16", "Alert high-1.", "2026-06-20", "ucdp:1 (1 of 3)", NOTHING, "admin1 conflict", "44 % of 25; 20 %"],
        ["low", "2026-06-10", "Seen: Katiba X", "2026-06-20", "ucdp:1 (1 of 3)", "A", "admin1 conflict", "44 % of 25; 20 %"],
    ]  # fmt: skip
    assert [line[:51] for line in lines(report, "New alerts")] == [
        "1 more became known since then and are of days befo"
    ]
    assert "Data alarms (level, day): Alert asleep. (medium, 2026-06-12)." in lines(
        report, "What we cannot see"
    )
    everywhere = [row["alert_id"] for row in tables(sitrep.make(reader), "New alerts")[0].rows]
    assert everywhere == ["elsewhere", "high-1", "low-1"]


def test_without_a_day_it_goes_back_thirty_days_from_the_newest_observed_one(
    reader: duckdb.DuckDBPyConnection,
) -> None:
    assert (
        "Changes since 2026-05-28; events observed until 2026-06-27"
        in sitrep.make(reader, "MLI").about[0].text
    )
    assert (
        "Changes since 2026-05-01; events observed until 2026-05-31"
        in sitrep.make(reader, "NER").about[0].text
    )


def test_where_who_and_whom(reader: duckdb.DuckDBPyConnection) -> None:
    """A unit without an event has no row, an umbrella is no actor; nobody stands in a source that does not name him."""
    report = sitrep.make(reader, "MLI")
    assert shown(tables(report, "Where")[0]) == [
        ["Mopti Katiba X", "7 (7)", "14", NOTHING, NOTHING],
        ["Tombouctou", "1 (1)", "2", NOTHING, NOTHING],
    ]
    assert lines(report, "Where") == [
        "Flagged in a week (its events; mean of 4 weeks, of 52): Mopti Katiba X (MLI), surge, ACLED, week of 2026-06-15: "
        f"7 (4.5, {NOTHING})."
    ]
    assert shown(tables(report, "Who")[0]) == [
        ["Armed Forces", NOTHING, NOTHING, "30 / 60", NOTHING],
        ["Katiba X", "12 / 24", "57 %", NOTHING, NOTHING],
    ]
    assert lines(report, "Who") == [
        "New ground in twelve months (grade of evidence): Katiba X in Tombouctou (MLI), 2026-03-04, ACLED, UCDP (B).",
        "Pairs of actors (an apparent truce is no proof of an agreement): Armed Forces and Katiba X (MLI, UCDP): "
        "apparent truce (120 days and more), last event 2026-01-09.",
    ]
    assert shown(tables(report, "Civilians")[0]) == [["Katiba X", "44 (41)", "320", NOTHING, NOTHING]]


def test_a_forecast_is_never_shown_without_the_scores_of_its_model(reader: duckdb.DuckDBPyConnection) -> None:
    report = sitrep.make(reader, "MLI")
    (table,) = tables(report, "What to expect")
    assert shown(table)[0] == ["2026-06", "41", "7 to 120", "61 %", "41", "7 to 120", "61 %"]
    assert len(table.rows) == 6
    assert lines(report, "What to expect") == [
        f"{target}: mixture, issued after 2026-05; back-test of 36 origins over all countries: CRPS 21.44, IGN 3.22, "
        "MIS 155.50 (lower is better), skill against conflictology 0.08; in this country alone CRPS 60.25, MIS 401.50, "
        "skill -0.02."
        for target in ("All violence", "State-based")
    ]
    assert table.note == "It rests on months that may still grow; then it is too low."
    (fan,) = [part for part in section(report, "What to expect").parts if isinstance(part, Fan)]
    assert (len(fan.past), fan.past[-1].value, fan.future[0]) == (
        24,
        870,
        Expected(date(2026, 6, 1), 41, 7, 120),
    )
    (countries,) = tables(sitrep.make(reader), "What to expect")
    assert shown(countries) == [
        ["Mali", "2026-06", "41", "7 to 120", "61 %", "512", "mixture; 21.44 / 3.22 / 155.50"],
        ["Niger", "2026-06", "3", "7 to 120", "61 %", "512", "mixture; 21.44 / 3.22 / 155.50"],
    ]


def test_how_sure_and_what_cannot_be_seen(reader: duckdb.DuckDBPyConnection) -> None:
    """In 12 months to May 2026 numbers 18 to 29 have a vague event each ten: one tenth. Events are counted once."""
    report = sitrep.make(reader, "MLI")
    (sure,) = tables(report, "How sure")
    assert shown(sure) == [
        ["UCDP", "2026-05-31", "2026-01", "62 %", "10 %", "2 / 1"],
        ["ACLED", "2026-06-27", "2026-01", NOTHING, "10 %", "0 / 0"],
    ]
    assert lines(report, "How sure") == [
        "Of 3 incidents since 2025-06-27, 2 are told of by more than one source; of these, deaths are disputed in 2, who "
        "did it in 1, the class of violence in 0."
    ]
    (feeds,) = tables(report, "What we cannot see")
    assert [cells[:4] for cells in shown(feeds)] == [
        ["UCDP", "2026-05-31", "31", "0"],
        ["ACLED", "2026-06-27", "4", "1"],
    ]
    assert lines(report, "What we cannot see")[:2] == [
        "Never loaded here, so that nothing of them is known: GDELT, UNHCR.",
        "GDELT: 6 of 96 slots since 2026-05-28 were not read. News: 1 of 2 outlets fail now.",
    ]


def test_sources_are_named_whole_and_what_is_closed_is_said_first(reader: duckdb.DuckDBPyConnection) -> None:
    report = sitrep.make(reader, "MLI", is_made=True)
    assert [warning[:12] for warning in report.warnings] == ["Made data: a", "For your own"]
    assert "holds figures of ACLED" in report.warnings[1]
    (table,) = tables(report, "Sources")
    assert shown(table)[0] == ["UCDP GED", "CC BY 4.0", ("Cite UCDP. " * 30).strip(), "yes"]
    assert sitrep.make(reader, "NER").warnings == ()


# What it says where there is nothing to say


def test_a_country_without_data_says_so_in_every_section(reader: duckdb.DuckDBPyConnection) -> None:
    report = sitrep.make(reader, "CIV")
    assert "no source of events has observed it" in report.about[0].text
    for one in report.sections:
        assert one.parts, one.title
        for part in one.parts:
            if isinstance(part, Table) and one.title != "What we cannot see":
                assert not part.rows and part.empty, one.title
    page = sitrep.text_of(report, "markdown")
    assert "No alert became known since 2026-06-01. That is not peace: nobody was looking." in page
    assert "nobody was looking" in sitrep.text_of(report, "html")


def test_no_alert_is_not_peace(home: Path) -> None:
    reader = reader_of(home, rows() | {"marts.alert": []})
    (table,) = tables(sitrep.make(reader, "MLI"), "New alerts")
    assert table.empty == (
        "No alert became known since 2026-05-28. That is not peace: events were observed until 2026-06-27, and no further."
    )
    assert table.empty in sitrep.text_of(sitrep.make(reader, "MLI"), "markdown")


def test_an_empty_file_gives_a_report_that_says_so(home: Path) -> None:
    reader = reader_of(home, {"core.dim_country": COUNTRIES})
    for country in (None, "MLI"):
        report = sitrep.make(reader, country)
        assert report.stem.endswith("_empty")
        assert "Nothing has been loaded yet" in sitrep.text_of(report, "markdown")
        assert "Nothing has been loaded yet" in sitrep.text_of(report, "html")


def test_a_file_without_alerts_and_forecasts_says_that_it_is_old(home: Path) -> None:
    reader = reader_of(home, rows(), "drop table marts.alert_rule_record; drop table marts.forecast")
    report = sitrep.make(reader, "MLI")
    for title, what in (("New alerts", "alerts"), ("What to expect", "forecasts")):
        assert lines(report, title) == [
            f"This published file holds no {what}: it was made by an older version. “sahel build” and “sahel publish” "
            "renew it."
        ]


# Each figure is what its query gives

OURS = {"1", "4", "25", "52", "60", "90", "120", "12", "10", "10–90"}
"""Numbers that our own words say: of weeks, days, months and percent."""
FIGURE = re.compile(r"\d[\d,.–:-]*\d|\d")


def figures_of(values: Any) -> set[str]:
    """Every figure that a value may be shown as."""
    if values is None:
        return set()
    kinds = (
        ("", "percent", "chance", "score", "month", "day")
        if not isinstance(values, str)
        else ("whole", "words")
    )
    told = set()
    for kind in kinds:
        try:
            told |= set(FIGURE.findall(value_text(values, kind)))
        except (TypeError, ValueError):
            continue
    return told


def parts_with_queries(report: Report) -> Iterator[tuple[str, list[Query]]]:
    """Each text of the report that shows figures, with the queries it names."""
    for one in report.sections:
        for part in one.parts:
            if isinstance(part, Table):
                for cells in shown(part):
                    yield " | ".join(cells), [part.query]
            elif isinstance(part, Line):
                yield part.text, [part.query] if part.query else []
            else:
                yield " ".join(value_text(point.value) for point in part.past), [part.query]


@pytest.mark.parametrize("country", [None, "MLI", "NER", "CIV"])
def test_every_query_runs_as_it_stands_and_gives_the_figures_shown(
    reader: duckdb.DuckDBPyConnection, usual: Path, country: str | None
) -> None:
    report = sitrep.make(reader, country)
    fresh = duckdb.connect(str(usual), read_only=True)
    given: dict[int, set[str]] = {}
    for query in report.queries:
        cursor = fresh.execute(query.sql)
        names = [column[0] for column in cursor.description]
        assert [dict(zip(names, row, strict=True)) for row in cursor.fetchall()] == list(query.rows), (
            query.sql
        )
        given[query.number] = {
            figure for row in query.rows for value in row.values() for figure in figures_of(value)
        }
        # A shell takes it between double quotes, and the command line splits nothing off.
        assert not set(query.sql) & set('"$`\\!')
    for text, queries in parts_with_queries(report):
        known = {figure for query in queries for figure in given[query.number]}
        rows_left_out = set(re.findall(r"and (\d+) more", text))
        since = {text.split("since ")[1][:10]} if "since " in text else set()
        unknown = set(FIGURE.findall(text)) - known - OURS - rows_left_out - since
        assert not unknown, (text, unknown)


def test_the_check_of_figures_finds_one_that_no_query_gave() -> None:
    assert set(FIGURE.findall("7 of 1,234 since 2026-05-28: 3.5")) == {"7", "1,234", "2026-05-28", "3.5"}
    assert (
        "1,234" in figures_of(1234)
        and "57" in figures_of(0.574)
        and "2026-05" in figures_of(date(2026, 5, 1))
    )


def test_a_query_of_the_appendix_answers_on_the_command_line(
    reader: duckdb.DuckDBPyConnection, published: Path
) -> None:
    report = sitrep.make(reader, "MLI")
    result = CliRunner().invoke(cli.main, ["query", report.queries[0].sql, "--format", "json"])
    assert result.exit_code == 0, result.stderr
    assert [(row["source"], row["events"], row["deaths"]) for row in json.loads(result.stdout)] == [
        ("ucdp", 290, 870), ("acled", 290, 870),
    ]  # fmt: skip


def test_each_table_and_line_links_to_a_query_that_is_there(reader: duckdb.DuckDBPyConnection) -> None:
    report = sitrep.make(reader, "MLI")
    page = sitrep.text_of(report, "markdown")
    anchors = {f"q{query.number}" for query in report.queries}
    assert (
        set(re.findall(r"\(#(q\d+)\)", page))
        == anchors
        == set(re.findall(r"^### (q\d+)$", page, re.MULTILINE))
    )
    html = Page.read(sitrep.text_of(report, "html"))
    assert {link[1:] for link in html.links} == anchors
    assert set(html.identities) >= anchors
    for query in report.queries:
        assert query.sql in page and query.sql in html.text


# Both forms


class Page(HTMLParser):
    """An HTML file as read strictly: every element closed in its turn, and what a test asks about."""

    EMPTY = frozenset({"meta"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: list[str] = []

    @classmethod
    def read(cls, text: str) -> "Page":
        page = cls()
        page.feed(text)
        page.close()
        assert page.open == []
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), attrs
        self.tags.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def links(self) -> list[str]:
        return [attrs["href"] or "" for tag, attrs in self.tags if tag == "a"]

    @property
    def identities(self) -> list[str]:
        return [attrs["id"] or "" for _, attrs in self.tags if "id" in attrs]


OUR_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "h3", "p", "main", "section", "div", "table"),
    *("thead", "tbody", "tr", "th", "td", "ul", "li", "a", "svg", "rect", "line", "circle", "polygon", "polyline", "text"),
    *("figure", "figcaption", "article", "pre", "code"),
}  # fmt: skip


@pytest.mark.parametrize("country", [None, "MLI", "CIV"])
def test_the_html_is_whole_stands_alone_and_can_be_read_aloud(
    reader: duckdb.DuckDBPyConnection, country: str | None
) -> None:
    text = sitrep.text_of(sitrep.make(reader, country, is_made=True), "html")
    page = Page.read(text)
    tags = {tag for tag, _ in page.tags}
    assert text.startswith("<!doctype html>\n<html") and page.tags[0] == ("html", {"lang": "en"})
    assert tags <= OUR_TAGS
    assert len(page.identities) == len(set(page.identities))
    for tag, attrs in page.tags:
        assert not {"src", "srcset", "data", "onload", "onclick", "style"} & set(attrs), (tag, attrs)
        if tag == "svg":
            assert attrs["role"] == "img" and attrs["aria-label"]
        if tag == "th":
            assert attrs["scope"] in ("row", "col")
        if "aria-labelledby" in attrs:
            assert attrs["aria-labelledby"] in page.identities
    assert not re.search(r"url\(|@import|https?:", text.replace("http://www.w3.org/2000/svg", ""))
    assert "prefers-color-scheme:dark" in text and "@media print" in text and 'name="viewport"' in text


def test_text_of_others_is_text_in_html(reader: duckdb.DuckDBPyConnection, home: Path) -> None:
    honest = Page.read(sitrep.text_of(sitrep.make(reader, "MLI"), "html"))
    text = sitrep.text_of(sitrep.make(reader_of(home, rows(HOSTILE)), "MLI"), "html")
    page = Page.read(text)
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in honest.tags]
    assert page.links == honest.links
    assert "<script>alert(1)</script> | [pay]" in page.text
    assert "<script" not in text and "\x1b" not in text


def test_text_of_others_is_text_in_markdown(reader: duckdb.DuckDBPyConnection, home: Path) -> None:
    honest = sitrep.text_of(sitrep.make(reader, "MLI"), "markdown")
    page = sitrep.text_of(sitrep.make(reader_of(home, rows(HOSTILE)), "MLI"), "markdown")
    told = page.split("## Queries")[0]
    assert (
        r"\<script\>alert(1)\</script\> \| \[pay\](javascript:alert(2)) \`code\` \*\*bold\*\* !\[x\]" in told
    )
    assert not re.search(r"(?<!\\)[<`]", told) and "\x1b" not in page
    assert set(re.findall(r"(?<!\\)\]\(([^)]*)\)", told)) == set(re.findall(r"(?<!\\)\]\(([^)]*)\)", honest))
    cells = [len(re.findall(r"(?<!\\)\|", line)) for line in told.splitlines() if line.startswith("|")]
    assert cells == [len(re.findall(r"\|", line)) for line in honest.splitlines() if line.startswith("|")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("insecurity_insight", "insecurity_insight"),
        ("_x_ ~y~", r"\_x\_ \~y\~"),
        ("- a", r"\- a"),
        ("1. a", "1\u2060. a"),
        ("5.8", "5.8"),
        ("&amp; & co", r"\&amp; & co"),
        ("# a\\b", r"\# a\\b"),
        ("ping @someone", "ping @\u2060someone"),
    ],
)  # fmt: skip
def test_signs_of_markdown_are_escaped_and_others_left(text: str, told: str) -> None:
    assert markdown_page.escaped(text) == told


def test_every_table_of_the_markdown_is_a_rectangle(reader: duckdb.DuckDBPyConnection) -> None:
    for country in (None, "MLI"):
        page = sitrep.text_of(sitrep.make(reader, country), "markdown")
        for block in page.split("\n\n"):
            if block.startswith("|"):
                widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
                assert len(widths) == 1, block


def test_a_series_in_blocks() -> None:
    points = [
        Point(date(2026, 1, 5), value, maybe)
        for value, maybe in ((0, False), (7, False), (None, False), (14, True))
    ]
    assert markdown_page.sparkline(tuple(points)) == "▁▅·┊█"
    assert markdown_page.sparkline(()) == ""
    assert markdown_page.sparkline((Point(date(2026, 1, 5), 0.0),)) == "▁"


def test_a_series_in_words() -> None:
    points = (
        Point(date(2026, 1, 5), 3.0),
        Point(date(2026, 1, 12), None),
        Point(date(2026, 1, 19), 1.5, True),
    )
    assert html_page.told("UCDP events", "week", points) == (
        "UCDP events by week, 2026-01-05 to 2026-01-19: between 1.5 and 3, newest 1.5, which may still change; "
        "1 not observed."
    )
    assert html_page.told("UCDP events", "week", points[1:2]) == "UCDP events: no week was observed."


def test_columns_are_as_tall_as_their_values() -> None:
    query = Query(1, "t", "select 1", ())
    points = (
        Point(date(2026, 1, 5), 2.0),
        Point(date(2026, 1, 12), 4.0, True),
        Point(date(2026, 1, 19), None),
    )
    table = Table(
        "t",
        query,
        (Column("a", "{a}"),),
        ({"a": 1},),
        "none",
        sparks=(Spark("s", points),),
        spark_query=query,
    )
    report = Report("x", "x", (), (), (Section("s", (table,)),), (query,), None)
    page = Page.read(html_page.page(report))
    drawn = [(attrs["class"], attrs["height"]) for tag, attrs in page.tags if tag == "rect"]
    assert drawn == [("bar", "11.5"), ("maybe", "23")]
    assert [attrs["class"] for tag, attrs in page.tags if tag == "circle"] == ["none"]


@pytest.mark.parametrize(
    ("value", "kind", "told"),
    [
        (None, "", NOTHING), (0, "", "0"), (1234, "", "1,234"), (5.75, "", "5.8"), (140.5, "", "140"), (3.0, "", "3"),
        (0.04, "", "below 0.1"), (0.0, "", "0"),
        (0.0, "percent", "0 %"), (0.004, "percent", "below 1 %"), (0.996, "percent", "above 99 %"), (1.0, "percent", "100 %"),
        (0.0, "chance", "below 1 %"), (0.25, "chance", "25 %"), (1.0, "chance", "above 99 %"),
        (date(2026, 5, 1), "month", "2026-05"), (LOADED, "day", "2026-07-01"), (LOADED, "", "2026-07-01 06:00"),
        (True, "", "yes"), ("large_increase", "words", "large increase"), ("a\nb", "", "a b"), ("x" * 300, "", "x" * 199 + "…"),
    ],
)  # fmt: skip
def test_values_as_shown(value: Any, kind: str, told: str) -> None:
    assert value_text(value, kind) == told


def test_a_cell_without_any_value_is_one_dash_and_a_row_is_no_format() -> None:
    assert written("{a} / {b}", {"a": None, "b": None}) == NOTHING
    assert written("{a} / {b}", {"a": 1, "b": None}) == f"1 / {NOTHING}"
    assert written("{a}", {"a": "{b} {0.x}", "b": 5}) == "{b} {0.x}"


def test_the_same_file_gives_the_same_report_whenever_it_is_asked(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = set()
    for now in ("2026-07-02", "2027-01-01"):
        monkeypatch.setenv("SAHEL_NOW", now)
        told |= {(form, ask("--country", "MLI", "--format", form).stdout) for form in sitrep.FORMS}
    assert len(told) == len(sitrep.FORMS)


# Which country a name means


@pytest.mark.parametrize("name", ["CIV", "civ", "ci", "Cote d'Ivoire", "CÔTE D’IVOIRE", " côte d'ivoire "])
def test_a_country_by_code_or_name_without_regard_to_case_and_accents(
    reader: duckdb.DuckDBPyConnection, name: str
) -> None:
    assert content.find_scope(reader, name).country_iso3 == "CIV"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Nigerr", "no country is named 'Nigerr'; did you mean NER (Niger)"),
        ("ivoire", "did you mean CIV (Côte d'Ivoire)?"),
        ("Nigeria", "NGA (Nigeria) is not monitored here; SAHEL_COUNTRIES sets the scope, which is CIV, MLI, NER"),
        ("Qwrtz", "no country is named 'Qwrtz'; monitored here: CIV, MLI, NER"),
        ("--", "no country is named '--'"),
    ],
)  # fmt: skip
def test_an_unknown_country_is_told_in_one_line_with_what_may_be_meant(
    reader: duckdb.DuckDBPyConnection, name: str, told: str
) -> None:
    with pytest.raises(sitrep.NoSuchCountry) as refused:
        content.find_scope(reader, name)
    assert told in str(refused.value) and "\n" not in str(refused.value)


def test_all_countries_are_a_named_set_or_none(reader: duckdb.DuckDBPyConnection, home: Path) -> None:
    assert content.find_scope(reader, None).area_set == "monitored"
    assert content.find_scope(reader_of(home, rows() | {"core.dim_area_set": []}), None).area_set is None


# The command


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["report", *arguments])


def test_it_is_printed_as_markdown_unless_html_is_asked_for(published: Path) -> None:
    result = ask("--country", "mali")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("# Situation report: Mali\n")
    assert ask().stdout.startswith("# Situation report: 3 monitored countries\n")
    Page.read(ask("--format", "html").stdout)


def test_files_are_named_by_scope_and_day_or_as_asked(published: Path, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    result = ask("--country", "MLI", "--format", "both", "--out", str(folder))
    assert result.exit_code == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        "sitrep_MLI_2026-07-01.html",
        "sitrep_MLI_2026-07-01.md",
    ]
    assert all(str(path) in result.stdout for path in folder.iterdir())
    assert ask("--out", str(folder)).exit_code == 0
    assert (folder / "sitrep_all_2026-07-01.md").is_file()
    assert ask("--out", str(tmp_path / "mine.html")).exit_code == 0
    Page.read((tmp_path / "mine.html").read_text(encoding="utf-8"))


def test_a_report_is_replaced_and_a_file_that_is_none_is_not(published: Path, tmp_path: Path) -> None:
    for name in ("a.md", "a.html"):
        target = tmp_path / name
        assert ask("--country", "MLI", "--out", str(target)).exit_code == 0
        assert ask("--country", "NER", "--out", str(target)).exit_code == 0
        assert "Situation report: Niger" in target.read_text(encoding="utf-8")
    (tmp_path / "notes.md").write_text("my notes\n")
    result = ask("--out", str(tmp_path / "notes.md"))
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "is no situation report" in result.stderr
    assert (tmp_path / "notes.md").read_text() == "my notes\n"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--format", "both"), 2, "name a folder"),
        (("--format", "both", "--out", "x.md"), 2, "name a folder"),
        (("--format", "html", "--out", "x.md"), 2, "not the name of a file in html"),
        (("--out", "x.pdf"), 2, "x.pdf: write .md or .html, or name a folder without a dot"),
        (("--since", "2026-07-02"), 2, "2026-07-02 is in the future; write 2026-07-01 at the latest"),
        (("--since", "yesterday"), 2, "does not match the format"),
        (("--country", " "), 2, "an empty name"),
        (("--country", "Atlantis"), 1, "monitored here: CIV, MLI, NER"),
    ],
)  # fmt: skip
def test_errors_of_beginners_are_one_line_with_the_remedy(
    published: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, told: str
) -> None:
    monkeypatch.setenv("SAHEL_NOW", "2026-07-01T12:00:00Z")
    result = ask(*arguments)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (code, "", 1), result.stderr
    assert told in result.stderr


def test_a_place_that_cannot_be_written_is_told_with_the_remedy(published: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder\n")
    for target in (tmp_path / "file" / "a.md", Path("/proc/a.md")):
        result = ask("--out", str(target))
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
        assert f"{target} cannot be written" in result.stderr and "--out" in result.stderr


def test_a_day_after_the_last_load_is_said_to_be_so(reader: duckdb.DuckDBPyConnection) -> None:
    told = "so that nothing can be told of after that day"
    for since, is_said in ((LOADED.date(), False), (LOADED.date() + timedelta(days=1), True)):
        (about,) = sitrep.make(reader, "MLI", since).about
        assert (told in about.text) == is_said


def test_nothing_published_and_an_old_file_are_told_with_the_remedy(home: Path) -> None:
    result = ask()
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "nothing is published" in result.stderr and "sahel run" in result.stderr
    publish_by_hand(home, rows(), "alter table marts.trend_week drop column threat")
    result = ask("--country", "MLI")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "`sahel build` and `sahel publish` renew it" in result.stderr


def test_reports_on_all_and_on_each_under_names_that_stay(
    home: Path, published: Path, tmp_path: Path
) -> None:
    (home / MADE_MARKER).write_text("made\n")
    for _ in range(2):
        written_files = sitrep.write_reports(Settings.from_env(home), tmp_path / "reports")
        assert sorted(path.name for path in written_files) == sorted(
            f"sitrep_{scope}.{suffix}" for scope in ("all", "CIV", "MLI", "NER") for suffix in ("html", "md")
        )
        assert sorted(written_files) == sorted((tmp_path / "reports").iterdir())
    for path in written_files:
        assert "Made data" in path.read_text(encoding="utf-8")


def test_the_file_made_by_hand_has_the_tables_that_the_report_reads() -> None:
    """So that a column that a mart no longer has breaks these tests."""
    assert {"marts.alert", "marts.forecast", "marts.trend_week"} <= set(contracts())
