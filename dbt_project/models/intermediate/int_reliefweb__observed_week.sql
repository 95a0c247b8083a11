-- The weeks whose reports ReliefWeb was asked for, by country: the periods that the API covered, and the days on
-- which RSS, which tells only of what is new, answered.
with days as (
    select
        country_iso3,
        unnest(generate_series(
            date_trunc('week', period_start), cast(period_end as timestamp), interval 7 day
        )) as day_in_week,
        period_end as observed_until
    from {{ source('ledger', 'coverage') }}
    where feed = 'reliefweb'

    union all

    select
        country.country_iso3,
        attempt.recorded_at as day_in_week,
        cast(attempt.recorded_at as date) as observed_until
    from {{ source('ledger', 'load_attempt') }} as attempt
    cross join {{ ref('country') }} as country
    where attempt.feed = 'reliefweb' and attempt.stream = 'reports' and attempt.status in ('ok', 'empty', 'unchanged')
)

select
    country_iso3,
    {{ week_of('day_in_week') }} as week,
    max(observed_until) as observed_until
from days
group by country_iso3, {{ week_of('day_in_week') }}
