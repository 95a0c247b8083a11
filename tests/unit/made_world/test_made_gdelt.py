"""GDELT's side: column layouts, lists that match the bytes, faults, and the traps in the rows."""

import hashlib
import io
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from orchestration.made_world import WORLD_END, Publishers, World
from orchestration.made_world.gdelt import (
    FAULTS,
    KINDS,
    MALFORMATIONS,
    MALFORMED_EVERY,
    Gdelt,
    file_path,
    slot_number,
    slots_between,
)
from orchestration.made_world.world import COUP_DATE

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
COLUMNS = {"export": 61, "mentions": 16, "gkg": 27}


@pytest.fixture(scope="module")
def gdelt(at_the_end: Publishers) -> Gdelt:
    return at_the_end.gdelt


def lines_of(content: bytes) -> list[list[str]]:
    archive = zipfile.ZipFile(io.BytesIO(content))
    (member,) = archive.namelist()
    return [line.split("\t") for line in archive.read(member).decode().splitlines()]


@pytest.mark.parametrize("translated", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_layout(gdelt: Gdelt, kind: str, translated: bool) -> None:
    content = gdelt.slot_bytes(NOON, kind, translated)
    assert content is not None
    name = file_path(NOON, kind, translated)
    assert zipfile.ZipFile(io.BytesIO(content)).namelist() == [name.rsplit("/", 1)[1].removesuffix(".zip")]
    rows = lines_of(content)
    assert rows and {len(row) for row in rows} == {COLUMNS[kind]}


def test_row_columns_hold_what_they_should(gdelt: Gdelt) -> None:
    for translated, added in ((False, "20260615120000"), (True, "20260615114500")):
        for row in lines_of(gdelt.whole_file(NOON, "export", translated)):
            assert row[0].isdigit() and int(row[0]) < 2**31
            assert row[1][:6] == row[2] and row[1][:4] == row[3]
            assert row[26].startswith(row[28]) and len(row[28]) == 2  # leading zeros kept
            assert row[29] in "1234"
            assert row[59] == added  # the translated half carries the stamp of the slot before
            assert row[60].startswith("https://made.example/")
            assert row[53] in ("",) or len(row[53]) == 2


def test_a_slot_does_not_depend_on_what_was_asked_before(gdelt: Gdelt, made_again: Publishers) -> None:
    fresh = made_again.gdelt
    assert fresh.whole_file(NOON, "mentions", True) == gdelt.whole_file(NOON, "mentions", True)
    assert fresh.whole_file(NOON - timedelta(days=900), "export", False) == gdelt.whole_file(
        NOON - timedelta(days=900), "export", False
    )


def test_ids_are_unique_across_slots_and_halves(gdelt: Gdelt) -> None:
    ids = [
        row.event_id
        for slot in slots_between(NOON, NOON + timedelta(days=1))
        for translated in (False, True)
        for row in gdelt.export_rows(slot, translated)
    ]
    assert len(set(ids)) == len(ids) > 1_000


def test_rows_per_slot_sizes_a_slot() -> None:
    big = Gdelt(World(seed=7, scale=0.05, rows_per_slot=1_390))
    counts = [big.background_count(slot, False) for slot in slots_between(NOON, NOON + timedelta(days=1))]
    assert min(counts) >= 1_042 and max(counts) <= 1_738
    assert 1_300 < sum(counts) / len(counts) < 1_480
    assert len(big.export_rows(NOON, False)) >= big.background_count(NOON, False)


def test_lists_match_the_bytes(at_the_end: Publishers) -> None:
    lines = at_the_end.gdelt_list(False, WORLD_END)
    for line in lines[-96:]:
        size, md5, url = line.split(" ")
        path = url.removeprefix("http://data.gdeltproject.org")
        answer = at_the_end.answer(f"/gdelt{path}")
        assert answer.status == 200
        assert (len(answer.body), hashlib.md5(answer.body).hexdigest()) == (int(size), md5)


def test_last_update_is_the_newest_slot_and_the_translated_one_lags(at_the_end: Publishers) -> None:
    at = NOON + timedelta(minutes=6)
    english = at_the_end.gdelt_last_update(False, at)
    translated = at_the_end.gdelt_last_update(True, at)
    assert [line.rsplit("/", 1)[1] for line in english] == [
        "20260615120000.export.CSV.zip",
        "20260615120000.mentions.CSV.zip",
        "20260615120000.gkg.csv.zip",
    ]
    assert [line.rsplit("/", 1)[1][:14] for line in translated] == ["20260615114500"] * 3


def test_list_ends_at_the_last_slot(at_the_end: Publishers) -> None:
    lines = at_the_end.gdelt_list(False, NOON + timedelta(minutes=4))
    assert lines[-1].rsplit("/", 1)[1].startswith("20260615114500")
    assert (
        at_the_end.gdelt_list(False, NOON + timedelta(minutes=5))[-1]
        .rsplit("/", 1)[1]
        .startswith("20260615120000")
    )


def fault(name: str):
    return next(one for one in FAULTS if one.name == name)


def listed_names(publishers: Publishers, as_of: datetime) -> list[str]:
    return [line.rsplit("/", 1)[1] for line in publishers.gdelt_list(False, as_of)]


def test_outage_is_in_no_list_and_answers_404(at_the_end: Publishers) -> None:
    outage = fault("outage")
    names = listed_names(at_the_end, WORLD_END)
    slots = list(slots_between(outage.first, outage.last + timedelta(minutes=1)))
    assert len(slots) == 26
    for slot in slots:
        name = file_path(slot, "export", False)
        assert name.rsplit("/", 1)[1] not in names
        assert at_the_end.answer(f"/gdelt{name}").status == 404


def test_late_slots_come_after_their_successors(at_the_end: Publishers) -> None:
    late = fault("late_slots")
    assert late.until is not None
    name = file_path(late.first, "export", False).rsplit("/", 1)[1]
    before = late.until - timedelta(minutes=1)
    assert name not in listed_names(at_the_end, before)
    assert at_the_end.gdelt.slot_bytes(late.first, "export", False, before) is None
    names = listed_names(at_the_end, WORLD_END)
    assert names.index(name) > names.index("20260623000000.export.CSV.zip")
    assert at_the_end.gdelt.slot_bytes(late.first, "export", False, late.until) is not None


def test_listed_but_missing(at_the_end: Publishers) -> None:
    slot = fault("listed_but_missing").first
    assert file_path(slot, "export", False).rsplit("/", 1)[1] in listed_names(at_the_end, WORLD_END)
    assert at_the_end.answer(f"/gdelt{file_path(slot, 'export', False)}").status == 404
    assert at_the_end.answer(f"/gdelt{file_path(slot, 'mentions', False)}").status == 200


@pytest.mark.parametrize(("name", "mended"), [("corrupt_for_good", False), ("corrupt_then_mended", True)])
def test_corrupt_zip_differs_from_its_line(gdelt: Gdelt, name: str, mended: bool) -> None:
    slot = fault(name).first
    broken = gdelt.slot_bytes(slot, "export", False, slot + timedelta(hours=1))
    assert broken is not None
    size, md5, _ = gdelt.list_line(slot, "export", False).split(" ")
    assert (len(broken), hashlib.md5(broken).hexdigest()) != (int(size), md5)
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(broken))
    at_last = gdelt.slot_bytes(slot, "export", False, WORLD_END)
    assert at_last is not None
    assert (hashlib.md5(at_last).hexdigest() == md5) is mended


def test_empty_slot_is_a_whole_zip_without_rows(gdelt: Gdelt) -> None:
    slot = fault("empty_slot").first
    assert lines_of(gdelt.slot_bytes(slot, "export", False)) == []
    assert lines_of(gdelt.slot_bytes(slot, "export", True)) != []


def test_malformed_rows_of_each_kind(gdelt: Gdelt) -> None:
    slots = [
        slot
        for slot in slots_between(NOON - timedelta(days=9), WORLD_END)
        if slot_number(slot) % MALFORMED_EVERY == 0
    ][: len(MALFORMATIONS)]
    found = []
    for slot in slots:
        (row,) = [one for one in gdelt.export_rows(slot, False) if one.note == "malformed"]
        cells = row.line.rstrip("\n").split("\t")
        if len(cells) != 61:
            found.append("60 columns")
        elif cells[1] == "20261345":
            found.append("date that is no date")
        elif cells[56] == "north":
            found.append("latitude that is no number")
        elif not cells[0].isdigit():
            found.append("id that is no number")
    assert sorted(found) == sorted(MALFORMATIONS)
    quiet = Gdelt(gdelt.world, with_malformed=False)
    assert not [row for row in quiet.export_rows(slots[0], False) if row.note == "malformed"]


def test_traps_in_the_rows() -> None:
    """Benin City, Niger State, a year off, and the FIPS codes that are other countries in ISO."""
    gdelt = Gdelt(World(seed=7, scale=0.2))
    rows = [
        row
        for slot in slots_between(NOON, NOON + timedelta(days=2))
        for row in gdelt.export_rows(slot, False)
    ]
    cells = [(row, row.line.rstrip("\n").split("\t")) for row in rows if row.note != "malformed"]
    misplaced = [row for row, cell in cells if row.note == "benin_city_misplaced"]
    assert misplaced and all("edo-benin-city" in row.url for row in misplaced)
    assert {cell[53] for row, cell in cells if row in misplaced} == {"BN"}
    assert any(cell[52] == "Benin City, Edo, Nigeria" and cell[53] == "NI" for _, cell in cells)
    assert any(cell[52].endswith(", Niger, Nigeria") and cell[54] == "NI31" for _, cell in cells)
    assert {"NG", "NI", "NE", "BF", "UV", "CD"} <= {cell[53] for _, cell in cells}
    retrospective = [cell for row, cell in cells if row.note == "retrospective"]
    assert retrospective and all(int(cell[59][:4]) - int(cell[3]) >= 1 for cell in retrospective)


def test_the_coup_is_all_over_the_slots(gdelt: Gdelt) -> None:
    def rows_on(day: datetime) -> int:
        return sum(
            row.incident_id is not None
            for slot in slots_between(day, day + timedelta(days=2))
            for row in gdelt.export_rows(slot, False)
        )

    coup = datetime(COUP_DATE.year, COUP_DATE.month, COUP_DATE.day, tzinfo=UTC)
    assert rows_on(coup + timedelta(hours=12)) > 2 * rows_on(coup - timedelta(days=10))


def test_mentions_name_rows_that_exist(gdelt: Gdelt) -> None:
    mentions = lines_of(gdelt.whole_file(NOON, "mentions", False))
    earlier = [row for row in mentions if row[1] != row[2]]
    assert earlier
    for row in earlier:
        slot = datetime.strptime(row[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        assert int(row[0]) in {one.event_id for one in gdelt.export_rows(slot, False)}
    translated = lines_of(gdelt.whole_file(NOON, "mentions", True))
    assert {row[14] for row in translated} == {"srclc:fra;eng:GT-FRA 1.0"}


def test_no_incident_is_told_before_it_happened(gdelt: Gdelt) -> None:
    by_id = {incident.incident_id: incident for incident in gdelt.world.incidents}
    for slot in slots_between(NOON, NOON + timedelta(days=2)):
        for row in gdelt.export_rows(slot, False):
            if row.incident_id:
                assert by_id[row.incident_id].happened_at < slot + timedelta(minutes=15)
