-- Summed over all weeks, each metric of a country is that of its events, and each metric of an actor that of the events
-- in which a source names it: no event is lost where a country was not observed, and none counts twice.
with trends as (
    select
        source,
        area_kind,
        area_id,
        metric,
        sum(value) as total
    from {{ ref('trend_week') }}
    where area_kind in ('country', 'actor') and source not in ('gdelt', 'news')
    group by source, area_kind, area_id, metric
    having sum(value) > 0
),

violence as (
    select
        event_key,
        feed as source,
        country_iso3,
        violence_class,
        fatalities_best,
        fatalities_civilian
    from {{ ref('fct_event') }}
    where country_iso3 is not null and {{ is_violence('violence_class') }}
),

events as (
    select
        * exclude (country_iso3),
        'country' as area_kind,
        country_iso3 as area_id
    from violence

    union all by name

    select
        event.* exclude (country_iso3, fatalities_civilian),
        -- Of the civilians that it killed, as far as the source tells.
        max(event.fatalities_civilian) filter (where side.is_perpetrator) as fatalities_civilian,
        'actor' as area_kind,
        side.actor_id as area_id
    from violence as event
    inner join {{ ref('fct_event_actor') }} as side on event.event_key = side.event_key
    inner join {{ ref('dim_actor') }} as actor on side.actor_id = actor.actor_id
    where actor.actor_kind not in ('civilians', 'protesters', 'rioters')
    group by all
),

facts as (
    {% for metric, total in [
        ('events', 'count(*)'),
        ('fatalities_best', 'sum(fatalities_best)'),
        ('events_one_sided', "count(*) filter (where violence_class = 'one_sided')"),
        ('fatalities_civilian', 'sum(fatalities_civilian)'),
    ] %}
        select
            source,
            area_kind,
            area_id,
            '{{ metric }}' as metric,
            {{ total }} as total
        from events
        group by source, area_kind, area_id
        having {{ total }} > 0
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    coalesce(trends.source, facts.source) as source,
    coalesce(trends.area_id, facts.area_id) as area_id,
    coalesce(trends.metric, facts.metric) as metric,
    trends.total as total_of_weeks,
    facts.total as total_of_events
from trends
full outer join facts
    on
        trends.source = facts.source
        and trends.area_kind = facts.area_kind
        and trends.area_id = facts.area_id
        and trends.metric = facts.metric
where trends.total is distinct from facts.total
