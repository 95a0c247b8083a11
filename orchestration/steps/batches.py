"""The way of one batch: landed, audited, promoted, or recorded where there is nothing to land.

Knows no use case; which batches there are is the callers' business.
"""

import signal
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

import duckdb

from expectations import audit as gx_audit
from expectations.audit import CheckResult, Verdict
from expectations.contracts import contract_for
from expectations.report import write_report
from expectations.suites import LoadFacts
from orchestration.failpoints import failpoint
from orchestration.feeds.base import NotTheFormat
from orchestration.feeds.registry import feed_for
from orchestration.records import Batch, Parsed, Status
from orchestration.settings import machine_now, naive, scope_text
from orchestration.steps.run import Run, clock_of
from orchestration.warehouse import landing
from orchestration.warehouse.connection import WAREHOUSE_CONFIG, is_interrupt, open_scratch, scratch_file
from orchestration.warehouse.landing import Pending
from orchestration.warehouse.promote import Clock, Outcome, promote, record_only, refused_slots


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
            return without_landing(batch, Status.REFUSED, str(error))
        except Exception as error:
            if is_interrupt(error):
                raise
            told = f"{type(error).__name__}: {' '.join(str(error).split())}"
            return without_landing(
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
        return record_only(connection, item, clock or clock_of(run, started), batch_id or uuid.uuid4().hex)
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
        clock or clock_of(run, started or machine_now()),
        batch_id or uuid.uuid4().hex,
    )
    failpoint("load.after_commit")
    return outcome


def without_landing(batch: Batch, status: Status, error: str | None = None) -> Batch:
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
    # Loads of one attempt are compared with the like, under the same country scope; a back-fill of many days is no
    # measure for a day.
    usual = connection.execute(
        """select rows_loaded + rows_unchanged - rows_withdrawn from ledger.load_attempt
           where feed = ? and stream = ? and table_name = ? and country_scope = ?
             and status in ('ok', 'unchanged') and rows_parsed > 0
           order by attempt_id desc limit 50""",
        [batch.feed, batch.stream, batch.table, scope_text(item.reads_scope)],
    ).fetchall()
    return LoadFacts(
        rows_seen=item.rows_seen,
        rows_landed=item.rows_landed,
        rows_rejected=item.rows_rejected,
        now=naive(now),
        window_start=start,
        window_end=end,
        usual_rows=tuple(rows for (rows,) in reversed(usual))
        if len(batch.attempts) == 1 and not options.get("volume_varies")
        else (),
        extra_columns=item.extra_columns,
        options=options,
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
