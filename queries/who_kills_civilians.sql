-- Question: who kills civilians, state forces included?
--
-- Read it so: one row per perpetrator and source, over all countries, for the last twelve months that the source
-- observed; the most deaths first. States are actors like others: leaving them out makes every share one of the rest.
-- `perpetrator_class` says state, non_state or unknown; who is not known has rows of its own, so that nothing is lost.
-- An event that its source ascribes to two actors is counted whole in `events` of both and divided in the shares, which
-- therefore add up to 1; `events_ambiguous` says how many these are. Only deaths in one-sided violence are here:
-- civilians who died in fights between others have no perpetrator in any source. UCDP counts deadly events only.
-- `fatalities_civilian` is null where a source never tells whose deaths they were, `events_before` and
-- `fatalities_best_before` where the twelve months before were not all observed. Sources are never added.
--
-- Columns: perpetrator_id, perpetrator_name, perpetrator_kind, perpetrator_class, source, events, events_ambiguous,
--   fatal_events, fatalities_best, fatalities_civilian, share_events, share_fatalities, events_before,
--   fatalities_best_before, countries, is_provisional, observed_until.
-- Parameters: none.
with observed as (
    select
        source,
        date_trunc('month', max(observed_until)) as last_month,
        max(observed_until) as observed_until
    from marts.country_month
    group by source
),

-- The year before is comparable if every country that is observed now was observed in all of its months.
months as (
    select
        source,
        bool_and(months_before = 12) as has_year_before
    from (
        select
            country.source,
            country.country_iso3,
            count(*) filter (where country.month <= observed.last_month - interval 12 month) as months_before
        from marts.country_month as country
        inner join observed on country.source = observed.source
        where country.month > observed.last_month - interval 24 month
        group by country.source, country.country_iso3
    ) as country_months
    group by source
),

rows_of_two_years as (
    select
        mart.*,
        mart.month > observed.last_month - interval 12 month as is_recent,
        observed.observed_until as source_observed_until
    from marts.civilian_targeting_month as mart
    inner join observed on mart.source = observed.source
    where mart.month > observed.last_month - interval 24 month
),

perpetrators as (
    select
        perpetrator_id,
        perpetrator_name,
        perpetrator_kind,
        perpetrator_class,
        source,
        source_observed_until as observed_until,
        coalesce(sum(events) filter (where is_recent), 0) as events,
        coalesce(sum(events_weighted) filter (where is_recent), 0) as events_weighted,
        coalesce(sum(events_ambiguous) filter (where is_recent), 0) as events_ambiguous,
        coalesce(sum(fatal_events) filter (where is_recent), 0) as fatal_events,
        coalesce(sum(fatalities_best) filter (where is_recent), 0) as fatalities_best,
        coalesce(sum(fatalities_best_weighted) filter (where is_recent), 0) as fatalities_best_weighted,
        sum(fatalities_civilian) filter (where is_recent) as fatalities_civilian,
        coalesce(sum(events) filter (where not is_recent), 0) as events_before,
        coalesce(sum(fatalities_best) filter (where not is_recent), 0) as fatalities_best_before,
        string_agg(distinct country_iso3, ', ' order by country_iso3) filter (where is_recent and events > 0)
            as countries,
        coalesce(bool_or(provisional) filter (where is_recent), false) as is_provisional
    from rows_of_two_years
    group by all
    having sum(events) > 0
)

select
    perpetrator.perpetrator_id,
    perpetrator.perpetrator_name,
    perpetrator.perpetrator_kind,
    perpetrator.perpetrator_class,
    perpetrator.source,
    cast(perpetrator.events as bigint) as events,
    cast(perpetrator.events_ambiguous as bigint) as events_ambiguous,
    cast(perpetrator.fatal_events as bigint) as fatal_events,
    cast(perpetrator.fatalities_best as bigint) as fatalities_best,
    cast(perpetrator.fatalities_civilian as bigint) as fatalities_civilian,
    round(
        perpetrator.events_weighted
        / nullif(sum(perpetrator.events_weighted) over (partition by perpetrator.source), 0),
        3
    ) as share_events,
    round(
        perpetrator.fatalities_best_weighted
        / nullif(sum(perpetrator.fatalities_best_weighted) over (partition by perpetrator.source), 0),
        3
    ) as share_fatalities,
    cast(case when months.has_year_before then perpetrator.events_before end as bigint) as events_before,
    cast(case when months.has_year_before then perpetrator.fatalities_best_before end as bigint)
        as fatalities_best_before,
    perpetrator.countries,
    perpetrator.is_provisional,
    perpetrator.observed_until
from perpetrators as perpetrator
inner join months on perpetrator.source = months.source
order by perpetrator.source, fatalities_best desc, events desc, perpetrator.perpetrator_id
