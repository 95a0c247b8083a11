"""What came late and changes what was loaded before it. Seen from the ledger alone, so also after a crash.

The one place of the steps that knows single publishers.
"""

from dataclasses import replace
from datetime import timedelta

import duckdb

from orchestration.feeds.ucdp import release_order
from orchestration.records import Attempt, Batch
from orchestration.settings import naive
from orchestration.steps.batches import finish, land
from orchestration.steps.run import Run
from orchestration.warehouse.ledger import LedgerMemory, fetch_dicts
from orchestration.warehouse.promote import COMES_LATE, ONLY_KEYS_OF, Outcome

_ORDERED_KINDS = ("annual", "cumulative", "monthly")


def marked_if_late(memory: LedgerMemory, batch: Batch) -> Batch:
    """The batch, marked if it is a UCDP release older than one that has been applied."""
    if batch.table != "ucdp_ged" or batch.options["kind"] not in _ORDERED_KINDS:
        return batch
    order = release_order(batch.options["release"])
    applied = (row["release"] for row in memory.ucdp_releases() if row["kind"] in _ORDERED_KINDS)
    if all(release_order(release) <= order for release in applied):
        return batch
    return replace(batch, options={**batch.options, COMES_LATE: True})


def make_good(run: Run, connection: duckdb.DuckDBPyConnection, feed: str) -> list[Outcome]:
    """What came late and changes what was loaded before it. Seen from the ledger alone, so also after a crash."""
    late = {"ucdp": _apply_in_order, "gdelt": _mentions_of_late_events}.get(feed)
    return late(run, connection) if late else []


def _mentions_of_late_events(run: Run, connection: duckdb.DuckDBPyConnection) -> list[Outcome]:
    """Land again, from the store, mentions that came before their events did.

    A mention is kept if its event is known. Where a gap in the events was filled after the mentions of the
    following day had been loaded, those are looked at again; what is in raw already is not added twice.
    """
    late = fetch_dicts(
        connection,
        """select distinct m.*
           from ledger.gdelt_slot e
           join ledger.gdelt_slot m
             on m.stream = replace(e.stream, 'export', 'mentions') and m.state = 'fetched'
            and m.slot_at between e.slot_at and e.slot_at + interval 1 day and m.checked_at < e.checked_at
           where e.stream in ('export', 'translation.export') and e.state = 'fetched' and e.checked_at > ?
           order by m.stream, m.slot_at""",
        # Only what was fetched lately, so that a tick costs the same after years.
        [naive(run.settings.now() - timedelta(days=7))],
    )
    outcomes = []
    for stream in dict.fromkeys(row["stream"] for row in late):
        slots = [row for row in late if row["stream"] == stream]
        payloads = {row["payload_sha256"]: run.store.payload("gdelt", row["payload_sha256"]) for row in slots}
        first, last = slots[0]["slot_at"], slots[-1]["slot_at"]
        attempt = Attempt(
            feed="gdelt",
            stream=stream,
            partition_key=f"{first:%Y-%m-%d}",
            window_start=first,
            window_end=last + timedelta(minutes=15),
            payload_keys=tuple(payload.key for payload in payloads.values()),
        )
        batch = Batch(
            feed="gdelt",
            stream=stream,
            partition_key=f"{first:%Y-%m-%dT%H:%M}..{last:%Y-%m-%dT%H:%M}/{stream}",
            attempts=(attempt,),
            table="gdelt_mention",
            payloads=tuple(payloads.values()),
            ledger_rows={"gdelt_slot": [{**row, "checked_at": run.settings.now()} for row in slots]},
        )
        outcomes.append(finish(run, connection, land(run, connection, batch)))
    return outcomes


def _apply_in_order(run: Run, connection: duckdb.DuckDBPyConnection) -> list[Outcome]:
    """Apply again, from the store, the UCDP releases that an older one was applied after.

    Releases supersede each other in the publisher's order, not in that of our loads. Only the events that
    the older release has changed meanwhile are looked at again. What is out of order is seen from the
    ledger alone, so a crash in between is made good by the next load.
    """
    releases = [row for row in LedgerMemory(connection).ucdp_releases() if row["kind"] in _ORDERED_KINDS]
    outcomes = []
    before: list[int] = []
    for row in sorted(releases, key=lambda row: release_order(row["release"])):
        attempt_id = row["attempt_id"]
        if overruled_by := [earlier for earlier in before if earlier > attempt_id]:
            batch = Batch.from_json(row["batch"])
            payloads = tuple(run.store.locate(payload) for payload in batch.payloads)
            options = {**batch.options, ONLY_KEYS_OF: overruled_by, COMES_LATE: False}
            outcome = finish(
                run, connection, land(run, connection, replace(batch, payloads=payloads, options=options))
            )
            outcomes.append(outcome)
            attempt_id = outcome.attempts[0]["attempt_id"]
        before.append(attempt_id)
    return outcomes
