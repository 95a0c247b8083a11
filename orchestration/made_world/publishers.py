"""What every made publisher would answer at one instant: paths to bodies, validators and absences.

What belongs here: which file exists when, the GDELT lists, the feed list, which API is served under which prefix,
and the headers that describe a body. What does not: the content of files (ucdp, gdelt, news), the APIs themselves
(``<feed>_api``) and sockets (server).
"""

import copy
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Protocol

from orchestration.made_world.acled import Acled
from orchestration.made_world.gdelt import (
    DEFAULT_WINDOWS,
    KINDS,
    Gdelt,
    file_path,
    publication_lag,
    slots_between,
)
from orchestration.made_world.insecurity_insight import MadeInsecurityInsight
from orchestration.made_world.news import OUTLETS, News, entity_tag
from orchestration.made_world.ucdp import Release, Ucdp
from orchestration.made_world.world import MADE_LABEL, WORLD_END, World

ACCOUNT = ("made-analyst@made.example", "made-pass-2021")
APPNAME = "made-appname-2021"
UCDP_TOKEN = "made-token-2021"
"""What the made publishers let in: ACLED's user name and password, ReliefWeb's appname, the token of UCDP's API."""


@dataclass(frozen=True)
class Answer:
    """A body as it stands at a path, with what the publisher says about it."""

    body: bytes
    content_type: str
    last_modified: datetime | None = None
    etag: str | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """What a client asks of an API: ``path`` is below the API's own prefix, header names are lower-case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Api(Protocol):
    """A publisher that is asked in its own protocol, not for files."""

    def handle(self, request: Request, as_of: datetime) -> Answer:
        """What it answers at that instant."""


class Apis(MutableMapping[str, Api]):
    """APIs by the first part of their path. Those of the world are drawn when first asked for; any may be replaced."""

    def __init__(self, makers: Mapping[str, Callable[[], Api]]) -> None:
        self._makers = dict(makers)
        self._made: dict[str, Api] = {}

    def __getitem__(self, name: str) -> Api:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __setitem__(self, name: str, api: Api) -> None:
        self._made[name] = api

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        self._made.pop(name, None)
        self._makers.pop(name, None)

    def __ior__(self, others: Mapping[str, Api]) -> "Apis":
        self.update(others)
        return self

    def __contains__(self, name: object) -> bool:
        return name in self._made or name in self._makers

    def __iter__(self) -> Iterator[str]:
        return iter({**self._makers, **self._made})

    def __len__(self) -> int:
        return len({**self._makers, **self._made})


class Publishers:
    """UCDP, GDELT, the press and the APIs of one world at ``as_of``, which may be moved on while they are served.

    ``down`` names feeds (ucdp, gdelt, news, or an API's prefix) that answer 503 to everything. ``gdelt_windows``
    are the stretches of time that the GDELT lists cover; slots outside them exist but are not listed.
    """

    def __init__(
        self,
        world: World | None = None,
        as_of: datetime = WORLD_END,
        gdelt_windows: tuple[tuple[datetime, datetime], ...] = DEFAULT_WINDOWS,
    ) -> None:
        self.world = world or World()
        self.as_of = as_of
        self.gdelt_windows = gdelt_windows
        self.down: set[str] = set()
        self.apis: MutableMapping[str, Api] = self._made_apis()
        """By the first part of the path, which is the publisher's base address here."""
        self.ucdp = Ucdp(self.world)
        self.gdelt = Gdelt(self.world)
        self.news = News(self.world)
        self.acled = Acled(self.world)
        self.insecurity_insight = MadeInsecurityInsight(self.world)
        self._releases = {release.path: release for release in self.ucdp.releases}
        self._outlets = {outlet.path: outlet for outlet in OUTLETS}
        self._gdelt_files = {"export.CSV.zip": "export", "mentions.CSV.zip": "mentions", "gkg.csv.zip": "gkg"}
        self._cache: dict[tuple[str, datetime], Answer] = {}
        self._listings: dict[tuple[bool, tuple[tuple[datetime, datetime], ...]], _Listing] = {}
        self._lock = threading.Lock()

    def at(
        self, as_of: datetime, gdelt_windows: tuple[tuple[datetime, datetime], ...] | None = None
    ) -> "Publishers":
        """The same publishers with a clock of their own, sharing all that is already drawn."""
        other = copy.copy(self)
        other.as_of = as_of
        other.gdelt_windows = gdelt_windows or self.gdelt_windows
        other.down = set()
        return other

    def _made_apis(self) -> Apis:
        # They know Answer and Request from here.
        from orchestration.made_world.acled_api import AcledApi
        from orchestration.made_world.context import context_apis
        from orchestration.made_world.insecurity_insight_api import InsecurityInsightApi
        from orchestration.made_world.reliefweb import made_api
        from orchestration.made_world.ucdp_api import UcdpApi, told_by

        def reliefweb() -> Api:
            api = made_api(self.world)
            api.appnames = frozenset({APPNAME})
            return api

        context = cache(lambda: context_apis(self.world))
        return Apis(
            {
                "ucdp_api": lambda: UcdpApi(told_by(self.ucdp), UCDP_TOKEN),
                "acled": lambda: AcledApi(self.acled, accounts=dict([ACCOUNT])),
                "reliefweb": reliefweb,
                "insecurity_insight": lambda: InsecurityInsightApi(self.insecurity_insight.rows),
                "worldbank": lambda: context()["worldbank"],
                "unhcr": lambda: context()["unhcr"],
                "idmc": lambda: context()["idmc"],
                "coups": lambda: context()["coups"],
                "peacekeeping": lambda: context()["peacekeeping"],
            }
        )

    @property
    def as_of(self) -> datetime:
        return self._as_of

    @as_of.setter
    def as_of(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError(f"as_of must know its time zone; {at.isoformat()} does not (use UTC)")
        self._as_of = at.astimezone(UTC)

    def handle(self, request: Request) -> Answer:
        """What any request gets now: an API's answer, or that of the files."""
        name, _, path = request.path.strip("/").partition("/")
        if name not in self.apis:
            return self.answer(request.path)
        if name in self.down:
            return _page(503, "Made outage: this publisher is down.")
        with self._lock:
            return self.apis[name].handle(replace(request, path=f"/{path}"), self.as_of)

    def answer(self, path: str) -> Answer:
        """What a GET of this path gets now: below /ucdp, /gdelt and /news, one base address each."""
        feed = path.strip("/").split("/", 1)[0]
        if feed in self.down:
            return _page(503, "Made outage: this publisher is down.")
        as_of = self.as_of
        with self._lock:  # the world's parts are drawn on first use; one thread at a time may draw them
            if feed == "ucdp":
                found = self._ucdp(path.removeprefix("/ucdp"), as_of)
            elif feed == "gdelt":
                found = self._gdelt(path.removeprefix("/gdelt"), as_of)
            elif feed == "news":
                found = self._news(path, as_of)
            else:
                found = None
        return found or _page(404, "Not found in the made world.")

    def prepare(self) -> None:
        """Draw all that the first requests would wait for, the GDELT lists above all (seconds a month)."""
        for path in ("/gdelt/gdeltv2/masterfilelist.txt", "/gdelt/gdeltv2/masterfilelist-translation.txt"):
            self.answer(path)

    def feed_list(self, base_url: str) -> str:
        """The YAML list of outlets, pointing at ``base_url``."""
        lines = [f"# {MADE_LABEL}", "feeds:"]
        for outlet in OUTLETS:
            lines += [
                f"  - id: {outlet.feed_id}",
                f"    url: {base_url}{outlet.path}",
                f"    language: {outlet.language}",
                f'    publisher: "{outlet.publisher}"',
                f"    reliability: {outlet.reliability}",
            ]
        return "\n".join(lines) + "\n"

    # UCDP

    def _ucdp(self, path: str, as_of: datetime) -> Answer | None:
        if path in ("/downloads", "/downloads/"):
            return self._downloads_page(as_of)
        release = self._releases.get(path)
        if release is not None:
            return self._release(release, as_of)
        for annual in self.ucdp.releases:
            if annual.kind == "annual" and path == _actor_path(annual) and as_of >= annual.published_at:
                content = self.ucdp.actor_list(annual.year + 1)
                return Answer(content, "text/csv", annual.published_at, entity_tag(content))
        return None

    def _release(self, release: Release, as_of: datetime) -> Answer | None:
        standing = self.ucdp.published_at(release, as_of)
        if standing is None:
            return None
        key = (release.path, standing)
        if key not in self._cache:
            content = self.ucdp.file(release, as_of)
            kind = "application/zip" if release.path.endswith(".zip") else "text/csv"
            self._cache[key] = Answer(content, kind, standing, entity_tag(content))
        return self._cache[key]

    def _downloads_page(self, as_of: datetime) -> Answer:
        paths = [one.path for one in self.ucdp.releases if as_of >= one.published_at]
        paths += [
            _actor_path(one)
            for one in self.ucdp.releases
            if one.kind == "annual" and as_of >= one.published_at
        ]
        links = "".join(f'<li><a href="{path}">{path.rsplit("/", 1)[1]}</a></li>\n' for path in paths)
        return _page(200, f"Downloads\n<ul>\n{links}</ul>")

    # GDELT

    def _gdelt(self, path: str, as_of: datetime) -> Answer | None:
        name = path.removeprefix("/gdeltv2/")
        translated = "translation" in name
        if name in ("masterfilelist.txt", "masterfilelist-translation.txt"):
            return self._listing(translated).answer(as_of)
        if name in ("lastupdate.txt", "lastupdate-translation.txt"):
            return _text_list(self.gdelt_last_update(translated, as_of))
        stamp, _, rest = name.partition(".")
        kind = self._gdelt_files.get(rest.removeprefix("translation."))
        if kind is None:
            return None
        try:
            slot = datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            return None
        if path != file_path(slot, kind, translated):
            return None
        content = self.gdelt.slot_bytes(slot, kind, translated, as_of)
        if content is None:
            return None
        return Answer(content, "application/zip", slot + publication_lag(translated), entity_tag(content))

    def gdelt_list(self, translated: bool, as_of: datetime) -> list[str]:
        """The master list's lines, in the order in which the files appeared."""
        return self._listing(translated).answer(as_of).body.decode().splitlines()

    def _listing(self, translated: bool) -> "_Listing":
        key = (translated, self.gdelt_windows)
        if key not in self._listings:
            self._listings[key] = _Listing(self.gdelt, translated, self.gdelt_windows)
        return self._listings[key]

    def gdelt_last_update(self, translated: bool, as_of: datetime) -> list[str]:
        """The newest slot's three lines."""
        newest: datetime | None = None
        for first, end in self.gdelt_windows:
            slot = min(end, as_of + timedelta(minutes=15))
            slot -= timedelta(minutes=slot.minute % 15, seconds=slot.second, microseconds=slot.microsecond)
            while slot >= first:
                listed = self.gdelt.listed_at(slot, "export", translated)
                if slot < end and listed is not None and listed <= as_of:
                    newest = slot if newest is None else max(newest, slot)
                    break
                slot -= timedelta(minutes=15)
        return [] if newest is None else [self.gdelt.list_line(newest, kind, translated) for kind in KINDS]

    # News

    def _news(self, path: str, as_of: datetime) -> Answer | None:
        outlet = self._outlets.get(path)
        if outlet is None or outlet.format == "gone":
            return None
        changed_at = self.news.changed_at(outlet, as_of)
        content, content_type = self.news.render(outlet, as_of)
        return Answer(
            content,
            content_type,
            changed_at if outlet.last_modified else None,
            entity_tag(content) if outlet.etag else None,
        )


class _Listing:
    """A GDELT master list that grows with the clock: only lines that are new since last time are made."""

    def __init__(
        self, gdelt: Gdelt, translated: bool, windows: tuple[tuple[datetime, datetime], ...]
    ) -> None:
        self.gdelt = gdelt
        self.translated = translated
        self.entries: list[tuple[datetime, datetime, int]] = []
        """When listed, slot, and number of the kind, in order."""
        for first, end in windows:
            for slot in slots_between(first, end):
                for number, kind in enumerate(KINDS):
                    listed = gdelt.listed_at(slot, kind, translated)
                    if listed is not None:
                        self.entries.append((listed, slot, number))
        self.entries.sort()
        self.made = 0
        self.body = b""
        self.last = _text_list([])

    def answer(self, as_of: datetime) -> Answer:
        wanted = bisect_right(self.entries, as_of, key=lambda entry: entry[0])
        if wanted < self.made:  # the clock was put back
            self.made, self.body = 0, b""
        if wanted != self.made or not self.made:
            added = [
                f"{self.gdelt.list_line(slot, KINDS[number], self.translated)}\n"
                for _, slot, number in self.entries[self.made : wanted]
            ]
            self.made, self.body = wanted, self.body + "".join(added).encode()
            self.last = Answer(self.body, "text/plain", None, entity_tag(self.body))
        return self.last


def _text_list(lines: list[str]) -> Answer:
    content = "".join(f"{line}\n" for line in lines).encode()
    return Answer(content, "text/plain", None, entity_tag(content))


def _actor_path(annual: Release) -> str:
    return f"/downloads/actor/ucdp-actor-{(annual.year + 1) % 100}1.csv"


def _page(status: int, text: str) -> Answer:
    body = (
        f"<!DOCTYPE html>\n<html><head><title>{MADE_LABEL}</title></head><body><p>{text}</p></body></html>\n"
    )
    return Answer(body.encode(), "text/html; charset=utf-8", status=status)
