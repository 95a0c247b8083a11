-- A first appearance in a unit is dated as actor_territory dates the actor's first event there, by each feed.
with territories as (
    {% for source in ['ucdp', 'acled', 'insecurity_insight'] %}
        select
            territory.actor_id,
            territory.admin1_id,
            '{{ source }}' as source,
            territory.first_date_{{ source }} as first_date
        from {{ ref('actor_territory') }} as territory
        inner join {{ ref('dim_actor') }} as actor on territory.actor_id = actor.actor_id
        where
            territory.first_date_{{ source }} is not null
            and actor.is_registered
            and not coalesce(actor.is_umbrella, false)
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

first_events as (
    select *
    from {{ ref('int_actor__first_event') }}
    where area_kind = 'admin1'
)

select
    coalesce(territory.actor_id, first_event.actor_id) as actor_id,
    coalesce(territory.admin1_id, first_event.area_id) as admin1_id,
    coalesce(territory.source, first_event.source) as source,
    territory.first_date,
    first_event.first_date as alerted_date
from territories as territory
full outer join first_events as first_event
    on
        territory.actor_id = first_event.actor_id
        and territory.admin1_id = first_event.area_id
        and territory.source = first_event.source
where territory.first_date is distinct from first_event.first_date
