"""The World Bank feed against a server of its protocol: paging, errors that come with 200, regions, revisions."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from orchestration.feeds import worldbank
from orchestration.feeds.context_files import NotTheFormat
from orchestration.made_world.context_apis import Series, WorldBankApi
from tests.unit.feeds.context_home import ContextHome, context_home

ISO2 = {"MLI": "ML", "BFA": "BF", "NER": "NE"}
VALUES = {(iso3, year): 1e4 * year for iso3 in ISO2 for year in range(2000, 2025)}
SERIES = Series(
    date(2026, 5, 1),
    VALUES,
    ISO2,
    aggregates={("WLD", 2020): 8e9, ("ZG", 2020): 1e9, ("AFE", 2020): 7e8},
)


class Told:
    """What the World Bank says now; a test says something else."""

    series = SERIES


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def feed_home(told, settings, monkeypatch) -> Iterator[ContextHome]:
    api = WorldBankApi(lambda _: told.series)
    with context_home("worldbank", api, settings, monkeypatch) as feed_home:
        yield feed_home


def test_the_scopes_years_are_loaded_with_the_publishers_stamp(feed_home):
    (outcome,) = feed_home.load()
    assert (outcome.rows_parsed, outcome.rows_loaded, outcome.level) == (50, 50, "pass")
    assert feed_home.rows(
        "select country_iso3, value, last_updated, released_at, is_withdrawn from raw.worldbank_indicator "
        "where year = 2024 order by 1"
    ) == [
        ("BFA", 2.024e7, date(2026, 5, 1), *feed_home.rows("select timestamp '2026-05-01', false")[0]),
        ("MLI", 2.024e7, date(2026, 5, 1), *feed_home.rows("select timestamp '2026-05-01', false")[0]),
    ]


def test_the_scope_is_asked_by_code_and_in_one_list(feed_home):
    feed_home.load()
    assert {request.path for request in feed_home.api.asked} == {
        "/v2/country/BFA;MLI/indicator/SP.POP.TOTL",
    }
    assert {request.query["format"] for request in feed_home.api.asked} == {"json"}


def test_pages_are_walked_to_the_end_and_each_is_kept(feed_home, monkeypatch):
    monkeypatch.setattr(worldbank, "PER_PAGE", 20)
    (outcome,) = feed_home.load()
    assert outcome.rows_loaded == 50
    assert [request.query["page"] for request in feed_home.api.asked] == ["1", "2", "3"]
    assert feed_home.rows("select count(distinct payload_sha256) from raw.worldbank_indicator") == [(3,)]
    assert feed_home.statuses() == {"SP.POP.TOTL": "unchanged"}


def test_the_world_leaves_out_what_is_no_country(feed_home):
    (outcome,) = feed_home.load(countries=None)
    assert (outcome.rows_parsed, outcome.rows_loaded) == (78, 75)
    assert feed_home.rows("select sum(rows_out_of_scope) from ledger.load_attempt") == [(3,)]
    assert feed_home.rows("select distinct country_iso3 from raw.worldbank_indicator order by 1") == [
        ("BFA",),
        ("MLI",),
        ("NER",),
    ]


def test_a_revised_past_value_is_a_new_version_and_a_new_stamp_alone_is_not(feed_home, told):
    feed_home.load()
    told.series = replace(SERIES, last_updated=date(2026, 6, 15))
    (outcome,) = feed_home.load()
    assert (outcome.rows_loaded, outcome.rows_unchanged) == (0, 50)
    told.series = replace(SERIES, last_updated=date(2026, 6, 20), values={**VALUES, ("MLI", 2003): 1234567.0})
    (outcome,) = feed_home.load()
    assert (outcome.rows_loaded, outcome.rows_unchanged, outcome.rows_withdrawn) == (1, 49, 0)
    assert feed_home.rows(
        "select value, released_at::date::varchar from raw.worldbank_indicator "
        "where country_iso3 = 'MLI' and year = 2003 order by recorded_at"
    ) == [(2.003e7, "2026-05-01"), (1234567.0, "2026-06-20")]


def test_a_year_that_is_left_out_is_withdrawn_and_comes_back(feed_home, told):
    feed_home.load()
    told.series = replace(
        SERIES, values={key: value for key, value in VALUES.items() if key != ("BFA", 2000)}
    )
    (outcome,) = feed_home.load()
    assert (outcome.rows_loaded, outcome.rows_withdrawn) == (1, 1)
    told.series = SERIES
    feed_home.load()
    assert feed_home.rows(
        "select is_withdrawn from raw.worldbank_indicator where country_iso3 = 'BFA' and year = 2000 "
        "order by attempt_id"
    ) == [(False,), (True,), (False,)]


def test_a_snapshot_cut_short_is_stopped_and_withdraws_nothing(feed_home, told):
    feed_home.load()
    told.series = replace(SERIES, values={key: value for key, value in VALUES.items() if key[1] > 2020})
    (outcome,) = feed_home.load()
    assert outcome.level == "block"
    assert "snapshot_has_not_shrunk" in outcome.summary
    assert feed_home.rows("select count(*) from raw.worldbank_indicator where is_withdrawn") == [(0,)]


def test_a_smaller_scope_is_no_series_cut_short(feed_home):
    feed_home.load(countries=("BFA", "MLI", "NER"))
    assert feed_home.statuses(countries=("MLI",)) == {"SP.POP.TOTL": "unchanged"}
    assert feed_home.rows("select count(*) from raw.worldbank_indicator where is_withdrawn") == [(0,)]


def test_null_for_a_year_is_kept_as_null(feed_home, told):
    told.series = replace(SERIES, values={**VALUES, ("MLI", 2024): None})
    feed_home.load()
    assert feed_home.rows(
        "select value from raw.worldbank_indicator where country_iso3 = 'MLI' and year = 2024"
    ) == [(None,)]


def test_an_error_with_status_200_is_refused_in_the_publishers_words(feed_home):
    feed_home.api.fault = "error"
    assert "120 Invalid value The provided parameter value is not valid" in feed_home.errors()
    feed_home.api.fault = None
    assert feed_home.statuses() == {"SP.POP.TOTL": "ok"}


def test_an_unknown_country_in_the_scope_is_told_with_the_remedy(feed_home):
    assert "leave that out of SAHEL_COUNTRIES" in feed_home.errors(countries=("MLI", "TWN"))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("null_rows", "no rows (null) where 50 are declared"),
        ("short", "49 rows of SP.POP.TOTL came and 50 were declared"),
        ("web_page", "answered with a web page"),
        ("down", "500"),
    ],
)
def test_no_answer_that_is_not_whole_is_loaded(feed_home, fault, words):
    feed_home.api.fault = fault
    assert words in feed_home.errors()
    assert feed_home.rows("select count(*) from raw.worldbank_indicator") == [(0,)]


def test_a_series_that_changes_between_two_pages_is_refused(feed_home, monkeypatch):
    monkeypatch.setattr(worldbank, "PER_PAGE", 20)
    feed_home.api.fault = "moved"
    assert "the series changed while it was read; load again" in feed_home.errors()


def test_nothing_after_something_is_not_believed(feed_home):
    feed_home.api.fault = "nothing"
    assert feed_home.statuses() == {"SP.POP.TOTL": "empty"}
    feed_home.api.fault = None
    feed_home.load()
    feed_home.api.fault = "nothing"
    assert "those stay; load again" in feed_home.errors()


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"value": "many"}, "value is 'many', not a number"),
        ({"date": "2020Q1"}, "date is '2020Q1', not a year"),
        ({"countryiso3code": ""}, "countryiso3code is blank for a country"),
        ({"indicator": None}, "no indicator id"),
    ],
)
def test_a_row_that_cannot_be_read_is_quarantined_and_its_year_is_not_withdrawn(
    feed_home, monkeypatch, item, reason
):
    feed_home.load()
    tell = feed_home.api._row

    def broken(series, iso3, year, value):
        row = tell(series, iso3, year, value)
        return row | item if (iso3, year) == ("MLI", 2010) else row

    feed_home.api._row = broken
    (outcome,) = feed_home.load()
    assert (outcome.rows_quarantined, outcome.rows_withdrawn, outcome.rows_loaded) == (1, 0, 0)
    assert feed_home.rows("select reason from ledger.quarantined_row") == [(reason,)]


@pytest.mark.parametrize("body", [b"[]", b"{}", b'[{"page": 1}, []]', b"[1, 2]", b"not json"])
def test_an_answer_of_another_shape_is_named_as_such(body):
    with pytest.raises(NotTheFormat, match="https:"):
        worldbank._page(body, "https://made.example")


def test_dates_releases_and_files_make_no_sense_here(feed_home, tmp_path):
    with pytest.raises(ValueError, match="worldbank: loads the whole series each time; leave out --file"):
        feed_home.load(file=tmp_path / "x.csv")


def test_real_populations_arrive_as_they_are(feed_home, told, shared_data):
    with (shared_data / "reference" / "worldbank_population.csv").open(encoding="utf-8") as file:
        real = {(row["Country Code"], int(row["Year"])): float(row["Value"]) for row in csv.DictReader(file)}
    iso2 = {row.country_iso3: row.country_iso2 for row in worldbank.all_countries()}
    told.series = Series(date(2026, 5, 1), real, iso2)
    (outcome,) = feed_home.load(countries=None)
    assert outcome.rows_parsed == len(real)
    loaded = dict(
        ((iso3, year), value)
        for iso3, year, value in feed_home.rows(
            "select country_iso3, year, value from raw.worldbank_indicator"
        )
    )
    countries = {key: value for key, value in real.items() if key[0] in iso2}
    assert loaded == countries
    # The file's regions, left in, would count everybody several times over.
    assert sum(value for (_, year), value in real.items() if year == 2020) > 5 * sum(
        value for (_, year), value in loaded.items() if year == 2020
    )
