-- The events and deaths of actor_month are those of fct_event and fct_event_actor, in both directions; and so are those
-- of actor_country_month.
{% for mart, key in [('actor_month', ''), ('actor_country_month', ', country_iso3')] %}
    (
        with mart as (
            select
                source,
                actor_id,
                month{{ key }},
                events,
                fatalities_best,
                ambiguous_events
            from {{ ref(mart) }}
            where events > 0
        ),

        facts as (
            select
                feed as source,
                actor_id,
                {{ month_of('date_end') }} as month{{ key }},
                count(*) as events,
                cast(sum(fatalities_best) as bigint) as fatalities_best,
                count(*) filter (where is_ambiguous) as ambiguous_events
            from (
                select
                    event.feed,
                    event.date_end,
                    event.country_iso3,
                    event.fatalities_best,
                    side.actor_id,
                    bool_and(coalesce(side.is_ambiguous, false)) as is_ambiguous
                from {{ ref('fct_event') }} as event
                inner join {{ ref('fct_event_actor') }} as side on event.event_key = side.event_key
                inner join {{ ref('dim_actor') }} as actor on side.actor_id = actor.actor_id
                where
                    event.country_iso3 is not null
                    and {{ is_violence('event.violence_class') }}
                    and actor.actor_kind not in ('civilians', 'protesters', 'rioters')
                group by
                    event.event_key, event.feed, event.date_end, event.country_iso3, event.fatalities_best,
                    side.actor_id
            )
            group by feed, actor_id, {{ month_of('date_end') }}{{ key }}
        )

        select
            '{{ mart }}' as mart,
            coalesce(mart.actor_id, facts.actor_id) as actor_id,
            coalesce(mart.month, facts.month) as month,
            mart.events as events_in_mart,
            facts.events as events_in_facts
        from mart
        full outer join facts
            on
                mart.source = facts.source
                and mart.actor_id = facts.actor_id
                and mart.month = facts.month
                {% if key %}and mart.country_iso3 = facts.country_iso3{% endif %}

        where
            mart.events is distinct from facts.events
            or mart.fatalities_best is distinct from coalesce(facts.fatalities_best, 0)
            or mart.ambiguous_events is distinct from facts.ambiguous_events
    )
    {{ 'union all' if not loop.last }}
{% endfor %}
