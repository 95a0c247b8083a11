"""The warehouse anew from the payload store, offline."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.records import Batch
from orchestration.steps.batches import finish, land
from orchestration.steps.run import Run, settle
from orchestration.warehouse.connection import WarehouseDamaged, open_warehouse
from orchestration.warehouse.promote import Clock, Outcome


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


def _replay(run: Run, connection: duckdb.DuckDBPyConnection, entry: dict[str, Any]) -> Outcome:
    """Load a journal entry again as it was loaded then."""
    batch = Batch.from_json(json.dumps(entry["batch"]))
    batch = replace(
        batch,
        payloads=tuple(run.store.locate(payload) for payload in batch.payloads),
        ledger_rows=_within(run.settings.countries, batch.ledger_rows),
    )
    times = {
        name: datetime.fromisoformat(entry[name]) for name in ("recorded_at", "started_at", "finished_at")
    }
    clock = Clock(run_id=entry["run_id"], **times)
    then = replace(run, settings=replace(run.settings, fixed_now=clock.recorded_at), run_id=clock.run_id)
    return finish(then, connection, land(then, connection, batch), clock, entry["batch_id"])


def _within(
    countries: tuple[str, ...] | None, ledger_rows: dict[str, list[dict[str, Any]]]
) -> dict[str, list[dict[str, Any]]]:
    """The ledger rows without coverage of countries that are no longer in the scope.

    Their rows are left out while parsing; coverage that stayed would make zeros of them.
    """
    if countries is None or "coverage" not in ledger_rows:
        return ledger_rows
    kept = [row for row in ledger_rows["coverage"] if row["country_iso3"] in countries]
    return {**ledger_rows, "coverage": kept}


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
