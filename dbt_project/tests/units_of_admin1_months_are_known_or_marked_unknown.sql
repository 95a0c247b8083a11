-- admin1_month names units of dim_admin1, or the country's unknown one.
select distinct unit.admin1_id
from {{ ref('admin1_month') }} as unit
left join {{ ref('dim_admin1') }} as known on unit.admin1_id = known.admin1_id
where known.admin1_id is null and unit.admin1_id <> unit.country_iso3 || '-unknown'
