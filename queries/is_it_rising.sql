-- Question: is it rising, and against which baseline?
--
-- Read it so: one row per country or area set, metric and source, for the newest week that the source observed in full.
-- `value` stands against three baselines: the mean of the four weeks before, the mean of the 52 weeks before
-- (`z_score` is the distance from it in standard deviations), and the same week a year ago. `surge` is true if the
-- value is at least twice the four-week mean and that mean is at least 1. Null says that a baseline is missing or too
-- small, not that nothing changed. Recent weeks of a `provisional` source are too low: distrust a fall, believe a rise.
-- gdelt and news rows are media coverage, never incidents.
--
-- Columns: area_kind, area_id, source, metric, week, value, mean_4w, pct_change_4w, change_class, surge, mean_52w,
--   z_score, same_week_last_year, provisional, observed_until.
-- Parameters: none. For admin1 units take area_kind = 'admin1'.
select
    area_kind,
    area_id,
    source,
    metric,
    week,
    value,
    round(mean_4w, 2) as mean_4w,
    round(pct_change_4w, 1) as pct_change_4w,
    change_class,
    surge,
    round(mean_52w, 2) as mean_52w,
    round(z_score, 2) as z_score,
    same_week_last_year,
    provisional,
    observed_until
from marts.trend_week
where area_kind in ('country', 'area_set') and is_complete and value is not null
qualify week = max(week) over (partition by area_kind, area_id, source, metric)
order by source, metric, area_kind, surge desc nulls last, z_score desc nulls last, area_id
