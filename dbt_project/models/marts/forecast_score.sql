-- The record of each forecasting model: its scores in the back-test, by protocol, over all areas, by months ahead and
-- by area. is_best: of the models whose CRPS is within one percent of the lowest, the one with the lowest IGN, when
-- judged as issued.
{{ config(tags=['ucdp_only']) }}

{% set crps_tolerance = 0.01 %}

with scores as (
    select
        * exclude (months_ahead, skill_vs_conflictology),
        nullif(months_ahead, 0) as months_ahead,
        case when not isnan(skill_vs_conflictology) then skill_vs_conflictology end as skill_vs_conflictology
    from {{ ref('int_forecast__score') }}
),

contenders as (
    select
        model,
        target,
        area_kind,
        ign
    from scores
    where area_id = 'all' and protocol = 'as_issued' and months_ahead is null
    qualify crps <= (1 + {{ crps_tolerance }}) * min(crps) over (partition by target, area_kind)
),

best as (
    select
        target,
        area_kind,
        first(model order by ign, model) as model
    from contenders
    group by target, area_kind
)

select
    score.model,
    score.target,
    score.area_kind,
    score.area_id,
    score.protocol,
    score.months_ahead,
    score.windows,
    score.forecasts,
    score.crps,
    score.ign,
    score.mis,
    score.skill_vs_conflictology,
    coalesce(score.model = best.model, false) as is_best
from scores as score
left join best on score.target = best.target and score.area_kind = best.area_kind
