-- Names of sides that the actor registry does not know, with how often they occur; of "A and/or B" and "A, B" the parts
-- that it does not know. best_guess is the alias with the highest score, for a person to judge; nothing uses it.
-- Crowds are no actors and are left out.
with unresolved as (
    select
        event.feed,
        coalesce(side.actor_part_raw, side.actor_name_raw) as name,
        any_value(side.source_actor_id) as source_actor_id,
        any_value(side.match_method) as match_method,
        count(distinct side.event_key) as events,
        min(event.date_start) as first_seen,
        max(event.date_end) as last_seen
    from {{ ref('fct_event_actor') }} as side
    inner join {{ ref('fct_event') }} as event on side.event_key = event.event_key
    where
        side.match_method in ('ucdp_list', 'none')
        and coalesce(side.actor_kind_raw not in ('protesters', 'rioters'), true)
    group by event.feed, coalesce(side.actor_part_raw, side.actor_name_raw)
),

names as (
    select distinct
        name,
        {{ actor_name_key('name') }} as name_key
    from unresolved
),

aliases as (
    select distinct
        alias.actor_id,
        {{ actor_name_key('alias.alias') }} as name_key
    from {{ ref('actor_alias') }} as alias
    inner join {{ ref('dim_actor') }} as actor on alias.actor_id = actor.actor_id
    where actor.is_registered
),

-- Letters find other spellings, words find longer and shorter forms of one name: the mean of both.
scored as (
    select
        names.name,
        alias.actor_id,
        (
            jaro_winkler_similarity(names.name_key, alias.name_key)
            + len(list_intersect(string_split(names.name_key, ' '), string_split(alias.name_key, ' ')))
            / least(
                len(list_distinct(string_split(names.name_key, ' '))),
                len(list_distinct(string_split(alias.name_key, ' ')))
            )
        ) / 2 as score
    from names
    cross join aliases as alias
    where names.name_key <> '' and alias.name_key <> ''
),

guesses as (
    select *
    from scored
    where score >= 0.7
    qualify row_number() over (partition by name order by score desc, actor_id) = 1
)

select
    unresolved.feed,
    unresolved.name,
    unresolved.source_actor_id,
    unresolved.match_method,
    unresolved.events,
    unresolved.first_seen,
    unresolved.last_seen,
    guess.actor_id as best_guess,
    guess.score as best_guess_score
from unresolved
left join guesses as guess on unresolved.name = guess.name
