"""The truth: every record a publisher shows is in it, and what it says can be read back."""

import csv
import io
import json
import zipfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.made_world import MADE_LABEL, WORLD_END, Publishers, Truth, World
from orchestration.made_world.gdelt import slots_between
from orchestration.made_world.insecurity_insight import TOPICS
from orchestration.made_world.news import OUTLETS
from orchestration.made_world.truth import EVENT_FEEDS, Pair
from orchestration.made_world.world import HARD_CASES


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


def test_every_acled_event_and_every_topic_row_is_known(truth: Truth) -> None:
    acled = truth.publishers.acled
    known = {record.source_id for record in truth.acled_records()}
    early = WORLD_END - timedelta(days=400)
    assert {row["event_id_cnty"] for at in (early, WORLD_END) for row in acled.events(at)} <= known
    known = {(record.stream, record.source_id) for record in truth.insecurity_insight_records()}
    for topic in TOPICS:
        for row in truth.publishers.insecurity_insight.rows(topic, WORLD_END):
            assert (topic, str(row.get("SiND Event ID") or row["SiND ID"])) in known


def test_a_sum_has_two_records_and_a_split_several_of_one_incident(truth: Truth) -> None:
    records = list(truth.acled_records())
    sums = Counter(record.source_id for record in records if "sum" in record.note.split())
    assert set(sums.values()) == {2}
    splits = Counter(record.incident_id for record in records if "split" in record.note.split())
    assert min(splits.values()) > 1
    assert any(record.incident_id is None and record.note == "alone" for record in records)


def test_what_stands_is_what_the_publishers_show(truth: Truth) -> None:
    standing = truth.standing()
    ucdp = truth.publishers.ucdp
    wanted = ["26.1", "26.01.26.03", "26.0.4", "26.0.5"]
    of_feed = {feed: {key for one, key in standing if one == feed} for feed in EVENT_FEEDS}
    assert of_feed["ucdp"] == {str(one) for one in ucdp.current_after(wanted)}
    assert of_feed["acled"] == {row["event_id_cnty"] for row in truth.publishers.acled.events(WORLD_END)}
    assert all(of_feed.values())
    for event in ucdp.events:
        if (
            event.withdrawn_at
            and not event.restored_at
            and event.withdrawn_at < datetime(2026, 3, 1, tzinfo=UTC)
        ):
            assert str(event.event_id) not in of_feed["ucdp"]


def test_pairs_are_all_records_of_two_feeds_that_share_an_incident(truth: Truth) -> None:
    standing = {key: set(ids) for key, ids in truth.standing().items() if ids}
    pairs = truth.pairs()
    found = {(pair.one, pair.other) for pair in pairs}
    assert len(found) == len(pairs)
    order = EVENT_FEEDS.index
    assert all(order(one[0]) < order(other[0]) for one, other in found)
    tellers: dict[str, set] = {}
    for key, ids in standing.items():
        for incident_id in ids:
            tellers.setdefault(incident_id, set()).add(key)
    wanted = {
        (one, other)
        for keys in tellers.values()
        for one in keys
        for other in keys
        if order(one[0]) < order(other[0])
    }
    assert found == wanted
    kinds = Counter(pair.kind for pair in pairs)
    assert kinds["same"] > 4_000 and kinds["part"] > 500 and 0 < kinds["duplicate"] < 100


def test_a_pair_of_whole_records_is_one_to_one(truth: Truth) -> None:
    """Within two feeds, what is not a part or a second record of the publisher's own has one partner."""
    partners: dict[tuple, list[Pair]] = {}
    for pair in truth.pairs():
        if pair.kind == "same":
            for one, other in ((pair.one, pair.other), (pair.other, pair.one)):
                partners.setdefault((one, other[0]), []).append(pair)
    assert {len(pairs) for pairs in partners.values()} == {1}


def test_pairs_of_an_earlier_day_are_of_what_stood_then(truth: Truth) -> None:
    then = datetime(2024, 9, 1, tzinfo=UTC)
    standing = truth.standing(then)
    pairs = truth.pairs(then)
    assert 1_000 < len(pairs) < len(truth.pairs())
    assert {key for pair in pairs for key in (pair.one, pair.other)} <= set(standing)
    assert set(standing) - set(truth.standing())  # some were withdrawn since


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
    assert {record["feed"] for record in records} == {*EVENT_FEEDS, "gdelt", "news"}
    assert {record["incident_id"] for record in records} - {""} <= incidents
    planted = json.loads((tmp_path / "planted.json").read_text(encoding="utf-8"))
    assert planted["label"] == MADE_LABEL
    names = {fact["name"] for fact in planted["facts"]}
    assert set(HARD_CASES) <= names
    assert {"coup_niger", "truce_jnim_is", "blockade_western_mali", "jnim_in_ghana", "outage"} <= names
