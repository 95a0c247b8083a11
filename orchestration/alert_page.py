"""Alerts as `sahel alerts` lists them: the question, the choice, and the words for a terminal.

Here: which alerts a person asked for, and what is said where there are none. Not here: options of the command (cli.py), what
is told to whom (orchestration/delivery), and when an alert is raised (marts.alert, in dbt).
"""

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from expectations.reference import countries, countries_by_name
from orchestration.delivery import files
from orchestration.delivery.alerts import (
    KINDS,
    POSTED_DAYS,
    Alert,
    Snapshot,
    basis,
    days_ago,
    evidence,
    newest_first,
    read as read_snapshot,
    source_text,
)
from orchestration.published import plain
from orchestration.settings import ALERT_LEVELS, Settings, naive


@dataclass(frozen=True)
class Question:
    """Which alerts are asked for. ``everything`` adds what is suppressed or below ``level``."""

    level: str
    country: str | None
    since: datetime
    until: datetime
    kind: str | None
    everything: bool

    def fits(self, alert: Alert) -> bool:
        """But for the time."""
        return (
            (self.country is None or alert.country_iso3 == self.country)
            and (self.kind is None or alert.alert_kind == self.kind)
            and (
                self.everything
                or (alert.suppressed_by is None and alert.rank >= ALERT_LEVELS.index(self.level))
            )
        )

    @property
    def told(self) -> str:
        what = {None: "alerts", "conflict": "alerts about the conflict", "data": "alerts about the data"}[
            self.kind
        ]
        level = "any level, suppressed ones too" if self.everything else f"level {self.level} and above"
        where = f" in {self.country}" if self.country else ""
        return f"{what}{where}, {level}, known since {self.since:%Y-%m-%d}"


@dataclass(frozen=True)
class Page:
    """The alerts asked for, the newest first, and what the file has besides."""

    question: Question
    snapshot: Snapshot
    alerts: tuple[Alert, ...]

    def as_records(self) -> list[dict[str, Any]]:
        return [asdict(alert) for alert in self.alerts]


def question(
    now: datetime,
    level: str,
    country: str | None = None,
    since: date | None = None,
    kind: str | None = None,
    everything: bool = False,
) -> Question:
    """The question as asked on the command line. Raises ``ValueError`` with the remedy if it cannot be asked."""
    first = datetime.combine(since, time(), UTC) if since else days_ago(now, POSTED_DAYS)
    if first > now:
        raise ValueError(f"--since: {since} is after today; write e.g. {days_ago(now, 30):%Y-%m-%d}")
    if country is not None:
        known = {one.country_iso3 for one in countries()}
        meant = countries_by_name().get(country.strip().casefold())
        if country.strip().upper() not in known:
            hint = f"did you mean {meant}?" if meant else "write e.g. MLI"
            raise ValueError(f"--country: {plain(country)!r} is not an ISO 3166-1 alpha-3 code; {hint}")
        country = country.strip().upper()
    return Question(level, country, first, now, kind, everything)


def read(settings: Settings, asked: Question) -> Page:
    """Raises duckdb.CatalogException or BinderException where the published file is too old to have alerts."""
    snapshot = read_snapshot(settings)
    first, last = naive(asked.since), naive(asked.until)
    found = [alert for alert in snapshot.alerts if asked.fits(alert) and first <= alert.known_at <= last]
    return Page(asked, snapshot, tuple(sorted(found, key=newest_first)))


def sections(page: Page) -> list[tuple[str, list[str]]]:
    """The two kinds apart, then how to name the sources."""
    found = [
        (heading, [line for alert in page.alerts if alert.alert_kind == kind for line in _lines(alert)])
        for kind, heading in KINDS.items()
    ]
    sources = page.snapshot.sources_of(alert.source for alert in page.alerts)
    return [*found, ("sources", [f"  {source_text(source)}" for source in sources])]


def markdown(page: Page) -> str:
    return files.listing(
        list(page.alerts), page.snapshot, f"{page.question.told[0].upper()}{page.question.told[1:]}."
    )


def nothing(page: Page) -> str:
    """Why there is nothing, and what there is instead."""
    said = f"no {page.question.told}"
    asked = page.question
    earlier = [
        alert for alert in page.snapshot.alerts if asked.fits(alert) and alert.known_at < naive(asked.since)
    ]
    others = [
        alert
        for alert in page.snapshot.alerts
        if not asked.fits(alert)
        and (asked.country is None or alert.country_iso3 == asked.country)
        and (asked.kind is None or alert.alert_kind == asked.kind)
        and naive(asked.since) <= alert.known_at <= naive(asked.until)
    ]
    hints = []
    if not page.snapshot.alerts:
        hints.append("the published file has none at all")
    if earlier:
        newest = max(alert.known_at for alert in earlier)
        hints.append(f"the newest before is of {newest:%Y-%m-%d}: --since {newest:%Y-%m-%d}")
    if others:
        hints.append(f"{len(others):,} are suppressed or of a lower level: --all")
    return "; ".join([said, *hints])


def _lines(alert: Alert) -> list[str]:
    lines = [
        f"  {alert.level.upper():<6}  {alert.known_at:%Y-%m-%d}  {plain(alert.summary)}",
        f"          {basis(alert)}",
    ]
    if named := evidence(alert):
        lines.append(f"          evidence: {named}")
    if alert.suppressed_by:
        lines.append(
            f"          suppressed ({plain(alert.suppression or '')}) by {plain(alert.suppressed_by)}"
        )
    return lines
