"""What is new told to people: a webhook, an Atom feed, a digest, reports. For `sahel alerts` and the sensor.

Here: one delivery, from the published file to all that is configured. Nothing of Dagster, and never the warehouse.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from orchestration import sitrep
from orchestration.delivery import files, webhook
from orchestration.delivery.alerts import clock, read
from orchestration.delivery.memory import DeliveryBusy, MemoryDamaged, locked
from orchestration.delivery.webhook import WebhookFailed
from orchestration.settings import Settings

HOW = (
    "set SAHEL_WEBHOOK_URL to post alerts, SAHEL_ALERT_FILES=1 to write them as a feed and a digest, "
    "or SAHEL_REPORT_FILES=1 to write situation reports"
)
TOO_OLD_FOR_REPORTS = "the published file is too old for reports: `sahel build` and `sahel publish` renew it"
TOO_OLD = "the published file has no alerts yet: `sahel build` and `sahel publish` renew it"
REPORTS = "reports"
EXPECTED = (DeliveryBusy, MemoryDamaged, WebhookFailed, OSError)
"""Failures of a delivery whose words say what to do."""

__all__ = [
    "EXPECTED",
    "HOW",
    "TOO_OLD",
    "Delivered",
    "DeliveryBusy",
    "MemoryDamaged",
    "PublishedTooOld",
    "WebhookFailed",
    "clock",
    "deliver",
    "is_configured",
]


class PublishedTooOld(RuntimeError):
    """The published file is of a version that knew no alerts."""


@dataclass(frozen=True)
class Delivered:
    """What a delivery did, for the person or the tick that asked for it."""

    written: files.Written | None
    posted: webhook.Message | None
    has_webhook: bool
    reports: list[Path] = field(default_factory=list)

    def lines(self) -> list[str]:
        told = []
        if self.posted:
            new, counted, withdrawn = self.posted.listed, self.posted.counted, self.posted.withdrawn
            said = f"{new} new alert{'' if new == 1 else 's'} posted" if new else "no new alert"
            said += f", and {counted} counted" if counted else ""
            told.append(f"webhook: {said}" + (f"; {withdrawn} no longer standing" if withdrawn else ""))
        elif self.has_webhook:
            told.append("webhook: nothing new")
        if self.written:
            names = " and ".join(path.name for path in self.written.files)
            left_out = (
                f", {self.written.left_out} left out for their licence" if self.written.left_out else ""
            )
            said = f"{names} written, {self.written.new} new of" if names else "nothing new,"
            told.append(f"files: {said} {self.written.entries} alerts{left_out}")
        if self.reports:
            told.append(f"reports: {len(self.reports)} written into {self.reports[0].parent.name}")
        return told


def is_configured(settings: Settings) -> bool:
    return settings.webhook_url is not None or settings.alert_files or settings.report_files


def deliver(settings: Settings, **client: Any) -> Delivered:
    """Tell what is new. The files come first: a webhook that is down must not hold them up, nor a report the alerts.

    Raises what is in ``EXPECTED``, and ``PublishedTooOld``. ``client`` is for HttpClient, in tests.
    """
    try:
        snapshot = read(settings)
    except (duckdb.CatalogException, duckdb.BinderException):
        raise PublishedTooOld(TOO_OLD) from None
    reports, no_reports = _reports(settings)
    now = clock(settings)
    written = posted = None
    with locked(settings) as memory:
        if settings.alert_files:
            written = files.write(settings, snapshot, memory, now)
        if settings.webhook_url is not None:
            new = webhook.due(snapshot, memory, settings.alert_level, now)
            withdrawn = webhook.gone(snapshot, memory, now)
            if new or withdrawn:
                posted = webhook.message(new, withdrawn, snapshot, now)
                webhook.post(settings, posted.payload, **client)
                # At least once: what is posted and not yet remembered when the power fails is posted again.
                memory.add(posted.lines)
    if no_reports:
        raise no_reports
    return Delivered(written, posted, settings.webhook_url is not None, reports)


def _reports(settings: Settings) -> tuple[list[Path], Exception | None]:
    """The reports that were written, or why they could not be: told last."""
    if not settings.report_files:
        return [], None
    try:
        return sitrep.write_reports(settings, settings.published / REPORTS), None
    except (duckdb.CatalogException, duckdb.BinderException):
        return [], PublishedTooOld(TOO_OLD_FOR_REPORTS)
    except OSError as error:
        return [], error
