"""Loading a feed: at once, or in the three steps that Dagster shows (fetch, audit, promote)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import duckdb

from expectations.audit import Verdict
from expectations.contracts import Promotion, contract_for
from orchestration.failpoints import failpoint
from orchestration.feeds.base import Context
from orchestration.feeds.http import HttpClient
from orchestration.feeds.registry import feed_for
from orchestration.records import Batch, LoadRequest, Status
from orchestration.settings import Settings, SettingsError, is_loopback, scope_text
from orchestration.steps.batches import audit, finish, land, promote_audited, without_landing
from orchestration.steps.late_arrivals import make_good, marked_if_late
from orchestration.steps.run import LoadReport, Run, session, settle
from orchestration.warehouse import landing
from orchestration.warehouse.landing import Pending
from orchestration.warehouse.ledger import LedgerMemory


def load(run: Run, request: LoadRequest) -> LoadReport:
    """Fetch, land, audit and promote one feed, batch by batch. Raises ``ValueError`` for a wrong request."""
    with session(run) as connection:
        run = run.at_one_time(connection)
        landing.clear(connection, request.feed)
        outcomes = [finish(run, connection, item) for item in fetch_and_land(run, connection, request)]
        outcomes += make_good(run, connection, request.feed)
        settle(run, connection)
    return LoadReport(request.feed, tuple(outcomes))


# The same way in three steps, for a caller that runs, retries and shows each on its own.


@dataclass(frozen=True)
class Landed:
    """What a fetch left: batches that wait in landing, and outcomes of those with nothing to land."""

    pending: tuple[Pending, ...]
    report: LoadReport


def fetch_to_landing(run: Run, request: LoadRequest) -> Landed:
    """Fetch and land; what has nothing to land is recorded at once. Raises ``ValueError`` for a wrong request."""
    pending, outcomes = [], []
    with session(run) as connection:
        run = run.at_one_time(connection)
        if not (request.date_from or request.release or request.file):
            # What a killed run landed and nobody promoted is fetched again; promoted later, it would be out of date.
            landing.clear(connection, request.feed, request.streams)
        for item in fetch_and_land(run, connection, request):
            if isinstance(item, Batch):
                outcomes.append(finish(run, connection, item))
            else:
                pending.append(item)
        settle(run, connection)
    return Landed(tuple(pending), LoadReport(request.feed, tuple(outcomes)))


def audit_landing(run: Run, table: str, partition: str | None = None) -> list[tuple[Pending, Verdict]]:
    """Audit what waits in landing, of one partition (a release, a day) or all.

    A blocked batch is refused here and now: it is recorded, and it holds up nothing else.
    """
    judged = []
    with session(run) as connection:
        run = run.at_one_time(connection)
        for item in _waiting(connection, table, partition):
            verdict = audit(run, connection, item)
            if verdict.level == "block":
                promote_audited(run, connection, item, verdict)
            judged.append((item, verdict))
        settle(run, connection)
    return judged


def promote_landing(run: Run, feed: str, table: str, partition: str | None = None) -> LoadReport:
    """Promote what waits in landing, of one partition or all; audited first if it was not yet."""
    outcomes = []
    with session(run) as connection:
        run = run.at_one_time(connection)
        for item in _waiting(connection, table, partition):
            known = connection.execute(
                "select verdict from landing.pending where partition_key = ? and table_name = ?",
                [item.batch.partition_key, table],
            ).fetchone()[0]
            verdict = Verdict.from_json(known) if known else audit(run, connection, item)
            outcomes.append(promote_audited(run, connection, item, verdict))
        outcomes += make_good(run, connection, feed)
        settle(run, connection)
    return LoadReport(feed, tuple(outcomes))


def _waiting(connection: duckdb.DuckDBPyConnection, table: str, partition: str | None) -> Iterator[Pending]:
    for key in landing.pending_keys(connection, table):
        if partition is None or key.split("/")[0] == partition:
            yield landing.pending(connection, key, table)


def fetch_and_land(
    run: Run, connection: duckdb.DuckDBPyConnection, request: LoadRequest
) -> Iterator[Pending | Batch]:
    """Land what the feed fetches, one batch at a time. A batch with nothing to land is yielded as it is."""
    _refuse_to_mix(run.settings, request.feed)
    feed = feed_for(request.feed)
    with HttpClient(run.settings) as http:
        context = Context(
            settings=run.settings,
            http=http,
            store=run.store,
            memory=LedgerMemory(connection, scope_text(run.settings.countries)),
            now=run.settings.now(),
            progress=run.progress,
        )
        for fetched in feed.fetch(request, context):
            batch = _under_scope(fetched, scope_text(run.settings.countries))
            batch = marked_if_late(context.memory, batch)
            failpoint("load.payload_stored")
            if _already_applied(run, context.memory, batch):
                yield without_landing(batch, Status.UNCHANGED)
            else:
                yield land(run, connection, batch)


def _under_scope(batch: Batch, scope: str) -> Batch:
    """The batch with its validators saying under which country scope they hold."""
    validators = batch.ledger_rows.get("http_validator")
    if not validators:
        return batch
    stamped = [{**row, "country_scope": scope} for row in validators]
    return replace(batch, ledger_rows={**batch.ledger_rows, "http_validator": stamped})


def _already_applied(run: Run, memory: LedgerMemory, batch: Batch) -> bool:
    """Whether this very release, byte for byte and under this scope, is in raw already."""
    if batch.table is None or contract_for(batch.table).promotion is not Promotion.RELEASE:
        return False
    applied = {row["release"]: row for row in memory.ucdp_releases()}
    known = applied.get(batch.ledger_rows["ucdp_release"][0]["release"])
    return bool(
        known
        and known["payload_sha256"] == batch.payloads[0].sha256
        and known["country_scope"] == scope_text(run.settings.countries)
    )


def _refuse_to_mix(settings: Settings, feed: str) -> None:
    """A home holds the made world or the real one: a label that is true of some rows only is no label."""
    urls = settings.addresses(feed)
    served_here = (
        all(is_loopback(urlsplit(url).hostname) for url in urls) if urls else settings.news_feeds is not None
    )
    if settings.is_made and not served_here:
        raise SettingsError(
            f"{settings.home} holds made data, and {feed} is a real publisher; give real data a home of its own "
            "with --home or SAHEL_HOME"
        )
