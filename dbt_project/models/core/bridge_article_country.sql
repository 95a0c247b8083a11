-- Which countries an article names, with the words that say so.
select
    named.article_id,
    named.country_iso3,
    named.is_in_title,
    named.alias_kind,
    named.matched_text
from {{ ref('int_news__article_country') }} as named
inner join {{ ref('fct_article') }} as article on named.article_id = article.article_id
where named.country_iso3 is not null
