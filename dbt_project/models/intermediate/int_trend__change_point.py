"""The weeks in which a series took a new level: one row per change point of weekly events and deaths.

Here: the search, by PELT (Killick, Fearnhead and Eckley 2012) in the library ruptures, on the logarithm of a week's value
plus one, and the two levels. It is Python because the best division of a series is no window of SQL. Not here: the
weekly values (int_trend__event_week) and what is said of them (trend_week). Only weeks that were observed in full and are
final are looked at: what is still being counted always looks like a fall.

Levels and penalties are measured, `python -m bench change-points`; docs/adr/0016-change-points.md tells why.
"""

import numpy as np
import pandas as pd
from ruptures import KernelCPD

PENALTIES = {"events": 5.0, "fatalities_best": 20.0}
"""What another level must save in squared error of logarithms. Deaths scatter more than events."""
LEAST_WEEKS = 8
"""A shorter level is an episode."""
LEAST_EVENTS = 20
"""With fewer in all its years a series has no level to leave."""
LEAST_BASE = 0.1
"""A week: of a lower level nothing is a multiple that means anything."""


def model(dbt, session):
    dbt.config(materialized="table")
    stretches = dbt.ref("int_trend__event_week").query("weeks", STRETCHES).fetchall()
    rows = [
        (source, area_kind, area_id, metric, weeks[position], ratio)
        for source, area_kind, area_id, weeks, *series in stretches
        for (metric, penalty), values in zip(PENALTIES.items(), series, strict=True)
        for position, ratio in change_points(values, penalty)
    ]
    columns = ["source", "area_kind", "area_id", "metric", "week", "change_point_ratio"]
    return pd.DataFrame(rows, columns=columns).astype(
        {**dict.fromkeys(columns[:4], "str"), "week": "datetime64[us]", "change_point_ratio": "float64"}
    )


STRETCHES = f"""
    with looked_at as (
        select
            *,
            -- Weeks without a gap have the same difference between their date and their number.
            week - 7 * cast(
                row_number() over (partition by source, area_kind, area_id order by week) as integer
            ) as stretch
        from weeks
        where is_complete and not provisional
        -- Decades of silence are one level; a year of it is enough to know it, and quicker.
        qualify week >= min(week) filter (where events > 0) over (partition by source, area_kind, area_id) - 364
    )

    select
        source,
        area_kind,
        area_id,
        list(week order by week) as weeks,
        list(events order by week) as events,
        list(fatalities_best order by week) as fatalities_best
    from looked_at
    group by source, area_kind, area_id, stretch
    having sum(events) >= {LEAST_EVENTS} and count(*) >= {2 * LEAST_WEEKS}
    order by source, area_kind, area_id, stretch
"""


def change_points(values, penalty, least_weeks=LEAST_WEEKS):
    """(position, ratio) of each first week of a new level; the ratio of its mean to that of the level before.

    The ratio is none where the level before was next to nothing.
    """
    values = np.asarray(values, dtype=float)
    if len(values) < 2 * least_weeks:
        return []
    search = KernelCPD(kernel="linear", min_size=least_weeks).fit(np.log1p(values).reshape(-1, 1))
    ends = [int(end) for end in search.predict(pen=penalty)]
    means = [values[start:end].mean() for start, end in zip([0, *ends], ends, strict=False)]
    return [
        (position, float(after / before) if before >= LEAST_BASE else None)
        for position, before, after in zip(ends, means, means[1:], strict=False)
    ]
