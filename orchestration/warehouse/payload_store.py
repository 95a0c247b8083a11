"""The payload store: every body as the publisher sent it, content-addressed, with a sidecar; and the journal.

``payloads/<feed>/<first two>/<sha256>`` is the body, ``….json`` its origin and licence. ``journal.jsonl``
tells in which order bodies were loaded, under which clock, so that ``sahel rebuild`` can do it again.
No parsing here.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from expectations.reference import read_seed
from orchestration.records import Payload

_CHUNK = 1 << 20


@dataclass(frozen=True)
class PayloadStore:
    """The store below one folder. Thread-safe: names are contents, and files appear by rename."""

    root: Path

    def put(
        self,
        source: Path | bytes,
        *,
        feed: str,
        key: str,
        url: str,
        http_status: int,
        fetched_at: datetime,
        etag: str | None = None,
        last_modified: str | None = None,
        media_type: str | None = None,
        released_at: datetime | None = None,
    ) -> Payload:
        """Keep the bytes and their sidecar; bytes already there are kept as they are.

        A ``Path`` is moved if it lies below the store's root, else copied.
        """
        if isinstance(source, Path) and not source.is_relative_to(self.root):
            source, sha256 = self._copied_in(source)
        else:
            sha256 = _sha256(source)
        path = self.path_of(feed, sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            self._place(source, path)
        elif isinstance(source, Path):
            source.unlink(missing_ok=True)
        payload = Payload(
            sha256=sha256,
            size=path.stat().st_size,
            path=path,
            url=url,
            fetched_at=fetched_at,
            http_status=http_status,
            feed=feed,
            key=key,
            etag=etag,
            last_modified=last_modified,
            media_type=media_type,
            released_at=released_at,
        )
        sidecar = path.with_name(f"{sha256}.json")
        if not sidecar.exists():
            self._write(sidecar, json.dumps(_sidecar(payload), ensure_ascii=False, indent=1).encode())
        return payload

    def path_of(self, feed: str, sha256: str) -> Path:
        return self.root / feed / sha256[:2] / sha256

    def locate(self, payload: Payload) -> Payload:
        """The payload with the path it has in this store (a journal may come from a folder since moved)."""
        path = self.path_of(payload.feed, payload.sha256)
        if not path.is_file():
            raise FileNotFoundError(
                f"{payload.feed}: payload {payload.sha256[:12]} ({payload.key}) is not in {self.root}; "
                "restore the payload store from its backup, or load it again"
            )
        return replace(payload, path=path)

    def payload(self, feed: str, sha256: str) -> Payload:
        """A stored payload as its sidecar tells of it."""
        told = json.loads(self.path_of(feed, sha256).with_name(f"{sha256}.json").read_text(encoding="utf-8"))
        instants = {
            name: datetime.fromisoformat(told[name]) if told[name] else None
            for name in ("fetched_at", "released_at")
        }
        plain = {
            name: told[name]
            for name in ("url", "http_status", "key", "etag", "last_modified", "media_type", "size")
        }
        return Payload(sha256=sha256, path=self.path_of(feed, sha256), feed=feed, **plain, **instants)

    def incoming(self) -> Path:
        """A folder for bodies on their way in, on the store's own file system."""
        folder = self.root / "incoming"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def sweep(self) -> int:
        """Remove what a killed run left half-written. Returns the number of files removed."""
        folder = self.root / "incoming"
        leftovers = list(folder.glob("*")) if folder.is_dir() else []
        for path in leftovers:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        return len(leftovers)

    @property
    def journal(self) -> Path:
        return self.root / "journal.jsonl"

    def append_to_journal(self, lines: list[str]) -> None:
        """Append entries durably: they are on disk when this returns."""
        if not lines:
            return
        self.root.mkdir(parents=True, exist_ok=True)
        with self.journal.open("ab") as file:
            if file.tell() and not self._ends_with_newline():
                file.write(b"\n")  # a line torn by a crash stays torn, and is skipped on reading
            file.write("".join(f"{line}\n" for line in lines).encode())
            file.flush()
            os.fsync(file.fileno())

    def read_journal(self) -> Iterator[dict[str, Any]]:
        """Entries in order, each id once, torn lines skipped."""
        if not self.journal.is_file():
            return
        seen: set[str] = set()
        with self.journal.open("rb") as file:
            for line in file:
                try:
                    entry = json.loads(line)
                except ValueError:  # no JSON, or cut within a character
                    continue
                if entry["batch_id"] not in seen:
                    seen.add(entry["batch_id"])
                    yield entry

    def _ends_with_newline(self) -> bool:
        with self.journal.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"

    def _copied_in(self, source: Path) -> tuple[Path, str]:
        """A copy among the incoming bodies, and its hash: of what was copied, whatever becomes of the source."""
        digest = hashlib.sha256()
        with (
            source.open("rb") as original,
            tempfile.NamedTemporaryFile(dir=self.incoming(), delete=False) as copy,
        ):
            while piece := original.read(_CHUNK):
                digest.update(piece)
                copy.write(piece)
        return Path(copy.name), digest.hexdigest()

    def _place(self, source: Path | bytes, path: Path) -> None:
        if isinstance(source, bytes):
            self._write(path, source)
            return
        _sync(source)
        os.replace(source, path)
        _sync(path.parent)

    def _write(self, path: Path, content: bytes) -> None:
        with tempfile.NamedTemporaryFile(dir=self.incoming(), delete=False) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, path)


def _sha256(source: Path | bytes) -> str:
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    with source.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sidecar(payload: Payload) -> dict[str, Any]:
    terms = next((row for row in read_seed("source") if row["feed"] == payload.feed), {})
    return {
        "feed": payload.feed,
        "key": payload.key,
        "url": payload.url,
        "fetched_at": payload.fetched_at.isoformat(),
        "http_status": payload.http_status,
        "etag": payload.etag,
        "last_modified": payload.last_modified,
        "media_type": payload.media_type,
        "released_at": payload.released_at.isoformat() if payload.released_at else None,
        "sha256": payload.sha256,
        "size": payload.size,
        "licence": terms.get("licence"),
        "citation": terms.get("citation"),
    }


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
