-- Weekly values of the curated feeds by country, admin1 unit and actor, dense over the observed weeks. Units and actors
-- of which a feed never tells are left out: they would be rows of zeros only.
{{ config(materialized='table') }}

{#- Weeks of silence before an actor's first event: as far back as the longest baseline of trend_week looks. -#}
{% set lead_weeks = 156 %}
{#- A week without one of its countries is judged only if the others hold at least this share of the actor's events. -#}
{% set least_share = 0.9 %}

with event_rows as (
    select
        event_key,
        feed as source,
        country_iso3,
        admin1_id,
        {{ week_of('date_end') }} as week,
        fatalities_best,
        fatalities_civilian,
        violence_class
    from {{ ref('fct_event') }}
    where country_iso3 is not null and {{ is_violence('violence_class') }}
),

area_events as (
    {% for area_kind, area_id in [('country', 'country_iso3'), ('admin1', 'admin1_id')] %}
        select
            '{{ area_kind }}' as area_kind,
            {{ area_id }} as area_id,
            * exclude (event_key, admin1_id)
        from event_rows
        where {{ area_id }} is not null

        union all
    {% endfor %}

    -- As actor_month: each actor in an event, however doubtful; the civilian deaths are those that it caused.
    select
        'actor' as area_kind,
        side.actor_id as area_id,
        event.source,
        event.country_iso3,
        event.week,
        event.fatalities_best,
        case when side.is_perpetrator then event.fatalities_civilian end as fatalities_civilian,
        event.violence_class
    from event_rows as event
    inner join {{ ref('int_actor__event') }} as side on event.event_key = side.event_key
),

event_weeks as (
    select
        source,
        area_kind,
        area_id,
        week,
        count(*) as events,
        sum(fatalities_best) as fatalities_best,
        count(*) filter (where violence_class = 'one_sided') as events_one_sided,
        sum(fatalities_civilian) as fatalities_civilian
    from area_events
    group by source, area_kind, area_id, week
),

observed_weeks as (
    select
        feed as source,
        country_iso3,
        week,
        is_complete,
        not is_final or not is_complete as provisional,
        observed_until
    from {{ ref('int_feed__observed_week') }}
),

units as (
    select distinct
        source,
        country_iso3,
        area_id
    from area_events
    where area_kind = 'admin1'
),

-- A unit has weeks while it exists: zeros of the time before a reform made it would be a baseline of nothing. Events
-- that a feed still tells under an old name are shown, in weeks that are no baseline and are not judged.
admin1_weeks as (
    select
        observed.* exclude (is_complete),
        unit.area_id,
        observed.is_complete
        and coalesce(admin1.valid_from <= observed.week, true)
        and coalesce(admin1.valid_to > observed.week + 6, true) as is_complete
    from units as unit
    inner join observed_weeks as observed
        on unit.source = observed.source and unit.country_iso3 = observed.country_iso3
    left join {{ ref('dim_admin1') }} as admin1 on unit.area_id = admin1.admin1_id
    left join event_weeks as event
        on
            event.area_kind = 'admin1'
            and unit.source = event.source
            and unit.area_id = event.area_id
            and observed.week = event.week
    where
        event.week is not null
        or (
            coalesce(admin1.valid_from <= observed.week + 6, true)
            and coalesce(admin1.valid_to > observed.week, true)
        )
),

actor_countries as (
    select
        source,
        area_id,
        country_iso3,
        count(*) / sum(count(*)) over (partition by source, area_id) as share_events,
        min(min(week)) over (partition by source, area_id) as first_week
    from area_events
    where area_kind = 'actor'
    group by source, area_id, country_iso3
),

-- Where at least one country in which the actor ever acted was observed. A country that comes into view must not look
-- like a rise.
actor_weeks as (
    select
        actor.source,
        actor.area_id,
        observed.week,
        coalesce(sum(actor.share_events) filter (where observed.is_complete), 0) >= {{ least_share }} as is_complete,
        bool_or(observed.provisional) as provisional,
        max(observed.observed_until) as observed_until,
        count(*) as countries_observed
    from actor_countries as actor
    inner join observed_weeks as observed
        on
            actor.source = observed.source
            and actor.country_iso3 = observed.country_iso3
            and actor.first_week - 7 * {{ lead_weeks }} <= observed.week
    group by actor.source, actor.area_id, observed.week
),

area_weeks as (
    select
        *,
        'country' as area_kind,
        country_iso3 as area_id,
        1 as countries_observed
    from observed_weeks

    union all by name

    select
        *,
        'admin1' as area_kind
    from admin1_weeks

    union all by name

    select
        *,
        'actor' as area_kind
    from actor_weeks
)

select
    area_week.source,
    area_week.country_iso3,
    area_week.area_kind,
    area_week.area_id,
    area_week.week,
    coalesce(event.events, 0) as events,
    coalesce(event.fatalities_best, 0) as fatalities_best,
    coalesce(event.events_one_sided, 0) as events_one_sided,
    -- Null where the source never tells, and then no trend.
    case
        when event_source.has_civilian_fatalities then coalesce(event.fatalities_civilian, 0)
    end as fatalities_civilian,
    area_week.is_complete,
    area_week.provisional,
    area_week.observed_until,
    area_week.countries_observed
from area_weeks as area_week
inner join {{ ref('int_event__source') }} as event_source on area_week.source = event_source.feed
left join event_weeks as event
    on
        area_week.source = event.source
        and area_week.area_kind = event.area_kind
        and area_week.area_id = event.area_id
        and area_week.week = event.week
