"""What pipeline and query tests share: real mirrors on loopback and homes loaded from them, built, published."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest import mock

import duckdb
import pytest

from orchestration import steps
from orchestration.records import LoadRequest
from orchestration.settings import Settings
from orchestration.spatial import spatial_extension
from orchestration.steps import batches
from orchestration.transform import run_dbt
from tests.shortcuts import no_checks, no_data_tests


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


@dataclass(frozen=True)
class RegistryHome:
    """A home with the real actor list and polygons beside the events, built and published."""

    settings: Settings
    before: dict[str, int]
    """UCDP's events by how their unit was found, built without polygons, and with them."""
    after: dict[str, int] | None
    """None without DuckDB's spatial extension."""
    polygons: steps.LoadReport | None
    untrue: list[tuple[str, str]]
    """Data tests that failed on the home with all of it."""


@pytest.fixture(scope="session")
def registry_home(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> RegistryHome:
    """UCDP 24.1, the actor list 22.1 and Insecurity Insight loaded by hand and built; polygons, and built again.

    Each data test runs once, when all is there: a build would run most of them twice.
    """
    mirror = shared_data / "mirror" / "ucdp" / "downloads"
    incidents = shared_data / "insecurity_insight" / "education.json"
    polygons = shared_data / "reference" / "derived_ne_admin1_sahel16.geojson"
    if not incidents.is_file():
        pytest.skip("no insecurity_insight/education.json beside the project (../shared/data)")
    settings = replace(
        Settings.from_env(
            tmp_path_factory.mktemp("registry"), environ={"SAHEL_FEEDS": "ucdp,insecurity_insight"}
        ),
        fixed_now=datetime(2025, 7, 1, tzinfo=UTC),
    )
    run = steps.Run(settings)

    def load(request: LoadRequest, audited: bool = True) -> steps.LoadReport:
        with nullcontext() if audited else mock.patch.object(batches.gx_audit, "run", no_checks):
            report = steps.load(run, request)
        assert not report.failed, report.problems
        return report

    def build() -> dict[str, int]:
        with no_data_tests():
            report = steps.build(run)
        assert not report.failed, [(node.name, node.message) for node in report.failed_nodes]
        return dict(
            rows_of(
                settings.warehouse,
                "select admin1_method, count(*) from core.fct_event where feed = 'ucdp' group by 1",
            )
        )

    # The audit sees this file in real_home.
    load(LoadRequest("ucdp", file=mirror / "ged" / "ged241-csv.zip", release="24.1"), audited=False)
    load(LoadRequest("ucdp", file=mirror / "actor" / "ucdp-actor-221.csv", release="actor-22.1"))
    load(LoadRequest("insecurity_insight", file=incidents))
    before, after, loaded = build(), None, None
    if spatial_extension() is not None:
        loaded = load(LoadRequest("boundaries", file=polygons), audited=False)
        after = build()
    tests = run_dbt(settings, ["test", "--exclude-resource-type", "unit_test"])
    assert len(tests) > 100
    steps.publish(run)
    untrue = [(node.name, node.message) for node in tests if not node.good]
    return RegistryHome(settings, before, after, loaded, untrue)
