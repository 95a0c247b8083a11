-- Question: which actors, and in how many countries?
--
-- Read it so: one row per actor with events in the last twelve observed months, the most events first. An event counts
-- for every organised side in it, so that the column does not add up to the number of events, and `fatalities_best` are
-- the deaths of those events, whoever killed. Only `fatalities_civilian_by_actor` says who killed: one-sided violence.
-- `ambiguous_events` are those in which the source names the actor together with another, or by an umbrella.
--
-- Columns: actor_id, actor_name, actor_kind, source, events, countries, country_list, admin1_units, fatalities_best,
--   events_as_perpetrator, fatalities_civilian_by_actor, ambiguous_events, last_month, observed_until.
-- Parameters: none.
with observed as (
    select
        source,
        max(observed_until) as observed_until
    from marts.country_month
    group by source
),

recent as (
    select
        mart.*,
        observed.observed_until as source_observed_until
    from marts.actor_country_month as mart
    inner join observed on mart.source = observed.source
    where mart.month > date_trunc('month', observed.observed_until) - interval 12 month and mart.events > 0
),

units as (
    select
        side.actor_id,
        event.feed as source,
        count(distinct event.admin1_id) as admin1_units
    from core.fct_event as event
    inner join core.fct_event_actor as side on event.event_key = side.event_key
    inner join observed on event.feed = observed.source
    where
        side.actor_id is not null
        and event.date_end >= date_trunc('month', observed.observed_until) - interval 11 month
    group by side.actor_id, event.feed
)

select
    recent.actor_id,
    recent.actor_name,
    recent.actor_kind,
    recent.source,
    cast(sum(recent.events) as bigint) as events,
    count(distinct recent.country_iso3) as countries,
    string_agg(distinct recent.country_iso3, ', ' order by recent.country_iso3) as country_list,
    max(units.admin1_units) as admin1_units,
    cast(sum(recent.fatalities_best) as bigint) as fatalities_best,
    cast(sum(recent.events_as_perpetrator) as bigint) as events_as_perpetrator,
    cast(sum(recent.fatalities_civilian_by_actor) as bigint) as fatalities_civilian_by_actor,
    cast(sum(recent.ambiguous_events) as bigint) as ambiguous_events,
    max(recent.month) as last_month,
    max(recent.source_observed_until) as observed_until
from recent
left join units on recent.actor_id = units.actor_id and recent.source = units.source
group by recent.actor_id, recent.actor_name, recent.actor_kind, recent.source
order by recent.source, events desc, recent.actor_id
