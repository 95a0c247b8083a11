-- News items as they stand: the newest version of each, with when it was first seen and how often it changed.
select
    *,
    min(recorded_at) over item as first_seen_at,
    count(*) over item as versions
from {{ ref('stg_news__item_version') }}
window item as (partition by article_id)
qualify row_number() over (partition by article_id order by attempt_id desc) = 1
