{#
    country_month without what its windows and other feeds add to it, so that the mart and its as-known macro count in
    the same way. `events` and `sides` are current events and their sides, `observed` the months that were looked at.

    Dense: every month that the source covers for the country has a row, zeros included; a month that it does not
    cover has none.
#}
{% macro country_months(events, sides, observed, countries, actors, event_source) -%}
with event_months as (
    select
        feed as source,
        country_iso3,
        {{ month_of('date_end') }} as month,
        {{ event_measures() }},
        count(distinct admin1_id) filter (where {{ is_violence('violence_class') }}) as admin1_affected
    from {{ events }}
    group by feed, country_iso3, {{ month_of('date_end') }}
),

actor_months as (
    select
        event.feed as source,
        event.country_iso3,
        {{ month_of('event.date_end') }} as month,
        {{ actor_measures() }}
    from {{ events }} as event
    inner join {{ sides }} as side on event.event_version_key = side.event_version_key
    left join {{ actors }} as actor on side.actor_id = actor.actor_id
    where {{ is_organised_side() }}
    group by event.feed, event.country_iso3, {{ month_of('event.date_end') }}
)

select
    calendar.country_iso3,
    country.country_name,
    calendar.month,
    calendar.feed as source,
    {{ measures_or_zero() }},
    coalesce(event.admin1_affected, 0) as admin1_affected,
    not calendar.is_final as provisional,
    calendar.days_since_month,
    calendar.observed_until
from {{ observed }} as calendar
inner join {{ countries }} as country on calendar.country_iso3 = country.country_iso3
inner join {{ event_source }} as event_source on calendar.feed = event_source.feed
left join event_months as event
    on
        calendar.feed = event.source
        and calendar.country_iso3 = event.country_iso3
        and calendar.month = event.month
left join actor_months as actor
    on
        calendar.feed = actor.source
        and calendar.country_iso3 = actor.country_iso3
        and calendar.month = actor.month
{%- endmacro %}
