-- News articles and ReliefWeb reports with a date, as their publishers tell them now. Undated and future ones of the
-- news are in audit.undated_article.
select
    article_id,
    feed,
    feed_id,
    item_id,
    publisher,
    source_name,
    language,
    reliability,
    published_at,
    updated_at,
    first_seen_at,
    recorded_from as recorded_at,
    version_number as versions,
    title,
    summary,
    url,
    cast(null as varchar) as story_id
from {{ ref('fct_article_version') }}
where is_current and change_kind <> 'withdrawn' and date_status = 'dated'
