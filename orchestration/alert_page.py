"""Alerts as `sahel alerts` lists them: the question, the choice, and the words for a terminal.

Here: which alerts a person asked for, and what is said where there are none. Not here: options of the command (cli.py), what
is told to whom (orchestration/delivery), and when an alert is raised (marts.alert, in dbt).
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from expectations.reference import countries, countries_by_name
from orchestration.delivery import files
from orchestration.delivery.alerts import (
    EVENTS_DAYS,
    KINDS,
    KNOWN_DAYS,
    Alert,
    Snapshot,
    basis,
    evidence,
    is_news,
    is_up,
    newest_first,
    read as read_snapshot,
    source_text,
)
from orchestration.published import plain
from orchestration.settings import Settings, naive


@dataclass(frozen=True)
class Question:
    """Which alerts are asked for: those that are news, or all about what happened since a day. ``everything`` adds what is suppressed or
    below ``level``."""

    level: str
    country: str | None
    since: date | None
    now: datetime
    kind: str | None
    everything: bool

    def is_about(self, alert: Alert) -> bool:
        return (self.country is None or alert.country_iso3 == self.country) and (
            self.kind is None or alert.alert_kind == self.kind
        )

    def is_grave(self, alert: Alert) -> bool:
        return self.everything or (alert.suppressed_by is None and is_up(alert, self.level))

    def is_in_time(self, alert: Alert) -> bool:
        if self.since is None:
            return is_news(alert, self.now)
        return alert.alert_date >= self.since and alert.known_at <= naive(self.now)

    @property
    def told(self) -> str:
        what = {None: "alerts", "conflict": "alerts about the conflict", "data": "alerts about the data"}[
            self.kind
        ]
        where = f" in {self.country}" if self.country else ""
        level = "any level, suppressed ones too" if self.everything else f"level {self.level} and above"
        since = (
            f"about what happened since {self.since}"
            if self.since
            else f"about the last {EVENTS_DAYS} days and known for {KNOWN_DAYS} at most"
        )
        return f"{what}{where}, {level}, {since}"


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
    if since is not None and since > now.date():
        raise ValueError(f"--since: {since} is after today; write e.g. {now - timedelta(days=30):%Y-%m-%d}")
    if country is not None:
        known = {one.country_iso3 for one in countries()}
        meant = countries_by_name().get(country.strip().casefold())
        if meant is None and country.strip().upper() not in known:
            raise ValueError(f"--country: no country is called {plain(country)!r}; write e.g. MLI or Mali")
        country = meant or country.strip().upper()
    return Question(level, country, since, now, kind, everything)


def read(settings: Settings, asked: Question) -> Page:
    """Raises duckdb.CatalogException or BinderException where the published file is too old to have alerts."""
    snapshot = read_snapshot(settings)
    found = [
        alert
        for alert in snapshot.alerts
        if asked.is_about(alert) and asked.is_grave(alert) and asked.is_in_time(alert)
    ]
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
    asked, hints = page.question, []
    about = [alert for alert in page.snapshot.alerts if asked.is_about(alert)]
    if not page.snapshot.alerts:
        hints.append("the published file has none at all")
    if earlier := [alert.alert_date for alert in about if asked.is_grave(alert)]:
        hints.append(f"the newest is about {max(earlier)}: --since {max(earlier)}")
    if lesser := sum(asked.is_in_time(alert) for alert in about):
        hints.append(f"{lesser:,} are suppressed or of a lower level: --all")
    return "; ".join([f"no {asked.told}", *hints])


def _lines(alert: Alert) -> list[str]:
    lines = [
        f"  {alert.level.upper():<6}  {alert.alert_date}  {plain(alert.summary)}",
        f"          {basis(alert)}",
    ]
    if named := evidence(alert):
        lines.append(f"          evidence: {named}")
    if alert.suppressed_by:
        lines.append(
            f"          suppressed ({plain(alert.suppression or '')}) by {plain(alert.suppressed_by)}"
        )
    return lines
