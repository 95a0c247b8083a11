"""The GDELT 2.0 feed: which 15-minute slots are wanted, their files fetched and proved, their states kept.

Belongs here: the calendar of slots, cursors and gaps, what a load asks for, and what becomes of each file.
Does not belong here: how lists are read (``gdelt_lists``) and files parsed (``gdelt_csv``); GDELT 1.0, the
GKG and the DOC API; which mentions belong to events in scope, as the landing knows the events.
"""

import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import duckdb

from expectations.contracts.columns import TableContract
from expectations.contracts.gdelt import GDELT_EVENT, GDELT_MENTION
from orchestration.feeds.base import Context, reach
from orchestration.feeds.gdelt_csv import MAX_MEMBER_BYTES, parse_files
from orchestration.feeds.gdelt_lists import Listed, Listing, MasterList, NotAList, read_newest
from orchestration.feeds.http import FetchError, HttpClient, NotFoundError, Response
from orchestration.feeds.zips import BadZip, verify_member
from orchestration.records import Attempt, Batch, Finding, LoadRequest, Parsed, Payload, Status
from orchestration.settings import Settings

SLOT = timedelta(minutes=15)
DAY = timedelta(days=1)
FIRST_SLOT = datetime(2015, 2, 18, 23, tzinfo=UTC)
FIRST_RUN = timedelta(days=14)
LOOK_BACK = timedelta(days=60)
"""How far a load up to now reaches back, for cursor and gaps; older windows are asked for by date."""
GRACE = timedelta(hours=2)
"""A slot this late is missing, unless the list shows a newer one; translations lag by a slot or more."""
YOUNG_GAP = DAY
DOWNLOADS_AT_ONCE = 6
GIVE_UP_AFTER = 20
"""Downloads without an answer, in a row, after which the rest is left for the next load."""
MAX_ZIP_BYTES = 64 << 20

CONTRACTS: dict[str, TableContract] = {
    "export": GDELT_EVENT,
    "translation.export": GDELT_EVENT,
    "mentions": GDELT_MENTION,
    "translation.mentions": GDELT_MENTION,
}
"""Contract by stream, in the order of loading: mentions are kept for events that are known by then."""

LISTS = {
    "export": ("masterfilelist.txt", "lastupdate.txt"),
    "mentions": ("masterfilelist.txt", "lastupdate.txt"),
    "translation.export": ("masterfilelist-translation.txt", "lastupdate-translation.txt"),
    "translation.mentions": ("masterfilelist-translation.txt", "lastupdate-translation.txt"),
}
"""Stream -> the list of all its slots and that of the newest; a language's two streams share them."""

_DONE = ("fetched", "empty")


@dataclass(frozen=True)
class _Plan:
    """What is asked of a stream: every slot from ``start`` until before ``end``, and single gaps before."""

    stream: str
    start: datetime
    end: datetime
    gaps: tuple[datetime, ...] = ()
    cursor: datetime | None = None
    is_window: bool = False
    note: str | None = None

    @property
    def months(self) -> set[date]:
        months = {slot.date().replace(day=1) for slot in self.gaps}
        day = self.start.date()
        while self.start < self.end and day <= (self.end - SLOT).date():
            months.add(day.replace(day=1))
            day += DAY
        return months


@dataclass(frozen=True)
class _Outcome:
    """What came of asking for one slot."""

    state: str
    payload: Payload | None = None
    error: str | None = None
    listed: Listed | None = None


class GdeltFeed:
    """GDELT 2.0 events and mentions, English and translated, a cursor for each of the four streams."""

    key = "gdelt"
    tables = ("gdelt_event", "gdelt_mention")
    accepts = frozenset({"dates"})

    def fetch(self, request: LoadRequest, context: Context) -> Iterator[Batch]:
        """Batches by month and stream, oldest first, events before mentions; one attempt for each day."""
        plans = {
            stream: _plan(stream, request, context)
            for stream in CONTRACTS
            if request.streams is None or stream in request.streams
        }
        context.settings.scratch.mkdir(parents=True, exist_ok=True)
        told: set[str] = set()
        with tempfile.TemporaryDirectory(prefix="gdelt-", dir=context.settings.scratch) as folder:
            progress = _Progress(context, plans)
            languages = {
                names: _Language(
                    names, [plan for s, plan in plans.items() if LISTS[s] == names], context, Path(folder)
                )
                for names in dict.fromkeys(LISTS[stream] for stream in plans)
            }
            for month in sorted(set().union(*(plan.months for plan in plans.values()))):
                for stream, plan in plans.items():
                    language = languages[LISTS[stream]]
                    if month not in plan.months or language.is_lost:
                        continue
                    try:
                        listing = language.listing(month)
                    except (FetchError, NotAList) as error:
                        # One attempt each says it for the rest of the window.
                        for lost in language.plans:
                            told.add(lost.stream)
                            yield _no_list(lost, month, error)
                        continue
                    batch = _month_batch(plan, month, listing, context, Path(folder), progress)
                    if batch:
                        told.add(stream)
                        yield batch
        for stream, plan in plans.items():
            if stream not in told:
                yield _nothing_to_do(plan, context.now)

    def probe(self, settings: Settings, http: HttpClient) -> Iterator[Finding]:
        yield reach(http, self.key, f"{settings.gdelt_url}/gdeltv2/lastupdate.txt")

    def parse(
        self, batch: Batch, scratch: duckdb.DuckDBPyConnection, countries: tuple[str, ...] | None
    ) -> Parsed:
        """Events are kept by the country of the action; mentions carry no country and are all returned."""
        return parse_files(batch, CONTRACTS[batch.stream], scratch, countries)


# What is asked for


def _plan(stream: str, request: LoadRequest, context: Context) -> _Plan:
    if request.release or request.file:
        raise ValueError("gdelt: has no releases and takes no file; ask for days with --from and --to")
    if request.date_from is None and request.date_to is not None:
        raise ValueError("gdelt: --to without --from; say from which day on")
    if request.date_from is not None:
        first, last = request.date_from, request.date_to or context.now.date()
        if last < first:
            raise ValueError(f"gdelt: --from {first} is after --to {last}; swap them")
        if last < FIRST_SLOT.date():
            raise ValueError(
                f"gdelt: {last} is before GDELT 2.0 began; ask for days from {FIRST_SLOT.date()} on"
            )
        return _Plan(stream, max(_midnight(first), FIRST_SLOT), _midnight(last) + DAY, is_window=True)
    end = context.now - (context.now - FIRST_SLOT) % SLOT + SLOT
    oldest = _midnight((context.now - LOOK_BACK).date())
    cursor = context.memory.newest_gdelt_slot(stream)
    start = cursor + SLOT if cursor else _midnight((context.now - FIRST_RUN).date())
    note = None
    if start < oldest:
        note = (
            f"slots from {start:%Y-%m-%d %H:%M} on were never asked for; "
            f"load them with --from {start:%Y-%m-%d}"
        )
        start = oldest
    return _Plan(
        stream, start, max(start, end), _due_gaps(stream, cursor, oldest, context), cursor, note=note
    )


def _due_gaps(
    stream: str, cursor: datetime | None, oldest: datetime, context: Context
) -> tuple[datetime, ...]:
    """Gaps before the cursor that are worth asking for now, so that a tick with nothing new stays cheap.

    A file that was not got is always due. What the publisher lacked, or had in a bad copy, is due while it
    is young, then once a day: in loads that begin with a cursor of an earlier day.
    """
    if cursor is None:
        return ()
    gaps = [slot for slot in context.memory.open_gdelt_slots(stream, cursor) if slot >= oldest]
    if not gaps or cursor.date() < context.now.date():
        return tuple(sorted(gaps))
    states = context.memory.gdelt_slots(stream, min(gaps), cursor)
    young = context.now - YOUNG_GAP
    return tuple(sorted(slot for slot in gaps if slot >= young or states.get(slot) == "listed"))


def _span(plan: _Plan, month: date) -> tuple[datetime, datetime]:
    """First slot asked for in a month and the end (exclusive) of what is asked for in it."""
    first, end = _month(month)
    gaps = [slot for slot in plan.gaps if first <= slot < end]
    begin, until = max(plan.start, first), min(plan.end, end)
    if begin >= until:
        return min(gaps), max(gaps) + SLOT
    return min([*gaps, begin]), until


def _month(month: date) -> tuple[datetime, datetime]:
    return _midnight(month), _midnight((month + timedelta(days=31)).replace(day=1))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


class _Language:
    """One language's lists, read once a month for both of its streams."""

    def __init__(self, names: tuple[str, str], plans: list[_Plan], context: Context, folder: Path) -> None:
        self.plans = plans
        self.is_lost = False
        self._master = MasterList(names[0], context, folder)
        self._newest = _newest(names[1], plans, context)
        self._month: tuple[date, Listing] | None = None

    def listing(self, month: date) -> Listing:
        """What is listed of a month's slots that are asked for. Raises ``FetchError`` or ``NotAList``."""
        if self._month is None or self._month[0] != month:
            spans = [_span(plan, month) for plan in self.plans if month in plan.months]
            first, end = min(first for first, _ in spans), max(end for _, end in spans)
            try:
                read = self._newest.between if self._newest else self._master.read
                self._month = month, read(first, end)
            except (FetchError, NotAList):
                self.is_lost = True
                raise
        return self._month[1]


def _newest(name: str, plans: list[_Plan], context: Context) -> Listing | None:
    """The newest slot from one small request, where no more is to be known than that."""
    if any(p.is_window or p.gaps or p.note or p.cursor is None for p in plans):
        return None
    try:
        listing = read_newest(name, context)
    except (FetchError, NotAList):
        return None  # The master list will do, or say what is wrong.
    newest = dict(sorted(listing.files))
    is_enough = all(plan.stream in newest and newest[plan.stream] <= plan.start for plan in plans)
    return listing if is_enough else None


# Slots


def _month_batch(
    plan: _Plan, month: date, listing: Listing, context: Context, folder: Path, progress: "_Progress"
) -> Batch | None:
    """Settle a stream's slots of a month: download what is listed and not had, say what is not there."""
    first, end = _span(plan, month)
    listed = {
        slot: item
        for (stream, slot), item in listing.files.items()
        if stream == plan.stream and first <= slot < end
    }
    newest = max(listed, default=first - SLOT)
    until = min(end, max(newest + SLOT, context.now - GRACE))
    asked = set(_calendar(max(plan.start, first), until)) | {slot for slot in listed if slot >= plan.start}
    asked |= {slot for slot in plan.gaps if slot in listed}
    days = sorted({slot.date() for slot in asked})
    if not days:
        return None
    known = context.memory.gdelt_slots(plan.stream, _midnight(days[0]), _midnight(days[-1]) + DAY)
    wanted = sorted(slot for slot in asked if known.get(slot) not in _DONE)
    outcomes = {slot: _Outcome("missing", error="not listed") for slot in wanted if slot not in listed}
    files = {slot: listed[slot] for slot in wanted if slot in listed}
    progress.skip(len(asked) - len(files))
    outcomes |= _download(plan.stream, files, context, folder, progress)
    news = {
        slot: outcome
        for slot, outcome in outcomes.items()
        if slot in listed or known.get(slot) != outcome.state
    }
    states = known | {slot: outcome.state for slot, outcome in outcomes.items()}
    if not plan.is_window:
        days = sorted({slot.date() for slot in news})
    if not days:
        return None
    attempts = [_attempt(plan, day, states, outcomes) for day in days]
    notes = [note for note in (plan.note if first <= plan.start else None, listing.note) if note]
    if notes:
        attempts[0] = replace(attempts[0], error="; ".join([*notes, *filter(None, [attempts[0].error])]))
    has_rows = any(outcome.state == "fetched" for outcome in outcomes.values())
    span = f"{days[0]}" if len(days) == 1 else f"{days[0]}..{days[-1]}"
    return Batch(
        feed="gdelt",
        stream=plan.stream,
        partition_key=f"{span}/{plan.stream}",
        attempts=tuple(attempts),
        table=CONTRACTS[plan.stream].table if has_rows else None,
        payloads=tuple(
            outcome.payload for _, outcome in sorted(outcomes.items(), key=lambda x: x[0]) if outcome.payload
        ),
        ledger_rows={
            "gdelt_slot": [_slot_row(plan.stream, slot, news[slot], context.now) for slot in sorted(news)]
        },
    )


def _attempt(
    plan: _Plan, day: date, states: dict[datetime, str], outcomes: dict[datetime, _Outcome]
) -> Attempt:
    tried = {slot: outcome for slot, outcome in sorted(outcomes.items()) if slot.date() == day}
    of_day = {slot: state for slot, state in sorted(states.items()) if slot.date() == day}
    by_state = Counter(outcome.state for outcome in tried.values())
    if by_state["fetched"]:
        status = Status.OK
    elif by_state["corrupt"] or by_state["listed"]:
        status = Status.FAILED
    elif by_state["empty"]:
        status = Status.EMPTY
    elif any(state in _DONE for state in of_day.values()):
        status = Status.UNCHANGED
    else:
        status = Status.MISSING
    notes = []
    for state, word in (("missing", "missing"), ("corrupt", "corrupt"), ("listed", "listed but not got")):
        slots = [slot for slot, found in of_day.items() if found == state]
        if slots:
            notes.append(f"{len(slots)} of {len(of_day)} slots {word}, first {slots[0]:%Y-%m-%d %H:%M}")
    first_error = next((o.error for o in tried.values() if o.state in ("corrupt", "listed")), None)
    fetched = [slot for slot, outcome in tried.items() if outcome.state == "fetched"]
    return Attempt(
        feed="gdelt",
        stream=plan.stream,
        partition_key=str(day),
        window_start=max(_midnight(day), FIRST_SLOT),
        window_end=_midnight(day) + DAY,
        status=status,
        error="; ".join([*notes, *filter(None, [first_error])]) or None,
        newest_record_at=max(fetched, default=None),
        payload_keys=tuple(outcome.payload.key for outcome in tried.values() if outcome.payload),
    )


def _slot_row(stream: str, slot: datetime, outcome: _Outcome, now: datetime) -> dict[str, object]:
    return {
        "slot_at": slot,
        "stream": stream,
        "state": outcome.state,
        "listed_size": outcome.listed.size if outcome.listed else None,
        "listed_md5": outcome.listed.md5 if outcome.listed else None,
        "payload_sha256": outcome.payload.sha256 if outcome.payload else None,
        "error": outcome.error,
        "checked_at": now,
    }


def _calendar(start: datetime, end: datetime) -> Iterator[datetime]:
    """Every quarter of an hour from ``start`` to before ``end``."""
    slot = start + (FIRST_SLOT - start) % SLOT
    while slot < end:
        yield slot
        slot += SLOT


def _no_list(plan: _Plan, month: date, error: Exception) -> Batch:
    """One attempt for the rest of a window whose list could not be had."""
    start = min(_span(plan, month)[0], plan.start) if month in plan.months else plan.start
    status = Status.MISSING if isinstance(error, NotFoundError) else Status.FAILED
    return _only_attempt(plan, start, plan.end, status, str(error))


def _nothing_to_do(plan: _Plan, now: datetime) -> Batch:
    if plan.is_window:
        return _only_attempt(
            plan, plan.start, plan.end, Status.MISSING, "no slot of this window is due yet; load it later"
        )
    return _only_attempt(plan, plan.start, min(plan.end, max(now, plan.start)), Status.UNCHANGED, plan.note)


def _only_attempt(plan: _Plan, start: datetime, end: datetime, status: Status, error: str | None) -> Batch:
    last = max(start, end - SLOT).date()
    span = f"{start.date()}" if start.date() == last else f"{start.date()}..{last}"
    attempt = Attempt("gdelt", plan.stream, span, start, end, status, error)
    return Batch("gdelt", plan.stream, f"{span}/{plan.stream}", (attempt,))


# Files


class _Progress:
    """Slots settled of those that may be asked for, over all streams."""

    def __init__(self, context: Context, plans: dict[str, _Plan]) -> None:
        self._report = context.progress
        self._total = sum(
            len(p.gaps) + max(0, (min(p.end, context.now) - p.start) // SLOT) for p in plans.values()
        )
        self._done = 0

    def skip(self, slots: int) -> None:
        """Slots that need no download."""
        self._done += slots

    def step(self, note: str) -> None:
        self._done += 1
        self._report(self._done, max(self._total, self._done), note)


def _download(
    stream: str, files: dict[datetime, Listed], context: Context, folder: Path, progress: _Progress
) -> dict[datetime, _Outcome]:
    """Several at a time; the rest is given up when many in a row bring nothing: the publisher is down."""
    outcomes: dict[datetime, _Outcome] = {}
    stop = threading.Event()
    failures = 0
    pool = ThreadPoolExecutor(DOWNLOADS_AT_ONCE, thread_name_prefix="gdelt")
    try:
        slots: dict[Future[_Outcome], datetime] = {
            pool.submit(_slot, stream, slot, listed, context, folder, stop): slot
            for slot, listed in files.items()
        }
        for future in as_completed(slots):
            slot = slots[future]
            outcomes[slot] = future.result()
            failures = failures + 1 if outcomes[slot].state == "listed" else 0
            if failures >= GIVE_UP_AFTER:
                stop.set()
            progress.step(f"{stream} {slot:%Y-%m-%d %H:%M}")
    except BaseException:
        stop.set()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    return outcomes


def _slot(
    stream: str, slot: datetime, listed: Listed, context: Context, folder: Path, stop: threading.Event
) -> _Outcome:
    """Fetch a file, prove it by its list and by inflating it, store it. A bad copy is asked for once more."""
    problem = ""
    for _ in range(2):
        if stop.is_set():
            return _Outcome(
                "listed", None, "not asked for: the publisher did not answer; load again later", listed
            )
        try:
            answer = context.http.download(
                listed.url,
                folder,
                max_bytes=MAX_ZIP_BYTES,
                allowed_hosts=frozenset({urlsplit(listed.url).hostname or ""}),
            )
        except NotFoundError:
            return _Outcome("missing", None, "listed, but answered 404", listed)
        except FetchError as error:
            return _Outcome("listed", None, str(error), listed)
        try:
            if (answer.size, answer.md5) != (listed.size, listed.md5):
                problem = (
                    f"{answer.size} bytes, MD5 {answer.md5}; listed are {listed.size} bytes, MD5 {listed.md5}"
                )
                continue
            try:
                member = verify_member(
                    answer.path, name=f"{slot:%Y%m%d%H%M%S}.{stream}.CSV", max_bytes=MAX_MEMBER_BYTES
                )
            except BadZip as error:
                problem = str(error).removeprefix(f"{answer.path.name}: ")
                continue
            payload = context.store.put(
                answer.path,
                feed="gdelt",
                key=f"{slot:%Y%m%d%H%M%S}.{stream}",
                url=listed.url,
                http_status=answer.status,
                fetched_at=context.now,
                etag=answer.etag,
                last_modified=answer.last_modified,
                media_type=answer.media_type,
                released_at=_released_at(answer, slot),
            )
            return _Outcome("fetched" if member.size else "empty", payload, None, listed)
        finally:
            answer.path.unlink(missing_ok=True)
    return _Outcome(
        "corrupt",
        None,
        f"{listed.url.rpartition('/')[2]}: {problem}; asked for again at the next load",
        listed,
    )


def _released_at(answer: Response, slot: datetime) -> datetime:
    try:
        moment = parsedate_to_datetime(answer.last_modified or "")
    except (TypeError, ValueError):
        return slot
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
