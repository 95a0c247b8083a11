"""The pipeline as Dagster runs it, from made publishers on loopback to the BI file, and what a bad day does.

The steps themselves are tested elsewhere; here is what only shows in a run: what is materialised, what is
skipped, what a check says, what is tried again.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration.definitions import build_definitions
from orchestration.defs import sensors
from orchestration.made_world import WORLD_END, Publishers, World, serve
from orchestration.records import LoadRequest
from orchestration.settings import Settings
from orchestration.steps import Run, build, load, publish

DAY = WORLD_END.date() - timedelta(days=1)
GDELT = ("landing/gdelt_event", "raw/gdelt_event", "landing/gdelt_mention", "raw/gdelt_mention")


@dataclass
class Deployment:
    """A home, its instance, its made publishers, and the jobs run in this process."""

    home: Path
    publishers: Publishers
    instance: dg.DagsterInstance
    defs: dg.Definitions

    def run(self, job: str, partition: str | None = None, **config: object) -> dg.ExecuteInProcessResult:
        return self.defs.resolve_job_def(job).execute_in_process(
            instance=self.instance, partition_key=partition, raise_on_error=False, **config
        )

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.home / "published" / "sahel.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def world() -> World:
    return World(scale=0.2, rows_per_slot=8)


@pytest.fixture(scope="module")
def deployment(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """One home for the tests of this module, in their order: a pipeline has a past."""
    home = tmp_path_factory.mktemp("dagster") / "home"
    publishers = Publishers(world, as_of=WORLD_END)
    with serve(publishers) as served, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAHEL_HOME", str(home))
        patch.setenv("SAHEL_UCDP_URL", served.ucdp_url)
        patch.setenv("SAHEL_GDELT_URL", served.gdelt_url)
        patch.setenv("SAHEL_NEWS_FEEDS", str(served.news_feeds_path))
        patch.setenv("SAHEL_NOW", WORLD_END.isoformat())
        _without_waiting(patch)
        with dg.DagsterInstance.ephemeral() as instance:
            yield Deployment(home, publishers, instance, build_definitions())


@pytest.fixture(autouse=True)
def the_deployments_settings(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings again: the fixture of the whole suite clears them before each test."""
    for name, value in deployment_environment.items():
        monkeypatch.setenv(name, value)


deployment_environment: dict[str, str] = {}
