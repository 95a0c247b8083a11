"""GDELT's lists of files: the master lists, read by byte ranges, and the short lists of the newest slot.

Belongs here: how a list is searched, which of its lines are believed, and where their files are really
fetched from. Does not belong here: which slots are wanted, and what becomes of them.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median_low
from typing import Self

from orchestration.feeds.base import Context
from orchestration.feeds.http import PermanentError, TransientError

MAX_LIST_BYTES = 1 << 30
TAIL, PROBE, PIECE = 64 << 10, 8 << 10, 1 << 20
"""Bytes asked for at once: of a list's end, of a place while searching, of what is then read through."""
STRAY_LINES = 100
"""So many lines beyond a window, in a row, end the reading; a single one may be a slip."""

_LINE = re.compile(rb"(\d{1,12}) ([0-9a-fA-F]{32}) (\S+)")
_NAME = re.compile(r"(\d{14})\.((?:translation\.)?(?:export|mentions))\.CSV\.zip")
_GKG = re.compile(r"\d{14}\.(?:translation\.)?gkg\.csv\.zip")
_STAMP = re.compile(rb"/(\d{14})\.")
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_ORIGINS = (
    "http://data.gdeltproject.org",
    "https://data.gdeltproject.org",
    "https://storage.googleapis.com/data.gdeltproject.org",
)


class NotAList(ValueError):
    """An answer that is no list of GDELT files; the message says what it was and what to do."""


@dataclass(frozen=True)
class Listed:
    """A slot's file as a list gives it, its address rewritten onto the base that is configured."""

    url: str
    size: int
    md5: str


@dataclass(frozen=True)
class Listing:
    """What a list says of a span of time, by stream and slot. ``refused`` lines are never followed."""

    files: dict[tuple[str, datetime], Listed] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)

    def between(self, first: datetime, end: datetime) -> Self:
        """Only the slots from ``first`` to before ``end``."""
        return replace(
            self, files={key: listed for key, listed in self.files.items() if first <= key[1] < end}
        )

    @property
    def note(self) -> str | None:
        """What an operator should know of lines that were refused."""
        if not self.refused:
            return None
        example = next(iter(self.refused))
        return f"{self.refused.total()} lines of the list are not of GDELT files, such as {example}"


def read_newest(name: str, context: Context) -> Listing:
    """The short list of the newest slot. Raises ``FetchError`` or ``NotAList``."""
    url = f"{context.settings.gdelt_url}/gdeltv2/{name}"
    body = context.http.get(url, max_bytes=TAIL).body or b""
    return _understood(body.splitlines(), url, context.settings.gdelt_url)


class MasterList:
    """A master list: about 128 MB of lines in order of time, of which only what is needed is read.

    Where the server ignores Range, it is read whole, once, into ``folder``.
    """

    def __init__(self, name: str, context: Context, folder: Path) -> None:
        self._base = context.settings.gdelt_url
        self._url = f"{self._base}/gdeltv2/{name}"
        self._http = context.http
        self._folder = folder
        self._whole: Path | None = None

    def read(self, first: datetime, end: datetime) -> Listing:
        """The files of slots from ``first`` to before ``end``. Raises ``FetchError`` or ``NotAList``."""
        # A day more on either side: the order of lines is the publisher's habit, not its promise.
        low, high = (_text(moment) for moment in (first - timedelta(days=1), end + timedelta(days=1)))
        return _understood(self._lines(low, high), self._url, self._base).between(first, end)

    def _lines(self, low: bytes, high: bytes) -> Iterator[bytes]:
        """The lines of slots from ``low`` to ``high``, and such as name no slot."""
        strays = 0
        for line in self._lines_from(low):
            stamp = _STAMP.search(line)
            if stamp and stamp[1] > high:
                strays += 1
                if strays >= STRAY_LINES:
                    return
                # Far beyond is refused where it is no time at all, so it is passed on to be looked at.
                if _time(stamp[1]) is None:
                    yield line
                continue
            strays = 0
            if not stamp or stamp[1] >= low:
                yield line

    def _lines_from(self, low: bytes) -> Iterator[bytes]:
        if self._whole is None:
            found = self._range(f"-{TAIL}")
            if found:
                yield from self._lines_by_range(low, *found)
                return
        with self._whole.open("rb") as lines:
            for line in lines:
                yield line.rstrip(b"\r\n")

    def _lines_by_range(self, low: bytes, start: int, total: int, body: bytes) -> Iterator[bytes]:
        """From the list's end if that reaches back far enough, else from where a search finds ``low``."""
        about = _slot_about(body, start)
        if start and (about is None or about > low):
            start, body = self._find(low, start), b""
        carry, begins_within = b"", start > 0
        while start < total:
            if not body:
                body = self._piece(start, min(start + PIECE, total))
            *lines, carry = (carry + body).split(b"\n")
            start, body = start + len(body), b""
            if start >= total:
                lines.append(carry)
            for line in lines[1:] if begins_within else lines:
                yield line.rstrip(b"\r")
            begins_within = begins_within and not lines

    def _find(self, low: bytes, high_offset: int) -> int:
        """A byte offset before the first line at or after ``low``, at most a piece before it."""
        low_offset = 0
        while high_offset - low_offset > PIECE:
            middle = (low_offset + high_offset) // 2
            about = _slot_about(self._piece(middle, middle + PROBE), middle)
            if about is not None and about < low:
                low_offset = middle
            else:
                high_offset = middle
        return low_offset

    def _piece(self, start: int, end: int) -> bytes:
        found = self._range(f"{start}-{end - 1}")
        if not found or found[0] != start or not found[2]:
            raise TransientError(f"{self._url} answered another range than asked for; load again", self._url)
        return found[2]

    def _range(self, byte_range: str) -> tuple[int, int, bytes] | None:
        """(offset, size of the list, bytes); None after reading it whole, where Range is not honoured."""
        try:
            answer = self._http.download(
                self._url, self._folder, max_bytes=MAX_LIST_BYTES, byte_range=byte_range
            )
        except PermanentError as error:
            if error.status != 416:
                raise
            answer = self._http.download(self._url, self._folder, max_bytes=MAX_LIST_BYTES)
        match = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", ""))
        if answer.status == 206 and not match:
            answer.path.unlink()
            answer = self._http.download(self._url, self._folder, max_bytes=MAX_LIST_BYTES)
        if answer.status != 206:
            self._whole = answer.path
            return None
        try:
            start, last, total = map(int, match.groups())
            if answer.size != last - start + 1 or answer.size > max(PIECE, TAIL, PROBE):
                raise TransientError(
                    f"{self._url} answered another range than it says; load again", self._url
                )
            return start, total, answer.path.read_bytes()
        finally:
            answer.path.unlink()


def _understood(lines: Iterator[bytes] | list[bytes], url: str, base: str) -> Listing:
    """The listing of those lines whose addresses GDELT's own lists may name.

    Addresses are rewritten onto ``base``: lists name plain http, at a host whose certificate comes and goes.
    """
    listing, understood = Listing(), 0
    for line in filter(None, lines):
        match = _LINE.fullmatch(line)
        address = match[3].decode("ascii", "replace") if match else ""
        name = next(
            (
                address[len(origin) + 9 :]
                for origin in (*_ORIGINS, base)
                if address.startswith(f"{origin}/gdeltv2/")
            ),
            "",
        )
        known = _NAME.fullmatch(name)
        slot = _time(known[1].encode()) if known else None
        if slot:
            listed = Listed(f"{base}/gdeltv2/{name}", int(match[1]), match[2].decode().lower())
            listing.files[known[2], slot] = listed
        elif not _GKG.fullmatch(name):
            listing.refused[ascii(line[:120].decode("utf-8", "replace"))] += 1
            continue
        understood += 1
    if listing.refused and not understood:
        raise NotAList(
            f"{url} is no list of GDELT files (a line reads {next(iter(listing.refused))}); "
            "check SAHEL_GDELT_URL, then load again"
        )
    return listing


def _slot_about(body: bytes, offset: int) -> bytes | None:
    """The slot that a piece of a list is about: the middle one of its first lines, whatever one slip says."""
    whole = body.split(b"\n", 1)[-1] if offset else body
    stamps = [match[1] for match in islice(_STAMP.finditer(whole), 9)]
    return median_low(stamps) if stamps else None


def _text(moment: datetime) -> bytes:
    return f"{moment:%Y%m%d%H%M%S}".encode()


def _time(stamp: bytes) -> datetime | None:
    try:
        return datetime.strptime(stamp.decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
