"""What exists when, and that moving the clock moves the publishers."""

from datetime import UTC, datetime, timedelta

import pytest

from orchestration.made_world import WORLD_END, Publishers, World


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
