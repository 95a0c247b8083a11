-- The sides of each version of each event and who they are. A name is resolved by the first of these that knows it: the
-- source's own id in our registry, an alias as written, an alias in another spelling, its parts ("A and/or B", "A, B"),
-- the UCDP actor list, and for civilians the source's own kind. Never by similarity. An umbrella such as UCDP's one
-- Islamic State is then split by area and date. What fits nothing keeps its name and has no actor_id: it is counted in
-- audit.unresolved_actor, not guessed. Associates (ACLED) are who took part beside a side. See docs/actors.md.
with named as (
    {% for side, other in [('a', 'b'), ('b', 'a')] %}
        select
            event_version_key,
            event_key,
            feed,
            date_end,
            country_iso3,
            admin1_id,
            dyad_id,
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
            country_iso3,
            admin1_id,
            dyad_id,
            '{{ side }}' as side,
            'associate_{{ side }}' as role,
            trim(unnest(string_split(assoc_side_{{ side }}_names, ';'))) as actor_name_raw
        from {{ ref('fct_event_version') }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

all_sides as (
    select
        *,
        -- UCDP puts who attacked civilians first. ACLED's order means nothing: there, whoever is against civilians did.
        violence_class = 'one_sided'
        and case
            when feed = 'ucdp' then side = 'a'
            else coalesce(other_kind_raw = 'civilians', false) and coalesce(actor_kind_raw <> 'civilians', true)
        end as is_perpetrator,
        violence_class = 'one_sided'
        and case when feed = 'ucdp' then side = 'b' else coalesce(actor_kind_raw = 'civilians', false) end as is_target
    from named

    union all by name

    select
        *,
        false as is_perpetrator,
        false as is_target
    from associated
    where actor_name_raw <> ''
),

-- A list may name an associate twice.
sides as (
    select
        *,
        event_version_key || '/' || role || '/' || actor_name_raw as side_key
    from all_sides
    qualify row_number() over (partition by event_version_key, role, actor_name_raw order by source_actor_id) = 1
),

side_parts as (
    select
        side.side_key,
        side.feed,
        side.date_end,
        side.country_iso3,
        side.source_actor_id,
        side.actor_kind_raw,
        part.part_kind,
        part.actor_part_raw,
        part.name_key,
        part.name_key_without_country
    from sides as side
    inner join {{ ref('int_event__actor_name') }} as part
        on side.feed = part.feed and side.actor_name_raw = part.actor_name_raw
),

by_source_id as (
    select
        part.side_key,
        part.part_kind,
        part.actor_part_raw,
        -- One UCDP id runs through a change of name: before it, the actor is the one of the old name.
        coalesce(earlier.other_actor_id, actor.actor_id) as actor_id,
        'ucdp_id' as match_method,
        case when actor.is_joint_coding then 5 else 1 end as match_rank
    from side_parts as part
    inner join {{ ref('actor') }} as actor on part.source_actor_id = actor.ucdp_actor_id
    left join {{ ref('actor_relation') }} as earlier
        on
            actor.actor_id = earlier.actor_id
            and earlier.relation = 'renamed_from'
            and part.date_end < earlier.valid_from
    where part.feed = 'ucdp' and part.part_kind = 'whole'
    -- Where two of our actors share a source id, the one that existed on the day.
    qualify
        row_number() over (
            partition by part.side_key
            order by
                {{ holds_on('part.date_end', 'actor.valid_from', 'actor.valid_to') }} desc,
                earlier.valid_from nulls last,
                actor.actor_id
        ) = 1
),

by_alias as (
    {% for key, condition in [('name_key', 'true'), ('name_key_without_country', 'alias.has_country_suffix')] %}
        select distinct
            part.side_key,
            part.part_kind,
            part.actor_part_raw,
            alias.actor_id,
            case when part.actor_part_raw = alias.alias then 'alias' else 'alias_normalised' end as match_method,
            {{ 'case when part.actor_part_raw = alias.alias then 2 else 3 end' if loop.first else '4' }} as match_rank,
            alias.country_iso3 = part.country_iso3 as is_home
        from side_parts as part
        inner join {{ ref('int_actor__alias') }} as alias on part.{{ key }} = alias.name_key
        where
            alias.name_key <> ''
            and {{ condition }}
            and {{ holds_on('part.date_end', 'alias.valid_from', 'alias.valid_to') }}
        {{ 'union' if not loop.last }}
    {% endfor %}
),

-- Names of the list are used for UCDP's own parts only: elsewhere its abbreviations mean other groups.
listed as (
    select
        listed.actor_id,
        listed.ucdp_actor_id,
        {{ actor_name_key('listed.actor_name') }} as name_key
    from {{ ref('int_ucdp__actor') }} as listed
    left join {{ ref('actor') }} as registered on listed.ucdp_actor_id = registered.ucdp_actor_id
    where registered.actor_id is null
),

by_source_list as (
    {% for kind, condition, rank in [
        ("= 'whole'", 'part.source_actor_id = listed.ucdp_actor_id', 5),
        ("<> 'whole'", 'part.name_key = listed.name_key', 4),
    ] %}
        select
            part.side_key,
            part.part_kind,
            part.actor_part_raw,
            listed.actor_id,
            'ucdp_list' as match_method,
            {{ rank }} as match_rank
        from side_parts as part
        inner join listed on {{ condition }}
        where part.feed = 'ucdp' and part.part_kind {{ kind }}
        {{ 'union' if not loop.last }}
    {% endfor %}
),

by_source_kind as (
    select
        side_key,
        part_kind,
        actor_part_raw,
        'civilians' as actor_id,
        'source_kind' as match_method,
        6 as match_rank
    from side_parts
    where actor_kind_raw = 'civilians' and part_kind = 'whole'
),

all_matches as (
    select * from by_source_id
    union all by name
    select * from by_alias
    union all by name
    select * from by_source_list
    union all by name
    select * from by_source_kind
),

first_matches as (
    select *
    from all_matches
    qualify match_rank = min(match_rank) over (partition by side_key, part_kind, actor_part_raw)
),

best_matches as (
    select
        *,
        count(*) over part as candidates,
        bool_or(coalesce(is_home, false)) over part as has_home
    from first_matches
    window part as (partition by side_key, part_kind, actor_part_raw)
),

-- A name of several actors means the one at home in the event's country; of two that remain it means either, and of
-- more than two it says too little.
part_matches as (
    select
        side_key,
        part_kind,
        actor_part_raw,
        actor_id,
        match_method,
        match_rank,
        candidates > 1 as is_ambiguous
    from best_matches
    where not has_home or is_home
    qualify count(*) over (partition by side_key, part_kind, actor_part_raw) <= 2
),

readings as (
    select
        part.side_key,
        bool_or(part.part_kind = 'whole' and match.match_rank <= 4) as is_known_whole,
        bool_or(part.part_kind = 'whole' and match.actor_id is not null) as is_listed_whole,
        bool_or(part.part_kind = 'either') as is_either,
        count(distinct part.actor_part_raw) filter (where part.part_kind = 'joint') as joint_parts,
        count(distinct part.actor_part_raw) filter (where part.part_kind = 'joint' and match.actor_id is not null)
            as known_joint_parts
    from side_parts as part
    left join part_matches as match
        on
            part.side_key = match.side_key
            and part.part_kind = match.part_kind
            and part.actor_part_raw = match.actor_part_raw
    group by part.side_key
),

-- A comma may also be part of a name. So a list that the source knows as one actor must be known in all its parts.
chosen as (
    select
        side_key,
        case
            when is_either then 'either'
            when coalesce(is_known_whole, false) then 'whole'
            when joint_parts > 1 and known_joint_parts = joint_parts then 'joint'
            when coalesce(is_listed_whole, false) then 'whole'
            when joint_parts > 1 and known_joint_parts > 0 then 'joint'
            else 'whole'
        end as part_kind
    from readings
),

resolved as (
    select
        side.* exclude (violence_class, other_kind_raw),
        match.actor_id as matched_actor_id,
        match.match_method,
        case when part.part_kind <> 'whole' then part.actor_part_raw end as actor_part_raw,
        part.part_kind,
        coalesce(match.is_ambiguous, false) as is_ambiguous_name
    from sides as side
    inner join chosen on side.side_key = chosen.side_key
    inner join side_parts as part on chosen.side_key = part.side_key and chosen.part_kind = part.part_kind
    left join part_matches as match
        on
            part.side_key = match.side_key
            and part.part_kind = match.part_kind
            and part.actor_part_raw = match.actor_part_raw
),

-- The most specific rule that holds: dyad before unit before country.
split as (
    select
        resolved.*,
        rule.actor_id as split_actor_id
    from resolved
    left join {{ ref('actor_split_rule') }} as rule
        on
            resolved.matched_actor_id = rule.umbrella_actor_id
            and resolved.country_iso3 = rule.country_iso3
            and (rule.admin1_id is null or resolved.admin1_id = rule.admin1_id)
            and (rule.ucdp_dyad_id is null or resolved.feed = 'ucdp' and resolved.dyad_id = rule.ucdp_dyad_id)
            and {{ holds_on('resolved.date_end', 'rule.valid_from', 'rule.valid_to') }}
    qualify
        row_number() over (
            partition by resolved.side_key, resolved.actor_part_raw, resolved.matched_actor_id
            order by rule.ucdp_dyad_id is null, rule.admin1_id is null, rule.actor_id
        ) = 1
)

select
    split.event_version_key,
    split.event_key,
    coalesce(split.split_actor_id, split.matched_actor_id) as actor_id,
    split.role,
    split.side,
    split.is_perpetrator,
    split.is_target,
    split.actor_name_raw,
    split.actor_part_raw,
    split.actor_kind_raw,
    split.source_actor_id,
    case when split.split_actor_id is not null then 'split_rule' else coalesce(split.match_method, 'none') end
        as match_method,
    split.part_kind = 'either'
    or split.is_ambiguous_name
    or split.split_actor_id is null and coalesce(actor.is_umbrella, false) as is_ambiguous,
    split.part_kind = 'joint' as is_joint
from split
left join {{ ref('actor') }} as actor on split.matched_actor_id = actor.actor_id
-- Two parts may be two names of one actor.
qualify
    row_number() over (
        partition by
            split.side_key,
            coalesce(split.split_actor_id, split.matched_actor_id, split.actor_part_raw)
        order by split.is_ambiguous_name, split.actor_part_raw
    ) = 1
