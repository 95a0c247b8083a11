-- Weekly values with their baselines, by area, metric and source.
--
-- Baselines look at the weeks before, never at the week itself; that of 4 weeks needs all four, those of 52 and 156
-- three quarters, since gaps are null and not zero. surge: at least twice mean_4w, which must be at least 1.
-- threat: the mean of the four weeks that end with this one is at least twice mean_52w, and at least 1.
-- Change classes: more than +25 % large_increase, from +10 % moderate_increase, down to -25 % limited_change, below
-- large_decrease; no fall is announced in a provisional week. Percentages of a base below 1 are null, and so is every
-- judgement of a week that was observed only in part. Rules and examples: docs/trends.md.
with first_weeks as (
    select
        min(week) filter (where gdelt_material_conflict_events is not null) as gdelt_week,
        min(week) filter (where articles is not null) as news_week
    from {{ ref('country_coverage_week') }}
),

-- Three quiet years before a unit's first event are its baseline; those before them would be rows of zeros only.
told_weeks as (
    select *
    from {{ ref('int_trend__event_week') }}
    qualify
        area_kind <> 'admin1'
        or week >= min(week) filter (where events > 0) over (partition by source, area_kind, area_id) - {{ 7 * 156 }}
),

metric_weeks as (
    {% for metric in ['events', 'fatalities_best', 'events_one_sided', 'fatalities_civilian'] %}
        select
            source,
            '{{ metric }}' as metric,
            area_kind,
            area_id,
            week,
            cast({{ metric }} as double) as value,
            is_complete,
            provisional,
            observed_until,
            countries_observed
        from told_weeks
        where {{ metric }} is not null

        union all
    {% endfor %}

    {% for source, metric in [('gdelt', 'gdelt_material_conflict_events'), ('news', 'articles')] %}
        select
            '{{ source }}' as source,
            '{{ metric }}' as metric,
            'country' as area_kind,
            coverage.country_iso3 as area_id,
            coverage.week,
            cast(coverage.{{ metric }} as double) as value,
            -- Reading began somewhere in the first week.
            coverage.week + 6 <= coverage.{{ source }}_observed_until
            and coverage.week > first_read.{{ source }}_week as is_complete,
            coverage.week + 6 > coverage.{{ source }}_observed_until as provisional,
            coverage.{{ source }}_observed_until as observed_until,
            1 as countries_observed
        from {{ ref('country_coverage_week') }} as coverage
        cross join first_weeks as first_read
        where coverage.week between first_read.{{ source }}_week and coverage.{{ source }}_observed_until
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- A set's members are those of its countries that the source observes at all, in the weeks in which it
-- observes each of them: else the sum would change with the membership.
members as (
    select
        member.area_set,
        metric_row.*
    from {{ ref('dim_area_set') }} as member
    inner join metric_weeks as metric_row
        on member.country_iso3 = metric_row.area_id and metric_row.area_kind = 'country'
),

area_set_metrics as (
    select
        source,
        metric,
        'area_set' as area_kind,
        area_set as area_id,
        week,
        -- One unknown member makes the sum unknown.
        case when count(value) = count(*) then sum(value) end as value,
        bool_and(is_complete) as is_complete,
        bool_or(provisional) as provisional,
        min(observed_until) as observed_until,
        count(*) as countries_observed
    from members
    group by source, metric, area_set, week
    qualify count(*) = max(count(*)) over (partition by source, metric, area_set)
),

area_metrics as (
    select * from metric_weeks

    union all

    select * from area_set_metrics
),

-- A week observed in part is shown, and is no baseline.
full_weeks as (
    select
        *,
        {{ week_number('week') }} as week_number,
        case when is_complete then value end as full_value
    from area_metrics
),

baselines as (
    select
        *,
        {{ baseline_means() }},
        count(full_value) over weeks_156 as z_score_weeks,
        avg(full_value) over weeks_156 as mean_156w,
        stddev_samp(full_value) over weeks_156 as stddev_156w,
        max(full_value) over same_week as same_week_last_year
    from full_weeks
    window
        {{ baseline_windows('source, metric, area_kind, area_id') }},
        weeks_156 as (
            partition by source, metric, area_kind, area_id order by week_number
            range between 156 preceding and 1 preceding
        ),
        same_week as (
            partition by source, metric, area_kind, area_id order by week_number
            range between 52 preceding and 52 preceding
        )
),

judged as (
    select
        *,
        case when mean_4w >= 1 then 100 * (full_value - mean_4w) / mean_4w end as pct_change_4w,
        case when mean_52w >= 1 then 100 * (full_value - mean_52w) / mean_52w end as pct_change_52w
    from baselines
)

select
    judged.area_kind,
    judged.area_id,
    judged.week,
    judged.metric,
    judged.source,
    judged.value,
    judged.mean_4w,
    judged.mean_52w,
    judged.same_week_last_year,
    judged.pct_change_4w,
    judged.pct_change_52w,
    case
        when judged.z_score_weeks >= 117 and judged.stddev_156w > 0
            then (judged.full_value - judged.mean_156w) / judged.stddev_156w
    end as z_score,
    judged.z_score_weeks,
    case
        when judged.full_value is not null and judged.mean_4w is not null
            then {{ is_surge('judged.full_value', 'judged.mean_4w') }}
    end as surge,
    case
        when judged.full_value is not null and judged.mean_last_4w is not null and judged.mean_52w is not null
            then {{ is_threat('judged.mean_last_4w', 'judged.mean_52w') }}
    end as threat,
    {% for weeks in ['4w', '52w'] %}
        case
            when judged.provisional and judged.pct_change_{{ weeks }} < 0 then null
            when judged.pct_change_{{ weeks }} > 25 then 'large_increase'
            when judged.pct_change_{{ weeks }} >= 10 then 'moderate_increase'
            when judged.pct_change_{{ weeks }} >= -25 then 'limited_change'
            when judged.pct_change_{{ weeks }} < -25 then 'large_decrease'
        end as {{ 'change_class' if weeks == '4w' else 'change_class_52w' }},
    {% endfor %}
    volatility.spikes as volatility_spikes_52w,
    case
        when volatility.spikes >= 6 and volatility.mean_events > 1.5 then 'extreme_risk'
        when volatility.spikes >= 6 then 'growing_risk'
        when volatility.mean_events > 1.5 then 'consistent_risk'
        when volatility.spikes is not null then 'low_risk'
    end as volatility_class,
    -- Null where nobody looked: partly observed and provisional weeks, other metrics, sets, the media.
    case
        when
            judged.is_complete
            and not judged.provisional
            and judged.metric in ('events', 'fatalities_best')
            and judged.area_kind <> 'area_set'
            then change_point.week is not null
    end as is_change_point,
    change_point.change_point_ratio,
    judged.is_complete,
    judged.provisional,
    judged.observed_until,
    judged.countries_observed
from judged
left join {{ ref('int_trend__change_point') }} as change_point
    on
        judged.source = change_point.source
        and judged.metric = change_point.metric
        and judged.area_kind = change_point.area_kind
        and judged.area_id = change_point.area_id
        and judged.week = change_point.week
left join {{ ref('int_trend__volatility_week') }} as volatility
    on
        judged.source = volatility.source
        and judged.metric = volatility.metric
        and judged.area_kind = volatility.area_kind
        and judged.area_id = volatility.area_id
        and judged.week = volatility.week
