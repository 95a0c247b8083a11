-- News articles with a date, as their outlets tell them now. Undated and future ones are in audit.undated_article.
select
    article_id,
    feed_id,
    item_id,
    publisher,
    source_name,
    language,
    reliability,
    published_at,
    updated_at,
    first_seen_at,
    recorded_at,
    versions,
    title,
    summary,
    url,
    cast(null as varchar) as story_id
from {{ ref('int_news__article') }}
where date_status = 'dated' and not is_withdrawn
