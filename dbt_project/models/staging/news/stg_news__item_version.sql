-- Items of the news feeds as recorded: one row per item and version.
select
    feed_id || ':' || item_id as article_id,
    feed_id,
    item_id,
    attempt_id,
    recorded_at,
    is_withdrawn,
    publisher,
    source_name,
    language,
    reliability,
    date_status,
    published_at,
    updated_at,
    title,
    summary,
    url
from {{ source('raw', 'news_item') }}
