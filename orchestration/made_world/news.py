"""How the press tells the made history: nine outlets, their items over five years, and their feeds.

What belongs here: who writes of what and when, and the feed formats. What does not: the words (wording), HTTP
validators and status (publishers, server).

Every outlet, word and address is invented. Titles begin with ``[Made]``, links point below
https://made.example/, and each feed says in its own description that it is made.
"""

import hashlib
import json
import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cached_property
from math import log1p
from xml.sax.saxutils import escape

from orchestration.made_world.geography import Actor, actors, countries
from orchestration.made_world.wording import OTHER_NEWS, report
from orchestration.made_world.world import MADE_LABEL, WORLD_END, WORLD_START, Incident, World

ITEMS_IN_FEED = 60
FUTURE_ITEM_APPEARS = datetime(2026, 6, 27, 8, tzinfo=UTC)
FUTURE_ITEM_DATE = datetime(2026, 7, 9, 8, tzinfo=UTC)


@dataclass(frozen=True)
class Outlet:
    feed_id: str
    publisher: str
    language: str
    reliability: str
    format: str
    """rss, rdf, atom, json, html (no feed although the status is 200) or gone (404)."""
    path: str
    countries: tuple[str, ...]
    interest: float
    encoding: str = "utf-8"
    dated: bool = True
    etag: bool = True
    last_modified: bool = True
    rewrites: float = 0.0
    """Share of items whose headline changes later under the same guid."""


_SAHEL = ("MLI", "BFA", "NER")
_COAST = ("BEN", "TGO", "GHA", "CIV", "GIN", "SEN", "GMB", "GNB", "NGA")
_LAKE = ("NGA", "TCD", "CMR", "NER")
OUTLETS = (
    Outlet("made_sahel_wire", "Made World Wire", "en", "high", "rss",
           "/news/sahel-wire/feed.xml", tuple(countries()), 0.30, rewrites=0.1),
    Outlet("made_courrier_fleuve", "Made World Courrier du Fleuve", "fr", "medium", "rss",
           "/news/courrier-fleuve/rss", (*_SAHEL, "SEN", "MRT", "GIN"), 0.35,
           encoding="windows-1252", etag=False),
    Outlet("made_harmattan_review", "Made World Harmattan Review", "en", "high", "rdf",
           "/news/harmattan/headlines.rdf", (*_SAHEL, *_LAKE), 0.20, last_modified=False),
    Outlet("made_radio_savane", "Made World Radio Savane", "fr", "medium", "atom",
           "/news/radio-savane/atom.xml", (*_SAHEL, "BEN", "TGO", "CIV", "TCD"), 0.35),
    Outlet("made_gulf_desk", "Made World Gulf Desk", "en", "medium", "json",
           "/news/gulf-desk/feed.json", (*_COAST, "MLI", "SDN", "ERI"), 0.22),
    Outlet("made_analysts_notebook", "Made World Analysts' Notebook", "en", "high", "rss",
           "/news/notebook/rss.xml", (*_SAHEL, "NGA", "SDN"), 0.05, dated=False),
    Outlet("made_bulletin_liptako", "Made World Bulletin du Liptako", "fr", "low", "rss",
           "/news/liptako/rss", _SAHEL, 0.40, etag=False, rewrites=0.4),
    Outlet("made_consent_page", "Made World Consent Page", "en", "low", "html", "/news/consent/rss", (), 0.0),
    Outlet("made_closed_desk", "Made World Closed Desk", "fr", "low", "gone", "/news/closed/feed", (), 0.0),
)  # fmt: skip


@dataclass(frozen=True)
class Item:
    """One entry of one outlet, with the headlines it has had. ``incident_id`` None: about something else."""

    feed_id: str
    guid: str
    url: str
    appears_at: datetime
    dated_at: datetime
    titles: tuple[tuple[datetime, str], ...]
    summary: str
    incident_id: str | None
    note: str = ""
    """What is special about it: wire_copy, reposted, future, headline_changes or attribution_conflict."""
    authors: tuple[str, ...] = field(default=())

    def title_at(self, as_of: datetime) -> str:
        return [title for since, title in self.titles if since <= as_of][-1]

    def changed_at(self, as_of: datetime) -> datetime:
        return max(since for since, _ in self.titles if since <= as_of)


class News:
    """The press of one world."""

    def __init__(self, world: World) -> None:
        self.world = world

    def items(self, feed_id: str) -> tuple[Item, ...]:
        """All items of an outlet over the five years, in order of appearance."""
        return self._told[feed_id]

    def visible(self, outlet: Outlet, as_of: datetime) -> list[Item]:
        """The items its feed shows then, newest first."""
        items = self._told[outlet.feed_id]
        end = bisect_right(items, as_of, key=lambda item: item.appears_at)
        return list(reversed(items[max(0, end - ITEMS_IN_FEED) : end]))

    def changed_at(self, outlet: Outlet, as_of: datetime) -> datetime:
        """When the feed last changed: what Last-Modified says."""
        shown = self.visible(outlet, as_of)
        return max((item.changed_at(as_of) for item in shown), default=_START)

    def render(self, outlet: Outlet, as_of: datetime) -> tuple[bytes, str]:
        """The feed's bytes and content type."""
        shown = self.visible(outlet, as_of)
        if outlet.format == "json":
            return _json_feed(outlet, shown, as_of), "application/feed+json; charset=utf-8"
        if outlet.format == "html":
            return _consent_page(outlet), "text/html; charset=utf-8"
        render = {"rss": _rss, "rdf": _rdf, "atom": _atom}[outlet.format]
        text = render(outlet, shown, as_of, self.changed_at(outlet, as_of))
        kind = {"rss": "application/rss+xml", "rdf": "text/xml", "atom": "application/atom+xml"}[
            outlet.format
        ]
        if outlet.encoding == "utf-8":
            kind += "; charset=utf-8"  # the windows-1252 outlet leaves it to the prolog
        return text.encode(outlet.encoding, errors="xmlcharrefreplace"), kind

    @cached_property
    def _told(self) -> dict[str, tuple[Item, ...]]:
        told: dict[str, list[Item]] = {outlet.feed_id: [] for outlet in OUTLETS}
        for outlet in OUTLETS:
            if outlet.interest:
                told[outlet.feed_id].extend(self._background(outlet))
        for incident in self.world.incidents:
            for item in self._reports_of(incident):
                told[item.feed_id].append(item)
        told["made_bulletin_liptako"].append(_future_item())
        return {
            feed_id: tuple(sorted(items, key=lambda item: (item.appears_at, item.guid)))
            for feed_id, items in told.items()
        }

    def _reports_of(self, incident: Incident) -> Iterator[Item]:
        wire: Item | None = None
        # When the press disagrees on who did it, it is by outlet, in turn.
        disputed = incident.planted == "jnim_in_nigeria"
        interested = [outlet for outlet in OUTLETS if incident.country_iso3 in outlet.countries]
        for number, outlet in enumerate(interested):
            rng = self.world.stream("news", incident.incident_id, outlet.feed_id)
            chance = outlet.interest * (0.5 + 0.45 * log1p(incident.best)) * incident.coverage
            if rng.random() >= min(0.95, chance) and not disputed:
                continue
            blamed = actors()[990003] if disputed and number % 2 == 0 else None
            item = self._report(rng, outlet, incident, blamed)
            if outlet.feed_id == "made_sahel_wire":
                wire = item
            elif wire and outlet.language == "en" and outlet.format != "rdf" and rng.random() < 0.4:
                item = _copy_of_wire(item, wire)
            yield item
            if rng.random() < 0.02:
                yield _reposted(item)

    def _report(self, rng: random.Random, outlet: Outlet, incident: Incident, blamed: Actor | None) -> Item:
        appears = incident.happened_at + timedelta(minutes=rng.randint(90, 36 * 60))
        toll = max(0, incident.best + rng.choice((0, 0, 0, -1, 1, 2)))
        if incident.best == 0:
            toll = 0
        title, summary = report(rng, outlet.language, incident, toll, blamed)
        titles = [(appears, f"[Made] {title}")]
        note = "attribution_conflict" if incident.planted == "jnim_in_nigeria" else ""
        if rng.random() < outlet.rewrites:
            later = toll + rng.randint(1, 6)
            new_title, _ = report(rng, outlet.language, incident, later, blamed)
            if new_title != title:
                titles.append((appears + timedelta(minutes=rng.randint(40, 900)), f"[Made] {new_title}"))
                note = note or "headline_changes"
        guid = f"{outlet.feed_id}-{incident.incident_id.lower()}"
        return Item(
            feed_id=outlet.feed_id,
            guid=guid,
            url=f"https://made.example/{outlet.feed_id.removeprefix('made_').replace('_', '-')}/{guid}",
            appears_at=appears,
            dated_at=appears - timedelta(minutes=rng.randint(0, 50)),
            titles=tuple(titles),
            summary=f"{summary} ({MADE_LABEL}.)",
            incident_id=incident.incident_id,
            note=note,
        )

    def _background(self, outlet: Outlet) -> Iterator[Item]:
        """What else a newspaper writes about."""
        rng = self.world.stream("news-background", outlet.feed_id)
        day = datetime(WORLD_START.year, WORLD_START.month, WORLD_START.day, tzinfo=UTC)
        number = 0
        while day < WORLD_END:
            appears = day + timedelta(minutes=rng.randint(6 * 60, 20 * 60))
            country = countries()[rng.choice(outlet.countries)]
            number += 1
            title = rng.choice(OTHER_NEWS[outlet.language])
            name = country.name_fr if outlet.language == "fr" else country.name
            guid = f"{outlet.feed_id}-other-{number}"
            yield Item(
                feed_id=outlet.feed_id,
                guid=guid,
                url=f"https://made.example/{outlet.feed_id.removeprefix('made_').replace('_', '-')}/{guid}",
                appears_at=appears,
                dated_at=appears,
                titles=((appears, f"[Made] {title.format(country=name)}"),),
                summary=f"{title.format(country=name)}. ({MADE_LABEL}.)",
                incident_id=None,
            )
            day += timedelta(days=rng.choice((1, 2, 2, 3)))


_START = datetime(WORLD_START.year, WORLD_START.month, WORLD_START.day, tzinfo=UTC)


def _copy_of_wire(item: Item, wire: Item) -> Item:
    """The wire's words under the outlet's own guid and address: one story, not two."""
    appears = max(item.appears_at, wire.appears_at + timedelta(minutes=30))
    return Item(
        feed_id=item.feed_id,
        guid=item.guid,
        url=item.url,
        appears_at=appears,
        dated_at=appears,
        titles=((appears, wire.titles[0][1]),),
        summary=wire.summary,
        incident_id=item.incident_id,
        note="wire_copy",
        authors=("Made World Wire",),
    )


def _reposted(item: Item) -> Item:
    """The same text once more a day later, under a new guid."""
    appears = item.appears_at + timedelta(days=1)
    return Item(
        feed_id=item.feed_id,
        guid=f"{item.guid}-again",
        url=f"{item.url}-again",
        appears_at=appears,
        dated_at=appears,
        titles=((appears, item.titles[0][1]),),
        summary=item.summary,
        incident_id=item.incident_id,
        note="reposted",
    )


def _future_item() -> Item:
    return Item(
        feed_id="made_bulletin_liptako",
        guid="made_bulletin_liptako-future",
        url="https://made.example/bulletin-liptako/made_bulletin_liptako-future",
        appears_at=FUTURE_ITEM_APPEARS,
        dated_at=FUTURE_ITEM_DATE,
        titles=((FUTURE_ITEM_APPEARS, "[Made] Burkina Faso : à paraître, notre dossier de juillet"),),
        summary=f"Cet article porte une date à venir. ({MADE_LABEL}.)",
        incident_id=None,
        note="future",
    )


# Feed formats


def _prolog(outlet: Outlet) -> str:
    return f'<?xml version="1.0" encoding="{outlet.encoding}"?>\n'


def _rss(outlet: Outlet, items: list[Item], as_of: datetime, changed_at: datetime) -> str:
    parts = [
        _prolog(outlet),
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>',
        f"<title>{escape(outlet.publisher)}</title><link>https://made.example/</link>",
        f"<description>{MADE_LABEL}</description><language>{outlet.language}</language><ttl>30</ttl>",
    ]
    if outlet.dated:
        parts.append(f"<lastBuildDate>{format_datetime(changed_at, usegmt=True)}</lastBuildDate>")
    for item in items:
        date = f"<pubDate>{format_datetime(item.dated_at, usegmt=True)}</pubDate>" if outlet.dated else ""
        author = "".join(f"<dc:creator>{escape(name)}</dc:creator>" for name in item.authors)
        parts.append(
            f"\n<item><title>{escape(item.title_at(as_of))}</title><link>{item.url}</link>"
            f'<guid isPermaLink="false">{item.guid}</guid>{date}{author}'
            f"<description>{escape(item.summary)}</description></item>"
        )
    return "".join([*parts, "\n</channel></rss>\n"])


def _rdf(outlet: Outlet, items: list[Item], as_of: datetime, changed_at: datetime) -> str:
    listed = "".join(f'<rdf:li rdf:resource="{item.url}"/>' for item in items)
    parts = [
        _prolog(outlet),
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" ',
        'xmlns:dc="http://purl.org/dc/elements/1.1/">',
        f'<channel rdf:about="https://made.example/harmattan"><title>{escape(outlet.publisher)}</title>',
        f"<link>https://made.example/</link><description>{MADE_LABEL}</description>",
        f"<dc:language>{outlet.language}</dc:language><dc:date>{changed_at:%Y-%m-%dT%H:%M:%SZ}</dc:date>",
        f"<items><rdf:Seq>{listed}</rdf:Seq></items></channel>",
    ]
    parts += [
        f'\n<item rdf:about="{item.url}"><title>{escape(item.title_at(as_of))}</title><link>{item.url}</link>'
        f"<description>{escape(item.summary)}</description><dc:date>{item.dated_at:%Y-%m-%dT%H:%M:%S+00:00}</dc:date>"
        "</item>"
        for item in items
    ]
    return "".join([*parts, "\n</rdf:RDF>\n"])


def _atom(outlet: Outlet, items: list[Item], as_of: datetime, changed_at: datetime) -> str:
    parts = [
        _prolog(outlet),
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{outlet.language}">',
        f"<title>{escape(outlet.publisher)}</title><subtitle>{MADE_LABEL}</subtitle>",
        '<id>https://made.example/radio-savane</id><link rel="alternate" href="https://made.example/"/>',
        f"<updated>{changed_at:%Y-%m-%dT%H:%M:%SZ}</updated><author><name>{escape(outlet.publisher)}</name></author>",
    ]
    parts += [
        f'\n<entry><id>{item.guid}</id><title type="text">{escape(item.title_at(as_of))}</title>'
        f'<link rel="alternate" href="{item.url}"/><published>{item.dated_at:%Y-%m-%dT%H:%M:%SZ}</published>'
        f"<updated>{item.changed_at(as_of):%Y-%m-%dT%H:%M:%SZ}</updated>"
        f'<summary type="html">{escape(item.summary)}</summary></entry>'
        for item in items
    ]
    return "".join([*parts, "\n</feed>\n"])


def _json_feed(outlet: Outlet, items: list[Item], as_of: datetime) -> bytes:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": outlet.publisher,
        "description": MADE_LABEL,
        "home_page_url": "https://made.example/",
        "language": outlet.language,
        "items": [
            {
                "id": item.guid,
                "url": item.url,
                "title": item.title_at(as_of),
                "content_html": item.summary,
                "date_published": item.dated_at.isoformat().replace("+00:00", "Z"),
                "authors": [{"name": name} for name in item.authors],
            }
            for item in items
        ],
    }
    return json.dumps(feed, ensure_ascii=False, indent=1).encode()


def _consent_page(outlet: Outlet) -> bytes:
    return (
        f"<!DOCTYPE html>\n<html><head><title>{escape(outlet.publisher)}</title></head>"
        f"<body><h1>Before you continue</h1><p>Please accept our cookies. ({MADE_LABEL}.)</p></body></html>\n"
    ).encode()


def entity_tag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:24]}"'
