-- Weighted over perpetrators, unknown ones included, events are country_month's one-sided events, both ways, and deaths
-- those of the one-sided events. Weights are thirds and the like, so that sums are compared to a millionth.
with mart as (
    select
        source,
        country_iso3,
        month,
        sum(events_weighted) as events,
        sum(fatalities_best_weighted) as fatalities_best
    from {{ ref('civilian_targeting_month') }}
    group by source, country_iso3, month
),

facts as (
    select
        feed as source,
        country_iso3,
        {{ month_of('date_end') }} as month,
        sum(fatalities_best) as fatalities_best
    from {{ ref('fct_event') }}
    where violence_class = 'one_sided'
    group by feed, country_iso3, {{ month_of('date_end') }}
)

select
    country.source,
    country.country_iso3,
    country.month,
    mart.events as events_in_mart,
    country.events_one_sided,
    mart.fatalities_best as fatalities_in_mart,
    facts.fatalities_best as fatalities_in_facts
from {{ ref('country_month') }} as country
full outer join mart
    on country.source = mart.source and country.country_iso3 = mart.country_iso3 and country.month = mart.month
left join facts
    on country.source = facts.source and country.country_iso3 = facts.country_iso3 and country.month = facts.month
where
    country.events_one_sided is null
    or abs(coalesce(mart.events, 0) - country.events_one_sided) > 0.000001
    or abs(coalesce(mart.fatalities_best, 0) - coalesce(facts.fatalities_best, 0)) > 0.000001
