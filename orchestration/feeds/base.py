"""What a feed is, and what it is given: ``Feed``, ``Context``, ``Memory``, ``Store``.

Protocols and plain data only; the implementations are the feeds themselves, the warehouse's ledger
and the payload store.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import duckdb

from orchestration.feeds.http import FetchError, HttpClient, masked
from orchestration.records import Batch, Finding, LoadRequest, Parsed, Payload
from orchestration.settings import Settings

PROBE_BYTES = 4 << 20


class Memory(Protocol):
    """What earlier loads left in the ledger, read-only."""

    def gdelt_slots(self, stream: str, start: datetime, end: datetime) -> dict[datetime, str]:
        """State by slot (UTC) for start <= slot < end."""

    def newest_gdelt_slot(self, stream: str) -> datetime | None:
        """The newest slot that is fetched or empty: the stream's cursor."""

    def open_gdelt_slots(self, stream: str, before: datetime) -> list[datetime]:
        """Slots before ``before`` that are listed, missing or corrupt, newest first: gaps worth asking for again."""

    def ucdp_releases(self) -> list[dict[str, Any]]:
        """Rows of ledger.ucdp_release, in order of application (attempt_id)."""

    def validator(self, url: str) -> tuple[str | None, str | None]:
        """(etag, last_modified) of the last answer from ``url`` that parsed."""

    def cursor(self, feed: str, stream: str) -> str | None:
        """Where a stream's last good load ended, in the publisher's own terms (ledger.feed_cursor)."""

    def covered(self, feed: str) -> list[dict[str, Any]]:
        """Rows of ledger.coverage of a feed: where and when it was looking."""

    def payload_of(self, url: str) -> str | None:
        """SHA-256 of the last answer from ``url`` that parsed."""

    def news_failures(self, feed_id: str) -> tuple[int, datetime | None]:
        """(failures in a row since the last success, time of the newest attempt)."""


class Store(Protocol):
    """The payload store: verbatim bytes, content-addressed, with a sidecar."""

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
        """Keep the bytes (a file is moved or copied, never loaded whole) and say where. Idempotent and thread-safe."""


@dataclass(frozen=True)
class Context:
    """Everything a feed may use while fetching. ``progress(done, total, note)`` may be called often."""

    settings: Settings
    http: HttpClient
    store: Store
    memory: Memory
    now: datetime
    progress: Callable[[int, int | None, str], None]


class Feed(Protocol):
    """A feed. ``key`` is its name in SAHEL_FEEDS; ``tables`` the contract tables it fills.

    ``accepts`` says which parts of a request it understands: dates, release, file.
    """

    key: str
    tables: tuple[str, ...]
    accepts: frozenset[str]

    def fetch(self, request: LoadRequest, context: Context) -> Iterator[Batch]:
        """Ask the publisher, store the bytes, and yield batches in the order they must be loaded.

        Each batch is loaded before the next is asked for, so memory is bounded by one batch. A thing
        the publisher does not have is a batch with a ``missing`` attempt; a failure of one part is an
        attempt with its error, and the rest goes on. Raises only for wrong requests (``ValueError``).
        """

    def parse(
        self, batch: Batch, scratch: duckdb.DuckDBPyConnection, countries: tuple[str, ...] | None
    ) -> Parsed:
        """Parse the batch's payloads into the scratch database, applying the country scope.

        Raises ``NotTheFormat`` when a payload as a whole is not what it claims to be.
        """

    def probe(self, settings: Settings, http: HttpClient) -> Iterator[Finding]:
        """For `sahel doctor`: does the publisher answer, and would it serve us? Changes nothing, tells no secret."""


def reach(http: HttpClient, feed: str, url: str) -> Finding:
    """Whether an address answers. A refusal is an answer; that we may have it is another question."""
    try:
        answer = http.get(url, max_bytes=PROBE_BYTES, deadline_s=10)
    except FetchError as error:
        if error.status is not None and error.status < 500:
            return Finding("ok", f"reach {feed}", f"{masked(url)} answers ({error.status})")
        return Finding("problem", f"reach {feed}", f"{error}")
    return Finding("ok", f"reach {feed}", f"{answer.url} answers ({answer.status})")


class NotTheFormat(ValueError):
    """A payload that fits no known dialect; refused as a whole, with the reason and the remedy."""
