{{ config(materialized='table') }}

-- The weeks of the observed months, with how many of their days were observed: a week at the end of a release
-- is cut off, and must not look like a fall.
with weeks as (
    select
        month.*,
        cast(
            unnest(generate_series(
                date_trunc('week', month.month),
                cast(least(last_day(month.month), month.observed_until) as timestamp),
                interval 7 day
            )) as date
        ) as week
    from {{ ref('int_feed__observed_month') }} as month
)

select
    feed,
    country_iso3,
    week,
    bool_and(is_final) as is_final,
    max(observed_until) as observed_until,
    sum(
        1 + date_diff('day', greatest(week, month), least(week + 6, last_day(month), observed_until))
    ) = 7 as is_complete
from weeks
group by feed, country_iso3, week
