"""Writes docs/data_dictionary.md: the published tables and their columns, from the dbt project's YAML.

`make docs` runs it; a test says when the page is not current. The descriptions are written in
dbt_project/models, from where they also reach the published file as comments; nothing is said here first.
"""

import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "data_dictionary.md"
SCHEMAS = {
    "core": (
        "What the analysis rests on: events and their versions, actors, places, articles, sources. "
        "`core.events_as_known_on(ts)` and `core.events_as_published_on(ts)` answer like `fct_event` for an "
        "earlier moment ([definitions](definitions.md#as-known-on-as-published-on))."
    ),
    "marts": "Aggregates by area or actor and time. Each row says its source and how far it has seen.",
    "audit": "Whether today's numbers can be trusted: loads, refusals, revisions, and what did not resolve.",
}
HEAD = """\
# Data dictionary

The tables of the published file, `published/sahel.duckdb`, and of `published/parquet/<schema>/<table>.parquet`.
This page is written by `make docs` from the dbt project; the same texts are comments in the database
(`select * from duckdb_columns()`). What the figures mean and where they mislead: [definitions](definitions.md).

Times are UTC. `_at` is a timestamp, `_date` a date; `month` and `week` are the first day of the period, weeks
start on Monday. Country keys are ISO 3166-1 alpha-3.
"""


def models(schema: str) -> list[dict[str, Any]]:
    """The models of a published schema as its YAML declares them, by name."""
    folder = ROOT / "dbt_project" / "models" / schema
    found = [
        model
        for path in sorted(folder.rglob("*.yml"))
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
    ]
    return sorted(found, key=published_name)


def published_name(model: dict[str, Any]) -> str:
    return (model.get("config") or {}).get("alias") or model["name"]


def render() -> str:
    """The whole page."""
    parts = [HEAD]
    for schema, told in SCHEMAS.items():
        declared = models(schema)
        parts.append(f"\n## {schema}\n\n{told}\n\n")
        parts.append(
            "".join(f"* [`{_full(schema, model)}`](#{_anchor(schema, model)})\n" for model in declared)
        )
        for model in declared:
            parts.append(f"\n### {_full(schema, model)}\n\n{_text(model['description'])}\n")
            parts.append("\n| column | type | meaning |\n|---|---|---|\n")
            for column in model["columns"]:
                parts.append(
                    f"| `{column['name']}` | {column['data_type']} | {_text(column['description'])} |\n"
                )
    return "".join(parts)


def _full(schema: str, model: dict[str, Any]) -> str:
    return f"{schema}.{published_name(model)}"


def _anchor(schema: str, model: dict[str, Any]) -> str:
    """The anchor that a Markdown heading gets: lower case, without dots."""
    return _full(schema, model).replace(".", "")


def _text(description: str) -> str:
    return " ".join(description.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8", newline="\n")
    sys.stdout.write(f"wrote {PAGE.relative_to(ROOT)}\n")
