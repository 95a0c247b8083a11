-- Coups and coup attempts, as the datasets list them now. The datasets stand side by side: both list most attempts.
with newest as (
    select *
    from {{ ref('stg_coups__coup_version') }}
    qualify row_number() over (partition by coup_id order by attempt_id desc) = 1
)

select
    coup_id,
    country_iso3,
    coup_date,
    number_of_day,
    is_successful,
    is_violent,
    dataset,
    dataset_version,
    recorded_at
from newest
where not is_withdrawn
