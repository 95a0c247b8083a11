-- Coups and coup attempts as recorded: one row per attempt as a dataset lists it, and version.
select
    coup_id,
    dataset,
    country_iso3,
    coup_date,
    number_of_day,
    is_successful,
    is_violent,
    version as dataset_version,
    attempt_id,
    recorded_at,
    is_withdrawn
from {{ source('raw', 'coup') }}
