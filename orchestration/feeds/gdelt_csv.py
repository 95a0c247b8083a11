"""GDELT's event and mention files into a scratch database: one fast read, and every line that does not fit.

Belongs here: the wire layout as DuckDB must be told it, and which lines cannot be typed or keyed. Does not
belong here: how the files were fetched and proved, and any judgement of their content, which is the audit's.
"""

import gzip
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from expectations.contracts.columns import TableContract
from expectations.contracts.gdelt import GDELT_EVENT, GDELT_MENTION
from expectations.reference import scope_codes
from orchestration.feeds.base import NotTheFormat
from orchestration.feeds.zips import BadZip, gzip_member, single_member
from orchestration.records import Batch, Parsed, Payload

MAX_MEMBER_BYTES = 256 << 20
ROW_TEXT = 10_000
"""Characters of a rejected line that are kept."""


def parse_files(
    batch: Batch,
    contract: TableContract,
    scratch: duckdb.DuckDBPyConnection,
    countries: tuple[str, ...] | None,
) -> Parsed:
    """Read the batch's payloads where they lie. Raises ``NotTheFormat`` for another layout altogether."""
    database = scratch.execute(
        "select path from duckdb_databases() where database_name = current_database()"
    ).fetchone()
    folder = Path(database[0]).parent if database and database[0] else None
    scratch.execute("set preserve_insertion_order = false; set memory_limit = '1GB'; set threads = 4")
    with tempfile.TemporaryDirectory(prefix="gdelt-", dir=folder) as directory:
        files = _rewrap(batch, Path(directory))
        _read(scratch, contract, batch.stream, files)
        wire, malformed = (
            scratch.execute(f"select count(*) from {table}").fetchone()[0] for table in ("wire", "rejects")
        )
        if malformed and not wire:
            _refuse_other_layouts(scratch, contract, files)
        scratch.execute(
            "create or replace table seen as select payload_sha256, count(*) as rows from ("
            "select payload_sha256 from wire union all select payload_sha256 from rejects) group by all"
        )
        _apply_scope(scratch, contract, countries)
        in_scope = scratch.execute(f"select count(*) from {contract.table}").fetchone()[0]
        _reject_defects(scratch, contract, files)
    return Parsed(contract.table, "rejects", wire + malformed, wire - in_scope, "seen")


def _rewrap(batch: Batch, folder: Path) -> dict[str, Payload]:
    """The payloads by the gzip file their member is re-wrapped as, for DuckDB to read; no empty ones."""
    files = {}
    for number, payload in enumerate(batch.payloads):
        try:
            member = single_member(payload.path, suffix=f".{batch.stream}.csv", max_bytes=MAX_MEMBER_BYTES)
            if member.size:
                files[str(gzip_member(payload.path, member, folder / f"{number:06d}.gz"))] = payload
        except BadZip as error:
            raise NotTheFormat(f"gdelt {payload.key}: {error}") from error
    return files


def _read(
    scratch: duckdb.DuckDBPyConnection, contract: TableContract, stream: str, files: dict[str, Payload]
) -> None:
    """Fill ``wire`` with every record that can be typed, and ``rejects`` with the lines that cannot."""
    derived = "slot_at timestamp, is_translated boolean, payload_sha256 varchar, released_at timestamp"
    wire = ", ".join(f"{column.name} {column.dtype}" for column in contract.publisher_columns)
    for table in ("wire", "rejects", "file", contract.table):
        scratch.execute(f"drop table if exists {table}")
    scratch.execute(f"create table wire ({wire}, {derived})")
    scratch.execute(
        "create table rejects (payload_sha256 varchar, line bigint, reason varchar, row_text varchar)"
    )
    scratch.execute(f"create table file (filename varchar, {derived})")
    if not files:
        return
    payloads = list(files.values())
    scratch.execute(
        "insert into file select unnest($1), unnest($2), $3, unnest($4), unnest($5)",
        [
            list(files),
            [datetime.strptime(payload.key[:14], "%Y%m%d%H%M%S") for payload in payloads],
            stream.startswith("translation."),
            [payload.sha256 for payload in payloads],
            [
                payload.released_at and payload.released_at.astimezone(UTC).replace(tzinfo=None)
                for payload in payloads
            ],
        ],
    )
    try:
        _read_files(scratch, contract, files)
    except duckdb.InvalidInputException as error:
        # A carriage return inside a line stops the reader; without those lines it reads the rest.
        if not _blank_out_returns(scratch, files):
            raise NotTheFormat(
                f"gdelt {_culprit(error, files)}: cannot be read; {_first_line(error)}"
            ) from error
        try:
            _read_files(scratch, contract, files)
        except duckdb.InvalidInputException as again:
            raise NotTheFormat(
                f"gdelt {_culprit(again, files)}: cannot be read; {_first_line(again)}"
            ) from again


def _read_files(
    scratch: duckdb.DuckDBPyConnection, contract: TableContract, files: dict[str, Payload]
) -> None:
    width = len(contract.publisher_columns)
    columns = ", ".join(f"'{column.name}': '{column.dtype}'" for column in contract.publisher_columns)
    scratch.execute("drop table if exists reject_errors; drop table if exists reject_scans")
    # Every column is selected: in a column left out, a bad value would not be rejected.
    scratch.execute(
        f"""
        insert into wire
        select record.* exclude (filename), file.* exclude (filename)
        from read_csv(
            $1, columns = {{{columns}}}, delim = '\t', quote = '', escape = '', header = false,
            auto_detect = false, nullstr = '', store_rejects = true, filename = true
        ) as record
        join file using (filename)
        """,
        [list(files)],
    )
    # A line appears once for each column that it lacks or that does not convert; where columns are too few,
    # what does not convert has only moved over.
    scratch.execute(
        f"""
        insert into rejects
        select
            any_value(file.payload_sha256),
            error.line,
            coalesce(
                max(case error.error_type::varchar
                    when 'MISSING COLUMNS' then 'fewer than {width} columns'
                    when 'TOO MANY COLUMNS' then 'more than {width} columns'
                end),
                left(string_agg(distinct error.error_message, '; '), 500)
            ),
            left(any_value(error.csv_line), {ROW_TEXT})
        from reject_errors as error
        join reject_scans as scan using (scan_id, file_id)
        join file on file.filename = scan.file_path
        group by file.filename, error.line
        """
    )


def _refuse_other_layouts(
    scratch: duckdb.DuckDBPyConnection, contract: TableContract, files: dict[str, Payload]
) -> None:
    """No line fits and all have another number of columns: another dataset, not damage."""
    width = len(contract.publisher_columns)
    widths = scratch.execute("select distinct len(string_split(row_text, chr(9))) from rejects").fetchall()
    if len(widths) == 1 and widths[0][0] != width:
        hint = " (as in a GDELT 1.0 daily export)" if widths[0][0] == 58 else ""
        raise NotTheFormat(
            f"gdelt {next(iter(files.values())).key}: every line has {widths[0][0]} columns{hint} where "
            f"{contract.table} has {width}; load the 15-minute files below /gdeltv2/"
        )


def _apply_scope(
    scratch: duckdb.DuckDBPyConnection, contract: TableContract, countries: tuple[str, ...] | None
) -> None:
    if countries is None or contract is GDELT_MENTION:
        scratch.execute(f"alter table wire rename to {contract.table}")
        return
    fips = list(scope_codes(countries, "fips").values())
    scratch.execute(
        f"create table {contract.table} as "
        "select * from wire where action_geo_country_code in (select unnest($1::varchar[]))",
        [fips],
    )
    scratch.execute("drop table wire")


def _reject_defects(
    scratch: duckdb.DuckDBPyConnection, contract: TableContract, files: dict[str, Payload]
) -> None:
    """Move typed rows that still cannot be used to the rejects: no key or time, no place, NUL, repeated."""
    table, key = contract.table, ", ".join(contract.key)
    moment = "date_added" if contract is GDELT_EVENT else "mention_time_date"
    texts = [column.name for column in contract.publisher_columns if column.dtype == "VARCHAR"]
    cases = [(f"{name} is null", f"{name} is empty") for name in (*contract.key, moment)]
    cases.append(
        (f"try_strptime({moment}::varchar, '%Y%m%d%H%M%S') is null", f"{moment} is no time yyyymmddhhmmss")
    )
    cases += [
        (f"{column.name} not between {column.minimum} and {column.maximum}", f"{column.name} is out of range")
        for column in contract.publisher_columns
        if column.unit == "degrees"
    ]
    cases.append((f"contains(concat({', '.join(texts)}), chr(0))", "NUL byte in text"))
    whens = " ".join(f"when {condition} then '{reason}'" for condition, reason in cases)
    scratch.execute(
        f"""
        create or replace temp table defect as
        select rowid as row_id, case {whens} end as reason from {table} where case {whens} end is not null
        """
    )
    # Repetitions are sought among hashes first: sorting a month of keys would cost as much as reading it.
    name = {"gdelt_event": "GLOBALEVENTID", "gdelt_mention": "mention"}[table]
    scratch.execute(
        f"""
        insert into defect
        with repeated as (select hash({key}) as key_hash from {table} group by 1 having count(*) > 1),
        usable as (
            select rowid as row_id, {key}, slot_at, payload_sha256 from {table}
            where hash({key}) in (select key_hash from repeated) and rowid not in (select row_id from defect)
        )
        select row_id, 'duplicate {name}' from usable
        qualify row_number() over (partition by {key} order by slot_at, payload_sha256, row_id) > 1
        """
    )
    if not scratch.execute("select count(*) from defect").fetchone()[0]:
        return
    texts_of_key = ", ".join(f"coalesce({name}::varchar, '')" for name in contract.key)
    defects = scratch.execute(
        f"""
        select slot_at, payload_sha256, reason, [{texts_of_key}]
        from {table} as record join defect on record.rowid = defect.row_id order by slot_at
        """
    ).fetchall()
    scratch.execute(f"delete from {table} where rowid in (select row_id from defect)")
    rejects = list(_located(contract, files, defects))
    scratch.execute(
        "insert into rejects select unnest($1), unnest($2), unnest($3), unnest($4)",
        [list(values) for values in zip(*rejects, strict=True)],
    )


def _located(
    contract: TableContract, files: dict[str, Payload], defects: list[tuple]
) -> Iterator[tuple[str, int | None, str, str]]:
    """Line and text of each defect, found again in its payload, which the fast reader does not tell."""
    positions = [i for i, c in enumerate(contract.publisher_columns) if c.name in contract.key]
    wanted: dict[str, dict[tuple[str, ...], list[str]]] = defaultdict(lambda: defaultdict(list))
    names = {(f"{payload.key[:14]}", payload.sha256): name for name, payload in files.items()}
    for slot, sha256, reason, key in defects:
        if contract is GDELT_MENTION and reason.startswith("duplicate"):
            # About one mention in a hundred; to look for them would cost more than to read the month.
            yield sha256, None, reason, "\t".join(key)
            continue
        wanted[names[f"{slot:%Y%m%d%H%M%S}", sha256]][tuple(key)].append(reason)
    for name, reasons in wanted.items():
        found: dict[tuple[str, ...], list[tuple[int, str]]] = defaultdict(list)
        with gzip.open(name, "rt", encoding="utf-8", errors="replace", newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                values = line.rstrip("\n").split("\t")
                if len(values) == len(contract.publisher_columns):
                    key = tuple(values[i] for i in positions)
                    if key in reasons:
                        found[key].append((number, line.rstrip("\n")[:ROW_TEXT]))
        for key, why in reasons.items():
            # Of repetitions within a file the first was kept, so the last ones are meant.
            places = [None] * len(why) + found[key]
            for reason, place in zip(why, places[-len(why) :], strict=True):
                line, text = place or (None, "\t".join(key))
                yield files[name].sha256, line, reason, text


def _blank_out_returns(scratch: duckdb.DuckDBPyConnection, files: dict[str, Payload]) -> int:
    """Empty the lines with a carriage return inside and keep them as rejects; how many there were."""
    rejects = []
    for name, payload in files.items():
        lines = gzip.decompress(Path(name).read_bytes()).split(b"\n")
        returns = [number for number, line in enumerate(lines) if b"\r" in line]
        for number in returns:
            text = lines[number].decode("utf-8", "replace")[:ROW_TEXT]
            rejects.append((payload.sha256, number + 1, "carriage return inside the line", text))
            lines[number] = b""
        if returns:
            Path(name).write_bytes(gzip.compress(b"\n".join(lines), compresslevel=1))
    if rejects:
        scratch.execute(
            "insert into rejects select unnest($1), unnest($2), unnest($3), unnest($4)",
            [list(values) for values in zip(*rejects, strict=True)],
        )
    return len(rejects)


def _culprit(error: Exception, files: dict[str, Payload]) -> str:
    """The key of the payload that DuckDB's message names."""
    return next((payload.key for name, payload in files.items() if name in str(error)), "batch")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
