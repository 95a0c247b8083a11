"""UCDP's side: the bulk layout, and releases that revise, withdraw, restore and supersede."""

import csv
import io
import zipfile
from datetime import UTC, date, datetime, timedelta

import pytest

from orchestration.made_world import WORLD_END, Publishers
from orchestration.made_world.ucdp import ACTOR_COLUMNS, GED_COLUMNS, Ucdp
from orchestration.made_world.world import MADE_LABEL, TRUCE, TRUCE_DYAD_ID

CURRENT_RELEASES = ["26.1", "26.01.26.03", "26.0.4", "26.0.5"]


@pytest.fixture(scope="module")
def ucdp(at_the_end: Publishers) -> Ucdp:
    return at_the_end.ucdp


def read(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_annual_is_a_zip_with_the_bulk_csv(ucdp: Ucdp) -> None:
    archive = zipfile.ZipFile(io.BytesIO(ucdp.file(ucdp.release("26.1"), WORLD_END)))
    assert archive.namelist() == ["GEDEvent_v26_1.csv"]
    content = archive.read("GEDEvent_v26_1.csv")
    assert len(GED_COLUMNS) == 49
    assert content.startswith(",".join(GED_COLUMNS).encode() + b"\r\n")
    rows = read(content)
    assert 4_000 < len(rows) < 6_000
    assert len({row["id"] for row in rows}) == len(rows)
    assert max(row["date_end"] for row in rows) <= "2025-12-31 00:00:00.000"
    assert {row["code_status"] for row in rows} == {"Clear"}
    assert not [row for row in rows if row["side_b"].startswith("XXX")]


def test_header_is_the_publishers_own(ucdp: Ucdp, shared_data) -> None:
    real = zipfile.ZipFile(shared_data / "mirror/ucdp/downloads/ged/ged241-csv.zip")
    with real.open("GEDEvent_v24_1.csv") as file:
        assert file.readline().decode() == ",".join(GED_COLUMNS) + "\r\n"
    actors = shared_data / "mirror/ucdp/downloads/actor/ucdp-actor-221.csv"
    assert actors.read_bytes().split(b"\n", 1)[0] == b"\xef\xbb\xbf" + ",".join(ACTOR_COLUMNS).encode()


def test_same_bytes_from_a_world_made_again(ucdp: Ucdp, made_again: Publishers) -> None:
    again = made_again.ucdp
    for name in ("25.1", "26.0.5"):
        assert again.file(again.release(name), WORLD_END) == ucdp.file(ucdp.release(name), WORLD_END)


def test_every_row_is_labelled_and_adds_up(ucdp: Ucdp) -> None:
    rows = ucdp.rows(ucdp.release("26.1"))
    parts = ("deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown")
    for row in rows:
        assert MADE_LABEL in row["source_article"] and row["source_headline"].startswith("[Made]")
        assert row["best"] == sum(row[name] for name in parts)
        assert row["high"] >= max(1, row["best"])
        assert row["id"] >= 9_000_001
    assert 0 < sum(row["low"] > row["best"] for row in rows) < 0.02 * len(rows)
    assert sum(row["best"] == 0 for row in rows) > 100
    assert 0.15 < sum(row["date_start"] < row["date_end"] for row in rows) / len(rows) < 0.35
    assert {row["where_prec"] for row in rows} == {1, 2, 3, 4, 5, 6}
    assert any("\n" in row["where_description"] for row in rows)


def test_candidates_are_unclear_and_their_actors_provisional(ucdp: Ucdp) -> None:
    rows = ucdp.rows(ucdp.release("26.0.5"))
    assert 0.25 < sum(row["code_status"] != "Clear" for row in rows) / len(rows) < 0.6
    assert sum(row["side_b"].startswith("XXX") for row in rows) > 5


def test_a_provisional_actor_is_resolved_by_the_annual(ucdp: Ucdp) -> None:
    provisional = {row["id"] for row in ucdp.rows(ucdp.release("25.0.6")) if row["side_b"].startswith("XXX")}
    annual = {row["id"]: row for row in ucdp.rows(ucdp.release("26.1"))}
    resolved = provisional & annual.keys()
    assert resolved and not [one for one in resolved if annual[one]["side_b"].startswith("XXX")]


def test_monthly_has_its_month_and_a_few_older_events(ucdp: Ucdp) -> None:
    release = ucdp.release("26.0.5")
    months = [row["date_end"].month for row in ucdp.rows(release)]
    assert set(months) <= {1, 2, 3, 4, 5}
    assert 0.6 < months.count(5) / len(months) < 0.95


def test_cumulative_omits_what_it_withdraws(ucdp: Ucdp) -> None:
    withdrawn = ucdp.planted["withdrawn_by_26.01.26.03"]
    assert len(withdrawn) == 3
    before = {row["id"] for name in ("26.0.1", "26.0.2", "26.0.3") for row in ucdp.rows(ucdp.release(name))}
    after = {row["id"] for row in ucdp.rows(ucdp.release("26.01.26.03"))}
    assert set(withdrawn) <= before
    assert not set(withdrawn) & after
    monthlies_first = ucdp.current_after(["26.0.1", "26.0.2", "26.0.3"])
    then = ucdp.current_after(["26.0.1", "26.0.2", "26.0.3", "26.01.26.03"])
    assert set(withdrawn) <= monthlies_first.keys() and not set(withdrawn) & then.keys()


def test_a_withdrawn_event_comes_back(ucdp: Ucdp) -> None:
    (event_id,) = ucdp.planted["withdrawn_then_restored_by_26.0.5"]
    seen = [
        name
        for name in ("26.0.1", "26.01.26.03", "26.0.4", "26.0.5")
        if event_id in {row["id"] for row in ucdp.rows(ucdp.release(name))}
    ]
    assert seen == ["26.0.1", "26.0.5"]
    (event_id,) = ucdp.planted["withdrawn_by_25.1_restored_by_26.1"]
    seen = [
        name
        for name in ("24.1", "25.1", "26.1")
        if event_id in {row["id"] for row in ucdp.rows(ucdp.release(name))}
    ]
    assert seen == ["24.1", "26.1"]


def test_annual_withdraws_and_revises_older_years(ucdp: Ucdp) -> None:
    before = {row["id"]: row for row in ucdp.rows(ucdp.release("25.1"))}
    after = {row["id"]: row for row in ucdp.rows(ucdp.release("26.1"))}
    gone = ucdp.planted["withdrawn_by_26.1"]
    assert len(gone) == 5 and set(gone) <= before.keys() and not set(gone) & after.keys()
    (revised,) = ucdp.planted["late_revision_by_26.1"]
    assert before[revised]["year"] == 2022
    assert after[revised]["best"] == before[revised]["best"] + 40


def test_republished_release_changes_under_its_name(ucdp: Ucdp) -> None:
    release = ucdp.release("26.0.4")
    (event_id,) = ucdp.planted["revised_by_republished_26.0.4"]
    first, second = release.published_at, release.published_at + timedelta(days=7)
    assert ucdp.published_at(release, first) == first
    assert ucdp.published_at(release, second - timedelta(seconds=1)) == first
    assert ucdp.published_at(release, second) == second
    best = [
        {row["id"]: row["best"] for row in ucdp.rows_as_of(release, at)}[event_id] for at in (first, second)
    ]
    assert best[1] == best[0] + 7
    assert ucdp.file(release, first) != ucdp.file(release, second)


def test_one_candidate_came_without_its_header(ucdp: Ucdp) -> None:
    content = ucdp.file(ucdp.release("24.0.1"), WORLD_END)
    assert content[:1].isdigit()
    assert len(next(csv.reader(io.StringIO(content.decode(), newline="")))) == 49


def test_a_release_is_not_there_before_its_day(ucdp: Ucdp) -> None:
    june = ucdp.release("26.0.6")
    assert ucdp.published_at(june, WORLD_END) is None
    with pytest.raises(LookupError, match=r"26\.0\.6 is not published"):
        ucdp.file(june, WORLD_END)
    with pytest.raises(KeyError, match="no UCDP release"):
        ucdp.release("99.1")


def test_current_state_holds_each_release_in_turn(ucdp: Ucdp) -> None:
    current = ucdp.current_after(CURRENT_RELEASES)
    may = {row["id"]: row for row in ucdp.rows(ucdp.release("26.0.5"))}
    assert all(current[event_id] == row for event_id, row in may.items())
    annual = {row["id"] for row in ucdp.rows(ucdp.release("26.1"))}
    assert annual <= current.keys()


def test_duplicates_are_withdrawn_in_the_end(ucdp: Ucdp) -> None:
    twins = [event for event in ucdp.events if event.duplicate_of is not None]
    assert len(twins) > 20
    by_id = {event.event_id: event for event in ucdp.events}
    for twin in twins:
        assert by_id[twin.duplicate_of].incident is twin.incident
        assert twin.withdrawn_at is not None and twin.state_at(twin.known_at) is not None


def test_the_first_attack_in_ghana_is_late_in_ucdp(ucdp: Ucdp) -> None:
    (event,) = [one for one in ucdp.events if one.incident.planted == "jnim_in_ghana"]
    assert event.incident.date_start == date(2025, 2, 22)
    assert event.known_at > datetime(2026, 1, 1, tzinfo=UTC)
    assert event.event_id in {row["id"] for row in ucdp.rows(ucdp.release("26.1"))}


def test_no_revision_moves_fighting_into_the_truce(ucdp: Ucdp) -> None:
    rows = ucdp.current_after(CURRENT_RELEASES).values()
    truce = [row for row in rows if row["dyad_new_id"] == TRUCE_DYAD_ID]
    assert truce
    assert not [row for row in truce if row["date_end"] >= TRUCE[0] and row["date_start"] <= TRUCE[1]]


def test_actor_list_names_the_actors_of_the_events(ucdp: Ucdp) -> None:
    content = ucdp.actor_list(2026)
    rows = read(content.removeprefix(b"\xef\xbb\xbf"))
    names = {row["NameData"]: row for row in rows}
    assert names["JNIM"]["ActorId"] == "6716" and "15108" in names["JNIM"]["DyadId"]
    assert names["FLA"]["NamePrev"] == "CSP-PSD"
    assert {row["Version"] for row in rows} == {"26.1"}
    sides = {row[side] for row in ucdp.rows(ucdp.release("26.1")) for side in ("side_a", "side_b")}
    assert sides - names.keys() == {"Civilians"}
    older = read(ucdp.actor_list(2022).removeprefix(b"\xef\xbb\xbf"))
    assert "RSF" not in {row["NameData"] for row in older}
