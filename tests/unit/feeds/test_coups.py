"""The coups feed: Powell and Thyne's page, the CAM list as a file, countries by name and by code, ids of our own."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from orchestration.feeds import coups
from orchestration.made_world.context_apis import Coup, CoupList, CoupsApi
from tests.unit.feeds.context_home import ContextHome, context_home

CHANGED = datetime(2026, 6, 1, 8, tzinfo=UTC)
MALI = Coup("Mali", 432, date(2020, 8, 18), True)
LISTED = CoupList(
    CHANGED,
    "made 1",
    (
        MALI,
        Coup("Mali", 432, date(2021, 5, 24), True),
        Coup("Burkina Faso", 439, date(2015, 9, 16), False),
        Coup("Burkina Faso", 439, date(2022, 1, 23), True),
        Coup("Bolivia", 145, date(1984, 6, 30), False),
    ),
)
CAM_HEADER = "cowcode,region,year,country,no,coup,successful,date,combat\n"


class Told:
    """What the page lists now; a test lists something else."""

    listed = LISTED


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def feed_home(told, settings, monkeypatch) -> Iterator[ContextHome]:
    with context_home("coups", CoupsApi(lambda _: told.listed), settings, monkeypatch) as feed_home:
        yield feed_home


def with_coups(*listed: Coup, version: str = "made 1") -> CoupList:
    return CoupList(CHANGED, version, listed)


def test_the_scopes_coups_are_loaded_under_ids_of_our_own(feed_home):
    assert feed_home.statuses() == {"powell_thyne": "ok"}
    assert feed_home.rows(
        "select coup_id, country_iso3, is_successful, version, released_at::varchar from raw.coup order by coup_id"
    ) == [
        ("powell_thyne-432-2020-08-18-1", "MLI", True, "made 1", "2026-06-01 08:00:00"),
        ("powell_thyne-432-2021-05-24-1", "MLI", True, "made 1", "2026-06-01 08:00:00"),
        ("powell_thyne-439-2015-09-16-1", "BFA", False, "made 1", "2026-06-01 08:00:00"),
        ("powell_thyne-439-2022-01-23-1", "BFA", True, "made 1", "2026-06-01 08:00:00"),
    ]
    assert feed_home.rows("select rows_parsed, rows_out_of_scope from ledger.load_attempt") == [(5, 1)]
    assert feed_home.statuses() == {"powell_thyne": "unchanged"}


def test_the_same_file_is_read_again_for_other_countries(feed_home):
    feed_home.load()
    assert feed_home.statuses(countries=None) == {"powell_thyne": "ok"}
    assert feed_home.rows("select count(*) from raw.coup") == [(5,)]


def test_a_new_version_of_the_same_list_is_no_change_and_a_recoded_outcome_is(feed_home, told):
    feed_home.load()
    told.listed = replace(LISTED, version="made 2")
    (outcome,) = feed_home.load()
    assert (outcome.rows_loaded, outcome.rows_unchanged) == (0, 4)
    told.listed = with_coups(replace(MALI, is_successful=False), *LISTED.coups[1:])
    (outcome,) = feed_home.load()
    assert (outcome.rows_loaded, outcome.rows_withdrawn) == (1, 0)


def test_a_coup_that_is_struck_off_is_withdrawn(feed_home, told):
    feed_home.load()
    told.listed = with_coups(*LISTED.coups[1:])
    (outcome,) = feed_home.load()
    assert outcome.rows_withdrawn == 1
    assert feed_home.rows("select coup_id from raw.coup where is_withdrawn") == [
        ("powell_thyne-432-2020-08-18-1",)
    ]


def test_two_attempts_of_one_day_keep_their_ids_in_any_order(feed_home, told):
    failed = replace(MALI, is_successful=False)
    told.listed = with_coups(MALI, failed)
    feed_home.load()
    told.listed = with_coups(failed, MALI)
    (outcome,) = feed_home.load()
    assert (outcome.rows_loaded, outcome.rows_unchanged) == (0, 2)
    assert feed_home.rows("select number_of_day, is_successful from raw.coup order by 1") == [
        (1, False),
        (2, True),
    ]


@pytest.mark.parametrize(
    ("country", "ccode", "iso3"),
    [
        ("Ivory Coast", 437, "CIV"),
        ("cote d'ivoire", 999, "CIV"),
        ("Upper Volta", 439, "BFA"),
        ("Gambia", 420, "GMB"),
    ],
)
def test_a_country_is_known_by_its_name_or_by_its_code(country, ccode, iso3):
    assert coups._country(ccode, country) == iso3


@pytest.mark.parametrize(
    ("coup", "reason"),
    [
        (
            Coup("Atlantis", 998, MALI.day, True),
            "no country is known as 'Atlantis' or by the code 998; add the name to country_alias.csv",
        ),
        (Coup("Niger", 475, MALI.day, True), "the country is 'Niger' (NER) and its code 475 (NGA)"),
    ],
)
def test_a_country_that_cannot_be_told_is_quarantined(feed_home, told, coup, reason):
    told.listed = with_coups(*LISTED.coups, coup)
    (outcome,) = feed_home.load()
    assert (outcome.rows_loaded, outcome.rows_quarantined) == (4, 1)
    assert feed_home.rows("select reason from ledger.quarantined_row") == [(reason,)]


def test_a_coup_whose_country_becomes_unreadable_is_not_withdrawn(feed_home, told):
    feed_home.load()
    told.listed = with_coups(replace(MALI, country="Niger"), *LISTED.coups[1:])
    (outcome,) = feed_home.load()
    assert (outcome.rows_quarantined, outcome.rows_withdrawn) == (1, 0)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Mali\t432\t2020\t13\t18\t2\tx", "2020-13-18 is no date"),
        ("Mali\t432\t2020\t8\t18\t3\tx", "coup is 3; 1 (failed) and 2 (successful) are known"),
        ("Mali\t-9\t2020\t8\t18\t2\tx", "ccode is '-9', not a whole number"),
        ("\t432\t2020\t8\t18\t2\tx", "no country"),
    ],
)
def test_a_line_that_cannot_be_read_is_quarantined(feed_home, tmp_path, line, reason):
    path = tmp_path / "list.txt"
    good = "Mali\t432\t2021\t5\t24\t2\tx"
    path.write_text(f"country\tccode\tyear\tmonth\tday\tcoup\tversion\n{good}\n{line}\n")
    (outcome,) = feed_home.load(file=path)
    assert (outcome.rows_loaded, outcome.rows_quarantined) == (1, 1)
    assert feed_home.rows("select reason, line from ledger.quarantined_row") == [(reason, 3)]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("web_page", "is a web page, not a table"),
        ("other_columns", "line 1 has no column country, ccode"),
        ("down", "500"),
    ],
)
def test_no_other_answer_is_loaded(feed_home, fault, words):
    feed_home.api.fault = fault
    assert words in feed_home.errors()


def test_a_list_that_has_moved_is_told_and_its_rows_stay(feed_home):
    feed_home.load()
    feed_home.settings = replace(
        feed_home.settings, coups_url=feed_home.settings.coups_url.replace("/coups", "/nowhere")
    )
    assert "404" in feed_home.errors()
    assert feed_home.statuses() == {"powell_thyne": "refused"}
    assert feed_home.rows("select count(*) > 0 from raw.coup where not is_withdrawn") == [(True,)]


def test_cam_stands_beside_powell_and_thyne(feed_home, tmp_path):
    feed_home.load()
    path = tmp_path / "cam.csv"
    path.write_text(
        CAM_HEADER + "432,1,2012,Mali,1,1,1,2012-03-21,1\n432,1,2012,Mali,2,1,0,2012-04-30,\n"
        "432,1,2013,Mali,1,1,7,2013-01-01,0\n",
    )
    (outcome,) = feed_home.load(file=path)
    assert (outcome.rows_loaded, outcome.rows_quarantined, outcome.rows_withdrawn) == (2, 1, 0)
    assert feed_home.rows(
        "select coup_id, number_in_year, is_successful, is_violent from raw.coup where dataset = 'cam' order by 1"
    ) == [("cam-432-2012-03-21-1", 1, True, True), ("cam-432-2012-04-30-1", 2, False, None)]
    assert feed_home.rows("select reason from ledger.quarantined_row") == [
        ("successful is 7; 0 and 1 are known",)
    ]


def test_a_file_of_neither_list_is_refused(feed_home, tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    assert "line 1 has no column country, ccode" in feed_home.errors(file=path)


def test_a_file_that_is_not_there_is_a_wrong_request(feed_home, tmp_path):
    with pytest.raises(ValueError, match="coups: no file at"):
        feed_home.load(file=tmp_path / "nothing.csv")
    with pytest.raises(ValueError, match="in the payload store already"):
        feed_home.load()
        feed_home.load(
            file=next(path for path in feed_home.settings.payloads.rglob("*") if _is_payload(path))
        )


def _is_payload(path: Path) -> bool:
    return path.is_file() and path.suffix not in (".json", ".jsonl")


def test_the_real_cam_list_loads_without_a_country_unknown(feed_home, shared_data):
    path = shared_data / "reference" / "cam_coups_list_3.0.csv"
    with path.open(encoding="utf-8") as file:
        real = list(csv.DictReader(file))
    (outcome,) = feed_home.load(file=path, countries=None)
    ended = [row for row in real if row["cowcode"] in ("680", "817")]
    assert {row["country"] for row in ended} == {"Yemen People's Republic", "Republic of Vietnam"}
    assert (outcome.rows_loaded, outcome.rows_quarantined) == (len(real) - len(ended), 0)
    assert feed_home.rows("select rows_out_of_scope from ledger.load_attempt") == [(len(ended),)]
    assert feed_home.rows(
        "select count(*), count_if(is_successful) from raw.coup where country_iso3 = 'BFA'"
    ) == [
        (
            sum(row["cowcode"] == "439" for row in real),
            sum(row["cowcode"] == "439" and row["successful"] == "1" for row in real),
        )
    ]
