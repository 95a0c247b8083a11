{# The measures of country_month and admin1_month, so that both count in the same way. #}

{#
    What `events` counts: violence by or against organised groups, and incidents whose source does not tell. Protests,
    mob violence and moves without violence (ACLED) are counted beside it, never in it.
#}
{% macro is_violence(violence_class) -%}
    coalesce({{ violence_class }}, 'unclassified') not in ('demonstration', 'riot_mob', 'strategic')
{%- endmacro %}

{# Only UCDP numbers its dyads; of ACLED the names of the two sides stand for it. #}
{% macro dyad_key() -%}
    coalesce(cast(dyad_id as varchar), dyad_name)
{%- endmacro %}

{# Explosions and violence from a distance, by the words of dim_event_term. #}
{% macro is_remote(tactic) -%}
    {{ tactic }}
    in ('air_drone_strike', 'chemical_weapon', 'explosive', 'grenade', 'ied_landmine', 'shelling', 'suicide_bomb')
{%- endmacro %}

{# Over rows of fct_event. #}
{% macro event_measures() -%}
    count(*) filter (where {{ is_violence('violence_class') }}) as events,
    count(*) filter (where {{ is_violence('violence_class') }} and fatalities_best > 0) as fatal_events,
    {% for measure in ['fatalities_low', 'fatalities_best', 'fatalities_high', 'fatalities_civilian'] -%}
        cast(sum({{ measure }}) filter (where {{ is_violence('violence_class') }}) as bigint) as {{ measure }},
    {% endfor -%}
    count(*) filter (where violence_class = 'state_based') as events_state_based,
    count(*) filter (where violence_class = 'non_state') as events_non_state,
    count(*) filter (where violence_class = 'one_sided') as events_one_sided,
    count(*) filter (where coalesce(violence_class, 'unclassified') = 'unclassified') as events_unclassified,
    count(*) filter (where violence_class = 'demonstration') as events_demonstration,
    count(*) filter (where violence_class = 'riot_mob') as events_riot_mob,
    count(*) filter (where violence_class = 'strategic') as events_strategic,
    count(*) filter (where {{ is_violence('violence_class') }} and is_civilian_targeted) as events_civilian_targeted,
    count(*) filter (where {{ is_violence('violence_class') }} and is_coordinate_centroid) as events_low_precision,
    count(distinct {{ dyad_key() }}) filter (where {{ is_violence('violence_class') }})
        as active_dyads
{%- endmacro %}

{# "A and/or B" is one actor, whoever it was; of a joint side each member is one. #}
{% macro counted_actor() -%}
    case
        when side.is_ambiguous then side.actor_name_raw
        else coalesce(side.actor_id, side.actor_part_raw, side.actor_name_raw)
    end
{%- endmacro %}

{# Over rows of fct_event_actor joined to dim_actor and fct_event: organised actors, so that civilians and crowds are none. #}
{% macro actor_measures() -%}
    count(distinct {{ counted_actor() }}) as active_actors,
    count(distinct {{ counted_actor() }})
        filter (
            where {{ is_nonstate_actor('coalesce(actor.actor_kind, side.actor_kind_raw)') }}
        )
        as active_nonstate_actors
{%- endmacro %}

{# Civilians and crowds are sides of events, but no organised actors. #}
{% macro is_organised_actor(actor_kind) -%}
    coalesce({{ actor_kind }}, 'unknown') not in ('civilians', 'protesters', 'rioters')
{%- endmacro %}

{% macro is_nonstate_actor(actor_kind) -%}
    coalesce({{ actor_kind }}, 'unknown')
    not in ('state', 'state_forces', 'foreign_forces', 'external_forces', 'foreign_government')
{%- endmacro %}

{% macro is_organised_side() -%}
    side.role in ('side_a', 'side_b')
    and {{ is_violence('event.violence_class') }}
    and {{ is_organised_actor('coalesce(actor.actor_kind, side.actor_kind_raw)') }}
{%- endmacro %}

{# The columns of both, with zeros where the feed was looking and saw nothing, and null where it never tells. #}
{% macro measures_or_zero() -%}
    {% for measure in [
        'events', 'fatal_events', 'fatalities_best', 'events_state_based', 'events_non_state', 'events_one_sided',
        'events_unclassified', 'events_demonstration', 'events_riot_mob', 'events_strategic',
        'events_civilian_targeted', 'events_low_precision'
    ] -%}
        coalesce(event.{{ measure }}, 0) as {{ measure }},
    {% endfor -%}
    case when event_source.fatality_estimates = 'range' then coalesce(event.fatalities_low, 0) end as fatalities_low,
    case when event_source.fatality_estimates = 'range' then coalesce(event.fatalities_high, 0) end as fatalities_high,
    case when event_source.has_civilian_fatalities then coalesce(event.fatalities_civilian, 0) end
        as fatalities_civilian,
    case when event_source.has_dyads then coalesce(event.active_dyads, 0) end as active_dyads,
    coalesce(actor.active_actors, 0) as active_actors,
    coalesce(actor.active_nonstate_actors, 0) as active_nonstate_actors
{%- endmacro %}
