-- The sides of each version of each event and who they are: by the source's own id in our registry, else by an
-- unambiguous alias that held on the day, else by the UCDP actor list, else, for civilians, by the source's own kind.
-- A side that fits none keeps its name and has no actor_id: it is counted in audit.unresolved_actor, not guessed.
-- Associates (ACLED) are who took part beside a side.
with named as (
    {% for side, other in [('a', 'b'), ('b', 'a')] %}
        select
            event_version_key,
            event_key,
            feed,
            date_end,
            violence_class,
            '{{ side }}' as side,
            'side_{{ side }}' as role,
            side_{{ side }}_source_id as source_actor_id,
            side_{{ side }}_name as actor_name_raw,
            side_{{ side }}_kind as actor_kind_raw,
            side_{{ other }}_kind as other_kind_raw
        from {{ ref('fct_event_version') }}
        where side_{{ side }}_name is not null
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

associated as (
    {% for side in ['a', 'b'] %}
        select
            event_version_key,
            event_key,
            feed,
            date_end,
            '{{ side }}' as side,
            'associate_{{ side }}' as role,
            trim(unnest(string_split(assoc_side_{{ side }}_names, ';'))) as actor_name_raw
        from {{ ref('fct_event_version') }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

sides as (
    select
        event_version_key,
        event_key,
        feed,
        date_end,
        side,
        role,
        source_actor_id,
        actor_name_raw,
        actor_kind_raw,
        -- UCDP puts who attacked civilians first. ACLED's order means nothing: there, whoever is against civilians did.
        violence_class = 'one_sided'
        and case
            when feed = 'ucdp' then side = 'a'
            else coalesce(other_kind_raw = 'civilians', false) and coalesce(actor_kind_raw <> 'civilians', true)
        end as is_perpetrator,
        violence_class = 'one_sided'
        and case when feed = 'ucdp' then side = 'b' else coalesce(actor_kind_raw = 'civilians', false) end as is_target
    from named

    union all

    select
        event_version_key,
        event_key,
        feed,
        date_end,
        side,
        role,
        null as source_actor_id,
        actor_name_raw,
        null as actor_kind_raw,
        false as is_perpetrator,
        false as is_target
    from associated
    where actor_name_raw <> ''
),

named_sides as (
    select
        *,
        {{ comparable('actor_name_raw') }} as comparable_name
    from sides
),

by_source_id as (
    select
        side.event_version_key,
        side.role,
        side.actor_name_raw,
        actor.actor_id,
        'ucdp_id' as match_method,
        1 as match_rank,
        actor.is_umbrella as is_ambiguous
    from named_sides as side
    inner join {{ ref('dim_actor') }} as actor on side.source_actor_id = actor.ucdp_actor_id
    where side.feed = 'ucdp' and actor.is_registered
    -- Where two of our actors share a source id, the one that existed on the day.
    qualify
        row_number() over (
            partition by side.event_version_key, side.role, side.actor_name_raw
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
        side.event_version_key,
        side.role,
        side.actor_name_raw,
        min(alias.actor_id) as actor_id,
        'alias' as match_method,
        2 as match_rank,
        bool_or(alias.is_ambiguous) as is_ambiguous
    from named_sides as side
    inner join aliases as alias
        on
            side.comparable_name = alias.comparable_name
            and {{ holds_on('side.date_end', 'alias.valid_from', 'alias.valid_to') }}
    group by side.event_version_key, side.role, side.actor_name_raw
    having count(distinct alias.actor_id) = 1
),

by_source_list as (
    select
        side.event_version_key,
        side.role,
        side.actor_name_raw,
        actor.actor_id,
        'ucdp_list' as match_method,
        3 as match_rank,
        false as is_ambiguous
    from named_sides as side
    inner join {{ ref('dim_actor') }} as actor on side.source_actor_id = actor.ucdp_actor_id
    where side.feed = 'ucdp' and not actor.is_registered
),

by_source_kind as (
    select
        side.event_version_key,
        side.role,
        side.actor_name_raw,
        'civilians' as actor_id,
        'source_kind' as match_method,
        4 as match_rank,
        false as is_ambiguous
    from named_sides as side
    where side.actor_kind_raw = 'civilians'
),

all_matches as (
    select * from by_source_id
    union all
    select * from by_alias
    union all
    select * from by_source_list
    union all
    select * from by_source_kind
),

matches as (
    select *
    from all_matches
    qualify row_number() over (partition by event_version_key, role, actor_name_raw order by match_rank) = 1
)

select
    side.event_version_key,
    side.event_key,
    match.actor_id,
    side.role,
    side.side,
    side.is_perpetrator,
    side.is_target,
    side.actor_name_raw,
    side.actor_kind_raw,
    side.source_actor_id,
    coalesce(match.match_method, 'none') as match_method,
    -- "A and/or B" is the source saying that it does not know.
    coalesce(match.is_ambiguous, false) or side.actor_name_raw ilike '% and/or %' as is_ambiguous
from named_sides as side
left join matches as match
    on
        side.event_version_key = match.event_version_key
        and side.role = match.role
        and side.actor_name_raw = match.actor_name_raw
-- A list may name an associate twice.
qualify row_number() over (partition by side.event_version_key, side.role, side.actor_name_raw) = 1
