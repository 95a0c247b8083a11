"""Reading and writing the ledger: what feeds may remember, and the rows that commit with the data.

Every function takes an open warehouse connection; none begins or ends a transaction.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from orchestration.settings import aware, naive

KEYED_TABLES = {
    "gdelt_slot": ("slot_at", "stream"),
    "ucdp_release": ("release",),
    "coverage": ("feed", "source_release", "country_iso3", "period_start", "period_end"),
    "feed_cursor": ("feed", "stream"),
    "http_validator": ("url",),
}
"""Ledger tables that hold a state by key; a batch's rows replace those of the same key."""
FIRST_STAYS = ("coverage",)
"""Of these the first row of a key stays: it says since when something has been known."""


@dataclass(frozen=True)
class LedgerMemory:
    """What feeds may know of earlier loads (``feeds.base.Memory``)."""

    connection: duckdb.DuckDBPyConnection
    scope: str | None = None
    """The country scope of the load that asks, as text; None where it does not matter."""

    def gdelt_slots(self, stream: str, start: datetime, end: datetime) -> dict[datetime, str]:
        rows = self.connection.execute(
            "select slot_at, state from ledger.gdelt_slot where stream = ? and slot_at >= ? and slot_at < ?",
            [stream, naive(start), naive(end)],
        ).fetchall()
        return {aware(slot): state for slot, state in rows}

    def newest_gdelt_slot(self, stream: str) -> datetime | None:
        row = self.connection.execute(
            "select max(slot_at) from ledger.gdelt_slot where stream = ? and state in ('fetched', 'empty')",
            [stream],
        ).fetchone()
        return aware(row[0])

    def open_gdelt_slots(self, stream: str, before: datetime) -> list[datetime]:
        rows = self.connection.execute(
            """select slot_at from ledger.gdelt_slot
               where stream = ? and slot_at < ? and state in ('listed', 'missing', 'corrupt')
               order by slot_at desc""",
            [stream, naive(before)],
        ).fetchall()
        return [aware(slot) for (slot,) in rows]

    def ucdp_releases(self) -> list[dict[str, Any]]:
        return fetch_dicts(self.connection, "select * from ledger.ucdp_release order by attempt_id")

    def validator(self, url: str) -> tuple[str | None, str | None]:
        row = self.connection.execute(
            "select etag, last_modified from ledger.http_validator where url = ? and country_scope is not distinct from ?",
            [url, self.scope],
        ).fetchone()
        return row or (None, None)

    def cursor(self, feed: str, stream: str) -> str | None:
        row = self.connection.execute(
            "select cursor from ledger.feed_cursor where feed = ? and stream = ?", [feed, stream]
        ).fetchone()
        return row[0] if row else None

    def covered(self, feed: str) -> list[dict[str, Any]]:
        return fetch_dicts(
            self.connection, "select * from ledger.coverage where feed = ? order by recorded_at", [feed]
        )

    def payload_of(self, url: str) -> str | None:
        row = self.connection.execute(
            "select payload_sha256 from ledger.http_validator where url = ? and country_scope is not distinct from ?",
            [url, self.scope],
        ).fetchone()
        return row[0] if row else None

    def news_failures(self, feed_id: str) -> tuple[int, datetime | None]:
        row = self.connection.execute(
            """with mine as (
                   select attempt_id, recorded_at, status in ('ok', 'empty', 'unchanged') as good
                   from ledger.load_attempt where feed = 'news' and stream = ?
               )
               select count(*) filter (where attempt_id > coalesce((select max(attempt_id) from mine where good), 0)),
                      max(recorded_at)
               from mine""",
            [feed_id],
        ).fetchone()
        return int(row[0]), aware(row[1])


def next_attempt_id(connection: duckdb.DuckDBPyConnection) -> int:
    """The next id; derived from the table, so that a replay gives the same ids."""
    return connection.execute("select coalesce(max(attempt_id), 0) + 1 from ledger.load_attempt").fetchone()[
        0
    ]


def insert_rows(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[dict[str, Any]]) -> None:
    """Append rows to ``ledger.<table>``; state tables replace the rows of the same key.

    Rows may leave out columns, which are then null.
    """
    rows = list(rows)
    if not rows:
        return
    names = [
        name
        for (name,) in connection.execute(
            "select column_name from duckdb_columns() where schema_name = 'ledger' and table_name = ? order by column_index",
            [table],
        ).fetchall()
    ]
    unknown = set().union(*rows) - set(names)
    if not names or unknown:
        raise ValueError(f"ledger.{table} has no column {', '.join(sorted(unknown)) or '(no such table)'}")
    if key := KEYED_TABLES.get(table):
        rows = list({tuple(row[name] for name in key): row for row in rows}.values())
    # One JSON parameter instead of executemany: thousands of slots are one statement.
    values = [{name: _text(row.get(name)) for name in names} for row in rows]
    types = dict(
        connection.execute(
            "select column_name, data_type from duckdb_columns() where schema_name = 'ledger' and table_name = ?",
            [table],
        ).fetchall()
    )
    shape = json.dumps([{name: "VARCHAR" for name in names}])
    selected = ", ".join(f'cast(r."{name}" as {types[name]}) as "{name}"' for name in names)
    source = f"(select {selected} from (select unnest(from_json(cast(? as json), '{shape}')) as r))"
    if key:
        if table in FIRST_STAYS:
            connection.execute(
                f"insert into ledger.{table} select * from {source} on conflict do nothing",
                [json.dumps(values)],
            )
            return
        on = " and ".join(f't."{name}" = s."{name}"' for name in key)
        connection.execute(f"delete from ledger.{table} t using {source} s where {on}", [json.dumps(values)])
    connection.execute(f"insert into ledger.{table} select * from {source}", [json.dumps(values)])


def fetch_dicts(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any] | None = None
) -> list[dict]:
    """Rows as dictionaries, times as aware UTC."""
    cursor = connection.execute(sql, parameters or [])
    names = [column[0] for column in cursor.description]
    return [
        {
            name: aware(value) if isinstance(value, datetime) else value
            for name, value in zip(names, row, strict=True)
        }
        for row in cursor.fetchall()
    ]


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return naive(value).isoformat(sep=" ")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
