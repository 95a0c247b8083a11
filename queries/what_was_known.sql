-- Question: what did we know a quarter ago of the months that were newest then, and what do we know of them now?
--
-- Read it so: `known_at` is three months before the newest load of events (the first load, while the file is younger).
-- One row per source, country and month, for the three newest months that the source had covered in full by then, where
-- an event was known then or is known now. The columns ending in `_then` are what a report of that day said, those in
-- `_now` what one of today would say. events_then + events_came - events_left = events_now; an event leaves a
-- month by being withdrawn, or by being moved to another country or month. Deaths are best estimates. A source that was
-- first loaded after `known_at` has no rows. Never add two sources.
--
-- Columns: source, country_iso3, country_name, month, known_at, events_then, events_now, events_came, events_left,
--   fatalities_best_then, fatalities_best_now, provisional.
-- Parameters: none. For two dates of your own, and for which release changed what: `sahel diff DATE DATE`.
with moment as (
    select greatest(min(recorded_from), max(recorded_from) - interval 3 month) as known_at
    from core.fct_event_version
),

newest_month as (
    select
        feed,
        -- The day after the last covered one: its month has not been covered in full.
        date_trunc('month', max(period_end) + interval 1 day) - interval 1 month as month
    from core.feed_coverage
    where recorded_at <= (select known_at from moment)
    group by feed
),

known_then as (
    select
        feed,
        event_key,
        country_iso3,
        date_trunc('month', date_end) as month,
        fatalities_best
    from core.events_as_known_on((select known_at from moment))
),

known_now as (
    select
        feed,
        event_key,
        country_iso3,
        date_trunc('month', date_end) as month,
        fatalities_best
    from core.fct_event
),

both_times as (
    select
        coalesce(known_then.feed, known_now.feed) as source,
        coalesce(known_then.country_iso3, known_now.country_iso3) as country_iso3,
        coalesce(known_then.month, known_now.month) as month,
        count(known_then.event_key) as events_then,
        count(known_now.event_key) as events_now,
        count(*) filter (where known_then.event_key is null) as events_came,
        count(*) filter (where known_now.event_key is null) as events_left,
        coalesce(sum(known_then.fatalities_best), 0) as fatalities_best_then,
        coalesce(sum(known_now.fatalities_best), 0) as fatalities_best_now
    from known_then
    full join known_now
        on
            known_then.event_key = known_now.event_key
            and known_then.country_iso3 = known_now.country_iso3
            and known_then.month = known_now.month
    group by
        coalesce(known_then.feed, known_now.feed),
        coalesce(known_then.country_iso3, known_now.country_iso3),
        coalesce(known_then.month, known_now.month)
)

select
    both_times.source,
    both_times.country_iso3,
    country.country_name,
    cast(both_times.month as date) as month,
    moment.known_at,
    both_times.events_then,
    both_times.events_now,
    both_times.events_came,
    both_times.events_left,
    both_times.fatalities_best_then,
    both_times.fatalities_best_now,
    mart.provisional
from both_times
cross join moment
inner join newest_month
    on
        both_times.source = newest_month.feed
        and both_times.month between newest_month.month - interval 2 month and newest_month.month
left join core.dim_country as country on both_times.country_iso3 = country.country_iso3
left join marts.country_month as mart
    on
        both_times.source = mart.source
        and both_times.country_iso3 = mart.country_iso3
        and both_times.month = mart.month
order by both_times.source, both_times.country_iso3, both_times.month
