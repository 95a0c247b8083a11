"""The made publishers of context: figures that fit the history, revised as real ones are, and read by the real feeds."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import duckdb
import pytest

from expectations.reference import gw_to_iso3, read_seed
from orchestration import steps
from orchestration.feeds import coups, peacekeeping
from orchestration.feeds.http import HttpClient
from orchestration.feeds.registry import feed_for
from orchestration.made_world import MADE_LABEL, WORLD_END, Publishers, World, serve
from orchestration.made_world.context import Context, context_apis
from orchestration.made_world.context_apis import FATALITIES_PATH, POWELL_THYNE_PATH
from orchestration.made_world.world import COUP_DATE
from orchestration.records import LoadRequest, Status
from orchestration.settings import Settings

FEEDS = ("worldbank", "unhcr", "idmc", "coups", "peacekeeping")
TABLES = {
    "worldbank": "worldbank_indicator",
    "unhcr": "unhcr_population",
    "idmc": "idmc_displacement",
    "coups": "coup",
    "peacekeeping": "peacekeeper_fatality",
}
COUNTRIES = ("BFA", "MLI", "NER")


@pytest.fixture(scope="module")
def context(world: World) -> Context:
    return Context(world)


@pytest.fixture
def made_home(world: World, settings: Settings) -> Iterator[Settings]:
    """A home whose publishers are the made ones at the end of the history."""
    publishers = Publishers(world, WORLD_END)
    publishers.apis |= context_apis(world)
    with serve(publishers) as served:
        addresses = {f"{feed}_url": f"{served.base_url}/{feed}" for feed in FEEDS}
        yield replace(settings, fixed_now=WORLD_END, countries=COUNTRIES, **addresses)


def count(settings: Settings, table: str) -> int:
    with duckdb.connect(str(settings.warehouse)) as connection:
        return connection.execute(f"select count(*) from raw.{table}").fetchone()[0]


@pytest.mark.parametrize("feed", FEEDS)
def test_the_real_feed_loads_it_and_then_finds_nothing_new(made_home, feed):
    first = steps.load(steps.Run(made_home), LoadRequest(feed))
    assert {attempt["status"] for attempt in first.attempts} == {Status.OK}
    assert first.problems == []
    assert count(made_home, TABLES[feed]) == first.rows_loaded > 0
    again = steps.load(steps.Run(made_home), LoadRequest(feed))
    assert {attempt["status"] for attempt in again.attempts} == {Status.UNCHANGED}


@pytest.mark.parametrize("feed", FEEDS)
def test_doctor_finds_it_within_reach(made_home, feed):
    with HttpClient(made_home, sleep=lambda _: None) as http:
        findings = list(feed_for(feed).probe(made_home, http))
    assert [finding.level for finding in findings] == ["ok"]
    assert all("(200)" in finding.finding for finding in findings)


@pytest.mark.parametrize("feed", FEEDS)
def test_doctor_says_when_it_does_not_answer(settings, feed):
    closed = replace(settings, **{f"{feed}_url": "http://127.0.0.1:9"})
    with HttpClient(closed, sleep=lambda _: None) as http:
        findings = list(feed_for(feed).probe(closed, http))
    assert [finding.level for finding in findings] == ["problem"]


def test_a_rebuild_from_the_payloads_gives_the_same_rows(made_home):
    for feed in FEEDS:
        steps.load(steps.Run(made_home), LoadRequest(feed))
    before = digests(made_home)
    steps.rebuild(steps.Run(made_home))
    assert digests(made_home) == before


def digests(settings: Settings) -> list[tuple]:
    with duckdb.connect(str(settings.warehouse)) as connection:
        return [
            connection.execute(
                f"select count(*), bit_xor(hash(t)), sum(attempt_id) from raw.{table} t"
            ).fetchone()
            for table in TABLES.values()
        ]


def test_the_paths_are_those_that_the_feeds_ask():
    assert coups.PATH == POWELL_THYNE_PATH
    assert peacekeeping.PATH == FATALITIES_PATH


def test_a_population_is_revised_for_three_years_and_then_stands(context):
    series = [context.population(WORLD_END - timedelta(days=365 * years)) for years in (2, 1, 0)]
    assert [one.last_updated.year for one in series] == [2024, 2025, 2026]
    of_2020, of_2023 = ([one.values["MLI", year] for one in series] for year in (2020, 2023))
    assert len(set(of_2020)) == 1
    assert len(set(of_2023)) == 3
    assert ("MLI", 2026) not in series[-1].values


def test_the_worlds_total_is_no_country(context):
    series = context.population(WORLD_END)
    assert series.aggregates["WLD", 2020] == sum(
        value for (_, year), value in series.values.items() if year == 2020
    )


def test_more_die_more_flee(context):
    files = context.displacement(WORLD_END)
    totals = {iso3: max(total for _, _, total in file.rows) for iso3, file in files.items()}
    assert max(totals, key=totals.get) in {"SDN", "NGA", "BFA", "MLI"}
    assert "GMB" not in totals  # nobody dies there, nobody flees


def test_the_last_years_displacement_is_revised_a_year_later(context):
    a_year_before = WORLD_END - timedelta(days=365)
    of_2024 = [
        next(new for year, new, _ in context.displacement(at)["MLI"].rows if year == 2024)
        for at in (a_year_before, WORLD_END)
    ]
    assert of_2024[0] < of_2024[1]


def test_the_coup_of_the_history_is_listed_nine_days_after(context):
    niger = {coup.day for coup in context.coups(WORLD_END).coups if coup.country == "Niger"}
    assert COUP_DATE in niger
    eve = WORLD_END.replace(year=COUP_DATE.year, month=COUP_DATE.month, day=COUP_DATE.day) + timedelta(days=8)
    assert COUP_DATE not in {coup.day for coup in context.coups(eve).coups}


def test_the_coups_countries_have_the_codes_that_the_reference_has(context):
    by_code = gw_to_iso3()
    assert {coup.ccode for coup in context.coups(WORLD_END).coups} <= by_code.keys()


def test_peacekeepers_die_where_their_mission_was_and_say_that_they_are_made(context):
    deaths = context.deaths(WORLD_END)
    missions = {row["mission_acronym"]: row["country_iso3"] for row in read_seed("peacekeeping_mission")}
    assert {missions[death["mission_acronym"]] for death in deaths} == {"MLI", "SDN"}
    assert (
        max(death["incident_date"] for death in deaths if death["mission_acronym"] == "MINUSMA")
        <= "2023-12-31"
    )
    assert {death["casualty_nationality"] for death in deaths} == {MADE_LABEL}
    ids = [death["casualty_id"] for death in deaths]
    assert len(ids) == len(set(ids))


def test_a_death_is_told_a_month_after(context):
    at = WORLD_END - timedelta(days=400)
    assert max(date.fromisoformat(death["incident_date"]) for death in context.deaths(at)) <= (
        at.date() - timedelta(days=30)
    )


def test_the_same_seed_says_the_same(context, world):
    other = Context(World(seed=world.seed, rows_per_slot=8))
    assert other.population(WORLD_END) == context.population(WORLD_END)
    assert other.flows(WORLD_END) == context.flows(WORLD_END)
    assert other.deaths(WORLD_END) == context.deaths(WORLD_END)


def test_each_text_that_can_says_that_it_is_made(context):
    assert MADE_LABEL in context.population(WORLD_END).name
    assert context.coups(WORLD_END).version.startswith("made")
