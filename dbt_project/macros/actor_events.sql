{# Events by organised actor: the body of int_actor__event, and of what the published file computes by itself. #}
{% macro actor_events(events, sides, actors) -%}
with ambiguous_names as (
    select
        event_key,
        count(distinct coalesce(actor_id, actor_name_raw)) as ambiguous_actors
    from {{ sides }}
    where is_ambiguous
    group by event_key
)

select
    event.event_key,
    event.feed as source,
    side.actor_id,
    event.country_iso3,
    event.admin1_id,
    event.admin2_id,
    event.date_end,
    {{ month_of('event.date_end') }} as month,
    event.latitude,
    event.longitude,
    {{ cell_of('event.latitude', 'event.longitude') }} as cell,
    not coalesce(event.is_coordinate_centroid, false) as is_precise,
    {{ is_violence('event.violence_class') }} as is_violence,
    event.fatalities_best,
    -- How many the source is not sure about: if all of them are kin, the kin is certain.
    coalesce(ambiguous.ambiguous_actors, 0) as ambiguous_actors,
    bool_or(side.role = 'side_a') as is_side_a,
    bool_or(coalesce(side.is_perpetrator, false)) as is_perpetrator,
    bool_and(coalesce(side.is_ambiguous, false)) as is_ambiguous
from {{ events }} as event
inner join {{ sides }} as side on event.event_key = side.event_key
inner join {{ actors }} as actor on side.actor_id = actor.actor_id
left join ambiguous_names as ambiguous on event.event_key = ambiguous.event_key
where event.country_iso3 is not null and {{ is_organised_actor('actor.actor_kind') }}
group by all
{%- endmacro %}
