"""Published files made by hand: every published table as the dbt contracts have it, and the rows that a test gives.

Here: for tests of what reads the published file. Not here: a home that was loaded and built (made.py, served.py).
"""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

MODELS = Path(__file__).resolve().parents[1] / "dbt_project" / "models"
PUBLIC = ("core", "marts", "audit")

Rows = Mapping[str, Iterable[Mapping[str, Any]]]
"""Rows by table (`marts.country_month`), each by column; columns that a row leaves out are null."""


@cache
def contracts() -> dict[str, dict[str, str]]:
    """Columns with their types by published table, as the contracts state them."""
    told = {}
    for schema in PUBLIC:
        for path in sorted((MODELS / schema).rglob("*.yml")):
            for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
                columns = {column["name"]: column["data_type"] for column in model.get("columns", [])}
                if columns:
                    told[f"{schema}.{model['name']}"] = columns
    return told


def publish_by_hand(home: Path, rows: Rows, then: str | None = None) -> Path:
    """A published file with ``rows``; ``then`` is SQL that makes it different."""
    path = home / "published" / "sahel.duckdb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("begin")
        for schema in PUBLIC:
            connection.execute(f"create schema {schema}")
        for table, columns in contracts().items():
            typed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            connection.execute(f"create table {table} ({typed})")
        for table, given in rows.items():
            by_columns: dict[tuple[str, ...], list[list[Any]]] = {}
            for row in given:
                by_columns.setdefault(tuple(row), []).append(list(row.values()))
            for columns_given, values in by_columns.items():
                marks = f"({', '.join('?' * len(columns_given))})"
                connection.execute(
                    f"insert into {table} ({', '.join(columns_given)}) values {', '.join([marks] * len(values))}",
                    [value for row in values for value in row],
                )
        connection.execute("commit")
        if then:
            connection.execute(then)
    return path
