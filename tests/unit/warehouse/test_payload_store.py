"""The payload store: bytes once, with where they came from; the journal, torn or repeated; leftovers swept."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from expectations.reference import read_seed
from orchestration.records import Payload
from orchestration.warehouse.payload_store import PayloadStore

AT = datetime(2026, 6, 30, 12, tzinfo=UTC)
BODY = b"id,best\n1,2\n"
DIGEST = sha256(BODY).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> PayloadStore:
    return PayloadStore(tmp_path / "payloads")


def put(store: PayloadStore, source: Path | bytes = BODY, **changes: object) -> Payload:
    facts = {
        "feed": "ucdp",
        "key": "26.1",
        "url": "https://ucdp.example/ged261.csv",
        "http_status": 200,
        "fetched_at": AT,
        "etag": '"abc"',
        "last_modified": "Tue, 30 Jun 2026 11:30:00 GMT",
        "media_type": "text/csv",
        "released_at": AT,
    }
    return store.put(source, **(facts | changes))


def files(store: PayloadStore) -> dict[str, bytes]:
    return {
        str(path.relative_to(store.root)): path.read_bytes()
        for path in store.root.rglob("*")
        if path.is_file()
    }


def test_bytes_lie_under_their_digest_with_their_origin_and_licence(store: PayloadStore) -> None:
    payload = put(store)
    assert payload.path == store.root / "ucdp" / DIGEST[:2] / DIGEST
    assert payload.path.read_bytes() == BODY
    assert (payload.sha256, payload.size) == (DIGEST, len(BODY))
    terms = next(row for row in read_seed("source") if row["feed"] == "ucdp")
    assert terms["licence"]
    assert json.loads(payload.path.with_name(f"{DIGEST}.json").read_text()) == {
        "feed": "ucdp",
        "key": "26.1",
        "url": "https://ucdp.example/ged261.csv",
        "fetched_at": "2026-06-30T12:00:00+00:00",
        "http_status": 200,
        "etag": '"abc"',
        "last_modified": "Tue, 30 Jun 2026 11:30:00 GMT",
        "media_type": "text/csv",
        "released_at": "2026-06-30T12:00:00+00:00",
        "sha256": DIGEST,
        "size": len(BODY),
        "licence": terms["licence"],
        "citation": terms["citation"],
    }


def test_the_same_bytes_again_change_nothing(store: PayloadStore) -> None:
    first = put(store)
    before = files(store)
    again = put(store, fetched_at=datetime(2026, 7, 1, tzinfo=UTC), etag='"new"')
    assert again.path == first.path
    assert again.etag == '"new"'
    assert files(store) == before


def test_a_sidecar_lost_to_a_crash_is_written_again(store: PayloadStore) -> None:
    sidecar = put(store).path.with_name(f"{DIGEST}.json")
    sidecar.unlink()
    put(store)
    assert json.loads(sidecar.read_text())["sha256"] == DIGEST


def test_a_download_is_moved_and_a_persons_file_is_copied(store: PayloadStore, tmp_path: Path) -> None:
    download = store.incoming() / "download.part"
    download.write_bytes(b"fetched")
    theirs = tmp_path / "mine.csv"
    theirs.write_bytes(b"by hand")
    assert put(store, download).path.read_bytes() == b"fetched"
    assert put(store, theirs).path.read_bytes() == b"by hand"
    assert not download.exists()
    assert theirs.read_bytes() == b"by hand"
    assert list(store.incoming().iterdir()) == []


def test_a_download_of_bytes_already_there_leaves_no_copy(store: PayloadStore) -> None:
    put(store)
    download = store.incoming() / "download.part"
    download.write_bytes(BODY)
    assert put(store, download).sha256 == DIGEST
    assert list(store.incoming().iterdir()) == []


def test_many_at_once_store_the_same_bytes_once(store: PayloadStore) -> None:
    with ThreadPoolExecutor(12) as pool:
        payloads = list(pool.map(lambda number: put(store, key=f"slot-{number}"), range(60)))
    assert {payload.path for payload in payloads} == {store.path_of("ucdp", DIGEST)}
    assert set(files(store)) == {f"ucdp/{DIGEST[:2]}/{DIGEST}", f"ucdp/{DIGEST[:2]}/{DIGEST}.json"}


def test_an_empty_body_is_kept_too(store: PayloadStore) -> None:
    assert put(store, b"").size == 0


def test_a_payload_is_found_where_the_store_is_now(store: PayloadStore, tmp_path: Path) -> None:
    payload = put(store)
    store.root.rename(tmp_path / "moved")
    moved = PayloadStore(tmp_path / "moved")
    assert moved.locate(payload).path.read_bytes() == BODY


def test_a_lost_payload_is_named_with_the_remedy(store: PayloadStore) -> None:
    payload = put(store)
    payload.path.unlink()
    with pytest.raises(FileNotFoundError, match=rf"ucdp: payload {DIGEST[:12]} \(26\.1\) .*backup"):
        store.locate(payload)


def test_sweep_takes_leftovers_and_nothing_else(store: PayloadStore) -> None:
    payload = put(store)
    (store.incoming() / "half.part").write_bytes(b"half")
    (store.incoming() / "folder").mkdir()
    (store.incoming() / "folder" / "half").write_bytes(b"half")
    store.append_to_journal(['{"batch_id": "a"}'])
    assert store.sweep() == 2
    assert store.sweep() == 0
    assert list(store.incoming().iterdir()) == []
    assert payload.path.is_file()
    assert store.journal.is_file()


def test_a_store_that_is_not_there_yet_has_nothing(store: PayloadStore) -> None:
    assert store.sweep() == 0
    assert list(store.read_journal()) == []
    store.append_to_journal([])
    assert not store.root.exists()


def test_the_journal_tells_each_batch_once_and_in_order(store: PayloadStore) -> None:
    store.append_to_journal(['{"batch_id": "a"}', '{"batch_id": "b"}'])
    store.append_to_journal(['{"batch_id": "b", "again": 1}', '{"batch_id": "c"}'])
    assert list(store.read_journal()) == [{"batch_id": "a"}, {"batch_id": "b"}, {"batch_id": "c"}]


@pytest.mark.parametrize("torn", [b'{"batch_id": "b"', b'{"batch_id": "b\xc3', b"\x00\x00\x00"])
def test_a_torn_line_is_skipped_and_the_next_entry_is_whole(store: PayloadStore, torn: bytes) -> None:
    store.append_to_journal(['{"batch_id": "a"}'])
    with store.journal.open("ab") as file:
        file.write(torn)
    store.append_to_journal(['{"batch_id": "b", "outlet": "Aïr Info"}'])
    assert [entry["batch_id"] for entry in store.read_journal()] == ["a", "b"]


def test_paths_of_different_feeds_are_apart(store: PayloadStore) -> None:
    assert put(store).path != put(store, feed="gdelt").path
    assert replace(put(store), path=Path("elsewhere")).sha256 == DIGEST
