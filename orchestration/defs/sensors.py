"""What is noticed rather than scheduled: a new UCDP release, a failed run, loads made from the command line.

Sensors ask, compare and request; they load nothing and never open the warehouse.
"""

import json
import os
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dagster as dg

from orchestration.defs.alerts import new_alerts
from orchestration.defs.feeds import TABLES, Ingested, not_enabled
from orchestration.defs.ingest import AUDIT
from orchestration.defs.jobs import INGEST
from orchestration.defs.partitions import UCDP_ACTOR_LIST, UCDP_RELEASE
from orchestration.defs.plots import PLOTS, history
from orchestration.defs.publish import BI_FILE
from orchestration.defs.resources import RUN_PREFIX, SahelResource
from orchestration.feeds.http import FetchError, HttpClient, TransientError
from orchestration.feeds.ucdp_releases import Release, actor_list, annual, cumulative, monthly
from orchestration.settings import Settings, machine_now
from orchestration.warehouse.connection import open_published

DAY_S = 24 * 3600
YEARS_BACK = 3
ACTOR_LISTS_BACK = 5
ATTEMPTS_A_TICK = 400
FAILURES_LOG = "failures.log"


def sensors() -> list[dg.SensorDefinition]:
    """All but those of declarative automation."""
    return [new_ucdp_release, failed_run, shown_from_ledger, new_alerts]


# --- a new UCDP release ---------------------------------------------------------------------------


def releases_on_offer(http: HttpClient, settings: Settings, today: date) -> Iterator[tuple[Release, str]]:
    """What the publisher offers and a load would want, with a mark that changes when a file does.

    Asked by HEAD, one small request for each release there might be. Raises ``TransientError``.
    """

    def mark(release: Release) -> str | None:
        try:
            answer = http.head(
                settings.ucdp_url + release.path,
                allowed_hosts=frozenset({urlsplit(settings.ucdp_url).hostname or ""}),
            )
        except TransientError:
            raise
        except FetchError:
            return None
        return answer.etag or answer.last_modified or answer.headers.get("content-length", "offered")

    def first(candidates: Iterator[Release]) -> tuple[Release, str] | None:
        return next(((one, found) for one in candidates if (found := mark(one))), None)

    newest = first(annual(year) for year in range(today.year, today.year - YEARS_BACK, -1))
    covered = newest[0].period_end.year if newest else today.year - 2
    if newest:
        yield newest
    for year in range(covered + 1, today.year + 1):
        last = 12 if year < today.year else today.month - 1
        quarter = first(cumulative(year, month) for month in range(last, 0, -1))
        if quarter:
            yield quarter
        after = quarter[0].period_end.month if quarter else 0
        for month in range(after + 1, last + 1):
            if found := mark(monthly(year, month)):
                yield monthly(year, month), found
    actors = first(actor_list(year) for year in range(covered + 1, covered + 1 - ACTOR_LISTS_BACK, -1))
    if actors:
        yield actors


@dg.sensor(
    name="new_ucdp_release",
    jobs=[INGEST["ingest_ucdp"], INGEST["ingest_ucdp_actors"]],
    minimum_interval_seconds=DAY_S,
    description="Asks UCDP daily which releases there are; a new or changed one becomes a partition and is loaded.",
)
def new_ucdp_release(
    context: dg.SensorEvaluationContext, sahel: SahelResource
) -> dg.SensorResult | dg.SkipReason:
    settings = sahel.settings
    if reason := not_enabled("ucdp", settings):
        return dg.SkipReason(reason)
    seen: dict[str, str] = json.loads(context.cursor or "{}")
    try:
        with HttpClient(settings, max_attempts=1) as http:
            offered = {
                release.name: (release, mark)
                for release, mark in releases_on_offer(http, settings, settings.now().date())
            }
    except TransientError as error:
        return dg.SkipReason(f"{error}")
    new = {name: item for name, item in offered.items() if seen.get(name) != item[1]}
    if not new:
        return dg.SkipReason(f"{len(offered)} releases on offer, none new")
    requests, partitions = [], []
    for name, (release, mark) in new.items():
        is_actors = release.kind == "actor"
        partitions.append((UCDP_ACTOR_LIST if is_actors else UCDP_RELEASE).build_add_request([name]))
        requests.append(
            dg.RunRequest(
                run_key=f"{name}:{mark}",
                job_name="ingest_ucdp_actors" if is_actors else "ingest_ucdp",
                partition_key=name,
            )
        )
    return dg.SensorResult(
        run_requests=requests,
        dynamic_partitions_requests=partitions,
        cursor=json.dumps(seen | {name: mark for name, (_, mark) in offered.items()}),
    )


# --- a failed run ---------------------------------------------------------------------------------


@dg.run_failure_sensor(
    name="failed_run",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description=f"Writes a line to quality/{FAILURES_LOG} for every run that failed. Nothing leaves the machine.",
)
def failed_run(context: dg.RunFailureSensorContext, sahel: SahelResource) -> None:
    run = context.dagster_run
    reasons = [
        event.event_specific_data.error_display_string.strip().splitlines()[0]
        for event in context.get_step_failure_events()
        if getattr(event.event_specific_data, "error_display_string", "")
    ]
    line = {
        "at": machine_now().isoformat(timespec="seconds"),
        "run_id": run.run_id,
        "job": run.job_name,
        "partition": run.tags.get("dagster/partition"),
        "why": "; ".join(reasons) or context.failure_event.message,
    }
    path = sahel.settings.quality / FAILURES_LOG
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as log:
        log.write(json.dumps(line, ensure_ascii=False) + "\n")


# --- loads from the command line ------------------------------------------------------------------


@dg.sensor(
    name="shown_from_ledger",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description=(
        "Shows in the catalogue what the command line loaded, judged and published (`sahel demo`, `run`, `load`), "
        "read from the published file. Runs nothing."
    ),
)
def shown_from_ledger(
    context: dg.SensorEvaluationContext, sahel: SahelResource
) -> dg.SensorResult | dg.SkipReason:
    settings = sahel.settings
    if not settings.bi_file.is_file():
        return dg.SkipReason("nothing is published yet; run `sahel demo` or `sahel run`, or start a job here")
    version = Path(os.readlink(settings.published / "parquet")).parent.name
    seen = json.loads(context.cursor or '{"through": 0, "version": null}')
    if seen["version"] == version:
        return dg.SkipReason(f"{version} has been shown")
    with open_published(settings.bi_file) as reader:
        through, last = reader.execute(_NEXT_ATTEMPTS, [seen["through"], ATTEMPTS_A_TICK]).fetchone()
        span = {"first": seen["through"] + 1, "last": through or seen["through"], "ours": RUN_PREFIX}
        loads = reader.execute(_LOADS, span).fetchall()
        judged = reader.execute(_VERDICTS, span).fetchall()
        sizes = reader.execute(_SIZES).fetchall()
        there = {(schema, name) for schema, name, _ in sizes}
        plots = {
            key: history(reader, key)
            for key in map(dg.AssetKey.from_user_string, PLOTS)
            if tuple(key.path) in there
        }
    events = [event for load in loads for event in _load_events(*load)]
    # Of results without a run Dagster keeps one for each partition of a check, and fails on a second.
    judged_before = _judged_before(context)
    for table, partition, *found in judged:
        is_first = (_BY_TABLE[table].landing, partition) not in judged_before
        events.append(_verdict_event(table, partition, *found, is_first=is_first))
    if last and not _published_here(context, version):
        events += _table_events(context, sizes, plots, version)
    partitions = {
        one.table: one.partitions
        for one in TABLES
        if isinstance(one.partitions, dg.DynamicPartitionsDefinition)
    }
    return dg.SensorResult(
        asset_events=events,
        dynamic_partitions_requests=[
            definition.build_add_request(names)
            for table, definition in partitions.items()
            if (names := sorted({partition for name, partition, *_ in loads if name == table}))
        ],
        cursor=json.dumps({"through": span["last"], "version": version if last else None}),
    )


# Of which table a stream of the ledger tells; a feed with one table has no streams named here.
_TABLE_OF = "(values {}) as t(feed, stream, table_name, is_partitioned)".format(
    ", ".join(
        f"('{one.contract.feed}', {stream}, '{one.table}', {one.partitions is not None})"
        for one in TABLES
        for stream in ([f"'{name}'" for name in one.streams] or ["null"])
    )
)
_NEXT_ATTEMPTS = """
    select max(attempt_id) filter (where nth <= $2),
           count(*) filter (where nth > $2) = 0
    from (select attempt_id, row_number() over (order by attempt_id) as nth
          from audit.load_history where attempt_id > $1)
"""
_LOADS = f"""
    select t.table_name, if(t.is_partitioned, h.partition_key, null) as partition,
           sum(h.rows_loaded) as rows, max(h.recorded_at) as recorded_at, any_value(h.run_id) as run_id
    from audit.load_history h
    join {_TABLE_OF} on t.feed = h.feed and (t.stream is null or t.stream = h.stream)
    where h.attempt_id between $first and $last and not starts_with(h.run_id, $ours)
      and h.status in ('ok', 'empty', 'unchanged')
    group by 1, 2 order by max(h.attempt_id)
"""
_VERDICTS = f"""
    select q.table_name, if(t.is_partitioned, split_part(q.partition_key, '/', 1), null) as partition,
           arg_max(q.verdict, case q.verdict when 'pass' then 0 when 'warn' then 1 else 2 end) as verdict,
           count(*) as checks,
           coalesce(string_agg(distinct q."check", ', ') filter (where not q.passed), '') as failed
    from audit.quality_result q
    join audit.load_history h using (attempt_id)
    join (select distinct table_name, is_partitioned from {_TABLE_OF}) t on t.table_name = q.table_name
    where q.attempt_id between $first and $last and not starts_with(h.run_id, $ours)
    group by 1, 2 order by max(q.attempt_id)
"""
_SIZES = "select schema_name, table_name, estimated_size from duckdb_tables() order by 1, 2"
_BY_TABLE: dict[str, Ingested] = {one.table: one for one in TABLES}


def _load_events(
    table: str, partition: str | None, rows: int, recorded_at: datetime, run_id: str
) -> Iterator[dg.AssetMaterialization]:
    """Landing and raw of a load; a window of many days that failed to be one day is shown by none."""
    ingested = _BY_TABLE[table]
    if not ingested.is_partition(partition):
        return
    for key in (ingested.landing, ingested.raw):
        yield dg.AssetMaterialization(
            key,
            partition=partition,
            description="from the command line",
            metadata={"rows loaded": rows, "recorded at": f"{recorded_at}", "command line run": run_id},
        )


def _verdict_event(
    table: str, partition: str | None, verdict: str, checks: int, failed: str, *, is_first: bool
) -> dg.AssetCheckEvaluation:
    ingested = _BY_TABLE[table]
    of_partition = is_first and ingested.is_partition(partition)
    return dg.AssetCheckEvaluation(
        asset_key=ingested.landing,
        check_name=AUDIT,
        passed=verdict == "pass",
        severity=dg.AssetCheckSeverity.ERROR if verdict == "block" else dg.AssetCheckSeverity.WARN,
        blocking=True,
        partition=partition if of_partition else None,
        description="from the command line",
        metadata={"load": partition or "newest", "failed": failed or f"none of {checks} checks"},
    )


def _judged_before(context: dg.SensorEvaluationContext) -> set[tuple[dg.AssetKey, str | None]]:
    checks = [dg.AssetCheckKey(one.landing, AUDIT) for one in TABLES if one.partitions]
    known = context.instance.event_log_storage.get_asset_check_partition_info(checks)
    return {(info.check_key.asset_key, info.partition_key) for info in known}


def _table_events(
    context: dg.SensorEvaluationContext,
    sizes: list[tuple[str, str, int]],
    plots: dict[dg.AssetKey, dict[str, Any]],
    version: str,
) -> Iterator[dg.AssetMaterialization]:
    """The tables of a file that the command line published, and the models below, which it built too."""
    rows = {(schema, name): size for schema, name, size in sizes}
    # In the order of the graph: what comes before what it reads would show as out of date.
    graph = context.repository_def.asset_graph
    for key in graph.toposorted_asset_keys:
        if key.path[0] in ("landing", "raw"):
            continue
        size = rows.get(tuple(key.path))
        yield dg.AssetMaterialization(
            key,
            description="from the command line",
            metadata={"version": version}
            | ({"dagster/row_count": size} if size is not None else {})
            | plots.get(key, {}),
        )


def _published_here(context: dg.SensorEvaluationContext, version: str) -> bool:
    event = context.instance.get_latest_materialization_event(BI_FILE)
    shown = event.asset_materialization.metadata.get("version") if event else None
    return shown is not None and shown.value == version
