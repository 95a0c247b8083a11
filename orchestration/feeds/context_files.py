"""What the context feeds (World Bank, UNHCR, IDMC, coups, peacekeeping) have in common.

Each asks for whole series, which its publisher revises: a batch is a snapshot of one stream. Here: storing
the answers, knowing an answer already loaded, batches with and without rows, and tables of parsed rows. Not
here: any publisher's addresses, fields or errors; those are its own module's.
"""

import csv
import json
from collections.abc import Iterable
from datetime import UTC, datetime, time
from email.utils import parsedate_to_datetime
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb

from expectations.contracts import TableContract
from orchestration.feeds.base import Context, NotTheFormat
from orchestration.feeds.http import FetchError, RefusedError, Response
from orchestration.feeds.tables import create_table
from orchestration.records import Attempt, Batch, LoadRequest, Parsed, Payload, Status
from orchestration.settings import naive, scope_text

MAX_BYTES = 64 << 20
MAX_FAILURES = 3
"""Failures in a row after which the rest of a walk over countries is not asked for."""

LARGEST_COUNT = 2_000_000_000
"""Larger than any count of people in a country; it also fits every column of whole numbers."""

_PROVENANCE = {"payload_sha256": "VARCHAR", "released_at": "TIMESTAMP"}
_REJECTS = {"payload_sha256": "VARCHAR", "line": "BIGINT", "reason": "VARCHAR", "row_text": "VARCHAR"}


def insist_on_whole_series(request: LoadRequest, *, takes_file: bool = False) -> None:
    """Refuse what makes no sense for a feed that always loads all its publisher has."""
    if request.date_from or request.date_to or request.release:
        options = "--from, --to and --release"
    elif request.file and not takes_file:
        options = "--file"
    else:
        return
    raise ValueError(f"{request.feed}: loads the whole series each time; leave out {options}")


def store(context: Context, feed: str, key: str, answer: Response, released_at: datetime | None) -> Payload:
    return context.store.put(
        answer.body or b"",
        feed=feed,
        key=key,
        url=answer.url,
        http_status=answer.status,
        fetched_at=context.now,
        etag=answer.etag,
        last_modified=answer.last_modified,
        media_type=answer.media_type,
        released_at=released_at or http_date(answer.last_modified),
    )


def store_file(context: Context, feed: str, key: str, path: Path) -> Payload:
    """A file that a person downloaded. Raises ``ValueError`` where it is none to load."""
    if not path.is_file():
        raise ValueError(f"{feed}: no file at {path}; give the path of the file that you downloaded")
    if path.resolve().is_relative_to(context.settings.payloads.resolve()):
        raise ValueError(
            f"{feed}: {path.name} is in the payload store already; `sahel rebuild` loads it anew"
        )
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{feed}: {path.name} is larger than {MAX_BYTES:,} bytes; no file of this feed is")
    return context.store.put(
        path, feed=feed, key=key, url=f"file:{path.name}", http_status=0, fetched_at=context.now
    )


def snapshot(
    context: Context,
    contract: TableContract,
    stream: str,
    payloads: Iterable[Payload],
    *,
    within: dict[str, str],
    remark: str | None = None,
    options: dict[str, Any] | None = None,
) -> Batch:
    """All that the publisher has of a stream, to load; or that it is the same, byte for byte, as before.

    ``within`` says what the payloads tell all of: keys with these values that they omit are withdrawn.
    """
    payloads = tuple(payloads)
    # The scope is part of it: the same file has other rows for other countries.
    told = " ".join([*(payload.sha256 for payload in payloads), scope_text(context.settings.countries)])
    if context.memory.cursor(contract.feed, stream) == told:
        return nothing(contract.feed, stream, Status.UNCHANGED, payloads=payloads)
    cursor = {"feed": contract.feed, "stream": stream, "cursor": told, "recorded_at": context.now}
    return Batch(
        feed=contract.feed,
        stream=stream,
        partition_key=stream,
        attempts=(_attempt(contract.feed, stream, Status.OK, remark, payloads),),
        table=contract.table,
        payloads=payloads,
        options={"withdraws": True, "withdraws_within": within, **(options or {})},
        ledger_rows={"feed_cursor": [cursor]},
    )


def nothing(
    feed: str, stream: str, status: Status, error: str | None = None, payloads: Iterable[Payload] = ()
) -> Batch:
    """A batch without rows: missing, empty, unchanged, refused or failed."""
    payloads = tuple(payloads)
    attempt = _attempt(feed, stream, status, error, payloads)
    return Batch(feed=feed, stream=stream, partition_key=stream, attempts=(attempt,), payloads=payloads)


def no_rows(context: Context, feed: str, stream: str, payloads: Iterable[Payload] = ()) -> Batch:
    """A valid answer with nothing in it. Where there were rows before, that is not believed: they stay."""
    before = context.memory.cursor(feed, stream) or ""
    if not before.endswith(f" {scope_text(context.settings.countries)}"):
        return nothing(feed, stream, Status.EMPTY, payloads=payloads)
    told = f"{feed}: no rows of {stream} came where earlier loads had some; those stay; load again"
    return nothing(feed, stream, Status.REFUSED, told, payloads)


def no_answer(feed: str, stream: str, error: FetchError) -> Batch:
    """What an error of the client means for the attempt. The addresses are settled: one that is not found has moved."""
    is_refused = isinstance(error, RefusedError) or (error.status is not None and error.status < 500)
    status = Status.REFUSED if is_refused else Status.FAILED
    return nothing(feed, stream, status, str(error))


def _attempt(
    feed: str, stream: str, status: Status, error: str | None, payloads: tuple[Payload, ...]
) -> Attempt:
    return Attempt(
        feed=feed,
        stream=stream,
        partition_key=stream,
        window_start=None,
        window_end=None,
        status=status,
        error=error,
        payload_keys=tuple(payload.key for payload in payloads),
    )


# --- reading --------------------------------------------------------------------------------------


def read_json(body: bytes, where: str) -> Any:
    """The body as JSON. Raises ``NotTheFormat``."""
    if is_web_page(body):
        raise NotTheFormat(f"{where} answered with a web page, not data; open it in a browser to see why")
    try:
        return json.loads(body.decode("utf-8-sig"))
    except RecursionError:
        raise NotTheFormat(f"{where}: JSON nested too deep; this is no file of a publisher") from None
    except ValueError as error:
        raise NotTheFormat(f"{where}: not JSON ({error}); load again, and report it if it stays so") from None


def read_rows(
    body: bytes, where: str, *, required: Iterable[str], delimiter: str = ","
) -> list[tuple[int, dict[str, str]]]:
    """(line, row) of a delimited file by lower-case column name, HXL tag row left out. Raises ``NotTheFormat``.

    A row with too few or too many fields has ``None`` as a key or a value, for the caller to refuse.
    """
    if is_web_page(body):
        raise NotTheFormat(f"{where} is a web page, not a table; open it in a browser to see why")
    reader = csv.reader(StringIO(as_text(body), newline=""), delimiter=delimiter)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if absent := [name for name in required if name not in header]:
            raise NotTheFormat(
                f"{where}: line 1 has no column {', '.join(absent)} (it has {', '.join(header[:12]) or 'nothing'}); "
                "the publisher changed the file, or it is another one"
            )
        rows = []
        for fields in reader:
            if not any(field.strip() for field in fields) or _is_hxl(fields, len(rows)):
                continue
            row: dict[Any, Any] = dict.fromkeys(header) | dict(zip(header, fields, strict=False))
            if len(fields) > len(header):
                row[None] = fields[len(header) :]
            rows.append((reader.line_num, row))
    except csv.Error as error:
        raise NotTheFormat(f"{where}: line {reader.line_num}: {error}; download it again") from None
    return rows


def _is_hxl(fields: list[str], rows_before: int) -> bool:
    """Whether this is the row of HXL tags that humanitarian files may have below their header."""
    tags = [field.strip() for field in fields if field.strip()]
    return rows_before == 0 and all(tag.startswith("#") for tag in tags)


def as_text(body: bytes) -> str:
    """UTF-8 with or without a mark; else Windows' Western code page, in which older lists were saved."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp1252", errors="replace")


def is_web_page(body: bytes) -> bool:
    return body[:64].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def whole_number(value: Any, what: str) -> int | None:
    """A count as publishers write it: 12, "12", "12.0"; nothing for null, blank and "-". Raises ``ValueError``."""
    text = "" if value is None or isinstance(value, bool) else str(value).strip()
    if text in ("", "-"):
        return None
    try:
        number = float(text)
        if number != int(number) or abs(number) > LARGEST_COUNT:
            raise ValueError
    except (ValueError, OverflowError):
        raise ValueError(f"{what} is {text[:40]!r}, not a whole number") from None
    return int(number)


def known_fields(row: dict[str, Any], known: Iterable[str]) -> tuple[str, ...]:
    """Fields of a row that nobody told us of."""
    return tuple(sorted(str(name) for name in row if name is not None and name not in set(known)))


# --- parsed rows ----------------------------------------------------------------------------------


class Rows:
    """Rows and rejects of a batch as they are read, then tables in the scratch database."""

    def __init__(self, contract: TableContract) -> None:
        self.contract = contract
        self.rows: list[dict[str, Any]] = []
        self.rejects: list[dict[str, Any]] = []
        self.out_of_scope = 0
        self.extra_columns: set[str] = set()

    def add(self, payload: Payload, row: dict[str, Any], released_at: datetime | None = None) -> None:
        released = naive(released_at or payload.released_at)
        self.rows.append({**row, "payload_sha256": payload.sha256, "released_at": released})

    def reject(self, payload: Payload, line: int, reason: str, key: Any, row: Any) -> None:
        """``key`` is the row's value of the contract's last key column, as far as it can be read."""
        text = json.dumps(row, ensure_ascii=False, default=str)
        self.rejects.append(
            {
                "payload_sha256": payload.sha256,
                "line": line,
                "reason": reason,
                "row_text": f"{key}\t{text}" if key else text,
            }
        )

    def write(self, scratch: duckdb.DuckDBPyConnection) -> Parsed:
        name = self.contract.table
        types = {column.name: column.dtype for column in self.contract.columns}
        types |= _PROVENANCE
        # As text: DuckDB guesses the type of a mixed column from a part of its rows.
        texts = [{column: _text(row.get(column)) for column in types} for row in self.rows]
        create_table(scratch, name, texts, types)
        create_table(scratch, f"{name}_rejects", self.rejects, _REJECTS)
        return Parsed(
            rows=name,
            rejects=f"{name}_rejects",
            rows_seen=len(self.rows) + len(self.rejects) + self.out_of_scope,
            rows_out_of_scope=self.out_of_scope,
            extra_columns=tuple(sorted(self.extra_columns)),
        )


def _text(value: Any) -> str | None:
    return None if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)


def midnight(day: Any) -> datetime:
    return datetime.combine(day, time(), UTC)


def http_date(text: str | None) -> datetime | None:
    try:
        instant = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return instant.replace(tzinfo=UTC) if instant and instant.tzinfo is None else instant
