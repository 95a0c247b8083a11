"""What exists when, and that moving the clock moves the publishers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from orchestration.made_world import WORLD_END, Publishers, World
from orchestration.made_world.context_apis import FATALITIES_PATH, POWELL_THYNE_PATH
from orchestration.made_world.publishers import ACCOUNT, APPNAME, UCDP_TOKEN, Answer, Request
from orchestration.settings import DEFAULT_URLS


@pytest.fixture
def publishers(at_the_end: Publishers) -> Publishers:
    """One's own clock, to move."""
    return at_the_end.at(datetime(2026, 4, 22, tzinfo=UTC))


def status(publishers: Publishers, path: str) -> int:
    return publishers.answer(path).status


def test_releases_appear_as_time_moves_on(publishers: Publishers) -> None:
    monthly = "/ucdp/downloads/candidateged/GEDEvent_v26_0_3.csv"
    cumulative = "/ucdp/downloads/candidateged/GEDEvent_v26_01_26_03.csv"
    annual = "/ucdp/downloads/ged/ged261-csv.zip"
    actors = "/ucdp/downloads/actor/ucdp-actor-261.csv"
    assert [status(publishers, path) for path in (monthly, cumulative, annual, actors)] == [
        200,
        404,
        404,
        404,
    ]
    publishers.as_of = datetime(2026, 4, 25, tzinfo=UTC)
    assert [status(publishers, path) for path in (monthly, cumulative, annual, actors)] == [
        200,
        200,
        404,
        404,
    ]
    publishers.as_of = WORLD_END
    assert [status(publishers, path) for path in (monthly, cumulative, annual, actors)] == [200] * 4
    assert publishers.answer(annual).last_modified == datetime(2026, 6, 8, 8, tzinfo=UTC)


def test_downloads_page_links_what_exists(publishers: Publishers) -> None:
    page = publishers.answer("/ucdp/downloads/").body.decode()
    assert "/downloads/ged/ged251-csv.zip" in page and "ged261" not in page
    for path in (part.split('"')[0] for part in page.split('href="')[1:]):
        assert status(publishers, f"/ucdp{path}") == 200


def test_slots_appear_minutes_after_their_time(publishers: Publishers) -> None:
    path = "/gdelt/gdeltv2/20260615120000.export.CSV.zip"
    publishers.as_of = datetime(2026, 6, 15, 12, 4, tzinfo=UTC)
    assert status(publishers, path) == 404
    publishers.as_of += timedelta(minutes=1)
    assert status(publishers, path) == 200
    assert status(publishers, "/gdelt/gdeltv2/20260615120000.translation.export.CSV.zip") == 404


def test_any_slot_of_the_five_years_can_be_asked_for(publishers: Publishers) -> None:
    assert status(publishers, "/gdelt/gdeltv2/20220202020000.mentions.CSV.zip") == 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/ucdp",
        "/ucdp/downloads/ged/ged991-csv.zip",
        "/gdelt/gdeltv2/20260615120100.export.CSV.zip",  # no quarter of an hour
        "/gdelt/gdeltv2/20190101000000.export.CSV.zip",  # before the world
        "/gdelt/gdeltv2/nonsense.export.CSV.zip",
        "/gdelt/gdeltv2/20260615120000.export.csv.zip",
        "/gdelt/20260615120000.export.CSV.zip",
        "/news/none/feed.xml",
        "/elsewhere",
    ],
)
def test_unknown_paths_are_404(at_the_end: Publishers, path: str) -> None:
    answer = at_the_end.answer(path)
    assert answer.status == 404 and answer.content_type.startswith("text/html")


def test_list_grows_with_the_clock_and_keeps_its_beginning(publishers: Publishers) -> None:
    path = "/gdelt/gdeltv2/masterfilelist.txt"
    publishers.as_of = datetime(2026, 6, 16, tzinfo=UTC)
    before = publishers.answer(path).body
    publishers.as_of += timedelta(hours=1)
    after = publishers.answer(path).body
    assert after.startswith(before) and after.count(b"\n") == before.count(b"\n") + 4 * 3


def test_windows_of_the_lists_can_be_chosen(at_the_end: Publishers) -> None:
    first = datetime(2023, 5, 1, tzinfo=UTC)
    chosen = at_the_end.at(WORLD_END, ((first, first + timedelta(hours=1)),))
    lines = chosen.gdelt_list(False, WORLD_END)
    assert len(lines) == 4 * 3
    assert lines[0].endswith("/20230501000000.export.CSV.zip")
    assert chosen.gdelt_last_update(False, WORLD_END)[0].endswith("/20230501004500.export.CSV.zip")
    assert chosen.gdelt_last_update(False, first) == []


def test_an_outage_of_a_whole_feed(publishers: Publishers) -> None:
    publishers.down.add("gdelt")
    assert status(publishers, "/gdelt/gdeltv2/lastupdate.txt") == 503
    assert status(publishers, "/ucdp/downloads/") == 200
    publishers.down.clear()
    assert status(publishers, "/gdelt/gdeltv2/lastupdate.txt") == 200


def test_views_have_clocks_and_outages_of_their_own(at_the_end: Publishers, publishers: Publishers) -> None:
    publishers.down.add("ucdp")
    assert at_the_end.as_of == WORLD_END and status(at_the_end, "/ucdp/downloads/") == 200


def test_the_lists_cover_the_coup_and_the_last_three_weeks_by_default(world: World) -> None:
    days = {
        line.rsplit("/", 1)[1][:8]
        for line in Publishers(world).gdelt_list(False, datetime(2024, 3, 14, tzinfo=UTC))
    }
    assert days == {"20240312", "20240313"}
    (coup_week, last_weeks) = Publishers(world).gdelt_windows
    assert coup_week[0] < datetime(2024, 3, 14, tzinfo=UTC) < coup_week[1]
    assert last_weeks == (WORLD_END - timedelta(days=21), WORLD_END)


def test_a_clock_without_zone_is_refused(publishers: Publishers) -> None:
    with pytest.raises(ValueError, match="time zone"):
        publishers.as_of = datetime(2026, 1, 1)


# --- APIs ---------------------------------------------------------------------------------------------

ASKED = {
    "ucdp_api": Request(
        "GET", "/api/gedevents/26.0.4", {"pagesize": "1"}, {"x-ucdp-access-token": UCDP_TOKEN}
    ),
    "acled": Request(
        "POST",
        "/oauth/token",
        headers={"content-type": "application/x-www-form-urlencoded"},
        body=urlencode(
            {
                "username": ACCOUNT[0],
                "password": ACCOUNT[1],
                "grant_type": "password",
                "client_id": "acled",
                "scope": "authenticated",
            }
        ).encode(),
    ),
    "reliefweb": Request("GET", "/v2/reports", {"appname": APPNAME}),
    "insecurity_insight": Request("GET", "/hdx/v1/education"),
    "worldbank": Request("GET", "/v2/country/MLI/indicator/SP.POP.TOTL", {"format": "json"}),
    "unhcr": Request("GET", "/population/v1/population", {"coo_all": "true", "yearFrom": "2024"}),
    "idmc": Request("GET", "/api/3/action/package_show", {"id": "idmc-idp-data-mli"}),
    "coups": Request("GET", POWELL_THYNE_PATH),
    "peacekeeping": Request("GET", FATALITIES_PATH),
}


@pytest.mark.parametrize("name", ASKED)
def test_each_api_answers_below_its_own_prefix_and_knows_the_made_accounts(
    at_the_end: Publishers, name: str
) -> None:
    asked = ASKED[name]
    answer = at_the_end.handle(replace(asked, path=f"/{name}{asked.path}"))
    assert answer.status == 200, answer.body[:300]
    assert len(answer.body) > 100
    apart = at_the_end.at(WORLD_END)
    apart.down.add(name)
    assert apart.handle(replace(asked, path=f"/{name}{asked.path}")).status == 503


def test_every_publisher_that_the_settings_know_is_there(at_the_end: Publishers) -> None:
    assert {"ucdp", "gdelt", "reliefweb_rss", *at_the_end.apis} == set(DEFAULT_URLS)
    assert set(ASKED) == set(at_the_end.apis)


def test_nothing_is_drawn_before_it_is_asked_for() -> None:
    class Untouchable(World):
        @property
        def incidents(self):
            raise AssertionError("drawn")

    publishers = Publishers(Untouchable(seed=7))
    assert len(publishers.apis) == len(list(publishers.apis)) == len(ASKED)
    assert "acled" in publishers.apis and "nobody" not in publishers.apis
    assert publishers.handle(Request("GET", "/nobody/at/all")).status == 404
    with pytest.raises(AssertionError, match="drawn"):
        publishers.handle(Request("GET", "/reliefweb/v2/reports", {"appname": APPNAME}))


def test_an_api_is_made_once_and_can_be_replaced_or_taken_out(world: World) -> None:
    class Silent:
        def handle(self, request: Request, as_of: datetime) -> Answer:
            return Answer(b"", "text/plain", status=204)

    publishers = Publishers(world)
    assert publishers.apis["acled"] is publishers.apis["acled"]
    assert publishers.at(WORLD_END).apis is publishers.apis
    publishers.apis["acled"] = publishers.apis["mine"] = Silent()
    assert {publishers.handle(Request("GET", f"/{name}/x")).status for name in ("acled", "mine")} == {204}
    del publishers.apis["acled"], publishers.apis["mine"]
    assert publishers.handle(Request("GET", "/acled/oauth/token")).status == 404
    with pytest.raises(KeyError):
        del publishers.apis["acled"]
