"""RSS, Atom and JSON Feed bytes to items of plain, safe text. All that is hostile about a feed ends here.

Belongs here: decoding, the gate before any XML parser, and what an item's id, link, text and dates mean.
Does not belong here: which outlets there are, fetching, tables (``news.py``).
"""

import calendar
import codecs
import html
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit
from xml.sax import ContentHandler, SAXException

import defusedxml.sax
import feedparser
import nh3
from defusedxml import DefusedXmlException

from orchestration.feeds.base import NotTheFormat

MAX_BYTES = 10 * 1024 * 1024
MAX_BROKEN_BYTES = 2 * 1024 * 1024
"""Ill-formed XML is read by a lenient parser whose time is not bounded well; past this size it is refused."""
MAX_ITEMS = 5_000
MAX_DEPTH = 200
TITLE_CHARS = 500
SUMMARY_CHARS = 600
"""Rights: a short description, never the article, even where the outlet puts the article into it."""
ID_CHARS = 1000
LINK_CHARS = 2000
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Before it a date is a placeholder (the epoch, year 1) and says nothing."""

# Possessive quantifiers (+ after * or ?): a hostile body must not make these search back and forth.
_PROLOG = re.compile(
    r"\s*+(?:<\?.*?\?>\s*+|<!--.*?-->\s*+|(?P<doctype><!DOCTYPE[^>\[]*+(?:\[[^\]]*+\]\s*+)?+>)\s*+)*",
    re.S | re.I,
)
_QUOTED = r"""(?:"[^"]*"|'[^']*')"""
_DOCTYPE = re.compile(
    rf"<!DOCTYPE [\w:.-]+ ?(?P<external>SYSTEM ?{_QUOTED} ?|PUBLIC ?{_QUOTED} ?(?:{_QUOTED} ?)?)?"
    r"(?:\[(?P<subset>[^\]]*)\] ?)?>",
    re.I,
)
_CHARACTER_ENTITY = re.compile(r"""<!ENTITY \w+ (?:"&#x?\w{1,6};"|'&#x?\w{1,6};') ?>| """)
_ROOT = re.compile(r"<(?:[\w.-]+:)?(?P<name>[\w.-]+)")
_XML_CHARSET = re.compile(rb"^\s*<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]+)", re.S)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.I)
_CODECS = re.compile(
    r"utf-(8|16|32)(-[bl]e)?|(iso8859-|cp125)\d+|koi8-[ru]|mac-roman|gb\w+|big5\w*|(shift_|euc_)\w+|iso2022_\w+"
)
_JSON_FEED = re.compile(r"https?://(www\.)?jsonfeed\.org/version/")
_SINGLE_BYTE = re.compile(r"iso8859-|cp125|utf-8")
# Control characters, and those that turn the reading order around: with them a headline can be made to say
# something else than it says.
_UNWANTED = dict.fromkeys(
    [code for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n\r"]
    + [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF, 0xFFFE, 0xFFFF]
)
_TAG_LIKE = re.compile(r"(?<!<)<++(?=[a-zA-Z/!?])")
_TRACKER = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|msclkid|mc_[ce]id|xtor|at_(medium|campaign|custom\d*|link\w*)|ns_\w+", re.I
)
_UNSAFE_IN_LINK = re.compile(r"[<>\"'`\\^{|}]")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan janv janvier january janeiro enero ene",
            "feb fev fevr fevrier february fevereiro febrero",
            "mar mars march marco marzo",
            "apr avr avril april abr abril",
            "may mai maio mayo",
            "jun juin june junho junio",
            "jul juil juillet july julho julio",
            "aug aou aout august ago agosto",
            "sep sept septembre september set setembro septiembre",
            "oct octobre october out outubro octubre",
            "nov novembre november novembro noviembre",
            "dec decembre december dez dezembro dic diciembre",
        ),
        start=1,
    )
    for name in names.split()
}
_ZONES = {
    **{"wat": 1, "cet": 1, "bst": 1, "cest": 2, "cat": 2, "eet": 2, "sast": 2, "eat": 3, "eest": 3, "msk": 3},
    **{"edt": -4, "est": -5, "cdt": -5, "cst": -6, "mdt": -6, "mst": -7, "pdt": -7, "pst": -8},
}
"""Hours from UTC of the zones that outlets abbreviate; feedparser takes those it does not know for UTC."""
_WORDED_DATE = re.compile(
    r"(?P<day>\d{1,2})(?:er)?[\s-]+(?:de\s+)?(?P<month>[a-z]+)\.?[\s-]+(?:de\s+)?(?P<year>\d{4})"
    r"(?:\D{1,6}(?P<hour>\d{1,2})\s*[:h]\s*(?P<minute>\d{2})(?::(?P<second>\d{2}))?)?"
    r"\s*(?:gmt|utc)?\s*(?P<zone>[+-]\d{1,2}:?\d{0,2}|[a-z]{1,5})?",
)


@dataclass(frozen=True)
class Item:
    """One item. ``problem`` says why it cannot be kept; ``excerpt`` shows it as far as it could be read."""

    ordinal: int
    item_id: str | None
    url: str | None
    title: str | None
    summary: str | None
    published_at: datetime | None
    updated_at: datetime | None
    source_name: str | None
    problem: str | None
    excerpt: str


def read_items(body: bytes, content_type: str | None, base_url: str) -> list[Item]:
    """The items of a feed in its own order. Raises ``NotTheFormat`` if the body is none, or hostile."""
    text = prove(body, content_type)
    raw = _json_items(text) if text.startswith("{") else _xml_items(text, base_url)
    return [_item(ordinal, fields, base_url) for ordinal, fields in enumerate(raw, start=1)]


def prove(body: bytes, content_type: str | None) -> str:
    """The text of a body that can safely be read as a feed. Raises ``NotTheFormat`` with the reason."""
    if len(body) > MAX_BYTES:
        raise NotTheFormat(f"{len(body):,} bytes, more than a feed has ({MAX_BYTES:,}); check its address")
    text = _decode(body, content_type).translate(_UNWANTED).lstrip()
    if text.startswith("{"):
        _json_feed(text)
        return text
    prolog = _PROLOG.match(text)
    rest = text[prolog.end() :] if prolog else text
    if prolog and prolog["doctype"]:
        _check_doctype(prolog["doctype"])
    elif rest[:9].upper() == "<!DOCTYPE":
        raise NotTheFormat("a document type that cannot be read; refused")
    root = _ROOT.match(rest)
    name = root["name"].lower() if root else ""
    if name not in ("rss", "rdf", "feed"):
        what = (
            "an HTML page"
            if name in ("html", "head", "body")
            else f"a document of <{name}>"
            if name
            else "no XML"
        )
        raise NotTheFormat(
            f"{what} where an RSS, Atom or JSON feed was expected; open the address in a browser"
        )
    try:
        # Nothing of the prolog is left, so whatever this finds was hidden: entities, DTDs, references.
        defusedxml.sax.parseString(rest.encode(), _Gate(), forbid_dtd=True)
    except DefusedXmlException as error:
        raise NotTheFormat(
            f"a document type or entity inside the feed ({type(error).__name__}); refused"
        ) from None
    except SAXException as error:
        if len(body) > MAX_BROKEN_BYTES:
            raise NotTheFormat(
                f"{len(body):,} bytes of ill-formed XML ({error}); too large to be repaired"
            ) from None
    return rest


class _Gate(ContentHandler):
    """Stops at what no feed has, before the slower parser sees it."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._items = 0

    def startElement(self, name: str, attrs: Any) -> None:
        self._depth += 1
        self._items += name.rpartition(":")[2].lower() in ("item", "entry")
        if self._depth > MAX_DEPTH:
            raise NotTheFormat(f"elements nested more than {MAX_DEPTH} deep; refused")
        _check_count(self._items)

    def endElement(self, name: str) -> None:
        self._depth -= 1


def _check_count(items: int) -> None:
    if items > MAX_ITEMS:
        raise NotTheFormat(f"more than {MAX_ITEMS:,} items, which no outlet's feed has; check its address")


def _check_doctype(doctype: str) -> None:
    """A document type is dropped, but one that tries something makes the whole feed untrustworthy."""
    read = _DOCTYPE.fullmatch(" ".join(doctype.split())) if len(doctype) < 10_000 else None
    if read is None:
        raise NotTheFormat("a document type that cannot be read; refused")
    if _CHARACTER_ENTITY.sub("", read["subset"] or ""):
        raise NotTheFormat(
            "a document type with declarations beyond single characters, which may be a bomb; refused"
        )
    # Old RSS names Netscape's public DTD; nobody fetches it. A private DTD has no place in a feed.
    if (read["external"] or "").upper().startswith("SYSTEM"):
        raise NotTheFormat("a document type that points to a private external DTD; refused")


def _decode(body: bytes, content_type: str | None) -> str:
    """By byte-order mark, HTTP charset, XML prolog, as UTF-8, or as Windows-1252, which fits anything.

    Where a single-byte charset is declared UTF-8 is tried first: such a body is UTF-8 by chance almost
    never, and mislabelled often. ISO 8859-1 is read as Windows-1252, as browsers do.
    """
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if body.startswith(mark):
            return body.decode(name, "replace").removeprefix("\ufeff")
    declared = []
    if found := _CHARSET.search(content_type or ""):
        declared.append(found[1])
    if found := _XML_CHARSET.match(body[:1000]):
        declared.append(found[1].decode("ascii", "replace"))
    names = [name for name in map(_codec, declared) if name]
    if not names or _SINGLE_BYTE.match(names[0]):
        names.insert(0, "utf-8")
    for name in names:
        try:
            return body.decode(name)
        except UnicodeDecodeError:
            continue
    return body.decode("cp1252", "replace")


def _codec(name: str) -> str | None:
    """A text codec by its declared name; Python knows others, such as zlib, that a feed must not choose."""
    try:
        known = codecs.lookup(name).name
    except LookupError:
        return None
    if known in ("iso8859-1", "ascii"):
        return "cp1252"
    return known if _CODECS.fullmatch(known) else None


def _xml_items(text: str, base_url: str) -> Iterator[dict[str, Any]]:
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": base_url}
    # Text is cleaned below; feedparser's own cleaning would leave titles and links as they are.
    options = {"sanitize_html": False, "resolve_relative_uris": False}
    try:
        parsed = feedparser.parse(BytesIO(text.encode()), response_headers=headers, **options)
    except Exception as error:  # whatever a parser makes of a hostile text, it concerns this one feed only
        raise NotTheFormat(f"a feed that the parser gives up on ({type(error).__name__}: {error})") from error
    _check_count(len(parsed.entries))
    is_rss = parsed.version.startswith("rss")
    for entry in parsed.entries:
        # Not entry.get: feedparser answers for missing keys with the values of other keys.
        fields = {
            name: dict.get(entry, name) for name in ("id", "link", "title", "summary", "published", "updated")
        }
        fields["summary"] = fields["summary"] or _first_content(entry)
        for name in ("published", "updated"):
            fields[f"{name}_parsed"] = dict.get(entry, f"{name}_parsed")
        # In Atom a source is the feed that the entry was copied from; in RSS it is the publisher.
        source = dict.get(entry, "source") if is_rss else None
        fields["source"] = source.get("title") if source else None
        yield fields


def _first_content(entry: dict[str, Any]) -> str | None:
    content = dict.get(entry, "content")
    return content[0].get("value") if content else None


def _json_items(text: str) -> Iterator[dict[str, Any]]:
    for item in _json_feed(text):
        item = item if isinstance(item, dict) else {}
        yield {
            "id": item.get("id"),
            "link": item.get("url") or item.get("external_url"),
            "title": item.get("title"),
            "summary": item.get("summary") or item.get("content_text") or item.get("content_html"),
            "published": item.get("date_published"),
            "updated": item.get("date_modified"),
        }


def _json_feed(text: str) -> list[Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotTheFormat(f"JSON that cannot be read ({error}); open the address in a browser") from None
    items = data.get("items")
    if not _JSON_FEED.match(str(data.get("version"))) or not isinstance(items, list):
        raise NotTheFormat("JSON, but no JSON Feed (no version and items); check the address")
    _check_count(len(items))
    return items


def _item(ordinal: int, fields: dict[str, Any], base_url: str) -> Item:
    url = canonical_link(_text(fields.get("link")), base_url)
    item_id = " ".join((_text(fields.get("id")) or "").translate(_UNWANTED).split()) or url
    updated = _date(fields, "updated")
    title = plain_text(_text(fields.get("title")), TITLE_CHARS)
    problem = None
    if item_id is None:
        problem = "no id and no http link"
    elif len(item_id) > ID_CHARS:
        problem = f"an id of more than {ID_CHARS} characters"
    return Item(
        ordinal=ordinal,
        item_id=item_id,
        url=url,
        title=title,
        summary=plain_text(_text(fields.get("summary")), SUMMARY_CHARS),
        published_at=_date(fields, "published") or updated,
        updated_at=updated,
        source_name=plain_text(_text(fields.get("source")), TITLE_CHARS),
        problem=problem,
        excerpt=json.dumps({"id": item_id and item_id[:100], "url": url, "title": title}, ensure_ascii=False)[
            :500
        ],
    )


def _text(value: Any) -> str | None:
    if not isinstance(value, str | int | float):
        return None
    # JSON can carry half a surrogate pair, which no database takes.
    return str(value).encode("utf-8", "ignore").decode()


def plain_text(text: str | None, limit: int) -> str | None:
    """Text without markup, control characters or runs of white space, cut to length; None if nothing is left.

    Entities are decoded once. Only if that brings tags to light, as where an outlet escapes twice, is it
    done again: no tag ever leaves this function.
    """
    if not text:
        return None
    text = text[: 50 * limit]
    for _ in range(3):
        text = html.unescape(nh3.clean(text.translate(_UNWANTED), tags=set(), attributes={}))
        if not _TAG_LIKE.search(text):
            break
    text = " ".join(_TAG_LIKE.sub("", text.translate(_UNWANTED)).split())
    if len(text) > limit:
        text = text[: limit - 1].rstrip() + "…"
    return text or None


def canonical_link(link: str | None, base_url: str) -> str | None:
    """An absolute http or https link without tracking parameters, fragment or user information; else None."""
    if not link or not link.strip():
        return None
    try:
        link = re.sub(r"\s+", "", link.translate(_UNWANTED))
        # Joined with a base, an empty "https://" would become the base.
        parts = urlsplit(link if urlsplit(link).scheme else urljoin(base_url, link))
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or re.search(r"[<>\"'\\\s]", host):
        return None
    netloc = f"[{host}]" if ":" in host else host
    if port and port != {"http": 80, "https": 443}[parts.scheme]:
        netloc += f":{port}"
    query = parts.query
    if any(_TRACKER.fullmatch(field.partition("=")[0]) for field in query.split("&")):
        query = urlencode(
            [(name, value) for name, value in parse_qsl(query, True) if not _TRACKER.fullmatch(name)]
        )
    clean = urlunsplit((parts.scheme, netloc, parts.path, query, ""))
    clean = _UNSAFE_IN_LINK.sub(lambda found: f"%{ord(found[0]):02X}", clean)
    return clean if len(clean) <= LINK_CHARS else None


def _date(fields: dict[str, Any], name: str) -> datetime | None:
    moment = read_date(_text(fields.get(name)))
    if moment is None and fields.get(f"{name}_parsed"):
        try:
            moment = datetime.fromtimestamp(calendar.timegm(fields[f"{name}_parsed"]), UTC)
        except (ValueError, OverflowError, OSError, TypeError):
            return None
    return moment if moment and moment >= EARLIEST else None


def read_date(text: str | None) -> datetime | None:
    """An instant in UTC from RFC 3339, RFC 822 or what outlets make of them, in English or French; else None.

    A zone that is missing or unknown counts as UTC.
    """
    if not text:
        return None
    text = " ".join(text.split())[:100]
    try:
        return _utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        pass
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    if found := _WORDED_DATE.search(plain):
        month = _MONTHS.get(found["month"])
        try:
            moment = datetime(
                int(found["year"]),
                month or 0,
                int(found["day"]),
                int(found["hour"] or 0),
                int(found["minute"] or 0),
                min(int(found["second"] or 0), 59),
                tzinfo=UTC,
            )
            return moment - _offset(found["zone"] or "")
        except (ValueError, OverflowError):
            pass
    try:
        return _utc(parsedate_to_datetime(text))
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _offset(zone: str) -> timedelta:
    if zone[:1] not in ("+", "-"):
        return timedelta(hours=_ZONES.get(zone, 0))
    hours, _, minutes = zone[1:].partition(":") if ":" in zone else (zone[1:3], "", zone[3:5])
    offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return -offset if zone[0] == "-" else offset
