"""ReliefWeb's answers as rows: entries of the API in JSON, and items of its RSS.

Here: what each field means and becomes, which entries are of the country scope, and what is not kept. Not here:
fetching (``reliefweb``, ``reliefweb_api``) and making a hostile feed safe (``syndication``).

Lists become one text with ';' between, sorted: ReliefWeb's order carries no meaning that is documented, and a
mere re-ordering must not look like an edit.
"""

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import defusedxml.ElementTree
import duckdb

from expectations.contracts import contract_for
from expectations.contracts.reliefweb import RELIEFWEB_REPORT
from expectations.reference import countries_by_name
from orchestration.feeds.base import NotTheFormat
from orchestration.feeds.reliefweb_api import FIELDS, entry_id
from orchestration.feeds.syndication import canonical_link, plain_text, prove, read_date
from orchestration.feeds.tables import create_table
from orchestration.records import Batch, Parsed, Payload
from orchestration.settings import naive

TITLE_CHARS = 500
NAME_CHARS = 200
EXCERPT_CHARS = 500
"""Rights: the text is its publisher's; a few lines say what it is about."""
REJECT_CHARS = 500

_ISO3 = re.compile(r"[A-Z]{3}")
_NUMBERED = re.compile(r"/(?:node|taxonomy/term)/([1-9][0-9]{0,17})/?")
_TAG = re.compile(r'<div class="tag ([a-z_-]+)">([^<]*)</div>')
_BEFORE_TEXT = re.compile(r'<div class="(?:tag|date) [a-z_-]+">[^<]*</div>|<img [^>]*>')


class _Rejected(Exception):
    """An entry that cannot be kept; the message is the reason."""


@dataclass
class _Table:
    """What a batch comes to."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[dict[str, Any]] = field(default_factory=list)
    seen: int = 0
    out_of_scope: int = 0
    unknown: set[str] = field(default_factory=set)


def parse_payloads(
    batch: Batch, scratch: duckdb.DuckDBPyConnection, countries: tuple[str, ...] | None
) -> Parsed:
    """A batch's payloads into the scratch database. Raises ``NotTheFormat``."""
    told = _Table()
    keys: set[str] = set()
    key_name = contract_for(batch.table).key[0]
    read = _rss_entries if batch.options["channel"] == "rss" else _api_entries
    make = {
        ("api", True): _api_report,
        ("api", False): _api_disaster,
        ("rss", True): _rss_report,
        ("rss", False): _rss_disaster,
    }[batch.options["channel"], batch.table == RELIEFWEB_REPORT.table]
    scope = None if countries is None else frozenset(countries)
    for payload in batch.payloads:
        for line, entry in enumerate(read(payload, batch, told), start=1):
            told.seen += 1
            try:
                row = make(entry)
                if scope is not None and scope.isdisjoint((row["country_iso3s"] or "").split(";")):
                    told.out_of_scope += 1
                    continue
                if row[key_name] in keys:
                    raise _Rejected(f"{key_name} {row[key_name]} a second time")
            except _Rejected as error:
                told.rejects.append(_reject(payload, line, str(error), entry))
                continue
            keys.add(row[key_name])
            row["channel"] = batch.options["channel"]
            # RSS tells only the posting; when it was last saved is not known.
            row["released_at"] = row["date_changed"] or row["date_created"]
            told.rows.append({**row, "payload_sha256": payload.sha256})
    types = {column.name: column.dtype for column in contract_for(batch.table).columns}
    create_table(
        scratch, batch.table, told.rows, {**types, "payload_sha256": "VARCHAR", "released_at": "TIMESTAMP"}
    )
    rejects = f"{batch.table}_rejects"
    reject_types = {"payload_sha256": "VARCHAR", "line": "BIGINT", "reason": "VARCHAR", "row_text": "VARCHAR"}
    create_table(scratch, rejects, told.rejects, reject_types)
    return Parsed(
        batch.table,
        rejects,
        rows_seen=told.seen,
        rows_out_of_scope=told.out_of_scope,
        extra_columns=tuple(sorted(told.unknown)),
    )


# The API


def _api_entries(payload: Payload, batch: Batch, told: _Table) -> Iterator[dict[str, Any]]:
    known = {name.partition(".")[0] for name in FIELDS[batch.stream]}
    try:
        entries = json.loads(payload.path.read_bytes())["data"]
        for entry in entries:
            told.unknown |= set(_object(entry["fields"])) - known
            yield {**_object(entry["fields"]), "id": entry["id"]}
    except (ValueError, KeyError, TypeError) as error:
        raise NotTheFormat(
            f"{payload.url}: no list of entries with id and fields ({type(error).__name__}: {error}); "
            "load it again, and report it if it stays so"
        ) from None


def _api_report(entry: dict[str, Any]) -> dict[str, Any]:
    disasters = _objects(entry.get("disaster"))
    summary = _object(entry.get("headline")).get("summary")
    return {
        **_api_common(entry, "report", "title"),
        "source_names": _list(_names(entry.get("source"), "name")),
        "source_shortnames": _list(_names(entry.get("source"), "shortname")),
        "format_names": _list(_names(entry.get("format"), "name")),
        "theme_names": _list(_names(entry.get("theme"), "name")),
        "language_codes": _list(name.lower() for name in _names(entry.get("language"), "code")),
        "disaster_ids": _list(str(number) for one in disasters if (number := entry_id(one))),
        "disaster_glides": _list(_names(disasters, "glide")),
        "disaster_type_names": _list(_names(entry.get("disaster_type"), "name")),
        "date_original": _date(entry, "original"),
        "origin_url": _https(entry.get("origin")),
        "excerpt": plain_text(_text(entry.get("body")) or _text(summary), EXCERPT_CHARS),
    }


def _api_disaster(entry: dict[str, Any]) -> dict[str, Any]:
    primary = _names([_object(entry.get("primary_type"))], "name")
    return {
        **_api_common(entry, "disaster", "name"),
        "glide": _glide(_text(entry.get("glide"))),
        "primary_type": primary[0] if primary else None,
        "type_names": _list(_names(entry.get("type"), "name")),
        "date_event": _date(entry, "event"),
    }


def _api_common(entry: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    number = entry_id(entry)
    if number is None:
        raise _Rejected("no number")
    alias = _https(entry.get("url_alias"))
    url = _https(entry.get("url")) or alias
    if url is None:
        raise _Rejected("no https address")
    primary = _iso3s([_object(entry.get("primary_country"))])
    countries = _iso3s(_objects(entry.get("country"))) or primary
    if not countries:
        # Neither in scope nor out of it: told, not dropped.
        raise _Rejected("names no country")
    return {
        f"{kind}_key": str(number),
        f"{kind}_id": number,
        name: _titled(entry.get(name), name),
        "url": url,
        "url_alias": alias,
        "status": plain_text(_text(entry.get("status")), NAME_CHARS),
        "primary_country_iso3": primary[0] if primary else None,
        "country_iso3s": _list(countries),
        "date_created": _date(entry, "created"),
        "date_changed": _date(entry, "changed"),
    }


def _date(entry: dict[str, Any], name: str) -> datetime | None:
    return naive(read_date(_text(_object(entry.get("date")).get(name))))


def _iso3s(objects: list[dict[str, Any]]) -> list[str]:
    codes = [(_text(one.get("iso3")) or "").upper() for one in objects]
    return [code for code in codes if _ISO3.fullmatch(code)]


def _names(value: Any, name: str) -> list[str]:
    # Between names stands ';', so that none may hold one.
    texts = [plain_text(_text(one.get(name)), NAME_CHARS) for one in _objects(value)]
    return [text.replace(";", ",") for text in texts if text]


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[dict[str, Any]]:
    """A list of objects, also where ReliefWeb gives a single one for what may be several."""
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, dict)]


# RSS


def _rss_entries(payload: Payload, batch: Batch, told: _Table) -> Iterator[dict[str, Any]]:
    text = prove(payload.path.read_bytes(), payload.media_type)
    try:
        root = defusedxml.ElementTree.fromstring(text, forbid_dtd=True)
    except defusedxml.ElementTree.ParseError as error:
        raise NotTheFormat(f"{payload.url}: ill-formed XML ({error}); load it again later") from None
    for item in root.iter("item"):
        yield {
            "title": item.findtext("title"),
            "link": item.findtext("link") or item.findtext("guid"),
            "pubDate": item.findtext("pubDate"),
            "categories": [category.text for category in item.findall("category") if category.text],
            "description": item.findtext("description") or "",
            "base": payload.url,
        }


def _rss_report(entry: dict[str, Any]) -> dict[str, Any]:
    tags = _tags(entry)
    empty = dict.fromkeys(RELIEFWEB_REPORT.column_names)
    return {
        **empty,
        **_rss_common(entry, "report", "title", tags),
        "source_names": _list(name.replace(";", ",") for name in tags.get("source", [])),
        "date_created": naive(read_date(entry["pubDate"])),
        "excerpt": plain_text(_BEFORE_TEXT.sub(" ", entry["description"]), EXCERPT_CHARS),
    }


def _rss_disaster(entry: dict[str, Any]) -> dict[str, Any]:
    tags = _tags(entry)
    return {
        **_rss_common(entry, "disaster", "name", tags),
        "glide": _glide(next(iter(tags.get("glide", [])), None)),
        # The feed is ordered by the day a disaster began, and dates its items so.
        "date_event": naive(read_date(entry["pubDate"])),
        "date_created": None,
        "date_changed": None,
    }


def _rss_common(entry: dict[str, Any], kind: str, name: str, tags: dict[str, list[str]]) -> dict[str, Any]:
    url = _https(entry["link"], entry["base"])
    if url is None:
        raise _Rejected("no https address")
    path = urlsplit(url).path
    numbered = _NUMBERED.fullmatch(path)
    if not path.strip("/"):
        raise _Rejected("its address is that of no entry")
    if "country" not in tags:
        raise _Rejected("names no country")
    return {
        f"{kind}_key": numbered[1] if numbered else path.strip("/"),
        f"{kind}_id": int(numbered[1]) if numbered else None,
        name: _titled(entry["title"], name),
        "url": url,
        "url_alias": None if numbered else url,
        "country_iso3s": _list(_recognised(tags["country"])),
        "date_changed": None,
    }


def _tags(entry: dict[str, Any]) -> dict[str, list[str]]:
    """The lists that ReliefWeb writes at the head of a description: country, source, glide."""
    categories = [text for text in (plain_text(one, NAME_CHARS) for one in entry["categories"]) if text]
    tags = {}
    for name, labelled in _TAG.findall(entry["description"]):
        told = plain_text(html.unescape(labelled).partition(":")[2], 20 * NAME_CHARS)
        if told:
            tags.setdefault(name, _parts(told, categories))
    return tags


def _parts(told: str, categories: list[str]) -> list[str]:
    """The names in "A, B, C". A name may hold a comma itself, so the item's categories, which are the same names
    one by one, decide where one ends."""
    for start in range(len(categories)):
        for end in range(start + 1, len(categories) + 1):
            joined = ", ".join(categories[start:end])
            if joined == told:
                return categories[start:end]
            if not told.startswith(joined):
                break
    return [part.strip() for part in told.split(", ") if part.strip()]


def _recognised(names: list[str]) -> list[str]:
    """ISO3 codes of countries by name; what is not known by its name here (a territory) is left out."""
    known = countries_by_name() | {"world": "WLD"}
    return [known[name.casefold()] for name in names if name.casefold() in known]


# Both


def _titled(value: Any, name: str) -> str:
    text = plain_text(_text(value), TITLE_CHARS)
    if text is None:
        raise _Rejected(f"no {name}")
    return text


def _glide(text: str | None) -> str | None:
    return plain_text(text.upper(), NAME_CHARS) if text else None


def _https(value: Any, base: str = "") -> str | None:
    link = canonical_link(_text(value), base)
    return link if link and link.startswith("https://") else None


def _text(value: Any) -> str | None:
    if not isinstance(value, str | int | float):
        return None
    # JSON can carry half a surrogate pair, which no database takes.
    return str(value).encode("utf-8", "ignore").decode()


def _list(values: Iterable[str]) -> str | None:
    return ";".join(sorted(set(values))) or None


def _reject(payload: Payload, line: int, reason: str, entry: dict[str, Any]) -> dict[str, Any]:
    shown = {name: entry.get(name) for name in ("id", "title", "name", "url", "link") if entry.get(name)}
    text = json.dumps(shown, ensure_ascii=True, default=str)[:REJECT_CHARS]
    return {"payload_sha256": payload.sha256, "line": line, "reason": reason, "row_text": text}
