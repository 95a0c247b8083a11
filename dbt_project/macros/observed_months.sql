{#
    Where and when a curated feed was looking: one row per feed, country and month that its coverage holds, or that
    holds an event nevertheless (a monthly candidate file also revises earlier events). Nothing seen is not zero: only
    these months may become zeros.

    A month is final where the publisher says so, or once it is older than its feed takes to settle and was looked at to
    its last day: the month in which an embargo or a window asked for ends does not become whole by growing old.
    `looked_at_from` and `looked_at_to` are the first and last day of the month that were looked at. `coverage`, `events`
    (current ones), `event_source` are relations or subqueries; `as_of` is an instant.
#}
{% macro observed_months(coverage, events, event_source, as_of) -%}
with bounds as (
    select
        *,
        max(period_end) over (
            partition by feed, country_iso3 order by period_start, period_end
            rows between unbounded preceding and 1 preceding
        ) as covered_before
    from {{ coverage }}
),

stretches as (
    -- Periods that touch or overlap are one stretch of days.
    select
        feed,
        country_iso3,
        min(period_start) as first_day,
        max(period_end) as last_day
    from (
        select
            *,
            count(*) filter (where covered_before is null or period_start > covered_before + 1) over (
                partition by feed, country_iso3 order by period_start, period_end rows unbounded preceding
            ) as stretch
        from bounds
    )
    group by feed, country_iso3, stretch
),

months as (
    select
        feed,
        country_iso3,
        unnest(
            generate_series(date_trunc('month', period_start), cast(period_end as timestamp), interval 1 month)
        ) as month_start,
        coalesce(is_final, false) as is_final,
        period_start as observed_from,
        period_end as observed_until
    from {{ coverage }}

    union all

    select
        feed,
        country_iso3,
        date_trunc('month', date_end) as month_start,
        false as is_final,
        date_end as observed_from,
        date_end as observed_until
    from {{ events }}
    where country_iso3 is not null
),

by_month as (
    select
        feed,
        country_iso3,
        cast(month_start as date) as month,
        bool_or(is_final) as is_final,
        min(observed_from) as observed_from,
        max(observed_until) as observed_until
    from months
    group by feed, country_iso3, cast(month_start as date)
)

select
    by_month.feed,
    by_month.country_iso3,
    by_month.month,
    by_month.is_final
    or (
        stretch.first_day is not null
        and coalesce(
            date_diff('day', last_day(by_month.month), cast({{ as_of }} as timestamp)) >= event_source.settling_days,
            false
        )
    ) as is_final,
    greatest(by_month.month, by_month.observed_from) as looked_at_from,
    least(last_day(by_month.month), by_month.observed_until) as looked_at_to,
    date_diff('day', last_day(by_month.month), cast({{ as_of }} as timestamp)) as days_since_month,
    max(by_month.observed_until) over (partition by by_month.feed, by_month.country_iso3) as observed_until
from by_month
inner join {{ event_source }} as event_source on by_month.feed = event_source.feed
-- Stretches do not touch each other, so a month lies wholly within one or within none.
left join stretches as stretch
    on
        by_month.feed = stretch.feed
        and by_month.country_iso3 = stretch.country_iso3
        and stretch.first_day <= by_month.month
        and stretch.last_day >= last_day(by_month.month)
{%- endmacro %}

{#
    CTEs, the last of them called `name`: the observed months with the first month of the unbroken run that each is in, and
    the last observed day of the month.
#}
{% macro observed_run_ctes(name) -%}
{{ name }}_numbered as (
    select
        feed as source,
        country_iso3,
        month,
        not is_final as provisional,
        max(observed_until) over (partition by feed, country_iso3) as observed_until,
        -- Months without a gap between them share this number.
        date_diff('month', date '1900-01-01', month)
        - row_number() over (partition by feed, country_iso3 order by month) as run
    from {{ ref('int_feed__observed_month') }}
),

{{ name }} as (
    select
        *,
        least(last_day(month), observed_until) as evaluated_date,
        min(month) over (partition by source, country_iso3, run) as observed_from
    from {{ name }}_numbered
)
{%- endmacro %}
