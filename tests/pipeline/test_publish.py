"""Publication: readers in a loop see no error and no half, a bad version is never put in place, the file is inert."""

import os
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from orchestration import steps
from orchestration.cli import main
from orchestration.settings import Settings
from orchestration.warehouse import publish as publication
from orchestration.warehouse.connection import open_published, open_warehouse
from orchestration.warehouse.publish import PublishRefused
from tests.served import RealHome


@pytest.fixture
def own_home(real_home: RealHome, tmp_path: Path) -> Iterator[Settings]:
    """A copy of the real home, to spoil."""
    home = tmp_path / "home"
    shutil.copytree(real_home.settings.home, home, symlinks=True)
    yield replace(real_home.settings, home=home)


def test_a_reader_in_a_loop_sees_whole_versions_only(own_home: Settings) -> None:
    stop, seen, errors = threading.Event(), set(), []

    def read() -> None:
        while not stop.is_set():
            try:
                with duckdb.connect(str(own_home.bi_file), read_only=True) as reader:
                    events = reader.execute("select count(*) from core.fct_event").fetchone()[0]
                    months = reader.execute("select sum(events) from marts.country_month").fetchone()[0]
                    seen.add((events, int(months)))
            except Exception as error:
                errors.append(error)
            # Else they take the processor from the publications, and see fewer of them.
            stop.wait(0.005)

    readers = [threading.Thread(target=read) for _ in range(3)]
    inodes = set()
    for thread in readers:
        thread.start()
    try:
        for _ in range(4):
            steps.publish(steps.Run(own_home))
            inodes.add(os.stat(own_home.bi_file).st_ino)
            time.sleep(0.05)
    finally:
        stop.set()
        for thread in readers:
            thread.join()
    assert errors == []
    assert seen == {(2846, 2846)}
    assert len(inodes) == 4


def test_a_reader_that_stays_open_keeps_its_version(own_home: Settings) -> None:
    with duckdb.connect(str(own_home.bi_file), read_only=True) as reader:
        before = reader.execute("select count(*) from core.fct_event").fetchone()
        steps.publish(steps.Run(own_home))
        assert reader.execute("select count(*) from core.fct_event").fetchone() == before


def test_readers_work_while_the_warehouse_is_being_written(own_home: Settings) -> None:
    with open_warehouse(own_home.warehouse) as writer:
        writer.begin()
        writer.execute("delete from raw.ucdp_ged")
        with duckdb.connect(str(own_home.bi_file), read_only=True) as reader:
            assert reader.execute("select count(*) from core.fct_event").fetchone() == (2846,)
        answer = CliRunner().invoke(main, ["status", "--home", str(own_home.home)])
        assert answer.exit_code == 0, answer.output
        writer.rollback()


def test_a_promised_query_that_fails_stops_the_publication(
    own_home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = tmp_path / "queries"
    shutil.copytree(publication.QUERIES, queries)
    (queries / "broken.sql").write_text("select no_such_column from core.fct_event")
    monkeypatch.setattr(publication, "QUERIES", queries)
    before = os.stat(own_home.bi_file).st_ino
    with pytest.raises(PublishRefused, match="broken"):
        steps.publish(steps.Run(own_home))
    assert os.stat(own_home.bi_file).st_ino == before
    assert not list((own_home.published / "versions").glob(".*"))


def test_old_versions_are_kept_and_older_ones_forgotten(own_home: Settings) -> None:
    for _ in range(publication.KEPT_VERSIONS + 1):
        last = steps.publish(steps.Run(own_home))
    versions = [path.name for path in (own_home.published / "versions").iterdir()]
    assert len(versions) == publication.KEPT_VERSIONS
    assert last.version in versions
    assert (own_home.published / "parquet" / "core" / "fct_event.parquet").is_file()


def test_leftovers_of_a_killed_publication_are_swept(own_home: Settings) -> None:
    (own_home.published / "versions" / ".dead.tmp").mkdir()
    (own_home.published / ".sahel.duckdb.tmp").write_bytes(b"half")
    steps.publish(steps.Run(own_home))
    assert not list(own_home.published.glob("**/*.tmp"))


def test_public_is_refused_with_a_restricted_feed(
    own_home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{**row, "redistribution_allowed": "false"} for row in publication.read_seed("source")]
    monkeypatch.setattr(publication, "read_seed", lambda name: rows)
    with pytest.raises(PublishRefused, match="licence"):
        steps.publish(steps.Run(own_home), public=True)


def test_nothing_raw_is_published(own_home: Settings) -> None:
    with duckdb.connect(str(own_home.bi_file), read_only=True) as reader:
        schemas = {
            name for (name,) in reader.execute("select distinct schema_name from duckdb_tables()").fetchall()
        }
    assert schemas == {"core", "marts", "audit"}


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('/etc/hostname')",
        "select * from glob('/*')",
        "copy (select 1) to '{out}'",
        "attach '{out}' as other",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "create table core.x as select 1",
        "delete from core.fct_event",
        "export database '{out}'",
    ],
)
def test_the_query_connection_reaches_nothing_but_the_file(
    sql: str, own_home: Settings, tmp_path: Path
) -> None:
    target = tmp_path / "out"
    with open_published(own_home.bi_file) as reader, pytest.raises(duckdb.Error):
        reader.execute(sql.format(out=target)).fetchall()
    assert not target.exists()


def test_files_are_readable_by_the_previous_duckdb_line(own_home: Settings) -> None:
    with duckdb.connect(str(own_home.bi_file), read_only=True) as reader:
        tags = reader.execute("select tags from duckdb_databases() where database_name = 'sahel'").fetchone()[
            0
        ]
    assert tags["storage_version"].startswith("v1.4.0")
