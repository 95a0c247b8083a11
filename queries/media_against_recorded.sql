-- Question: what did the media cover, against what was recorded?
--
-- Read it so: one row per country and week, over the last 26 weeks with any coverage. Coverage (GDELT rows, mentions,
-- articles) and recorded events stand side by side and are never added: a wire story makes tens of rows, and a town
-- without reporters makes none. Null means that nothing was read or observed, zero that it was and there was nothing.
-- `coverage_rank` and `events_rank` order the countries within the week: a country high in one and low in the other is
-- the question to ask. UCDP records later than the media, so that its columns are often still null.
--
-- Columns: week, country_iso3, country_name, gdelt_events, gdelt_material_conflict_events, gdelt_events_doubtful_place,
--   gdelt_mentions, articles, publishers, recorded_events, recorded_fatalities_best, coverage_rank, events_rank,
--   slots_fetched, slots_expected, recorded_until.
-- Parameters: none.
with covered as (
    select *
    from marts.country_coverage_week
    where week > (select max(latest.week) - 26 * 7 from marts.country_coverage_week as latest)
),

recorded as (
    select
        area_id as country_iso3,
        week,
        max(value) filter (where metric = 'events') as recorded_events,
        max(value) filter (where metric = 'fatalities_best') as recorded_fatalities_best
    from marts.trend_week
    where area_kind = 'country' and source = 'ucdp'
    group by area_id, week
),

observed as (
    select
        country_iso3,
        max(observed_until) as recorded_until
    from marts.country_month
    where source = 'ucdp'
    group by country_iso3
)

select
    covered.week,
    covered.country_iso3,
    covered.country_name,
    covered.gdelt_events,
    covered.gdelt_material_conflict_events,
    covered.gdelt_events_doubtful_place,
    covered.gdelt_mentions,
    covered.articles,
    covered.publishers,
    cast(recorded.recorded_events as bigint) as recorded_events,
    cast(recorded.recorded_fatalities_best as bigint) as recorded_fatalities_best,
    case
        when covered.gdelt_material_conflict_events is not null
            then rank() over (partition by covered.week order by covered.gdelt_material_conflict_events desc nulls last)
    end as coverage_rank,
    case
        when recorded.recorded_events is not null
            then rank() over (partition by covered.week order by recorded.recorded_events desc nulls last)
    end as events_rank,
    covered.slots_fetched,
    covered.slots_expected,
    observed.recorded_until
from covered
left join recorded on covered.country_iso3 = recorded.country_iso3 and covered.week = recorded.week
left join observed on covered.country_iso3 = observed.country_iso3
order by covered.week desc, coverage_rank nulls last, covered.country_iso3
