"""What the pages on the published file share: rows as dicts, values as plain text, sources with their licences.

Here: small helpers of `sahel actor`, `sahel incident` and `sahel report`. Not here: what a page shows (actor_page.py,
incident_page.py, sitrep/).
"""

from collections.abc import Iterable
from typing import Any

import duckdb


class NotFound(LookupError):
    """What was asked for is not there, or several are; the message is one line with what to do."""


def dicts(
    reader: duckdb.DuckDBPyConnection, sql: str, values: dict[str, Any] | None = None
) -> tuple[dict[str, Any], ...]:
    """The rows of a query, each by column name."""
    cursor = reader.execute(sql, values or {})
    names = [column[0] for column in cursor.description]
    return tuple(dict(zip(names, row, strict=True)) for row in cursor.fetchall())


def plain(text: str) -> str:
    """A value on one line of a terminal, without signs that would steer it."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def sources(reader: duckdb.DuckDBPyConnection, feeds: Iterable[str]) -> tuple[dict[str, Any], ...]:
    """Name, licence and attribution of feeds."""
    return dicts(reader, _SOURCES, {"feeds": sorted(set(feeds))})


def source_lines(rows: Iterable[dict[str, Any]]) -> list[str]:
    return [
        f"  {row['feed']}: {plain(row['source_name'])}, {plain(row['licence'])}"
        + (f". {plain(row['attribution'])}" if row["attribution"] else "")
        for row in rows
    ]


_SOURCES = """
    select feed, source_name, licence, attribution
    from core.dim_source
    where list_contains($feeds, feed)
    order by feed
"""
