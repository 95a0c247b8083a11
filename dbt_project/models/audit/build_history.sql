-- Every build of these tables before the present one.
select
    build_id,
    status,
    selection,
    through_attempt_id,
    nodes,
    error,
    recorded_at,
    started_at,
    finished_at
from {{ source('ledger', 'build') }}
