-- Question: what happened in a country, by month and kind of violence?
--
-- Read it so: one row per country, source and month, newest first, over the last 24 months that the source observed.
-- A zero is a month that was observed and quiet; a month that is missing was not observed. `provisional` months can
-- still grow. Deaths are best estimates. Never add two sources: they tell of the same incidents.
--
-- Columns: country_iso3, country_name, source, month, events, events_state_based, events_non_state, events_one_sided,
--   fatalities_best, fatalities_low, fatalities_high, fatalities_civilian, active_actors, provisional, observed_until.
-- Parameters: none. Countries with no event at all in the 24 months are left out; add
--   `and mart.country_iso3 = 'MLI'` to see one.
with recent as (
    select
        mart.*,
        sum(mart.events) over (partition by mart.source, mart.country_iso3) as events_in_all
    from marts.country_month as mart
    where mart.month > date_trunc('month', mart.observed_until) - interval 24 month
)

select
    country_iso3,
    country_name,
    source,
    month,
    events,
    events_state_based,
    events_non_state,
    events_one_sided,
    fatalities_best,
    fatalities_low,
    fatalities_high,
    fatalities_civilian,
    active_actors,
    provisional,
    observed_until
from recent
where events_in_all > 0
order by country_iso3, source, month desc
