"""The named jobs: one per feed, from the publisher to the BI file, and those without a feed.

A feed's job ends in a build and a publication only if there was something new. The executor (one process,
since there is one writer) is set for all jobs in ``orchestration.definitions``.
"""

from typing import Any

import dagster as dg

from orchestration import steps
from orchestration.defs.feeds import INGESTIONS, TABLES, Ingestion
from orchestration.defs.publish import BI_FILE
from orchestration.defs.resources import SahelResource, failures_told_apart
from orchestration.defs.shown import POOL
from orchestration.records import LoadRequest

HOUR = 3600


def _tags(hours: float) -> dict[str, str]:
    return {"dagster/max_runtime": str(int(hours * HOUR))}


def _of_feed(ingestion: Ingestion) -> Any:
    """The feed's tables from landing on, with every model that reads them, and the BI file."""
    keys = [key for one in ingestion.tables for key in (one.landing, one.raw)]
    others = [key for one in TABLES if one not in ingestion.tables for key in (one.landing, one.raw)]
    after = dg.AssetSelection.assets(*keys).downstream() | dg.AssetSelection.assets(BI_FILE)
    return dg.define_asset_job(
        ingestion.job,
        after - dg.AssetSelection.assets(*others),
        tags=_tags(ingestion.hours),
        description=f"{ingestion.what}, then the models that read it, then the BI file.",
    )


INGEST = {ingestion.job: _of_feed(ingestion) for ingestion in INGESTIONS}
"""By name: what loads a feed."""

build_and_publish = dg.define_asset_job(
    "build_and_publish",
    dg.AssetSelection.all() - dg.AssetSelection.key_prefixes(["landing"], ["raw"]),
    tags=_tags(2),
    description="The models and the BI file from what is in raw already.",
)
watch_feeds = dg.define_asset_job(
    "watch_feeds",
    dg.AssetSelection.checks_for_assets(*(one.raw for one in TABLES)),
    tags=_tags(0.5),
    description="Only the checks on raw tables: is a publisher silent, did a window fail for good.",
)


@dg.op(pool=POOL)
def load_build_publish(context: dg.OpExecutionContext, sahel: SahelResource) -> None:
    """`sahel run` as one step: what each enabled feed has up to now, whatever the partitions."""
    # Its own run id, not Dagster's: so the ledger sensor shows these loads in the catalogue.
    run = steps.Run(sahel.settings)
    failed: list[str] = []
    with failures_told_apart():
        for feed in run.settings.feeds:
            try:
                report = steps.load(run, LoadRequest(feed))
            except ValueError as error:
                # What one feed lacks (an account, a list of outlets) does not stop the others.
                context.log.error(f"{error}")
                failed.append(f"{error}")
                continue
            context.log.info(f"{feed}: {report.rows_loaded:,} new rows in {len(report.attempts)} attempts")
            for problem in report.problems:
                context.log.warning(problem)
            if report.failed:
                failed.append(f"{feed}: an outage or a blocked load")
        built = steps.build(run)
        if built.failed:
            told = "; ".join(f"{node.name}: {node.message}" for node in built.failed_nodes[:5])
            raise dg.Failure(f"the build failed: {told}", allow_retries=False)
        if not built.skipped:
            context.log.info(f"published {steps.publish(run).path}")
    if failed:
        raise dg.Failure(f"{'; '.join(failed)}; the rest was published", allow_retries=False)


@dg.job(tags=_tags(6), description="Every enabled feed up to now, build, publish: `sahel run` from the UI.")
def everything() -> None:
    load_build_publish()


JOBS = [*INGEST.values(), build_and_publish, watch_feeds, everything]
