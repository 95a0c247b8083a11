-- The countries of an actor add up to the actor, in every month of either.
with countries as (
    select
        source,
        actor_id,
        month,
        sum(events) as events,
        sum(fatalities_best) as fatalities_best,
        sum(events_as_perpetrator) as events_as_perpetrator,
        count(*) filter (where events > 0) as countries
    from {{ ref('actor_country_month') }}
    group by source, actor_id, month
)

select
    actor.source,
    actor.actor_id,
    actor.month,
    actor.events,
    countries.events as events_of_countries
from {{ ref('actor_month') }} as actor
full outer join countries
    on actor.source = countries.source and actor.actor_id = countries.actor_id and actor.month = countries.month
where
    coalesce(actor.events, 0) <> coalesce(countries.events, 0)
    or coalesce(actor.fatalities_best, 0) <> coalesce(countries.fatalities_best, 0)
    or coalesce(actor.events_as_perpetrator, 0) <> coalesce(countries.events_as_perpetrator, 0)
    or coalesce(actor.countries, 0) <> coalesce(countries.countries, 0)
