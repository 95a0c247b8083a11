"""`sahel report` on a whole home: every country's report, its queries asked again, and its figures against the facts."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from expectations.report import MADE_BANNER
from orchestration import sitrep
from orchestration.sitrep import content
from orchestration.sitrep.document import Report, Table
from orchestration.warehouse.connection import open_published
from tests.made import MadeHome

OF_FACTS = """
    select feed, count(*), coalesce(sum(fatalities_best), 0)
    from core.fct_event
    where
        country_iso3 = $country
        and date_trunc('month', date_end) = $month
        and coalesce(violence_class, 'unclassified') not in ('demonstration', 'riot_mob', 'strategic')
    group by feed
"""


@pytest.fixture(scope="module")
def reader(made_home: MadeHome) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_published(made_home.settings.bi_file) as connection:
        yield connection


@pytest.fixture(scope="module")
def reports(reader: duckdb.DuckDBPyConnection) -> dict[str | None, Report]:
    """The report on all countries and on each."""
    return {country: sitrep.make(reader, country) for country in (None, *content.countries(reader))}


def tables(report: Report) -> dict[str, Table]:
    return {
        section.title.split(" since ")[0]: part
        for section in report.sections
        for part in reversed(section.parts)
        if isinstance(part, Table)
    }


def test_every_report_can_be_made_and_its_queries_give_the_same_again(
    made_home: MadeHome, reports: dict[str | None, Report]
) -> None:
    assert len(reports) > 10
    with open_published(made_home.settings.bi_file) as fresh:
        for country, report in reports.items():
            for query in report.queries:
                cursor = fresh.execute(query.sql)
                names = [column[0] for column in cursor.description]
                told = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
                assert told == list(query.rows), (country, query.sql)
            for form in sitrep.FORMS:
                assert sitrep.text_of(report, form) == sitrep.text_of(report, form)


def test_the_newest_month_is_that_of_the_facts(
    reader: duckdb.DuckDBPyConnection, reports: dict[str | None, Report]
) -> None:
    compared = 0
    for country in ("MLI", "BFA", "NGA"):
        rows = reports[country].queries[0].rows
        assert rows
        for row in rows:
            facts = {
                feed: (events, deaths)
                for feed, events, deaths in reader.execute(
                    OF_FACTS, {"country": country, "month": row["month"]}
                ).fetchall()
            }
            assert (row["events"], row["deaths"]) == facts.get(row["source"], (0, 0)), (
                country,
                row["source"],
            )
            compared += row["events"] > 0
    assert compared


def test_countries_of_the_report_on_all_add_up(reports: dict[str | None, Report]) -> None:
    for row in reports[None].queries[0].rows:
        of_each = [
            one
            for country, report in reports.items()
            if country
            for one in report.queries[0].rows
            if (one["source"], one["month"]) == (row["source"], row["month"])
        ]
        assert row["countries"] == len(of_each)
        assert (row["events"], row["deaths"]) == tuple(
            sum(one[name] for one in of_each) for name in ("events", "deaths")
        )


def test_mali_has_something_to_say_in_every_part(reports: dict[str | None, Report]) -> None:
    found = tables(reports["MLI"])
    for title in (
        "What changed",
        "Where",
        "Who",
        "Civilians",
        "How sure",
        "What we cannot see",
        "Sources and licences",
    ):
        assert found[title].rows, title


def test_reports_of_made_data_say_so_and_stand_in_files(made_home: MadeHome, tmp_path: Path) -> None:
    files = sitrep.write_reports(made_home.settings, tmp_path)
    assert {path.suffix for path in files} == {".md", ".html"}
    for path in files:
        assert MADE_BANNER in path.read_text(encoding="utf-8"), path.name
