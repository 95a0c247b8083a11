-- The sides of each event and who they are: by the source's own id in our registry, else by an unambiguous alias
-- that held on the day, else by the UCDP actor list. A side that fits none keeps its name and has no actor_id: it is
-- counted in audit.unresolved_actor, not guessed.
with sides as (
    {% for side, other_columns in [
        ('side_a', "violence_class = 'one_sided' as is_perpetrator, false as is_target"),
        ('side_b', "false as is_perpetrator, violence_class = 'one_sided' as is_target"),
    ] %}
        select
            event_key,
            feed,
            date_end,
            '{{ side }}' as role,
            {{ side }}_source_id as source_actor_id,
            {{ side }}_name as actor_name_raw,
            {{ comparable(side ~ '_name') }} as comparable_name,
            {{ other_columns }}
        from {{ ref('fct_event') }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

by_source_id as (
    select
        side.event_key,
        side.role,
        actor.actor_id,
        'ucdp_id' as match_method,
        1 as match_rank,
        actor.is_umbrella as is_ambiguous
    from sides as side
    inner join {{ ref('dim_actor') }} as actor on side.source_actor_id = actor.ucdp_actor_id
    where side.feed = 'ucdp' and actor.is_registered
    -- Where two of our actors share a source id, the one that existed on the day.
    qualify
        row_number() over (
            partition by side.event_key, side.role
            order by {{ holds_on('side.date_end', 'actor.valid_from', 'actor.valid_to') }} desc, actor.actor_id
        ) = 1
),

aliases as (
    select
        {{ comparable('alias.alias') }} as comparable_name,
        alias.actor_id,
        alias.valid_from,
        alias.valid_to,
        alias.is_ambiguous or actor.is_umbrella as is_ambiguous
    from {{ ref('actor_alias') }} as alias
    inner join {{ ref('dim_actor') }} as actor on alias.actor_id = actor.actor_id
),

by_alias as (
    select
        side.event_key,
        side.role,
        min(alias.actor_id) as actor_id,
        'alias' as match_method,
        2 as match_rank,
        bool_or(alias.is_ambiguous) as is_ambiguous
    from sides as side
    inner join aliases as alias
        on
            side.comparable_name = alias.comparable_name
            and {{ holds_on('side.date_end', 'alias.valid_from', 'alias.valid_to') }}
    group by side.event_key, side.role
    having count(distinct alias.actor_id) = 1
),

by_source_list as (
    select
        side.event_key,
        side.role,
        actor.actor_id,
        'ucdp_list' as match_method,
        3 as match_rank,
        false as is_ambiguous
    from sides as side
    inner join {{ ref('dim_actor') }} as actor on side.source_actor_id = actor.ucdp_actor_id
    where side.feed = 'ucdp' and not actor.is_registered
),

all_matches as (
    select * from by_source_id
    union all
    select * from by_alias
    union all
    select * from by_source_list
),

matches as (
    select *
    from all_matches
    qualify row_number() over (partition by event_key, role order by match_rank) = 1
)

select
    side.event_key,
    match.actor_id,
    side.role,
    side.is_perpetrator,
    side.is_target,
    side.actor_name_raw,
    side.source_actor_id,
    coalesce(match.match_method, 'none') as match_method,
    -- "A and/or B" is the source saying that it does not know.
    coalesce(match.is_ambiguous, false) or side.actor_name_raw ilike '% and/or %' as is_ambiguous
from sides as side
left join matches as match on side.event_key = match.event_key and side.role = match.role
