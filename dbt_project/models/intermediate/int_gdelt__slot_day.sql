-- Slots by day and stream: how many were expected, how many were read.
select
    stream,
    cast(slot_at as date) as slot_date,
    count(*) as slots_expected,
    count(*) filter (where state in ('fetched', 'empty')) as slots_read,
    count(*) filter (where state = 'fetched') as slots_fetched,
    count(*) filter (where state = 'empty') as slots_empty,
    count(*) filter (where state = 'missing') as slots_missing,
    count(*) filter (where state = 'corrupt') as slots_corrupt,
    count(*) filter (where state = 'listed') as slots_listed,
    max(slot_at) filter (where state in ('fetched', 'empty')) as newest_slot_at,
    max(checked_at) as checked_at
from {{ source('ledger', 'gdelt_slot') }}
group by stream, cast(slot_at as date)
