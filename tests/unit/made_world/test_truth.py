"""The truth: every record a publisher shows is in it, and what it says can be read back."""

import csv
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.made_world import MADE_LABEL, WORLD_END, Publishers, Truth, World
from orchestration.made_world.gdelt import slots_between
from orchestration.made_world.news import OUTLETS


@pytest.fixture(scope="module")
def truth(at_the_end: Publishers) -> Truth:
    return Truth(at_the_end)


def test_every_ucdp_id_of_every_release_is_known(truth: Truth) -> None:
    known = {int(record.source_id) for record in truth.ucdp_records()}
    ucdp = truth.publishers.ucdp
    shown = {row["id"] for release in ucdp.releases for row in ucdp.rows(release)}
    assert shown <= known
    incidents = {incident.incident_id for incident in truth.world.incidents}
    assert {record.incident_id for record in truth.ucdp_records()} <= incidents


def test_every_gdelt_row_is_known(truth: Truth) -> None:
    first = WORLD_END - timedelta(days=2)
    known = {record.source_id for record in truth.gdelt_records(first, WORLD_END)}
    shown = set()
    for slot in slots_between(first, WORLD_END):
        for translated in (False, True):
            content = truth.publishers.gdelt.slot_bytes(
                slot, "export", translated, WORLD_END + timedelta(days=1)
            )
            if content is not None:
                archive = zipfile.ZipFile(io.BytesIO(content))
                lines = archive.read(archive.namelist()[0]).decode().splitlines()
                shown |= {line.split("\t", 1)[0] for line in lines}
    empty = datetime(2026, 6, 20, 3, tzinfo=UTC)
    told = {record.stream for record in truth.gdelt_records(empty, empty + timedelta(minutes=15))}
    assert told == {"export_translated"}  # the English half of that slot is empty
    shown.discard("made-id")  # the malformed one, which truth knows under the id it ought to have
    assert shown and shown <= known


def test_every_item_on_show_is_known(truth: Truth) -> None:
    known = {(record.stream, record.source_id) for record in truth.news_records()}
    shown = {
        (outlet.feed_id, item.guid)
        for outlet in OUTLETS
        for item in truth.publishers.news.visible(outlet, WORLD_END)
    }
    assert shown and shown <= known


def test_incidents_are_told_by_several_feeds(truth: Truth) -> None:
    ucdp = {record.incident_id for record in truth.ucdp_records()}
    news = {record.incident_id for record in truth.news_records()} - {None}
    assert len(ucdp & news) > 1_000
    assert news - ucdp and ucdp - news  # no source has it all


def test_written_truth_reads_back(tmp_path: Path) -> None:
    first = WORLD_END - timedelta(days=3)
    publishers = Publishers(World(seed=7, scale=0.1, rows_per_slot=4), gdelt_windows=((first, WORLD_END),))
    truth = Truth(publishers)
    truth.write(tmp_path)
    with (tmp_path / "incidents.csv").open(encoding="utf-8", newline="") as file:
        incidents = {row["incident_id"] for row in csv.DictReader(file)}
    with (tmp_path / "records.csv").open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    assert len(incidents) == len(publishers.world.incidents)
    assert {record["feed"] for record in records} == {"ucdp", "gdelt", "news"}
    assert {record["incident_id"] for record in records} - {""} <= incidents
    planted = json.loads((tmp_path / "planted.json").read_text(encoding="utf-8"))
    assert planted["label"] == MADE_LABEL
    names = {fact["name"] for fact in planted["facts"]}
    assert {"coup_niger", "truce_jnim_is", "blockade_western_mali", "jnim_in_ghana", "outage"} <= names
