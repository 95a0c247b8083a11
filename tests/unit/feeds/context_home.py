"""A home that loads one context feed from its made API over HTTP, through the real steps, and shows raw.

Belongs here: what the tests of the five context feeds share. Does not belong here: any publisher's figures.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration import steps
from orchestration.feeds.http import HttpClient
from orchestration.made_world import Publishers, serve
from orchestration.made_world.publishers import Api
from orchestration.records import LoadRequest
from orchestration.settings import Settings
from orchestration.steps import loading
from orchestration.warehouse.promote import Outcome

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


@dataclass
class ContextHome:
    """``load`` loads at a clock that goes on by a day each time, so that versions can be told apart."""

    feed: str
    api: Any
    settings: Settings

    def load(
        self, countries: tuple[str, ...] | None = ("MLI", "BFA"), file: Path | None = None
    ) -> list[Outcome]:
        self.settings = replace(
            self.settings, fixed_now=self.settings.now() + timedelta(days=1), countries=countries
        )
        report = steps.load(steps.Run(self.settings), LoadRequest(self.feed, file=file))
        return list(report.outcomes)

    def statuses(self, **how: Any) -> dict[str, str]:
        """Status by stream of one load."""
        return {
            attempt["stream"]: attempt["status"]
            for outcome in self.load(**how)
            for attempt in outcome.attempts
        }

    def errors(self, **how: Any) -> str:
        """What one load that brings nothing says."""
        outcomes = self.load(**how)
        assert not any(outcome.rows_loaded for outcome in outcomes)
        return "\n".join(str(attempt["error"]) for outcome in outcomes for attempt in outcome.attempts)

    def rows(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.settings.warehouse)) as connection:
            return connection.execute(sql).fetchall()


@contextmanager
def context_home(
    feed: str, api: Api, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ContextHome]:
    """Serve ``api`` as ``feed``'s publisher, and nobody waits between attempts at a publisher that is down."""
    monkeypatch.setattr(loading, "HttpClient", partial(HttpClient, sleep=lambda _: None))
    publishers = Publishers(as_of=NOW)
    publishers.apis[feed] = api
    with serve(publishers) as served:
        yield ContextHome(
            feed, api, replace(settings, fixed_now=NOW, **{f"{feed}_url": f"{served.base_url}/{feed}"})
        )
