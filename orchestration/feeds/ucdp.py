"""The UCDP feed: annual GED, candidate events, the actor list, and files that a person downloaded.

Here: asking the publisher, in which order, and what its answers mean. Not here: the releases' names and
order (``ucdp_releases``), the files' dialects (``ucdp_dialects``), reading their rows (``ucdp_csv``), the
API that a token opens (``ucdp_api``), and what a release does to earlier ones in the warehouse (promotion).
"""

import hashlib
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from email.utils import parsedate_to_datetime
from pathlib import Path
from time import sleep
from typing import Any
from urllib.parse import urlsplit
from zipfile import BadZipFile, ZipFile

import duckdb

from expectations.contracts import contract_for
from orchestration.feeds.base import Context, NotTheFormat, reach
from orchestration.feeds.http import FetchError, HttpClient, NotFoundError, RefusedError, Response
from orchestration.feeds.ucdp_api import UcdpApi, parse_pages, probe_token
from orchestration.feeds.ucdp_csv import MAX_CSV_BYTES, parse_payload
from orchestration.feeds.ucdp_dialects import HEAD_BYTES, recognise
from orchestration.feeds.ucdp_releases import (
    EXAMPLES,
    Release,
    actor_list,
    annual,
    cumulative,
    monthly,
    parse_release,
    period_of,
    release_of_file,
    release_order,
)
from orchestration.records import Attempt, Batch, Finding, LoadRequest, Parsed, Payload, Status
from orchestration.settings import Settings, scope_text

__all__ = ["UcdpFeed", "period_of", "release_order"]

MAX_DOWNLOAD_BYTES = 200 * 1024**2
MAX_ANNUAL_PROBES = 3
MAX_ACTOR_PROBES = 5
MAX_FAILURES = 3
"""Failures after which the rest of a walk is not asked for: each costs a full round of retries."""

_HERE = (Status.OK, Status.UNCHANGED)
_LABEL = re.compile(r"(?!actor-)[A-Za-z0-9._-]{0,63}[A-Za-z][A-Za-z0-9._-]{0,63}")


class UcdpFeed:
    """UCDP from its downloads page, which needs no key; with a token, its events from the API.

    See ``feeds.base.Feed``. ``sleep`` is how to wait for the API, and replaced in tests.
    """

    key = "ucdp"
    tables = ("ucdp_ged", "ucdp_actor")
    accepts = frozenset({"release", "file"})

    def __init__(self, sleep: Callable[[float], None] = sleep) -> None:
        self._sleep = sleep

    def fetch(self, request: LoadRequest, context: Context) -> Iterator[Batch]:
        if request.date_from or request.date_to:
            raise ValueError(f"ucdp: loads by release; leave out the dates, or name a release: {EXAMPLES}")
        if request.file is not None:
            return iter([_from_file(request.file, request.release, context)])
        if request.release is not None:
            return iter([_Walk(context, self._sleep).ask(parse_release(request.release))])
        return _Walk(context, self._sleep).everything_new()

    def parse(
        self, batch: Batch, scratch: duckdb.DuckDBPyConnection, countries: tuple[str, ...] | None
    ) -> Parsed:
        return _parse(batch, scratch, countries)

    def probe(self, settings: Settings, http: HttpClient) -> Iterator[Finding]:
        yield reach(http, self.key, f"{settings.ucdp_url}/downloads/")
        if settings.ucdp_token:
            yield probe_token(settings, http)


class _Walk:
    """One walk through the publisher's releases. Asking is the only way to know which there are."""

    def __init__(self, context: Context, sleep: Callable[[float], None]) -> None:
        self.context = context
        self.api = UcdpApi(context, sleep) if context.settings.ucdp_token else None
        self.today = context.now.date()
        # A release that was read for other countries is read anew, whether or not it changed.
        scope = scope_text(context.settings.countries)
        self.applied = {
            row["release"]: row
            for row in context.memory.ucdp_releases()
            if row.get("country_scope", scope) == scope
        }
        self.asked = 0
        self.failures = 0

    def everything_new(self) -> Iterator[Batch]:
        """In order of application: the newest annual, the candidates after it, the actor list."""
        newest = None
        for batch, release in self._annuals():
            newest = release
            yield batch
        covered = newest.period_end.year if newest else self.today.year - 2
        for year in range(covered + 1, self.today.year + 1):
            yield from self._candidates(year, 12 if year < self.today.year else self.today.month - 1)
        yield from self._actors(covered + 1)

    def _annuals(self) -> Iterator[tuple[Batch, Release | None]]:
        """The newest annual, with its release; before it, those that should be there and are not."""
        for year in range(self.today.year, self.today.year - MAX_ANNUAL_PROBES, -1):
            if self.has_given_up:
                return
            release = annual(year)
            batch = self.ask(release)
            if not self._is_absent(batch, release):
                # Also where the publisher did not answer: an older one would not be the newest.
                yield batch, release
                return
            if release.is_expected(self.today):
                yield batch, None

    def _candidates(self, year: int, last_month: int) -> Iterator[Batch]:
        """The newest cumulative of a year (quarterly, none is owed), then the months after it."""
        covered = 0
        for month in range(last_month, 0, -1):
            if self.has_given_up:
                return
            release = cumulative(year, month)
            batch = self.ask(release)
            if not self._is_absent(batch, release):
                yield batch
                covered = month if _status(batch) in _HERE else 0
                break
        for month in range(covered + 1, last_month + 1):
            if self.has_given_up:
                return
            release = monthly(year, month)
            batch = self.ask(release)
            if not self._is_absent(batch, release) or release.is_expected(self.today):
                yield batch

    def _actors(self, year: int) -> Iterator[Batch]:
        """The actor list of that year's version, else the next lower one there is."""
        owed = None
        for version in range(year, year - MAX_ACTOR_PROBES, -1):
            if self.has_given_up:
                return
            release = actor_list(version)
            batch = self.ask(release)
            if not self._is_absent(batch, release):
                yield batch
                return
            owed = owed or batch
        if owed:
            yield owed

    @property
    def has_given_up(self) -> bool:
        return self.failures >= MAX_FAILURES

    @property
    def _rest(self) -> str:
        return "; the releases after it were not asked for" if self.has_given_up else ""

    def _through_api(self, release: Release) -> bool:
        """The API has the events; the actor list is a download for everybody."""
        return self.api is not None and release.kind != "actor"

    def _is_absent(self, batch: Batch, release: Release) -> bool:
        """Whether the release is not there. For a file that may be said with a web page instead of a 404."""
        status = _status(batch)
        return status is Status.MISSING or (status is Status.REFUSED and not self._through_api(release))

    def ask(self, release: Release) -> Batch:
        """Ask for one release. What comes back is a batch to load, or one that says why there is none."""
        before = self.applied.get(release.name)
        self.asked += 1
        return self._pages(release, before) if self._through_api(release) else self._file(release, before)

    def _pages(self, release: Release, before: dict[str, Any] | None) -> Batch:
        told = self.api.ask(release, _pages_of(before))
        if told.status is Status.OK:
            released_at = self._released_at(release)
            pages = tuple(replace(page, released_at=released_at) for page in told.pages)
            batch = _batch(release, release.kind, pages, release.name, self.context, in_pages=True)
            return self._unless_known(release, batch, before)
        error = told.error
        if told.status in (Status.FAILED, Status.REFUSED):
            self.failures = MAX_FAILURES if told.is_token_refused else self.failures + 1
            error = f"{error}{self._rest}"
        return _nothing(release, told.status, error, *told.pages)

    def _released_at(self, release: Release) -> datetime | None:
        """When a release came out: the API dates nothing, but the file of the same release has its time."""
        url = self.context.settings.ucdp_url
        hosts = frozenset({urlsplit(url).hostname or ""})
        try:
            answer = self.context.http.head(url + release.path, deadline_s=30.0, allowed_hosts=hosts)
        except FetchError:
            return None
        return _http_date(answer.last_modified)

    def _file(self, release: Release, before: dict[str, Any] | None) -> Batch:
        context, url = self.context, self.context.settings.ucdp_url + release.path
        # Of what was last loaded through the API, the file cannot say whether it is unchanged.
        is_from_here = before is not None and before["payload_key"] == release.name
        etag, last_modified = context.memory.validator(url) if is_from_here else (None, None)
        context.progress(self.asked, None, f"ucdp {release.name}")
        try:
            response = context.http.download(
                url,
                context.settings.payloads / "incoming",
                max_bytes=MAX_DOWNLOAD_BYTES,
                deadline_s=1800.0,
                etag=etag,
                last_modified=last_modified,
                allowed_hosts=frozenset({urlsplit(context.settings.ucdp_url).hostname or ""}),
            )
        except NotFoundError as error:
            return _nothing(release, Status.MISSING, str(error))
        except RefusedError as error:
            return _nothing(release, Status.REFUSED, str(error))
        except FetchError as error:
            self.failures += 1
            return _nothing(release, Status.FAILED, f"{error}{self._rest}")
        try:
            return self._answer(release, url, response, before)
        finally:
            if response.path:
                response.path.unlink(missing_ok=True)

    def _answer(self, release: Release, url: str, response: Response, before: dict[str, Any] | None) -> Batch:
        if response.status == 304:
            return _nothing(release, Status.UNCHANGED)
        validators = [
            {
                "url": url,
                "etag": response.etag,
                "last_modified": response.last_modified,
                "payload_sha256": response.sha256,
                "checked_at": self.context.now,
            }
        ]
        if before and before["payload_sha256"] == response.sha256:
            return replace(_nothing(release, Status.UNCHANGED), ledger_rows={"http_validator": validators})
        payload = self.context.store.put(
            response.path,
            feed="ucdp",
            key=release.name,
            url=response.url,
            http_status=response.status,
            fetched_at=self.context.now,
            etag=response.etag,
            last_modified=response.last_modified,
            media_type=response.media_type,
            released_at=_http_date(response.last_modified),
        )
        if _is_web_page(payload.path):
            told = f"ucdp: {url} answered with a web page, not a file; open it in a browser to see why"
            return _nothing(release, Status.REFUSED, told, payload)
        batch = _batch(release, release.kind, (payload,), Path(release.path).name, self.context)
        batch = replace(batch, ledger_rows={**batch.ledger_rows, "http_validator": validators})
        return self._unless_known(release, batch, before)

    def _unless_known(self, release: Release, batch: Batch, before: dict[str, Any] | None) -> Batch:
        """The batch, or one without rows where it says in other bytes what was loaded of the release before.

        So does a file after the API's pages, and a file that was packed anew. Applied again it would undo
        what later releases have changed, for a moment, and in the history for good.
        """
        if before is None or not before.get("batch"):
            return batch
        self.context.progress(self.asked, None, f"ucdp {release.name}: comparing with what is known of it")
        known = Batch.from_json(before["batch"])
        if not _say_the_same(known, batch, self.context.settings.scratch):
            return batch
        # From now on it is known by these bytes; where it stands in the order of application stays.
        (row,) = batch.ledger_rows["ucdp_release"]
        row = {**before, **{name: row[name] for name in ("released_at", "payload_sha256", "payload_key")}}
        rows = {**batch.ledger_rows, "ucdp_release": [{**row, "batch": batch.to_json()}]}
        return replace(_nothing(release, Status.UNCHANGED, None, *batch.payloads), ledger_rows=rows)


def _parse(batch: Batch, scratch: duckdb.DuckDBPyConnection, countries: tuple[str, ...] | None) -> Parsed:
    read = parse_pages if batch.options.get("in_pages") else parse_payload
    return read(batch, scratch, countries)


def _say_the_same(known: Batch, new: Batch, folder: Path) -> bool:
    """Whether two batches have the same rows, all of them readable. What cannot be read says nothing."""
    if known.table != new.table or not all(payload.path.is_file() for payload in known.payloads):
        return False
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix="compare-") as work,
        duckdb.connect(str(Path(work) / "compare.duckdb")) as scratch,
    ):
        try:
            digest = _digest(known, scratch)
            return digest is not None and digest == _digest(new, scratch)
        except NotTheFormat:
            return False


def _digest(batch: Batch, scratch: duckdb.DuckDBPyConnection) -> str | None:
    """A digest of all rows; None where some are unreadable."""
    parsed = _parse(batch, scratch, None)
    contract = contract_for(batch.table)
    content = ", ".join(f"""coalesce("{name}"::varchar, chr(30))""" for name in contract.content_columns)
    (digest,) = scratch.execute(
        f"""select case when (select count(*) from {parsed.rejects}) = 0 then
                md5(string_agg(md5(concat_ws(chr(31), {content})), '' order by "{contract.key[0]}")) end
            from {parsed.rows}"""
    ).fetchone()
    return digest


def _from_file(path: Path, named: str | None, context: Context) -> Batch:
    """A file that a person downloaded: the release that is named or that its name tells, else a label."""
    if not path.is_file():
        raise ValueError(f"ucdp: no file at {path}; give a CSV or zip from https://ucdp.uu.se/downloads/")
    if path.resolve().is_relative_to(context.settings.payloads.resolve()):
        raise ValueError(f"ucdp: {path.name} is in the payload store already; `sahel rebuild` loads it anew")
    if path.stat().st_size > MAX_CSV_BYTES:
        raise ValueError(f"ucdp: {path.name} is larger than {MAX_CSV_BYTES:,} bytes; no UCDP file is")
    release = _release_of(path, named)
    key = release.name if release else named or _label(_sha256(path))
    payload = context.store.put(
        path,
        feed="ucdp",
        key=key,
        url=f"file:{path.name}",
        http_status=0,
        fetched_at=context.now,
    )
    if release is None:
        return _batch(Release(key, "file"), "file", (payload,), path.name, context)
    if release.kind != "actor" and not _is_whole(path):
        # One country of a release must not pass for all of it: every other country would be withdrawn.
        part = replace(release, name=_label(payload.sha256))
        return _batch(part, "file", (payload,), path.name, context, rows_say=release.name)
    return _batch(release, release.kind, (payload,), path.name, context)


def _label(sha256: str) -> str:
    """The name of a file that is no release and was given none."""
    return f"file-{sha256[:8]}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _release_of(path: Path, named: str | None) -> Release | None:
    if named is None:
        return release_of_file(path.name)
    try:
        return parse_release(named)
    except ValueError:
        if _LABEL.fullmatch(named):
            return None
        raise ValueError(
            f"ucdp: {named!r} is neither a release ({EXAMPLES}) nor a label for a file; "
            "a label has letters, digits, dots and dashes, for example mali-page"
        ) from None


def _is_whole(path: Path) -> bool:
    """Whether whole releases come in the file's dialect. One that cannot be told is refused at parsing."""
    try:
        if path.suffix.lower() == ".zip":
            with ZipFile(path) as archive, archive.open(archive.infolist()[0]) as member:
                head = member.read(HEAD_BYTES)
        else:
            with path.open("rb") as file:
                head = file.read(HEAD_BYTES)
        return recognise(head, path.name, "ucdp_ged").dialect.is_whole
    except (NotTheFormat, BadZipFile, NotImplementedError, RuntimeError, IndexError, OSError, EOFError):
        return True


def _pages_of(before: dict[str, Any] | None) -> tuple[str, ...]:
    """The hashes of the pages that a release was last loaded from; none where it was a file."""
    if before is None or not before.get("batch"):
        return ()
    batch = Batch.from_json(before["batch"])
    return tuple(page.sha256 for page in batch.payloads) if batch.options.get("in_pages") else ()


def _sha256_of_all(payloads: tuple[Payload, ...]) -> str:
    """What identifies the content of a release: of one payload its own hash, of pages that of theirs in order."""
    if len(payloads) == 1:
        return payloads[0].sha256
    return hashlib.sha256("\n".join(page.sha256 for page in payloads).encode()).hexdigest()


def _batch(
    release: Release,
    kind: str,
    payloads: tuple[Payload, ...],
    name: str,
    context: Context,
    *,
    rows_say: str | None = None,
    in_pages: bool = False,
) -> Batch:
    """A batch with rows to load. ``rows_say`` is their release where the batch is only a part of it."""
    period = {"period_start": release.period_start, "period_end": release.period_end}
    ledger_rows = {
        "ucdp_release": [
            {
                "release": release.name,
                "kind": kind,
                **period,
                "released_at": payloads[0].released_at,
                "payload_sha256": _sha256_of_all(payloads),
                "payload_key": payloads[0].key,
                "recorded_at": context.now,
            }
        ]
    }
    return Batch(
        feed="ucdp",
        stream=release.stream,
        partition_key=release.name,
        attempts=(_attempt(release, Status.OK, None, *payloads),),
        table="ucdp_actor" if kind == "actor" else "ucdp_ged",
        payloads=payloads,
        options={
            "release": rows_say or release.name,
            "kind": kind,
            "name": name,
            "withdraws": kind in ("annual", "cumulative"),
            **{key: day.isoformat() if day else None for key, day in period.items()},
            **({"in_pages": True} if in_pages else {}),
        },
        ledger_rows=ledger_rows,
    )


def _nothing(release: Release, status: Status, error: str | None = None, *payloads: Payload) -> Batch:
    """A batch without rows: missing, unchanged, refused or failed."""
    return Batch(
        feed="ucdp",
        stream=release.stream,
        partition_key=release.name,
        attempts=(_attempt(release, status, error, *payloads),),
        payloads=payloads,
    )


def _attempt(release: Release, status: Status, error: str | None, *payloads: Payload) -> Attempt:
    return Attempt(
        feed="ucdp",
        stream=release.stream,
        partition_key=release.name,
        window_start=_midnight(release.period_start),
        window_end=_midnight(release.period_end),
        status=status,
        error=error,
        payload_keys=tuple(payload.key for payload in payloads),
    )


def _status(batch: Batch) -> Status:
    return batch.attempts[0].status


def _is_web_page(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def _http_date(text: str | None) -> datetime | None:
    try:
        instant = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return instant.replace(tzinfo=UTC) if instant and instant.tzinfo is None else instant


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None
