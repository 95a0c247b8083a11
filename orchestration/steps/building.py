"""Building the models and publishing the BI file. What is built is in ``dbt_project``; how, in ``transform``."""

from collections.abc import Callable
from typing import Any

import duckdb

from orchestration.failpoints import failpoint
from orchestration.settings import Settings, machine_now, naive
from orchestration.steps.run import BuildReport, Run, session, settle
from orchestration.transform import build_command, has_manifest, manifest, project_hash, run_dbt
from orchestration.warehouse import publish as publication
from orchestration.warehouse.gazetteer import write_gazetteer
from orchestration.warehouse.ledger import fetch_dicts, insert_rows
from orchestration.warehouse.status import write_status


def build(
    run: Run, *, everything: bool = False, on_event: Callable[[Any], None] | None = None
) -> BuildReport:
    """Build what new rows can have changed, with its tests; everything when the dbt project changed.

    Raises ``transform.DbtFailed`` if dbt could not start.
    """
    settings, now, started = run.settings, run.settings.now(), machine_now()
    digest = project_hash(settings)
    with session(run) as connection:
        settle(run, connection)
        has_other_places = write_gazetteer(connection, settings.countries)
        through = connection.execute("select max(attempt_id) from ledger.load_attempt").fetchone()[0]
        is_whole = everything or has_other_places or not has_manifest(settings)
        changed = None if is_whole else _changed_feeds(connection, digest)
    if changed is not None and not changed:
        return BuildReport(skipped="nothing new since the last build")
    failpoint("build.before_dbt")
    command = build_command(changed)
    nodes = run_dbt(settings, command, on_event=on_event)
    failpoint("build.after_dbt")
    report = BuildReport(nodes=tuple(nodes))
    with session(run) as connection:
        failed = ", ".join(f"{node.name}: {node.message}" for node in report.failed_nodes)
        insert_rows(
            connection,
            "build",
            [
                {
                    "build_id": run.run_id,
                    "status": "failed" if report.failed else "ok",
                    "selection": "everything" if changed is None else ",".join(sorted(changed)),
                    "project_hash": digest,
                    "through_attempt_id": through,
                    "nodes": len(nodes),
                    "error": failed or None,
                    "recorded_at": now,
                    "started_at": started,
                    "finished_at": machine_now(),
                }
            ],
        )
        write_status(connection, settings)
    return report


def publish(run: Run, *, public: bool = False) -> publication.Published:
    """Publish core, marts and audit as the BI file, checked by the query pack first.

    Raises ``publication.PublishRefused`` with the reason; the file in place stays as it is.
    """
    with session(run) as connection:
        last = fetch_dicts(connection, "select * from ledger.build order by finished_at desc limit 1")
        if last and last[0]["status"] != "ok":
            raise publication.PublishRefused(
                f"the last build failed ({last[0]['error']}); mend that and run `sahel build` first"
            )
        published = publication.publish(connection, run.settings, manifest(run.settings), public=public)
        write_status(connection, run.settings)
    return published


def waits_for_publication(connection: duckdb.DuckDBPyConnection, settings: Settings) -> bool:
    """Whether the last good build is newer than the BI file, be it that a run was killed in between."""
    (built,) = connection.execute(
        "select epoch(max(finished_at)) from ledger.build where status = 'ok'"
    ).fetchone()
    return built is not None and (not settings.bi_file.is_file() or settings.bi_file.stat().st_mtime < built)


def _changed_feeds(connection: duckdb.DuckDBPyConnection, digest: str) -> set[str] | None:
    """Feeds with new rows since the last good build, ``audit`` where only the ledger has news; None for everything.

    What goes on failing as before is no news: an outlet that is gone for good must not cause builds for ever.
    """
    last = fetch_dicts(
        connection, "select * from ledger.build where status = 'ok' order by finished_at desc limit 1"
    )
    if not last or last[0]["project_hash"] != digest:
        return None
    rows = connection.execute(
        """with news as (
               select *, lag(status) over (partition by feed, stream order by attempt_id) as status_before,
                      rows_loaded > 0
                      -- Slots read and releases applied move what is observed, also where they bring no row.
                      or feed = 'gdelt' and status in ('ok', 'empty')
                      or feed in (select feed from ledger.coverage where recorded_at >= $built_at)
                      or attempt_id in (select attempt_id from ledger.ucdp_release) as has_data
               from ledger.load_attempt
           )
           select distinct case when has_data then feed else 'audit' end from news
           where attempt_id > $through
             and (has_data or status not in ('unchanged', 'empty') and status is distinct from status_before)""",
        {"through": last[0]["through_attempt_id"] or 0, "built_at": naive(last[0]["recorded_at"])},
    ).fetchall()
    return {changed for (changed,) in rows}
