"""The plots that tables show in the catalogue: what is drawn of which. How it is drawn is shown.py's.

They are asked of public tables only, so that the warehouse and the published file give the same.
"""

from typing import Any

import dagster as dg
import duckdb

from orchestration.defs.shown import plot

PLOTS = {
    "marts/country_month": (
        "UCDP events by month, all countries",
        "select month, sum(events)::double from marts.country_month where source = 'ucdp' group by all order by month",
    ),
    "marts/country_coverage_week": (
        "GDELT events by week, all countries (coverage, not incidents)",
        "select week, sum(gdelt_events)::double from marts.country_coverage_week group by all order by week",
    ),
    "marts/actor_month": (
        "actors in UCDP's events by month",
        "select month, count(*) filter (where events > 0)::double from marts.actor_month where source = 'ucdp' "
        "group by all order by month",
    ),
    "marts/alert": (
        "alerts on the conflict by month, without those that another alert stands for",
        "select month, count(alert_id)::double from (select distinct month from marts.country_month) "
        "left join marts.alert on month = date_trunc('month', alert_date) and suppressed_by is null "
        "and alert_kind = 'conflict' group by all order by month",
    ),
    "marts/forecast": (
        "UCDP deaths by month, all countries, and at the end those expected in the next six months",
        "with expected as (select target_month as month, sum(mean) as deaths from marts.forecast "
        "where area_kind = 'country' and target = 'all_violence' and is_best group by all) "
        "select month, sum(fatalities_best)::double from marts.country_month where source = 'ucdp' "
        "and month < (select min(month) from expected) group by all union all from expected order by month",
    ),
    "core/fct_article": (
        "articles by day published",
        "select published_at::date as day, count(*)::double from core.fct_article "
        "where published_at is not null group by all order by day",
    ),
}
"""By asset: what the plot is of, and points in time with their values, the oldest first."""


def history(connection: duckdb.DuckDBPyConnection, key: dg.AssetKey) -> dict[str, Any]:
    """The plot of a table as metadata; empty where none is drawn of it, or nothing is there to draw."""
    if key.to_user_string() not in PLOTS:
        return {}
    what, sql = PLOTS[key.to_user_string()]
    drawn = plot(connection.execute(sql).fetchall(), what)
    return {"history": drawn} if drawn else {}
