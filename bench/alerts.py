"""How often alerts come and how often they are right, by the numbers a rule could have: on UCDP's real release 24.1.

Here: the floors of admin1_conflict, the sizes by which surges and threats have a level, and each rule's record as it
stands. Not here: the rules (dbt_project/models/intermediate/int_alert__*.sql), who suppresses whom (the model
int_alert__suppression, which is asked here again for each floor), tables (``report``).
"""

import re
import shutil
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean
from typing import Any
from unittest import mock

import duckdb

from bench.dbt_models import load_model
from orchestration.published import dicts
from orchestration.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
GED = ROOT.parent / "shared" / "data" / "mirror" / "ucdp" / "downloads" / "ged" / "ged241-csv.zip"
FLOORS = (5, 10, 15, 25, 50, 100)
RECENT_YEARS = 5


def measure(work: Path) -> dict[str, Any]:
    """Build a home from the release; then let the floor of units go, and choose among what their rule finds."""
    from orchestration import steps, transform
    from orchestration.records import LoadRequest

    if not GED.is_file():
        raise SystemExit(f"this case needs UCDP GED 24.1 as {GED}")
    settings = replace(
        Settings.from_env(work / "home", environ={"SAHEL_FEEDS": "ucdp"}),
        fixed_now=datetime(2024, 7, 1, tzinfo=UTC),
    )
    run = steps.Run(settings)
    loaded = steps.load(run, LoadRequest("ucdp", file=GED, release="24.1"))
    if loaded.failed:
        raise SystemExit(f"the release could not be loaded: {loaded.problems}")
    built = steps.build(run)
    if built.failed:
        raise SystemExit(f"failed: {', '.join(node.name for node in built.failed_nodes)}")
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        measured = {"sizes": dicts(connection, SIZES), "record": dicts(connection, RECORD)}
    project = work / "dbt_project"
    shutil.copytree(transform.DBT_PROJECT, project)
    rule = project / "models" / "intermediate" / "int_alert__admin1_conflict.sql"
    sql, changed = re.subn(r"set floor = \d+", f"set floor = {FLOORS[0]}", rule.read_text(encoding="utf-8"))
    assert changed == 1
    rule.write_text(sql, encoding="utf-8")
    with mock.patch.object(transform, "DBT_PROJECT", project):
        nodes = transform.run_dbt(settings, ["run", "--select", "int_alert__conflict+"])
    if failed := [f"{node.name}: {node.message}" for node in nodes if not node.good]:
        raise SystemExit("; ".join(failed))
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        return measured | {"floors": floors(connection)}


SIZES = """
    select
        rule,
        area_kind,
        level,
        count(*) / any_value(years_observed) as found_a_year,
        count(*) filter (where suppressed_by is null) / any_value(years_observed) as sent_a_year,
        count(is_borne_out) filter (where suppressed_by is null) as judged,
        avg(is_borne_out::integer) filter (where suppressed_by is null) as borne_out
    from marts.alert
    inner join marts.alert_rule_record using (rule, source)
    left join (select alert_id, is_borne_out from intermediate.int_alert__outcome) using (alert_id)
    where rule in ('surge', 'threat') and source = 'ucdp'
    group by rule, area_kind, level
    order by rule, area_kind, list_position(['low', 'medium', 'high'], level)
"""

RECORD = """
    select
        rule,
        alerts,
        alerts_per_year as a_year,
        alerts_per_year_last_5_years as a_year_recent,
        judged,
        share_borne_out as borne_out,
        base_rate,
        outcome
    from marts.alert_rule_record
    where source = 'ucdp' and alert_kind = 'conflict'
    order by rule
"""


def sent_with_floor(connection: duckdb.DuckDBPyConnection, floor: int) -> set[str]:
    """The ids of the alerts that would be sent if units needed so many deaths."""
    model = load_model("int_alert__suppression")
    alerts = (
        connection.table("intermediate.int_alert__candidate")
        .filter(f"rule <> 'admin1_conflict' or value >= {floor}")
        .project(model.COLUMNS)
        .fetchall()
    )
    days = dict(connection.execute("select rule, suppress_days from reference.alert_rule").fetchall())
    covers = connection.execute("select rule, covered_by, days from reference.alert_rule_cover").fetchall()
    return {row[0] for row in alerts} - {alert_id for alert_id, *_ in model.suppressed(alerts, days, covers)}


def floors(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """For each floor: how many alerts a year, in all and in a unit, and how many were borne out."""
    years = connection.execute(
        "select years_observed from marts.alert_rule_record where rule = 'admin1_conflict' and source = 'ucdp'"
    ).fetchone()[0]
    units = connection.execute(
        """select count(distinct admin1_id) from intermediate.int_event__first_told
           where is_precise and fatalities_best > 0"""
    ).fetchone()[0]
    alerts = connection.execute(
        """select alert_id, area_id, year(alert_date), alert_date > observed_until - interval 5 year, is_borne_out
           from marts.alert
           left join intermediate.int_alert__outcome using (alert_id)
           cross join (select max(observed_until) as observed_until from marts.country_month where source = 'ucdp')
           where alert.rule = 'admin1_conflict'"""
    ).fetchall()
    found = []
    for floor in FLOORS:
        sent_ids = sent_with_floor(connection, floor)
        sent = [alert for alert in alerts if alert[0] in sent_ids]
        judged = [alert[4] for alert in sent if alert[4] is not None]
        found.append(
            {
                "floor": floor,
                "units": len({alert[1] for alert in sent}),
                "a_year": len(sent) / years,
                "a_year_recent": sum(alert[3] for alert in sent) / RECENT_YEARS,
                "a_unit_year": len(sent) / years / units,
                "most_of_a_unit_in_a_year": max(Counter(alert[1:3] for alert in sent).values()),
                "judged": len(judged),
                "borne_out": mean(judged) if judged else None,
            }
        )
    return found
