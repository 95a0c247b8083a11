"""Random histories of every feed: what is known of any past date is what a plain model says, always.

A history is drawn by Hypothesis: publishers insert, edit, delete, issue anew, re-issue releases; outages come and go;
loads run, crash at any of their fail-points, and run again; the warehouse is rebuilt from the payload store. At the
end the as-of views are asked for every moment at which a load had gone well, and for the time until the next try.
"""

import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from unittest import mock

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, settings as hypothesis_settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from orchestration import failpoints, steps
from orchestration.feeds.http import HttpClient
from orchestration.made_world import Publishers, World, serve
from orchestration.steps import batches, loading
from orchestration.warehouse import landing
from tests.pipeline.histories import START, Known, Source, all_sources, as_text, settings_for
from tests.shortcuts import VersionModels

LOAD_POINTS = [point for point in failpoints.POINTS if point.startswith("load.")]
FEEDS = tuple(all_sources(None))
WHICH = st.integers(0, 11)
"""Which of a history's feeds; divisible by three and by four of them."""
NEVER_SAY_WHAT_IS_GONE = {"ucdp", "news", "reliefweb", "gdelt"}


class Killed(BaseException):
    """The process is gone at a fail-point. Not an ``Exception``: nothing may catch it and go on."""


@dataclass(frozen=True)
class Seen:
    """What had to be known of a feed from a time on, until something was tried again."""

    feed: str
    at: datetime
    known: Known


class Histories(RuleBasedStateMachine):
    """One history. The clock goes on with every step, so that every load has a time of its own."""

    models: VersionModels
    world = World()

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.home = Path(tempfile.mkdtemp(prefix="history-"))
        self.now = START
        self.seen: list[Seen] = []
        self.tried: dict[str, list[datetime]] = {feed: [] for feed in FEEDS}
        self.waiting: set[str] = set()

    @initialize(
        embargo_months=st.sampled_from([None, 12]),
        seed=st.integers(0, 2**32),
        feeds=st.lists(st.sampled_from(FEEDS), min_size=3, max_size=4, unique=True),
    )
    def begin(self, embargo_months: int | None, seed: int, feeds: list[str]) -> None:
        """A few feeds in each history, so that each has one worth the name."""
        self.rng = random.Random(seed)
        self.feeds = feeds
        self.sources = all_sources(embargo_months)
        self.publishers = Publishers(self.world, as_of=self.now)
        self.publishers.apis = {feed: source.api for feed, source in self.sources.items()}
        served = self.stack.enter_context(serve(self.publishers))
        # Nobody waits between attempts at a publisher that is down.
        client = partial(HttpClient, sleep=lambda _: None)
        self.stack.enter_context(mock.patch.object(loading, "HttpClient", client))
        self.settings = settings_for(self.home / "home", self.sources, served.base_url)

    @rule(hours=st.integers(1, 24 * 20))
    def time_passes(self, hours: int) -> None:
        self._move(timedelta(hours=hours))

    @rule(which=WHICH, begins=st.booleans())
    def outage(self, which: int, begins: bool) -> None:
        # Half of the publishers that are down come back, so that outages stay the exception.
        feed = self._feed(which)
        (self.publishers.down.add if begins and self.rng.random() < 0.5 else self.publishers.down.discard)(
            feed
        )

    @rule(which=WHICH, changes=st.integers(0, 4), again=st.booleans())
    def load(self, which: int, changes: int, again: bool) -> None:
        """A load of what has changed; perhaps the same at once again, which brings nothing new."""
        feed = self._feed(which)
        self._change(feed, changes)
        self._load(feed)
        if again:
            self._load(feed)

    @rule(
        which=WHICH, changes=st.integers(0, 3), point=st.sampled_from(LOAD_POINTS), passes=st.integers(1, 3)
    )
    def load_crashes(self, which: int, changes: int, point: str, passes: int) -> None:
        """Somewhere within a load, or not at all if the point is not passed so often."""
        feed = self._feed(which)
        self._change(feed, changes)
        source = self._try(feed)
        left = [passes]

        def failpoint(name: str) -> None:
            left[0] -= name == point
            if name == point and left[0] == 0:
                raise Killed

        with ExitStack() as patched:
            for module in (batches, loading, landing):
                patched.enter_context(mock.patch.object(module, "failpoint", failpoint))
            try:
                report = steps.load(steps.Run(self.settings), source.request(self.now))
            except Killed:
                # What the dead load had committed of something that never says what is gone stays known. So that
                # the model need not know how far it came, this publisher waits until it has been read.
                self.waiting |= {feed} & NEVER_SAY_WHAT_IS_GONE
                return
        self._went(feed, report)

    @rule()
    def warehouse_is_rebuilt(self) -> None:
        if self.settings.warehouse.exists() and steps.Run(self.settings).store.journal.is_file():
            steps.rebuild(steps.Run(self.settings))

    def _feed(self, which: int) -> str:
        return self.feeds[which % len(self.feeds)]

    def _change(self, feed: str, times: int) -> None:
        for _ in range(0 if feed in self.waiting else times):
            self._move(timedelta(minutes=7))
            self.sources[feed].change(self.rng, self.now)

    def _load(self, feed: str) -> None:
        source = self._try(feed)
        self._went(feed, steps.load(steps.Run(self.settings), source.request(self.now)))

    def _went(self, feed: str, report: steps.LoadReport) -> None:
        if feed in self.publishers.down:
            assert report.rows_loaded == 0
            return
        assert not report.failed, report.problems
        self.waiting.discard(feed)
        source = self.sources[feed]
        source.learn(self.now)
        self.seen.append(Seen(feed, self.now, dict(source.known)))

    def teardown(self) -> None:
        try:
            if hasattr(self, "settings") and self.seen:
                self.models.build(self.settings)
                with duckdb.connect(str(self.settings.warehouse), read_only=True) as connection:
                    self._compare(connection)
        finally:
            self.stack.close()
            shutil.rmtree(self.home, ignore_errors=True)

    def _compare(self, connection: duckdb.DuckDBPyConnection) -> None:
        for seen in self.seen:
            source = self.sources[seen.feed]
            later = [at for at in self.tried[seen.feed] if at > seen.at]
            until = later[0] - timedelta(seconds=1) if later else self.now
            for at in (seen.at, until):
                found = source.ask(connection, at)
                assert as_text(found) == as_text(seen.known), f"{seen.feed} as known on {at}"
            first = self.tried[seen.feed][0] - timedelta(seconds=1)
            assert source.ask(connection, first) == {}

    def _move(self, by: timedelta) -> None:
        self.now += by
        self.publishers.as_of = self.now

    def _try(self, feed: str) -> Source:
        # News and ReliefWeb rest after a failure; an hour is more than the shortest rest of both.
        self._move(timedelta(hours=2))
        self.settings = replace(self.settings, fixed_now=self.now)
        self.tried[feed].append(self.now)
        return self.sources[feed]


@pytest.fixture
def machine(version_models: VersionModels) -> Iterator[type[Histories]]:
    Histories.models = version_models
    yield Histories


def run(machine: type[Histories], examples: int, length: int, **more: bool) -> None:
    run_state_machine_as_test(
        machine,
        settings=hypothesis_settings(
            max_examples=examples,
            stateful_step_count=length,
            deadline=None,
            database=None,
            # A history is told whole; making it shorter would take an hour of loads.
            phases=[Phase.generate],
            print_blob=False,
            suppress_health_check=list(HealthCheck),
            **more,
        ),
    )


def test_what_was_known_on_a_date_stays_so(machine: type[Histories], without_audit: None) -> None:
    run(machine, examples=6, length=30, derandomize=True)


@pytest.mark.soak
def test_what_was_known_on_a_date_stays_so_in_many_histories(machine: type[Histories]) -> None:
    run(machine, examples=50, length=40)
