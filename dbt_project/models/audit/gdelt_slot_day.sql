-- GDELT slots by day and stream: expected, read, and what became of the others. A gap is known here.
select
    slot_date,
    stream,
    slots_expected,
    slots_read,
    slots_fetched,
    slots_empty,
    slots_missing,
    slots_corrupt,
    slots_listed,
    newest_slot_at,
    checked_at
from {{ ref('int_gdelt__slot_day') }}
