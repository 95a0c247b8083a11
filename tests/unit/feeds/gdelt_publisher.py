"""GDELT on loopback, made: lists, slots and their faults, with what was asked of it.

Belongs here: the publisher's wire as tests need it, and the store and memory that a load would have. Does
not belong here: a test, or a row that GDELT wrote.
"""

import hashlib
import io
import re
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from expectations.contracts.gdelt import GDELT_EVENT, GDELT_MENTION
from orchestration.feeds.base import Context
from orchestration.feeds.gdelt import GdeltFeed
from orchestration.feeds.http import HttpClient
from orchestration.records import Batch, LoadRequest, Payload
from orchestration.settings import Settings

DAY = datetime(2026, 3, 10, tzinfo=UTC)
SLOT = timedelta(minutes=15)


def stamp(slot: datetime) -> str:
    return f"{slot:%Y%m%d%H%M%S}"


def event_row(event_id: int | str, slot: datetime = DAY, **changes: str) -> bytes:
    """A made event in Mali; ``changes`` are by contract column."""
    values = {column.name: "" for column in GDELT_EVENT.publisher_columns}
    values |= {
        "global_event_id": str(event_id),
        "sql_date": f"{slot:%Y%m%d}",
        "event_code": "0841",
        "event_base_code": "084",
        "event_root_code": "08",
        "quad_class": "2",
        "action_geo_type": "4",
        "action_geo_country_code": "ML",
        "action_geo_lat": "16.27",
        "action_geo_long": "-0.04",
        "date_added": stamp(slot),
        "source_url": f"https://made.example/{event_id}",
    }
    return "\t".join((values | changes).values()).encode()


def mention_row(event_id: int | str, slot: datetime = DAY, **changes: str) -> bytes:
    values = {column.name: "" for column in GDELT_MENTION.publisher_columns}
    values |= {
        "global_event_id": str(event_id),
        "event_time_date": stamp(slot),
        "mention_time_date": stamp(slot),
        "mention_type": "1",
        "mention_source_name": "made.example",
        "mention_identifier": f"https://made.example/{event_id}",
        "sentence_id": "1",
        "actor1_char_offset": "-1",
        "actor2_char_offset": "-1",
        "action_char_offset": "10",
        "in_raw_text": "1",
        "confidence": "100",
    }
    return "\t".join((values | changes).values()).encode()


def zipped(name: str, content: bytes, *more: tuple[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, body in ((name, content), *more):
            archive.writestr(zipfile.ZipInfo(member), body, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def slot_zip(slot: datetime, stream: str, rows: list[bytes]) -> bytes:
    return zipped(f"{stamp(slot)}.{stream}.CSV", b"".join(row + b"\n" for row in rows))


@dataclass
class Publisher:
    """``files`` by path. ``add`` publishes a slot and lists it; lists are plain files a test may spoil."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    honours_range: bool = True
    broken: dict[str, int] = field(default_factory=dict)
    """Path -> status to answer instead of the file."""
    asked: list[tuple[str, str | None, int]] = field(default_factory=list)
    """(path, Range header, bytes answered), in order."""
    once: dict[str, bytes] = field(default_factory=dict)
    """Path -> body for the first request only."""

    def add(self, slot: datetime, stream: str, rows: list[bytes], body: bytes | None = None) -> bytes:
        body = slot_zip(slot, stream, rows) if body is None else body
        name = f"/gdeltv2/{stamp(slot)}.{stream}.CSV.zip"
        self.files[name] = body
        line = f"{len(body)} {hashlib.md5(body).hexdigest()} http://data.gdeltproject.org{name}\n".encode()
        suffix = "-translation" if stream.startswith("translation") else ""
        path = f"/gdeltv2/masterfilelist{suffix}.txt"
        self.files[path] = self.files.get(path, b"") + line
        newest = f"/gdeltv2/lastupdate{suffix}.txt"
        kept = [
            old
            for old in self.files.get(newest, b"").splitlines(keepends=True)
            if stamp(slot).encode() in old
        ]
        self.files[newest] = b"".join([*kept, line])
        return body

    def paths(self, contains: str = "") -> list[str]:
        return [path for path, _, _ in self.asked if contains in path]

    def answer(self, path: str, wanted: str | None) -> tuple[int, dict[str, str], bytes]:
        if path in self.broken:
            return self.broken[path], {}, b""
        if path not in self.files:
            return 404, {}, b""
        body = self.once.pop(path, self.files[path])
        match = re.fullmatch(r"bytes=(\d*)-(\d*)", wanted or "")
        if not match or not self.honours_range:
            return 200, {}, body
        first, last = match.groups()
        start = max(0, len(body) - int(last)) if not first else int(first)
        end = len(body) if not first or not last else min(len(body), int(last) + 1)
        return 206, {"Content-Range": f"bytes {start}-{end - 1}/{len(body)}"}, body[start:end]


@contextmanager
def serve() -> Iterator[Publisher]:
    publisher = Publisher()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # Headers and body are two writes; the second would wait.

        def do_GET(self) -> None:
            with lock:
                status, headers, body = publisher.answer(self.path, self.headers.get("Range"))
                publisher.asked.append((self.path, self.headers.get("Range"), len(body)))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    publisher.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield publisher
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Bench:
    """A load's surroundings, with a memory that keeps what batches would have committed."""

    publisher: Publisher
    home: Path
    now: datetime
    states: dict[tuple[str, datetime], str] = field(default_factory=dict)
    steps: list[tuple[int, int | None, str]] = field(default_factory=list)

    def gdelt_slots(self, stream: str, start: datetime, end: datetime) -> dict[datetime, str]:
        return {
            slot: state for (s, slot), state in self.states.items() if s == stream and start <= slot < end
        }

    def newest_gdelt_slot(self, stream: str) -> datetime | None:
        done = [
            slot for (s, slot), state in self.states.items() if s == stream and state in ("fetched", "empty")
        ]
        return max(done, default=None)

    def open_gdelt_slots(self, stream: str, before: datetime) -> list[datetime]:
        found = [
            slot
            for (s, slot), state in self.states.items()
            if s == stream and slot < before and state in ("listed", "missing", "corrupt")
        ]
        return sorted(found, reverse=True)

    def put(self, source: Path | bytes, *, feed: str, key: str, **facts: object) -> Payload:
        body = source if isinstance(source, bytes) else source.read_bytes()
        sha256 = hashlib.sha256(body).hexdigest()
        path = self.home / sha256
        path.write_bytes(body)
        return Payload(sha256=sha256, size=len(body), path=path, feed=feed, key=key, **facts)

    def load(self, date_from: str | None = None, date_to: str | None = None) -> list[Batch]:
        """Fetch, and remember slot states as a promotion would."""
        days = [datetime.fromisoformat(day).date() if day else None for day in (date_from, date_to)]
        settings = Settings(home=self.home, gdelt_url=self.publisher.url)
        with HttpClient(settings, sleep=lambda _: None) as http:
            context = Context(
                settings,
                http,
                self,
                self,
                self.now,
                lambda done, total, note: self.steps.append((done, total, note)),
            )
            batches = list(GdeltFeed().fetch(LoadRequest("gdelt", *days), context))
        for batch in batches:
            assert Batch.from_json(batch.to_json()) == batch
            for row in batch.ledger_rows.get("gdelt_slot", []):
                self.states[row["stream"], row["slot_at"]] = row["state"]
        return batches
