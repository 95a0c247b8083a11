-- The state of each news feed: its last answer, its newest item, and since when it fails.
with attempts as (
    select
        *,
        status in ('ok', 'empty', 'unchanged') as is_good
    from {{ source('ledger', 'load_attempt') }}
    where feed = 'news'
),

by_feed as (
    select
        stream as feed_id,
        arg_max(status, attempt_id) as status,
        arg_max(error, attempt_id) filter (where not is_good) as last_error,
        max(recorded_at) as last_attempt_at,
        max(recorded_at) filter (where is_good) as last_success_at,
        max(attempt_id) filter (where is_good) as last_good_attempt_id,
        count(*) as attempts,
        count(*) filter (where not is_good) as failures
    from attempts
    group by stream
),

failing as (
    select
        attempt.stream as feed_id,
        min(attempt.recorded_at) as failing_since,
        count(*) as failures_in_a_row
    from attempts as attempt
    inner join by_feed as feed on attempt.stream = feed.feed_id
    where not attempt.is_good and attempt.attempt_id > coalesce(feed.last_good_attempt_id, 0)
    group by attempt.stream
),

items as (
    select
        feed_id,
        arg_max(publisher, attempt_id) as publisher,
        arg_max(language, attempt_id) as language,
        arg_max(reliability, attempt_id) as reliability,
        count(*) as items,
        max(published_at) filter (where date_status = 'dated') as newest_item_at
    from {{ ref('int_news__article') }}
    group by feed_id
)

select
    feed.feed_id,
    items.publisher,
    items.language,
    items.reliability,
    feed.status,
    feed.last_attempt_at,
    feed.last_success_at,
    failing.failing_since,
    coalesce(failing.failures_in_a_row, 0) as failures_in_a_row,
    case when failing.failing_since is not null then feed.last_error end as error,
    feed.attempts,
    feed.failures,
    coalesce(items.items, 0) as items,
    items.newest_item_at,
    date_diff('hour', items.newest_item_at, {{ now_at() }}) as newest_item_age_hours
from by_feed as feed
left join items on feed.feed_id = items.feed_id
left join failing on feed.feed_id = failing.feed_id
