{{ config(materialized='table') }}

-- The weeks of the observed months, and whether all their days were looked at: a week at the end of a release or of a
-- window is cut off, and must not look like a fall; one before the window is not there.
with weeks as (
    select
        month.*,
        cast(
            unnest(generate_series(
                date_trunc('week', month.looked_at_from),
                cast(month.looked_at_to as timestamp),
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
        1 + date_diff('day', greatest(week, looked_at_from), least(week + 6, looked_at_to))
    ) = 7 as is_complete
from weeks
group by feed, country_iso3, week
