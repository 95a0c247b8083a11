"""The real education file of Insecurity Insight, loaded by hand and over HTTP, against figures counted from the JSON."""

import json
import re
import shutil
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from orchestration import steps
from orchestration.records import LoadRequest
from orchestration.settings import Settings
from tests.served import rows_of, serve_folder

NOW = datetime(2024, 4, 1, tzinfo=UTC)
IN_SCOPE = {"NGA": 151, "BFA": 101, "CMR": 71, "SDN": 60, "MLI": 44, "NER": 31, "BEN": 4, "TGO": 1, "GIN": 1}


@dataclass(frozen=True)
class Loaded:
    told: list[dict[str, Any]]
    settings: Settings
    attempt: dict[str, Any]
    problems: list[str]

    def rows(self, sql: str) -> list[tuple]:
        return rows_of(self.settings.warehouse, sql)


@pytest.fixture(scope="module")
def real_file(shared_data: Path) -> Path:
    path = shared_data / "insecurity_insight" / "education.json"
    if not path.is_file():
        pytest.skip("no insecurity_insight/education.json beside the project (../shared/data)")
    return path


@pytest.fixture(scope="module")
def world(real_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """`load insecurity_insight --file`, for every country."""
    settings = replace(
        Settings.from_env(tmp_path_factory.mktemp("ii"), environ={}), countries=None, fixed_now=NOW
    )
    report = steps.load(steps.Run(settings), LoadRequest("insecurity_insight", file=real_file))
    (attempt,) = report.attempts
    return Loaded(json.loads(real_file.read_text(encoding="utf-8")), settings, attempt, report.problems)


def test_every_incident_loads(world: Loaded) -> None:
    assert len(world.told) == 2428
    assert (world.attempt["status"], world.attempt["rows_loaded"], world.attempt["rows_quarantined"]) == (
        "ok",
        2428,
        0,
    )
    assert world.problems == []
    found = {number for (number,) in world.rows("select event_id from raw.insecurity_insight_incident")}
    assert found == {row["SiND Event ID"] for row in world.told}


def test_countries_and_days_are_the_publishers(world: Loaded) -> None:
    expected = Counter(row["Country ISO"] for row in world.told)
    assert expected["PSE"] == 208
    assert {row["Country"] for row in world.told if row["Country ISO"] == "PSE"} == {"OPT"}
    assert (
        dict(world.rows("select country_iso3, count(*) from raw.insecurity_insight_incident group by 1"))
        == expected
    )
    days = Counter(date.fromisoformat(row["Date"]) for row in world.told)
    assert (
        dict(world.rows("select event_date, count(*) from raw.insecurity_insight_incident group by 1"))
        == days
    )


def test_counts_that_come_as_texts_are_summed_row_by_row(world: Loaded) -> None:
    for column, fate in (
        ("people_killed", "Killed"),
        ("people_injured", "Injured"),
        ("people_kidnapped", "Kidnapped"),
        ("people_arrested", "Arrested"),
    ):
        expected = {
            row["SiND Event ID"]: int(row[f"Educators {fate}"]) + int(row[f"Students {fate}"])
            for row in world.told
        }
        assert sum(expected.values()) > 0
        assert dict(world.rows(f"select event_id, {column} from raw.insecurity_insight_incident")) == expected


def test_yes_and_no_stay_what_they_are(world: Loaded) -> None:
    assert dict(
        world.rows(
            """select cast(details ->> '$."Attacks on Students and Teachers"' as boolean), count(*)
               from raw.insecurity_insight_incident group by 1"""
        )
    ) == Counter(row["Attacks on Students and Teachers"] for row in world.told)
    assert world.rows("select sum(facilities_damaged)::int from raw.insecurity_insight_incident") == [
        (sum(row["Damage/Destruction To Ed facility Event"] for row in world.told),)
    ]


def test_places_are_read_from_texts_with_blanks(world: Loaded) -> None:
    expected = Counter(int(row["Geo Precision"][1]) for row in world.told)
    assert expected == {2: 1528, 3: 786, 4: 91, 6: 21, 5: 2}
    assert (
        dict(world.rows("select geo_precision, count(*) from raw.insecurity_insight_incident group by 1"))
        == expected
    )
    places = {row["SiND Event ID"]: (float(row["Latitude"]), float(row["Longitude"])) for row in world.told}
    assert {
        number: (latitude, longitude)
        for number, latitude, longitude in world.rows(
            "select event_id, latitude, longitude from raw.insecurity_insight_incident"
        )
    } == places
    assert world.rows(
        "select count(*) from raw.insecurity_insight_incident where location_kind like '% '"
    ) == [(0,)]


def test_incidents_of_sexual_violence_are_counted_in_and_not_told(world: Loaded) -> None:
    column = "Sexual Violence Affecting School Age Children"
    counted = {row["SiND Event ID"] for row in world.told if row[column] != "0"}
    in_words = {
        row["SiND Event ID"]
        for row in world.told
        if re.search(r"\bsexual|\brap(e|ed|es|ing)\b|\bmolest", row["Event Description"], re.IGNORECASE)
    }
    assert len(counted) == 9
    silent = {
        number
        for (number,) in world.rows(
            "select event_id from raw.insecurity_insight_incident where event_description is null"
        )
    }
    assert silent == counted | in_words
    assert world.rows(
        "select count(*) from raw.insecurity_insight_incident where details ilike '%sexual%'"
    ) == [(0,)]


def test_a_file_covers_the_countries_that_are_in_it(world: Loaded) -> None:
    days: dict[str, list[date]] = {}
    for row in world.told:
        days.setdefault(row["Country ISO"], []).append(date.fromisoformat(row["Date"]))
    assert {
        iso3: (first, last)
        for iso3, first, last in world.rows(
            "select country_iso3, period_start, period_end from ledger.coverage"
        )
    } == {iso3: (min(told), max(told)) for iso3, told in days.items()}


def test_the_default_scope_over_http(real_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "served" / "hdx" / "v1"
    folder.mkdir(parents=True)
    shutil.copy(real_file, folder / "education")
    with serve_folder(tmp_path / "served") as url:
        settings = replace(
            Settings.from_env(tmp_path / "home", environ={}), insecurity_insight_url=url, fixed_now=NOW
        )
        first = steps.load(steps.Run(settings), LoadRequest("insecurity_insight"))
        second = steps.load(steps.Run(settings), LoadRequest("insecurity_insight"))
    attempts = {one["stream"]: one for one in first.attempts}
    assert {stream: one["status"] for stream, one in attempts.items()} == {
        "education": "ok",
        "aid_workers": "refused",
        "protection": "refused",
        "health": "refused",
    }
    assert attempts["education"]["rows_loaded"] == sum(IN_SCOPE.values()) == 464
    assert attempts["education"]["rows_out_of_scope"] == 2428 - 464
    assert (
        dict(
            rows_of(
                settings.warehouse,
                "select country_iso3, count(*) from raw.insecurity_insight_incident group by 1",
            )
        )
        == IN_SCOPE
    )
    # A country of the scope with no incident was looked at all the same.
    assert rows_of(
        settings.warehouse,
        "select distinct period_start, period_end from ledger.coverage where country_iso3 in ('SEN', 'NGA')",
    ) == [(date(2020, 1, 1), date(2024, 3, 1))]
    assert [one["status"] for one in second.attempts if one["stream"] == "education"] == ["unchanged"]
