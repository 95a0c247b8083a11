{{ config(materialized='table') }}

-- The day on which each feed first tells of a registered actor in a country and in an admin1 unit, and what makes that
-- a first appearance or none. Units count precise places only, countries every event of violence. Grain: source x
-- area_kind x area_id x actor. Umbrellas ("unidentified armed group") are nobody, and appear nowhere.
with {{ sighting_ctes('is_violence') }},

{{ observed_run_ctes('observed_run') }},

areas as (
    select
        *,
        'country' as area_kind,
        country_iso3 as area_id
    from counted
    where not is_ambiguous or not has_certain_events_in_country

    union all

    select
        *,
        'admin1' as area_kind,
        admin1_id as area_id
    from counted
    where is_precise and admin1_id is not null and (not is_ambiguous or not has_certain_events)
),

-- A feed has looked since its first record anywhere: to say that it covers earlier years is no look.
looking as (
    select
        source,
        min(date_end) as first_record_date
    from counted
    group by source
),

seen as (
    select
        *,
        min(date_end) over (partition by source, area_kind, area_id, actor_id) as first_date,
        min(date_end) over (partition by area_kind, area_id, actor_id) as first_date_of_any_feed
    from areas
),

first_events as (
    select
        source,
        area_kind,
        area_id,
        country_iso3,
        actor_id,
        first_date,
        first_date_of_any_feed,
        {{ month_of('first_date') }} as month,
        bool_and(is_ambiguous) as is_ambiguous,
        bool_or(fatalities_best > 0 and is_precise and not is_ambiguous) as is_fatal_and_precise,
        -- The deadliest first.
        list(event_key order by coalesce(fatalities_best, 0) desc, event_key) as event_keys
    from seen
    where date_end = first_date
    group by source, area_kind, area_id, country_iso3, actor_id, first_date, first_date_of_any_feed
),

-- When the publisher first told of this actor in this place on that day: a candidate event may name it later.
told as (
    select
        first_event.source,
        first_event.area_kind,
        first_event.area_id,
        first_event.actor_id,
        min(version.released_at) as known_at,
        arg_min(version.source_release, (version.released_at, version.attempt_id)) as source_release
    from (
        select
            *,
            unnest(event_keys) as event_key
        from first_events
    ) as first_event
    inner join {{ ref('fct_event_version') }} as version
        on
            first_event.event_key = version.event_key
            and not version.is_withdrawn
            and first_event.area_id
            = case first_event.area_kind when 'country' then version.country_iso3 else version.admin1_id end
    inner join {{ ref('fct_event_version_actor') }} as side
        on version.event_version_key = side.event_version_key and first_event.actor_id = side.actor_id
    group by first_event.source, first_event.area_kind, first_event.area_id, first_event.actor_id
),

{{ kin_cte() }},

kin_before as (
    select distinct
        own.source,
        own.area_kind,
        own.area_id,
        own.actor_id
    from first_events as own
    inner join kin on own.actor_id = kin.actor_id and own.actor_id <> kin.kin_id
    inner join first_events as theirs
        on
            kin.kin_id = theirs.actor_id
            and own.area_kind = theirs.area_kind
            and own.area_id = theirs.area_id
            and own.first_date > theirs.first_date
)

select
    own.source,
    own.area_kind,
    own.area_id,
    own.country_iso3,
    own.actor_id,
    own.first_date,
    own.event_keys,
    own.is_ambiguous,
    own.is_fatal_and_precise,
    told.known_at,
    told.source_release,
    cast(greatest(run.observed_from, looking.first_record_date) as date) as looked_from,
    not run.provisional as is_final,
    kin_before.actor_id is not null as has_kin_before,
    -- A state at home has not arrived.
    {{ is_nonstate_actor('actor.actor_kind') }} or not coalesce(actor.country_iso3 = own.country_iso3, false)
        as can_arrive,
    {{ was_in_predecessor_unit(
        'own', 'counted', ref('bridge_admin1_change'), keys=['actor_id'], unit_id='area_id'
    ) }} as was_in_predecessor_unit
from first_events as own
inner join told
    on
        own.source = told.source
        and own.area_kind = told.area_kind
        and own.area_id = told.area_id
        and own.actor_id = told.actor_id
inner join {{ ref('dim_actor') }} as actor on own.actor_id = actor.actor_id
inner join looking on own.source = looking.source
inner join observed_run as run
    on own.source = run.source and own.country_iso3 = run.country_iso3 and own.month = run.month
left join kin_before
    on
        own.source = kin_before.source
        and own.area_kind = kin_before.area_kind
        and own.area_id = kin_before.area_id
        and own.actor_id = kin_before.actor_id
where actor.is_registered and not coalesce(actor.is_umbrella, false)
