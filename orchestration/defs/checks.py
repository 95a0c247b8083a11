"""Checks on raw tables that no single load can make: is the publisher silent, did any window fail for good.

A run that succeeds daily on stale data is green everywhere else. ``silence`` is the rule and plain Python.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

import dagster as dg
import duckdb

from orchestration.defs.feeds import INGESTIONS, Ingestion, not_enabled
from orchestration.defs.resources import SahelResource, failures_told_apart
from orchestration.defs.shown import POOL, table
from orchestration.warehouse.ledger import fetch_dicts

LOOK_BACK = timedelta(days=400)
USUAL_GAPS = 3
"""A publisher is late after so many times its usual gap between two records, but not before the least."""


@dataclass(frozen=True)
class Silence:
    """What is known of a feed's rhythm: its newest record, what it is allowed, and since when it is silent."""

    newest: datetime | None
    allowed: timedelta
    since: datetime | None
    """The last record before the silence that is not over; None where the feed is heard."""


def silence(times: Sequence[datetime], now: datetime, least: timedelta) -> Silence:
    """Whether a feed whose records lie at ``times`` (ascending) is silent at ``now``, and since when.

    A silence is over only when records have come again for as long as it may be silent: a stray record in an
    outage does not end it.
    """
    if not times:
        return Silence(None, least, None)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    allowed = max(least, USUAL_GAPS * median(gaps)) if gaps else least
    heard_until, since = now, None
    for earlier, later in reversed(list(pairwise([*times, now]))):
        if heard_until - later > allowed:
            break
        if later - earlier > allowed:
            since = heard_until = earlier
    return Silence(times[-1], allowed, since)


def feed_checks() -> list[dg.AssetChecksDefinition]:
    """For every feed: which of its windows failed, and where it has a rhythm, is it heard."""
    by_feed = {ingestion.feed: ingestion for ingestion in reversed(INGESTIONS)}
    heard = [_event_lag(ingestion) for ingestion in INGESTIONS if ingestion.rhythm]
    return [*heard, *(_failed_windows(ingestion) for ingestion in by_feed.values())]


def _event_lag(ingestion: Ingestion) -> dg.AssetChecksDefinition:
    feed, rhythm = ingestion.feed, ingestion.rhythm

    @dg.asset_check(
        asset=ingestion.watched.raw,
        name="event_lag",
        pool=POOL,
        description=(
            f"The newest record against the clock: silent for longer than {USUAL_GAPS} times the feed's usual gap "
            f"(at least {_told(rhythm.least)}) is an outage at the publisher, however well the runs succeed."
        ),
    )
    def event_lag(sahel: SahelResource) -> dg.AssetCheckResult:
        if reason := not_enabled(feed, sahel.settings):
            return dg.AssetCheckResult(passed=True, description=f"not watched: {reason}")
        now = sahel.settings.now().replace(tzinfo=None)
        with failures_told_apart(), sahel.reading() as connection:
            behind = _behind(connection, feed) if rhythm.has_embargo else timedelta(0)
            rows = connection.execute(
                f"select * from ({rhythm.instants}) order by 1",
                {"since": now - behind - LOOK_BACK, "now": now},
            ).fetchall()
        found = silence([instant for (instant,) in rows], now - behind, rhythm.least)
        if found.newest is None:
            return dg.AssetCheckResult(
                passed=False,
                description=f"{feed}: no record of the last {LOOK_BACK.days} days; load the feed",
                metadata={"asked at": str(now)},
            )
        first_missing = (found.since + timedelta(days=1)).date() if found.since else None
        return dg.AssetCheckResult(
            passed=found.since is None,
            description=f"{feed}: heard until {found.newest:%Y-%m-%d %H:%M}"
            + (f", silent from {first_missing} on" if first_missing else ""),
            metadata={
                "newest record": f"{found.newest:%Y-%m-%d %H:%M}",
                "lag (hours)": round((now - found.newest) / timedelta(hours=1), 1),
                "allowed (hours)": round((found.allowed + behind) / timedelta(hours=1), 1),
                **(
                    {"of it the publisher's delay (hours)": round(behind / timedelta(hours=1), 1)}
                    if behind
                    else {}
                ),
                "first missing day": str(first_missing or "none"),
                "asked at": str(now),
            },
        )

    return event_lag


def _behind(connection: duckdb.DuckDBPyConnection, feed: str) -> timedelta:
    """How old what the publisher shows was when it last showed something newer: an embargo, or its usual delay.

    Not how old it is now: then no silence would ever be seen.
    """
    (behind,) = connection.execute(
        "select min(recorded_at) - cast(max(period_end) as timestamp) from ledger.coverage "
        "where feed = $feed and period_end = (select max(period_end) from ledger.coverage where feed = $feed)",
        {"feed": feed},
    ).fetchone()
    return max(behind or timedelta(0), timedelta(0))


def _failed_windows(ingestion: Ingestion) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=ingestion.watched.raw,
        name="failed_windows",
        pool=POOL,
        description="Windows whose newest attempt failed or was refused, and days with gaps: what to load again.",
    )
    def failed_windows(sahel: SahelResource) -> dg.AssetCheckResult:
        with failures_told_apart(), sahel.reading() as connection:
            failed = fetch_dicts(
                connection,
                _FAILED_WINDOWS,
                {"feed": ingestion.feed, "has_partitions": ingestion.watched.partitions is not None},
            )
        return dg.AssetCheckResult(
            passed=not failed,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{len(failed)} windows to load again"
            if failed
            else "no window waits for another attempt",
            metadata={"windows": table(failed)},
        )

    return failed_windows


# Where a feed has no partitions, what failed is asked for again by its next load: only a stream's newest run counts.
_FAILED_WINDOWS = """
    with considered as (
        select * from ledger.load_attempt where feed = $feed
        qualify $has_partitions or run_id = arg_max(run_id, attempt_id) over (partition by stream)
    ),
    newest as (
        select stream, split_part(partition_key, '@', 1) as load,
               arg_max(status, attempt_id) as status, arg_max(error, attempt_id) as error
        from considered group by all
    )
    select load, stream, status, coalesce(error, '') as error
    from newest where status in ('failed', 'refused') order by load desc limit 100
"""


def _told(span: timedelta) -> str:
    return f"{span.days} days" if span.days >= 3 else f"{span / timedelta(hours=1):g} hours"
