-- Both halves of the widest share (any role, the actor itself, doubtful ones included) are counted anew from the facts,
-- by area and period.
with areas as (
    select
        'area_set' as area_kind,
        area_set as area_id,
        country_iso3
    from {{ ref('dim_area_set') }}

    union all

    select
        'country' as area_kind,
        country_iso3 as area_id,
        country_iso3
    from {{ ref('dim_country') }}
),

shares as (
    select *
    from {{ ref('actor_share') }}
    where
        measure in ('events', 'deaths_best')
        and role = 'involved'
        and actor_scope = 'exact'
        and ambiguous_rule = 'include'
),

frames as (
    select distinct
        source,
        area_kind,
        area_id,
        period_start,
        period_end,
        universe
    from shares
),

frame_events as (
    select
        frame.*,
        event.event_key,
        event.fatalities_best
    from frames as frame
    inner join areas as area on frame.area_kind = area.area_kind and frame.area_id = area.area_id
    inner join {{ ref('fct_event') }} as event
        on
            frame.source = event.feed
            and area.country_iso3 = event.country_iso3
            and event.date_end between frame.period_start and frame.period_end
    inner join {{ ref('bridge_event_set') }} as member
        on event.event_key = member.event_key and frame.universe = member.event_set
),

wholes as (
    select
        source,
        area_kind,
        area_id,
        period_start,
        period_end,
        universe,
        count(*) as events,
        sum(fatalities_best) as deaths_best
    from frame_events
    group by source, area_kind, area_id, period_start, period_end, universe
),

named as (
    select distinct
        event_key,
        actor_id
    from {{ ref('fct_event_actor') }}
),

parts as (
    select
        event.source,
        event.area_kind,
        event.area_id,
        event.period_start,
        event.period_end,
        event.universe,
        side.actor_id,
        count(*) as events,
        sum(event.fatalities_best) as deaths_best
    from frame_events as event
    inner join named as side on event.event_key = side.event_key
    group by
        event.source, event.area_kind, event.area_id, event.period_start, event.period_end, event.universe,
        side.actor_id
)

select
    share.source,
    share.area_id,
    share.period_start,
    share.period_end,
    share.universe,
    share.measure,
    share.actor_id,
    share.numerator,
    share.denominator
from shares as share
left join wholes as whole
    on
        share.source = whole.source
        and share.area_kind = whole.area_kind
        and share.area_id = whole.area_id
        and share.period_start = whole.period_start
        and share.period_end = whole.period_end
        and share.universe = whole.universe
left join parts as part
    on
        share.source = part.source
        and share.area_kind = part.area_kind
        and share.area_id = part.area_id
        and share.period_start = part.period_start
        and share.period_end = part.period_end
        and share.universe = part.universe
        and share.actor_id = part.actor_id
where
    share.denominator is distinct from (case share.measure when 'events' then whole.events else whole.deaths_best end)
    or share.numerator is distinct from (case share.measure when 'events' then part.events else part.deaths_best end)
