-- The events of country_month, with those counted beside them, and the deaths are those of fct_event, by source,
-- country and month, in both directions.
with mart as (
    select
        source,
        country_iso3,
        month,
        events + events_demonstration + events_riot_mob + events_strategic as events,
        fatalities_best
    from {{ ref('country_month') }}
    where events + events_demonstration + events_riot_mob + events_strategic > 0
),

facts as (
    select
        feed as source,
        country_iso3,
        {{ month_of('date_end') }} as month,
        count(*) as events,
        coalesce(sum(fatalities_best) filter (where {{ is_violence('violence_class') }}), 0) as fatalities_best
    from {{ ref('fct_event') }}
    where country_iso3 is not null
    group by feed, country_iso3, {{ month_of('date_end') }}
)

select
    coalesce(mart.country_iso3, facts.country_iso3) as country_iso3,
    coalesce(mart.month, facts.month) as month,
    mart.events as events_in_mart,
    facts.events as events_in_facts
from mart
full outer join facts
    on mart.source = facts.source and mart.country_iso3 = facts.country_iso3 and mart.month = facts.month
where
    mart.events is distinct from facts.events
    or mart.fatalities_best is distinct from facts.fatalities_best
