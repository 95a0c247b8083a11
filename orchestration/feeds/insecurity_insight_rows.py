"""Insecurity Insight's payloads as rows of the contract: reading JSON and CSV, telling topics apart, typing fields.

Belongs here: what each topic calls its columns, and which fields are left out because they tell of sexual violence
or may name a person. Does not belong here: asking for payloads, and what they cover (``insecurity_insight.py``).

The publisher (SiND) types each value as it likes: counts are numbers, texts or yes/no, dates come in four shapes,
column names are cut at 63 characters, misspelt, and repeated. So a column is looked up by its name without regard
to case and blanks, and a value is read for what it says, not for its type: the same incident from JSON and from a
CSV is the same row.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from typing import Any

from expectations.contracts.insecurity_insight import SEXUAL_VIOLENCE
from expectations.reference import countries as all_countries, countries_by_name
from orchestration.feeds.base import NotTheFormat

EARLIEST_YEAR = 1990
"""Years before it are misprints: the oldest of the publisher's series begins in 1997."""
_LARGEST = {"INTEGER": 2**31 - 1, "BIGINT": 2**63 - 1}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Topic:
    """One of the publisher's datasets: where it is, what it is known by, and the columns that are summed."""

    dataset: str
    path: str
    sign: str
    """A column that this topic has and no other."""
    killed: tuple[str, ...]
    injured: tuple[str, ...]
    kidnapped: tuple[str, ...]
    arrested: tuple[str, ...]
    damaged: tuple[str, ...] = ()


TOPICS = (
    Topic(
        "education",
        "education",
        "educators kidnapped",
        killed=("educators killed", "students killed"),
        injured=("educators injured", "students injured"),
        kidnapped=("educators kidnapped", "students kidnapped"),
        arrested=("educators arrested", "students arrested"),
        damaged=("damage/destruction to ed facility event",),
    ),
    Topic(
        "aid_workers",
        "aidworkerKIKA",
        "aid workers kidnapped",
        # The publisher codes a worker who is killed in captivity as kidnapped, and counts that death apart.
        killed=("aid workers killed", "aid workers killed in captivity"),
        injured=("aid workers injured",),
        kidnapped=("aid workers kidnapped",),
        arrested=("aid workers arrested",),
    ),
    Topic(
        "protection",
        "protection",
        "protection event context",
        # Until early 2024 residents and staff stood in one column; a payload has either that or the two.
        killed=(
            "camp resident killed",
            "service provider killed",
            "people associated with protection programme killed",
        ),
        injured=("camp resident injured",),
        kidnapped=(
            "camp residents kidnapped",
            "service provider kidnapped",
            "people associated with protection programme kidnapped",
        ),
        arrested=(
            "camp residents arrested",
            "service provider arrested",
            "people associated with protection programme arrested",
        ),
        damaged=(
            "number of attacks on camps reporting destruction",
            "number of attacks on camps reporting damaged",
        ),
    ),
    Topic(
        "health",
        "healthcare",
        "health workers kidnapped",
        killed=("health workers killed",),
        injured=("health workers injured",),
        kidnapped=("health workers kidnapped",),
        arrested=("health workers arrested",),
        damaged=(
            "number of attacks on health facilities reporting destruction",
            "number of attacks on health facilities reporting damaged",
        ),
    ),
)

_ID = ("sind event id", "sind id")
_DATE = ("date",)
_CODE, _COUNTRY = ("country iso",), ("country",)
_LATITUDE, _LONGITUDE = ("latitude",), ("longitude",)
_PUBLIC_DESCRIPTION, _DESCRIPTION = "public event description", "event description"
_TEXTS = {
    "admin_1": ("admin 1",),
    "geo_precision_text": ("geo precision",),
    "location_kind": ("location of event", "location of incident", "location of violence"),
    "perpetrator_kind": ("reported perpetrator", "actor type"),
    "perpetrator_name": ("reported perpetrator name", "actor name"),
    "weapon": ("weapon carried/used",),
    "affected": ("type of education facility", "organisation affected", "victim of violence"),
}
_COLUMNS_OF_THEIR_OWN = frozenset(
    name
    for names in (
        *(_ID, _DATE, _CODE, _COUNTRY, _LATITUDE, _LONGITUDE, (_PUBLIC_DESCRIPTION, _DESCRIPTION)),
        *_TEXTS.values(),
    )
    for name in names
)
_KNOWN_TEXT = frozenset(
    {
        "known educators kidnap or arrest outcome",
        "known student kidnap or arrest outcome",
        "known kidnapping or arrest outcome",
        "programme focus",
        "protection event context",
        "camp name",
        "event types",
        "verification status",
        "reported health worker profession",
        "conflict-related violence",
        "political-related violence",
        "covid-19-related violence",
        "ebola-related violence",
        "vaccination-related violence",
        # Who else has recorded the incident; the value repeats the name.
        "insecurity insight",
        "who ssa",
        "ukrainian healthcare centre",
        "international ngo safety organisation (inso)",
        "phr",
    }
)
"""Text fields that go into ``details``. Counts and yes/no go there under any name; other text may name a person."""
_LEFT_OUT = frozenset({"facility name", "facility id"})
"""A practice bears its doctor's name, and a named clinic is a target; the publisher's own newer files have neither."""
_ON_SEXUAL_VIOLENCE = re.compile(r"sexual|\bcrsv\b|\bsgbv\b|\bsv\b|\brape|survivor", re.IGNORECASE)
_TELLS_OF_SEXUAL_VIOLENCE = re.compile(SEXUAL_VIOLENCE)
_SEXUAL_VIOLENCE_FILE = frozenset({"type of sv", "sv context", "survivor or victim"})


class Unreadable(ValueError):
    """A field that cannot be typed; its record is quarantined with this reason."""


@dataclass(frozen=True)
class Record:
    """One record on the wire. ``line`` is its place in a JSON list, or its line in a CSV."""

    line: int
    fields: dict[str, Any]
    """By the publisher's spelling, blanks collapsed; a name that comes again has ``(2)`` after it."""
    problem: str | None = None

    def get(self, names: Iterable[str]) -> Any:
        """The first of these columns (lower case) that says something."""
        for name in names:
            value = self.folded.get(name)
            if not _is_blank(value):
                return value
        return None

    @cached_property
    def folded(self) -> dict[str, Any]:
        return {name.casefold(): value for name, value in self.fields.items()}


@dataclass(frozen=True)
class Rows:
    """What the records came to."""

    rows: list[dict[str, Any]]
    rejects: list[dict[str, Any]]
    """line, reason, row_text."""
    out_of_scope: int
    extra_columns: tuple[str, ...]


# --- reading ------------------------------------------------------------------------------------


def read_records(data: bytes) -> list[Record]:
    """The records of a JSON list or a CSV. Raises ``NotTheFormat`` saying what it is instead."""
    if data.startswith(b"PK"):
        raise NotTheFormat("an Excel workbook; save its sheet of incidents as CSV UTF-8 and load that")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotTheFormat(f"byte {error.start} is not UTF-8; save it as CSV UTF-8 and load that") from None
    start = text.lstrip()[:1]
    if start == "<":
        raise NotTheFormat("a web page instead of data; open the address in a browser to see why")
    records = _from_json(text) if start in ("[", "{") else _from_csv(text)
    if records and _is_tag_row(records[0]):
        records = records[1:]
    if not records:
        raise NotTheFormat("holds no incident, and the publisher's files hold hundreds; see what it is")
    return records


def topic_of(records: list[Record]) -> Topic:
    """Which topic the records are of, by their columns. Raises ``NotTheFormat`` if none or not whole."""
    columns = {name.casefold() for record in records for name in record.fields}
    if columns & _SEXUAL_VIOLENCE_FILE:
        raise NotTheFormat("incidents of sexual violence, which are not loaded; delete the file")
    if "date" not in columns and "year" in columns:
        raise NotTheFormat("an overview by country and year; load the file of incidents")
    found = [topic for topic in TOPICS if topic.sign in columns]
    if len(found) != 1:
        raise NotTheFormat(
            f"none of the topics {', '.join(topic.dataset for topic in TOPICS)} by its columns; "
            "load the file of incidents of one of them, with its header row"
        )
    absent = [
        names[0] for names in (_ID, _DATE, (*_CODE, *_COUNTRY)) if not any(name in columns for name in names)
    ]
    if absent:
        raise NotTheFormat(f"no column {', '.join(absent)}; load the file as the publisher offers it")
    return found[0]


def _from_json(text: str) -> list[Record]:
    try:
        told = json.loads(text, object_pairs_hook=_named, parse_constant=lambda _: None)
    except json.JSONDecodeError as error:
        raise NotTheFormat(
            f"JSON that breaks off or is damaged at line {error.lineno}, column {error.colno} ({error.msg}); "
            "fetch it again"
        ) from None
    except (ValueError, RecursionError) as error:
        raise NotTheFormat(f"JSON that cannot be read ({error}); fetch it again") from None
    if isinstance(told, dict):
        names = ", ".join(list(told)[:5])
        raise NotTheFormat(
            f"an object ({names}) instead of a list of incidents, which is how the publisher tells of an error; "
            "try again later"
        )
    for number, item in enumerate(told, start=1):
        if not isinstance(item, dict):
            raise NotTheFormat(
                f"entry {number} is no object, so this is not a list of incidents; see what it is"
            )
    return [Record(number, item) for number, item in enumerate(told, start=1)]


def _from_csv(text: str) -> list[Record]:
    header_line = text.lstrip().partition("\n")[0]
    # A spreadsheet program writes what its country separates by.
    delimiter = max(",;\t", key=header_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [cell for cell in next(reader, [])]
        records = []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            problem = (
                f"{len(cells)} cells, the header has {len(header)}" if len(cells) > len(header) else None
            )
            padded = cells + [""] * (len(header) - len(cells))
            records.append(
                Record(reader.line_num, _named(zip(header, padded[: len(header)], strict=True)), problem)
            )
    except csv.Error as error:
        raise NotTheFormat(f"line {reader.line_num}: {error}; save it as CSV UTF-8 again") from None
    return records


def _named(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """An object with blanks in its names collapsed. A name that comes again is numbered, not lost: the
    publisher cuts names at 63 characters, so several columns end up with one."""
    fields: dict[str, Any] = {}
    met: dict[str, int] = {}
    for name, value in pairs:
        plain = " ".join(str(name).split())
        met[plain.casefold()] = times = met.get(plain.casefold(), 0) + 1
        if plain:
            fields[plain if times == 1 else f"{plain} ({times})"] = value
    return fields


def _is_tag_row(record: Record) -> bool:
    """HDX's row of HXL tags under the header."""
    told = [value for value in record.fields.values() if not _is_blank(value)]
    return bool(told) and all(isinstance(value, str) and value.lstrip().startswith("#") for value in told)


# --- typing -------------------------------------------------------------------------------------


def rows_of(records: list[Record], topic: Topic, scope: tuple[str, ...] | None) -> Rows:
    """The records as rows of the contract; of an id that comes twice the last, which is the newer one."""
    kept: dict[int, tuple[Record, dict[str, Any]]] = {}
    rejects: list[dict[str, Any]] = []
    out_of_scope, extra = 0, dict[str, None]()
    for record in records:
        try:
            if record.problem:
                raise Unreadable(record.problem)
            iso3 = country_of(record)
            if scope is not None and iso3 not in scope:
                out_of_scope += 1
                continue
            row = _row(record, topic, iso3, extra)
        except Unreadable as error:
            rejects.append(_reject(record, str(error)))
            continue
        if row["event_id"] in kept:
            rejects.append(_reject(kept.pop(row["event_id"])[0], f"duplicate of line {record.line}"))
        kept[row["event_id"]] = (record, row)
    rejects.sort(key=lambda reject: reject["line"])
    return Rows([row for _, row in kept.values()], rejects, out_of_scope, tuple(extra))


def spans_of(records: list[Record], today: date) -> dict[str | None, tuple[date, date]]:
    """First and last day told of, by country, and of all under None. Days ahead of today are misprints."""
    spans: dict[str | None, tuple[date, date]] = {}
    for record in records:
        try:
            iso3, day = country_of(record), read_day(record.get(_DATE))
        except Unreadable:
            continue
        if day <= today:
            for key in (iso3, None):
                first, last = spans.get(key, (day, day))
                spans[key] = (min(first, day), max(last, day))
    return spans


def country_of(record: Record) -> str:
    """ISO3 by the code, else by the exact name. Raises ``Unreadable``; a country is never guessed."""
    code, name = _text(record.get(_CODE)), _text(record.get(_COUNTRY))
    if code is not None:
        if code.upper() in _codes():
            return code.upper()
        raise Unreadable(f"Country ISO {_shown(code)} is no ISO 3166-1 alpha-3 code")
    iso3 = countries_by_name().get(name.casefold()) if name else None
    if iso3 is None:
        raise Unreadable(f"no Country ISO, and Country {_shown(name)} is no name in country_alias.csv")
    return iso3


def read_day(value: Any) -> date:
    """A day as ISO date or instant, day/month/year, or seconds or milliseconds since 1970. Raises ``Unreadable``."""
    text = _text(value)
    if text is None:
        raise Unreadable("no Date")
    day = None
    try:
        if match := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: .*)?", text):
            day = date(int(match[3]), int(match[2]), int(match[1]))
        elif re.fullmatch(r"-?\d{9,14}(?:\.0)?", text):
            seconds = float(text) / (1000 if abs(float(text)) >= 1e11 else 1)
            day = (_EPOCH + timedelta(seconds=seconds)).date()
        elif re.match(r"\d{4}-\d{2}-\d{2}", text):
            day = datetime.fromisoformat(text).date()
    except (ValueError, OverflowError):
        day = None
    if day is None or not EARLIEST_YEAR <= day.year <= 2100:
        raise Unreadable(f"Date {_shown(text)} is no day since {EARLIEST_YEAR}; expected e.g. 2024-03-01")
    return day


def _row(record: Record, topic: Topic, iso3: str, extra: dict[str, None]) -> dict[str, Any]:
    event_id = _count(record.get(_ID), "SiND id", "BIGINT")
    if not event_id:
        raise Unreadable("no SiND id")
    texts = {column: _told(record.get(names)) for column, names in _TEXTS.items()}
    precision = re.search(r"\((\d)\)", texts["geo_precision_text"] or "")
    folded = record.folded

    def total(names: tuple[str, ...]) -> int | None:
        counts = [_count(folded.get(name), name) for name in names]
        told = [count for count in counts if count is not None]
        return sum(told) if told else None

    return {
        "dataset": topic.dataset,
        "event_id": event_id,
        "event_date": read_day(record.get(_DATE)),
        "country_iso3": iso3,
        "country_name": _text(record.get(_COUNTRY)),
        "latitude": _degrees(record.get(_LATITUDE), "Latitude"),
        "longitude": _degrees(record.get(_LONGITUDE), "Longitude"),
        "geo_precision": int(precision[1]) if precision else None,
        **texts,
        "event_description": _description(record),
        "people_killed": total(topic.killed),
        "people_injured": total(topic.injured),
        "people_kidnapped": total(topic.kidnapped),
        "people_arrested": total(topic.arrested),
        "facilities_damaged": total(topic.damaged),
        "details": _json(dict(_details(record, extra))),
    }


def _description(record: Record) -> str | None:
    for name, value in record.fields.items():
        if _ON_SEXUAL_VIOLENCE.search(name):
            count = _canonical(value)
            if isinstance(count, int) and count > 0:
                return None
    # Where there is a public wording, the other one carries sources and private communications.
    is_public = _PUBLIC_DESCRIPTION in record.folded
    return _told(record.get((_PUBLIC_DESCRIPTION if is_public else _DESCRIPTION,)))


def _details(record: Record, extra: dict[str, None]) -> Iterator[tuple[str, Any]]:
    """The fields without a column of their own. Unknown ones that hold text are left out and noted in ``extra``."""
    for name, value in record.fields.items():
        plain = re.sub(r" \(\d+\)$", "", name.casefold())
        if (
            name.casefold() in _COLUMNS_OF_THEIR_OWN
            or plain in _LEFT_OUT
            or _ON_SEXUAL_VIOLENCE.search(plain)
        ):
            continue
        told = _canonical(value)
        if isinstance(told, str):
            if plain not in _KNOWN_TEXT:
                extra.setdefault(name)
                continue
            told = _told(told)
        if told is not None:
            yield name, told


def _reject(record: Record, reason: str) -> dict[str, Any]:
    """A quarantined row tells no more than a good one would: its text reaches the published audit tables."""
    shown: dict[str, Any] = {}
    # Cells that are not under their own header may be anything.
    if not record.problem:
        for name in record.fields:
            if name.casefold() in _COLUMNS_OF_THEIR_OWN - {_PUBLIC_DESCRIPTION, _DESCRIPTION}:
                shown[name] = _told(record.fields[name])
        shown["Event Description"] = _description(record)
        shown |= _details(record, {})
    try:
        key = _count(record.get(_ID), "SiND id", "BIGINT") or ""
    except Unreadable:
        key = ""
    told = {name: value for name, value in shown.items() if value is not None}
    return {"line": record.line, "reason": reason, "row_text": f"{key}\t{_json(told)}"}


def _canonical(value: Any) -> Any:
    """What a value says, whatever its type: an int, a bool, a text, or None."""
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) <= _LARGEST["BIGINT"]):
        return value
    text = _text(value)
    if text is None:
        return None
    if text.casefold() in ("true", "false"):
        return text.casefold() == "true"
    # Longer ones are no counts.
    if re.fullmatch(r"-?\d{1,9}(?:\.0+)?", text):
        return int(text.partition(".")[0])
    return text


def _count(value: Any, name: str, dtype: str = "INTEGER") -> int | None:
    told = _text(value)
    if told is None:
        return None
    if isinstance(value, bool) or told.casefold() in ("true", "false"):
        if dtype == "INTEGER":
            return int(told.casefold() == "true")
    elif re.fullmatch(r"\d{1,19}(?:\.0+)?", told):
        count = int(told.partition(".")[0])
        if count <= _LARGEST[dtype]:
            return count
    raise Unreadable(f"{name} {_shown(told)} is not a count; expected a whole number from 0 up")


def _degrees(value: Any, name: str) -> float | None:
    text = _text(value)
    if text is None or text.casefold() == "censored":
        return None
    if not re.fullmatch(r"-?\d{1,6}(?:\.\d*)?(?:e-\d+)?", text, re.IGNORECASE):
        raise Unreadable(f"{name} {_shown(text)} is not in decimal degrees; expected e.g. 12.65")
    return float(text)


def _told(value: Any) -> str | None:
    """A text as it may be kept: none that tells of sexual violence."""
    text = _text(value)
    return None if text is None or _TELLS_OF_SEXUAL_VIOLENCE.search(text) else text


def _text(value: Any) -> str | None:
    """Any value as text without stray blanks; None where it says nothing."""
    if isinstance(value, list):
        return ", ".join(filter(None, map(_text, value))) or None
    if value is None:
        return None
    return " ".join(str(value).split()) or None


def _is_blank(value: Any) -> bool:
    return _text(value) is None


def _shown(text: str | None) -> str:
    return repr(text if text is None or len(text) <= 40 else f"{text[:40]}…")


def _json(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


@cache
def _codes() -> frozenset[str]:
    return frozenset(country.country_iso3 for country in all_countries())
