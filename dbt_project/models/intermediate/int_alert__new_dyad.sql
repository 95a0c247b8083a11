{{ config(materialized='ephemeral') }}

-- Alert: a feed tells of two registered actors fighting each other in a country for the first time, after a year or
-- more in which it had looked there. Scope is exact: where their kin had fought each other there, the level is lower.
-- Not where one of the two appears in the country on that very day: its first appearance says so.
with {{ dyad_event_ctes() }},

{{ kin_cte() }},

named as (
    select actor_id
    from {{ ref('dim_actor') }}
    where is_registered and not coalesce(is_umbrella, false)
),

-- An ambiguous event is evidence only where the two are not known to fight each other by any other.
fights as (
    select
        event.*,
        bool_or(not event.is_ambiguous) over (
            partition by event.country_iso3, event.actor_a_id, event.actor_b_id
        ) as has_certain_events,
        min(event.date_end) over (partition by event.source) as first_record_date
    from dyad_events as event
    inner join named as actor_a on event.actor_a_id = actor_a.actor_id
    inner join named as actor_b on event.actor_b_id = actor_b.actor_id
    where event.area_kind = 'country'
),

evidence as (
    select
        *,
        min(date_end) over (partition by source, country_iso3, actor_a_id, actor_b_id) as first_date
    from fights
    where not is_ambiguous or not has_certain_events
),

dyads as (
    select
        source,
        country_iso3,
        actor_a_id,
        actor_b_id,
        first_date,
        any_value(first_record_date) as first_record_date,
        bool_and(is_ambiguous) as is_ambiguous,
        list(event_key order by coalesce(fatalities_best, 0) desc, event_key) as event_keys
    from evidence
    where date_end = first_date
    group by source, country_iso3, actor_a_id, actor_b_id, first_date
),

-- When the publisher first told of the two against each other on that day.
told as (
    select
        dyad.source,
        dyad.country_iso3,
        dyad.actor_a_id,
        dyad.actor_b_id,
        min(version.released_at) as known_at,
        arg_min(version.source_release, (version.released_at, version.attempt_id)) as source_release,
        bool_or(
            version.is_current and version.fatalities_best > 0 and not coalesce(version.is_coordinate_centroid, false)
        ) as is_fatal_and_precise
    from (
        select
            *,
            unnest(event_keys) as event_key
        from dyads
    ) as dyad
    inner join {{ ref('fct_event_version') }} as version
        on
            dyad.event_key = version.event_key
            and dyad.country_iso3 = version.country_iso3
            and not version.is_withdrawn
    inner join {{ ref('fct_event_version_actor') }} as side_a
        on version.event_version_key = side_a.event_version_key and dyad.actor_a_id = side_a.actor_id
    inner join {{ ref('fct_event_version_actor') }} as side_b
        on
            version.event_version_key = side_b.event_version_key
            and dyad.actor_b_id = side_b.actor_id
            and side_a.side <> side_b.side
    group by dyad.source, dyad.country_iso3, dyad.actor_a_id, dyad.actor_b_id
),

before as (
    select
        own.source,
        own.country_iso3,
        own.actor_a_id,
        own.actor_b_id,
        bool_or(
            theirs.first_date < own.first_date
            and (theirs.actor_a_id, theirs.actor_b_id) <> (own.actor_a_id, own.actor_b_id)
        ) as had_kin_fought
    from dyads as own
    inner join kin as kin_a on own.actor_a_id = kin_a.actor_id
    inner join kin as kin_b on own.actor_b_id = kin_b.actor_id
    inner join dyads as theirs
        on
            own.country_iso3 = theirs.country_iso3
            and theirs.actor_a_id = least(kin_a.kin_id, kin_b.kin_id)
            and theirs.actor_b_id = greatest(kin_a.kin_id, kin_b.kin_id)
    group by own.source, own.country_iso3, own.actor_a_id, own.actor_b_id
),

others as (
    select
        own.source,
        own.country_iso3,
        own.actor_a_id,
        own.actor_b_id,
        bool_or(theirs.first_date < own.first_date and theirs_told.known_at <= own_told.known_at) as was_told_before,
        bool_or(theirs.first_date <= own.first_date + 30 and not theirs.is_ambiguous) as has_second_feed
    from dyads as own
    inner join dyads as theirs
        on
            own.country_iso3 = theirs.country_iso3
            and own.actor_a_id = theirs.actor_a_id
            and own.actor_b_id = theirs.actor_b_id
            and own.source <> theirs.source
    {% for dyad in ['own', 'theirs'] -%}
        inner join told as {{ dyad }}_told
            on
                {{ dyad }}.source = {{ dyad }}_told.source
                and {{ dyad }}.country_iso3 = {{ dyad }}_told.country_iso3
                and {{ dyad }}.actor_a_id = {{ dyad }}_told.actor_a_id
                and {{ dyad }}.actor_b_id = {{ dyad }}_told.actor_b_id
    {% endfor -%}
    group by own.source, own.country_iso3, own.actor_a_id, own.actor_b_id
)

select
    own.source,
    'country' as area_kind,
    own.country_iso3 as area_id,
    own.country_iso3,
    own.actor_a_id as actor_id,
    own.actor_b_id as other_actor_id,
    own.first_date as alert_date,
    case
        when own.is_ambiguous or coalesce(before.had_kin_fought, false) then 'low'
        else 'medium'
    end as level,
    'events' as metric,
    cast(len(own.event_keys) as double) as value,
    cast(0 as double) as baseline,
    -- Since when the source had looked and not seen the two fight.
    cast(greatest(observed.observed_from, own.first_record_date) as date) as window_start,
    told.known_at,
    told.source_release,
    cast(len(own.event_keys) as integer) as evidence_events,
    array_to_string(own.event_keys[1:10], ', ') as evidence,
    case
        when own.is_ambiguous then 'B'
        when told.is_fatal_and_precise or coalesce(other.has_second_feed, false) then 'A'
        else 'B'
    end as evidence_grade,
    observed.provisional
from dyads as own
inner join told
    on
        own.source = told.source
        and own.country_iso3 = told.country_iso3
        and own.actor_a_id = told.actor_a_id
        and own.actor_b_id = told.actor_b_id
inner join observed
    on
        own.source = observed.source
        and own.country_iso3 = observed.country_iso3
        and {{ month_of('own.first_date') }} = observed.month
{% for relation, alias in [('before', 'before'), ('others', 'other')] -%}
    left join {{ relation }}{{ ' as ' ~ alias if relation != alias }}
        on
            own.source = {{ alias }}.source
            and own.country_iso3 = {{ alias }}.country_iso3
            and own.actor_a_id = {{ alias }}.actor_a_id
            and own.actor_b_id = {{ alias }}.actor_b_id
{% endfor -%}
where
    {{ had_looked_for_a_year('greatest(observed.observed_from, own.first_record_date)', 'own.first_date') }}
    and not coalesce(other.was_told_before, false)
    and not exists (
        select 1
        from {{ ref('int_alert__first_appearance_country') }} as arrival
        where
            arrival.country_iso3 = own.country_iso3
            and arrival.actor_id in (own.actor_a_id, own.actor_b_id)
            and arrival.alert_date = own.first_date
    )
