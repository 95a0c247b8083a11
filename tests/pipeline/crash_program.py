"""What the crash tests kill: everything `sahel run` does, over one day of GDELT."""

from contextlib import ExitStack
from datetime import timedelta

from orchestration import steps
from orchestration.records import LoadRequest
from orchestration.settings import Settings
from orchestration.steps import batches
from tests.shortcuts import no_checks, no_data_tests


def main(home: str, what: str, audited: str) -> None:
    """``what`` is all, load, or publish. Raises if anything failed.

    Unless ``audited`` is yes, no check of a load and no test of the models runs: they would take most of the time, and
    are not what is killed here.
    """
    with ExitStack() as shortcuts:
        if audited != "yes":
            batches.gx_audit.run = no_checks
            shortcuts.enter_context(no_data_tests())
        _run(home, what)


def _run(home: str, what: str) -> None:
    settings = Settings.from_env(home)
    if what != "publish":
        load(settings)
    if what == "all":
        report = steps.build(steps.Run(settings))
        assert not report.failed, report.failed_nodes
    if what != "load":
        steps.publish(steps.Run(settings))


def load(settings: Settings) -> None:
    day = settings.now().date()
    for feed in settings.feeds:
        window = (day - timedelta(days=1), day) if feed == "gdelt" else (None, None)
        report = steps.load(steps.Run(settings), LoadRequest(feed, date_from=window[0], date_to=window[1]))
        assert not report.failed, report.problems
