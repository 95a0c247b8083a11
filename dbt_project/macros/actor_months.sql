{#
    The body of actor_month and actor_country_month, which differ only in whether the country is part of the key.

    Sparse: a row for every month in which the actor is a side of at least one event. Civilians are no actor here,
    and no opponent. Deaths are those of the events; only one-sided violence says who killed.
#}
{% macro actor_months(by_country, events, sides, actors, observed) -%}
{%- set key = ['source', 'actor_id', 'month'] + (['country_iso3'] if by_country else []) -%}
with sides as (
    select
        event.event_key,
        event.feed as source,
        event.country_iso3,
        event.admin1_id,
        event.dyad_id,
        event.date_end,
        {{ month_of('event.date_end') }} as month,
        event.violence_class,
        event.fatalities_best,
        event.fatalities_civilian,
        side.actor_id,
        side.side,
        side.is_ambiguous,
        side.is_perpetrator
    from {{ events }} as event
    inner join {{ sides }} as side on event.event_version_key = side.event_version_key
    inner join {{ actors }} as actor on side.actor_id = actor.actor_id
    where actor.actor_kind <> 'civilians' and {{ is_violence('event.violence_class') }}
),

-- An actor that stands on both sides of an event is in it once.
involved as (
    select
        {{ key | join(', ') }}{{ ', country_iso3' if not by_country }},
        event_key,
        any_value(admin1_id) as admin1_id,
        any_value(dyad_id) as dyad_id,
        any_value(violence_class) as violence_class,
        any_value(fatalities_best) as fatalities_best,
        any_value(fatalities_civilian) as fatalities_civilian,
        bool_or(is_ambiguous) as is_ambiguous,
        bool_or(is_perpetrator) as is_perpetrator
    from sides
    group by {{ key | join(', ') }}{{ ', country_iso3' if not by_country }}, event_key
),

opponents as (
    select
        {% for column in key %}me.{{ column }}, {% endfor %}
        other.actor_id as opponent_id,
        count(distinct me.event_key) as events
    from sides as me
    inner join sides as other
        on me.event_key = other.event_key and me.side <> other.side and me.actor_id <> other.actor_id
    group by {% for column in key %}me.{{ column }}, {% endfor %}other.actor_id
    qualify
        row_number() over (
            partition by {% for column in key %}me.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
            order by count(distinct me.event_key) desc, other.actor_id
        ) = 1
),

observed as (
    select
        feed as source,
        {{ 'country_iso3,' if by_country }}
        month,
        not bool_and(is_final) as provisional,
        max(observed_until) as observed_until
    from {{ observed }}
    group by all
),

months as (
    select
        {{ key | join(', ') }},
        count(*) as events,
        count(*) filter (where violence_class = 'state_based') as events_state_based,
        count(*) filter (where violence_class = 'non_state') as events_non_state,
        count(*) filter (where violence_class = 'one_sided') as events_one_sided,
        count(*) filter (where is_perpetrator) as events_as_perpetrator,
        count(*) filter (where is_ambiguous) as ambiguous_events,
        cast(sum(fatalities_best) as bigint) as fatalities_best,
        -- Null where the source never tells whose deaths they were.
        case
            when count(fatalities_civilian) > 0
                then cast(coalesce(sum(fatalities_civilian) filter (where is_perpetrator), 0) as bigint)
        end as fatalities_civilian_by_actor,
        count(distinct dyad_id) as dyads,
        {{ '' if by_country else 'count(distinct country_iso3) as countries,' }}
        count(distinct admin1_id) as admin1_units
    from involved
    group by {{ key | join(', ') }}
)

select
    month_row.actor_id,
    actor.actor_name,
    actor.actor_kind,
    {{ 'month_row.country_iso3,' if by_country }}
    month_row.month,
    month_row.source,
    month_row.events,
    month_row.events_state_based,
    month_row.events_non_state,
    month_row.events_one_sided,
    month_row.events_as_perpetrator,
    month_row.ambiguous_events,
    month_row.fatalities_best,
    month_row.fatalities_civilian_by_actor,
    month_row.dyads,
    {{ '' if by_country else 'month_row.countries,' }}
    month_row.admin1_units,
    opponent.opponent_id as main_opponent_id,
    observed.provisional,
    observed.observed_until
from months as month_row
inner join {{ actors }} as actor on month_row.actor_id = actor.actor_id
left join opponents as opponent
    on {% for column in key %}month_row.{{ column }} = opponent.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}

left join observed
    on
        month_row.source = observed.source
        and month_row.month = observed.month
        {{ 'and month_row.country_iso3 = observed.country_iso3' if by_country }}
{%- endmacro %}
