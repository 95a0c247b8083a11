-- Days on which news feeds answered, and how often: on other days nothing was read of the news.
select
    cast(recorded_at as date) as fetch_date,
    count(*) as fetches
from {{ source('ledger', 'load_attempt') }}
where feed = 'news' and status in ('ok', 'empty', 'unchanged')
group by cast(recorded_at as date)
