-- Items that their outlet does not date, or dates into the future: kept, and kept apart from fct_article.
select
    article_id,
    feed_id,
    publisher,
    date_status,
    published_at,
    first_seen_at,
    title,
    url
from {{ ref('int_news__article') }}
where date_status <> 'dated' and not is_withdrawn
