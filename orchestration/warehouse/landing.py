"""Landing: parsed rows on their way to raw, one partition replaced whole, with its pending batch.

Audit and promotion find a batch here by its partition key, whether they run in the same process or in
another Dagster step.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

from expectations.contracts import contract_for
from orchestration.failpoints import failpoint
from orchestration.records import Batch, Parsed


@dataclass(frozen=True)
class Pending:
    """A landed batch that waits for its audit or its promotion."""

    batch: Batch
    rows_seen: int
    rows_out_of_scope: int
    rows_landed: int
    rows_rejected: int
    reads_scope: tuple[str, ...] | None
    """The country scope that it was parsed under; None is the world."""
    seen_by_payload: dict[str, int]
    """Records on the wire by payload, where the batch has several attempts; else empty."""
    extra_columns: tuple[str, ...] = ()


def land(
    connection: duckdb.DuckDBPyConnection,
    batch: Batch,
    parsed: Parsed,
    scratch_file: Path,
    countries: tuple[str, ...] | None,
) -> Pending:
    """Replace the batch's landing partition by what the scratch file holds, in one transaction.

    Mentions are kept only for events that raw knows: a mention carries no country.
    """
    contract = contract_for(batch.table)
    connection.execute(f"attach '{_quoted(scratch_file)}' as scratch (read_only)")
    try:
        connection.begin()
        drop(connection, batch.partition_key, batch.table)
        failpoint("load.landing_dropped")
        columns = ", ".join(f'"{name}"' for name in (*contract.column_names, "payload_sha256", "released_at"))
        scope = _known_events_only(batch.table, countries)
        connection.execute(
            f"insert into landing.{batch.table} ({columns}, partition_key) "
            f"select {columns}, ? from scratch.{parsed.rows} {scope.format(rows=parsed.rows)}",
            [batch.partition_key],
        )
        connection.execute(
            "insert into landing.rejected select ?, ?, payload_sha256, line, reason, row_text "
            f"from scratch.{parsed.rejects}",
            [batch.partition_key, batch.table],
        )
        landed = _count(connection, f"landing.{batch.table}", batch.partition_key)
        parsed_rows = connection.execute(f"select count(*) from scratch.{parsed.rows}").fetchone()[0]
        rejected = connection.execute(f"select count(*) from scratch.{parsed.rejects}").fetchone()[0]
        pending = Pending(
            batch=batch,
            rows_seen=parsed.rows_seen,
            rows_out_of_scope=parsed.rows_out_of_scope + parsed_rows - landed,
            rows_landed=landed,
            rows_rejected=rejected,
            reads_scope=countries,
            extra_columns=parsed.extra_columns,
            seen_by_payload=dict(
                connection.execute(f"select payload_sha256, rows from scratch.{parsed.seen}").fetchall()
                if parsed.seen
                else []
            ),
        )
        connection.execute(
            "insert into landing.pending values (?, ?, ?, ?, ?, null)",
            [batch.partition_key, batch.feed, batch.table, batch.to_json(), _facts(pending)],
        )
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    finally:
        connection.execute("detach scratch")
    return pending


def pending(connection: duckdb.DuckDBPyConnection, partition_key: str, table: str) -> Pending | None:
    """The landed batch of that partition, or None."""
    row = connection.execute(
        "select batch, facts from landing.pending where partition_key = ? and table_name = ?",
        [partition_key, table],
    ).fetchone()
    if row is None:
        return None
    facts = json.loads(row[1])
    scope, extra = facts.pop("reads_scope"), facts.pop("extra_columns")
    return Pending(
        batch=Batch.from_json(row[0]),
        reads_scope=tuple(scope) if scope is not None else None,
        extra_columns=tuple(extra),
        **facts,
    )


def pending_keys(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """Partition keys landed and not yet promoted, in order."""
    rows = connection.execute(
        "select partition_key from landing.pending where table_name = ? order by rowid", [table]
    ).fetchall()
    return [key for (key,) in rows]


def clear(connection: duckdb.DuckDBPyConnection, feed: str, streams: tuple[str, ...] | None = None) -> int:
    """Forget what an interrupted run of a feed (or of these streams) left in landing; it is fetched or parsed again.

    Returns how many.
    """
    waiting = connection.execute(
        "select partition_key, table_name from landing.pending where feed = $feed "
        "and ($streams is null or list_contains($streams, batch->>'$.stream'))",
        {"feed": feed, "streams": list(streams) if streams is not None else None},
    ).fetchall()
    for partition_key, table in waiting:
        drop(connection, partition_key, table)
    return len(waiting)


def drop(connection: duckdb.DuckDBPyConnection, partition_key: str, table: str) -> None:
    """Forget a landing partition (promoted, refused, or about to be replaced)."""
    others = connection.execute(
        "select count(*) from landing.pending where table_name = ? and partition_key <> ?",
        [table, partition_key],
    ).fetchone()[0]
    # Truncating gives the blocks back at once; deleting millions of rows would keep them until a checkpoint.
    if others:
        connection.execute(f"delete from landing.{table} where partition_key = ?", [partition_key])
    else:
        connection.execute(f"truncate landing.{table}")
    connection.execute(
        "delete from landing.pending where partition_key = ? and table_name = ?", [partition_key, table]
    )
    connection.execute(
        "delete from landing.rejected where partition_key = ? and table_name = ?", [partition_key, table]
    )


def _known_events_only(table: str, countries: tuple[str, ...] | None) -> str:
    if table != "gdelt_mention" or countries is None:
        return ""
    # The ids asked for come first, so that only the part of raw between the smallest and the largest is read.
    return (
        "where global_event_id in (select global_event_id from raw.gdelt_event where global_event_id in "
        "(select global_event_id from scratch.{rows}))"
    )


def _facts(item: Pending) -> str:
    return json.dumps(
        {
            "rows_seen": item.rows_seen,
            "rows_out_of_scope": item.rows_out_of_scope,
            "rows_landed": item.rows_landed,
            "rows_rejected": item.rows_rejected,
            "reads_scope": item.reads_scope,
            "seen_by_payload": item.seen_by_payload,
            "extra_columns": item.extra_columns,
        }
    )


def _count(connection: duckdb.DuckDBPyConnection, table: str, partition_key: str) -> int:
    return connection.execute(
        f"select count(*) from {table} where partition_key = ?", [partition_key]
    ).fetchone()[0]


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
