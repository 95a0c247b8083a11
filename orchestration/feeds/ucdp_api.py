"""UCDP's API: the same releases as the downloads, page by page, for those who have a token.

Here: the walk through a release's pages, what the API's answers mean, and reading its rows, typed by the
same rules as those of the file, so that a release has the same content whichever way it came. Not here:
which releases to ask for and in which order (``ucdp``), and the typing itself (``ucdp_csv``).
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date
from json import JSONDecodeError
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import duckdb

from expectations.contracts.ucdp import UCDP_GED
from orchestration.feeds.base import Context, NotTheFormat
from orchestration.feeds.http import FetchError, HttpClient, NotFoundError, RefusedError, Response
from orchestration.feeds.secrecy import repeats
from orchestration.feeds.ucdp_csv import drop_out_of_scope, typed_column
from orchestration.feeds.ucdp_dialects import BULK
from orchestration.feeds.ucdp_releases import Release, annual
from orchestration.records import Batch, Finding, Parsed, Payload, Status
from orchestration.settings import Settings

TOKEN_HEADER = "x-ucdp-access-token"
PAGE_SIZE = 1000
MAX_PAGES = 4_000
"""More would not fit into a day's quota of 5,000 requests together with what else a load asks."""
MAX_PAGE_BYTES = 64 * 1024**2
PAGE_DEADLINE_S = 180.0
WAITS_S = (60.0, 60.0, 120.0)
"""The API answers 400 to too many requests, for half a minute to a minute."""
MAX_WAITS = 30
"""Waits of one load, whatever it asks for."""

_WITHOUT = "unset UCDP_TOKEN to load the files from the downloads page, which needs none"
_AGAIN = f"it is asked for again at the next load; if it stays so, {_WITHOUT}"
_COLUMNS = UCDP_GED.publisher_columns
_NAMES = tuple(column.name for column in _COLUMNS)


@dataclass(frozen=True)
class Told:
    """What the API told of a release: all its pages where ``status`` is ok, else those that came, and why."""

    status: Status
    pages: tuple[Payload, ...] = ()
    error: str | None = None
    is_token_refused: bool = False
    """Nothing else need be asked for: every request without a valid token is refused, and counted."""


@dataclass(frozen=True)
class _Envelope:
    """What a page says of itself and of the others."""

    total: int
    pages: int
    next_url: str
    events: int


class _Ended(Exception):
    """A walk that ends before its last page."""

    def __init__(self, status: Status, reason: str, *, is_token_refused: bool = False) -> None:
        super().__init__(reason)
        self.status = status
        self.is_token_refused = is_token_refused


class UcdpApi:
    """The API during one load. ``sleep`` is replaced in tests."""

    def __init__(self, context: Context, sleep: Callable[[float], None]) -> None:
        self.context = context
        self.base = context.settings.ucdp_api_url
        self._token = (context.settings.ucdp_token or "").strip()
        self._sleep = sleep
        self._waits = 0
        self._waits_for_first_pages = True

    def ask(self, release: Release, known: tuple[str, ...] = ()) -> Told:
        """All pages of a release, stored. ``known`` are the hashes of those that it was last loaded from."""
        pages: list[Payload] = []
        try:
            return self._walk(release, known, pages)
        except _Ended as end:
            told = f"ucdp: release {release.name} through the API: {end}"
            return Told(end.status, tuple(pages), told, end.is_token_refused)

    def _walk(self, release: Release, known: tuple[str, ...], pages: list[Payload]) -> Told:
        resource = _resource(self.base, release)
        # No page number: whether the first page is 0 or 1, the API knows and tells in NextPageUrl.
        query: str | None = f"pagesize={PAGE_SIZE}"
        first: _Envelope | None = None
        asked: set[str] = set()
        events = 0
        while query is not None:
            asked.add(query)
            note = f"ucdp {release.name}, page {len(pages) + 1}" + (f" of {first.pages}" if first else "")
            self.context.progress(len(pages), first.pages if first else None, note)
            response = self._get(f"{resource}?{query}", is_first=first is None)
            if repeats(response.body or b"", (self._token,)):
                raise _Ended(
                    Status.REFUSED,
                    f"page {len(pages) + 1} repeats your token, so it is not kept; {_AGAIN}",
                )
            envelope = _envelope(response.body)
            if first is None and envelope and not envelope.total and not envelope.events:
                return Told(Status.MISSING, error=f"ucdp: the API has no event of release {release.name}")
            pages.append(self._kept(release, response, len(pages)))
            if envelope is None:
                raise _Ended(Status.REFUSED, f"page {len(pages)} is not what the API answers; {_AGAIN}")
            if first is None:
                first = envelope
                if first.pages > MAX_PAGES:
                    raise _Ended(
                        Status.REFUSED,
                        f"it comes in {first.pages:,} pages, more than a day's quota allows; {_WITHOUT}",
                    )
                # An annual release never changes, and its first page tells how many there are: hundreds of
                # requests are saved. Candidates have been seen to change under their name.
                if release.kind == "annual" and known[:1] == (pages[0].sha256,) and len(known) == first.pages:
                    return Told(Status.UNCHANGED)
            elif (envelope.total, envelope.pages) != (first.total, first.pages):
                raise _Ended(
                    Status.FAILED,
                    f"it changed from {first.total:,} to {envelope.total:,} events while it was read; {_AGAIN}",
                )
            events += envelope.events
            query = self._next(envelope.next_url, release)
            if query in asked or (query is not None and len(pages) >= first.pages):
                raise _Ended(
                    Status.FAILED, f"after page {len(pages)} of {first.pages} another one is named; {_AGAIN}"
                )
        if events != first.total or len(pages) != first.pages:
            raise _Ended(
                Status.FAILED,
                f"{first.total:,} events in {first.pages} pages were announced, {events:,} in {len(pages)} "
                f"came, and none is loaded; {_AGAIN}",
            )
        if tuple(page.sha256 for page in pages) == known:
            return Told(Status.UNCHANGED)
        return Told(Status.OK, tuple(pages))

    def _get(self, url: str, *, is_first: bool) -> Response:
        """One page. What the client calls a fault is a throttle where it is a 400: wait long, ask again."""
        if not self._token.isascii() or not self._token.isprintable() or " " in self._token:
            # Checked here: an error about an unfit header would show its value.
            raise _token_refused("UCDP_TOKEN holds characters that no token has; set it anew")
        waits = iter((WAITS_S[:1] if self._waits_for_first_pages else ()) if is_first else WAITS_S)
        while True:
            try:
                return self.context.http.get(
                    url,
                    headers={TOKEN_HEADER: self._token},
                    max_bytes=MAX_PAGE_BYTES,
                    deadline_s=PAGE_DEADLINE_S,
                    allowed_hosts=frozenset({urlsplit(self.base).hostname or ""}),
                )
            except NotFoundError as error:
                raise _Ended(Status.MISSING if is_first else Status.FAILED, str(error)) from None
            except RefusedError as error:
                raise _Ended(Status.REFUSED, str(error)) from None
            except FetchError as error:
                if error.status == 401:
                    raise _token_refused(_not_accepted(self.base)) from None
                if error.status != 400:
                    raise _Ended(Status.FAILED, str(error)) from None
                wait = next(waits, None)
                if wait is None or self._waits >= MAX_WAITS:
                    raise self._throttled(is_first) from None
            self._waits += 1
            self.context.progress(0, None, f"ucdp: too many requests for the API, waiting {wait:.0f} s")
            self._sleep(wait)

    def _throttled(self, is_first: bool) -> _Ended:
        if is_first:
            # Waiting did not help, so this may be its answer to a release that it does not have.
            self._waits_for_first_pages = False
            return _Ended(
                Status.MISSING,
                f"it answers 400, as it does to too many requests and perhaps to a release that it does not have; {_AGAIN}",
            )
        return _Ended(
            Status.FAILED,
            f"it answers 400 (too many requests), also after waiting; {_AGAIN}",
        )

    def _next(self, told: str, release: Release) -> str | None:
        """The query of the next page, None after the last. The token goes to no address but our own."""
        if not told:
            return None
        try:
            parts = urlsplit(urljoin(self.base, told))
        except ValueError:
            parts = urlsplit("")
        if parts.hostname != urlsplit(self.base).hostname or not parts.path.endswith(
            f"/gedevents/{release.name}"
        ):
            where = parts.hostname or "(unreadable)"
            raise _Ended(
                Status.REFUSED, f"its next page is said to lie elsewhere, at {where[:80]}; {_WITHOUT}"
            )
        return parts.query

    def _kept(self, release: Release, response: Response, number: int) -> Payload:
        return self.context.store.put(
            response.body,
            feed="ucdp",
            key=f"{release.name}/page-{number:04d}",
            url=response.url,
            http_status=response.status,
            fetched_at=self.context.now,
            etag=response.etag,
            last_modified=response.last_modified,
            media_type=response.media_type,
        )


def probe_token(settings: Settings, http: HttpClient) -> Finding:
    """For `sahel doctor`: one page of one event of a release that has long been out."""
    subject = "ucdp token"
    url = f"{_resource(settings.ucdp_api_url, annual(settings.now().year - 1))}?pagesize=1"
    token = (settings.ucdp_token or "").strip()
    if not token.isascii() or not token.isprintable() or " " in token:
        return Finding("problem", subject, "holds characters that no token has; set it anew")
    try:
        answer = http.get(url, headers={TOKEN_HEADER: token}, max_bytes=MAX_PAGE_BYTES, deadline_s=20)
    except FetchError as error:
        if error.status == 401:
            return Finding("problem", subject, _not_accepted(settings.ucdp_api_url))
        if error.status == 400:
            return Finding("note", subject, "the API answers 400 (too many requests); ask again in a minute")
        if error.status == 404:
            return Finding("ok", subject, f"accepted by {settings.ucdp_api_url}")
        return Finding("problem", subject, str(error))
    if _envelope(answer.body) is None:
        return Finding("problem", subject, f"{answer.url} answers, but not as the UCDP API does; {_WITHOUT}")
    return Finding("ok", subject, f"accepted by {settings.ucdp_api_url}; releases come through the API")


def parse_pages(
    batch: Batch, scratch: duckdb.DuckDBPyConnection, countries: tuple[str, ...] | None
) -> Parsed:
    """Leave ``parsed_rows`` and ``rejects`` in ``scratch``; see ``feeds.base.Feed``."""
    derived = {"release": batch.options["release"], "stream": batch.stream}
    fields = [f"event[{position}]" for position in range(1, len(_NAMES) + 1)]
    typed = [typed_column(column, field, BULK) for column, field in zip(_COLUMNS, fields, strict=True)]
    checks = [item for item in typed if item.fault]
    at_fault = " or ".join(f"coalesce({item.fault}, false)" for item in checks)
    faults = ", ".join(
        f"case when {item.fault} then ['{item.column}', {item.text}, '{item.wanted}'] end" for item in checks
    )
    columns = [f'"{column.name}" {column.dtype}' for column in UCDP_GED.columns]
    scratch.execute(
        f"create or replace table parsed_rows ({', '.join(columns)}, payload_sha256 varchar, "
        "released_at timestamp, place bigint, faults varchar[][])"
    )
    scratch.execute(
        "create or replace table rejects (payload_sha256 varchar, line bigint, reason varchar, row_text varchar)"
    )
    values = [f'{item.value} as "{item.column}"' for item in typed]
    insert = f"""
        insert into parsed_rows by name
        select {", ".join(values)}, $release::varchar as release, $stream::varchar as stream,
               $sha256::varchar as payload_sha256, $released_at::timestamp as released_at, place,
               case when {at_fault}
                    then list_filter([{faults}], lambda fault: fault is not null) end as faults
        from (select unnest($texts::varchar[][]) as event, unnest($places::bigint[]) as place)"""
    seen = 0
    extra: dict[str, None] = {}
    for payload in batch.payloads:
        rows = _rows(payload.path, batch)
        seen += len(rows)
        extra |= dict.fromkeys(_unknown_columns(rows, batch))
        texts, places, broken = _as_texts(rows)
        _reject(scratch, payload, broken)
        if texts:
            released_at = (
                payload.released_at.astimezone(UTC).replace(tzinfo=None) if payload.released_at else None
            )
            given = {"sha256": payload.sha256, "released_at": released_at, "texts": texts, "places": places}
            scratch.execute(insert, {**derived, **given})
    _reject_unfit(scratch, batch, seen)
    _refuse_other_release(scratch, batch)
    scratch.execute("alter table parsed_rows drop column faults")
    scratch.execute("alter table parsed_rows drop column place")
    out_of_scope = drop_out_of_scope(scratch, countries)
    return Parsed("parsed_rows", "rejects", seen, out_of_scope, extra_columns=tuple(extra))


def _resource(base: str, release: Release) -> str:
    return f"{base}/api/gedevents/{release.name}"


def _not_accepted(base: str) -> str:
    return (
        f"the token in UCDP_TOKEN is not accepted by {base}; check it, or ask UCDP for one as "
        f"https://ucdp.uu.se/apidocs/ tells (free, by e-mail, some days), or {_WITHOUT}"
    )


def _token_refused(reason: str) -> _Ended:
    return _Ended(Status.REFUSED, reason, is_token_refused=True)


def _envelope(body: bytes) -> _Envelope | None:
    """What a page tells; None where it is no page of the API."""
    try:
        page = _decoded(body)
    except ValueError:
        return None
    if not isinstance(page, dict):
        return None
    total, pages, next_url, rows = (
        page.get(name) for name in ("TotalCount", "TotalPages", "NextPageUrl", "Result")
    )
    if not _is_count(total) or not _is_count(pages) or not isinstance(rows, list):
        return None
    if not isinstance(next_url, str | None):
        return None
    return _Envelope(int(total), int(pages), next_url or "", len(rows))


def _is_count(value: Any) -> bool:
    return isinstance(value, _Number) and value.isascii() and value.isdigit() and len(value) < 10


class _Number(str):
    """A JSON number as it was written: a file has text too, and to read either is for the typing."""


def _decoded(body: bytes) -> Any:
    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is no JSON")

    try:
        return json.loads(body, parse_int=_Number, parse_float=_Number, parse_constant=refuse)
    except (JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from None


def _rows(path: Path, batch: Batch) -> list[Any]:
    """The rows of a stored page."""
    try:
        rows = _decoded(path.read_bytes())["Result"]
    except (ValueError, KeyError, TypeError) as error:
        raise _misfit(batch, f"a page is no JSON with a Result ({error})") from None
    if not isinstance(rows, list):
        raise _misfit(batch, "the Result of a page is no list")
    return rows


def _misfit(batch: Batch, found: str) -> NotTheFormat:
    return NotTheFormat(
        f"ucdp: release {batch.partition_key} through the API: {' '.join(found.split())}; if UCDP changed the "
        f"API, report it so that it can be followed; meanwhile {_WITHOUT}"
    )


def _unknown_columns(rows: list[Any], batch: Batch) -> Iterator[str]:
    """Columns that the contract does not know. Raises where one that it knows is in no row of the page."""
    found = dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row)
    if missing := [name for name in _NAMES if name not in found]:
        if found:
            raise _misfit(batch, f"column{'s' if len(missing) > 1 else ''} missing: {', '.join(missing)}")
        raise _misfit(batch, "a page has no rows with columns")
    return (name for name in found if name not in _NAMES)


def _as_texts(rows: list[Any]) -> tuple[list[list[str | None]], list[int], dict[int, str]]:
    """The rows as a file would write them, with their places on the page; and what cannot be, by place."""
    texts, places, broken = [], [], {}
    for place, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            broken[place] = "the row is no object"
            continue
        values = [_as_text(row.get(name)) for name in _NAMES]
        unfit = [name for name, value in zip(_NAMES, values, strict=True) if value == _UNWRITABLE]
        if unfit:
            broken[place] = "; ".join(f"{name} is not plain text" for name in unfit)
        else:
            texts.append(values)
            places.append(place)
    return texts, places, broken


_UNWRITABLE = "\0"
"""Stands for a value that no file could hold; no value that can be held contains it."""


def _as_text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    if not isinstance(value, str) or "\0" in value or not _is_unicode(value):
        return _UNWRITABLE
    return str(value)


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _reject(scratch: duckdb.DuckDBPyConnection, payload: Payload, reasons: dict[int, str]) -> None:
    """Set rows aside by their place on the page, as they came, their id before them."""
    if not reasons:
        return
    rows = json.loads(payload.path.read_bytes())["Result"]
    for place, reason in reasons.items():
        row = rows[place - 1]
        key = f"{row['id']}\t" if isinstance(row, dict) and row.get("id") is not None else ""
        scratch.execute(
            "insert into rejects values (?, ?, ?, ?)", [payload.sha256, place, reason, key + json.dumps(row)]
        )


def _reject_unfit(scratch: duckdb.DuckDBPyConnection, batch: Batch, seen: int) -> None:
    """Set aside what does not fit its columns; raise where that is most of the release."""
    (broken,) = scratch.execute("select count(*) from rejects").fetchone()
    unfit = scratch.execute(
        "select payload_sha256, place, faults from parsed_rows where faults is not null order by all"
    ).fetchall()
    reasons: dict[str, dict[int, str]] = {}
    for sha256, place, faults in unfit:
        reasons.setdefault(sha256, {})[place] = "; ".join(
            f"{column} is empty" if text is None else f"{column} {text[:80]!r} is not {wanted}"
            for column, text, wanted in faults
        )
    if 2 * (broken + len(unfit)) > seen:
        reason = next(iter(next(iter(reasons.values())).values())) if unfit else "rows are not plain"
        raise _misfit(batch, f"{broken + len(unfit)} of {seen} rows do not fit, for example: {reason}")
    for payload in batch.payloads:
        if found := reasons.get(payload.sha256):
            _reject(scratch, payload, found)
    if unfit:
        scratch.execute("delete from parsed_rows where faults is not null")


def _refuse_other_release(scratch: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    """Raise where the rows are not those that were asked for: 200 and a right envelope are no proof.

    What the API does not understand of a request it ignores without a word, and answers with everything.
    """
    twice = scratch.execute(
        "select count(*), min(id) from (select id from parsed_rows group by id having count(*) > 1)"
    ).fetchone()
    if twice[0]:
        raise _misfit(
            batch, f"event {twice[1]} and {twice[0] - 1} others came twice, so that others did not come"
        )
    start, end = (date.fromisoformat(batch.options[name]) for name in ("period_start", "period_end"))
    rows, after, before, last = scratch.execute(
        "select count(*), count_if(date_end > $end), count_if(date_end < $start), max(date_end) from parsed_rows",
        {"start": start, "end": end},
    ).fetchone()
    if after:
        raise _misfit(
            batch, f"{after} of {rows} events end after {end}, the last on {last}: this is not that release"
        )
    # A monthly restates a few older events.
    if 2 * before > rows:
        raise _misfit(batch, f"{before} of {rows} events end before {start}: this is not that release")
