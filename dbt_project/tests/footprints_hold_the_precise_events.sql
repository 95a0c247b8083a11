-- The events of a footprint are the actor's precise and certain ones of twelve months.
with facts as (
    select
        mart.source,
        mart.actor_id,
        mart.month,
        count(*) as events,
        count(distinct event.country_iso3) as countries,
        min(event.latitude) as southmost_latitude
    from {{ ref('actor_footprint_month') }} as mart
    inner join {{ ref('int_actor__event') }} as event
        on
            mart.source = event.source
            and mart.actor_id = event.actor_id
            and event.date_end between mart.month - interval 11 month and last_day(mart.month)
    where event.is_violence and event.is_precise and not event.is_ambiguous
    group by mart.source, mart.actor_id, mart.month
)

select
    mart.source,
    mart.actor_id,
    mart.month,
    mart.events,
    facts.events as events_in_facts
from {{ ref('actor_footprint_month') }} as mart
left join facts on mart.source = facts.source and mart.actor_id = facts.actor_id and mart.month = facts.month
where
    mart.events <> coalesce(facts.events, 0)
    or mart.countries <> coalesce(facts.countries, 0)
    or mart.southmost_latitude is distinct from facts.southmost_latitude
