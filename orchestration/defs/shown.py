"""What assets and checks show of themselves: tables, schemas, small plots, as Dagster metadata.

Feed text goes into plain text and JSON only, never into Markdown. Nothing is computed from data here.
"""

import base64
import json
from collections.abc import Sequence
from typing import Any

import dagster as dg

from expectations.audit import Verdict
from expectations.contracts import PROVENANCE, TableContract
from expectations.contracts.columns import Column
from expectations.report import markdown, report_path
from orchestration.settings import Settings
from orchestration.steps import LoadReport
from orchestration.warehouse.landing import Pending

POOL = "duckdb_writer"
OWNERS = ["team:data-engineering"]
MOST_LOADS_SHOWN = 5
POINTS_SHOWN = 40


def column_schema(contract: TableContract, layer: str) -> dg.TableSchema:
    """The contract's columns with their types, descriptions and rules, and the provenance of the layer."""
    provenance = PROVENANCE if layer == "raw" else PROVENANCE[:2]
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                column.dtype.lower(),
                description=column.description,
                constraints=dg.TableColumnConstraints(
                    nullable=column.nullable,
                    unique=contract.key == (column.name,) and layer == "landing",
                    other=_rules(column),
                ),
            )
            for column in (*contract.columns, *provenance)
        ]
    )


def attempts(report: LoadReport) -> dict[str, Any]:
    """A load's attempts as a table, with what was loaded in sum."""
    return {
        "rows loaded": report.rows_loaded,
        "rows unchanged": sum(outcome.rows_unchanged for outcome in report.outcomes),
        "rows withdrawn": sum(outcome.rows_withdrawn for outcome in report.outcomes),
        "rows quarantined": sum(outcome.rows_quarantined for outcome in report.outcomes),
        "attempts": table(
            [
                {name: str(attempt[name]) for name in ("stream", "partition_key", "status")}
                | {"rows_loaded": attempt["rows_loaded"], "error": attempt["error"] or ""}
                for attempt in report.attempts
            ]
        ),
    }


def verdicts(settings: Settings, judged: Sequence[tuple[Pending, Verdict]]) -> dict[str, Any]:
    """The judgement of each load: the loads as a table, then of the worst ones every check and its failing rows."""
    shown: dict[str, Any] = {
        "loads": table(
            [
                {
                    "load": item.batch.partition_key,
                    "verdict": verdict.level,
                    "rows": item.rows_landed,
                    "rows quarantined": item.rows_rejected,
                    "checks": len(verdict.results),
                    "failed": ", ".join(result.name for result in verdict.failures),
                }
                for item, verdict in judged
            ]
        )
    }
    order = ("block", "warn", "pass")
    worst = sorted(judged, key=lambda pair: order.index(pair[1].level))[:MOST_LOADS_SHOWN]
    for item, verdict in worst:
        name = item.batch.partition_key
        shown[f"checks of {name}"] = dg.MetadataValue.md(markdown(verdict))
        shown[f"report of {name}"] = dg.MetadataValue.path(report_path(settings.quality, verdict.table, name))
        for result in verdict.failures:
            if result.failing_sample:
                # As JSON: it may hold text from a feed, which must not be read as Markdown.
                shown[f"failing rows of {result.name}, {name}"] = dg.MetadataValue.json(
                    json.loads(json.dumps(result.failing_sample, default=str))
                )
    return shown


def table(records: list[dict[str, Any]]) -> dg.TableMetadataValue | str:
    """Records as a metadata table; a word where there are none, since an empty table shows nothing."""
    if not records:
        return "none"
    schema = dg.TableSchema(
        columns=[
            dg.TableColumn(name, "int" if isinstance(value, int) else "string")
            for name, value in records[0].items()
        ]
    )
    return dg.MetadataValue.table(records=[dg.TableRecord(record) for record in records], schema=schema)


def plot(points: Sequence[tuple[Any, float | None]], what: str) -> dg.MarkdownMetadataValue | None:
    """The last points as a small column chart, an image within Markdown; None where there is nothing to draw.

    As terse as SVG can be: the UI shows Markdown in place only up to a thousand characters.
    """
    points = [(when, value) for when, value in points if value is not None][-POINTS_SHOWN:]
    if not points:
        return None
    width, top, base = 480, 16, 76
    most = max(value for _, value in points) or 1
    columns = "".join(
        f"V{base - round((base - top) * value / most)}H{round(width * number / len(points))}"
        for number, (_, value) in enumerate(points, start=1)
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="90" font-size="11">'
        f'<path fill="#36c" d="M0 {base}{columns}V{base}"/><g fill="#888"><text y="10">most {most:,.0f}</text>'
        f'<text y="88">{points[0][0]}</text>'
        f'<text x="{width}" y="88" text-anchor="end">{points[-1][0]}</text></g></svg>'
    )
    image = base64.b64encode(svg.encode()).decode()
    return dg.MetadataValue.md(f"{what}\n\n![](data:image/svg+xml;base64,{image})")


def _rules(column: Column) -> list[str]:
    rules = []
    if column.vocabulary:
        rules.append("one of " + ", ".join(map(str, column.vocabulary)))
    if column.minimum is not None:
        rules.append(f">= {column.minimum:g}")
    if column.maximum is not None:
        rules.append(f"<= {column.maximum:g}")
    if column.pattern:
        rules.append(f"matches {column.pattern}")
    return [f"{rule} ({column.severity})" for rule in rules]
