{# The measures of country_month and admin1_month, so that both count in the same way. #}

{# Over rows of fct_event. #}
{% macro event_measures() -%}
    count(*) as events,
    count(*) filter (where fatalities_best > 0) as fatal_events,
    cast(sum(fatalities_low) as bigint) as fatalities_low,
    cast(sum(fatalities_best) as bigint) as fatalities_best,
    cast(sum(fatalities_high) as bigint) as fatalities_high,
    cast(sum(fatalities_civilian) as bigint) as fatalities_civilian,
    count(*) filter (where violence_class = 'state_based') as events_state_based,
    count(*) filter (where violence_class = 'non_state') as events_non_state,
    count(*) filter (where violence_class = 'one_sided') as events_one_sided,
    count(*) filter (where is_coordinate_centroid) as events_low_precision,
    count(distinct dyad_id) as active_dyads
{%- endmacro %}

{# Over rows of fct_event_actor joined to dim_actor: organised actors, so that civilians are none. #}
{% macro actor_measures() -%}
    count(distinct coalesce(side.actor_id, side.actor_name_raw))
        filter (where actor.actor_kind is distinct from 'civilians') as active_actors,
    count(distinct coalesce(side.actor_id, side.actor_name_raw))
        filter (where coalesce(actor.actor_kind, 'unknown') not in ('civilians', 'state', 'state_forces', 'foreign_forces'))
        as active_nonstate_actors
{%- endmacro %}

{# The columns of both, with zeros where the feed was looking and saw nothing. #}
{% macro measures_or_zero() -%}
    {% for measure in [
        'events', 'fatal_events', 'fatalities_low', 'fatalities_best', 'fatalities_high', 'fatalities_civilian',
        'events_state_based', 'events_non_state', 'events_one_sided', 'events_low_precision', 'active_dyads'
    ] -%}
        coalesce(event.{{ measure }}, 0) as {{ measure }},
    {% endfor -%}
    coalesce(actor.active_actors, 0) as active_actors,
    coalesce(actor.active_nonstate_actors, 0) as active_nonstate_actors
{%- endmacro %}
