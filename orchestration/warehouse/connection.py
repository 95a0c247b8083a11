"""Opening DuckDB: the warehouse (one writer), scratch instances, and published files (readers).

The only place that knows DuckDB's configuration. No SQL about feeds or marts.
"""

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from expectations.contracts import CONTRACTS, PROVENANCE, TableContract

STORAGE_VERSION = "v1.4.0"
"""Files written so that DuckDB 1.4 and 1.5 can read them too; BI drivers lag behind."""

MEMORY_LIMIT = "1GB"
WAREHOUSE_CONFIG = {
    "storage_compatibility_version": STORAGE_VERSION,
    "memory_limit": MEMORY_LIMIT,
    "threads": "4",
    "preserve_insertion_order": "false",
    # Nothing downloads at run time: extensions in the wheel (json, icu, parquet) are enough.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
READER_CONFIG = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "lock_configuration": "true",
}
LOCK_WAIT_SECONDS = 60
_LEDGER_SQL = Path(__file__).with_name("ledger.sql")


class WarehouseBusy(RuntimeError):
    """Another process writes the warehouse; the message says who and what to do."""


class WarehouseDamaged(RuntimeError):
    """The file is there and DuckDB cannot read it; the message says what to do."""


class WarehouseMissing(RuntimeError):
    """There is no warehouse, and making an empty one would forget what the payload store knows."""


@contextmanager
def open_warehouse(
    path: Path, *, wait_s: float | None = None, waiting: Callable[[], None] | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, read-write, with its schemas in place. Waits up to ``wait_s`` for another writer.

    ``waiting`` is called before each wait. Raises ``WarehouseBusy`` when the other writer does not finish in
    time, and ``WarehouseDamaged`` when the file is no database that can be opened.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = _connect_when_free(path, LOCK_WAIT_SECONDS if wait_s is None else wait_s, waiting)
    try:
        prepare(connection)
        yield connection
    finally:
        connection.close()


@contextmanager
def open_scratch(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A throw-away, file-backed instance: hostile bytes are parsed here, never in the warehouse."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="parse-") as work:
        config = {**WAREHOUSE_CONFIG, "temp_directory": work}
        connection = duckdb.connect(str(Path(work) / "scratch.duckdb"), config=config)
        try:
            yield connection
        finally:
            connection.close()


def open_published(path: Path) -> duckdb.DuckDBPyConnection:
    """A published file, read-only: no external files, no configuration changes."""
    return duckdb.connect(str(path), read_only=True, config=dict(READER_CONFIG))


def is_interrupt(error: BaseException) -> bool:
    """Whether an error is Ctrl-C: within a statement DuckDB answers it with an error of its own."""
    return isinstance(error, KeyboardInterrupt | duckdb.InterruptException) or (
        isinstance(error, RuntimeError) and str(error) == "Query interrupted"
    )


def scratch_file(connection: duckdb.DuckDBPyConnection) -> Path:
    """The file behind a scratch connection."""
    row = connection.execute(
        "select path from duckdb_databases() where database_name = current_database()"
    ).fetchone()
    return Path(row[0])


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing of the ledger, landing and raw tables. Cheap when all is there."""
    connection.execute(_LEDGER_SQL.read_text(encoding="utf-8"))
    for contract in CONTRACTS.values():
        connection.execute(
            f"create table if not exists landing.{contract.table} ({landing_columns(contract)})"
        )
        connection.execute(f"create table if not exists raw.{contract.table} ({raw_columns(contract)})")


def landing_columns(contract: TableContract) -> str:
    """Column definitions of a landing table: nullable, so that the audit can see what is wrong."""
    columns = [f'"{column.name}" {column.dtype}' for column in contract.columns]
    return ", ".join([*columns, "payload_sha256 varchar", "released_at timestamp", "partition_key varchar"])


def raw_columns(contract: TableContract) -> str:
    """Column definitions of a raw table: business columns, then provenance."""
    return ", ".join(f'"{column.name}" {column.dtype}' for column in (*contract.columns, *PROVENANCE))


def _connect_when_free(
    path: Path, wait_s: float, waiting: Callable[[], None] | None
) -> duckdb.DuckDBPyConnection:
    def is_locked(error: BaseException) -> bool:
        return isinstance(error, duckdb.IOException) and "set lock on file" in str(error)

    try:
        for attempt in Retrying(
            retry=retry_if_exception(is_locked),
            stop=stop_after_delay(wait_s),
            wait=wait_random_exponential(multiplier=0.2, max=5),
            before_sleep=(lambda _: waiting()) if waiting else None,
            reraise=True,
        ):
            with attempt:
                return duckdb.connect(str(path), config=dict(WAREHOUSE_CONFIG))
    except duckdb.Error as error:
        told = str(error).splitlines()[0]
        if is_locked(error):
            holder = re.search(r"held in (.*?)\. ", told)
            raise WarehouseBusy(
                f"another process is writing {path}{f': {holder[1]}' if holder else ''}; wait for it to end, or stop it"
            ) from error
        if isinstance(error, duckdb.IOException) and re.search("Permission denied|No space|directory", told):
            raise
        raise WarehouseDamaged(
            f"{path} cannot be opened ({told}); `sahel rebuild` makes it anew from the payload store"
        ) from error
    raise AssertionError("unreachable")
