{{ config(post_hook="{{ create_articles_as_of() }}") }}

-- Every version of every article of the news feeds and report of ReliefWeb, with when we recorded it: outlets
-- rewrite headlines without saying so.
with items as (
    select
        article_id,
        'news' as feed,
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
    from {{ ref('stg_news__item_version') }}

    union all

    select
        article_id,
        'reliefweb' as feed,
        'reliefweb' as feed_id,
        item_id,
        attempt_id,
        recorded_at,
        is_withdrawn,
        publisher,
        cast(null as varchar) as source_name,
        language,
        cast(null as varchar) as reliability,
        case when published_at is null then 'undated' else 'dated' end as date_status,
        published_at,
        updated_at,
        title,
        summary,
        url
    from {{ ref('int_reliefweb__report_version') }}
),

versions as (
    select
        *,
        row_number() over recorded as version_number,
        min(recorded_at) over (partition by article_id) as first_seen_at,
        lead(recorded_at) over recorded as recorded_to,
        lag(is_withdrawn) over recorded as was_withdrawn
    from items
    window recorded as (partition by article_id order by attempt_id)
)

select
    article_id || ':' || version_number as article_version_key,
    article_id,
    version_number,
    recorded_at as recorded_from,
    recorded_to,
    case
        when is_withdrawn then 'withdrawn'
        when was_withdrawn is null then 'new'
        when was_withdrawn then 'restored'
        else 'revised'
    end as change_kind,
    recorded_to is null as is_current,
    feed,
    feed_id,
    item_id,
    publisher,
    source_name,
    language,
    reliability,
    date_status,
    published_at,
    updated_at,
    first_seen_at,
    title,
    summary,
    url,
    attempt_id
from versions
