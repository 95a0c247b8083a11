"""What pipeline and query tests share: real mirrors on loopback and a home loaded from them, built, published."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import duckdb
import pytest

from orchestration import steps
from orchestration.records import LoadRequest
from orchestration.settings import Settings


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve_folder(folder: Path) -> Iterator[str]:
    """Serve a folder as the publisher's host would; answers 200 to Range, as plain servers do."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def open_bi(settings: Settings) -> duckdb.DuckDBPyConnection:
    """The published file, as a BI tool opens it."""
    return duckdb.connect(str(settings.bi_file), read_only=True)


def rows_of(path: Path, sql: str) -> list[tuple]:
    """Rows of a query on a database file, opened read-only."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@dataclass(frozen=True)
class RealHome:
    """A home loaded from the real mirrors, built and published."""

    settings: Settings
    ucdp: steps.LoadReport
    gdelt: steps.LoadReport
    build: steps.BuildReport


@pytest.fixture(scope="session")
def real_home(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> RealHome:
    """`load ucdp --release 24.1`, `load gdelt` for the first half of 2025, `build`, `publish` on real data."""
    home = tmp_path_factory.mktemp("real")
    mirror = shared_data / "mirror"
    with serve_folder(mirror / "ucdp") as ucdp_url, serve_folder(mirror / "gdelt") as gdelt_url:
        settings = replace(
            Settings.from_env(home, environ={}),
            feeds=("ucdp", "gdelt"),
            ucdp_url=ucdp_url,
            gdelt_url=gdelt_url,
            fixed_now=datetime(2025, 7, 1, tzinfo=UTC),
        )
        run = steps.Run(settings)
        ucdp = steps.load(run, LoadRequest("ucdp", release="24.1"))
        gdelt = steps.load(run, LoadRequest("gdelt", date_from=date(2025, 1, 1), date_to=date(2025, 6, 30)))
    build = steps.build(run)
    steps.publish(run)
    return RealHome(settings, ucdp, gdelt, build)
