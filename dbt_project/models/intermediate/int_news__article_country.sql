-- The countries that an article names in its title or summary: whole words against the alias list, the longest
-- phrase first, so that "Guinea-Bissau" is not Guinea and "Niger State" is not Niger. Every article has a row, with
-- null for none, so that a changed headline replaces what the old one said. Only new versions are read again.
{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='article_id') }}

with articles as (
    select
        article_id,
        attempt_id,
        language,
        -- The stop keeps a phrase from running from the title into the summary.
        coalesce(title, '') || ' | ' || coalesce(summary, '') as body,
        length(string_split(trim(regexp_replace(strip_accents(coalesce(title, '')), '[^A-Za-z0-9|]+', ' ', 'g')), ' '))
            as title_words
    from {{ ref('int_news__article') }}
    where
        date_status = 'dated'
        {% if is_incremental() %}
            and attempt_id > (select coalesce(max(seen.through_attempt_id), 0) from {{ this }} as seen)
        {% endif %}
),

words as (
    select
        article_id,
        language,
        title_words,
        string_split(trim(regexp_replace(strip_accents(body), '[^A-Za-z0-9|]+', ' ', 'g')), ' ') as word_list
    from articles
),

positions as (
    select
        *,
        unnest(generate_series(1, length(word_list))) as first_word
    from words
),

lengths as (
    select unnest([1, 2, 3, 4]) as word_count
),

phrases as (
    select
        position.article_id,
        position.language,
        position.title_words,
        position.first_word,
        lengths.word_count,
        list_aggregate(
            position.word_list[position.first_word:position.first_word + lengths.word_count - 1], 'string_agg', ' '
        ) as phrase
    from positions as position
    cross join lengths
    where position.first_word + lengths.word_count - 1 <= length(position.word_list)
),

aliases as (
    select
        {{ comparable('alias') }} as comparable_name,
        country_iso3,
        language,
        alias_kind
    from {{ ref('country_alias') }}
    where alias_kind in ('name', 'demonym', 'capital')

    union all

    -- Phrases that hold a country's name and mean another place, or none.
    select
        unnest(['niger state', 'niger delta', 'benin city', 'delta du niger', 'etat du niger']) as comparable_name,
        'NGA' as country_iso3,
        '' as language,
        'name' as alias_kind

    union all

    select
        unnest([
            'niger river', 'river niger', 'fleuve niger', 'inner niger delta', 'gulf of guinea', 'golfe de guinee',
            'bight of benin', 'golfe du benin', 'lake chad', 'lac tchad', 'senegal river', 'fleuve senegal',
            'new guinea', 'guinea pig', 'guinea fowl', 'guinea worm'
        ]) as comparable_name,
        null as country_iso3,
        '' as language,
        'name' as alias_kind
),

found as (
    select
        phrase.article_id,
        phrase.first_word,
        phrase.first_word + phrase.word_count - 1 as last_word,
        phrase.first_word <= phrase.title_words as is_in_title,
        alias.country_iso3,
        alias.alias_kind,
        phrase.phrase as matched_text
    from phrases as phrase
    inner join aliases as alias
        on
            lower(phrase.phrase) = alias.comparable_name
            -- Demonyms hold in their own language, and either may stand in a third one; names hold everywhere.
            and (
                alias.alias_kind <> 'demonym'
                or phrase.language = alias.language
                or phrase.language not in ('en', 'fr')
            )
            -- "chad" and "bénin" are words too, so that a capital is asked for, save where there is none: French
            -- writes its adjectives small.
            and (
                phrase.phrase[1] between 'A' and 'Z'
                or (alias.alias_kind = 'demonym' and alias.language = 'fr')
                or alias.country_iso3 is null
            )
),

kept as (
    select
        article_id,
        country_iso3,
        bool_or(is_in_title) as is_in_title,
        arg_min(alias_kind, first_word) as alias_kind,
        arg_min(matched_text, first_word) as matched_text
    from found
    where
        country_iso3 is not null
        and not exists (
            select 1
            from found as longer
            where
                longer.article_id = found.article_id
                and longer.first_word <= found.first_word
                and longer.last_word >= found.last_word
                and longer.last_word - longer.first_word > found.last_word - found.first_word
        )
    group by article_id, country_iso3
)

select
    article.article_id,
    kept.country_iso3,
    kept.is_in_title,
    kept.alias_kind,
    kept.matched_text,
    article.attempt_id as through_attempt_id
from articles as article
left join kept on article.article_id = kept.article_id
