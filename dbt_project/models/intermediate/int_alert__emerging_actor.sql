-- Organised non-state actors that are violent in a country after twelve observed months without them there, while more
-- such actors are active in the country than in a month of those twelve on average: ACLED's emerging actors. Civilians,
-- crowds and states never emerge, nor does who hides behind an umbrella; doubtful attributions do not count. One row
-- per actor, country and month, on the first day of the month on which both hold.
{{ config(materialized='ephemeral') }}
{% set quiet_months = 12 %}

-- When the publisher first named each actor in each event: a candidate event may tell of nobody known at first.
with named as (
    select
        version.event_key,
        version.country_iso3,
        side.actor_id,
        min(version.released_at) as known_at,
        arg_min(version.source_release, (version.released_at, version.attempt_id)) as source_release
    from {{ ref('fct_event_version') }} as version
    inner join {{ ref('fct_event_version_actor') }} as side on version.event_version_key = side.event_version_key
    where not version.is_withdrawn and not coalesce(side.is_ambiguous, false)
    group by version.event_key, version.country_iso3, side.actor_id
),

events as (
    select
        side.event_key,
        side.source,
        side.country_iso3,
        side.actor_id,
        side.month,
        side.date_end,
        side.fatalities_best,
        named.known_at,
        named.source_release
    from {{ ref('int_actor__event') }} as side
    inner join named
        on
            side.event_key = named.event_key
            and side.country_iso3 = named.country_iso3
            and side.actor_id = named.actor_id
    inner join {{ ref('dim_actor') }} as actor on side.actor_id = actor.actor_id
    inner join {{ ref('event_feed') }} as topic on side.source = topic.feed
    where
        side.is_violence
        and not side.is_ambiguous
        -- A feed of one topic (attacks on schools) meets an actor late: it announces nobody.
        and topic.is_fatality_total
        and {{ is_nonstate_actor('actor.actor_kind') }}
        and not coalesce(actor.is_umbrella, false)
),

-- Each actor in its month, with how many had come before it: by the day of their first event, and by when it was known.
actor_months as (
    select
        source,
        country_iso3,
        actor_id,
        month,
        min(date_end) as first_date,
        min(known_at) as known_at,
        arg_min(source_release, (known_at, event_key)) as source_release,
        lag(month) over (partition by source, country_iso3, actor_id order by month) as month_before,
        row_number() over (
            partition by source, country_iso3, month order by min(date_end), actor_id
        ) as number_by_date,
        row_number() over (
            partition by source, country_iso3, month order by min(known_at), actor_id
        ) as number_by_knowledge
    from events
    group by source, country_iso3, actor_id, month
),

active as (
    select
        observed.feed as source,
        observed.country_iso3,
        observed.month,
        observed.is_final,
        count(actor.actor_id) as actors
    from {{ ref('int_feed__observed_month') }} as observed
    left join actor_months as actor
        on
            observed.feed = actor.source
            and observed.country_iso3 = actor.country_iso3
            and observed.month = actor.month
    group by observed.feed, observed.country_iso3, observed.month, observed.is_final
),

country_months as (
    select
        *,
        avg(actors) over months_before as mean_actors,
        -- The first whole number above the mean.
        cast(floor(avg(actors) over months_before) as bigint) + 1 as actors_needed
    from active
    window
        months_before as (
            partition by source, country_iso3 order by month
            range between interval {{ quiet_months }} month preceding and interval 1 month preceding
        )
    qualify count(*) over months_before = {{ quiet_months }}
),

emerging as (
    select
        actor.source,
        actor.country_iso3,
        actor.actor_id,
        actor.month,
        case when actor.month_before is null then 'high' else 'medium' end as level,
        greatest(actor.first_date, enough.first_date) as alert_date,
        greatest(actor.known_at, enough_known.known_at) as known_at,
        case
            when actor.known_at >= enough_known.known_at then actor.source_release
            else enough_known.source_release
        end as source_release,
        country.mean_actors,
        not country.is_final as provisional
    from actor_months as actor
    inner join country_months as country
        on
            actor.source = country.source
            and actor.country_iso3 = country.country_iso3
            and actor.month = country.month
    inner join actor_months as enough
        on
            country.source = enough.source
            and country.country_iso3 = enough.country_iso3
            and country.month = enough.month
            and country.actors_needed = enough.number_by_date
    inner join actor_months as enough_known
        on
            country.source = enough_known.source
            and country.country_iso3 = enough_known.country_iso3
            and country.month = enough_known.month
            and country.actors_needed = enough_known.number_by_knowledge
    where coalesce(actor.month_before < actor.month - interval {{ quiet_months }} month, true)
),

active_then as (
    select
        emerging.source,
        emerging.country_iso3,
        emerging.actor_id,
        emerging.month,
        count(*) as actors
    from emerging
    inner join actor_months as other
        on
            emerging.source = other.source
            and emerging.country_iso3 = other.country_iso3
            and emerging.month = other.month
            and emerging.alert_date >= other.first_date
    group by emerging.source, emerging.country_iso3, emerging.actor_id, emerging.month
),

evidence as (
    select
        emerging.source,
        emerging.country_iso3,
        emerging.actor_id,
        emerging.month,
        count(*) as evidence_events,
        array_to_string(
            list(event.event_key order by event.fatalities_best desc, event.event_key)[:10], ', '
        ) as evidence
    from emerging
    inner join events as event
        on
            emerging.source = event.source
            and emerging.country_iso3 = event.country_iso3
            and emerging.actor_id = event.actor_id
            and emerging.month = event.month
            and emerging.alert_date >= event.date_end
    group by emerging.source, emerging.country_iso3, emerging.actor_id, emerging.month
)

select
    emerging.source,
    'country' as area_kind,
    emerging.country_iso3 as area_id,
    emerging.country_iso3,
    emerging.actor_id,
    cast(null as varchar) as other_actor_id,
    emerging.alert_date,
    emerging.level,
    'active_nonstate_actors' as metric,
    cast(active_then.actors as double) as value,
    emerging.mean_actors as baseline,
    emerging.month as window_start,
    emerging.known_at,
    emerging.source_release,
    evidence.evidence_events,
    evidence.evidence,
    cast(null as varchar) as evidence_grade,
    emerging.provisional
from emerging
inner join active_then
    on
        emerging.source = active_then.source
        and emerging.country_iso3 = active_then.country_iso3
        and emerging.actor_id = active_then.actor_id
        and emerging.month = active_then.month
inner join evidence
    on
        emerging.source = evidence.source
        and emerging.country_iso3 = evidence.country_iso3
        and emerging.actor_id = evidence.actor_id
        and emerging.month = evidence.month
