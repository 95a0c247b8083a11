-- Which news feeds answered on which days: on other days nothing was read of the news.
select distinct
    cast(recorded_at as date) as fetch_date,
    stream as feed_id
from {{ source('ledger', 'load_attempt') }}
where feed = 'news' and status in ('ok', 'empty', 'unchanged')
