"""A home after two visits to the made publishers, which several files of tests look at. They change nothing in it."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration import steps
from orchestration.made_world import WORLD_END, Publishers, Served, World, serve
from orchestration.records import LoadRequest
from orchestration.settings import MADE_MARKER, Settings
from tests.served import rows_of
from tests.shortcuts import no_data_tests

FIRST_VISIT = WORLD_END - timedelta(days=92)
GDELT_DAYS = 5

Row = dict[str, Any]
"""A row of the publisher's file."""


@dataclass(frozen=True)
class MadeHome:
    """Loaded and built at both visits, published after the second. ``told`` is what UCDP told by each, by its id."""

    settings: Settings
    served: Served
    visits: tuple[dict[str, steps.LoadReport], ...]
    told: tuple[dict[int, Row], ...]


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MadeHome]:
    home = tmp_path_factory.mktemp("made")
    (home / MADE_MARKER).write_text("made\n")
    windows = ((WORLD_END - timedelta(days=GDELT_DAYS), WORLD_END),)
    publishers = Publishers(World(seed=7), as_of=FIRST_VISIT, gdelt_windows=windows)
    with serve(publishers) as served:
        visits, told = [], []
        for at in (FIRST_VISIT, WORLD_END):
            # The press is read twice, hours apart: headlines change soon or never.
            publishers.as_of = at - timedelta(hours=12)
            steps.load(steps.Run(settings_of(home, served, publishers.as_of)), LoadRequest("news"))
            publishers.as_of = at
            settings = settings_of(home, served, at)
            visits.append(visit(settings))
            told.append(publishers.ucdp.current_after(releases(settings)))
            # The models are tested after the last visit, over the rows of both.
            with nullcontext() if at == WORLD_END else no_data_tests():
                built = steps.build(steps.Run(settings))
            assert not built.failed, [node.message for node in built.failed_nodes]
        steps.publish(steps.Run(settings))
        yield MadeHome(settings, served, tuple(visits), tuple(told))


def settings_of(home: Path, served: Served, now: datetime) -> Settings:
    base = Settings.from_env(home, environ={"SAHEL_NEWS_FEEDS": str(served.news_feeds_path)})
    return replace(base, ucdp_url=served.ucdp_url, gdelt_url=served.gdelt_url, fixed_now=now)


def visit(settings: Settings) -> dict[str, steps.LoadReport]:
    """Every default feed; GDELT at the second visit only."""
    reports = {"ucdp": steps.load(steps.Run(settings), LoadRequest("ucdp"))}
    if settings.now() == WORLD_END:
        first = (WORLD_END - timedelta(days=GDELT_DAYS)).date()
        request = LoadRequest("gdelt", date_from=first, date_to=WORLD_END.date() - timedelta(days=1))
        reports["gdelt"] = steps.load(steps.Run(settings), request)
    reports["news"] = steps.load(steps.Run(settings), LoadRequest("news"))
    return reports


def releases(settings: Settings) -> list[str]:
    """The releases of events loaded so far, in their order."""
    rows = rows_of(
        settings.warehouse,
        "select release from ledger.ucdp_release where kind <> 'actor' order by attempt_id",
    )
    return [name for (name,) in rows]
