-- Events and deaths by country, month and source. An event belongs wholly to the month of its last day.
-- What is counted, and where zeros come from: see the macro.
{{ config(post_hook="{{ create_country_month_as_known_on() }}") }}
-- The as-known macro reads these tables too:
-- depends_on: {{ ref('feed_coverage') }}
-- depends_on: {{ ref('dim_event_source') }}

with months as (
    {{ country_months(
        events=ref('fct_event'),
        sides=ref('fct_event_version_actor'),
        observed=ref('int_feed__observed_month'),
        countries=ref('dim_country'),
        actors=ref('dim_actor'),
        event_source=ref('int_event__source'),
    ) }}
),

-- The share of a month's final events that was known at its age, where our vintages can tell.
lags as (
    select
        month_row.source,
        month_row.country_iso3,
        month_row.month,
        max_by(lag.share_known, lag.days_after) as reporting_lag_factor
    from months as month_row
    inner join {{ ref('int_event__reporting_lag') }} as lag
        on
            month_row.source = lag.feed
            and month_row.country_iso3 = lag.country_iso3
            and month_row.days_since_month >= lag.days_after
    where lag.events_final >= 20
    group by month_row.source, month_row.country_iso3, month_row.month
)

select
    month_row.* exclude (days_since_month),
    lags.reporting_lag_factor,
    inhabitants.population,
    inhabitants.population_year,
    100000.0 * month_row.fatalities_best / inhabitants.population as fatalities_per_100k,
    max(month_row.events) over previous_month as events_previous_month,
    max(month_row.events) over same_month_last_year as events_same_month_last_year,
    -- Null until twelve months have been observed.
    case
        when count(*) over last_12_months = 12 then cast(sum(month_row.fatalities_best) over last_12_months as bigint)
    end as fatalities_best_12_months
from months as month_row
left join lags
    on
        month_row.source = lags.source
        and month_row.country_iso3 = lags.country_iso3
        and month_row.month = lags.month
left join {{ ref('int_context__population_month') }} as inhabitants
    on month_row.country_iso3 = inhabitants.country_iso3 and month_row.month = inhabitants.month
window
    previous_month as (
        partition by month_row.source, month_row.country_iso3 order by month_row.month
        range between interval 1 month preceding and interval 1 month preceding
    ),
    same_month_last_year as (
        partition by month_row.source, month_row.country_iso3 order by month_row.month
        range between interval 12 month preceding and interval 12 month preceding
    ),
    last_12_months as (
        partition by month_row.source, month_row.country_iso3 order by month_row.month
        range between interval 11 month preceding and current row
    )
