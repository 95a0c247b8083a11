"""The use cases: load a feed, build, publish, rebuild, each a plain function.

The command line and the Dagster assets are thin adapters over these. No Dagster and no printing here. Of
single publishers it knows only what their late arrivals mean for earlier loads (``_make_good``).
"""

import json
import os
import shutil
import signal
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb

from expectations import audit as gx_audit
from expectations.audit import CheckResult, Verdict
from expectations.contracts import Promotion, contract_for
from expectations.report import write_index, write_report
from expectations.suites import LoadFacts
from orchestration.failpoints import failpoint
from orchestration.feeds.base import Context, NotTheFormat
from orchestration.feeds.http import HttpClient
from orchestration.feeds.registry import feed_for
from orchestration.feeds.ucdp import release_order
from orchestration.records import Attempt, Batch, LoadRequest, Parsed, Status
from orchestration.settings import Settings, SettingsError, is_loopback, machine_now, scope_text
from orchestration.transform import NodeResult, build_command, has_manifest, manifest, project_hash, run_dbt
from orchestration.warehouse import landing, publish as publication
from orchestration.warehouse.connection import (
    WAREHOUSE_CONFIG,
    WarehouseDamaged,
    WarehouseMissing,
    is_interrupt,
    open_scratch,
    open_warehouse,
    scratch_file,
)
from orchestration.warehouse.landing import Pending
from orchestration.warehouse.ledger import LedgerMemory, fetch_dicts, insert_rows, naive
from orchestration.warehouse.payload_store import PayloadStore
from orchestration.warehouse.promote import ONLY_KEYS_OF, Clock, Outcome, promote, record_only, refused_slots
from orchestration.warehouse.status import write_status

Progress = Callable[[int, int | None, str], None]
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

    def at_one_time(self) -> "Run":
        """The same run with its clock stopped: everything that one load records, it records at one time."""
        return replace(self, settings=replace(self.settings, fixed_now=self.settings.now()))


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
        statuses = [attempt["status"] for attempt in self.attempts]
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


# --- load ---------------------------------------------------------------------------------------


def load(run: Run, request: LoadRequest) -> LoadReport:
    """Fetch, land, audit and promote one feed, batch by batch. Raises ``ValueError`` for a wrong request."""
    run = run.at_one_time()
    with session(run) as connection:
        landing.clear(connection, request.feed)
        outcomes = [finish(run, connection, item) for item in fetch_and_land(run, connection, request)]
        outcomes += _make_good(run, connection, request.feed)
        settle(run, connection)
    return LoadReport(request.feed, tuple(outcomes))


# The same way in three steps, for a caller that runs, retries and shows each on its own.


@dataclass(frozen=True)
class Landed:
    """What a fetch left: batches that wait in landing, and outcomes of those with nothing to land."""

    pending: tuple[Pending, ...]
    report: LoadReport


def fetch_to_landing(run: Run, request: LoadRequest) -> Landed:
    """Fetch and land; what has nothing to land is recorded at once. Raises ``ValueError`` for a wrong request."""
    pending, outcomes = [], []
    with session(run) as connection:
        for item in fetch_and_land(run, connection, request):
            if isinstance(item, Batch):
                outcomes.append(finish(run, connection, item))
            else:
                pending.append(item)
        settle(run, connection)
    return Landed(tuple(pending), LoadReport(request.feed, tuple(outcomes)))


def audit_landing(run: Run, table: str, partition: str | None = None) -> list[tuple[Pending, Verdict]]:
    """Audit what waits in landing, of one partition (a release, a day) or all.

    A blocked batch is refused here and now: it is recorded, and it holds up nothing else.
    """
    judged = []
    with session(run) as connection:
        for item in _waiting(connection, table, partition):
            verdict = audit(run, connection, item)
            if verdict.level == "block":
                promote_audited(run, connection, item, verdict)
            judged.append((item, verdict))
        settle(run, connection)
    return judged


def promote_landing(run: Run, feed: str, table: str, partition: str | None = None) -> LoadReport:
    """Promote what waits in landing, of one partition or all; audited first if it was not yet."""
    outcomes = []
    with session(run) as connection:
        for item in _waiting(connection, table, partition):
            known = connection.execute(
                "select verdict from landing.pending where partition_key = ? and table_name = ?",
                [item.batch.partition_key, table],
            ).fetchone()[0]
            verdict = Verdict.from_json(known) if known else audit(run, connection, item)
            outcomes.append(promote_audited(run, connection, item, verdict))
        outcomes += _make_good(run, connection, feed)
        settle(run, connection)
    return LoadReport(feed, tuple(outcomes))


def _waiting(connection: duckdb.DuckDBPyConnection, table: str, partition: str | None) -> Iterator[Pending]:
    for key in landing.pending_keys(connection, table):
        if partition is None or key.split("/")[0] == partition:
            yield landing.pending(connection, key, table)


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


def fetch_and_land(
    run: Run, connection: duckdb.DuckDBPyConnection, request: LoadRequest
) -> Iterator[Pending | Batch]:
    """Land what the feed fetches, one batch at a time. A batch with nothing to land is yielded as it is."""
    _refuse_to_mix(run.settings, request.feed)
    feed = feed_for(request.feed)
    with HttpClient(run.settings) as http:
        context = Context(
            settings=run.settings,
            http=http,
            store=run.store,
            memory=LedgerMemory(connection),
            now=run.settings.now(),
            progress=run.progress,
        )
        for batch in feed.fetch(request, context):
            failpoint("load.payload_stored")
            if _already_applied(run, context.memory, batch):
                yield _without_landing(batch, Status.UNCHANGED)
            else:
                yield land(run, connection, batch)


def land(run: Run, connection: duckdb.DuckDBPyConnection, batch: Batch) -> Pending | Batch:
    """Parse a batch in a scratch instance and land it. A payload that is not the format comes back refused,
    one that the parser fails at comes back failed: in both cases the feed's other batches go on."""
    if batch.table is None:
        return batch
    countries = run.settings.countries
    with open_scratch(run.settings.scratch) as scratch:
        try:
            parsed: Parsed = feed_for(batch.feed).parse(batch, scratch, countries)
        except NotTheFormat as error:
            return _without_landing(batch, Status.REFUSED, str(error))
        except Exception as error:
            if is_interrupt(error):
                raise
            told = f"{type(error).__name__}: {' '.join(str(error).split())}"
            return _without_landing(
                batch, Status.FAILED, f"the parser failed on it, please report this: {told}"
            )
        path = scratch_file(scratch)
        scratch.close()
        item = landing.land(connection, batch, parsed, path, countries)
    failpoint("load.landed")
    return item


def audit(run: Run, connection: duckdb.DuckDBPyConnection, item: Pending) -> Verdict:
    """Judge a landed batch, write its report, and keep the verdict with it."""
    contract = contract_for(item.batch.table)
    view = f"landing.audited_{contract.table}"
    key = item.batch.partition_key.replace("'", "''")
    connection.execute(
        f"create or replace view {view} as select * from landing.{contract.table} where partition_key = '{key}'"
    )
    try:
        with _not_interrupted():
            verdict = gx_audit.run(
                connection,
                run.settings.warehouse,
                WAREHOUSE_CONFIG,
                contract,
                view,
                _facts(connection, item, run.settings.now()),
            )
    except Exception as error:
        # A check that cannot run must stop the load, and leave a row that says so.
        broken = CheckResult(
            "audit_could_run", "block", False, False, f"{type(error).__name__}: {error}", "the audit ran"
        )
        verdict = Verdict(contract.table, (broken,))
    finally:
        connection.execute(f"drop view if exists {view}")
    connection.execute(
        "update landing.pending set verdict = ? where partition_key = ? and table_name = ?",
        [verdict.to_json(), item.batch.partition_key, item.batch.table],
    )
    write_report(run.settings.quality, item.batch, verdict, run.settings.now(), is_made=run.settings.is_made)
    failpoint("load.audited")
    return verdict


def finish(
    run: Run,
    connection: duckdb.DuckDBPyConnection,
    item: Pending | Batch,
    clock: Clock | None = None,
    batch_id: str | None = None,
) -> Outcome:
    """Audit and promote a landed batch, or record one that has nothing to land."""
    started = machine_now()
    if isinstance(item, Batch):
        return record_only(connection, item, clock or _clock(run, started), batch_id or uuid.uuid4().hex)
    return promote_audited(run, connection, item, audit(run, connection, item), clock, batch_id, started)


def promote_audited(
    run: Run,
    connection: duckdb.DuckDBPyConnection,
    item: Pending,
    verdict: Verdict,
    clock: Clock | None = None,
    batch_id: str | None = None,
    started: datetime | None = None,
) -> Outcome:
    """Promote a batch whose verdict is known; a blocked one is refused."""
    failpoint("load.before_commit")
    outcome = promote(
        connection,
        item,
        verdict,
        clock or _clock(run, started or machine_now()),
        batch_id or uuid.uuid4().hex,
    )
    failpoint("load.after_commit")
    return outcome


def settle(run: Run, connection: duckdb.DuckDBPyConnection) -> None:
    """After commits: the journal gets their entries, the status file and the quality index are renewed."""
    entries = connection.execute(
        "select batch_id, entry from ledger.journal_outbox order by rowid"
    ).fetchall()
    run.store.append_to_journal([entry for _, entry in entries])
    connection.execute("delete from ledger.journal_outbox")
    write_status(connection, run.settings)
    write_index(run.settings.quality, fetch_dicts(connection, _LATEST_VERDICTS), is_made=run.settings.is_made)


# --- build, publish, rebuild --------------------------------------------------------------------


def build(
    run: Run, *, everything: bool = False, on_event: Callable[[Any], None] | None = None
) -> BuildReport:
    """Build what new rows can have changed, with its tests; everything when the dbt project changed.

    Raises ``transform.DbtFailed`` if dbt could not start.
    """
    settings, now, started = run.settings, run.settings.now(), machine_now()
    digest = project_hash(settings)
    with session(run) as connection:
        settle(run, connection)
        through = connection.execute("select max(attempt_id) from ledger.load_attempt").fetchone()[0]
        is_first = everything or not has_manifest(settings)
        changed = None if is_first else _changed_feeds(connection, digest)
    if changed is not None and not changed:
        return BuildReport(skipped="nothing new since the last build")
    failpoint("build.before_dbt")
    command = build_command(changed)
    nodes = run_dbt(settings, command, on_event=on_event)
    failpoint("build.after_dbt")
    report = BuildReport(nodes=tuple(nodes))
    with session(run) as connection:
        failed = ", ".join(f"{node.name}: {node.message}" for node in report.failed_nodes)
        insert_rows(
            connection,
            "build",
            [
                {
                    "build_id": run.run_id,
                    "status": "failed" if report.failed else "ok",
                    "selection": "everything" if changed is None else ",".join(sorted(changed)),
                    "project_hash": digest,
                    "through_attempt_id": through,
                    "nodes": len(nodes),
                    "error": failed or None,
                    "recorded_at": now,
                    "started_at": started,
                    "finished_at": machine_now(),
                }
            ],
        )
        write_status(connection, settings)
    return report


def publish(run: Run, *, public: bool = False) -> publication.Published:
    """Publish core, marts and audit as the BI file, checked by the query pack first.

    Raises ``publication.PublishRefused`` with the reason; the file in place stays as it is.
    """
    with session(run) as connection:
        last = fetch_dicts(connection, "select * from ledger.build order by finished_at desc limit 1")
        if last and last[0]["status"] != "ok":
            raise publication.PublishRefused(
                f"the last build failed ({last[0]['error']}); mend that and run `sahel build` first"
            )
        published = publication.publish(connection, run.settings, manifest(run.settings), public=public)
        write_status(connection, run.settings)
    return published


def waits_for_publication(connection: duckdb.DuckDBPyConnection, settings: Settings) -> bool:
    """Whether the last good build is newer than the BI file, be it that a run was killed in between."""
    (built,) = connection.execute(
        "select epoch(max(finished_at)) from ledger.build where status = 'ok'"
    ).fetchone()
    return built is not None and (not settings.bi_file.is_file() or settings.bi_file.stat().st_mtime < built)


def rebuild(run: Run) -> list[Outcome]:
    """The warehouse anew from the payload store, offline, in the order and under the clocks of the journal.

    The old warehouse stays until the new one is complete. Raises ``FileNotFoundError`` naming what the store
    has lost: a payload, the journal, or a part of it.
    """
    settings = run.settings
    with _held(run) as known:
        outcomes = _rebuild_beside(run, known)
    with open_warehouse(settings.warehouse) as connection:
        settle(run, connection)
    return outcomes


def _rebuild_beside(run: Run, known: int) -> list[Outcome]:
    settings = run.settings
    if not run.store.journal.is_file():
        raise FileNotFoundError(
            f"no loads are remembered in {settings.payloads}, so there is nothing to rebuild from; "
            "restore the folder from its backup, or begin with `sahel run`"
        )
    new = settings.warehouse.with_name("warehouse.rebuilding.duckdb")
    _remove_database(new)
    entries = list(run.store.read_journal())
    outcomes = []
    with open_warehouse(new) as connection:
        for done, entry in enumerate(entries, start=1):
            run.progress(done, len(entries), f"{entry['batch']['feed']} {entry['batch']['partition_key']}")
            outcomes.append(
                _replay(replace(run, settings=replace(settings, warehouse_file=new)), connection, entry)
            )
        connection.execute("delete from ledger.journal_outbox")
        connection.execute("checkpoint")
        rebuilt = _count_attempts(connection)
    if rebuilt < known:
        _remove_database(new)
        raise FileNotFoundError(
            f"{run.store.journal} tells of {rebuilt} attempts and the warehouse of {known}: the journal is not "
            "whole; the warehouse stays as it is; restore the journal from its backup"
        )
    _wal(settings.warehouse).unlink(missing_ok=True)
    os.replace(new, settings.warehouse)
    return outcomes


# --- inside -------------------------------------------------------------------------------------


def _replay(run: Run, connection: duckdb.DuckDBPyConnection, entry: dict[str, Any]) -> Outcome:
    """Load a journal entry again as it was loaded then."""
    batch = Batch.from_json(json.dumps(entry["batch"]))
    batch = replace(batch, payloads=tuple(run.store.locate(payload) for payload in batch.payloads))
    times = {
        name: datetime.fromisoformat(entry[name]) for name in ("recorded_at", "started_at", "finished_at")
    }
    clock = Clock(run_id=entry["run_id"], **times)
    then = replace(run, settings=replace(run.settings, fixed_now=clock.recorded_at), run_id=clock.run_id)
    return finish(then, connection, land(then, connection, batch), clock, entry["batch_id"])


def _make_good(run: Run, connection: duckdb.DuckDBPyConnection, feed: str) -> list[Outcome]:
    """What came late and changes what was loaded before it. Seen from the ledger alone, so also after a crash."""
    late = {"ucdp": _apply_in_order, "gdelt": _mentions_of_late_events}.get(feed)
    return late(run, connection) if late else []


def _mentions_of_late_events(run: Run, connection: duckdb.DuckDBPyConnection) -> list[Outcome]:
    """Land again, from the store, mentions that came before their events did.

    A mention is kept if its event is known. Where a gap in the events was filled after the mentions of the
    following day had been loaded, those are looked at again; what is in raw already is not added twice.
    """
    late = fetch_dicts(
        connection,
        """select distinct m.*
           from ledger.gdelt_slot e
           join ledger.gdelt_slot m
             on m.stream = replace(e.stream, 'export', 'mentions') and m.state = 'fetched'
            and m.slot_at between e.slot_at and e.slot_at + interval 1 day and m.checked_at < e.checked_at
           where e.stream in ('export', 'translation.export') and e.state = 'fetched' and e.checked_at > ?
           order by m.stream, m.slot_at""",
        # Only what was fetched lately, so that a tick costs the same after years.
        [naive(run.settings.now() - timedelta(days=7))],
    )
    outcomes = []
    for stream in dict.fromkeys(row["stream"] for row in late):
        slots = [row for row in late if row["stream"] == stream]
        payloads = {row["payload_sha256"]: run.store.payload("gdelt", row["payload_sha256"]) for row in slots}
        first, last = slots[0]["slot_at"], slots[-1]["slot_at"]
        attempt = Attempt(
            feed="gdelt",
            stream=stream,
            partition_key=f"{first:%Y-%m-%d}",
            window_start=first,
            window_end=last + timedelta(minutes=15),
            payload_keys=tuple(payload.key for payload in payloads.values()),
        )
        batch = Batch(
            feed="gdelt",
            stream=stream,
            partition_key=f"{first:%Y-%m-%dT%H:%M}..{last:%Y-%m-%dT%H:%M}/{stream}",
            attempts=(attempt,),
            table="gdelt_mention",
            payloads=tuple(payloads.values()),
            ledger_rows={"gdelt_slot": [{**row, "checked_at": run.settings.now()} for row in slots]},
        )
        outcomes.append(finish(run, connection, land(run, connection, batch)))
    return outcomes


def _apply_in_order(run: Run, connection: duckdb.DuckDBPyConnection) -> list[Outcome]:
    """Apply again, from the store, the UCDP releases that an older one was applied after.

    Releases supersede each other in the publisher's order, not in that of our loads. Only the events that
    the older release has changed meanwhile are looked at again. What is out of order is seen from the
    ledger alone, so a crash in between is made good by the next load.
    """
    releases = [row for row in LedgerMemory(connection).ucdp_releases() if row["kind"] in _ORDERED_KINDS]
    outcomes = []
    before: list[int] = []
    for row in sorted(releases, key=lambda row: release_order(row["release"])):
        attempt_id = row["attempt_id"]
        if overruled_by := [earlier for earlier in before if earlier > attempt_id]:
            batch = Batch.from_json(row["batch"])
            payloads = tuple(run.store.locate(payload) for payload in batch.payloads)
            options = {**batch.options, ONLY_KEYS_OF: overruled_by}
            outcome = finish(
                run, connection, land(run, connection, replace(batch, payloads=payloads, options=options))
            )
            outcomes.append(outcome)
            attempt_id = outcome.attempts[0]["attempt_id"]
        before.append(attempt_id)
    return outcomes


_ORDERED_KINDS = ("annual", "cumulative", "monthly")


def _already_applied(run: Run, memory: LedgerMemory, batch: Batch) -> bool:
    """Whether this very release, byte for byte and under this scope, is in raw already."""
    if batch.table is None or contract_for(batch.table).promotion is not Promotion.RELEASE:
        return False
    applied = {row["release"]: row for row in memory.ucdp_releases()}
    known = applied.get(batch.ledger_rows["ucdp_release"][0]["release"])
    return bool(
        known
        and known["payload_sha256"] == batch.payloads[0].sha256
        and known["country_scope"] == scope_text(run.settings.countries)
    )


def _without_landing(batch: Batch, status: Status, error: str | None = None) -> Batch:
    """The batch as ledger rows only. What it would have said about the state of releases is left out."""
    attempts = tuple(
        replace(attempt, status=status, error=error) if attempt.status is Status.OK else attempt
        for attempt in batch.attempts
    )
    if status is Status.REFUSED:
        # A validator would say "I have it".
        kept = {"gdelt_slot": refused_slots(batch, error or "")} if "gdelt_slot" in batch.ledger_rows else {}
    elif status is Status.FAILED:
        # A slot that the parser failed at stays one to ask for.
        kept = {}
    else:
        kept = {
            table: rows
            for table, rows in batch.ledger_rows.items()
            if table in ("gdelt_slot", "http_validator")
        }
    return replace(batch, table=None, attempts=attempts, ledger_rows=kept)


def _facts(connection: duckdb.DuckDBPyConnection, item: Pending, now: datetime) -> LoadFacts:
    """What the checks may know of this load besides its rows."""
    batch = item.batch
    options = batch.options
    windows = [attempt for attempt in batch.attempts if attempt.window_start and attempt.window_end]
    if "period_end" in options:
        start, end = options.get("period_start"), options.get("period_end")
    else:
        start = min((naive(attempt.window_start) for attempt in windows), default=None)
        end = max((naive(attempt.window_end) for attempt in windows), default=None)
    # Loads of one attempt are compared with the like; a back-fill of many days is no measure for a day.
    usual = connection.execute(
        """select rows_loaded + rows_unchanged - rows_withdrawn from ledger.load_attempt
           where feed = ? and stream = ? and status in ('ok', 'unchanged') and rows_parsed > 0
           order by attempt_id desc limit 50""",
        [batch.feed, batch.stream],
    ).fetchall()
    return LoadFacts(
        rows_seen=item.rows_seen,
        rows_landed=item.rows_landed,
        rows_rejected=item.rows_rejected,
        now=naive(now),
        window_start=start,
        window_end=end,
        usual_rows=tuple(rows for (rows,) in reversed(usual)) if len(batch.attempts) == 1 else (),
        payloads=len(batch.payloads),
        extra_columns=item.extra_columns,
        options=options,
    )


def _changed_feeds(connection: duckdb.DuckDBPyConnection, digest: str) -> set[str] | None:
    """Feeds with new rows since the last good build, ``audit`` where only the ledger has news; None for everything.

    What goes on failing as before is no news: an outlet that is gone for good must not cause builds for ever.
    """
    last = fetch_dicts(
        connection, "select * from ledger.build where status = 'ok' order by finished_at desc limit 1"
    )
    if not last or last[0]["project_hash"] != digest:
        return None
    rows = connection.execute(
        """with news as (
               select *, lag(status) over (partition by feed, stream order by attempt_id) as status_before,
                      rows_loaded > 0
                      -- Slots read and releases applied move what is observed, also where they bring no row.
                      or feed = 'gdelt' and status in ('ok', 'empty')
                      or attempt_id in (select attempt_id from ledger.ucdp_release) as has_data
               from ledger.load_attempt
           )
           select distinct case when has_data then feed else 'audit' end from news
           where attempt_id > ?
             and (has_data or status not in ('unchanged', 'empty') and status is distinct from status_before)""",
        [last[0]["through_attempt_id"] or 0],
    ).fetchall()
    return {changed for (changed,) in rows}


def _clock(run: Run, started: datetime) -> Clock:
    return Clock(
        run_id=run.run_id, recorded_at=run.settings.now(), started_at=started, finished_at=machine_now()
    )


@contextmanager
def _held(run: Run) -> Iterator[int]:
    """The old warehouse's lock, held while a new one takes its place, and how many attempts it knows.

    0 attempts, and no lock, where there is none or it cannot be read: then nobody can be writing it either.
    """
    if not run.settings.warehouse.exists():
        yield 0
        return
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(open_warehouse(run.settings.warehouse))
            settle(run, connection)
            known = _count_attempts(connection)
            # Nothing is left to write when it is closed, which is after its file has been replaced.
            connection.execute("checkpoint")
        except WarehouseDamaged:
            known = 0
        yield known


def _count_attempts(connection: duckdb.DuckDBPyConnection) -> int:
    return connection.execute("select count(*) from ledger.load_attempt").fetchone()[0]


def _remove_database(path: Path) -> None:
    path.unlink(missing_ok=True)
    _wal(path).unlink(missing_ok=True)


def _wal(path: Path) -> Path:
    return path.with_name(path.name + ".wal")


def _refuse_to_mix(settings: Settings, feed: str) -> None:
    """A home holds the made world or the real one: a label that is true of some rows only is no label."""
    urls = settings.addresses(feed)
    served_here = (
        all(is_loopback(urlsplit(url).hostname) for url in urls) if urls else settings.news_feeds is not None
    )
    if settings.is_made and not served_here:
        raise SettingsError(
            f"{settings.home} holds made data, and {feed} is a real publisher; give real data a home of its own "
            "with --home or SAHEL_HOME"
        )


@contextmanager
def _not_interrupted() -> Iterator[None]:
    """Ctrl-C waits until this is over. A check that was interrupted would pass for one that could not run,
    and refuse good data."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)
    if pressed:
        signal.raise_signal(signal.SIGINT)


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
