"""Verdicts as pages that a person reads: one HTML report per landing partition, and an index.

Standalone HTML without scripts; every value from a feed is escaped. No judgement is made here.
"""

import re
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any, Protocol

from expectations.audit import CheckResult, Verdict

MADE_BANNER = "Made data: a generated world for demonstration and tests. Nothing here happened."
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1d2327;background:#fff}
h1{font-size:1.4rem;margin:0 0 .2rem} p.sub{color:#50575e;margin:.2rem 0 1.2rem}
table{border-collapse:collapse;width:100%;margin:.6rem 0 1.4rem} th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #dcdcde;vertical-align:top}
th{font-weight:600;background:#f6f7f7} code{font-size:.85em} .pass{color:#0a6b2d}.warn{color:#8a5a00}.block{color:#b32d2e}
.badge{display:inline-block;padding:.05rem .5rem;border-radius:.6rem;border:1px solid currentColor;font-weight:600;font-size:.85em}
.made{background:#fff3cd;border:1px solid #d9b44a;padding:.5rem .8rem;margin-bottom:1rem}
@media (prefers-color-scheme:dark){body{background:#16191c;color:#e2e4e7}th{background:#22272b}td,th{border-color:#3a4147}p.sub{color:#a7aaad}
.pass{color:#5fd38d}.warn{color:#f0b849}.block{color:#f86368}.made{background:#4a3b00;border-color:#8a6d1d}}
"""


class Landed(Protocol):
    """What a report needs to know of a batch."""

    feed: str
    stream: str
    partition_key: str
    table: str | None


def report_path(folder: Path, table: str, partition_key: str) -> Path:
    """Where the report of a landing partition is; news partitions keep one per feed, the newest."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", partition_key.split("@")[0]).strip("_")
    return folder / table / f"{name}.html"


def write_report(folder: Path, batch: Landed, verdict: Verdict, now: datetime, *, is_made: bool) -> Path:
    """Write the report of one audited batch and return its path."""
    path = report_path(folder, verdict.table, batch.partition_key)
    failures = [result for result in verdict.results if not result.passed]
    others = [result for result in verdict.results if result.passed]
    body = [
        f"<h1>{escape(verdict.table)}: {escape(batch.partition_key)} {_badge(verdict.level)}</h1>",
        f'<p class="sub">feed {escape(batch.feed)}, stream {escape(batch.stream)}, audited {now:%Y-%m-%d %H:%M} UTC, '
        f'{len(verdict.results)} checks, {len(failures)} failed. <a href="../index.html">All loads</a></p>',
        "<h2>Failed checks</h2>" + _table(failures) if failures else "<p>Every check passed.</p>",
        *(_sample(result) for result in failures if result.failing_sample),
        "<h2>Passed checks</h2>" + _table(others) if others else "",
    ]
    _write(path, f"{verdict.table} {batch.partition_key}", body, is_made)
    return path


def write_index(folder: Path, verdicts: list[dict[str, Any]], *, is_made: bool) -> Path:
    """Write the list of the newest verdicts (feed, table_name, partition_key, verdict, recorded_at, checks, failed)."""
    rows = "".join(
        f"<tr><td>{_badge(item['verdict'])}</td><td>{escape(item['feed'])}</td>"
        f'<td><a href="{escape(str(report_path(folder, item["table_name"], item["partition_key"]).relative_to(folder)))}">'
        f"{escape(item['table_name'])}: {escape(item['partition_key'])}</a></td>"
        f"<td>{item['failed']} of {item['checks']}</td><td>{item['recorded_at']:%Y-%m-%d %H:%M}</td></tr>"
        for item in verdicts
    )
    body = [
        "<h1>Audited loads</h1>",
        '<p class="sub">The newest first. A blocked load never reached the raw tables.</p>',
        "<table><tr><th>Verdict</th><th>Feed</th><th>Load</th><th>Failed checks</th><th>Recorded (UTC)</th></tr>"
        f"{rows}</table>"
        if verdicts
        else "<p>No load has been audited yet. Run <code>sahel run</code> or <code>sahel demo</code>.</p>",
    ]
    path = folder / "index.html"
    _write(path, "Audited loads", body, is_made)
    return path


def markdown(verdict: Verdict) -> str:
    """The verdict as a Markdown table of its checks, for metadata. Values from feeds are not in it."""
    lines = ["| check | severity | result | observed |", "|---|---|---|---|"]
    ordered = sorted(verdict.results, key=lambda result: result.passed)
    for result in ordered:
        lines.append(
            f"| {result.name} | {result.severity} | {_word(result)} | {result.observed.replace('|', '/')} |"
        )
    return "\n".join(lines)


def _word(result: CheckResult) -> str:
    if not result.could_run:
        return "could not run"
    return "passed" if result.passed else "failed"


def _table(results: list[CheckResult]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(item.name)}</code><br>{escape(item.description)}</td><td>{item.severity}</td>"
        f"<td>{_word(item)}</td><td>{escape(item.observed)}</td></tr>"
        for item in results
    )
    return f"<table><tr><th>Check</th><th>Severity</th><th>Result</th><th>Observed</th></tr>{rows}</table>"


def _sample(result: CheckResult) -> str:
    columns = list(result.failing_sample[0])
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(str(row.get(name)))[:300]}</td>" for name in columns) + "</tr>"
        for row in result.failing_sample
    )
    return f"<h3>Rows that fail <code>{escape(result.name)}</code></h3><table><tr>{head}</tr>{rows}</table>"


def _badge(level: str) -> str:
    return f'<span class="badge {escape(level)}">{escape(level)}</span>'


def _write(path: Path, title: str, body: list[str], is_made: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    banner = f'<p class="made">{MADE_BANNER}</p>' if is_made else ""
    path.write_text(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>{banner}'
        f"{''.join(body)}</body></html>",
        encoding="utf-8",
    )
