"""Reading ACLED's rows: JSON in, typed rows and rejects out, in a scratch DuckDB.

Here: casting (numbers come as texts), which rows cannot be used and why, and which of two copies of an event
is kept. Not here: whether a page is whole (``acled_client``), and what a new version is (the promotion).
"""

import json
from typing import Any

import duckdb
import pandas as pd

from expectations.contracts import TableContract, contract_for
from expectations.contracts.columns import Column
from expectations.reference import countries as all_countries
from orchestration.feeds.acled_client import MAX_PAGE_BYTES
from orchestration.feeds.base import NotTheFormat
from orchestration.records import Batch, Parsed, Payload

WANTED = {
    "INTEGER": "a whole number",
    "BIGINT": "a whole number",
    "DOUBLE": "a number",
    "DATE": "a date (yyyy-mm-dd)",
}
_LAST_SECOND = 32503680000
"""The year 3000: what lies beyond it is no time in Unix seconds."""


def parse_pages(
    batch: Batch, scratch: duckdb.DuckDBPyConnection, countries: tuple[str, ...] | None
) -> Parsed:
    """Leave ``acled_rows`` and ``acled_rejects`` in ``scratch``; see ``feeds.base.Feed``."""
    contract = contract_for(batch.table)
    names = [column.name for column in contract.publisher_columns]
    texts = ", ".join(f'"{name}" varchar' for name in names)
    scratch.execute(
        f"create or replace table acled_wire ({texts}, sha256 varchar, page int, line bigint, raw varchar)"
    )
    seen, extra = 0, set()
    for page, payload in enumerate(batch.payloads, start=1):
        rows = _rows(payload)
        seen += len(rows)
        extra |= _check_columns(rows, contract, payload)
        _insert(scratch, rows, names, payload, page)
    fetched_on = batch.payloads[0].fetched_at.date()
    if batch.table == "acled_event":
        _type_events(scratch, contract, fetched_on.isoformat())
    else:
        _type(scratch, contract, "deleted_timestamp", {}, "")
    return _sort_out(scratch, contract, seen, countries, tuple(sorted(extra)))


def _rows(payload: Payload) -> list[dict[str, Any]]:
    if payload.size > MAX_PAGE_BYTES:
        raise NotTheFormat(f"{payload.key}: {payload.size:,} bytes, which no page of ACLED has")
    try:
        rows = json.loads(payload.path.read_bytes())["data"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NotTheFormat(
            f"acled: {payload.key}: no rows in it ({type(error).__name__}); load it again"
        ) from None
    return rows


def _check_columns(rows: list[dict[str, Any]], contract: TableContract, payload: Payload) -> set[str]:
    """Columns that the contract does not know. Raises ``NotTheFormat`` if one that must be there is in no row."""
    known = {column.name for column in contract.publisher_columns}
    found = set().union(*rows)
    needed = {column.name for column in contract.publisher_columns if not column.nullable}
    if rows and (missing := sorted(needed - found)):
        raise NotTheFormat(
            f"acled: {payload.key}: no column {', '.join(missing)}; the API has changed, report it"
        )
    return {str(name) for name in found - known}


def _insert(
    scratch: duckdb.DuckDBPyConnection,
    rows: list[dict[str, Any]],
    names: list[str],
    payload: Payload,
    page: int,
) -> None:
    wire = [
        [
            *(_text(row.get(name)) for name in names),
            payload.sha256,
            page,
            line,
            f"{_text(row.get(names[0])) or ''}\t{_text(json.dumps(row, ensure_ascii=False))}",
        ]
        for line, row in enumerate(rows, start=1)
    ]
    if wire:
        scratch.register(
            "acled_frame", pd.DataFrame(wire, columns=[*names, "sha256", "page", "line", "raw"], dtype=object)
        )
        scratch.execute("insert into acled_wire select * from acled_frame")
        scratch.unregister("acled_frame")


def _text(value: Any) -> str | None:
    """A wire value as text; blank is null. Half a surrogate pair is no text that a database takes."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = text.replace("\x00", "").encode("utf-8", "replace").decode().strip()
    return text or None


def _type_events(scratch: duckdb.DuckDBPyConnection, contract: TableContract, fetched_on: str) -> None:
    iso3 = [(int(country.country_numeric), country.country_iso3) for country in all_countries()]
    scratch.register("acled_country_frame", pd.DataFrame(iso3, columns=["numeric_code", "iso3"]))
    faults = {
        "t.country_iso3 is null": "'iso ' || w.iso || ' is no ISO 3166-1 numeric code'",
        f"t.event_date > date '{fetched_on}'": f"'event_date ' || w.event_date || ' lies after the day of the load, {fetched_on}'",
    }
    derived = ", (select any_value(iso3) from acled_country_frame where numeric_code = iso) as country_iso3"
    _type(scratch, contract, "timestamp", faults, derived)
    scratch.unregister("acled_country_frame")


def _type(
    scratch: duckdb.DuckDBPyConnection,
    contract: TableContract,
    stamp: str,
    faults: dict[str, str],
    derived: str,
) -> None:
    """``acled_typed``: typed values beside the wire's texts (``w``), and of each row its first fault or null."""
    columns = contract.publisher_columns
    typed = ", ".join(f'{_cast(column)} as "{column.name}"' for column in columns)
    told = [
        f"""when w."{column.name}" is null then '{column.name} is empty'"""
        for column in columns
        if not column.nullable
    ] + [
        f"""when w."{column.name}" is not null and t."{column.name}" is null """
        f"""then '{column.name} ''' || left(w."{column.name}", 80) || ''' is not {WANTED[column.dtype]}'"""
        for column in columns
        if column.dtype != "VARCHAR"
    ]
    told.append(
        f"""when t."{stamp}" not between 0 and {_LAST_SECOND} """
        f"""then '{stamp} ' || w."{stamp}" || ' is no time in Unix seconds'"""
    )
    told += [f"when {condition} then {words}" for condition, words in faults.items()]
    scratch.execute(
        f"""create or replace table acled_typed as
            with typed as (select {typed}, sha256, page, line from acled_wire),
            placed as (select * {derived} from typed)
            select t.*, t."{stamp}" as stamp, case {" ".join(told)} end as fault
            from placed t join acled_wire w using (page, line)"""
    )


def _cast(column: Column) -> str:
    name = f'"{column.name}"'
    if column.dtype in ("INTEGER", "BIGINT"):
        return f"case when regexp_full_match({name}, '-?[0-9]+([.]0+)?') then try_cast({name} as {column.dtype}) end"
    if column.dtype == "DOUBLE":
        return f"case when isfinite(try_cast({name} as double)) then try_cast({name} as double) end"
    if column.dtype == "DATE":
        return f"case when regexp_full_match({name}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') then try_cast({name} as date) end"
    return name


def _sort_out(
    scratch: duckdb.DuckDBPyConnection,
    contract: TableContract,
    seen: int,
    countries: tuple[str, ...] | None,
    extra: tuple[str, ...],
) -> Parsed:
    key = ", ".join(f'"{name}"' for name in contract.key)
    in_scope = "true"
    if countries is not None and "country_iso3" in contract.column_names:
        in_scope = f"country_iso3 in ({', '.join(repr(iso3) for iso3 in countries) or 'null'})"
    names = ", ".join(f'"{name}"' for name in contract.column_names)
    # Pages shift while they are walked, so that an event may stand on two; the row edited last is the event.
    scratch.execute(
        f"""create or replace table acled_judged as
            select page, line, fault, {in_scope} as in_scope, case when fault is null then row_number() over (
                       partition by {key}, fault is null order by stamp desc, page, line) end as copy
            from acled_typed"""
    )
    scratch.execute(
        f"""create or replace table acled_rows as
            select {names}, sha256 as payload_sha256, make_timestamp(stamp * 1000000) as released_at
            from acled_typed join acled_judged using (page, line) where copy = 1 and in_scope order by page, line"""
    )
    scratch.execute(
        """create or replace table acled_rejects as
           select sha256 as payload_sha256, line,
                  coalesce(fault, 'stands twice in this answer; the row edited last is kept') as reason, raw as row_text
           from acled_wire join acled_judged using (page, line) where copy is distinct from 1 order by page, line"""
    )
    left_out = scratch.execute(
        "select count(*) from acled_judged where copy = 1 and not in_scope"
    ).fetchone()[0]
    for table in ("acled_wire", "acled_typed", "acled_judged"):
        scratch.execute(f"drop table {table}")
    return Parsed(
        "acled_rows", "acled_rejects", rows_seen=seen, rows_out_of_scope=left_out, extra_columns=extra
    )
