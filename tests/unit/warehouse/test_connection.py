"""Opening the warehouse: one writer, a wait that ends, and a file that is no database."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from expectations.contracts import CONTRACTS, PROVENANCE
from orchestration.warehouse import connection as opening
from orchestration.warehouse.connection import (
    WarehouseBusy,
    WarehouseDamaged,
    is_interrupt,
    open_published,
    open_scratch,
    open_warehouse,
    prepare,
    scratch_file,
)

HOLD = "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('held', flush=True); time.sleep(float(sys.argv[2]))"


@contextmanager
def held_by_another(path: Path, seconds: float = 60) -> Iterator[subprocess.Popen[str]]:
    """Another process has the file open for writing."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_every_table_of_the_contracts_is_there_and_preparing_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "warehouse.duckdb"
    with open_warehouse(path) as connection:
        connection.execute("insert into ledger.journal_outbox values ('a', '{}')")
    with open_warehouse(path) as connection:
        prepare(connection)
        assert connection.execute("select count(*) from ledger.journal_outbox").fetchone() == (1,)
        for contract in CONTRACTS.values():
            found = [name for name, *_ in connection.execute(f"describe raw.{contract.table}").fetchall()]
            assert found == [*contract.column_names, *(column.name for column in PROVENANCE)]


def test_another_writer_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    waits = []
    with held_by_another(path, 1.0), open_warehouse(path, wait_s=30, waiting=lambda: waits.append(1)):
        pass
    assert waits


def test_a_writer_that_does_not_end_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "warehouse.duckdb"
    monkeypatch.setattr(opening, "LOCK_WAIT_SECONDS", 0.3)
    with held_by_another(path) as other:
        began = time.monotonic()
        with pytest.raises(WarehouseBusy, match=rf"PID {other.pid}.*; wait for it to end, or stop it"):
            open_warehouse(path).__enter__()
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("content", [b"not a database", b"\0" * 4096, b"DUCK" * 4096])
def test_a_file_that_is_no_database_is_told_with_the_remedy(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(content)
    with pytest.raises(WarehouseDamaged, match=r"warehouse\.duckdb cannot be opened .*; `sahel rebuild`"):
        open_warehouse(path, wait_s=0).__enter__()
    assert path.read_bytes() == content


def test_a_folder_in_its_place_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    path.mkdir()
    with pytest.raises((duckdb.IOException, WarehouseDamaged)):
        open_warehouse(path, wait_s=0).__enter__()
    assert path.is_dir()


def test_a_scratch_instance_leaves_nothing(tmp_path: Path) -> None:
    with open_scratch(tmp_path / "scratch") as scratch:
        scratch.execute("create table t as select 1")
        path = scratch_file(scratch)
        assert path.is_relative_to(tmp_path / "scratch")
    assert list((tmp_path / "scratch").iterdir()) == []


def test_files_are_written_for_the_previous_duckdb_too(tmp_path: Path) -> None:
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        (tags,) = connection.execute(
            "select tags from duckdb_databases() where database_name = 'warehouse'"
        ).fetchone()
    assert tags["storage_version"].startswith("v1.4.0")


def test_a_published_file_is_opened_for_reading_only(tmp_path: Path) -> None:
    path = tmp_path / "sahel.duckdb"
    duckdb.connect(str(path)).execute("create table t as select 1 as one").close()
    with open_published(path) as reader, pytest.raises(duckdb.Error):
        reader.execute("insert into t values (2)")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (KeyboardInterrupt(), True),
        (RuntimeError("Query interrupted"), True),
        (duckdb.InterruptException("INTERRUPT Error: Interrupted!"), True),
        (RuntimeError("the query was interrupted by a comma"), False),
        (duckdb.IOException("IO Error"), False),
    ],
)
def test_ctrl_c_is_known_in_each_of_its_forms(error: BaseException, expected: bool) -> None:
    assert is_interrupt(error) is expected
