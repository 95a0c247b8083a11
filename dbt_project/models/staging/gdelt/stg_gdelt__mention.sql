-- GDELT mentions of the events in scope, as published.
select
    global_event_id,
    slot_at,
    attempt_id,
    strptime(cast(mention_time_date as varchar), '%Y%m%d%H%M%S') as mentioned_at,
    mention_source_name,
    mention_identifier,
    sentence_id
from {{ source('raw', 'gdelt_mention') }}
