-- Question: is it rising, and against which baseline?
--
-- Read it so: one row per country or area set, metric and source, for the newest week that the source observed in full.
-- `value` stands against four baselines: the mean of the four weeks before, that of the 52 before, that of the 156
-- before (`z_score` is the distance from it in standard deviations), and the same week a year ago. `surge` is true if
-- the value is at least twice the four-week mean, `threat` if the last four weeks are in the mean at least twice the
-- year, each from one a week on. `level_since` is the week in which the present level began, `level_ratio` how many
-- times the one before it is; both are known of final weeks only. Null says that a baseline is missing or too small,
-- not that nothing changed. In `provisional` weeks no fall is announced, since they are still too low. Some surges are
-- chance: docs/trends.md says how many. gdelt and news rows are media coverage, never incidents.
--
-- Columns: area_kind, area_id, source, metric, week, value, mean_4w, pct_change_4w, change_class, surge, mean_52w,
--   pct_change_52w, change_class_52w, threat, z_score, same_week_last_year, level_since, level_ratio, provisional,
--   observed_until.
-- Parameters: none. For admin1 units take area_kind = 'admin1', for actors area_kind = 'actor'.
with levels as (
    select
        area_kind,
        area_id,
        source,
        metric,
        max(week) as level_since,
        arg_max_null(change_point_ratio, week) as level_ratio
    from marts.trend_week
    where is_change_point
    group by area_kind, area_id, source, metric
),

newest as (
    select *
    from marts.trend_week
    where area_kind in ('country', 'area_set') and is_complete and value is not null
    qualify week = max(week) over (partition by area_kind, area_id, source, metric)
)

select
    newest.area_kind,
    newest.area_id,
    newest.source,
    newest.metric,
    newest.week,
    newest.value,
    round(newest.mean_4w, 2) as mean_4w,
    round(newest.pct_change_4w, 1) as pct_change_4w,
    newest.change_class,
    newest.surge,
    round(newest.mean_52w, 2) as mean_52w,
    round(newest.pct_change_52w, 1) as pct_change_52w,
    newest.change_class_52w,
    newest.threat,
    round(newest.z_score, 2) as z_score,
    newest.same_week_last_year,
    level.level_since,
    round(level.level_ratio, 2) as level_ratio,
    newest.provisional,
    newest.observed_until
from newest
left join levels as level
    on
        newest.area_kind = level.area_kind
        and newest.area_id = level.area_id
        and newest.source = level.source
        and newest.metric = level.metric
order by
    newest.source,
    newest.metric,
    newest.area_kind,
    newest.surge desc nulls last,
    newest.threat desc nulls last,
    newest.z_score desc nulls last,
    newest.area_id
