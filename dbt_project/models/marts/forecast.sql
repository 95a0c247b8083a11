-- What to expect in the next six months, by every model, each row beside the record of its model. Without a record
-- there is no forecast.
{{ config(tags=['ucdp_only']) }}

select
    prediction.model,
    prediction.target,
    prediction.area_kind,
    prediction.area_id,
    coalesce(unit.admin1_name, country.country_name) as area_name,
    prediction.country_iso3,
    cast(prediction.issued_month as date) as issued_month,
    cast(prediction.target_month as date) as target_month,
    prediction.months_ahead,
    round(prediction.mean, 3) as mean,
    round(prediction.p10, 3) as p10,
    round(prediction.p50, 3) as p50,
    round(prediction.p90, 3) as p90,
    prediction.p_ge_1,
    prediction.p_ge_25,
    round(prediction.fatalities_12m, 3) as fatalities_12m,
    score.is_best,
    score.windows,
    score.crps,
    score.ign,
    score.mis,
    score.skill_vs_conflictology,
    prediction.provisional,
    cast(prediction.observed_until as date) as observed_until
from {{ ref('int_forecast__prediction') }} as prediction
inner join {{ ref('forecast_score') }} as score
    on
        prediction.model = score.model
        and prediction.target = score.target
        and prediction.area_kind = score.area_kind
        and score.area_id = 'all'
        and score.protocol = 'as_issued'
        and score.months_ahead is null
inner join {{ ref('dim_country') }} as country on prediction.country_iso3 = country.country_iso3
left join {{ ref('dim_admin1') }} as unit
    on prediction.area_id = unit.admin1_id and prediction.area_kind = 'admin1'
