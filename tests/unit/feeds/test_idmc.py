"""The IDMC feed against a server of HDX's protocol: the catalogue, the redirect to a storage, tags and marks."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from orchestration.feeds.base import NotTheFormat
from orchestration.feeds.idmc import _insist_on_hdx
from orchestration.made_world.context_apis import Displacement, HdxApi
from orchestration.settings import Settings
from tests.unit.feeds.context_home import ContextHome, context_home

CHANGED = datetime(2026, 5, 13, 9, tzinfo=UTC)
FILES = {
    "MLI": Displacement(CHANGED, ((2022, 154_000, 380_000), (2023, 96_000, 354_000), (2024, None, 378_000))),
    "BFA": Displacement(CHANGED, ((2023, 707_000, 2_062_000),)),
}


class Told:
    """What HDX has now; a test puts something else there."""

    files = FILES


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def feed_home(told, settings, monkeypatch) -> Iterator[ContextHome]:
    with context_home("idmc", HdxApi(lambda _: told.files), settings, monkeypatch) as feed_home:
        yield feed_home


def test_each_countrys_file_is_found_and_followed_to_the_storage(feed_home):
    assert feed_home.statuses() == {"BFA": "ok", "MLI": "ok"}
    assert feed_home.rows(
        "select country_iso3, year, new_displacement, total_displacement, released_at::varchar "
        "from raw.idmc_displacement order by 1, 2"
    ) == [
        ("BFA", 2023, 707_000, 2_062_000, "2026-05-13 09:00:00"),
        ("MLI", 2022, 154_000, 380_000, "2026-05-13 09:00:00"),
        ("MLI", 2023, 96_000, 354_000, "2026-05-13 09:00:00"),
        ("MLI", 2024, None, 378_000, "2026-05-13 09:00:00"),
    ]
    assert [request.path for request in feed_home.api.asked if request.path.startswith("/storage/")] == [
        "/storage/internal-displacements-new-displacements-idps_bfa.csv",
        "/storage/internal-displacements-new-displacements-idps_mli.csv",
    ]


def test_the_row_of_tags_and_the_byte_order_mark_are_no_data(feed_home):
    outcomes = feed_home.load(countries=("MLI",))
    assert [(outcome.rows_parsed, outcome.rows_quarantined) for outcome in outcomes] == [(3, 0)]


def test_a_country_that_hdx_has_no_file_of_is_missing(feed_home):
    assert feed_home.statuses(countries=("GMB", "MLI")) == {"GMB": "missing", "MLI": "ok"}


def test_revisions_are_versions_and_what_is_left_out_is_withdrawn_for_that_country_alone(feed_home, told):
    feed_home.load()
    told.files = {
        "MLI": Displacement(CHANGED, ((2023, 99_000, 354_000), (2024, None, 378_000))),
        "BFA": FILES["BFA"],
    }
    assert feed_home.statuses() == {"BFA": "unchanged", "MLI": "ok"}
    assert feed_home.rows(
        "select year, new_displacement, is_withdrawn from raw.idmc_displacement where country_iso3 = 'MLI' "
        "order by attempt_id, year"
    ) == [
        (2022, 154_000, False),
        (2023, 96_000, False),
        (2024, None, False),
        (2022, 154_000, True),
        (2023, 99_000, False),
    ]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("error", "HDX refuses it: made: Access denied"),
        ("two_files", "2 files on conflict for BFA where one was due"),
        ("elsewhere", "HDX names a file at a host that is not its own"),
        ("web_page", "answered with a web page"),
        ("web_file", "is a web page, not a table"),
        ("down", "500"),
    ],
)
def test_no_other_answer_is_loaded(feed_home, fault, words):
    feed_home.api.fault = fault
    assert words in feed_home.errors()


@pytest.mark.parametrize(
    "url",
    [
        "https://data.humdata.org/dataset/x.csv",
        "https://s3.eu-central-1.amazonaws.com/hdx/x.csv",
        "https://files.data.humdata.org/x.csv",
    ],
)
def test_hdx_and_its_storage_are_asked(url):
    _insist_on_hdx(url, Settings())


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/x.csv",
        "https://data.humdata.org.example.org/x.csv",
        "https://amazonaws.com.example.org/x.csv",
        "http://127.0.0.1/x.csv",
        "file:///etc/passwd",
        "",
    ],
)
def test_no_other_host_is_asked(url):
    with pytest.raises(NotTheFormat, match="not its own"):
        _insist_on_hdx(url, Settings())


def test_rows_that_cannot_be_read_are_quarantined(feed_home, monkeypatch):
    table = feed_home.api._table

    def odd(iso3, file):
        return (
            table(iso3, file)
            + b"MLI,Made,2025,many,,1,\r\nNER,Made,2025,1,,1,\r\nMLI,Made\r\nMLI,Made,,1,,1,\r\n"
        )

    monkeypatch.setattr(feed_home.api, "_table", odd)
    (outcome,) = feed_home.load(countries=("MLI",))
    assert outcome.level == "block"  # four of seven are too many to load the rest
    assert feed_home.rows("select reason from ledger.quarantined_row order by line") == [
        ("new_displacement is 'many', not a whole number",),
        ("a row of 'NER' stands in the file of MLI",),
        ("too few or too many fields",),
        ("no year",),
    ]


def test_another_file_is_named_as_such(feed_home, monkeypatch):
    monkeypatch.setattr(feed_home.api, "_table", lambda *_: b"a,b\n1,2\n")
    assert (
        "line 1 has no column iso3, year, new_displacement, total_displacement (it has a, b)"
        in feed_home.errors()
    )
