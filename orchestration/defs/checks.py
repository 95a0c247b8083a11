"""Checks on raw tables that no single load can make: is the publisher silent, did any window fail for good.

A run that succeeds daily on stale data is green everywhere else. ``silence`` is the rule and plain Python.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

import dagster as dg

from orchestration.defs.resources import SahelResource, failures_told_apart
from orchestration.defs.shown import POOL, table
from orchestration.warehouse.ledger import fetch_dicts

LOOK_BACK = timedelta(days=400)
USUAL_GAPS = 3
"""A publisher is late after so many times its usual gap between two records, but not before the least."""


@dataclass(frozen=True)
class Watched:
    """How a feed's records lie in time. ``sql`` gives the instants between $since and $now that have any."""

    feed: str
    table: str
    least: timedelta
    sql: str


WATCHED = (
    Watched(
        "ucdp",
        "ucdp_ged",
        # A month's candidate events come three to seven weeks after the month's end, and so does the next month's.
        timedelta(days=85),
        "select distinct cast(date_end as timestamp) from raw.ucdp_ged where date_end between $since and $now",
    ),
    Watched(
        "gdelt",
        "gdelt_event",
        timedelta(hours=6),
        "select distinct slot_at from ledger.gdelt_slot where stream in ('export', 'translation.export') "
        "and state in ('fetched', 'empty') and slot_at between $since and $now",
    ),
    Watched(
        "news",
        "news_item",
        timedelta(hours=36),
        "select distinct date_trunc('hour', published_at) from raw.news_item "
        "where published_at between $since and $now",
    ),
)


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
    """For every feed: is it heard, and which of its windows failed."""
    return [check for watched in WATCHED for check in (_event_lag(watched), _failed_windows(watched))]


def _event_lag(watched: Watched) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=["raw", watched.table],
        name="event_lag",
        pool=POOL,
        description=(
            f"The newest record against the clock: silent for longer than {USUAL_GAPS} times the feed's usual gap "
            f"(at least {_told(watched.least)}) is an outage at the publisher, however well the runs succeed."
        ),
    )
    def event_lag(sahel: SahelResource) -> dg.AssetCheckResult:
        now = sahel.settings.now().replace(tzinfo=None)
        with failures_told_apart(), sahel.reading() as connection:
            rows = connection.execute(
                f"select * from ({watched.sql}) order by 1", {"since": now - LOOK_BACK, "now": now}
            ).fetchall()
        found = silence([instant for (instant,) in rows], now, watched.least)
        if found.newest is None:
            return dg.AssetCheckResult(
                passed=False,
                description=f"{watched.feed}: no record of the last {LOOK_BACK.days} days; load the feed",
                metadata={"asked at": str(now)},
            )
        first_missing = (found.since + timedelta(days=1)).date() if found.since else None
        return dg.AssetCheckResult(
            passed=found.since is None,
            description=f"{watched.feed}: heard until {found.newest:%Y-%m-%d %H:%M}"
            + (f", silent from {first_missing} on" if first_missing else ""),
            metadata={
                "newest record": f"{found.newest:%Y-%m-%d %H:%M}",
                "lag (hours)": round((now - found.newest) / timedelta(hours=1), 1),
                "allowed (hours)": round(found.allowed / timedelta(hours=1), 1),
                "first missing day": str(first_missing or "none"),
                "asked at": str(now),
            },
        )

    return event_lag


def _failed_windows(watched: Watched) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=["raw", watched.table],
        name="failed_windows",
        pool=POOL,
        description="Windows whose newest attempt failed or was refused, and days with gaps: what to load again.",
    )
    def failed_windows(sahel: SahelResource) -> dg.AssetCheckResult:
        with failures_told_apart(), sahel.reading() as connection:
            failed = fetch_dicts(connection, _FAILED_WINDOWS, [watched.feed])
        return dg.AssetCheckResult(
            passed=not failed,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{len(failed)} windows to load again"
            if failed
            else "no window waits for another attempt",
            metadata={"windows": table(failed)},
        )

    return failed_windows


# News has no windows to load again: an outlet's newest attempt is its state, and older ones are past.
_FAILED_WINDOWS = """
    with newest as (
        select stream, case feed when 'news' then stream else partition_key end as load,
               arg_max(status, attempt_id) as status, arg_max(error, attempt_id) as error
        from ledger.load_attempt where feed = ? group by all
    )
    select load, stream, status, coalesce(error, '') as error
    from newest where status in ('failed', 'refused') order by load desc limit 100
"""


def _told(span: timedelta) -> str:
    return f"{span.days} days" if span.days >= 3 else f"{span / timedelta(hours=1):g} hours"
