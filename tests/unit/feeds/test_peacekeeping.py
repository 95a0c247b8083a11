"""The peacekeeping feed: the UN's list as JSON and as CSV, missions and their countries, what is not loaded."""

from collections.abc import Iterator
from typing import Any

import pytest

from orchestration.made_world.context_apis import PeacekeepingApi
from tests.unit.feeds.context_home import ContextHome, context_home


def death(number: int, mission: str = "MINUSMA", day: str = "2019-01-20", **changes: Any) -> dict[str, Any]:
    return {
        "incident_date": day,
        "casualty_id": f"{mission}-{day}-{number:05d}",
        "mission_acronym": mission,
        "type_of_casualty": "Fatality",
        "gender": "Male",
        "casualty_nationality": "Chad",
        "m49_code": "148.0",
        "isocode3": "TCD",
        "casualty_personnel_type": "Military",
        "type_of_incident": "Malicious Act",
        "last_update": "2026-05-31",
        **changes,
    }


DEATHS = (
    death(1),
    death(2),
    death(3, m49_code="", isocode3=None),
    death(4, "UNTSO", "1948-07-02", m49_code="56.0"),
    death(5, "MINUSCA", "2020-07-13"),
)


class Told:
    """What the UN lists now; a test lists something else."""

    deaths: tuple[dict[str, Any], ...] = DEATHS


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def feed_home(told, settings, monkeypatch) -> Iterator[ContextHome]:
    with context_home(
        "peacekeeping", PeacekeepingApi(lambda _: told.deaths), settings, monkeypatch
    ) as feed_home:
        yield feed_home


def test_deaths_stand_at_the_country_of_the_missions_headquarters(feed_home):
    assert feed_home.statuses() == {"fatalities": "ok"}
    assert feed_home.rows(
        "select casualty_id, country_iso3, m49_code, isocode3, released_at::varchar from raw.peacekeeper_fatality "
        "order by 1"
    ) == [
        ("MINUSMA-2019-01-20-00001", "MLI", "148", "TCD", "2026-05-31 00:00:00"),
        ("MINUSMA-2019-01-20-00002", "MLI", "148", "TCD", "2026-05-31 00:00:00"),
        ("MINUSMA-2019-01-20-00003", "MLI", None, None, "2026-05-31 00:00:00"),
    ]
    assert feed_home.rows("select rows_parsed, rows_out_of_scope, error from ledger.load_attempt") == [
        (5, 2, None)
    ]


def test_the_world_has_them_all(feed_home):
    feed_home.load(countries=None)
    assert feed_home.rows(
        "select country_iso3, m49_code from raw.peacekeeper_fatality where m49_code < '100'"
    ) == [("ISR", "056")]
    assert feed_home.rows("select count(*) from raw.peacekeeper_fatality") == [(5,)]


def test_row_numbers_that_change_from_day_to_day_make_no_versions(feed_home):
    feed_home.load()
    (outcome,) = feed_home.load()  # other bytes: the server numbers the rows anew
    assert (outcome.rows_parsed, outcome.rows_loaded, outcome.rows_unchanged) == (5, 0, 3)


def test_a_corrected_cause_is_a_version_and_a_new_stamp_is_not(feed_home, told):
    feed_home.load()
    told.deaths = (death(1, type_of_incident="Accident"), death(2, last_update="2026-06-30"), *DEATHS[2:])
    (outcome,) = feed_home.load()
    assert (outcome.rows_loaded, outcome.rows_unchanged) == (1, 2)


def test_a_death_that_is_struck_off_is_withdrawn(feed_home, told):
    feed_home.load()
    told.deaths = DEATHS[1:]
    (outcome,) = feed_home.load()
    assert outcome.rows_withdrawn == 1


def test_neither_gender_nor_row_number_reaches_the_warehouse(feed_home, told):
    told.deaths = (*DEATHS, death(6, day="unknown"))
    (outcome,) = feed_home.load()
    assert outcome.rows_quarantined == 1
    ((row_text, reason),) = feed_home.rows("select row_text, reason from ledger.quarantined_row")
    assert reason == "incident_date is 'unknown', not yyyy-mm-dd"
    assert "Male" not in row_text and "gender" not in row_text
    columns = {
        name
        for (name,) in feed_home.rows(
            "select column_name from duckdb_columns() where table_name = 'peacekeeper_fatality'"
        )
    }
    assert not {"gender", "id"} & columns


def test_a_death_whose_day_becomes_unreadable_is_not_withdrawn(feed_home, told):
    feed_home.load()
    told.deaths = (DEATHS[0] | {"incident_date": "?"}, *DEATHS[1:])
    (outcome,) = feed_home.load()
    assert (outcome.rows_quarantined, outcome.rows_withdrawn) == (1, 0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"casualty_id": " "}, "no casualty_id"),
        ({"m49_code": "14x"}, "m49_code is '14x', not a number of up to three digits"),
    ],
)
def test_a_row_that_cannot_be_read_is_quarantined(feed_home, told, changes, reason):
    told.deaths = (*DEATHS, death(7, **changes))
    feed_home.load()
    assert feed_home.rows("select reason from ledger.quarantined_row") == [(reason,)]


def test_an_unknown_mission_is_left_out_and_told_of(feed_home, told):
    told.deaths = (*DEATHS, death(8, "MINUNEW"))
    (outcome,) = feed_home.load()
    assert outcome.attempts[0]["status"] == "ok"
    assert "no country is known for the missions MINUNEW" in outcome.attempts[0]["error"]
    assert outcome.rows_loaded == 3


def test_an_unknown_field_is_named_and_not_loaded(feed_home, told):
    told.deaths = (death(1, rank="Captain"),)
    (outcome,) = feed_home.load()
    assert outcome.level == "warn"
    assert "publisher_columns_are_known (warn): rank" in outcome.summary


def test_the_list_as_a_csv_file_is_the_same_list(feed_home, tmp_path):
    feed_home.load()
    path = tmp_path / "fatalities.csv"
    names = ["id", *DEATHS[0]]
    lines = [",".join(str(row.get(name) or "") for name in names) for row in DEATHS]
    path.write_text("\ufeff" + "\n".join([",".join(names).upper(), *lines]) + "\n", encoding="utf-8")
    (outcome,) = feed_home.load(file=path)
    assert (outcome.rows_loaded, outcome.rows_unchanged, outcome.rows_withdrawn) == (0, 3, 0)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("message", "not a list of deaths (made: dataset is being refreshed)"),
        ("other_fields", "the rows have no incident_date, casualty_id, mission_acronym"),
        ("web_page", "is a web page, not a table"),
        ("down", "500"),
    ],
)
def test_no_other_answer_is_loaded(feed_home, fault, words):
    feed_home.api.fault = fault
    assert words in feed_home.errors()


def test_an_address_that_moved_is_refused(feed_home, monkeypatch):
    monkeypatch.setattr("orchestration.feeds.peacekeeping.PATH", "/moved")
    assert feed_home.statuses() == {"fatalities": "refused"}
