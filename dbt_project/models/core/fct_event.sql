-- The events of the curated feeds as they stand: the newest version of each that its publisher still reports.
-- Feeds stand side by side here; adding their figures would count incidents twice.
select
    event_key,
    {{ event_columns() }},
    recorded_from as recorded_at,
    version_number as versions,
    event_version_key
from {{ ref('fct_event_version') }}
where is_current and not is_withdrawn
