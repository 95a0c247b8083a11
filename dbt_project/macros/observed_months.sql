{#
    Where and when a curated feed was looking: one row per feed, country and month that its coverage holds, or that
    holds an event nevertheless (a monthly candidate file also revises earlier events). Nothing seen is not zero: only
    these months may become zeros.

    A month is final where the publisher says so, or once it is older than its feed takes to settle. `coverage`,
    `events` (current ones), `event_source` are relations or subqueries; `as_of` is an instant.
#}
{% macro observed_months(coverage, events, event_source, as_of) -%}
with months as (
    select
        feed,
        country_iso3,
        unnest(
            generate_series(date_trunc('month', period_start), cast(period_end as timestamp), interval 1 month)
        ) as month_start,
        coalesce(is_final, false) as is_final,
        period_end as observed_until
    from {{ coverage }}

    union all

    select
        feed,
        country_iso3,
        date_trunc('month', date_end) as month_start,
        false as is_final,
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
        max(observed_until) as observed_until
    from months
    group by feed, country_iso3, cast(month_start as date)
)

select
    by_month.feed,
    by_month.country_iso3,
    by_month.month,
    by_month.is_final
    or coalesce(
        date_diff('day', last_day(by_month.month), cast({{ as_of }} as timestamp)) >= event_source.settling_days, false
    ) as is_final,
    date_diff('day', last_day(by_month.month), cast({{ as_of }} as timestamp)) as days_since_month,
    max(by_month.observed_until) over (partition by by_month.feed, by_month.country_iso3) as observed_until
from by_month
inner join {{ event_source }} as event_source on by_month.feed = event_source.feed
{%- endmacro %}
