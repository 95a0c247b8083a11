-- Current events as records to be matched: when and where they may have been, and who is said to have taken part.
-- families are the actors and the groups that they belonged to on the day (a battalion, its group), so that a feed that
-- names the part and one that names the whole agree. A placeholder ("unidentified armed group") names nobody.
{{ config(materialized='table') }}

with sides as (
    select
        side.event_key,
        side.role,
        side.actor_id,
        side.actor_name_raw,
        event.date_end,
        -- Every event of violence against them has civilians: to agree on them says nothing.
        coalesce(actor.actor_kind, side.actor_kind_raw, '') = 'civilians' as is_civilian,
        coalesce(actor.is_umbrella and actor.actor_kind = 'unknown', false) as is_placeholder
    from {{ ref('fct_event_actor') }} as side
    inner join {{ ref('fct_event') }} as event on side.event_key = event.event_key
    left join {{ ref('dim_actor') }} as actor on side.actor_id = actor.actor_id
),

named as (
    select
        side.event_key,
        side.role,
        coalesce(scope.actor_scope, 'name') as actor_scope,
        side.actor_id is not null as is_resolved,
        coalesce(
            scope.scope_actor_id,
            -- Names in other letters than Latin have nothing to compare; they are not one name for that.
            'name:' || coalesce(nullif({{ comparable('side.actor_name_raw') }}, ''), side.actor_name_raw)
        ) as family
    from sides as side
    left join {{ ref('actor_scope_member') }} as scope
        on
            side.actor_id = scope.actor_id
            and scope.actor_scope in ('lineage', 'alliance')
            and {{ holds_on('side.date_end', 'scope.valid_from', 'scope.valid_to') }}
    where not side.is_civilian and not side.is_placeholder
),

families as (
    select
        event_key,
        {% for side in ['a', 'b'] -%}
            list_sort(list_distinct(list(family) filter (where role = 'side_{{ side }}' and actor_scope <> 'alliance')))
                as side_{{ side }}_families,
            coalesce(bool_or(is_resolved) filter (where role = 'side_{{ side }}'), false) as is_side_{{ side }}_named,
        {% endfor -%}
        list_sort(list_distinct(list(family) filter (where actor_scope <> 'alliance'))) as families,
        list_sort(list_distinct(list(family) filter (where actor_scope = 'alliance'))) as allied_families
    from named
    group by event_key
)

select
    event.event_key,
    event.feed,
    -- Insecurity Insight tells of one incident in several topics, under one id.
    event.feed || ':' || event.source_event_id as publisher_key,
    event.date_start,
    event.date_end,
    date_diff('day', event.date_start, event.date_end) as span_days,
    coalesce(time_precision.value, 0) as slack_days,
    event.country_iso3,
    event.admin1_id,
    -- Without the kind of place that UCDP writes behind a name. A district's name is no place's.
    case when not event.is_coordinate_centroid then nullif({{ place_key('event.place_name') }}, '') end as place_key,
    event.latitude,
    event.longitude,
    -- Where a feed does not say how well it knows the place: as a district.
    coalesce(place_precision.value, 40) as radius_km,
    coalesce(event.violence_class, 'unclassified') as violence_class,
    event.fatalities_low,
    event.fatalities_best,
    event.fatalities_high,
    coalesce(event.fatalities_best, 0) as deaths,
    feed.is_fatality_total,
    {% for side in ['a', 'b'] -%}
        coalesce(families.side_{{ side }}_families, []) as side_{{ side }}_families,
        coalesce(families.is_side_{{ side }}_named, false) as is_side_{{ side }}_named,
    {% endfor -%}
    coalesce(families.families, []) as families,
    coalesce(families.allied_families, []) as allied_families,
    event.first_recorded_at,
    feed.match_order
from {{ ref('fct_event') }} as event
inner join {{ ref('event_feed') }} as feed on event.feed = feed.feed
left join {{ ref('incident_record_precision') }} as place_precision
    on
        event.feed = place_precision.feed
        and place_precision.aspect = 'where'
        and event.where_precision = place_precision.code
left join {{ ref('incident_record_precision') }} as time_precision
    on
        event.feed = time_precision.feed
        and time_precision.aspect = 'when'
        and event.date_precision = time_precision.code
left join families on event.event_key = families.event_key
