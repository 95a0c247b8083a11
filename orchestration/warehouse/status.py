"""The status file: what `sahel status` shows, written after each commit so that it can be read at any time.

Readers never open the warehouse; this small JSON beside it is how they know what the last load did.
"""

import json
import os
from pathlib import Path
from typing import Any

import duckdb

from orchestration.settings import Settings
from orchestration.warehouse.ledger import fetch_dicts

FILE_NAME = "status.json"
NOTHING_YET: dict[str, Any] = {
    "written_at": None,
    "is_made": False,
    "feeds": [],
    "gdelt_slots": {"fetched": 0, "open_gaps": 0},
    "last_build": None,
    "marts": [],
}
"""The status before the first load: the same fields, so that a program need not ask which it has."""

_FEEDS = """
    with tries as (
        select *, status in ('ok', 'empty', 'unchanged') as good,
               recorded_at = max(recorded_at) over (partition by feed, stream) as is_last_load
        from ledger.load_attempt where status <> 'missing'
    )
    select feed, stream,
           max(recorded_at) filter (where good) as last_success_at,
           max(newest_record_at) as newest_record_at,
           -- By attempt, not by time: everything that one load records, it records at one time.
           min(recorded_at) filter (where not good and attempt_id > coalesce(
               (select max(g.attempt_id) from tries g where g.good and g.feed = t.feed and g.stream = t.stream), 0))
               as failing_since,
           -- Of the last load: of its parts a good one may carry a remark too, an embargo for one.
           coalesce(arg_max(error, attempt_id) filter (where is_last_load), '') as last_error,
           sum(rows_loaded) as rows_loaded,
           sum(rows_quarantined) as rows_quarantined
    from tries t group by feed, stream order by feed, stream
"""
_SLOTS = """
    select count(*) filter (where state in ('fetched', 'empty')) as fetched,
           count(*) filter (where state in ('missing', 'corrupt', 'listed')) as open_gaps
    from ledger.gdelt_slot
"""
_BUILD = "select * exclude (project_hash) from ledger.build order by finished_at desc limit 1"
_MARTS = """
    select schema_name, table_name, estimated_size as rows from duckdb_tables()
    where schema_name in ('core', 'marts', 'audit') order by 1, 2
"""


def write_status(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Write the status file from the ledger, by rename, so that a reader sees the old or the new."""
    status = {
        "written_at": settings.now(),
        "is_made": settings.is_made,
        "feeds": fetch_dicts(connection, _FEEDS),
        "gdelt_slots": fetch_dicts(connection, _SLOTS)[0],
        "last_build": next(iter(fetch_dicts(connection, _BUILD)), None),
        "marts": fetch_dicts(connection, _MARTS),
    }
    path = settings.home / FILE_NAME
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    beside.write_text(json.dumps(status, indent=1, default=_encode), encoding="utf-8")
    os.replace(beside, path)


def read_status(home: Path) -> dict[str, Any] | None:
    """The status file's content, or None before the first load."""
    path = home / FILE_NAME
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _encode(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
