-- Spellings of admin1 units that no alias knows, with how often they occur. best_guess is the most similar name in
-- the same country, for a person to judge; nothing uses it. Events that name no unit at all are not listed.
with unresolved as (
    select
        feed,
        country_iso3,
        admin1_name_raw as name,
        count(*) as events,
        min(date_start) as first_seen,
        max(date_end) as last_seen
    from {{ ref('fct_event') }}
    where admin1_id is null and admin1_name_raw is not null
    group by feed, country_iso3, admin1_name_raw
),

names as (
    select
        country_iso3,
        admin1_id,
        alias
    from {{ ref('admin1_alias') }}
    where source not in ('gdelt', 'geonames')
),

guesses as (
    select
        unresolved.feed,
        unresolved.country_iso3,
        unresolved.name,
        names.admin1_id as best_guess,
        jaro_winkler_similarity({{ comparable('unresolved.name') }}, {{ comparable('names.alias') }}) as similarity
    from unresolved
    inner join names on unresolved.country_iso3 = names.country_iso3
    where jaro_winkler_similarity({{ comparable('unresolved.name') }}, {{ comparable('names.alias') }}) > 0.9
    qualify
        row_number() over (
            partition by unresolved.feed, unresolved.country_iso3, unresolved.name
            order by similarity desc, names.admin1_id
        ) = 1
)

select
    unresolved.feed,
    unresolved.country_iso3,
    unresolved.name,
    unresolved.events,
    unresolved.first_seen,
    unresolved.last_seen,
    guess.best_guess,
    guess.similarity as best_guess_similarity
from unresolved
left join guesses as guess
    on
        unresolved.feed = guess.feed
        and unresolved.country_iso3 is not distinct from guess.country_iso3
        and unresolved.name = guess.name
