{%- set sources = ['ucdp', 'acled', 'insecurity_insight'] %}
-- When an actor was first and last seen in an admin1 unit, by every curated feed and by each, and how well that is
-- attested. Only precise places count. Ambiguous events ("A and/or B") count only where nothing else is known of the
-- actor in the unit. An event has happened by its last day, so that is its day here.
--
-- Grade A: two independent feeds, or a fatal event; B: one feed, without deaths, or an ambiguous attribution only.
-- C (claims and news only) needs a feed of claims: none of those loaded tells of places by actor.
with {{ sighting_ctes('is_violence and is_precise') }},

-- No event of a feed that never looked at the country is not zero.
looked as (
    select
        {% for source in sources -%}
            bool_or(source = '{{ source }}') as has_{{ source }},
        {% endfor -%}
        country_iso3
    from observed
    group by country_iso3
),

-- The events that decide when the actor came.
evidence as (
    select
        *,
        row_number() over (
            partition by actor_id, admin1_id order by date_end, source, event_key
        ) as evidence_number,
        row_number() over (
            partition by actor_id, admin1_id, source order by date_end, event_key
        ) as evidence_number_in_source
    from counted
    where admin1_id is not null and (not is_ambiguous or not has_certain_events)
),

by_source as (
    select
        actor_id,
        admin1_id,
        source,
        count(*) as events,
        count(*) filter (where is_recent) as recent_events
    from counted
    where admin1_id is not null
    group by actor_id, admin1_id, source
),

counts as (
    select
        actor_id,
        admin1_id,
        {% for source in sources -%}
            coalesce(max(events) filter (where source = '{{ source }}'), 0) as events_{{ source }},
        {% endfor -%}
        max(events) as events,
        max(recent_events) as events_12m
    from by_source
    group by actor_id, admin1_id
),

all_events as (
    select
        actor_id,
        admin1_id,
        max(date_end) as last_date,
        count(*) filter (where is_ambiguous) as ambiguous_events
    from counted
    where admin1_id is not null
    group by actor_id, admin1_id
),

territory as (
    select
        actor_id,
        admin1_id,
        any_value(country_iso3) as country_iso3,
        min(date_end) as first_date,
        {% for source in sources -%}
            min(date_end) filter (where source = '{{ source }}') as first_date_{{ source }},
        {% endfor -%}
        min(date_end) filter (where fatalities_best > 0 and not is_ambiguous) as first_fatal_date,
        count(distinct source) as source_count,
        string_agg(distinct source, ', ' order by source) as sources,
        bool_and(is_ambiguous) as is_ambiguous_only,
        any_value(source) filter (where evidence_number = 1) as first_source,
        any_value(event_key) filter (where evidence_number = 1) as first_event_key,
        string_agg(event_key, ', ' order by source) filter (where evidence_number_in_source = 1) as first_event_keys,
        any_value(latitude) filter (where evidence_number = 1) as first_latitude,
        any_value(longitude) filter (where evidence_number = 1) as first_longitude,
        not coalesce(any_value(is_final) filter (where evidence_number = 1), false) as provisional,
        min(observed_from) as observed_from,
        max(observed_until) as observed_until
    from evidence
    group by actor_id, admin1_id
),

in_country as (
    select
        actor_id,
        country_iso3,
        min(date_end) as country_first_date,
        min(date_end) filter (where fatalities_best > 0 and not is_ambiguous) as country_first_fatal_date
    from counted
    where not is_ambiguous or not has_certain_events_in_country
    group by actor_id, country_iso3
),

distances as (
    select
        unit.actor_id,
        unit.admin1_id,
        min(
            {{ great_circle_km(
                'unit.first_latitude', 'unit.first_longitude', 'earlier.latitude', 'earlier.longitude',
            ) }}
        ) as distance_km
    from territory as unit
    inner join counted as earlier
        on unit.actor_id = earlier.actor_id and unit.first_date > earlier.date_end and not earlier.is_ambiguous
    group by unit.actor_id, unit.admin1_id
)

select
    unit.actor_id,
    actor.actor_name,
    actor.actor_kind,
    unit.admin1_id,
    coalesce(place.admin1_name, 'unknown') as admin1_name,
    unit.country_iso3,
    unit.first_date,
    {% for source in sources -%}
        unit.first_date_{{ source }},
    {% endfor -%}
    unit.first_fatal_date,
    all_event.last_date,
    counted_events.events,
    {% for source in sources -%}
        case when looked.has_{{ source }} then counted_events.events_{{ source }} end as events_{{ source }},
    {% endfor -%}
    counted_events.events_12m,
    all_event.ambiguous_events,
    case
        when not unit.is_ambiguous_only and (unit.source_count >= 2 or unit.first_fatal_date is not null) then 'A'
        else 'B'
    end as evidence_grade,
    unit.is_ambiguous_only,
    unit.sources,
    unit.first_source,
    unit.first_event_key,
    unit.first_event_keys,
    unit.first_date > unit.observed_until - interval 12 month
    and {{ had_looked_for_a_year('unit.observed_from', 'unit.first_date') }}
    and not {{ was_in_predecessor_unit('unit', 'counted', ref('bridge_admin1_change'), keys=['actor_id']) }} as is_new,
    unit.first_date = in_country.country_first_date as is_first_in_country,
    in_country.country_first_date,
    in_country.country_first_fatal_date,
    round(distance.distance_km, 3) as distance_to_previous_footprint_km,
    unit.provisional,
    unit.observed_until
from territory as unit
inner join {{ ref('dim_actor') }} as actor on unit.actor_id = actor.actor_id
inner join counts as counted_events
    on unit.actor_id = counted_events.actor_id and unit.admin1_id = counted_events.admin1_id
inner join all_events as all_event on unit.actor_id = all_event.actor_id and unit.admin1_id = all_event.admin1_id
inner join in_country on unit.actor_id = in_country.actor_id and unit.country_iso3 = in_country.country_iso3
inner join looked on unit.country_iso3 = looked.country_iso3
left join {{ ref('dim_admin1') }} as place on unit.admin1_id = place.admin1_id
left join distances as distance on unit.actor_id = distance.actor_id and unit.admin1_id = distance.admin1_id
