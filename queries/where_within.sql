-- Question: where within the country?
--
-- Read it so: one row per admin1 unit with events in the last twelve observed months, the most events first within each
-- country. `share_of_country` is the unit's part of the country's events. <country>-unknown holds events whose unit the
-- source does not name; `events_low_precision` are placed by a centroid only. `events_year_before` compares with the
-- twelve months before: null if they were not observed in full.
--
-- Columns: country_iso3, admin1_id, admin1_name, source, events, events_year_before, share_of_country, fatalities_best,
--   fatalities_civilian, events_low_precision, last_month_with_events, observed_until.
-- Parameters: none.
with months as (
    select
        *,
        date_diff('month', month, cast(date_trunc('month', observed_until) as date)) as months_ago
    from marts.admin1_month
),

years as (
    select
        country_iso3,
        admin1_id,
        admin1_name,
        source,
        observed_until,
        sum(events) filter (where months_ago < 12) as events,
        case
            when count(*) filter (where months_ago between 12 and 23) = 12
                then sum(events) filter (where months_ago between 12 and 23)
        end as events_year_before,
        sum(fatalities_best) filter (where months_ago < 12) as fatalities_best,
        sum(fatalities_civilian) filter (where months_ago < 12) as fatalities_civilian,
        sum(events_low_precision) filter (where months_ago < 12) as events_low_precision,
        max(month) filter (where events > 0) as last_month_with_events
    from months
    group by country_iso3, admin1_id, admin1_name, source, observed_until
)

select
    country_iso3,
    admin1_id,
    admin1_name,
    source,
    cast(events as bigint) as events,
    cast(events_year_before as bigint) as events_year_before,
    round(events / sum(events) over (partition by source, country_iso3), 3) as share_of_country,
    cast(fatalities_best as bigint) as fatalities_best,
    cast(fatalities_civilian as bigint) as fatalities_civilian,
    cast(events_low_precision as bigint) as events_low_precision,
    last_month_with_events,
    observed_until
from years
where events > 0
order by source, country_iso3, events desc, admin1_id
