-- Question: which tactics are used against whom, and is that changing?
--
-- Read it so: one row per country, source, tactic and class of target with events of violence in the last twelve months
-- that the source observed, or in the twelve before; the most events first. `share_events` is of the country's violence
-- in those months, so that the rows of a country and source add up to 1. UCDP tells no tactic: all of it is
-- `unspecified`. In a fight of a state's forces nobody says who attacked whom: the target is `armed_parties`. Protests,
-- arrests and looting without harm are no violence: marts.tactics_targets_month has them beside it. `events_before` is
-- null where the twelve months before were not all observed. Sources are never added.
--
-- Columns: country_iso3, source, tactic, target_class, events, share_events, events_before, change, fatal_events,
--   fatalities_best, is_provisional, observed_until.
-- Parameters: none.
with observed as (
    select
        source,
        date_trunc('month', max(observed_until)) as last_month,
        max(observed_until) as observed_until
    from marts.country_month
    group by source
),

months as (
    select
        country.source,
        country.country_iso3,
        count(*) filter (where country.month <= observed.last_month - interval 12 month) as months_before
    from marts.country_month as country
    inner join observed on country.source = observed.source
    where country.month > observed.last_month - interval 24 month
    group by country.source, country.country_iso3
),

used as (
    select
        mart.country_iso3,
        mart.source,
        mart.tactic,
        mart.target_class,
        observed.observed_until,
        sum(mart.events) filter (where mart.month > observed.last_month - interval 12 month) as events,
        sum(mart.events) filter (where mart.month <= observed.last_month - interval 12 month) as events_before,
        sum(mart.fatal_events) filter (where mart.month > observed.last_month - interval 12 month) as fatal_events,
        sum(mart.fatalities_best) filter (where mart.month > observed.last_month - interval 12 month)
            as fatalities_best,
        bool_or(mart.provisional) filter (where mart.month > observed.last_month - interval 12 month)
            as is_provisional
    from marts.tactics_targets_month as mart
    inner join observed on mart.source = observed.source
    where mart.month > observed.last_month - interval 24 month
    group by all
    having sum(mart.events) > 0
)

select
    used.country_iso3,
    used.source,
    used.tactic,
    used.target_class,
    cast(coalesce(used.events, 0) as bigint) as events,
    round(
        coalesce(used.events, 0) / nullif(sum(used.events) over (partition by used.country_iso3, used.source), 0), 3
    ) as share_events,
    cast(case when months.months_before = 12 then coalesce(used.events_before, 0) end as bigint) as events_before,
    cast(
        case
            when months.months_before = 12 then coalesce(used.events, 0) - coalesce(used.events_before, 0)
        end as bigint
    ) as change,
    cast(coalesce(used.fatal_events, 0) as bigint) as fatal_events,
    cast(coalesce(used.fatalities_best, 0) as bigint) as fatalities_best,
    coalesce(used.is_provisional, false) as is_provisional,
    used.observed_until
from used
inner join months on used.source = months.source and used.country_iso3 = months.country_iso3
order by used.source, used.country_iso3, events desc, used.tactic, used.target_class
