"""The one resource: where the home is. What it holds is read by the steps; no connection is kept open here.

The class only; ``orchestration.definitions`` makes the instance, so that a test can pass its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import duckdb

from orchestration.feeds.http import PermanentError
from orchestration.settings import Settings, SettingsError
from orchestration.steps import Run, session
from orchestration.transform import DbtFailed
from orchestration.warehouse.connection import WarehouseMissing
from orchestration.warehouse.publish import PublishRefused

RUN_PREFIX = "dagster-"
"""Ledger rows of Dagster's own runs begin with it; the others came from the command line."""

PERMANENT = (PermanentError, SettingsError, WarehouseMissing, PublishRefused, DbtFailed, ValueError)
"""What asking again does not mend. All else (a busy warehouse, a publisher that is down) is tried again."""

RETRY = dg.RetryPolicy(
    max_retries=3, delay=20, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)


class SahelResource(dg.ConfigurableResource):
    """The home. Left out, it is SAHEL_HOME or ./data, as for the command line; all else is from the environment."""

    home: str | None = None

    @property
    def settings(self) -> Settings:
        return Settings.from_env(self.home)

    def run(self, context: dg.OpExecutionContext | dg.AssetCheckExecutionContext | dg.AssetExecutionContext) -> Run:
        """A run of the steps, whose progress goes to this Dagster run's log, at most a line a quarter done."""
        told: dict[str, int] = {}

        def progress(done: int, total: int | None, note: str) -> None:
            quarter = 4 * done // total if total else done // 100
            if total and quarter > told.get("quarter", 0):
                told["quarter"] = quarter
                context.log.info(f"{done:,} of {total:,}: {note}")

        return Run(self.settings, run_id=f"{RUN_PREFIX}{context.run.run_id[:8]}", progress=progress)

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The warehouse for a question. It opens as a writer does: DuckDB lets nobody else in anyway."""
        with session(Run(self.settings)) as connection:
            yield connection


@contextmanager
def failures_told_apart() -> Iterator[None]:
    """Turn a permanent error into a failure that is not retried; leave a transient one to the retry policy."""
    try:
        yield
    except PERMANENT as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error



