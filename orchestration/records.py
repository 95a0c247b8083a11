"""The records that pass between feeds, the warehouse and the steps: payloads, batches, attempts.

Plain frozen data, no behaviour beyond (de)serialising, so that feeds and the warehouse need not know
each other. Nothing here does input or output.
"""

import json
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any


class Status(StrEnum):
    """Ledger status of an attempt (design: ok, empty, unchanged, missing, refused, failed)."""

    OK = "ok"
    EMPTY = "empty"
    """The publisher answered validly with nothing in it."""
    UNCHANGED = "unchanged"
    """Nothing new: a 304, the same bytes, or the same rows."""
    MISSING = "missing"
    """The publisher has no such release, slot or list (404, or not listed). Not an error."""
    REFUSED = "refused"
    """Bytes arrived and were not accepted: not the format, or the audit blocked them."""
    FAILED = "failed"
    """No answer, or the pipeline itself failed; try again."""


@dataclass(frozen=True)
class Payload:
    """A body in the payload store, verbatim. ``path`` is where the store keeps it."""

    sha256: str
    size: int
    path: Path
    url: str
    fetched_at: datetime
    http_status: int
    feed: str
    key: str
    """What it is a part of within its feed: release, slot and stream, or feed id."""
    etag: str | None = None
    last_modified: str | None = None
    media_type: str | None = None
    released_at: datetime | None = None


@dataclass(frozen=True)
class Attempt:
    """One row of the ledger to be: an attempt to load one window of one stream.

    A feed fills what it knows; the steps add counts, status after audit, and times.
    ``payload_keys`` are the keys of the batch's payloads that this attempt is about.
    """

    feed: str
    stream: str
    partition_key: str
    window_start: datetime | None
    window_end: datetime | None
    status: Status = Status.OK
    error: str | None = None
    newest_record_at: datetime | None = None
    payload_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Batch:
    """What is parsed, landed, audited and promoted together, in one transaction.

    ``table`` is the contract's table, or None where there is nothing to land (missing, failed,
    unchanged): then only ``attempts`` and ``ledger_rows`` are written. ``partition_key`` names the
    landing partition, which a new batch of the same name replaces. ``options`` carries what the
    feed's own ``parse`` needs, JSON types only. ``ledger_rows`` maps a ledger table to rows that
    commit with the data.
    """

    feed: str
    stream: str
    partition_key: str
    attempts: tuple[Attempt, ...]
    table: str | None = None
    payloads: tuple[Payload, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    ledger_rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps(asdict(self), default=_encode)

    @classmethod
    def from_json(cls, text: str) -> "Batch":
        data = json.loads(text, object_hook=_decode)
        data["attempts"] = tuple(
            Attempt(**{**item, "status": Status(item["status"]), "payload_keys": tuple(item["payload_keys"])})
            for item in data["attempts"]
        )
        data["payloads"] = tuple(Payload(**item) for item in data["payloads"])
        return cls(**data)


@dataclass(frozen=True)
class Parsed:
    """What ``parse`` leaves in the scratch database, by table name there.

    ``rows``: a relation with exactly the contract's columns plus payload_sha256 and released_at.
    ``rejects``: payload_sha256, line, reason, row_text, which begins with the row's key where it has one (a JSON
    object has its key and a tab put before it), so that a key told of unreadably is not withdrawn. ``rows_seen`` counts records on the wire,
    ``rows_out_of_scope`` those that the country scope left out. ``seen``, where a batch has several
    attempts: payload_sha256, rows (records on the wire of that payload).
    """

    rows: str
    rejects: str
    rows_seen: int
    rows_out_of_scope: int
    seen: str | None = None
    extra_columns: tuple[str, ...] = ()
    """Columns of the payload that the contract does not know; they are not loaded, the payload keeps them."""


@dataclass(frozen=True)
class Finding:
    """What an examination found: ``level`` is ok, note or problem. Never holds a secret."""

    level: str
    subject: str
    finding: str


@dataclass(frozen=True)
class LoadRequest:
    """What a caller asks of a feed: a window (inclusive days), a release, a file; none means up to now.

    ``streams`` leaves out the feed's other streams, where a step is about one table only.
    """

    feed: str
    date_from: date | None = None
    date_to: date | None = None
    release: str | None = None
    file: Path | None = None
    streams: tuple[str, ...] | None = None


def _encode(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"__datetime__": value.isoformat()}
    if isinstance(value, date):
        return {"__date__": value.isoformat()}
    if isinstance(value, Path):
        return {"__path__": str(value)}
    raise TypeError(f"a batch cannot carry {type(value).__name__}")


def _decode(data: dict[str, Any]) -> Any:
    if "__datetime__" in data:
        return datetime.fromisoformat(data["__datetime__"])
    if "__date__" in data:
        return date.fromisoformat(data["__date__"])
    if "__path__" in data:
        return Path(data["__path__"])
    return data
