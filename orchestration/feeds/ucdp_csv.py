"""Reading a UCDP file's rows: text in, typed rows and rejects out, in a scratch DuckDB.

Here: one pass over the whole file, strict typing, finding the line of what does not fit, and deciding
when that tells of the file and not of single records. Not here: what the dialects are
(``ucdp_dialects``), or where the file came from (``ucdp``).
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import duckdb

from expectations.contracts import contract_for
from expectations.contracts.columns import Column
from expectations.reference import scope_codes
from orchestration.feeds.base import NotTheFormat
from orchestration.feeds.ucdp_dialects import (
    FRESH_COPY,
    HEAD_BYTES,
    Dialect,
    Layout,
    recognise,
    spreadsheet_mark,
)
from orchestration.feeds.zips import BadZip, open_single_member
from orchestration.records import Batch, Parsed

MAX_CSV_BYTES = 2 * 1024**3
MAX_LINE_BYTES = 8 * 1024**2
_SAMPLE = 1000


@dataclass(frozen=True)
class _Typed:
    """A contract column in SQL: its value, and when the text of its field is at fault (None: never)."""

    column: str
    dtype: str
    value: str
    text: str
    fault: str | None
    wanted: str


@dataclass(frozen=True)
class _Reject:
    line: int | None
    reason: str
    text: str


@dataclass(frozen=True)
class _Unfit:
    """A record with fields that do not fit: all its fields, and of each fault what it was and should be."""

    fields: tuple[str, ...]
    faults: tuple[tuple[str, str, str | None, str], ...]
    """(column, dtype, text, wanted)"""

    @property
    def reason(self) -> str:
        return "; ".join(
            f"{column} is empty" if text is None else f"{column} {text[:80]!r} is not {wanted}"
            for column, _, text, wanted in self.faults
        )


def parse_payload(
    batch: Batch, scratch: duckdb.DuckDBPyConnection, countries: tuple[str, ...] | None
) -> Parsed:
    """Leave ``parsed_rows`` and ``rejects`` in ``scratch``; see ``feeds.base.Feed``."""
    (payload,) = batch.payloads
    with _as_csv(payload.path, batch.options["name"], _folder_of(scratch)) as path:
        with path.open("rb") as file:
            layout = recognise(file.read(HEAD_BYTES), batch.options["name"], batch.table)
        _read_rows(scratch, path, layout, batch)
        broken = _broken_records(scratch, path)
        whole, misfits = scratch.execute("select count(*), count(unfit) from parsed_rows").fetchone()
        seen = whole + len(broken)
        # A file that is mostly unfit is refused: of its records, a few are enough to say why.
        unfit = _unfit_records(scratch, at_most=_SAMPLE if 2 * misfits > seen else misfits)
        _refuse_whole(batch, path, layout, seen, broken, unfit, misfits)
        rejects = [*broken, *_found_again(path, unfit)]

    if unfit:
        scratch.execute("delete from parsed_rows where unfit is not null")
    scratch.execute("alter table parsed_rows drop column unfit")
    out_of_scope = drop_out_of_scope(scratch, countries) if batch.table == "ucdp_ged" else 0
    scratch.execute(
        """create or replace table rejects as
           select $sha256::varchar as payload_sha256, unnest($lines::bigint[]) as line,
                  unnest($reasons::varchar[]) as reason, unnest($texts::varchar[]) as row_text""",
        {
            "sha256": payload.sha256,
            "lines": [item.line for item in rejects],
            "reasons": [item.reason for item in rejects],
            "texts": [item.text for item in rejects],
        },
    )
    return Parsed("parsed_rows", "rejects", seen, out_of_scope, extra_columns=tuple(layout.extra))


@contextmanager
def _as_csv(path: Path, name: str, folder: Path | None) -> Iterator[Path]:
    """The CSV itself, out of its zip if it is in one, unpacked beside the scratch file."""
    with path.open("rb") as file:
        is_zip = file.read(2) == b"PK"
    if not is_zip:
        yield path
        return
    try:
        with open_single_member(path, suffix=".csv", max_bytes=MAX_CSV_BYTES, directory=folder) as member:
            yield member
    except BadZip as error:
        # The store names a payload by its hash; a person knows it by its file name.
        told = str(error).removeprefix(f"{path.name}: ")
        raise NotTheFormat(f"ucdp: {name}: {told}; or {FRESH_COPY}") from error


def _folder_of(scratch: duckdb.DuckDBPyConnection) -> Path | None:
    """Where the scratch file lies, which is swept after a crash; None for one in memory."""
    (file,) = scratch.execute(
        "select path from duckdb_databases() where database_name = current_database()"
    ).fetchone()
    return Path(file).parent if file else None


def _read_rows(scratch: duckdb.DuckDBPyConnection, path: Path, layout: Layout, batch: Batch) -> None:
    """Make every record that is CSV of this width a row of ``parsed_rows``, in one pass over the file.

    It reads text and casts it: given types, ``read_csv`` would take 1.5 for 2 and 1.2E+05 for an id.
    A record that does not fit has its text and its faults in a last column, ``unfit``. As that column
    names every field, DuckDB leaves none unread, where it would miss what is broken.
    """
    (payload,) = batch.payloads
    contract = contract_for(batch.table)
    fields = [f"f{position}" for position in range(len(layout.columns))]
    field_of = {column: field for column, field in zip(layout.columns, fields, strict=True) if column}
    typed = [
        typed_column(column, field_of.get(column.name), layout.dialect)
        for column in contract.publisher_columns
    ]
    checks = [item for item in typed if item.fault] + _nul_check(path, fields)
    at_fault = " or ".join(f"coalesce({item.fault}, false)" for item in checks)
    faults = ", ".join(
        f"case when {item.fault} then ['{item.column}', '{item.dtype}', {item.text}, '{item.wanted}'] end"
        for item in checks
    )
    texts = ", ".join(f"coalesce({field}, '')" for field in fields)
    derived = {"release": batch.options["release"].removeprefix("actor-"), "stream": batch.stream}
    given = {column.name: derived[column.name] for column in contract.derived_columns}
    values = [f'{item.value} as "{item.column}"' for item in typed]
    values += [f'$"{name}"::varchar as "{name}"' for name in given]
    released_at = payload.released_at.astimezone(UTC).replace(tzinfo=None) if payload.released_at else None
    read_as = ", ".join(f"'{field}': 'VARCHAR'" for field in fields)

    scratch.execute("drop table if exists csv_error; drop table if exists csv_scan")
    # The scratch file is read once and thrown away: neither compressing it nor tidying it up on closing pays.
    scratch.execute("pragma force_compression = 'uncompressed'; pragma disable_checkpoint_on_shutdown")
    try:
        scratch.execute(
            f"""create or replace table parsed_rows as
                select {", ".join(values)}, $sha256::varchar as payload_sha256,
                       $released_at::timestamp as released_at,
                       case when {at_fault} then {{
                           'texts': [{texts}],
                           'faults': list_filter([{faults}], lambda fault: fault is not null)
                       }} end as unfit
                from read_csv(
                    $path, columns = {{{read_as}}}, header = false, skip = {layout.skip}, auto_detect = false,
                    delim = ',', quote = '"', escape = '"', nullstr = '', max_line_size = {MAX_LINE_BYTES},
                    store_rejects = true, rejects_table = 'csv_error', rejects_scan = 'csv_scan')""",
            {**given, "sha256": payload.sha256, "released_at": released_at, "path": str(path)},
        )
    except duckdb.InvalidInputException as error:
        # DuckDB gives up, rejects or not, where line breaks outside quotes are of two kinds.
        found = _odd_line_break(path) or str(error).partition("\n")[0]
        raise NotTheFormat(f"ucdp: {batch.options['name']}: {found}; {FRESH_COPY}") from error
    finally:
        scratch.execute("pragma force_compression = 'auto'")


def typed_column(column: Column, field: str | None, dialect: Dialect) -> _Typed:
    """How a field becomes a value. Strict: a cast that rounds, shortens or guesses is a fault."""
    name, dtype = column.name, column.dtype
    if field is None:
        return _Typed(name, dtype, f"null::{dtype}", "null", None, "")
    wrong, value, wanted = "false", field, "text"
    if dtype == "BOOLEAN":
        value, wanted = f"{field} in ('1', 'True')", "0, 1, False or True"
        wrong = f"{field} not in ('0', '1', 'False', 'True')"
    elif dtype == "DATE":
        value, wanted = f"try_strptime(left({field}, 10), '{dialect.date_format}')::date", dialect.date_told
        wrong = f"{value} is null or not regexp_full_match({field}, '{dialect.date_pattern}')"
    elif dtype == "DOUBLE":
        low, high = column.minimum, column.maximum
        value, wanted = f"try_cast({field} as double)", f"a number from {low} to {high}"
        wrong = f"not coalesce({value} between {low} and {high}, false)"
    elif dtype != "VARCHAR":
        value, wanted = f"try_cast({field} as {dtype})", "a whole number"
        wrong = f"{value}::varchar is distinct from {field}"
    faults = [f"{field} is not null and ({wrong})"] if wrong != "false" else []
    if not column.nullable:
        faults.append(f"{field} is null")
    return _Typed(name, dtype, value, field, f"({' or '.join(faults)})" if faults else None, wanted)


def _nul_check(path: Path, fields: list[str]) -> list[_Typed]:
    """A check of each record for NUL bytes, if there are any: DuckDB loads them without a word."""
    with path.open("rb") as file:
        if not any(b"\0" in piece for piece in iter(lambda: file.read(1 << 20), b"")):
            return []
    record = f"concat({', '.join(fields)})"
    return [_Typed("the record", "", "", record, f"contains({record}, chr(0))", "free of NUL bytes")]


def drop_out_of_scope(scratch: duckdb.DuckDBPyConnection, countries: tuple[str, ...] | None) -> int:
    """Leave the rows of those countries, and tell how many others there were."""
    if countries is None:
        return 0
    codes = ", ".join(map(str, scope_codes(countries, "gw").values())) or "null"
    (dropped,) = scratch.execute(
        f"delete from parsed_rows where (country_id in ({codes})) is not true"
    ).fetchone()
    return dropped


def _broken_records(scratch: duckdb.DuckDBPyConnection, path: Path) -> list[_Reject]:
    """Records that are no CSV of this width: too many or too few fields, loose quotes, bad UTF-8."""
    found = scratch.execute(
        """select line_byte_position, min(error_type::varchar), min(error_message), min(csv_line)
           from csv_error group by line, line_byte_position order by 1"""
    ).fetchall()
    lines = _lines_at(path, [offset for offset, *_ in found])
    broken = []
    for line, (_, kind, message, text) in zip(lines, found, strict=True):
        # A quote that never closes swallows records after it; each is a loss, so each is shown.
        for part in re.split(r'\n(?="?\d+"?,)', text.strip("\r\n")):
            broken.append(_Reject(line, f"{kind.lower()}: {' '.join(message.split())}", part.rstrip("\r")))
            line += part.count("\n") + 1
    return broken


def _unfit_records(scratch: duckdb.DuckDBPyConnection, at_most: int) -> list[_Unfit]:
    found = scratch.execute(
        "select unfit.texts, unfit.faults from parsed_rows where unfit is not null limit ?", [at_most]
    ).fetchall()
    return [_Unfit(tuple(texts), tuple(tuple(fault) for fault in faults)) for texts, faults in found]


def _refuse_whole(
    batch: Batch,
    path: Path,
    layout: Layout,
    seen: int,
    broken: list[_Reject],
    unfit: list[_Unfit],
    misfits: int,
) -> None:
    """Raise ``NotTheFormat`` where what does not fit tells of the file and not of single records."""

    def refuse(found: str) -> NotTheFormat:
        return NotTheFormat(f"ucdp: {batch.options['name']}: {found}; {FRESH_COPY}")

    for record in unfit:
        for column, dtype, text, _ in record.faults:
            if text and (mark := spreadsheet_mark(dtype, text, layout.dialect)):
                (reject,) = _found_again(path, [record])
                raise refuse(f"line {reject.line}, column {column}: {text[:80]!r} is {mark}")
    if broken and _is_cut_short(path, broken[-1]):
        raise refuse(f"line {broken[-1].line} ends in the middle of a record: the file is cut short")
    if len(broken) > 1 and len(broken) > contract_for(batch.table).max_quarantined_share * seen:
        raise refuse(
            f"{len(broken)} of {seen} records are broken, the first at line {broken[0].line} "
            f"({broken[0].reason})"
        )
    if 2 * misfits > seen:
        (reject,) = _found_again(path, unfit[:1])
        raise refuse(
            f"{misfits} of {seen} records do not fit the {layout.dialect.name} dialect, such as "
            f"line {reject.line} ({reject.reason})"
        )
    if not seen and layout.has_records:
        raise refuse("no record can be read")
    if not seen and batch.options["withdraws"]:
        # Taken at its word, it would withdraw every event of its period.
        raise refuse(f"no event follows the header, so this is not release {batch.partition_key}")


def _is_cut_short(path: Path, last: _Reject) -> bool:
    """Whether the last broken record is the end of a file, which then does not end in a line break."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - len(last.text.encode())))
        return file.read().decode(errors="replace") == last.text


def _found_again(path: Path, unfit: list[_Unfit]) -> list[_Reject]:
    """Those records with their lines and their text as it stands in the file: DuckDB keeps neither."""
    wanted = Counter(record.fields for record in unfit)
    reasons = {record.fields: record.reason for record in unfit}
    first_fields = {fields[0] for fields in wanted}
    found: list[_Reject] = []
    taken: list[str] = []
    line = 1
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        records = csv.reader(taken.append(text) or text for text in file)
        while len(found) < len(unfit):
            try:
                fields = tuple(next(records))
            except (StopIteration, csv.Error):
                break
            if fields and fields[0] in first_fields and wanted[fields]:
                wanted[fields] -= 1
                text = "".join(taken).rstrip("\r\n").replace("\0", "\N{SYMBOL FOR NULL}")
                found.append(_Reject(line, reasons[fields], text))
            line += len(taken)
            taken.clear()
    return found + [_Reject(None, reasons[fields], ",".join(fields)) for fields in wanted.elements()]


def _odd_line_break(path: Path) -> str | None:
    """The first line that ends otherwise than line 1 does, outside quotes."""
    usual, is_quoted = None, False
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        for line, text in enumerate(file, start=1):
            is_quoted ^= text.count('"') % 2 == 1
            end = "CR LF" if text.endswith("\r\n") else "CR" if text.endswith("\r") else "LF"
            usual = usual or end
            if end != usual and not is_quoted and text.endswith(("\r", "\n")):
                return f"line {line} ends in {end} where line 1 ends in {usual}"
    return None


def _lines_at(path: Path, offsets: list[int]) -> list[int]:
    """The line at which each byte offset (ascending) lies, counted as an editor does."""
    lines, position, line = [], 0, 1
    with path.open("rb") as file:
        for offset in offsets:
            while position < offset and (piece := file.read(min(offset - position, 1 << 20))):
                position += len(piece)
                line += piece.count(b"\n")
            lines.append(line)
    return lines
