-- Question: where will it be worse in the next one to six months?
--
-- Read it so: one row per country or admin1 unit and target, by the model with the best record in the back-test (its
-- scores over all areas of the kind stand in the row, lower is better; a large war's own are higher, in
-- marts.forecast_score; `skill_vs_conflictology` is the part of the error of "as in the last twelve months" that the
-- model saves). `expected_per_month` stands against the area's own last twelve months; the
-- greatest expected rise comes first. With nine chances in ten a month has at least `p10` deaths, with nine in ten at
-- most `p90`. The models know UCDP's deaths to `issued_month` and nothing else: they carry on what has been and see no
-- shock coming; a rise means that the last months were worse than the year. A `provisional` row rests on months that
-- the yearly release will change. Areas with less than one chance in twenty of any death in a month are left out; an
-- area whose history is too short has no row.
--
-- Columns: area_kind, target, country_iso3, area_id, area_name, first_month, last_month, expected_per_month,
--   last_12m_per_month, expected_change, p10, p50, p90, p_ge_1, p_ge_25, model, crps, ign, mis, skill_vs_conflictology,
--   issued_month, provisional, observed_until.
-- Parameters: none. marts.forecast has each month and every model.
select
    area_kind,
    target,
    country_iso3,
    area_id,
    area_name,
    min(target_month) as first_month,
    max(target_month) as last_month,
    round(avg(mean), 1) as expected_per_month,
    round(any_value(fatalities_12m) / 12, 1) as last_12m_per_month,
    round(avg(mean) - any_value(fatalities_12m) / 12, 1) as expected_change,
    round(avg(p10), 1) as p10,
    round(avg(p50), 1) as p50,
    round(avg(p90), 1) as p90,
    round(avg(p_ge_1), 2) as p_ge_1,
    round(avg(p_ge_25), 2) as p_ge_25,
    model,
    round(any_value(crps), 2) as crps,
    round(any_value(ign), 2) as ign,
    round(any_value(mis), 1) as mis,
    round(any_value(skill_vs_conflictology), 3) as skill_vs_conflictology,
    issued_month,
    provisional,
    observed_until
from marts.forecast
where is_best
group by
    area_kind,
    target,
    country_iso3,
    area_id,
    area_name,
    model,
    issued_month,
    provisional,
    observed_until
having avg(forecast.p_ge_1) >= 0.05
order by area_kind desc, target, avg(mean) - any_value(fatalities_12m) / 12 desc, area_id
