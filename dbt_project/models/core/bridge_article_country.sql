-- Which countries an article names, with the words that say so, and which countries ReliefWeb files a report under.
with named as (
    select
        article_id,
        country_iso3,
        is_in_title,
        alias_kind,
        matched_text
    from {{ ref('int_news__article_country') }}
    where country_iso3 is not null

    union all

    select
        article_id,
        country_iso3,
        cast(null as boolean) as is_in_title,
        'publisher' as alias_kind,
        cast(null as varchar) as matched_text
    from {{ ref('int_reliefweb__report_country') }}
)

select
    named.article_id,
    named.country_iso3,
    named.is_in_title,
    named.alias_kind,
    named.matched_text
from named
inner join {{ ref('fct_article') }} as article on named.article_id = article.article_id
