"""The UNHCR feed against a server of its protocol: two walks per country, odd totals, "-", revisions, withdrawals."""

from collections.abc import Iterator

import pytest

from orchestration.feeds import unhcr
from orchestration.feeds.base import NotTheFormat
from orchestration.made_world.context_apis import UnhcrApi
from tests.unit.feeds.context_home import ContextHome, context_home

FLOWS = {
    (2023, "MLI", "MLI"): {"idps": 350_000, "hst": None},
    (2024, "MLI", "MLI"): {"idps": 380_000, "stateless": "-"},
    (2024, "MLI", "MRT"): {"refugees": 240_000, "asylum_seekers": 1_200},
    (2024, "MLI", "BFA"): {"refugees": 900},
    (2024, "BFA", "MLI"): {"refugees": 30_000},
    (2024, "SDN", "TCD"): {"refugees": 700_000},
    (2024, "XXA", "MLI"): {"stateless": 12},
}
STREAMS = {"asylum-BFA", "asylum-MLI", "origin-BFA", "origin-MLI"}


class Told:
    """What UNHCR says now; a test says something else."""

    flows = FLOWS


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def feed_home(told, settings, monkeypatch) -> Iterator[ContextHome]:
    api = UnhcrApi(lambda _: told.flows)
    with context_home("unhcr", api, settings, monkeypatch) as feed_home:
        yield feed_home


def known(feed_home: ContextHome) -> set[tuple]:
    """The keys that stand."""
    latest = (
        "select * from raw.unhcr_population qualify row_number() over "
        "(partition by year, country_origin_iso3, country_asylum_iso3 order by attempt_id desc) = 1"
    )
    return set(
        feed_home.rows(
            f"select year, country_origin_iso3, country_asylum_iso3 from ({latest}) where not is_withdrawn"
        )
    )


def test_both_sides_of_each_country_are_walked_and_no_row_is_told_twice(feed_home):
    assert feed_home.statuses() == dict.fromkeys(STREAMS, "ok")
    assert known(feed_home) == FLOWS.keys() - {(2024, "SDN", "TCD")}
    assert feed_home.rows("select count(*) from raw.unhcr_population") == [(6,)]


def test_numbers_as_text_and_dashes_are_read(feed_home):
    feed_home.load()
    assert feed_home.rows(
        "select refugees, idps, stateless, oip, hst from raw.unhcr_population "
        "where country_origin_iso3 = 'MLI' and country_asylum_iso3 = 'MLI' order by year"
    ) == [(0, 350_000, 0, None, None), (0, 380_000, None, None, None)]


def test_the_scope_is_asked_as_iso_codes_over_all_years(feed_home):
    feed_home.load()
    queries = [dict(request.query) for request in feed_home.api.asked]
    assert {(query.get("coa"), query.get("coo_all")) for query in queries if "coa" in query} == {
        ("BFA", "true"),
        ("MLI", "true"),
    }
    assert {(query.get("coo"), query.get("coa_all")) for query in queries if "coo" in query} == {
        ("BFA", "true"),
        ("MLI", "true"),
    }
    assert {(query["cf_type"], query["yearFrom"], query["yearTo"]) for query in queries} == {
        ("ISO", "1951", "2026")
    }


def test_the_world_is_one_walk(feed_home):
    assert feed_home.statuses(countries=None) == {"all": "ok"}
    assert known(feed_home) == FLOWS.keys()


@pytest.mark.parametrize("declares_total", [False, True])
def test_pages_are_walked_with_or_without_a_declared_total(feed_home, monkeypatch, declares_total):
    monkeypatch.setattr(unhcr, "LIMIT", 2)
    feed_home.api.declares_total = declares_total
    feed_home.load(countries=None)
    assert known(feed_home) == FLOWS.keys()
    assert [request.query["page"] for request in feed_home.api.asked] == ["1", "2", "3", "4"]


def test_a_page_cut_short_is_seen_without_a_total_and_with_one(feed_home, monkeypatch):
    monkeypatch.setattr(unhcr, "LIMIT", 2)
    feed_home.api.fault = "short"
    assert "rows, so some are cut short; load again" in feed_home.errors(countries=None)
    feed_home.api.declares_total = True
    assert "6 rows of all came and 7 were declared" in feed_home.errors(countries=None)


def test_sums_are_left_out_and_counted(feed_home):
    feed_home.api.fault = "with_sums"
    feed_home.load(countries=("MRT",))
    assert known(feed_home) == {(2024, "MLI", "MRT")}
    assert feed_home.rows("select sum(rows_parsed), sum(rows_out_of_scope) from ledger.load_attempt") == [
        (2, 1)
    ]


def test_only_sums_are_a_refusal_not_an_empty_country(feed_home):
    feed_home.api.fault = "sums_only"
    assert "UNHCR no longer understands how it is asked" in feed_home.errors()


def test_the_same_bytes_are_told_as_unchanged(feed_home):
    feed_home.load()
    assert feed_home.statuses() == dict.fromkeys(STREAMS, "unchanged")


def test_a_revised_past_year_is_a_new_version(feed_home, told):
    feed_home.load()
    told.flows = {**FLOWS, (2023, "MLI", "MLI"): {"idps": 354_321}}
    assert sum(outcome.rows_loaded for outcome in feed_home.load()) == 1
    assert feed_home.rows("select idps from raw.unhcr_population where year = 2023 order by attempt_id") == [
        (350_000,),
        (354_321,),
    ]


def test_what_is_left_out_is_withdrawn_on_the_side_that_tells_of_it(feed_home, told):
    feed_home.load()
    told.flows = {key: counts for key, counts in FLOWS.items() if key != (2024, "MLI", "BFA")}
    outcomes = feed_home.load()
    # Both the asylum's and the origin's walk leave it out; one tombstone is enough.
    assert sum(outcome.rows_withdrawn for outcome in outcomes) == 1
    assert known(feed_home) == FLOWS.keys() - {(2024, "SDN", "TCD"), (2024, "MLI", "BFA")}


def test_a_smaller_scope_withdraws_nothing(feed_home):
    feed_home.load(countries=None)
    feed_home.load(countries=("BFA",))
    assert known(feed_home) == FLOWS.keys()


def test_a_country_without_rows_is_empty_and_one_that_lost_all_is_refused(feed_home, told):
    assert feed_home.statuses(countries=("GMB",)) == {"asylum-GMB": "empty", "origin-GMB": "empty"}
    feed_home.load(countries=("MRT",))
    told.flows = {}
    assert feed_home.statuses(countries=("MRT",)) == {"asylum-MRT": "refused", "origin-MRT": "empty"}
    assert known(feed_home) == {(2024, "MLI", "MRT")}


def test_a_row_that_cannot_be_read_is_quarantined_and_stays_known(feed_home, told):
    feed_home.load(countries=("MLI",))
    told.flows = {**FLOWS, (2024, "MLI", "MRT"): {"refugees": "240 000"}}
    outcomes = feed_home.load(countries=("MLI",))
    assert sum(outcome.rows_quarantined for outcome in outcomes) == 1
    assert sum(outcome.rows_withdrawn for outcome in outcomes) == 0
    assert feed_home.rows("select reason from ledger.quarantined_row") == [
        ("refugees is '240 000', not a whole number",)
    ]


def test_a_publisher_that_is_down_is_not_asked_for_every_country(feed_home):
    feed_home.api.fault = "down"
    assert feed_home.statuses(countries=("BEN", "BFA", "MLI", "NER")) == {
        "asylum-BEN": "failed",
        "origin-BEN": "failed",
        "asylum-BFA": "failed",
    }


@pytest.mark.parametrize(
    ("fault", "words"), [("web_page", "a web page, not data"), ("no_items", "no list of items")]
)
def test_what_is_no_answer_is_refused(feed_home, fault, words):
    feed_home.api.fault = fault
    assert words in feed_home.errors()


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"items": []}', b'{"items": [1], "page": 1, "maxPages": 1}']
)
def test_an_answer_of_another_shape_is_named_as_such(body):
    with pytest.raises(NotTheFormat, match="https:"):
        unhcr._page(body, "https://made.example")
