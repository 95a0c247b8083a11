"""Alerts of the published file: which there are, which are to be told, and the words for one of them.

Here: reading marts.alert, choosing, and wording in plain text. Not here: when an alert is raised and what suppresses it
(marts.alert, in dbt), what was told before (memory.py), and the forms in which it goes out (webhook.py, files.py).
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

from expectations.reference import read_seed
from orchestration.published import dicts, plain
from orchestration.settings import ALERT_LEVELS, Settings, naive
from orchestration.warehouse.connection import open_published

KNOWN_DAYS = 90
"""What could be known earlier is no news."""
EVENTS_DAYS = 550
"""Nor is what happened earlier, however new the release: a first load makes all of history known on one day. Eighteen
months, so that a yearly release in June can still tell what is new of its whole year."""
EVIDENCE_SHOWN = 3
KINDS = {"conflict": "Conflict", "data": "Data alarms"}
"""Kept apart wherever alerts are shown: the one is about the world, the other about what we see of it."""


@dataclass(frozen=True)
class Alert:
    """One row of marts.alert."""

    alert_id: str
    alert_kind: str
    rule: str
    rule_version: int
    level: str
    source: str
    area_kind: str
    area_id: str
    area: str
    country_iso3: str | None
    actor_id: str | None
    actor_name: str | None
    other_actor_id: str | None
    other_actor_name: str | None
    dyad: str | None
    alert_date: date
    known_at: datetime
    metric: str
    value: float | None
    baseline: float | None
    window_start_date: date | None
    source_release: str | None
    evidence_events: int | None
    evidence: str | None
    evidence_grade: str | None
    provisional: bool
    summary: str
    suppressed_by: str | None
    suppression: str | None

    @property
    def rank(self) -> int:
        return ALERT_LEVELS.index(self.level)

    @property
    def series(self) -> str:
        """What stays the same where a revision moves the alert to another day."""
        parts = (self.rule, self.source, self.area_kind, self.area_id, self.actor_id, self.other_actor_id)
        return json.dumps(parts, ensure_ascii=False)

    @cached_property
    def digest(self) -> str:
        """Of the facts alone: other words for the same facts make no alert new. Nor does a feed that sleeps on."""
        if self.alert_kind == "data":
            return hashlib.sha256(json.dumps((self.rule_version, self.level)).encode()).hexdigest()[:16]
        facts = (self.rule_version, self.level, self.evidence_events, self.evidence_grade, self.provisional)
        figures = tuple(None if figure is None else f"{figure:.6g}" for figure in (self.value, self.baseline))
        return hashlib.sha256(json.dumps((*facts, *figures)).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Source:
    """A feed with what must be said where its figures are."""

    feed: str
    source_name: str
    licence: str
    attribution: str | None
    redistribution_allowed: bool


@dataclass(frozen=True)
class Snapshot:
    """What one published version holds of alerts."""

    alerts: tuple[Alert, ...]
    sources: dict[str, Source]
    loaded: frozenset[str]
    """Feeds of which the file holds anything: of another one it cannot be said that an alert was withdrawn."""
    quiet_days: dict[str, int]
    """By rule, for how long one alert speaks for those after it."""
    built_at: datetime
    is_made: bool

    @cached_property
    def by_id(self) -> dict[str, Alert]:
        return {alert.alert_id: alert for alert in self.alerts}

    @cached_property
    def series(self) -> dict[str, list[Alert]]:
        """Those that nothing suppresses."""
        found: dict[str, list[Alert]] = {}
        for alert in self.alerts:
            if alert.suppressed_by is None:
                found.setdefault(alert.series, []).append(alert)
        return found

    def may_be_passed_on(self, feed: str) -> bool:
        return feed in self.sources and self.sources[feed].redistribution_allowed

    def stands_in_public(self, alert: Alert) -> bool:
        """Whether nothing speaks for it where only what may be passed on is told: an alert that is left out speaks for none."""
        other = self.by_id.get(alert.suppressed_by or "")
        return alert.suppressed_by is None or (other is not None and not self.may_be_passed_on(other.source))

    def sources_of(self, feeds: Iterable[str]) -> list[Source]:
        return [self.sources[feed] for feed in sorted(set(feeds)) if feed in self.sources]


def read(settings: Settings) -> Snapshot:
    """The published file's alerts. Raises duckdb.CatalogException or BinderException where it is too old to have them."""
    with open_published(settings.bi_file) as reader:
        alerts = tuple(Alert(**row) for row in dicts(reader, _ALERTS))
        sources = {row["feed"]: Source(**row) for row in dicts(reader, _SOURCES)}
        loaded = frozenset(feed for (feed,) in reader.execute(_LOADED).fetchall())
    return Snapshot(alerts, sources, loaded, quiet_days(), _built_at(settings), settings.is_made)


def clock(settings: Settings) -> datetime:
    """By what it is news: in a made home by its last publication, since a made world stands still after it."""
    return _built_at(settings) if settings.is_made and settings.bi_file.is_file() else settings.now()


def is_up(alert: Alert, level: str) -> bool:
    """Whether it is of a level or above."""
    return alert.rank >= ALERT_LEVELS.index(level)


def is_recent(alert: Alert, now: datetime) -> bool:
    """Of events of the last eighteen months, and known by now."""
    return alert.known_at <= naive(now) and alert.alert_date >= (now - timedelta(days=EVENTS_DAYS)).date()


def is_news(alert: Alert, now: datetime) -> bool:
    """Recent, and known for 90 days at most: the window of HDX Signals' live rule."""
    return is_recent(alert, now) and alert.known_at >= naive(now - timedelta(days=KNOWN_DAYS))


def newest_first(alert: Alert) -> tuple[Any, ...]:
    return (-alert.known_at.timestamp(), -alert.alert_date.toordinal(), -alert.rank, alert.alert_id)


def gravest_first(alert: Alert) -> tuple[Any, ...]:
    """For a message that cannot hold them all."""
    return (-alert.rank, *newest_first(alert))


def title(alert: Alert) -> str:
    """Who or where, and by which rule; without the level."""
    who = alert.dyad or alert.actor_name
    subject = f"{who} in {alert.area}" if who else alert.area
    return plain(f"{subject}: {alert.rule.replace('_', ' ')}")


def basis(alert: Alert) -> str:
    """When, by which rule, from which release, on which evidence."""
    of_events = "events of" if alert.alert_kind == "conflict" else "as of"
    parts = [
        f"{of_events} {alert.alert_date}",
        f"known since {alert.known_at:%Y-%m-%d}",
        f"rule {alert.rule} v{alert.rule_version}",
        alert.source + (f" {alert.source_release}" if alert.source_release else ""),
        *(["provisional, the period is not final"] if alert.provisional else []),
        *([f"evidence grade {alert.evidence_grade}"] if alert.evidence_grade else []),
    ]
    return plain("; ".join(parts))


def evidence(alert: Alert) -> str | None:
    """The events that it stands on; a few by name."""
    keys = [key.strip() for key in (alert.evidence or "").split(",") if key.strip()]
    if not keys:
        return None
    shown = keys[:EVIDENCE_SHOWN]
    more = max(alert.evidence_events or 0, len(keys)) - len(shown)
    return plain(", ".join(shown) + (f" and {more:,} more" if more else ""))


def source_text(source: Source) -> str:
    return plain(
        f"{source.feed}: {source.source_name}, {source.licence}"
        + (f". {source.attribution}" if source.attribution else "")
    )


def quiet_days() -> dict[str, int]:
    return {row["rule"]: int(row["suppress_days"] or 0) for row in read_seed("alert_rule")}


def rule_versions() -> dict[str, int]:
    return {row["rule"]: int(row["rule_version"]) for row in read_seed("alert_rule")}


def _built_at(settings: Settings) -> datetime:
    """When the version was published; a file that somebody made by hand has no manifest."""
    try:
        told = json.loads((settings.published / "manifest.json").read_text(encoding="utf-8"))["built_at"]
        return datetime.fromisoformat(told).astimezone(UTC)
    except (OSError, ValueError, KeyError):
        return datetime.fromtimestamp(settings.bi_file.stat().st_mtime, UTC)


_ALERTS = f"select {', '.join(field.name for field in fields(Alert))} from marts.alert"
_SOURCES = f"select {', '.join(field.name for field in fields(Source))} from core.dim_source"
_LOADED = "select feed from core.fct_event union select feed from audit.load_history where rows_loaded > 0"
