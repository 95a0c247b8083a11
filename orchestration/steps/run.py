"""What one run of the pipeline is, the warehouse open for it, and what a load or a build reports.

No step stands here.
"""

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

import duckdb

from expectations.report import write_index
from orchestration.records import Status
from orchestration.settings import Settings, SettingsError, aware, machine_now
from orchestration.transform import NodeResult
from orchestration.warehouse.connection import WarehouseMissing, open_warehouse
from orchestration.warehouse.ledger import fetch_dicts
from orchestration.warehouse.payload_store import PayloadStore
from orchestration.warehouse.promote import Clock, Outcome
from orchestration.warehouse.status import write_status

Progress = Callable[[int, int | None, str], None]
DELETIONS = "deletions"
"""A stream that only takes away: that it was read does not mean that the feed was."""
GOOD = {Status.OK, Status.EMPTY, Status.UNCHANGED, Status.MISSING}


def no_progress(done: int, total: int | None, note: str) -> None:
    """Progress that nobody watches."""


@dataclass
class Run:
    """One run of the pipeline: its settings, its id, who watches. Made once per command or Dagster run."""

    settings: Settings
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    progress: Progress = no_progress

    @property
    def store(self) -> PayloadStore:
        return PayloadStore(self.settings.payloads)

    def at_one_time(self, connection: duckdb.DuckDBPyConnection) -> "Run":
        """The same run with its clock stopped: everything that one load records, it records at one time.

        Never earlier than what is recorded already, or a question as of a date would have two answers: a machine's
        clock that was put back is taken to stand still. Raises ``SettingsError`` for a SAHEL_NOW in the past.
        """
        now = self.settings.now()
        (last,) = connection.execute("select max(recorded_at) from ledger.load_attempt").fetchone()
        if last is not None and aware(last) > now:
            if self.settings.fixed_now:
                raise SettingsError(
                    f"SAHEL_NOW: {now:%Y-%m-%dT%H:%M:%SZ} lies before the last load ({last:%Y-%m-%dT%H:%M:%SZ}), and what "
                    "is known of a date must not change; use a later instant, or another home"
                )
            now = aware(last)
        return replace(self, settings=replace(self.settings, fixed_now=now))


@dataclass(frozen=True)
class LoadReport:
    """What a load of one feed did."""

    feed: str
    outcomes: tuple[Outcome, ...]

    @property
    def attempts(self) -> list[dict[str, Any]]:
        return [attempt for outcome in self.outcomes for attempt in outcome.attempts]

    @property
    def rows_loaded(self) -> int:
        return sum(outcome.rows_loaded for outcome in self.outcomes)

    @property
    def failed(self) -> bool:
        """An outage of the whole feed, or a load that the audit stopped."""
        statuses = [attempt["status"] for attempt in self.attempts if attempt["stream"] != DELETIONS] or [
            attempt["status"] for attempt in self.attempts
        ]
        outage = bool(statuses) and not any(status in GOOD for status in statuses)
        return outage or any(outcome.level == "block" for outcome in self.outcomes)

    @property
    def problems(self) -> list[str]:
        """One line per attempt that was refused or failed or found nothing there, and per verdict with a warning."""
        told = [
            f"{_name(attempt)}: {attempt['status']}: {attempt['error']}"
            for attempt in self.attempts
            # A good attempt may come with a remark: an embargo, an account that may not see everything.
            if attempt["status"] not in GOOD or attempt["status"] == Status.MISSING or attempt["error"]
        ]
        return told + [
            f"{self.feed}: {outcome.summary}" for outcome in self.outcomes if outcome.level == "warn"
        ]


@dataclass(frozen=True)
class BuildReport:
    """What a build did; ``skipped`` says why there was nothing to build."""

    nodes: tuple[NodeResult, ...] = ()
    skipped: str | None = None

    @property
    def failed_nodes(self) -> tuple[NodeResult, ...]:
        return tuple(node for node in self.nodes if node.status in ("error", "fail"))

    @property
    def failed(self) -> bool:
        return bool(self.failed_nodes)


@contextmanager
def session(run: Run) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse open for writing, leftovers of killed runs swept. Raises ``WarehouseMissing``."""
    settings = run.settings
    if not settings.warehouse.exists() and run.store.journal.is_file():
        raise WarehouseMissing(
            f"{settings.warehouse} is missing, but the payload store remembers loads: run `sahel rebuild` "
            f"(or remove {settings.payloads} to start from nothing)"
        )
    waiting = partial(run.progress, 0, None, "waiting for another process that writes the warehouse")
    with open_warehouse(settings.warehouse, waiting=waiting) as connection:
        # Only the writer may sweep: whoever holds the lock knows that nobody else is at work.
        run.store.sweep()
        shutil.rmtree(settings.scratch, ignore_errors=True)
        yield connection


def settle(run: Run, connection: duckdb.DuckDBPyConnection) -> None:
    """After commits: the journal gets their entries, the status file and the quality index are renewed."""
    entries = connection.execute(
        "select batch_id, entry from ledger.journal_outbox order by rowid"
    ).fetchall()
    run.store.append_to_journal([entry for _, entry in entries])
    connection.execute("delete from ledger.journal_outbox")
    write_status(connection, run.settings)
    write_index(run.settings.quality, fetch_dicts(connection, _LATEST_VERDICTS), is_made=run.settings.is_made)


def clock_of(run: Run, started: datetime) -> Clock:
    return Clock(
        run_id=run.run_id, recorded_at=run.settings.now(), started_at=started, finished_at=machine_now()
    )


def _name(attempt: dict[str, Any]) -> str:
    """An attempt as a person names it; the partition of a news fetch repeats the outlet's id."""
    partition = attempt["partition_key"].split("@")[0]
    return " ".join(dict.fromkeys((attempt["feed"], attempt["stream"], partition)))


_LATEST_VERDICTS = """
    select feed, table_name, partition_key, verdict, recorded_at,
           count(*) as checks, count(*) filter (where not passed) as failed
    from ledger.quality_result
    where attempt_id > (select coalesce(max(attempt_id), 0) - 500 from ledger.load_attempt)
    group by all order by max(attempt_id) desc limit 200
"""
