-- Which actors count for an actor under a scope, and when: `exact` is itself; `lineage` adds its members, those merged
-- into it, and what it was called or succeeded before, all the way down and within the dates of each step; `alliance`
-- adds who was allied with any of these at the time, with the lineage of that ally, and goes no further.
-- Periods of one actor in one scope do not overlap, so that a join by date counts nothing twice.
with recursive actors as (
    select actor_id
    from {{ ref('dim_actor') }}
    where actor_kind <> 'civilians' and not is_joint_coding
),

steps as (
    -- What joined counts from the day on which it joined; a step without a date holds at no known time.
    select
        relation.other_actor_id as parent_id,
        relation.actor_id as child_id,
        relation.valid_from as starts,
        coalesce(relation.valid_to, date '9999-12-31') as ends
    from {{ ref('bridge_actor_relation') }} as relation
    where relation.relation in ('member_of', 'merged_into') and relation.valid_from is not null

    union all

    -- Who came before counts at any time until the two part: sources keep the old name for years.
    select
        relation.actor_id as parent_id,
        relation.other_actor_id as child_id,
        date '0001-01-01' as starts,
        coalesce(relation.valid_to, date '9999-12-31') as ends
    from {{ ref('bridge_actor_relation') }} as relation
    where relation.relation in ('renamed_from', 'successor_of')
),

descent (scope_actor_id, actor_id, starts, ends, path) as (
    select
        actor_id as scope_actor_id,
        actor_id,
        date '0001-01-01' as starts,
        date '9999-12-31' as ends,
        [actor_id] as path
    from actors

    union all

    select
        descent.scope_actor_id,
        step.child_id as actor_id,
        greatest(descent.starts, step.starts) as starts,
        least(descent.ends, step.ends) as ends,
        list_append(descent.path, step.child_id) as path
    from descent
    inner join steps as step on descent.actor_id = step.parent_id
    inner join actors as child on step.child_id = child.actor_id
    where
        not list_contains(descent.path, step.child_id)
        and greatest(descent.starts, step.starts) < least(descent.ends, step.ends)
),

lineage as (
    select distinct
        scope_actor_id,
        actor_id,
        starts,
        ends
    from descent
),

allies as (
    {% for actor, ally in [('actor_id', 'other_actor_id'), ('other_actor_id', 'actor_id')] %}
        select
            relation.{{ actor }} as own_id,
            relation.{{ ally }} as ally_id,
            relation.valid_from as starts,
            coalesce(relation.valid_to, date '9999-12-31') as ends
        from {{ ref('bridge_actor_relation') }} as relation
        -- A joint force is on the side of each state that gives it troops; their whole armies are not the joint force.
        where
            relation.relation in ('allied_with', 'affiliated_with'{{ ", 'contributes_to'" if actor == 'actor_id' }})
            and relation.valid_from is not null
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

scoped as (
    select
        'exact' as actor_scope,
        actor_id as scope_actor_id,
        actor_id,
        date '0001-01-01' as starts,
        date '9999-12-31' as ends
    from actors

    union all

    select
        'lineage' as actor_scope,
        *
    from lineage

    union all

    select
        'alliance' as actor_scope,
        *
    from lineage

    union all

    select
        'alliance' as actor_scope,
        own.scope_actor_id,
        theirs.actor_id,
        greatest(own.starts, ally.starts, theirs.starts) as starts,
        least(own.ends, ally.ends, theirs.ends) as ends
    from lineage as own
    inner join allies as ally on own.actor_id = ally.own_id
    inner join lineage as theirs on ally.ally_id = theirs.scope_actor_id
    where greatest(own.starts, ally.starts, theirs.starts) < least(own.ends, ally.ends, theirs.ends)
),

stretches as (
    select
        *,
        count(*) filter (where ended_before is null or starts > ended_before) over (
            partition by actor_scope, scope_actor_id, actor_id order by starts, ends rows unbounded preceding
        ) as stretch
    from (
        select
            *,
            max(ends) over (
                partition by actor_scope, scope_actor_id, actor_id order by starts, ends
                rows between unbounded preceding and 1 preceding
            ) as ended_before
        from scoped
    ) as ordered
)

select
    actor_scope,
    scope_actor_id,
    actor_id,
    nullif(min(starts), date '0001-01-01') as valid_from,
    nullif(max(ends), date '9999-12-31') as valid_to
from stretches
group by actor_scope, scope_actor_id, actor_id, stretch
