-- Which unit became which in a reform.
select
    old_admin1_id,
    new_admin1_id,
    cast(change_date as date) as change_date,
    change_kind,
    cast(weight as double) as weight,
    source
from {{ ref('admin1_change') }}
