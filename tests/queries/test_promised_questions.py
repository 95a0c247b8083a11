"""The promised questions: documented, answered on the published file, and right about known figures."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.warehouse.publish import QUERIES
from tests.served import RealHome, open_bi

QUESTIONS = sorted(QUERIES.glob("*.sql"))
HEADINGS = ("Question", "Read it so", "Columns", "Parameters")


def ask(home: Path, name: str, style: str = "json") -> str:
    result = CliRunner().invoke(main, ["query", name, "--format", style, "--home", str(home)])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_each_is_documented_and_names_the_columns_that_it_returns(path: Path, real_home: RealHome) -> None:
    text = path.read_text(encoding="utf-8")
    comment = " ".join(line.removeprefix("--").strip() for line in text.splitlines() if line.startswith("--"))
    for heading in HEADINGS:
        assert f"{heading}:" in comment, heading
    told = re.search(r"Columns: (.*?)\. Parameters:", comment)
    assert told, "columns end with a full stop before the parameters"
    names = [name.split("(")[0].strip() for name in re.sub(r"\([^)]*\)", "", told[1]).split(",")]
    with open_bi(real_home.settings) as bi:
        returned = [column[0] for column in bi.execute(text).description]
    assert names == returned


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_each_reads_published_schemas_only(path: Path) -> None:
    used = set(re.findall(r"(?:from|join)\s+([a-z_]+)\.", path.read_text(encoding="utf-8")))
    assert used <= {"core", "marts", "audit"}


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_each_is_answered_in_every_format(path: Path, real_home: RealHome) -> None:
    rows = json.loads(ask(real_home.settings.home, path.stem))
    table = list(csv.DictReader(io.StringIO(ask(real_home.settings.home, path.stem, "csv"))))
    assert len(rows) == len(table)
    assert ask(real_home.settings.home, path.stem, "table")


def test_what_happened_by_month_adds_up_to_the_events(real_home: RealHome) -> None:
    rows = json.loads(ask(real_home.settings.home, "country_by_month_and_kind"))
    with open_bi(real_home.settings) as bi:
        expected = dict(
            bi.execute(
                """select strftime(month, '%Y-%m-%d') || country_iso3, events from marts.country_month
                   where source = 'ucdp'"""
            ).fetchall()
        )
    assert rows
    for row in rows:
        assert row["events"] == expected[row["month"][:10] + row["country_iso3"]]


def test_jnim_is_among_the_actors_of_the_last_year(real_home: RealHome) -> None:
    rows = {row["actor_id"]: row for row in json.loads(ask(real_home.settings.home, "which_actors"))}
    with open_bi(real_home.settings) as bi:
        events = bi.execute(
            """select count(distinct event_key) from core.fct_event join core.fct_event_actor using (event_key)
               where actor_id = 'jnim' and date_end >= date '2023-01-01'"""
        ).fetchone()[0]
    assert rows["jnim"]["events"] == events > 0
    assert rows["jnim"]["countries"] == 2


def test_what_rises_is_told_against_all_baselines_and_since_when(real_home: RealHome) -> None:
    rows = {
        (row["area_id"], row["metric"]): row
        for row in json.loads(ask(real_home.settings.home, "is_it_rising"))
        if row["source"] == "ucdp"
    }
    mali = rows["MLI", "events"]
    with open_bi(real_home.settings) as bi:
        points = bi.execute(
            """select area_id, strftime(week, '%Y-%m-%d') from marts.trend_week
               where area_kind = 'country' and metric = 'events' and is_change_point order by week"""
        ).fetchall()
        weekly = [
            value
            for (value,) in bi.execute(
                """select value from marts.trend_week
                   where area_kind = 'country' and area_id = 'MLI' and source = 'ucdp' and metric = 'events'
                       and is_complete order by week"""
            ).fetchall()
        ]
    # The weeks in which the rebellion in Mali began, the battle of Konna, the Ivorian rebellion, the election of 2010.
    known = {("MLI", "2012-01-16"), ("MLI", "2013-01-07"), ("CIV", "2002-09-16"), ("CIV", "2010-11-22")}
    assert known <= set(points)
    assert mali["level_since"][:10] == max(week for area, week in points if area == "MLI")
    assert mali["value"] == weekly[-1]
    assert mali["mean_52w"] == pytest.approx(sum(weekly[-53:-1]) / 52, abs=0.01)
    assert mali["pct_change_52w"] == pytest.approx(100 * (weekly[-1] * 52 / sum(weekly[-53:-1]) - 1), abs=0.1)
    assert rows["SEN", "events"]["threat"] is False


def test_the_outage_of_gdelt_is_told(real_home: RealHome) -> None:
    rows = json.loads(ask(real_home.settings.home, "feed_health"))
    (gdelt,) = [row for row in rows if (row["feed"], row["part"]) == ("gdelt", "export")]
    assert gdelt["gaps"] > 0
    assert gdelt["verdict"] != "good"
    # What comes with the installation is no feed that could be late or never loaded.
    assert not {"geonames", "made"} & {row["feed"] for row in rows}


def test_tactics_of_a_country_share_its_violence_and_ucdp_tells_none(real_home: RealHome) -> None:
    rows = json.loads(ask(real_home.settings.home, "which_tactics_and_targets"))
    ucdp = [row for row in rows if row["source"] == "ucdp"]
    assert {row["tactic"] for row in ucdp} == {"unspecified"}
    mali = [row for row in ucdp if row["country_iso3"] == "MLI"]
    with open_bi(real_home.settings) as bi:
        events = bi.execute(
            """select count(*) from core.fct_event
               where feed = 'ucdp' and country_iso3 = 'MLI' and date_end >= date '2023-01-01'"""
        ).fetchone()[0]
    assert sum(row["events"] for row in mali) == events > 0
    assert sum(row["share_events"] for row in mali) == pytest.approx(1, abs=0.002)
    assert {row["target_class"] for row in mali} == {"civilians", "armed_parties", "non_state_armed_group"}


def test_the_state_is_among_those_who_kill_civilians(real_home: RealHome) -> None:
    rows = [
        row
        for row in json.loads(ask(real_home.settings.home, "who_kills_civilians"))
        if row["source"] == "ucdp"
    ]
    by_actor = {row["perpetrator_id"]: row for row in rows}
    with open_bi(real_home.settings) as bi:
        recent = """from core.fct_event
                    where feed = 'ucdp' and source_event_type = '3' and date_end >= date '2023-01-01'"""
        expected = bi.execute(
            f"""select count(*), sum(fatalities_best), sum(fatalities_civilian) {recent}
                and side_a_name = 'Government of Mali'"""
        ).fetchone()
    state = by_actor["government_of_mali"]
    assert (state["events"], state["fatalities_best"], state["fatalities_civilian"]) == expected
    assert state["perpetrator_class"] == "state" and state["events"] > 0
    assert by_actor["jnim"]["perpetrator_class"] == "non_state"
    assert sum(row["share_events"] for row in rows) == pytest.approx(1, abs=0.01)


def test_with_one_source_every_incident_stands_alone_and_nothing_is_disputed(real_home: RealHome) -> None:
    rows = json.loads(ask(real_home.settings.home, "one_incident_many_reports"))
    assert len(rows) == 100
    assert {(row["feed_count"], row["event_count"], row["links"]) for row in rows} == {(1, 1, None)}
    deaths = [row["fatalities_ucdp"] for row in rows]
    assert deaths == sorted(deaths, reverse=True)
    assert json.loads(ask(real_home.settings.home, "what_sources_dispute")) == []
