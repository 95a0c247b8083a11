"""Per table: the landing asset, its blocking audit, the raw asset. Three steps, each of which can be tried again.

What happens in them is ``orchestration.steps``; here is only how it is cut into assets, shown and retried.
A landing partition may hold several loads (a GDELT day has two streams for each table, news one for each
outlet). A blocked load is refused alone: the check then fails as a warning and the others go on. Only if
every load is blocked does the check fail as an error and stop the raw asset. So one bad outlet is one
warning, and not a stopped feed.
"""

import warnings
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import dagster as dg
import duckdb

from expectations.contracts import CONTRACTS, TableContract
from expectations.reference import read_seed
from orchestration import steps
from orchestration.defs.automation import REVISED_UPSTREAM
from orchestration.defs.feeds import TABLES, Ingested
from orchestration.defs.resources import RETRY, SahelResource, failures_told_apart
from orchestration.defs.shown import (
    OWNERS,
    POINTS_SHOWN,
    POOL,
    attempts,
    column_schema,
    plot,
    table,
    verdicts,
)
from orchestration.records import Status
from orchestration.settings import BY_HAND
from orchestration.warehouse.ledger import LedgerMemory, fetch_dicts

AUDIT = "great_expectations_audit"


def ingest_assets() -> list[dg.AssetsDefinition | dg.AssetChecksDefinition]:
    """Landing, audit and raw for every table."""
    made: list[dg.AssetsDefinition | dg.AssetChecksDefinition] = []
    for ingested in TABLES:
        made += [_landing(ingested), _audit(ingested), _raw(ingested)]
    return made


def by_hand_assets() -> list[dg.AssetSpec]:
    """What models read and no job here loads: files that `sahel load` takes, and the gazetteer of a package."""
    specs = [
        dg.AssetSpec(["raw", table], **_described(contract, "raw"))
        for table, contract in CONTRACTS.items()
        if contract.feed in BY_HAND
    ]
    gazetteer = dg.AssetSpec(
        ["reference", "gazetteer_place"],
        group_name="reference",
        kinds={"python", "duckdb"},
        owners=OWNERS,
        tags={"layer": "reference"},
        description="Populated places of GeoNames, written by the first build after their package changed.",
    )
    return [*specs, gazetteer]


def _landing(ingested: Ingested) -> dg.AssetsDefinition:
    contract = ingested.contract

    @dg.asset(
        **_described(contract, "landing"),
        key=ingested.landing,
        partitions_def=ingested.partitions,
        deps=[["raw", ingested.after]] if ingested.after else None,
        output_required=False,
        pool=POOL,
        retry_policy=RETRY,
    )
    def landing(context: dg.AssetExecutionContext, sahel: SahelResource) -> Iterator[dg.MaterializeResult]:
        partition = _partition(context)
        with failures_told_apart():
            run = sahel.run(context)
            landed = steps.fetch_to_landing(run, ingested.request(partition))
            with sahel.reading() as connection:
                is_left_alone = _is_left_alone(connection, contract.feed, run.settings.now())
        report = landed.report
        for problem in report.problems:
            context.log.warning(problem)
        # An outage of the whole feed may pass; a refused body will not change by itself.
        is_down = any(attempt["status"] == Status.FAILED for attempt in report.attempts)
        if not landed.pending and report.failed and (is_down or not ingested.may_be_refused):
            raise dg.Failure(
                description=f"{contract.feed}: nothing could be loaded: {report.problems[0]}",
                metadata=attempts(report),
                allow_retries=is_down and not is_left_alone,
            )
        if not landed.pending and not report.attempts and context.retry_number:
            # An outlet that failed rests: asking for it again at once is not how an outage ends.
            raise dg.Failure(f"{contract.feed}: down, and not due to be asked again yet", allow_retries=False)
        if not landed.pending and all(attempt["status"] == Status.MISSING for attempt in report.attempts):
            # Not materialised, so that the partition shows as missing and what follows has nothing to do.
            context.log.warning(f"{contract.feed}: the publisher has nothing for {partition or 'this fetch'}")
            return
        rows = sum(item.rows_landed for item in landed.pending)
        yield dg.MaterializeResult(
            metadata={
                "dagster/partition_row_count" if partition else "dagster/row_count": rows,
                "records on the wire": sum(item.rows_seen for item in landed.pending),
                "rows out of scope": sum(item.rows_out_of_scope for item in landed.pending),
                "rows quarantined": sum(item.rows_rejected for item in landed.pending),
                "payloads": table(
                    [
                        {
                            "load": item.batch.partition_key,
                            "payloads": len(item.batch.payloads),
                            "rows": item.rows_landed,
                            "first payload": item.batch.payloads[0].sha256 if item.batch.payloads else "",
                            "first url": item.batch.payloads[0].url if item.batch.payloads else "",
                        }
                        for item in landed.pending
                    ]
                ),
                "nothing to land": attempts(report)["attempts"],
            }
        )

    return landing


def _audit(ingested: Ingested) -> dg.AssetChecksDefinition:
    # Checks by partition are new in Dagster 1.13 and warn of it; tests/unit/defs would tell of a change.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return _audit_check(ingested)


def _audit_check(ingested: Ingested) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=ingested.landing,
        name=AUDIT,
        partitions_def=ingested.partitions,
        blocking=True,
        pool=POOL,
        retry_policy=RETRY,
        description=(
            "Great Expectations over what was landed: the contract's columns, types, keys and vocabularies, "
            "the domain rules and the volume. An error only if every load is blocked; one of several is a warning."
        ),
    )
    def audit(context: dg.AssetCheckExecutionContext, sahel: SahelResource) -> dg.AssetCheckResult:
        partition = context.partition_key if context.has_partition_key else None
        run = sahel.run(context)
        with failures_told_apart():
            judged = steps.audit_landing(run, ingested.table, partition)
            if not judged:
                return _last_judgement(sahel, ingested.table, partition)
        levels = [verdict.level for _, verdict in judged]
        for item, verdict in judged:
            if verdict.level != "pass":
                context.log.warning(f"{item.batch.partition_key}: {verdict.summary()}")
        return dg.AssetCheckResult(
            passed=all(level == "pass" for level in levels),
            severity=_severity(levels),
            description="; ".join(
                f"{levels.count(level)} {word}"
                for level, word in (("block", "blocked"), ("warn", "with warnings"), ("pass", "passed"))
                if level in levels
            ),
            metadata={
                **verdicts(run.settings, judged),
                "all loads": dg.MetadataValue.path(run.settings.quality / "index.html"),
            },
        )

    return audit


def _raw(ingested: Ingested) -> dg.AssetsDefinition:
    contract = ingested.contract

    @dg.asset(
        **_described(contract, "raw"),
        key=ingested.raw,
        partitions_def=ingested.partitions,
        deps=[ingested.landing],
        automation_condition=REVISED_UPSTREAM,
        freshness_policy=ingested.freshness,
        pool=POOL,
        retry_policy=RETRY,
    )
    def raw(context: dg.AssetExecutionContext, sahel: SahelResource) -> dg.MaterializeResult:
        with failures_told_apart():
            report = steps.promote_landing(
                sahel.run(context), contract.feed, contract.table, _partition(context)
            )
            with sahel.reading() as connection:
                rows = connection.execute(f"select count(*) from raw.{contract.table}").fetchone()[0]
                by_day = _rows_by_day(connection, contract)
        for problem in report.problems:
            context.log.warning(problem)
        drawn = plot(by_day, f"{contract.table}: rows by day of {contract.event_date_column}")
        return dg.MaterializeResult(
            metadata={"dagster/row_count": rows, **attempts(report), **({"history": drawn} if drawn else {})}
        )

    return raw


def _is_left_alone(connection: duckdb.DuckDBPyConnection, feed: str, now: datetime) -> bool:
    """Whether the feed has turned away from its publisher for a while: trying again at once would ask nobody."""
    until = LedgerMemory(connection).cursor(feed, "pause")
    return until is not None and datetime.fromisoformat(until) > now


def _rows_by_day(connection: duckdb.DuckDBPyConnection, contract: TableContract) -> list[tuple[date, int]]:
    """The last days that have rows; none for a table without dates."""
    if contract.event_date_column is None:
        return []
    day = f'cast("{contract.event_date_column}" as date)'
    return connection.execute(
        f"select * from (select {day} as day, count(*) from raw.{contract.table} where {day} is not null "
        f"group by day order by day desc limit {POINTS_SHOWN}) order by day"
    ).fetchall()


_LAST_VERDICTS = """
    with newest as (
        select *, split_part(partition_key, '@', 1) as load from ledger.quality_result
        where table_name = $table and ($partition is null or split_part(partition_key, '/', 1) = $partition)
        qualify attempt_id = max(attempt_id) over (partition by load)
    )
    select load, any_value(verdict) as verdict,
           coalesce(string_agg(check_name, ', ') filter (where not passed), '') as failed
    from newest group by load order by load
"""


def _last_judgement(sahel: SahelResource, table_name: str, partition: str | None) -> dg.AssetCheckResult:
    """Nothing waits: what the last audit of each load found still stands, or a blocked one would turn green."""
    with sahel.reading() as connection:
        known = fetch_dicts(connection, _LAST_VERDICTS, {"table": table_name, "partition": partition})
    levels = [row["verdict"] for row in known]
    return dg.AssetCheckResult(
        passed=all(level == "pass" for level in levels),
        severity=_severity(levels),
        description="nothing new to audit; the last audit of each load stands",
        metadata={"loads": table(known)},
    )


def _severity(levels: list[str]) -> dg.AssetCheckSeverity:
    """An error, which blocks, only where nothing is left to promote."""
    every = bool(levels) and all(level == "block" for level in levels)
    return dg.AssetCheckSeverity.ERROR if every else dg.AssetCheckSeverity.WARN


def _described(contract: TableContract, layer: str) -> dict[str, Any]:
    source = next(row for row in read_seed("source") if row["feed"] == contract.feed)
    does = {
        "landing": "As parsed, one partition replaced whole, waiting for its audit.",
        "raw": "As recorded, version by version, never overwritten; only what passed its audit.",
    }[layer]
    return {
        "group_name": contract.feed,
        "kinds": {"python", "duckdb", layer},
        "owners": OWNERS,
        "tags": {"layer": layer, "feed": contract.feed},
        "description": f"{contract.description}\n\n{does}\n\nGrain: {contract.grain}.",
        "metadata": {
            "dagster/column_schema": column_schema(contract, layer),
            "dagster/table_name": f"{layer}.{contract.table}",
            "publisher": dg.MetadataValue.url(source["homepage"])
            if source["homepage"]
            else source["publisher"],
            "licence": source["licence"],
            "citation": source["citation"],
        },
    }


def _partition(context: dg.AssetExecutionContext) -> str | None:
    return context.partition_key if context.has_partition_key else None
