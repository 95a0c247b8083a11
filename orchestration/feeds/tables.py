"""Rows that a parser read in Python, as a table in the scratch database.

Here: how values come into DuckDB. Not here: what the rows mean, which is each feed's.
"""

from typing import Any

import duckdb
import pandas as pd


def create_table(
    scratch: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]], types: dict[str, str]
) -> None:
    """A table of exactly these columns and types, also from no rows."""
    frame = pd.DataFrame(rows, columns=list(types), dtype=object)
    casts = ", ".join(f'cast("{name}" as {dtype}) as "{name}"' for name, dtype in types.items())
    scratch.register("rows_frame", frame)
    scratch.execute(f'create or replace table "{table}" as select {casts} from rows_frame')
    scratch.unregister("rows_frame")
