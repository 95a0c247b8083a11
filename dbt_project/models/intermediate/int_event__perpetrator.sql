{{ config(materialized='table') }}

-- Who did each current event of one-sided violence, as far as its source tells: a row per event and perpetrator. Nobody
-- known is `unknown`, or `unknown-<kind>` where the source tells the kind alone: "soldiers" are then still a state's.
-- A named perpetrator that the registry does not know is unknown too, of the kind that its source gives it, and so is
-- a name that says only that nobody is known ("unidentified armed group").
-- `event_weight` splits an event evenly between those it is ascribed to, so that weights add up to events.
with one_sided as (
    select
        event.*,
        -- A side without a name has no row of sides: its kind stands in the event alone. Where both sides are
        -- organised, neither kind says who it was.
        case
            when coalesce(class_a.actor_class, 'unknown') = 'unknown' then event.side_b_kind
            when coalesce(class_b.actor_class, 'unknown') = 'unknown' then event.side_a_kind
        end as only_organised_kind
    from {{ ref('fct_event') }} as event
    inner join {{ ref('event_set_member') }} as member
        on member.event_set = 'one_sided' and event.violence_class = member.violence_class
    left join {{ ref('actor_kind_class') }} as class_a on event.side_a_kind = class_a.actor_kind
    left join {{ ref('actor_kind_class') }} as class_b on event.side_b_kind = class_b.actor_kind
),

named as (
    select
        event.event_key,
        coalesce(actor.actor_id, 'unknown') as actor_id,
        coalesce(
            actor.actor_kind,
            side.actor_kind_raw,
            case when organised.actor_class <> 'unknown' then event.only_organised_kind end,
            'unknown'
        ) as actor_kind,
        coalesce(side.is_ambiguous, false) and (side.actor_id is null or actor.actor_id is not null) as is_ambiguous
    from one_sided as event
    left join {{ ref('fct_event_actor') }} as side on event.event_key = side.event_key and side.is_perpetrator
    left join {{ ref('dim_actor') }} as actor
        on
            side.actor_id = actor.actor_id
            -- The registry's placeholder for nobody.
            and not (actor.is_umbrella and actor.actor_kind = 'unknown')
    left join {{ ref('actor_kind_class') }} as organised on event.only_organised_kind = organised.actor_kind
),

perpetrators as (
    select
        event_key,
        case
            when actor_id = 'unknown' and actor_kind <> 'unknown' then 'unknown-' || actor_kind else actor_id
        end as perpetrator_id,
        any_value(actor_kind) as perpetrator_kind,
        actor_id <> 'unknown' as is_resolved,
        bool_or(is_ambiguous) as is_ambiguous
    from named
    group by event_key, perpetrator_id, actor_id <> 'unknown'
)

select
    event.event_key,
    perpetrator.perpetrator_id,
    perpetrator.perpetrator_kind,
    perpetrator.is_resolved,
    perpetrator.is_ambiguous,
    1.0 / count(*) over (partition by event.event_key) as event_weight,
    event.feed as source,
    event.country_iso3,
    {{ month_of('event.date_end') }} as month,
    event.fatalities_best,
    event.fatalities_civilian
from one_sided as event
inner join perpetrators as perpetrator on event.event_key = perpetrator.event_key
where event.country_iso3 is not null
