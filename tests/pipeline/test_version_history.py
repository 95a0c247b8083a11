"""A history of UCDP releases, loaded in every order: what was published when does not depend on when we loaded it.

The oracle is plain Python over what each release says; nothing of it is taken from the pipeline.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import permutations
from pathlib import Path

import duckdb
import pytest

from orchestration import steps
from orchestration.records import LoadRequest
from orchestration.settings import Settings
from tests.pipeline.test_faults import zipped
from tests.shortcuts import VersionModels
from tests.unit.feeds.fault_server import Answer, FaultServer
from tests.unit.feeds.ucdp_files import EVENTS, as_csv

pytestmark = pytest.mark.usefixtures("without_audit")


@dataclass(frozen=True)
class Published:
    """A release: the events that it tells of (id -> last day, deaths), and whether it tells of all in its period."""

    name: str
    path: str
    at: datetime
    events: dict[int, tuple[str, int]]
    period: tuple[str, str] | None = None

    @property
    def answer(self) -> Answer:
        rows = [
            EVENTS[0]
            | {
                "id": str(key),
                "best": str(deaths),
                "deaths_b": str(deaths),
                "high": "99",
                "low": "0",
                "deaths_a": "0",
            }
            | {"date_start": f"{day} 00:00:00.000", "date_end": f"{day} 00:00:00.000", "year": day[:4]}
            for key, (day, deaths) in self.events.items()
        ]
        text = as_csv(rows)
        body = (
            zipped(text, f"GEDEvent_v{self.name.replace('.', '_')}.csv")
            if self.path.endswith("zip")
            else text.encode()
        )
        return Answer(body, headers={"Last-Modified": format_datetime(self.at, usegmt=True)})


ANNUAL = Published(
    "25.1",
    "/downloads/ged/ged251-csv.zip",
    datetime(2025, 6, 9, tzinfo=UTC),
    {1: ("2024-03-01", 5), 2: ("2024-05-01", 7), 3: ("2023-02-02", 1)},
    ("1989-01-01", "2024-12-31"),
)
QUARTER = Published(
    "25.01.25.06",
    "/downloads/candidateged/GEDEvent_v25_01_25_06.csv",
    datetime(2025, 8, 21, tzinfo=UTC),
    # 10 is provisional, 11 will be withdrawn, 12 will change and change back.
    {10: ("2025-02-10", 3), 11: ("2025-03-11", 2), 12: ("2025-04-12", 4)},
    ("2025-01-01", "2025-06-30"),
)
MONTH = Published(
    "25.0.7",
    "/downloads/candidateged/GEDEvent_v25_0_7.csv",
    datetime(2025, 9, 22, tzinfo=UTC),
    # A month also revises earlier events, and withdraws nothing.
    {12: ("2025-04-12", 9), 20: ("2025-07-20", 1)},
)
NEXT_ANNUAL = Published(
    "26.1",
    "/downloads/ged/ged261-csv.zip",
    datetime(2026, 6, 8, tzinfo=UTC),
    {
        1: ("2024-03-01", 5),
        2: ("2024-05-01", 6),
        10: ("2025-02-10", 3),
        12: ("2025-04-12", 4),
        21: ("2025-07-20", 1),
    },
    ("1989-01-01", "2025-12-31"),
)
HISTORY = (ANNUAL, QUARTER, MONTH, NEXT_ANNUAL)
THREE = (ANNUAL, QUARTER, NEXT_ANNUAL)


def stands(releases: tuple[Published, ...]) -> dict[int, tuple[str, int]]:
    """What releases say together, applied in their own order: the later one wins, and its silence withdraws."""
    known: dict[int, tuple[str, int]] = {}
    for release in releases:
        if release.period:
            first, last = release.period
            known = {key: event for key, event in known.items() if not first <= event[0] <= last}
        known |= release.events
    return known


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


def loaded(
    home: Path, server: FaultServer, models: VersionModels, order: tuple[Published, ...]
) -> tuple[Settings, list[datetime]]:
    """A home that has loaded the releases in that order, a day after each other from 1 July 2026 on."""
    settings = replace(Settings.from_env(home, environ={}), feeds=("ucdp",), ucdp_url=server.base)
    times = []
    for number, release in enumerate(order):
        server.script(release.path, release.answer)
        times.append(datetime(2026, 7, 1, tzinfo=UTC) + timedelta(days=number))
        run = steps.Run(replace(settings, fixed_now=times[-1]))
        report = steps.load(run, LoadRequest("ucdp", release=release.name))
        assert not report.failed, report.problems
    models.build(settings)
    return settings, times


def ask(settings: Settings, macro: str, at: datetime) -> dict[int, tuple[str, int]]:
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        rows = connection.execute(
            f"select source_event_id::int, date_end, fatalities_best from core.{macro}('{at:%Y-%m-%d %H:%M:%S}')"
        ).fetchall()
    assert len({key for key, *_ in rows}) == len(rows)
    return {key: (str(day), deaths) for key, day, deaths in rows}


@pytest.mark.parametrize(
    "order", list(permutations(THREE)), ids=lambda order: "-".join(item.name for item in order)
)
def test_three_releases_answer_alike_in_whatever_order_they_were_loaded(
    tmp_path: Path, server: FaultServer, version_models: VersionModels, order: tuple[Published, ...]
) -> None:
    settings, times = loaded(tmp_path / "home", server, version_models, order)
    for number, release in enumerate(THREE):
        on_the_day = release.at + timedelta(hours=1)
        assert ask(settings, "events_as_published_on", on_the_day) == stands(THREE[: number + 1]), (
            release.name
        )
    assert ask(settings, "events_as_published_on", ANNUAL.at - timedelta(days=1)) == {}
    for number, at in enumerate(times):
        # What a reader saw after each load: the releases loaded by then, in the publisher's order.
        seen = tuple(release for release in THREE if release in order[: number + 1])
        assert ask(settings, "events_as_known_on", at + timedelta(hours=1)) == stands(seen)
    assert ask(settings, "events_as_known_on", times[0] - timedelta(days=1)) == {}


@pytest.mark.parametrize("first", HISTORY, ids=lambda item: item.name)
def test_with_a_month_between_each_release_may_be_the_first_one_loaded(
    tmp_path: Path, server: FaultServer, version_models: VersionModels, first: Published
) -> None:
    order = (first, *(release for release in reversed(HISTORY) if release is not first))
    settings, times = loaded(tmp_path / "home", server, version_models, order)
    for number, release in enumerate(HISTORY):
        assert ask(settings, "events_as_published_on", release.at) == stands(HISTORY[: number + 1]), (
            release.name
        )
    assert ask(settings, "events_as_known_on", times[-1]) == stands(HISTORY)


def test_a_change_that_no_reader_saw_is_in_no_log_of_changes(
    tmp_path: Path, server: FaultServer, version_models: VersionModels
) -> None:
    """The newest release first, then the older ones: nothing that is known changes."""
    settings, _ = loaded(tmp_path / "home", server, version_models, tuple(reversed(THREE)))
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        kinds = connection.execute(
            "select distinct change_kind from core.fct_event_version where not is_withdrawn order by 1"
        ).fetchall()
        seen = connection.execute(
            "select source_event_id from core.fct_event_version where change_kind in ('revised', 'restored', 'withdrawn')"
        ).fetchall()
    assert {kind for (kind,) in kinds} <= {"new", "reissued", "superseded"}
    assert seen == []
