"""A made ReliefWeb: version 2 of its API, and its RSS, over entries that are given.

What belongs here: the protocol as the publisher keeps it (appname, presets, filters, order, paging, the default
of ten, the envelope, the firewall) and faults that a test asks for. What does not: what the entries tell
(``reliefweb``), and sockets (``server``).
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from typing import Any
from urllib.parse import quote

from orchestration.made_world.publishers import Answer, Request
from orchestration.made_world.world import MADE_LABEL

DEFAULT_LIMIT = 10
MOST_PER_CALL = 1_000
ITEMS_IN_RSS = 20
_ARCHIVED = ("archive", "alert-archive")
_NOT_APPROVED = (
    "You are not using an approved appname. Kindly request an appname from ReliefWeb here: "
    "https://apidoc.reliefweb.int/parameters#appname"
)


@dataclass
class Entry:
    """One report or disaster: what it said since when, and when it was taken down, if it was."""

    number: int
    versions: list[tuple[datetime, dict[str, Any]]]
    removed_at: datetime | None = None

    def at(self, as_of: datetime) -> dict[str, Any] | None:
        """Its fields then, with the stamp of the last save; None before it was posted and after it is gone."""
        known = [version for version in self.versions if version[0] <= as_of]
        if not known or (self.removed_at and self.removed_at <= as_of):
            return None
        saved_at, fields = known[-1]
        created = fields["date"].get("created") or _iso(self.versions[0][0])
        return {
            "id": self.number,
            **fields,
            "date": {**fields["date"], "created": created, "changed": _iso(saved_at)},
        }


@dataclass
class ReliefWebApi:
    """``handle`` answers below both base addresses: /v2/… and /updates/rss.xml, /disasters/rss.xml.

    ``faults`` are taken one a request, None for none: challenge, challenge_page (of the firewall), forbidden,
    html, unavailable, no_limit (it gives ten whatever is asked), wrong_total, no_filter. ``before_answer`` is
    called with the number of the request, to change the entries while a client pages through them.
    """

    reports: list[Entry] = field(default_factory=list)
    disasters: list[Entry] = field(default_factory=list)
    appnames: frozenset[str] = frozenset({"made-world"})
    faults: deque[str | None] = field(default_factory=deque)
    before_answer: Callable[[int], None] | None = None
    asked: list[Request] = field(default_factory=list)

    def handle(self, request: Request, as_of: datetime) -> Answer:
        self.asked.append(request)
        if self.before_answer:
            self.before_answer(len(self.asked))
        fault = self.faults.popleft() if self.faults else None
        if fault in ("challenge", "challenge_page"):
            status = 202 if fault == "challenge" else 405
            return _page(status, "Made challenge", {"x-amzn-waf-action": "challenge"})
        if fault == "html":
            return _page(200, "Made maintenance page")
        if fault == "unavailable":
            return _error(503, "ServiceUnavailable", "Made outage")
        if request.path in ("/updates/rss.xml", "/disasters/rss.xml"):
            return self._rss(request.path, as_of)
        _, version, *rest = request.path.split("/")
        if version == "v1":
            return _error(
                410,
                "GoneHttpException",
                "The API version 'v1' has been decommissioned. Please use version 'v2' instead.",
            )
        kind = rest[0] if version == "v2" and len(rest) == 1 else ""
        if kind not in ("reports", "disasters"):
            return _error(404, "NotFoundHttpException", "No such resource")
        if fault == "forbidden" or request.query.get("appname") not in self.appnames:
            return _error(403, "AccessDeniedHttpException", _NOT_APPROVED)
        try:
            asked = json.loads(request.body) if request.body else {}
        except ValueError:
            return _error(400, "BadRequestHttpException", "Invalid JSON payload")
        return self._list(kind, asked, request, as_of, fault)

    def _list(
        self, kind: str, asked: dict[str, Any], request: Request, as_of: datetime, fault: str | None
    ) -> Answer:
        shown = [fields for entry in getattr(self, kind) if (fields := entry.at(as_of))]
        if kind == "disasters" and asked.get("preset") != "analysis":
            shown = [fields for fields in shown if fields["status"] not in _ARCHIVED]
        if "filter" in asked and fault != "no_filter":
            shown = [fields for fields in shown if _holds(asked["filter"], fields)]
        for order in reversed(asked.get("sort", ["id:asc"])):
            name, _, direction = order.partition(":")
            shown.sort(key=lambda fields, name=name: _first(fields, name), reverse=direction == "desc")
        limit = (
            DEFAULT_LIMIT if fault == "no_limit" else min(asked.get("limit", DEFAULT_LIMIT), MOST_PER_CALL)
        )
        offset = asked.get("offset", 0)
        include = asked.get("fields", {}).get("include") or ["title" if kind == "reports" else "name"]
        data = [
            {
                "id": str(fields["id"]),
                "score": 1,
                "href": f"https://made.example/v2/{kind}/{fields['id']}",
                "fields": _projected(fields, include),
            }
            for fields in shown[offset : offset + limit]
        ]
        href = f"https://made.example/v2/{kind}?appname={quote(request.query['appname'], safe='')}"
        links = {"self": {"href": href}}
        if offset + limit < len(shown):
            links["next"] = {"href": f"{href}&offset={offset + limit}&limit={limit}"}
        body = {
            "time": 3,
            "href": href,
            "links": links,
            "took": 1,
            "totalCount": len(shown) + (fault == "wrong_total"),
            "count": len(data),
            "data": data,
        }
        return Answer(json.dumps(body).encode(), "application/json")

    def _rss(self, path: str, as_of: datetime) -> Answer:
        is_reports = path == "/updates/rss.xml"
        entries = self.reports if is_reports else self.disasters
        dated = "created" if is_reports else "event"
        shown = [fields for entry in entries if (fields := entry.at(as_of))]
        shown.sort(key=lambda fields: (fields["date"][dated], fields["id"]), reverse=True)
        items = "".join(_item(fields, is_reports, dated) for fields in shown[:ITEMS_IN_RSS])
        body = (
            '<?xml version="1.0" encoding="utf-8" ?>\n'
            '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>'
            f"<title>ReliefWeb - {MADE_LABEL}</title><link>https://made.example</link>"
            f"<description>{MADE_LABEL}</description><language>en</language>{items}</channel></rss>\n"
        ).encode()
        changed = max((datetime.fromisoformat(fields["date"]["changed"]) for fields in shown), default=None)
        return Answer(body, "application/rss+xml; charset=utf-8", last_modified=changed)


def _item(fields: dict[str, Any], is_reports: bool, dated: str) -> str:
    names = [country["name"] for country in fields["country"]]
    word = "country" if len(names) == 1 else "countries"
    label = word.capitalize() if is_reports else f"Affected {word}"
    tags = [f"{label}: {', '.join(names)}"]
    classes = ["country"]
    sources = [source["name"] for source in fields.get("source", [])]
    if sources:
        classes.append("source")
        tags.append(f"{'Source' if len(sources) == 1 else 'Sources'}: {', '.join(sources)}")
    if fields.get("glide"):
        classes.append("glide")
        tags.append(f"Glide: {fields['glide']}")
    heads = "".join(
        f'<div class="tag {name}">{escape(tag)}</div>' for name, tag in zip(classes, tags, strict=True)
    )
    title = fields["title"] if is_reports else fields["name"]
    if is_reports:
        title = f"{names[0]}: {title}"
    moment = format_datetime(datetime.fromisoformat(fields["date"][dated]).astimezone(UTC))
    categories = "".join(f"<category>{escape(name)}</category>" for name in [*names, *sources])
    description = escape(f"{heads}<p>{escape(fields.get('body') or MADE_LABEL)}</p>")
    return (
        f"\n<item><title>{escape(title)}</title><link>{fields['url_alias']}</link>"
        f'<guid isPermaLink="true">{fields["url_alias"]}</guid><pubDate>{moment}</pubDate>'
        f"<description>{description}</description>{categories}</item>"
    )


def _holds(condition: dict[str, Any], fields: dict[str, Any]) -> bool:
    """Whether a filter holds: nested conditions, a range, one value or several; text without regard to case."""
    if "conditions" in condition:
        results = [_holds(one, fields) for one in condition["conditions"]]
        held = any(results) if condition.get("operator") == "OR" else all(results)
    else:
        told = list(_values(fields, condition["field"]))
        value = condition.get("value")
        if isinstance(value, dict):
            moments = [datetime.fromisoformat(one) for one in told]
            first = datetime.fromisoformat(value["from"]) if "from" in value else None
            last = datetime.fromisoformat(value["to"]) if "to" in value else None
            held = any(
                (first is None or moment >= first) and (last is None or moment.replace(microsecond=0) <= last)
                for moment in moments
            )
        else:
            wanted = [str(one).lower() for one in (value if isinstance(value, list) else [value])]
            has = {str(one).lower() for one in told}
            every = condition.get("operator", "AND") == "AND"
            held = all(one in has for one in wanted) if every else any(one in has for one in wanted)
    return held != bool(condition.get("negate"))


def _values(value: Any, path: str) -> Iterator[Any]:
    """What lies at a dotted path; of a list, what lies there in each of its members."""
    if isinstance(value, list):
        for one in value:
            yield from _values(one, path)
    elif not path:
        if value is not None:
            yield value
    elif isinstance(value, dict):
        name, _, rest = path.partition(".")
        yield from _values(value.get(name), rest)


def _first(fields: dict[str, Any], path: str) -> Any:
    return next(_values(fields, path), "")


def _projected(fields: dict[str, Any], include: Iterable[str]) -> dict[str, Any]:
    """The fields asked for, of objects and lists of objects only the parts asked for."""
    wanted: dict[str, list[str]] = {}
    for name in include:
        head, _, rest = name.partition(".")
        wanted.setdefault(head, []).append(rest)
    shown = {}
    for name, parts in wanted.items():
        value = fields.get(name)
        if value is None or value == []:
            continue  # the real one leaves out what is empty
        if "" in parts:
            shown[name] = value
        elif isinstance(value, list):
            shown[name] = [_projected(one, parts) for one in value]
        else:
            shown[name] = _projected(value, parts)
    return shown


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _error(status: int, kind: str, message: str) -> Answer:
    body = {"status": status, "error": {"type": kind, "message": message}}
    return Answer(json.dumps(body).encode(), "application/json", status=status)


def _page(status: int, text: str, headers: dict[str, str] | None = None) -> Answer:
    body = f"<!DOCTYPE html>\n<html><head><title>{MADE_LABEL}</title></head><body>{text}</body></html>\n"
    return Answer(body.encode(), "text/html; charset=utf-8", status=status, headers=headers or {})
