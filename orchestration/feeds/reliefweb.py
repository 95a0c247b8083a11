"""The ReliefWeb feed: reports and disasters from the API, or, without an approved appname, from RSS.

Here: what is asked for and when, what an answer amounts to, and how long a publisher that turns us away is
left alone. Not here: the API's protocol (``reliefweb_api``), entries as rows (``reliefweb_rows``), versions of
entries that changed (promotion).

Entries are followed by their time of change. ReliefWeb announces no deletions: a report that it took down, or
that is no longer filed under a country of the scope, stays as it was last seen. RSS shows the newest entries of
the whole world, some twenty; what passed between two looks is not known, so RSS says of no day that it was
covered.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlsplit

import duckdb

from expectations.contracts.reliefweb import RELIEFWEB_DISASTER, RELIEFWEB_REPORT
from expectations.reference import countries as all_countries
from orchestration.feeds.base import Context, NotTheFormat
from orchestration.feeds.http import FetchError, HttpClient, PermanentError
from orchestration.feeds.reliefweb_api import (
    APPLY_AT,
    CALLS_PER_DAY,
    Page,
    Question,
    Unanswered,
    ask,
    challenge,
    challenged,
    walk,
)
from orchestration.feeds.reliefweb_rows import parse_payloads
from orchestration.feeds.syndication import MAX_BYTES as MAX_RSS_BYTES, prove
from orchestration.records import Attempt, Batch, Finding, LoadRequest, Parsed, Payload, Status
from orchestration.settings import Settings, scope_text

KEY = "reliefweb"
FIRST_REPORTS = timedelta(days=30)
FIRST_DISASTERS = datetime(1996, 1, 1, tzinfo=UTC)
"""The archive's beginning. A drought whose entry nobody touched this month goes on all the same, and they are few."""
OVERLAP = timedelta(days=1)
"""Entries become searchable some time after they were saved."""
PAUSE = timedelta(hours=1)
RSS_DEADLINE_S = 60.0
RSS_ACCEPT = "application/rss+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1"


@dataclass(frozen=True)
class _Stream:
    """One of the two lists, and where it is found."""

    name: str
    table: str
    event_field: str
    """The date in the API that the contract's event date is."""
    rss_path: str


STREAMS = (
    _Stream("reports", RELIEFWEB_REPORT.table, "date.created", "/updates/rss.xml"),
    _Stream("disasters", RELIEFWEB_DISASTER.table, "date.event", "/disasters/rss.xml"),
)


class ReliefWebFeed:
    """See ``feeds.base.Feed``."""

    key = KEY
    tables = (RELIEFWEB_REPORT.table, RELIEFWEB_DISASTER.table)
    accepts = frozenset({"dates"})

    def fetch(self, request: LoadRequest, context: Context) -> Iterator[Batch]:
        if request.release or request.file:
            raise ValueError(
                "reliefweb: has no releases and takes no file; ask for days with --from and --to"
            )
        has_dates = request.date_from is not None or request.date_to is not None
        if has_dates and context.settings.reliefweb_appname is None:
            raise ValueError(
                "reliefweb: RSS offers what it holds now; leave out --from and --to, or set RELIEFWEB_APPNAME "
                f"(apply at {APPLY_AT})"
            )
        if has_dates and request.date_from is None:
            raise ValueError("reliefweb: --to without --from; say from which day on")
        today = context.now.astimezone(UTC).date()
        if has_dates and request.date_from > today:
            raise ValueError(f"reliefweb: --from {request.date_from} lies ahead; today is {today}")
        if has_dates and request.date_to and request.date_from > request.date_to:
            raise ValueError(
                f"reliefweb: --from {request.date_from} is after --to {request.date_to}; swap them"
            )
        streams = [stream for stream in STREAMS if request.streams is None or stream.name in request.streams]
        return _Load(request, context).of(streams)

    def parse(
        self, batch: Batch, scratch: duckdb.DuckDBPyConnection, countries: tuple[str, ...] | None
    ) -> Parsed:
        return parse_payloads(batch, scratch, countries)

    def probe(self, settings: Settings, http: HttpClient) -> Iterator[Finding]:
        if settings.reliefweb_appname is None:
            yield Finding(
                "note",
                "reliefweb appname",
                f"none, so RSS is used, which tells less; apply at {APPLY_AT} and set RELIEFWEB_APPNAME",
            )
            yield _probe_rss(settings, http)
            return
        question = Question("reports", "date.changed", FIRST_DISASTERS, settings.now(), settings.countries)
        try:
            ask(question, settings, http, limit=1, offset=0)
        except Unanswered as error:
            yield Finding("problem", "reach reliefweb", str(error))
            return
        yield Finding("ok", "reach reliefweb", f"{settings.reliefweb_url} answers and knows the appname")


class _Load:
    """One load: its streams in turn, and what each must know of the ones before it."""

    def __init__(self, request: LoadRequest, context: Context) -> None:
        self.request = request
        self.context = context
        self.now = context.now.astimezone(UTC).replace(microsecond=0)
        self.today = self.now.date()
        self.calls = _calls_of(context.memory.cursor(KEY, "calls"), self.today)
        self.not_asked = _rest(context.memory.cursor(KEY, "pause"), context.now)
        """Why nothing more is asked, once that is so."""

    def of(self, streams: list[_Stream]) -> Iterator[Batch]:
        has_api = self.context.settings.reliefweb_appname is not None
        for done, stream in enumerate(streams):
            self.context.progress(done, len(streams), f"reliefweb {stream.name}")
            for question in self._questions(stream) if has_api else (None,):
                if self.not_asked:
                    yield self._nothing(stream, question, Status.FAILED, self.not_asked)
                    break
                yield self._api(stream, question) if question else self._rss(stream)
        self.context.progress(len(streams), len(streams), "reliefweb")

    # The API

    def _questions(self, stream: _Stream) -> Iterator[Question]:
        """What changed since the last load; or, for days that were asked for, each month of them."""
        scope = self.context.settings.countries
        if self.request.date_from is None:
            yield Question(stream.name, "date.changed", self._since(stream), self.now, scope)
            return
        first, last = self.request.date_from, min(self.request.date_to or self.today, self.today)
        while first <= last:
            end = min(last, (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1))
            # Never ahead of the clock: what is posted while the list is read is not of this window.
            until = min(datetime.combine(end, time(23, 59, 59), UTC), self.now)
            yield Question(stream.name, stream.event_field, _midnight(first), until, scope)
            first = end + timedelta(days=1)

    def _since(self, stream: _Stream) -> datetime:
        """From midnight, so that the days that are said to be covered are whole ones."""
        first_load = FIRST_DISASTERS if stream.name == "disasters" else _midnight(self.today) - FIRST_REPORTS
        known = self._cursor(stream)
        if known is None:
            return first_load
        newest, is_of_scope = known
        since = _midnight((newest - OVERLAP).date())
        # What was left out under another scope is only had by asking as if for the first time.
        return since if is_of_scope else min(since, first_load)

    def _cursor(self, stream: _Stream) -> tuple[datetime, bool] | None:
        """(newest change seen, whether under today's country scope)."""
        text = self.context.memory.cursor(KEY, stream.name)
        if not text:
            return None
        newest, _, scope = text.partition(" ")
        return datetime.fromisoformat(newest), scope == scope_text(self.context.settings.countries)

    def _api(self, stream: _Stream, question: Question) -> Batch:
        settings, http, store = self.context.settings, self.context.http, self.context.store
        payloads: list[Payload] = []

        def one_call(offset: int) -> Page:
            if self.calls >= CALLS_PER_DAY:
                raise Unanswered(
                    f"reliefweb: today's {CALLS_PER_DAY:,} calls are used up; it is asked again tomorrow",
                    Status.FAILED,
                )
            self.calls += 1
            page = ask(question, settings, http, offset=offset)
            if offset == 0:
                payloads.clear()
            payloads.append(
                store.put(
                    page.body,
                    feed=KEY,
                    key=f"{self._told(stream, question)}#{len(payloads) + 1}",
                    url=page.url,
                    http_status=page.status,
                    fetched_at=self.context.now,
                    media_type=page.media_type,
                )
            )
            self.context.progress(offset + len(page.entries), page.total, f"reliefweb {stream.name}")
            return page

        try:
            newest = walk(question, one_call)
        except Unanswered as error:
            if error.ends_the_load:
                self.not_asked = f"reliefweb: {stream.name} failed, so this was not asked; see there"
            rows = {"feed_cursor": [self._kept("calls", f"{self.today} {self.calls}")]}
            if error.is_challenge:
                rows["feed_cursor"].append(self._pause())
            return self._nothing(stream, question, error.status, str(error), tuple(payloads), rows)
        cursors = [self._kept("calls", f"{self.today} {self.calls}")]
        known = self._cursor(stream)
        if question.field == "date.changed" and newest:
            reached = max(newest, known[0]) if known else newest
            cursors.append(self._kept(stream.name, f"{reached.isoformat()} {scope_text(settings.countries)}"))
        ledger_rows = {"feed_cursor": cursors}
        if stream.name == "reports":
            ledger_rows["coverage"] = self._coverage(question)
        return Batch(
            feed=KEY,
            stream=stream.name,
            partition_key=_partition_key(stream, question),
            attempts=(
                self._attempt(stream, question, Status.OK, self._remark(stream, question), tuple(payloads)),
            ),
            table=stream.table,
            payloads=tuple(payloads),
            options={"channel": "api"},
            ledger_rows=ledger_rows,
        )

    def _remark(self, stream: _Stream, question: Question) -> str | None:
        """What a person should know of a load that went well: how far back it reaches."""
        if stream.name != "reports" or question.field != "date.changed":
            return None
        known = self._cursor(stream)
        if known and known[1]:
            return None
        why = "the country scope changed" if known else "first load"
        return (
            f"reliefweb: {why}, so reports are read from {question.first:%Y-%m-%d} on; "
            "load earlier ones with --from"
        )

    def _coverage(self, question: Question) -> list[dict[str, object]]:
        """The days of posting that were looked at: what was posted was also changed then, or later."""
        scope = self.context.settings.countries
        if scope is None:
            scope = tuple(country.country_iso3 for country in all_countries())
        last = min(question.last.date(), self.today)
        if question.first.date() > last:
            return []
        return [
            {
                "feed": KEY,
                "source_release": "reports",
                "country_iso3": iso3,
                "period_start": question.first.date(),
                "period_end": last,
                "recorded_at": self.context.now,
            }
            for iso3 in scope
        ]

    # RSS

    def _rss(self, stream: _Stream) -> Batch:
        context, settings = self.context, self.context.settings
        url = settings.reliefweb_rss_url + stream.rss_path
        etag, last_modified = context.memory.validator(url)
        host = (urlsplit(url).hostname or "").removeprefix("www.")
        try:
            answer = context.http.get(
                url,
                max_bytes=MAX_RSS_BYTES,
                deadline_s=RSS_DEADLINE_S,
                headers={"Accept": RSS_ACCEPT},
                etag=etag,
                last_modified=last_modified,
                allowed_hosts=frozenset({host}),
            )
        except FetchError as error:
            return self._rss_failed(stream, error)
        if answer.status == 304:
            return self._nothing(stream, None, Status.UNCHANGED)
        if challenged(answer.status, answer.headers):
            return self._challenged(stream, url)
        validators = {
            "http_validator": [
                {
                    "url": url,
                    "etag": answer.etag,
                    "last_modified": answer.last_modified,
                    "payload_sha256": answer.sha256,
                    "checked_at": context.now,
                }
            ]
        }
        if answer.sha256 == context.memory.payload_of(url):
            return self._nothing(stream, None, Status.UNCHANGED, rows=validators)
        payload = context.store.put(
            answer.body or b"",
            feed=KEY,
            key=stream.name,
            url=answer.url,
            http_status=answer.status,
            fetched_at=context.now,
            etag=answer.etag,
            last_modified=answer.last_modified,
            # With its parameters: the charset is needed to read the bytes, now and at a rebuild.
            media_type=answer.headers.get("content-type"),
        )
        try:
            prove(answer.body or b"", payload.media_type)
        except NotTheFormat as error:
            return self._nothing(
                stream, None, Status.REFUSED, f"reliefweb: {answer.url}: {error}", (payload,)
            )
        return Batch(
            feed=KEY,
            stream=stream.name,
            partition_key=stream.name,
            attempts=(self._attempt(stream, None, Status.OK, None, (payload,)),),
            table=stream.table,
            payloads=(payload,),
            options={"channel": "rss"},
            ledger_rows=validators,
        )

    def _rss_failed(self, stream: _Stream, error: FetchError) -> Batch:
        if challenged(error.status, {}, error.body):
            return self._challenged(stream, error.url)
        told = f"reliefweb: {error}"
        if isinstance(error, PermanentError):
            return self._nothing(stream, None, Status.REFUSED, told)
        self.not_asked = f"reliefweb: {stream.name} failed, so this was not asked; see there"
        return self._nothing(stream, None, Status.FAILED, told)

    def _challenged(self, stream: _Stream, url: str) -> Batch:
        self.not_asked = f"reliefweb: {stream.name} met a challenge, so this was not asked; see there"
        rows = {"feed_cursor": [self._pause()]}
        return self._nothing(stream, None, Status.FAILED, str(challenge(url)), rows=rows)

    # Batches

    def _pause(self) -> dict[str, object]:
        return self._kept("pause", (self.context.now + PAUSE).isoformat())

    def _kept(self, stream: str, cursor: str) -> dict[str, object]:
        return {"feed": KEY, "stream": stream, "cursor": cursor, "recorded_at": self.context.now}

    def _told(self, stream: _Stream, question: Question | None) -> str:
        """An attempt's name: the days that it was about, else the instant."""
        if question and question.field != "date.changed":
            return _partition_key(stream, question)
        return f"{stream.name}@{self.now:%Y-%m-%dT%H:%M:%SZ}"

    def _nothing(
        self,
        stream: _Stream,
        question: Question | None,
        status: Status,
        error: str | None = None,
        payloads: tuple[Payload, ...] = (),
        rows: dict[str, list[dict[str, object]]] | None = None,
    ) -> Batch:
        """A batch without rows: unchanged, missing, refused or failed."""
        return Batch(
            feed=KEY,
            stream=stream.name,
            partition_key=_partition_key(stream, question),
            attempts=(self._attempt(stream, question, status, error, payloads),),
            payloads=payloads,
            ledger_rows=rows or {},
        )

    def _attempt(
        self,
        stream: _Stream,
        question: Question | None,
        status: Status,
        error: str | None,
        payloads: tuple[Payload, ...],
    ) -> Attempt:
        return Attempt(
            feed=KEY,
            stream=stream.name,
            partition_key=self._told(stream, question),
            window_start=question.first if question else self.context.now,
            window_end=question.last if question else self.context.now,
            status=status,
            error=error,
            payload_keys=tuple(payload.key for payload in payloads),
        )


def _partition_key(stream: _Stream, question: Question | None) -> str:
    """One landing partition for what is new, which the next load replaces, and one for each month asked for."""
    if question is None or question.field == "date.changed":
        return stream.name
    return f"{stream.name}/{question.first:%Y-%m-%d}..{question.last:%Y-%m-%d}"


def _rest(pause: str | None, now: datetime) -> str | None:
    """Why the publisher is left alone for now, or None."""
    until = datetime.fromisoformat(pause) if pause else None
    # A pause that ends later than one set now would is of another clock.
    if until is None or not now < until <= now + PAUSE:
        return None
    return (
        f"reliefweb: not asked: it met this program with a challenge, and is left alone until {until:%H:%M}Z; "
        "load it again then"
    )


def _calls_of(counted: str | None, today: date) -> int:
    day, _, calls = (counted or "").partition(" ")
    return int(calls) if day == today.isoformat() else 0


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _probe_rss(settings: Settings, http: HttpClient) -> Finding:
    url = settings.reliefweb_rss_url + STREAMS[0].rss_path
    try:
        answer = http.get(url, max_bytes=MAX_RSS_BYTES, deadline_s=10)
    except FetchError as error:
        told = challenge(url) if challenged(error.status, {}, error.body) else error
        return Finding("problem", "reach reliefweb", str(told))
    if challenged(answer.status, answer.headers):
        return Finding("problem", "reach reliefweb", str(challenge(url)))
    return Finding("ok", "reach reliefweb", f"{answer.url} answers ({answer.status})")
