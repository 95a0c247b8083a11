-- Records that could not be typed or keyed, verbatim. The load went on without them.
select
    attempt_id,
    feed,
    table_name,
    payload_sha256,
    url,
    line,
    reason,
    row_text,
    recorded_at
from {{ source('ledger', 'quarantined_row') }}
