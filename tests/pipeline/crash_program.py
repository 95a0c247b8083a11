"""What the crash tests kill: everything `sahel run` does, over one day of GDELT."""

from datetime import timedelta

from orchestration import steps
from orchestration.records import LoadRequest
from orchestration.settings import Settings


def main(home: str, until: str) -> None:
    """Load the three feeds and, unless ``until`` is load, build and publish. Raises if anything failed."""
    settings = Settings.from_env(home)
    day = settings.now().date()
    for feed in settings.feeds:
        window = (day - timedelta(days=1), day) if feed == "gdelt" else (None, None)
        report = steps.load(steps.Run(settings), LoadRequest(feed, date_from=window[0], date_to=window[1]))
        assert not report.failed, report.problems
    if until == "load":
        return
    report = steps.build(steps.Run(settings))
    assert not report.failed, report.failed_nodes
    steps.publish(steps.Run(settings))
