"""When publishers are asked: each feed at its own cadence. All are off until someone switches them on.

The clock is Dagster's here: a schedule's tick says for which day it stands.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg

from orchestration.defs.feeds import INGESTIONS, Ingestion, not_enabled
from orchestration.defs.jobs import INGEST, watch_feeds
from orchestration.defs.resources import SahelResource
from orchestration.warehouse.connection import open_published

LATE = timedelta(hours=1)
"""How long after midnight yesterday is asked for too: translated slots come late."""
GAP_DAYS = 30
MOST_GAPS = 7


def gdelt_days(now: datetime) -> list[str]:
    """The days that a tick at ``now`` stands for: today and, just after midnight, yesterday first."""
    return [f"{day:%Y-%m-%d}" for day in sorted({(now - LATE).date(), now.date()})]


def days_with_gaps(sahel: SahelResource, now: datetime) -> list[str]:
    """The last days with slots still missing, newest first, as the published file knows them."""
    path = sahel.settings.bi_file
    if not path.is_file():
        return []
    with open_published(path) as reader:
        rows = reader.execute(
            """select distinct slot_date from audit.gdelt_slot_day
               where slots_read < slots_expected and slot_date between ?::date and ?::date
               order by slot_date desc limit ?""",
            [now.date() - timedelta(days=GAP_DAYS), now.date() - timedelta(days=1), MOST_GAPS],
        ).fetchall()
    return [str(day) for (day,) in rows]


def schedules() -> list[dg.ScheduleDefinition]:
    """One schedule for each cadence."""

    @dg.schedule(
        name="gdelt_every_15_minutes",
        # Slots appear some minutes after the quarter of an hour.
        cron_schedule="6,21,36,51 * * * *",
        job=INGEST["ingest_gdelt"],
        execution_timezone="UTC",
        description="Today's GDELT partition, and yesterday's just after midnight.",
    )
    def gdelt(
        context: dg.ScheduleEvaluationContext, sahel: SahelResource
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        if reason := not_enabled("gdelt", sahel.settings):
            yield dg.SkipReason(reason)
            return
        at = context.scheduled_execution_time.astimezone(UTC)
        for day in gdelt_days(at):
            yield dg.RunRequest(run_key=f"{at:%Y%m%dT%H%M}-{day}", partition_key=day)

    @dg.schedule(
        name="gdelt_gaps_daily",
        cron_schedule="40 3 * * *",
        job=INGEST["ingest_gdelt"],
        execution_timezone="UTC",
        description=f"GDELT days of the last {GAP_DAYS} with slots that were not there or not whole.",
    )
    def gaps(
        context: dg.ScheduleEvaluationContext, sahel: SahelResource
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        if reason := not_enabled("gdelt", sahel.settings):
            yield dg.SkipReason(reason)
            return
        at = context.scheduled_execution_time.astimezone(UTC)
        days = days_with_gaps(sahel, at)
        if not days:
            yield dg.SkipReason("no day with gaps, or nothing published yet")
        for day in days:
            yield dg.RunRequest(run_key=f"gap-{at:%Y%m%d}-{day}", partition_key=day)

    return [
        gdelt,
        gaps,
        *(_at_its_cadence(ingestion) for ingestion in INGESTIONS if ingestion.cadence),
        dg.ScheduleDefinition(
            name="feeds_watched_hourly",
            cron_schedule="15 * * * *",
            job=watch_feeds,
            execution_timezone="UTC",
            description="Is a publisher silent? Also asked when nothing was loaded, which is when it matters.",
        ),
    ]


def _at_its_cadence(ingestion: Ingestion) -> dg.ScheduleDefinition:
    cadence = ingestion.cadence

    @dg.schedule(
        name=f"{ingestion.feed}_{cadence.word}",
        cron_schedule=cadence.cron,
        job=INGEST[ingestion.job],
        execution_timezone="UTC",
        description=cadence.told,
    )
    def due(context: dg.ScheduleEvaluationContext, sahel: SahelResource) -> dg.RunRequest | dg.SkipReason:
        if reason := not_enabled(ingestion.feed, sahel.settings):
            return dg.SkipReason(reason)
        return dg.RunRequest(run_key=f"{context.scheduled_execution_time.astimezone(UTC):%Y%m%dT%H%M}")

    return due
