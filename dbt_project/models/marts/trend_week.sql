-- Weekly values with their baselines, by area, metric and source.
--
-- mean_4w and mean_52w look at the weeks before, never at the week itself; the first needs all four, the second three
-- quarters of the 52, since gaps are null and not zero. surge: at least twice mean_4w, which must be at least 1.
-- change_class: against mean_4w, more than +25 % large_increase, from +10 % moderate_increase, down to -25 %
-- limited_change, below large_decrease. Percentages of a base below 1 are null, and so is every judgement of a week
-- that was observed only in part.
with first_weeks as (
    select
        min(week) filter (where gdelt_material_conflict_events is not null) as gdelt_week,
        min(week) filter (where articles is not null) as news_week
    from {{ ref('country_coverage_week') }}
),

country_metrics as (
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
            observed_until
        from {{ ref('int_trend__event_week') }}
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
            coverage.{{ source }}_observed_until as observed_until
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
    inner join country_metrics as metric_row
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
    select
        *,
        case when area_kind = 'country' then 1 end as countries_observed
    from country_metrics

    union all

    select * from area_set_metrics
),

-- A week observed in part is shown, and is no baseline.
full_weeks as (
    select
        *,
        case when is_complete then value end as full_value
    from area_metrics
),

baselines as (
    select
        *,
        case when count(full_value) over weeks_4 = 4 then avg(full_value) over weeks_4 end as mean_4w,
        case when count(full_value) over weeks_52 >= 39 then avg(full_value) over weeks_52 end as mean_52w,
        case when count(full_value) over weeks_52 >= 39 then stddev_samp(full_value) over weeks_52 end as stddev_52w,
        max(full_value) over same_week as same_week_last_year
    from full_weeks
    window
        weeks_4 as (
            partition by source, metric, area_kind, area_id order by week
            range between interval 28 day preceding and interval 7 day preceding
        ),
        weeks_52 as (
            partition by source, metric, area_kind, area_id order by week
            range between interval 364 day preceding and interval 7 day preceding
        ),
        same_week as (
            partition by source, metric, area_kind, area_id order by week
            range between interval 364 day preceding and interval 364 day preceding
        )
),

judged as (
    select
        *,
        case when mean_4w >= 1 then 100 * (full_value - mean_4w) / mean_4w end as pct_change_4w
    from baselines
)

select
    area_kind,
    area_id,
    week,
    metric,
    source,
    value,
    mean_4w,
    mean_52w,
    same_week_last_year,
    pct_change_4w,
    case when stddev_52w > 0 then (full_value - mean_52w) / stddev_52w end as z_score,
    case when full_value is not null and mean_4w is not null then mean_4w >= 1 and full_value >= 2 * mean_4w end
        as surge,
    case
        when pct_change_4w > 25 then 'large_increase'
        when pct_change_4w >= 10 then 'moderate_increase'
        when pct_change_4w >= -25 then 'limited_change'
        when pct_change_4w < -25 then 'large_decrease'
    end as change_class,
    is_complete,
    provisional,
    observed_until,
    countries_observed
from judged
