{#
    Where an actor has been seen: what actor_territory tells, and what first appearances are judged by. An event "A
    and/or B" is evidence only where nothing else is known of the actor in the place.

    CTEs: `events` (those of `places`), `observed` (when each feed was looking), `counted` (the events of observed
    months).
#}
{% macro sighting_ctes(places) -%}
events as (
    select
        *,
        coalesce(
            bool_or(is_precise and not is_ambiguous) over (partition by actor_id, admin1_id), false
        ) as has_certain_events,
        bool_or(not is_ambiguous) over (partition by actor_id, country_iso3) as has_certain_events_in_country
    from {{ ref('int_actor__event') }}
    where {{ places }}
),

observed as (
    select
        feed as source,
        country_iso3,
        month,
        is_final,
        min(month) over (partition by country_iso3) as observed_from,
        max(observed_until) over (partition by feed, country_iso3) as source_observed_until,
        max(observed_until) over (partition by country_iso3) as observed_until
    from {{ ref('int_feed__observed_month') }}
),

counted as (
    select
        event.*,
        observed.is_final,
        observed.observed_from,
        observed.observed_until,
        event.date_end > observed.source_observed_until - interval 12 month as is_recent
    from events as event
    inner join observed
        on
            event.source = observed.source
            and event.country_iso3 = observed.country_iso3
            and event.month = observed.month
)
{%- endmacro %}

{# Seen for the first time is not new where nobody had looked for a year before. #}
{% macro had_looked_for_a_year(observed_from, first_date) -%}
{{ observed_from }} <= {{ first_date }} - interval 12 month
{%- endmacro %}

{#
    CTE `kin`: who shares an actor's history: what it was called before, whom it took in, what it is part of, and for the
    forces of a state all others of that state. Each actor is its own kin.
#}
{% macro kin_cte() -%}
kin as (
    select
        scope_actor_id as actor_id,
        actor_id as kin_id
    from {{ ref('actor_scope_member') }}
    where actor_scope = 'lineage'

    union

    select
        actor_id,
        scope_actor_id as kin_id
    from {{ ref('actor_scope_member') }}
    where actor_scope = 'lineage'

    union

    select
        own.actor_id,
        other.actor_id as kin_id
    from {{ ref('dim_actor') }} as own
    inner join {{ ref('dim_actor') }} as other on own.country_iso3 = other.country_iso3
    where not {{ is_nonstate_actor('own.actor_kind') }} and not {{ is_nonstate_actor('other.actor_kind') }}
)
{%- endmacro %}
