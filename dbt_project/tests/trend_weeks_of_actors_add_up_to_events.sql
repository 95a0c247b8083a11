-- Summed over all weeks, each metric of an actor is that of the events in which a source names it: no event is lost
-- where a country was not observed, and none counts twice.
with trends as (
    select
        source,
        area_id as actor_id,
        metric,
        sum(value) as total
    from {{ ref('trend_week') }}
    where area_kind = 'actor'
    group by source, area_id, metric
    having sum(value) > 0
),

involved as (
    select
        event.feed as source,
        side.actor_id,
        event.event_key,
        event.fatalities_best,
        event.fatalities_civilian,
        event.violence_class,
        bool_or(coalesce(side.is_perpetrator, false)) as is_perpetrator
    from {{ ref('fct_event') }} as event
    inner join {{ ref('fct_event_actor') }} as side on event.event_key = side.event_key
    inner join {{ ref('dim_actor') }} as actor on side.actor_id = actor.actor_id
    where
        event.country_iso3 is not null
        and {{ is_violence('event.violence_class') }}
        and actor.actor_kind not in ('civilians', 'protesters', 'rioters')
    group by all
),

facts as (
    {% for metric, total in [
        ('events', 'count(*)'),
        ('fatalities_best', 'sum(fatalities_best)'),
        ('events_one_sided', "count(*) filter (where violence_class = 'one_sided')"),
        ('fatalities_civilian', 'sum(fatalities_civilian) filter (where is_perpetrator)'),
    ] %}
        select
            source,
            actor_id,
            '{{ metric }}' as metric,
            {{ total }} as total
        from involved
        group by source, actor_id
        having {{ total }} > 0
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    coalesce(trends.source, facts.source) as source,
    coalesce(trends.actor_id, facts.actor_id) as actor_id,
    coalesce(trends.metric, facts.metric) as metric,
    trends.total as total_of_weeks,
    facts.total as total_of_events
from trends
full outer join facts
    on
        trends.source = facts.source
        and trends.actor_id = facts.actor_id
        and trends.metric = facts.metric
where trends.total is distinct from facts.total
