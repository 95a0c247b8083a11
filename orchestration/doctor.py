"""`sahel doctor`: is this installation fit to work? Findings only; nothing is changed, no secret is told."""

import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import duckdb

from expectations import audit
from orchestration.feeds.http import FetchError, HttpClient
from orchestration.feeds.news import FeedListError, read_feed_list
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


def examine(settings: Settings) -> list[dict[str, Any]]:
    """Findings as dictionaries: level (ok, note, problem), subject, finding."""
    return [
        *_settings(settings),
        *_versions(),
        *_disk(settings),
        *_warehouse(settings),
        *_audit(),
        *_reachability(settings),
    ]


def _finding(level: str, subject: str, finding: str) -> dict[str, Any]:
    return {"level": level, "subject": subject, "finding": finding}


def _settings(settings: Settings) -> list[dict[str, Any]]:
    scope = "all countries" if settings.countries is None else f"{len(settings.countries)} countries"
    return [
        _finding("ok", "home", str(settings.home) + (" (made world)" if settings.is_made else "")),
        _finding("ok", "feeds", f"{', '.join(settings.feeds)}; {scope}"),
        _finding(
            "ok",
            "clock",
            f"{settings.now():%Y-%m-%d %H:%M}Z" + (" (SAHEL_NOW)" if settings.fixed_now else ""),
        ),
    ]


def _versions() -> list[dict[str, Any]]:
    findings = [_finding("ok", "python", sys.version.split()[0])]
    for package in PACKAGES:
        try:
            findings.append(_finding("ok", package, version(package)))
        except PackageNotFoundError:
            findings.append(_finding("problem", package, "not installed; run `make setup`"))
    return findings


def _disk(settings: Settings) -> list[dict[str, Any]]:
    folder = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    told = f"{free / 2**30:.1f} GiB free at {folder}"
    if free < LOW_DISK_BYTES:
        return [_finding("problem", "disk", f"{told}; a first run needs about 2 GiB")]
    return [_finding("ok", "disk", told)]


def _warehouse(settings: Settings) -> list[dict[str, Any]]:
    if not settings.warehouse.exists():
        return [_finding("note", "warehouse", "none yet; `sahel run` makes it")]
    try:
        with duckdb.connect(
            str(settings.warehouse), read_only=True, config=dict(WAREHOUSE_CONFIG)
        ) as connection:
            versions = connection.execute("select count(*) from raw.ucdp_ged").fetchone()[0]
            attempts = connection.execute("select count(*) from ledger.load_attempt").fetchone()[0]
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            return [_finding("note", "warehouse", "a load or build is writing it now")]
        return [
            _finding("problem", "warehouse", f"{str(error).splitlines()[0]}; `sahel rebuild` makes it anew")
        ]
    except duckdb.Error as error:
        return [
            _finding("problem", "warehouse", f"{str(error).splitlines()[0]}; `sahel rebuild` makes it anew")
        ]
    size = settings.warehouse.stat().st_size / 2**20
    return [_finding("ok", "warehouse", f"{size:.0f} MiB, {attempts} attempts, {versions} UCDP versions")]


def _audit() -> list[dict[str, Any]]:
    try:
        audit.self_check()
    except audit.AuditBroken as error:
        return [_finding("problem", "audit", str(error))]
    return [_finding("ok", "audit", "a known-bad row is caught")]


def _reachability(settings: Settings) -> list[dict[str, Any]]:
    try:
        outlets = read_feed_list(settings) if "news" in settings.feeds else []
    except FeedListError as error:
        return [_finding("problem", "news feeds", str(error))]
    targets = {
        "ucdp": [f"{settings.ucdp_url}/downloads/"],
        "gdelt": [f"{settings.gdelt_url}/gdeltv2/lastupdate.txt"],
        "news": [outlet.url for outlet in outlets[:3]],
    }
    findings = []
    with HttpClient(settings, max_attempts=1) as http:
        for feed in settings.feeds:
            for url in targets[feed]:
                findings.append(_reach(http, feed, url))
    return findings


def _reach(http: HttpClient, feed: str, url: str) -> dict[str, Any]:
    try:
        answer = http.get(url, max_bytes=4 << 20, deadline_s=10)
    except FetchError as error:
        if error.status is not None and error.status < 500:
            return _finding("ok", f"reach {feed}", f"{url} answers ({error.status})")
        return _finding("problem", f"reach {feed}", f"{error}")
    return _finding("ok", f"reach {feed}", f"{url} answers ({answer.status})")
