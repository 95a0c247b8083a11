"""The one resource: where the home is. What it holds is read by the steps; no connection is kept open here.

The class only; ``orchestration.definitions`` makes the instance, so that a test can pass its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import duckdb

from orchestration.feeds.http import PermanentError, TransientError
from orchestration.settings import Settings, SettingsError
from orchestration.steps import Run, session
from orchestration.transform import DbtFailed
from orchestration.warehouse.connection import WarehouseBusy, WarehouseDamaged, WarehouseMissing
from orchestration.warehouse.publish import PublishRefused

RUN_PREFIX = "dagster-"
"""Ledger rows of Dagster's own runs begin with it; the others came from the command line."""

TRANSIENT = (TransientError, WarehouseBusy)
"""What may be over in a minute: a publisher that is down, another writer. Nothing else is tried again."""

EXPECTED = (
    PermanentError,
    SettingsError,
    WarehouseDamaged,
    WarehouseMissing,
    PublishRefused,
    DbtFailed,
    ValueError,
)
"""Errors whose message says what to do; others are shown with their type, for whoever mends the program."""

RETRY = dg.RetryPolicy(max_retries=3, delay=20, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


class SahelResource(dg.ConfigurableResource):
    """The home. Left out, it is SAHEL_HOME or ./data, as for the command line; all else is from the environment."""

    home: str | None = None

    @property
    def settings(self) -> Settings:
        return Settings.from_env(self.home)

    def run(
        self, context: dg.OpExecutionContext | dg.AssetCheckExecutionContext | dg.AssetExecutionContext
    ) -> Run:
        """A run of the steps, whose progress goes to this Dagster run's log, at most a line a quarter done."""
        told: dict[str, int] = {}

        def progress(done: int, total: int | None, note: str) -> None:
            quarter = 4 * done // total if total else done // 100
            if total and quarter > told.get("quarter", 0):
                told["quarter"] = quarter
                context.log.info(f"{done:,} of {total:,}: {note}")

        # A step that is tried again is another attempt in the ledger.
        again = f"-{context.retry_number}" if context.retry_number else ""
        return Run(self.settings, run_id=f"{RUN_PREFIX}{context.run.run_id[:8]}{again}", progress=progress)

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The warehouse for a question. It opens as a writer does: DuckDB lets nobody else in anyway."""
        with session(Run(self.settings)) as connection:
            yield connection


@contextmanager
def failures_told_apart() -> Iterator[None]:
    """Leave a transient error to the retry policy; any other fails the step at once, with its own words."""
    try:
        yield
    except (*TRANSIENT, dg.Failure):
        raise
    except Exception as error:
        if isinstance(error, EXPECTED):
            raise dg.Failure(description=str(error), allow_retries=False) from None
        raise dg.Failure(description=f"{type(error).__name__}: {error}", allow_retries=False) from error
