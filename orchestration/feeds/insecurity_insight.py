"""The Insecurity Insight feed: incidents that harmed education, aid workers, camps and health care.

Belongs here: asking for each topic, what its answer amounts to, which days and countries it covers, and files
that a person downloaded. Does not belong here: reading a payload's records (``insecurity_insight_rows.py``), and
what becomes of incidents that a newer answer leaves out (the promotion).

The publisher offers each topic whole, every time, without key or pages. Its topics on sexual violence are never
asked for: incident rows on it can endanger those they tell of.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb

from expectations.contracts.insecurity_insight import INSECURITY_INSIGHT_INCIDENT
from expectations.reference import countries as all_countries
from orchestration.feeds.base import Context, NotTheFormat, reach
from orchestration.feeds.http import FetchError, HttpClient, PermanentError, Response
from orchestration.feeds.insecurity_insight_rows import (
    TOPICS,
    Record,
    Topic,
    read_records,
    rows_of,
    spans_of,
    topic_of,
)
from orchestration.feeds.syndication import read_date
from orchestration.feeds.tables import create_table
from orchestration.records import Attempt, Batch, Finding, LoadRequest, Parsed, Payload, Status
from orchestration.settings import Settings, naive

MAX_BYTES = 128 << 20
"""The largest topic was 2 MB in 2024; the limit is for what is no data at all."""
DEADLINE_S = 300.0

_TABLE = INSECURITY_INSIGHT_INCIDENT.table


class InsecurityInsightFeed:
    """See ``base.Feed``. A topic is a stream, and each answer tells all there is of it."""

    key = "insecurity_insight"
    tables = (_TABLE,)
    accepts = frozenset({"file"})

    def fetch(self, request: LoadRequest, context: Context) -> Iterator[Batch]:
        if request.date_from or request.date_to or request.release:
            raise ValueError(
                "insecurity_insight: each topic comes whole; leave out --from, --to and --release"
            )
        if request.file is not None:
            return iter([_from_file(request.file, context)])
        return _each_topic(request, context)

    def parse(
        self, batch: Batch, scratch: duckdb.DuckDBPyConnection, countries: tuple[str, ...] | None
    ) -> Parsed:
        (payload,) = batch.payloads
        records, topic = _read(payload, batch.options["dataset"])
        found = rows_of(records, topic, countries)
        given = {"payload_sha256": payload.sha256, "released_at": naive(payload.released_at)}
        types = {column.name: column.dtype for column in INSECURITY_INSIGHT_INCIDENT.columns}
        types |= {"payload_sha256": "VARCHAR", "released_at": "TIMESTAMP"}
        create_table(scratch, _TABLE, [row | given for row in found.rows], types)
        reject_types = {
            "payload_sha256": "VARCHAR",
            "line": "BIGINT",
            "reason": "VARCHAR",
            "row_text": "VARCHAR",
        }
        rejects = [reject | {"payload_sha256": payload.sha256} for reject in found.rejects]
        create_table(scratch, f"{_TABLE}_rejects", rejects, reject_types)
        return Parsed(
            _TABLE,
            f"{_TABLE}_rejects",
            rows_seen=len(records),
            rows_out_of_scope=found.out_of_scope,
            extra_columns=found.extra_columns,
        )

    def probe(self, settings: Settings, http: HttpClient) -> Iterator[Finding]:
        # The overview is a few kilobytes, from the same server as the incidents.
        yield reach(http, self.key, f"{_address(settings, TOPICS[0])}Overview")


def _each_topic(request: LoadRequest, context: Context) -> Iterator[Batch]:
    topics = [topic for topic in TOPICS if request.streams is None or topic.dataset in request.streams]
    for done, topic in enumerate(topics):
        context.progress(done, len(topics), f"insecurity_insight {topic.dataset}")
        yield _ask(topic, context)


def _ask(topic: Topic, context: Context) -> Batch:
    """One topic's answer as a batch; what goes wrong with it is an attempt, and the other topics go on."""
    url = _address(context.settings, topic)
    etag, last_modified = context.memory.validator(url)
    try:
        answer = context.http.get(
            url,
            max_bytes=MAX_BYTES,
            deadline_s=DEADLINE_S,
            headers={"Accept": "application/json"},
            etag=etag,
            last_modified=last_modified,
            allowed_hosts=frozenset({urlsplit(url).hostname or ""}),
        )
    except PermanentError as error:
        return _nothing(topic.dataset, Status.REFUSED, str(error))
    except FetchError as error:
        return _nothing(topic.dataset, Status.FAILED, str(error))
    if answer.status == 304:
        return _nothing(topic.dataset, Status.UNCHANGED)
    validator = {
        "url": url,
        "etag": answer.etag,
        "last_modified": answer.last_modified,
        "payload_sha256": answer.sha256,
        "checked_at": context.now,
    }
    if context.memory.payload_of(url) == answer.sha256:
        unchanged = _nothing(topic.dataset, Status.UNCHANGED)
        return replace(unchanged, ledger_rows={"http_validator": [validator]})
    payload = _store(topic, answer, context)
    try:
        if answer.status != 200:
            raise NotTheFormat(f"status {answer.status} instead of 200; open the address in a browser")
        records, _ = _read(payload, topic.dataset)
    except NotTheFormat as error:
        return _nothing(topic.dataset, Status.REFUSED, f"{answer.url}: {error}", payload)
    spans = spans_of(records, context.now.date())
    first, last = spans.get(None, (None, None))
    coverage = [
        _cover(topic.dataset, iso3, first.replace(day=1), last, context)
        for iso3 in sorted(_scope(context))
        if first and last
    ]
    return _batch(
        topic.dataset,
        topic.dataset,
        payload,
        spans,
        {
            "dataset": topic.dataset,
            "withdraws": True,
            "withdraws_within": {"dataset": topic.dataset},
        },
        {"http_validator": [validator], "coverage": coverage},
    )


def _from_file(path: Path, context: Context) -> Batch:
    """A file that a person downloaded. It may be a part, so what it leaves out stays."""
    if not path.is_file():
        raise ValueError(
            f"insecurity_insight: no file at {path}; give a JSON or CSV of incidents from data.humdata.org"
        )
    if path.resolve().is_relative_to(context.settings.payloads.resolve()):
        raise ValueError(
            f"insecurity_insight: {path.name} is in the payload store already; `sahel rebuild` loads it anew"
        )
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(
            f"insecurity_insight: {path.name} is larger than {MAX_BYTES:,} bytes; no topic is, see what it is"
        )
    stored = context.store.put(
        path,
        feed=InsecurityInsightFeed.key,
        key="file",
        url=f"file:{path.name}",
        http_status=0,
        fetched_at=context.now,
    )
    # Each file is a stream of its own: a file of one country is no measure for one of the world.
    label = f"file-{stored.sha256[:8]}"
    try:
        records, topic = _read(stored, None)
    except NotTheFormat as error:
        return _nothing(label, Status.REFUSED, f"{path.name}: {error}", stored)
    spans = spans_of(records, context.now.date())
    scope = _scope(context)
    coverage = [
        _cover(label, iso3, first, last, context)
        for iso3, (first, last) in spans.items()
        if iso3 is not None and iso3 in scope
    ]
    # Rows of an older or censored copy are now the newest, so the publisher's answer has to be read again, also
    # where it is the one that we know.
    forgotten = {
        "url": _address(context.settings, topic),
        "etag": None,
        "last_modified": None,
        "payload_sha256": stored.sha256,
        "checked_at": context.now,
    }
    ledger_rows = {"coverage": coverage, "http_validator": [forgotten]}
    return _batch(label, label, stored, spans, {"dataset": topic.dataset}, ledger_rows)


def _read(payload: Payload, dataset: str | None) -> tuple[list[Record], Topic]:
    """The payload's records and topic. Raises ``NotTheFormat``, also where it is of another topic."""
    records = read_records(payload.path.read_bytes())
    topic = topic_of(records)
    if dataset is not None and topic.dataset != dataset:
        raise NotTheFormat(f"incidents of the topic {topic.dataset} where {dataset} was asked for; report it")
    return records, topic


def _address(settings: Settings, topic: Topic) -> str:
    return f"{settings.insecurity_insight_url}/hdx/v1/{topic.path}"


def _scope(context: Context) -> frozenset[str]:
    countries = context.settings.countries
    return frozenset(
        countries if countries is not None else (country.country_iso3 for country in all_countries())
    )


def _cover(release: str, iso3: str, first: date, last: date, context: Context) -> dict[str, Any]:
    return {
        "feed": InsecurityInsightFeed.key,
        "source_release": release,
        "country_iso3": iso3,
        "period_start": first,
        "period_end": last,
        "is_final": False,
        "recorded_at": context.now,
    }


def _store(topic: Topic, answer: Response, context: Context) -> Payload:
    modified = read_date(answer.last_modified)
    return context.store.put(
        answer.body or b"",
        feed=InsecurityInsightFeed.key,
        key=topic.dataset,
        url=answer.url,
        http_status=answer.status,
        fetched_at=context.now,
        etag=answer.etag,
        last_modified=answer.last_modified,
        media_type=answer.media_type,
        released_at=modified if modified and modified <= context.now else None,
    )


def _batch(
    stream: str,
    partition_key: str,
    payload: Payload,
    spans: dict[str | None, tuple[date, date]],
    options: dict[str, Any],
    ledger_rows: dict[str, list[dict[str, Any]]],
) -> Batch:
    first, last = spans.get(None, (None, None))
    attempt = Attempt(
        feed=InsecurityInsightFeed.key,
        stream=stream,
        partition_key=partition_key,
        window_start=_midnight(first),
        window_end=_midnight(last),
        payload_keys=(payload.key,),
    )
    return Batch(
        feed=InsecurityInsightFeed.key,
        stream=stream,
        partition_key=partition_key,
        attempts=(attempt,),
        table=_TABLE,
        payloads=(payload,),
        options=options,
        ledger_rows=ledger_rows,
    )


def _nothing(stream: str, status: Status, error: str | None = None, payload: Payload | None = None) -> Batch:
    """A batch without rows: missing, unchanged, refused or failed."""
    attempt = Attempt(
        feed=InsecurityInsightFeed.key,
        stream=stream,
        partition_key=stream,
        window_start=None,
        window_end=None,
        status=status,
        error=error,
        payload_keys=(payload.key,) if payload else (),
    )
    return Batch(
        feed=InsecurityInsightFeed.key,
        stream=stream,
        partition_key=stream,
        attempts=(attempt,),
        payloads=(payload,) if payload else (),
    )


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None
