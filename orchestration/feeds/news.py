"""The news feed: outlets' RSS, Atom and JSON feeds, from a list, one attempt per outlet and fetch.

Belongs here: the list and its rules, when an outlet is asked, what its answer amounts to, its items as
rows of ``news_item``. Does not belong here: reading hostile feed text (``syndication.py``), versions of
changed items (the promotion), languages and matching (dbt).
"""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import yaml

from expectations.contracts.news import NEWS_ITEM
from expectations.reference import countries as all_countries
from orchestration.feeds.base import Context, NotTheFormat, reach
from orchestration.feeds.http import FetchError, HttpClient, NotFoundError, RefusedError, Response
from orchestration.feeds.syndication import MAX_BYTES, Item, prove, read_date, read_items
from orchestration.feeds.tables import create_table
from orchestration.records import Attempt, Batch, Finding, LoadRequest, Parsed, Payload, Status
from orchestration.settings import Settings, is_loopback, naive

PACKAGED_LIST = Path(__file__).with_name("news_feeds.yml")
RELIABILITIES = ("high", "medium", "low", "state")
SHORTEST_INTERVAL = timedelta(minutes=15)
FIRST_REST = timedelta(hours=1)
LONGEST_REST = timedelta(days=1)
FUTURE_TOLERANCE = timedelta(hours=1)
DEADLINE_S = 40.0
AT_A_TIME = 6
PROBED_OUTLETS = 3
ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, "
    "text/xml;q=0.8, */*;q=0.1"
)


class FeedListError(ValueError):
    """A feed list that cannot be used; the message names the file, the entry and the remedy."""


@dataclass(frozen=True)
class Outlet:
    """One entry of the feed list."""

    id: str
    url: str
    language: str
    publisher: str
    reliability: str
    country: str | None = None
    note: str | None = None


class NewsFeed:
    """See ``base.Feed``. An item's identity is the outlet's own id; a changed headline is a new version."""

    key = "news"
    tables = (NEWS_ITEM.table,)
    accepts: frozenset[str] = frozenset()

    def fetch(self, request: LoadRequest, context: Context) -> Iterator[Batch]:
        if request.date_from or request.date_to or request.release or request.file:
            raise ValueError(
                "news: a feed offers what it holds now; leave out --from, --to, --release and --file"
            )
        outlets = read_feed_list(context.settings)
        # The memory is read here, before the threads start: a database connection belongs to one thread.
        asked = [
            (outlet, context.memory.validator(outlet.url)) for outlet in outlets if _is_due(outlet, context)
        ]
        allowed = frozenset(_site(outlet.url) for outlet in outlets)
        done = len(outlets) - len(asked)
        context.progress(done, len(outlets), f"{done} outlets are not due yet" if done else "")
        threads = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="news")
        try:
            answers = [
                threads.submit(_ask, outlet, validator, allowed, context) for outlet, validator in asked
            ]
            for (outlet, _), answer in zip(asked, answers, strict=True):
                batch = answer.result()
                done += 1
                context.progress(done, len(outlets), f"{outlet.id}: {batch.attempts[0].status}")
                yield batch
        finally:
            # A caller that stops early, or is interrupted, does not wait for outlets not asked yet.
            threads.shutdown(cancel_futures=True)

    def parse(
        self, batch: Batch, scratch: duckdb.DuckDBPyConnection, countries: tuple[str, ...] | None
    ) -> Parsed:
        """No country scope: which country an article is about is found out in dbt."""
        rows: list[dict[str, Any]] = []
        rejects: list[dict[str, Any]] = []
        seen = 0
        for payload in batch.payloads:
            items = read_items(payload.path.read_bytes(), payload.media_type, payload.url)
            seen += len(items)
            kept, refused = _choose(items)
            rows += [_row(item, payload, Outlet(**batch.options["outlet"])) for item in kept]
            rejects += [
                {
                    "payload_sha256": payload.sha256,
                    "line": item.ordinal,
                    "reason": reason,
                    "row_text": item.excerpt,
                }
                for item, reason in refused
            ]
        types = {column.name: column.dtype for column in NEWS_ITEM.columns}
        create_table(
            scratch, "news_item", rows, types | {"payload_sha256": "VARCHAR", "released_at": "TIMESTAMP"}
        )
        reject_types = {
            "payload_sha256": "VARCHAR",
            "line": "BIGINT",
            "reason": "VARCHAR",
            "row_text": "VARCHAR",
        }
        create_table(scratch, "news_item_rejects", rejects, reject_types)
        return Parsed("news_item", "news_item_rejects", rows_seen=seen, rows_out_of_scope=0)

    def probe(self, settings: Settings, http: HttpClient) -> Iterator[Finding]:
        try:
            outlets = read_feed_list(settings)
        except FeedListError as error:
            yield Finding("problem", "news feeds", str(error))
            return
        for outlet in outlets[:PROBED_OUTLETS]:
            yield reach(http, self.key, outlet.url)


def read_feed_list(settings: Settings) -> list[Outlet]:
    """The list that SAHEL_NEWS_FEEDS names, else the packaged one, checked. Raises ``FeedListError``."""
    path = settings.news_feeds or PACKAGED_LIST
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FeedListError(f"{path}: cannot be read ({' '.join(str(error).split())}); correct it") from None
    entries = data.get("feeds") if isinstance(data, dict) else data
    if not isinstance(entries, list) or not entries:
        raise FeedListError(
            f"{path}: no list of feeds; write entries under 'feeds:' as in {PACKAGED_LIST.name}"
        )
    outlets = [_outlet(path, number, entry) for number, entry in enumerate(entries, start=1)]
    for name in ("id", "url"):
        values = [getattr(outlet, name) for outlet in outlets]
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise FeedListError(f"{path}: {name} {', '.join(twice)} occurs twice; each feed needs its own")
    return outlets


def _outlet(path: Path, number: int, entry: Any) -> Outlet:
    def wrong(what: str) -> FeedListError:
        name = entry.get("id") if isinstance(entry, dict) else None
        return FeedListError(f"{path}: entry {number}{f' ({name})' if name else ''}: {what}")

    known = [field.name for field in fields(Outlet)]
    if not isinstance(entry, dict):
        raise wrong(f"not a set of fields; write {', '.join(known[:5])}")
    if unknown := sorted(str(name) for name in entry if name not in known):
        raise wrong(f"unknown field {', '.join(unknown)}; use {', '.join(known)}")
    texts = {name: "" if entry.get(name) is None else str(entry[name]).strip() for name in known}
    if absent := [name for name in known[:5] if not texts[name]]:
        raise wrong(f"{', '.join(absent)} missing; add it")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,62}", texts["id"]):
        raise wrong("id must be lower-case letters, digits, - and _, at most 63; change it")
    try:
        url = urlsplit(texts["url"])
    except ValueError:
        raise wrong("url cannot be read; correct it") from None
    if not url.hostname or not (
        url.scheme == "https" or (url.scheme == "http" and is_loopback(url.hostname))
    ):
        raise wrong("url must be https (http only on this machine); change it")
    if url.username or url.password:
        raise wrong(
            "url holds a user name or password, which would be written down with each fetch; leave it out"
        )
    # YAML 1.1 reads a bare no as false, so Norwegian arrives as "False".
    if not re.fullmatch(r"[a-z]{2}", texts["language"]):
        raise wrong(
            f"language {texts['language']!r} is not an ISO 639-1 code; write e.g. fr, in quotes if in doubt"
        )
    if texts["reliability"] not in RELIABILITIES:
        raise wrong(f"reliability {texts['reliability']!r} is none of {', '.join(RELIABILITIES)}; choose one")
    if texts["country"] and texts["country"] not in {country.country_iso3 for country in all_countries()}:
        raise wrong(
            f"country {texts['country']!r} is not an ISO 3166-1 alpha-3 code; write e.g. MLI or leave it out"
        )
    return Outlet(**{name: text or None for name, text in texts.items()})


def _is_due(outlet: Outlet, context: Context) -> bool:
    """Polite to the working, patient with the failing: hourly after a failure, then rarer, down to daily."""
    failures, newest = context.memory.news_failures(outlet.id)
    if newest is None or newest > context.now or is_loopback(urlsplit(outlet.url).hostname):
        return True
    rest = min(FIRST_REST * 2 ** min(failures - 1, 10), LONGEST_REST) if failures else SHORTEST_INTERVAL
    return context.now - newest >= rest


def _site(url: str) -> str:
    """Where an outlet may redirect to, with or without its www, and to any other outlet of the list."""
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _ask(
    outlet: Outlet, validator: tuple[str | None, str | None], allowed: frozenset[str], context: Context
) -> Batch:
    """One outlet's answer as a batch; whatever goes wrong with it is an attempt, and the others go on."""
    etag, last_modified = validator
    try:
        answer = context.http.get(
            outlet.url,
            max_bytes=MAX_BYTES,
            deadline_s=DEADLINE_S,
            headers={"Accept": ACCEPT},
            etag=etag,
            last_modified=last_modified,
            allowed_hosts=allowed,
        )
    except NotFoundError as error:
        return _batch(outlet, context, Status.MISSING, f"{outlet.id}: {error}")
    except RefusedError as error:
        return _batch(outlet, context, Status.REFUSED, f"{outlet.id}: {error}")
    except FetchError as error:
        return _batch(outlet, context, Status.FAILED, f"{outlet.id}: {error}")
    if answer.status == 304:
        return _batch(outlet, context, Status.UNCHANGED)
    payload = _store(outlet, answer, context)
    try:
        if answer.status != 200:
            raise NotTheFormat(f"status {answer.status} instead of 200; open the address in a browser")
        prove(answer.body or b"", payload.media_type)
    except NotTheFormat as error:
        return _batch(outlet, context, Status.REFUSED, f"{outlet.id}: {answer.url}: {error}", payload)
    return _batch(outlet, context, Status.OK, None, payload)


def _store(outlet: Outlet, answer: Response, context: Context) -> Payload:
    modified = read_date(answer.last_modified)
    return context.store.put(
        answer.body or b"",
        feed=NewsFeed.key,
        key=outlet.id,
        url=answer.url,
        http_status=answer.status,
        fetched_at=context.now,
        etag=answer.etag,
        last_modified=answer.last_modified,
        # With its parameters: the charset is needed to read the bytes, now and at a rebuild.
        media_type=answer.headers.get("content-type"),
        released_at=modified if modified and modified <= context.now else None,
    )


def _batch(
    outlet: Outlet, context: Context, status: Status, error: str | None = None, payload: Payload | None = None
) -> Batch:
    partition_key = f"{outlet.id}@{context.now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    attempt = Attempt(
        feed=NewsFeed.key,
        stream=outlet.id,
        partition_key=partition_key,
        window_start=context.now,
        window_end=context.now,
        status=status,
        error=error,
        payload_keys=(payload.key,) if payload else (),
    )
    accepted = status is Status.OK and payload is not None
    validators = []
    # Only an answer that can be read may be answered with "nothing new" next time.
    if accepted and (payload.etag or payload.last_modified):
        validators.append(
            {
                "url": outlet.url,
                "etag": payload.etag,
                "last_modified": payload.last_modified,
                "payload_sha256": payload.sha256,
                "checked_at": context.now,
            }
        )
    return Batch(
        feed=NewsFeed.key,
        stream=outlet.id,
        # One landing partition per outlet: what an interrupted run left there, the next fetch replaces.
        partition_key=outlet.id,
        attempts=(attempt,),
        table=NEWS_ITEM.table if accepted else None,
        payloads=(payload,) if payload else (),
        options={"outlet": asdict(outlet)},
        ledger_rows={"http_validator": validators} if validators else {},
    )


def _choose(items: list[Item]) -> tuple[list[Item], list[tuple[Item, str]]]:
    """The items to keep, one per id (the last updated, else the first), and the others with the reason."""
    kept: dict[str, Item] = {}
    refused = [(item, item.problem) for item in items if item.problem]
    for item in items:
        if item.problem or item.item_id is None:
            continue
        other = kept.get(item.item_id)
        if other is not None and _age(item) <= _age(other):
            refused.append((item, "duplicate item id"))
            continue
        if other is not None:
            refused.append((other, "duplicate item id"))
        kept[item.item_id] = item
    return sorted(kept.values(), key=lambda item: item.ordinal), sorted(
        refused, key=lambda pair: pair[0].ordinal
    )


def _age(item: Item) -> datetime:
    return item.updated_at or item.published_at or datetime.min.replace(tzinfo=UTC)


def _row(item: Item, payload: Payload, outlet: Outlet) -> dict[str, Any]:
    latest = payload.fetched_at + FUTURE_TOLERANCE
    published = item.published_at
    # A date ahead of the fetch is kept as the outlet gave it, but says nothing of when the row was released.
    past = [
        moment for moment in (item.updated_at, published, payload.released_at) if moment and moment <= latest
    ]
    return {
        "feed_id": outlet.id,
        "item_id": item.item_id,
        "url": item.url,
        "title": item.title,
        "summary": item.summary,
        "published_at": naive(published),
        "updated_at": naive(item.updated_at),
        "source_name": item.source_name,
        "date_status": "undated" if published is None else "future" if published > latest else "dated",
        "publisher": outlet.publisher,
        "language": outlet.language,
        "reliability": outlet.reliability,
        "payload_sha256": payload.sha256,
        "released_at": naive(past[0]) if past else None,
    }
