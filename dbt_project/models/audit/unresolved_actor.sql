-- Names of sides that the actor registry does not know, with how often they occur. best_guess is the most similar
-- alias, for a person to judge; nothing uses it.
with unresolved as (
    select
        event.feed,
        side.actor_name_raw as name,
        any_value(side.source_actor_id) as source_actor_id,
        any_value(side.match_method) as match_method,
        count(distinct side.event_key) as events,
        min(event.date_start) as first_seen,
        max(event.date_end) as last_seen
    from {{ ref('fct_event_actor') }} as side
    inner join {{ ref('fct_event') }} as event on side.event_key = event.event_key
    where side.match_method in ('ucdp_list', 'none')
    group by event.feed, side.actor_name_raw
),

guesses as (
    select
        unresolved.feed,
        unresolved.name,
        alias.actor_id as best_guess,
        jaro_winkler_similarity({{ comparable('unresolved.name') }}, {{ comparable('alias.alias') }}) as similarity
    from unresolved
    cross join {{ ref('actor_alias') }} as alias
    where jaro_winkler_similarity({{ comparable('unresolved.name') }}, {{ comparable('alias.alias') }}) > 0.9
    qualify
        row_number() over (
            partition by unresolved.feed, unresolved.name order by similarity desc, alias.actor_id
        ) = 1
)

select
    unresolved.feed,
    unresolved.name,
    unresolved.source_actor_id,
    unresolved.match_method,
    unresolved.events,
    unresolved.first_seen,
    unresolved.last_seen,
    guess.best_guess,
    guess.similarity as best_guess_similarity
from unresolved
left join guesses as guess on unresolved.feed = guess.feed and unresolved.name = guess.name
