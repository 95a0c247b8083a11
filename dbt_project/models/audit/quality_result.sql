-- One row per expectation and load: what was checked before the rows could be seen, and how it went.
select
    attempt_id,
    feed,
    table_name,
    partition_key,
    check_name as "check",
    severity,
    passed,
    could_run,
    observed,
    failing_sample,
    verdict,
    recorded_at
from {{ source('ledger', 'quality_result') }}
