"""Asking the ReliefWeb API: one question, its pages, and what its refusals mean.

Here: the protocol of version 2 (question, paging, envelope, quota), and the proof that a walk through the pages
brought every entry once. Not here: what is asked for and what becomes of an answer (``reliefweb``), and entries
as rows (``reliefweb_rows``).
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from orchestration.feeds.http import FetchError, HttpClient, Response, TransientError, masked
from orchestration.feeds.secrecy import repeats
from orchestration.feeds.syndication import read_date
from orchestration.records import Status
from orchestration.settings import Settings

APPLY_AT = "https://apidoc.reliefweb.int/parameters#appname"
CALLS_PER_DAY = 1_000
"""What ReliefWeb grants, and the entries per call that it grants at most."""
LIMIT = 1_000
WALKS = 3
"""How often a list that changes while it is read is read anew within one load."""
MAX_PAGE_BYTES = 150 * 1024**2
DEADLINE_S = 180.0

FIELDS = {
    "reports": (
        *("id", "title", "status", "url", "url_alias", "origin", "body", "headline.summary"),
        *("date.original", "date.created", "date.changed", "primary_country.iso3", "country.iso3"),
        *("source.name", "source.shortname", "format.name", "theme.name", "language.code"),
        *("disaster.id", "disaster.glide", "disaster_type.name"),
    ),
    "disasters": (
        *("id", "name", "glide", "status", "url", "url_alias", "primary_type.name", "type.name"),
        *("primary_country.iso3", "country.iso3", "date.event", "date.created", "date.changed"),
    ),
}
"""What is asked for, always by name: what a preset brings is the publisher's to change."""

# The answer repeats the address it was asked at, and that holds the operator's appname.
_APPNAME = re.compile(rb"(appname(?:=|%3D))[^&\"\\\s]*", re.IGNORECASE)


class Unanswered(Exception):
    """A question without a usable answer. The message is one line, without secrets, and ends with the remedy."""

    def __init__(
        self, message: str, status: Status, *, ends_the_load: bool = False, is_challenge: bool = False
    ) -> None:
        super().__init__(message)
        self.status = status
        self.ends_the_load = ends_the_load or is_challenge
        """The next question would fare no better."""
        self.is_challenge = is_challenge
        """The firewall asks for a browser: it is left alone for a while."""


class Shifted(Exception):
    """The list changed while it was read, or was not given whole: worth reading anew."""


@dataclass(frozen=True)
class Question:
    """Entries of one list whose ``field`` lies from ``first`` to ``last`` (both inclusive, whole seconds)."""

    kind: str
    field: str
    first: datetime
    last: datetime
    countries: tuple[str, ...] | None

    def body(self, limit: int, offset: int) -> dict[str, Any]:
        bounds = {"from": _told(self.first), "to": _told(self.last)}
        conditions: list[dict[str, Any]] = [{"field": self.field, "value": bounds}]
        if self.countries is not None:
            codes = [iso3.lower() for iso3 in self.countries]
            conditions.append({"field": "country.iso3", "value": codes, "operator": "OR"})
        return {
            # Other presets hide archived disasters. It shapes nothing else: fields and order are given.
            "preset": "analysis",
            "filter": {"operator": "AND", "conditions": conditions},
            "fields": {"include": list(FIELDS[self.kind])},
            "sort": [f"{self.field}:asc", "id:asc"],
            # Never left out: ten is what is given to those who do not ask.
            "limit": limit,
            "offset": offset,
        }


@dataclass(frozen=True)
class Page:
    """One answer: the entries from ``offset`` on, and how many there are in all."""

    total: int
    entries: list[dict[str, Any]]
    body: bytes
    """As it came, but for the appname."""
    url: str
    status: int
    media_type: str | None


def ask(question: Question, settings: Settings, http: HttpClient, *, offset: int, limit: int = LIMIT) -> Page:
    """One call. Raises ``Unanswered``."""
    address = f"{settings.reliefweb_url}/v2/{question.kind}"
    try:
        answer = http.post(
            f"{address}?appname={quote(settings.reliefweb_appname or '', safe='')}",
            json=question.body(limit, offset),
            max_bytes=MAX_PAGE_BYTES,
            deadline_s=DEADLINE_S,
            headers={"Accept": "application/json"},
        )
    except FetchError as error:
        raise _refusal(address, error) from None
    if challenged(answer.status, answer.headers):
        raise challenge(address)
    body = _APPNAME.sub(rb"\1***", answer.body or b"")
    if repeats(body, (settings.reliefweb_appname or "",)):
        raise Unanswered(
            f"reliefweb: {masked(address)} repeats your appname where ReliefWeb does not, so nothing of the answer is "
            "kept; it is asked again at the next load, report it if it stays",
            Status.REFUSED,
        )
    total, entries = _envelope(answer, address)
    return Page(
        total=total,
        entries=entries,
        body=body,
        url=answer.url,
        status=answer.status,
        media_type=answer.headers.get("content-type"),
    )


def walk(question: Question, page_at: Callable[[int], Page]) -> datetime | None:
    """Read every page, proving that each entry came once. Returns the newest date of the question's field.

    An entry that is saved meanwhile leaves the frozen window, and all behind it move up by one: the next page
    would miss one. So a list that changed is read anew, and no share of missing entries is tolerated.
    """
    reason = ""
    for _ in range(WALKS):
        try:
            return _walk_once(question, page_at)
        except Shifted as error:
            reason = str(error)
    raise Unanswered(
        f"reliefweb: {question.kind}: {reason}, and so {WALKS} times; nothing of it is loaded, and it is asked "
        "for again at the next load",
        Status.REFUSED,
    )


def _walk_once(question: Question, page_at: Callable[[int], Page]) -> datetime | None:
    seen: set[int] = set()
    newest: datetime | None = None
    total: int | None = None
    while total is None or len(seen) < total:
        offset = len(seen)
        page = page_at(offset)
        if total is None:
            total = page.total
        if page.total != total:
            raise Shifted(f"the list had {total:,} entries and then {page.total:,}")
        due = min(LIMIT, total - offset)
        if len(page.entries) != due:
            raise Shifted(
                f"{len(page.entries):,} entries came from the {offset:,}th on where {due:,} were due"
            )
        for entry in page.entries:
            number = entry_id(entry)
            if number is None or number in seen:
                raise Shifted(f"the entry {entry.get('id')!r} came twice or has no number"[:200])
            seen.add(number)
            moment = _date_of(entry, question.field)
            if moment and not question.first <= moment < _end(question.last):
                raise Unanswered(
                    f"reliefweb: {question.kind}: entry {number} has {question.field} {moment:%Y-%m-%dT%H:%M:%SZ}, "
                    "outside what was asked for, so the filter is not honoured; report it to the project",
                    Status.REFUSED,
                )
            newest = max(filter(None, (newest, moment)), default=None)
    return newest


def entry_id(entry: Any) -> int | None:
    """ReliefWeb's number of an entry, which it writes as text."""
    text = str(entry.get("id", "")) if isinstance(entry, dict) else ""
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,17}", text) else None


def challenged(status: int | None, headers: Mapping[str, str], body: bytes = b"") -> bool:
    """Whether the firewall before ReliefWeb answered, not ReliefWeb: it wants to see a browser."""
    if status == 202 or "x-amzn-waf-action" in headers:
        return True
    return status in (403, 405) and body.lstrip().startswith(b"<")


def challenge(address: str) -> Unanswered:
    """What a challenge is told as."""
    return Unanswered(
        f"reliefweb: {masked(address)} answered with a challenge for browsers (too many requests from this address, or "
        "a network it distrusts); it is left alone for an hour and then asked again",
        Status.FAILED,
        is_challenge=True,
    )


def _refusal(address: str, error: FetchError) -> Unanswered:
    """A refused request in words that say what to do."""
    where = masked(address)
    if challenged(error.status, {}, error.body):
        return challenge(address)
    if error.status == 403 and b"appname" in error.body.lower():
        return Unanswered(
            f"reliefweb: {where} says that RELIEFWEB_APPNAME is no approved appname (403); apply for one at {APPLY_AT}, "
            "or unset it to read RSS instead",
            Status.REFUSED,
            ends_the_load=True,
        )
    if error.status == 410:
        return Unanswered(
            f"reliefweb: {where} says that this version of its API is decommissioned (410); correct SAHEL_RELIEFWEB_URL "
            "if you set it, else update this program",
            Status.REFUSED,
            ends_the_load=True,
        )
    if isinstance(error, TransientError):
        return Unanswered(f"reliefweb: {error}", Status.FAILED, ends_the_load=True)
    # A question that is not understood (400) says nothing of the next one.
    return Unanswered(f"reliefweb: {error}", Status.REFUSED, ends_the_load=error.status != 400)


def _envelope(answer: Response, address: str) -> tuple[int, list[dict[str, Any]]]:
    """(totalCount, data). A status of 200 proves nothing."""

    def refused(what: str) -> Unanswered:
        return Unanswered(
            f"reliefweb: {masked(address)} answered with {what} where a list in JSON was expected; open the address in "
            "a browser",
            Status.REFUSED,
        )

    body = (answer.body or b"").removeprefix(b"\xef\xbb\xbf").lstrip()
    if body.startswith(b"<"):
        raise refused("a web page")
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise refused("something that is no JSON") from None
    total = data.get("totalCount") if isinstance(data, dict) else None
    entries = data.get("data") if isinstance(data, dict) else None
    if not isinstance(total, int) or isinstance(total, bool) or total < 0 or not isinstance(entries, list):
        raise refused("JSON without totalCount and data")
    if not all(isinstance(entry, dict) for entry in entries):
        raise refused("a list of something else than entries")
    return total, entries


def _date_of(entry: dict[str, Any], field: str) -> datetime | None:
    value: Any = entry.get("fields")
    for name in field.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return read_date(value) if isinstance(value, str) else None


def _end(last: datetime) -> datetime:
    """The instant after the second that ``last`` names."""
    return last.replace(microsecond=999_999)


def _told(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
