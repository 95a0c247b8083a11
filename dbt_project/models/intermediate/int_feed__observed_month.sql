{{ config(materialized='table') }}

-- Where and when a curated feed was looking: one row per country and month that a release covers, or that holds
-- an event nevertheless (a monthly candidate file also revises earlier events). Nothing seen is not zero:
-- only these months may become zeros.
with coverage as (
    select
        coverage.feed,
        coverage.country_iso3,
        coverage.period_start,
        coverage.period_end,
        coalesce(release.kind = 'annual', false) as is_final
    from {{ source('ledger', 'coverage') }} as coverage
    left join {{ source('ledger', 'ucdp_release') }} as release
        on coverage.feed = 'ucdp' and coverage.source_release = release.release
    where coverage.feed in ('ucdp')
),

newest_events as (
    select
        feed,
        gw_code,
        date_end,
        is_withdrawn
    from {{ ref('stg_ucdp__event_version') }}
    qualify row_number() over (partition by event_key order by attempt_id desc) = 1
),

months as (
    select
        feed,
        country_iso3,
        unnest(
            generate_series(date_trunc('month', period_start), cast(period_end as timestamp), interval 1 month)
        ) as month_start,
        is_final,
        period_end as observed_until
    from coverage

    union all

    select
        event.feed,
        country.country_iso3,
        date_trunc('month', event.date_end) as month_start,
        false as is_final,
        event.date_end as observed_until
    from newest_events as event
    inner join {{ ref('country') }} as country on event.gw_code = country.gw_code
    where not event.is_withdrawn
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
    feed,
    country_iso3,
    month,
    is_final,
    max(observed_until) over (partition by feed, country_iso3) as observed_until
from by_month
