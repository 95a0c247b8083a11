"""`sahel doctor`: is this installation fit to work? Findings only; nothing is changed, no secret is told."""

import shutil
import sys
from importlib.metadata import PackageNotFoundError, version

import duckdb

from expectations import audit
from orchestration.delivery.webhook import probe
from orchestration.feeds.http import HttpClient
from orchestration.feeds.registry import feed_for
from orchestration.records import Finding
from orchestration.settings import Settings
from orchestration.warehouse.connection import WAREHOUSE_CONFIG

PACKAGES = (
    "sahel-monitor",
    "dagster",
    "dagster-dbt",
    "dbt-core",
    "dbt-duckdb",
    "duckdb",
    "great-expectations",
    "pandas",
)
LOW_DISK_BYTES = 2 << 30


def examine(settings: Settings) -> list[Finding]:
    """What is found, in the order in which a person would look."""
    return [
        *_settings(settings),
        *_versions(),
        *_disk(settings),
        *_warehouse(settings),
        *_audit(),
        *_feeds(settings),
        *probe(settings),
    ]


def _settings(settings: Settings) -> list[Finding]:
    scope = "all countries" if settings.countries is None else f"{len(settings.countries)} countries"
    return [
        Finding("ok", "home", str(settings.home) + (" (made world)" if settings.is_made else "")),
        Finding("ok", "feeds", f"{', '.join(settings.feeds)}; {scope}"),
        Finding(
            "ok",
            "clock",
            f"{settings.now():%Y-%m-%d %H:%M}Z" + (" (SAHEL_NOW)" if settings.fixed_now else ""),
        ),
    ]


def _versions() -> list[Finding]:
    findings = [Finding("ok", "python", sys.version.split()[0])]
    for package in PACKAGES:
        try:
            findings.append(Finding("ok", package, version(package)))
        except PackageNotFoundError:
            findings.append(Finding("problem", package, "not installed; run `make setup`"))
    return findings


def _disk(settings: Settings) -> list[Finding]:
    folder = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    told = f"{free / 2**30:.1f} GiB free at {folder}"
    if free < LOW_DISK_BYTES:
        return [Finding("problem", "disk", f"{told}; a first run needs about 2 GiB")]
    return [Finding("ok", "disk", told)]


def _warehouse(settings: Settings) -> list[Finding]:
    if not settings.warehouse.exists():
        return [Finding("note", "warehouse", "none yet; `sahel run` makes it")]
    try:
        with duckdb.connect(
            str(settings.warehouse), read_only=True, config=dict(WAREHOUSE_CONFIG)
        ) as connection:
            versions = connection.execute("select count(*) from raw.ucdp_ged").fetchone()[0]
            attempts = connection.execute("select count(*) from ledger.load_attempt").fetchone()[0]
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            return [Finding("note", "warehouse", "a load or build is writing it now")]
        return [
            Finding("problem", "warehouse", f"{str(error).splitlines()[0]}; `sahel rebuild` makes it anew")
        ]
    except duckdb.Error as error:
        return [
            Finding("problem", "warehouse", f"{str(error).splitlines()[0]}; `sahel rebuild` makes it anew")
        ]
    size = settings.warehouse.stat().st_size / 2**20
    return [Finding("ok", "warehouse", f"{size:.0f} MiB, {attempts} attempts, {versions} UCDP versions")]


def _audit() -> list[Finding]:
    try:
        audit.self_check()
    except audit.AuditBroken as error:
        return [Finding("problem", "audit", str(error))]
    return [Finding("ok", "audit", "a known-bad row is caught")]


def _feeds(settings: Settings) -> list[Finding]:
    findings: list[Finding] = []
    with HttpClient(settings, max_attempts=1) as http:
        for feed in settings.feeds:
            findings += feed_for(feed).probe(settings, http)
    return findings
