-- Summed over all weeks, each metric of a country is that of its events.
with trends as (
    select
        source,
        area_id as country_iso3,
        metric,
        sum(value) as total
    from {{ ref('trend_week') }}
    where area_kind = 'country' and source not in ('gdelt', 'news')
    group by source, area_id, metric
    having sum(value) > 0
),

facts as (
    {% for metric, total in [
        ('events', 'count(*)'),
        ('fatalities_best', 'sum(fatalities_best)'),
        ('events_one_sided', "count(*) filter (where violence_class = 'one_sided')"),
        ('fatalities_civilian', 'sum(fatalities_civilian)'),
    ] %}
        select
            feed as source,
            country_iso3,
            '{{ metric }}' as metric,
            {{ total }} as total
        from {{ ref('fct_event') }}
        where country_iso3 is not null and {{ is_violence('violence_class') }}
        group by feed, country_iso3
        having {{ total }} > 0
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    coalesce(trends.country_iso3, facts.country_iso3) as country_iso3,
    coalesce(trends.metric, facts.metric) as metric,
    trends.total as total_of_weeks,
    facts.total as total_of_events
from trends
full outer join facts
    on
        trends.source = facts.source
        and trends.country_iso3 = facts.country_iso3
        and trends.metric = facts.metric
where trends.total is distinct from facts.total
