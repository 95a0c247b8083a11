"""The ACLED feed: what is asked for, in which order, and what may be concluded from the answers.

Here: the sync (deletions, then edits), the windows of event dates that were not looked at yet, how far the
account sees, and the cursors. Not here: the protocol (``acled_client``), reading rows (``acled_rows``), and what
a deletion does to earlier versions (promotion).

Edits are asked for by ACLED's edit stamp, from where the last sync ended, whatever day the event was. That alone
would miss events that an embargo releases later, whose stamps are old, so each load also asks for the event dates
that no load has covered. A country's cursor, and with it all that is said of its coverage, begins with the first
window that has rows: what is loaded later is newer than the cursor, so that no edit in between is lost.

One thing the API does not tell: an event re-coded into a country outside the scope is no longer part of any
answer, and keeps its last version here.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import duckdb

from expectations.reference import countries as all_countries
from orchestration.feeds.acled_client import (
    DELETIONS,
    EVENTS,
    MAX_PAGES,
    PAGE_ROWS,
    AcledClient,
    Embargo,
    NotLetIn,
    NotServed,
    Page,
    read_page,
)
from orchestration.feeds.acled_rows import parse_pages
from orchestration.feeds.base import Context, NotTheFormat
from orchestration.feeds.http import FetchError, HttpClient
from orchestration.feeds.secrecy import repeats
from orchestration.records import Attempt, Batch, Finding, LoadRequest, Parsed, Payload, Status
from orchestration.settings import Settings

FIRST_DAY = date(1997, 1, 1)
"""ACLED's own beginning, in Africa."""
OVERLAP = timedelta(days=1)
"""Stamps have the granularity of a second, and a release takes a while to be written."""
MAX_FAILURES = 3
"""Failures after which the rest is not asked for: each costs a full round of retries."""
NO_ACCOUNT = (
    "acled: ACLED_USERNAME and ACLED_PASSWORD are not both set; set them to those of your own account at "
    "acleddata.com, or leave acled out of SAHEL_FEEDS"
)


class AcledFeed:
    """ACLED's event API, with the operator's own account. See ``feeds.base.Feed``."""

    key = "acled"
    tables = ("acled_event", "acled_deletion")
    accepts = frozenset({"dates"})

    def fetch(self, request: LoadRequest, context: Context) -> Iterator[Batch]:
        if request.release or request.file:
            raise ValueError(
                "acled: loads by event date; leave out --release and --file, or give --from and --to"
            )
        if not (context.settings.acled_username and context.settings.acled_password):
            raise ValueError(NO_ACCOUNT)
        today = context.now.date()
        first, last = request.date_from or FIRST_DAY, request.date_to or today
        if first > last:
            raise ValueError(
                f"acled: the window ends ({last}) before it begins ({first}); swap --from and --to"
            )
        load = _Load(context, request.streams)
        if request.date_from or request.date_to:
            return load.asked_for(first, min(last, today)) if load.wants("events") else iter(())
        return load.everything_new()

    def parse(
        self, batch: Batch, scratch: duckdb.DuckDBPyConnection, countries: tuple[str, ...] | None
    ) -> Parsed:
        return parse_pages(batch, scratch, countries)

    def probe(self, settings: Settings, http: HttpClient) -> Iterator[Finding]:
        subject = "account acled"
        if not (settings.acled_username and settings.acled_password):
            yield Finding("problem", subject, NO_ACCOUNT.removeprefix("acled: "))
            return
        try:
            answer = AcledClient(settings, http).ask(EVENTS, {"_format": "json", "limit": "1"})
            # Only one row is wanted, so a page without next_cursor is no cut walk: it never counts as full.
            page = read_page(answer.body or b"", 2, settings.secrets)
        except (NotServed, NotTheFormat, FetchError) as error:
            yield Finding("problem", subject, str(error))
            return
        if page.embargo:
            yield Finding("note", subject, f"accepted, with an embargo: {page.embargo}")
        else:
            yield Finding("ok", subject, "accepted, and has the right to the event API")


@dataclass
class _Walk:
    """The pages of one answer, as far as they came. ``status`` OK means to its end."""

    what: str
    payloads: list[Payload] = field(default_factory=list)
    rows: int = 0
    newest_stamp: int | None = None
    embargo: Embargo | None = None
    status: Status = Status.OK
    error: str | None = None
    is_hopeless: bool = False
    """The account is not served this, in no window of time."""

    @property
    def is_good(self) -> bool:
        return self.status in (Status.OK, Status.EMPTY)


@dataclass(frozen=True)
class _Window:
    """Event dates to ask for, within one year, of some countries."""

    first: date
    last: date
    countries: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.first}..{self.last}"


class _Load:
    """One load: what earlier ones left, and what this one has learned."""

    def __init__(self, context: Context, streams: tuple[str, ...] | None) -> None:
        self.context = context
        self.client = AcledClient(context.settings, context.http)
        self.streams = streams
        self.today = context.now.date()
        self.latest_stamp = int((context.now + OVERLAP).timestamp())
        self.numeric = {country.country_iso3: int(country.country_numeric) for country in all_countries()}
        self.scope = tuple(self.numeric) if context.settings.countries is None else context.settings.countries
        cursors = {iso3: context.memory.cursor("acled", f"events/{iso3}") for iso3 in self.scope}
        self.cursors = {iso3: int(cursor) for iso3, cursor in cursors.items() if cursor is not None}
        self.deleted_until = context.memory.cursor("acled", "deletions")
        self.covered = context.memory.covered("acled")
        self.known = tuple(iso3 for iso3 in self.scope if iso3 in self.cursors)
        self.fresh = tuple(iso3 for iso3 in self.scope if iso3 not in self.cursors)
        self.newest_event = max((row["period_end"] for row in self.covered), default=None)
        self.embargo: Embargo | None = None
        self.failures = 0
        self.asked = 0
        self.told_of_embargo = False
        self.lacks_deletions = False
        self.is_locked_out = False

    # What is asked for

    def everything_new(self) -> Iterator[Batch]:
        """Deletions, edits, the days since, gaps; then countries that were never loaded, newest year first."""
        if self.wants("deletions"):
            yield from self._deletions()
        if not self.wants("events"):
            return
        hopeless = self.is_locked_out
        if self.known and not hopeless:
            batch, hopeless = self._edits()
            yield batch
        windows = _gaps(self.known, self.covered, self.today)
        for window in windows:
            if hopeless or self.has_given_up:
                return
            walk = self._walk_window(window)
            hopeless = walk.is_hopeless
            yield self._window_batch(window, walk, self._coverage(window, str(window.first.year)))
        if self.fresh and not (hopeless or self.has_given_up):
            yield from self._back_fill()

    def asked_for(self, first: date, last: date) -> Iterator[Batch]:
        """The window that the user named, year by year. It moves no cursor of events, and fills no gap in the books: what
        was edited before a country's first whole load would not be asked for again. Only what is deleted from now on has
        to be followed, where nobody follows it yet."""
        for window in _by_year(first, last, self.scope):
            if self.has_given_up:
                return
            walk = self._walk_window(window)
            cursors = []
            if self.deleted_until is None and walk.newest_stamp is not None:
                # What is deleted before the first whole load would be older than the stamps that that one begins with.
                self.deleted_until = str(walk.newest_stamp)
                cursors = [self._cursor("deletions", walk.newest_stamp)]
            yield self._window_batch(window, walk, self._coverage(window, f"{window} asked for"), cursors)
            if walk.is_hopeless:
                return

    def _deletions(self) -> Iterator[Batch]:
        """All that was deleted since, in whatever country: the list has no countries, and ids keep their prefix
        when an event is re-coded into another one."""
        since = self.deleted_until
        if since is None:
            if self.streams is not None:
                # Nobody loaded anything yet that could have been deleted; whoever asked for this alone is told.
                attempt = self._attempt("deletions", "deletions", None, None, Status.UNCHANGED)
                yield Batch("acled", "deletions", "deletions", (attempt,))
            return
        start = max(0, int(since) - int(OVERLAP.total_seconds()))
        query = {"deleted_timestamp": str(start), "deleted_timestamp_where": ">="}
        walk = self._walk("deletions", DELETIONS, query, "deleted_timestamp", None)
        if walk.is_hopeless and not self.is_locked_out:
            self.lacks_deletions = True
            walk.error = (
                "acled: the list of deleted events is not open to this account (403); what ACLED deletes stays "
                "until it is, so take new totals for upper bounds, or ask ACLED for access to it"
            )
        rows = {}
        if walk.newest_stamp is not None:
            newest = max(int(since), walk.newest_stamp)
            rows["feed_cursor"] = [self._cursor("deletions", newest)]
        yield self._batch(
            "deletions", "acled_deletion", walk, rows, {"kind": "deletions", "since": start},
            (_instant(start), self.context.now),
        )  # fmt: skip

    def _edits(self) -> tuple[Batch, bool]:
        """What was added or edited since the cursors. The country furthest behind, one that was out of the scope
        for a while, decides from when on; the others' rows come again unchanged."""
        since = max(0, min(self.cursors.values()) - int(OVERLAP.total_seconds()))
        query = {"timestamp": str(since), "timestamp_where": ">=", **self._where(self.known)}
        walk = self._walk("edits", EVENTS, query, "timestamp", self.known)
        rows = {}
        if walk.is_good:
            rows["feed_cursor"] = [
                self._cursor(f"events/{iso3}", max(cursor, walk.newest_stamp or 0))
                for iso3, cursor in self.cursors.items()
                if self._sees_all_that_is_covered(iso3)
            ]
            remarks = [str(self.embargo)] if self.embargo else []
            if self.lacks_deletions:
                remarks.append("the list of deleted events was not served, so deleted events still count")
            walk.error = "; ".join(remarks) or None
            self.told_of_embargo = self.embargo is not None
        batch = self._batch(
            "edits", "acled_event", walk, rows, {"kind": "edits", "since": since},
            (_instant(since), self.context.now),
        )  # fmt: skip
        return batch, walk.is_hopeless

    def _sees_all_that_is_covered(self, iso3: str) -> bool:
        """Not where the account once saw more than it does now: edits of what it no longer sees are for later, and
        the cursor waits for them."""
        return self.embargo is None or all(
            row["period_end"] <= self.embargo.ends
            for row in _whole_loads(self.covered)
            if row["country_iso3"] == iso3
        )

    def _back_fill(self) -> Iterator[Batch]:
        """Years of countries that were never loaded, newest first, each committed with its coverage.

        Until the first rows come there is no cursor, and what is committed without one would have to be asked
        for again. So coverage waits for it, and a failure before it ends the back-fill; later ones do not.
        """
        cursor: int | None = None
        waiting: list[dict[str, Any]] = []
        windows = _by_year(FIRST_DAY, self.today, self.fresh)
        suffix = " (new countries)" if self.known else ""
        for window in windows:
            walk = self._walk_window(window)
            if not walk.is_good and cursor is None and not walk.is_hopeless:
                walk.error = f"{walk.error}; the years before {window.first.year} are asked for after it"
            coverage = waiting + self._coverage(window, str(window.first.year)) if walk.is_good else []
            if cursor is None and walk.is_good:
                cursor = walk.newest_stamp
                if cursor is None and window is windows[-1]:
                    cursor = 0  # there is nothing of them yet; from here on, all is an edit
            cursors = []
            if cursor is not None:
                cursors = [self._cursor(f"events/{iso3}", cursor) for iso3 in self.fresh]
                if self.deleted_until is None:
                    cursors.append(self._cursor("deletions", cursor))
            waiting = coverage if cursor is None else []
            yield self._window_batch(window, walk, coverage if cursor is not None else [], cursors, suffix)
            if walk.is_hopeless or self.has_given_up or (cursor is None and not walk.is_good):
                return

    # Asking

    @property
    def has_given_up(self) -> bool:
        return self.failures >= MAX_FAILURES

    def wants(self, stream: str) -> bool:
        return self.streams is None or stream in self.streams

    def _where(self, countries: tuple[str, ...]) -> dict[str, str]:
        """By number, never by name: ACLED's country=Niger brings Nigeria too. No filter for the whole world."""
        if len(countries) == len(self.numeric):
            return {"population": "full"}
        return {"iso": "|".join(str(self.numeric[iso3]) for iso3 in countries), "population": "full"}

    def _walk_window(self, window: _Window) -> _Walk:
        query = {
            "event_date": f"{window.first}|{window.last}",
            "event_date_where": "BETWEEN",
            **self._where(window.countries),
        }
        return self._walk(f"events {window}", EVENTS, query, "timestamp", window.countries)

    def _walk(
        self, what: str, path: str, query: dict[str, str], stamp: str, countries: tuple[str, ...] | None
    ) -> _Walk:
        """All pages of a question, each kept as it came and proved. Whatever goes wrong is told in the walk."""
        walk = _Walk(what)
        cursor, seen = "0", {"0"}
        asked = {self.numeric[iso3] for iso3 in countries} if countries else None
        try:
            for number in range(1, MAX_PAGES + 1):
                page = self._page(walk, number, path, {**query, "cursor": cursor})
                self._learn(walk, page, stamp, asked)
                if page.next_cursor is None:
                    walk.status = Status.OK if walk.rows else Status.EMPTY
                    break
                if page.next_cursor in seen:
                    raise NotTheFormat("the same next_cursor a second time, so that the walk would not end")
                cursor = page.next_cursor
                seen.add(cursor)
            else:
                raise NotTheFormat(f"more than {MAX_PAGES} pages; give a shorter window with --from and --to")
        except NotServed as error:
            walk.status, walk.error, walk.is_hopeless = Status.REFUSED, f"acled: {error}", True
            self.is_locked_out |= isinstance(error, NotLetIn)
        except NotTheFormat as error:
            self.failures += 1
            walk.status = Status.REFUSED
            walk.error = f"acled: {what}, page {number}: {error}"
        except FetchError as error:
            self.failures += 1
            walk.status, walk.error = Status.FAILED, f"acled: {what}: {error}"
        if not walk.is_good:
            walk.newest_stamp = None
            if self.has_given_up:
                walk.error += "; the rest was not asked for"
        return walk

    def _page(self, walk: _Walk, number: int, path: str, query: dict[str, str]) -> Page:
        self.asked += 1
        self.context.progress(self.asked, None, f"acled {walk.what}, page {number}")
        answer = self.client.ask(path, {"_format": "json", "limit": str(PAGE_ROWS), **query})
        body = answer.body or b""
        if repeats(body, self.client.secrets):
            raise NotTheFormat(
                "the answer repeats your user name, password or token, so nothing of it is kept; it is asked again next "
                "time, report it if it stays"
            )
        walk.payloads.append(
            self.context.store.put(
                body,
                feed="acled",
                key=f"{walk.what} page {number}",
                url=answer.url,
                http_status=answer.status,
                fetched_at=self.context.now,
                etag=answer.etag,
                last_modified=answer.last_modified,
                media_type=answer.media_type,
            )
        )
        return read_page(body, PAGE_ROWS, self.context.settings.secrets)

    def _learn(self, walk: _Walk, page: Page, stamp: str, asked: set[int] | None) -> None:
        """What a page tells besides its rows. Raises ``NotTheFormat`` if it is of a country not asked for."""
        walk.rows += len(page.rows)
        if page.embargo and (walk.embargo is None or page.embargo.ends < walk.embargo.ends):
            walk.embargo = self.embargo = page.embargo
        for row in page.rows:
            if asked is not None:
                self._insist_on_countries(row, asked)
            edited = _whole(row.get(stamp))
            # A stamp from the future would make the next sync skip all that is edited until then.
            if edited is not None and edited <= self.latest_stamp:
                walk.newest_stamp = max(edited, walk.newest_stamp or 0)
            happened = _day(row.get("event_date"))
            if happened and happened <= self.today:
                self.newest_event = max(happened, self.newest_event or FIRST_DAY)

    def _insist_on_countries(self, row: dict[str, Any], asked: set[int]) -> None:
        """A code that is none (as of a military base) is one row's fault; that of another country is the answer's."""
        code = _whole(row.get("iso"))
        if code is not None and code not in asked and code in self.numeric.values():
            names = {number: iso3 for iso3, number in self.numeric.items()}
            raise NotTheFormat(
                f"a row of iso {code} ({names[code]}), which was not asked for; ACLED's filter has changed, report it"
            )

    # What is handed on

    def _coverage(self, window: _Window, label: str) -> list[dict[str, Any]]:
        """Where this window was looking: to the embargo's day, else to the newest event known, never to the clock.

        Releases are weekly: days after the newest event are days that nobody has told of yet.
        """
        seen_until = self.embargo.ends if self.embargo else self.newest_event
        if seen_until is None or seen_until < window.first:
            return []
        return [
            {
                "feed": "acled",
                "source_release": label,
                "country_iso3": iso3,
                "period_start": window.first,
                "period_end": min(window.last, seen_until),
                "is_final": False,
                "recorded_at": self.context.now,
            }
            for iso3 in window.countries
        ]

    def _cursor(self, stream: str, stamp: int) -> dict[str, Any]:
        return {"feed": "acled", "stream": stream, "cursor": str(stamp), "recorded_at": self.context.now}

    def _window_batch(
        self,
        window: _Window,
        walk: _Walk,
        coverage: list[dict[str, Any]],
        cursors: list[dict[str, Any]] | None = None,
        suffix: str = "",
    ) -> Batch:
        embargo = self.embargo
        is_hidden = walk.status is Status.EMPTY and embargo is not None and window.last > embargo.ends
        if walk.is_good and embargo and (is_hidden or not self.told_of_embargo):
            walk.error, self.told_of_embargo = str(embargo), True
        rows = {"coverage": coverage, "feed_cursor": cursors or []} if walk.is_good else {}
        options = {
            "kind": "window",
            "date_from": window.first.isoformat(),
            "date_to": window.last.isoformat(),
        }
        period = (datetime.combine(window.first, time(), UTC), datetime.combine(window.last, time(), UTC))
        return self._batch(f"{window}{suffix}", "acled_event", walk, rows, options, period)

    def _batch(
        self,
        partition_key: str,
        table: str,
        walk: _Walk,
        ledger_rows: dict[str, list[dict[str, Any]]],
        options: dict[str, Any],
        period: tuple[datetime, datetime],
    ) -> Batch:
        stream = "deletions" if table == "acled_deletion" else "events"
        keys = tuple(payload.key for payload in walk.payloads)
        attempt = self._attempt(stream, partition_key, *period, walk.status, walk.error, keys)
        return Batch(
            feed="acled",
            stream=stream,
            partition_key=partition_key,
            attempts=(attempt,),
            table=table if walk.status is Status.OK else None,
            payloads=tuple(walk.payloads),
            # A day's edits, a week's release and a year's back-fill are no measure for each other.
            options={**options, "volume_varies": True},
            ledger_rows={name: rows for name, rows in ledger_rows.items() if rows},
        )

    def _attempt(
        self,
        stream: str,
        partition_key: str,
        start: datetime | None,
        end: datetime | None,
        status: Status,
        error: str | None = None,
        payload_keys: tuple[str, ...] = (),
    ) -> Attempt:
        return Attempt("acled", stream, partition_key, start, end, status, error, None, payload_keys)


def _gaps(countries: tuple[str, ...], covered: list[dict[str, Any]], today: date) -> list[_Window]:
    """The days that no whole load has covered, newest first; countries that lack the same days share a window.

    The newest covered day is asked for again: an embargo may have ended in the middle of it.
    """
    periods: dict[str, list[tuple[date, date]]] = defaultdict(list)
    for row in _whole_loads(covered):
        periods[row["country_iso3"]].append((row["period_start"], row["period_end"]))
    lacking: dict[tuple[date, date], list[str]] = defaultdict(list)
    for iso3 in countries:
        day = FIRST_DAY
        for first, last in sorted(periods[iso3]):
            if day < first:
                lacking[day, first - timedelta(days=1)].append(iso3)
            day = max(day, last + timedelta(days=1))
        if periods[iso3]:
            day = max(FIRST_DAY, day - timedelta(days=1))
        if day <= today:
            lacking[day, today].append(iso3)
    windows = [
        window for (first, last), iso3s in lacking.items() for window in _by_year(first, last, tuple(iso3s))
    ]
    return sorted(windows, key=lambda window: (window.first, window.last), reverse=True)


def _whole_loads(covered: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the windows that a user named: they are loaded, but not followed from a cursor on."""
    return [row for row in covered if not row["source_release"].endswith("asked for")]


def _by_year(first: date, last: date, countries: tuple[str, ...]) -> list[_Window]:
    """A stretch of days cut at the turns of the years, newest first."""
    return [
        _Window(max(first, date(year, 1, 1)), min(last, date(year, 12, 31)), countries)
        for year in range(last.year, first.year - 1, -1)
    ]


def _instant(stamp: int) -> datetime:
    return datetime.fromtimestamp(stamp, UTC)


def _whole(value: Any) -> int | None:
    """A whole number as ACLED sends them, mostly as texts."""
    try:
        number = float(value)
        return int(number) if number.is_integer() else None
    except (TypeError, ValueError, OverflowError):
        return None


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None
