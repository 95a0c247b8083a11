-- Which units hold the area of a unit at another time, by the reforms between: one row per unit, the time it is
-- spoken of (as_of) and the time asked for (on). candidates has several ids where the area was divided or came of
-- several; then the unit alone does not tell, and on_admin1_id is null.
{{ config(materialized="table") }}

with recursive
days as (
    select
        country_iso3,
        valid_from as starts
    from {{ ref('dim_admin1') }}
    where valid_from is not null

    union

    select
        country_iso3,
        valid_to as starts
    from {{ ref('dim_admin1') }}
    where valid_to is not null

    union

    select distinct
        country_iso3,
        date '0001-01-01' as starts
    from {{ ref('dim_admin1') }}
),

periods as (
    select
        country_iso3,
        starts,
        lead(starts, 1, date '9999-12-31') over by_time as ends,
        row_number() over by_time as number
    from days
    window by_time as (partition by country_iso3 order by starts)
),

units as (
    select
        unit.admin1_id,
        unit.country_iso3,
        period.number,
        period.starts,
        period.ends
    from {{ ref('dim_admin1') }} as unit
    inner join periods as period
        on
            unit.country_iso3 = period.country_iso3
            and {{ holds_on('period.starts', 'unit.valid_from', 'unit.valid_to') }}
),

-- From one period to the next: a unit that stays holds (a part of) its own area; a change hands area on.
steps as (
    select
        earlier.admin1_id as earlier_admin1_id,
        earlier.number as earlier_number,
        later.admin1_id as later_admin1_id
    from units as earlier
    inner join units as later on earlier.admin1_id = later.admin1_id and earlier.number + 1 = later.number

    union

    select
        earlier.admin1_id as earlier_admin1_id,
        earlier.number as earlier_number,
        later.admin1_id as later_admin1_id
    from {{ ref('bridge_admin1_change') }} as change
    inner join units as earlier on change.old_admin1_id = earlier.admin1_id and change.change_date = earlier.ends
    inner join units as later on change.new_admin1_id = later.admin1_id and change.change_date = later.starts
),

forward as (
    select
        admin1_id,
        number as as_of_number,
        admin1_id as on_admin1_id,
        number as on_number
    from units

    union

    select
        forward.admin1_id,
        forward.as_of_number,
        steps.later_admin1_id as on_admin1_id,
        forward.on_number + 1 as on_number
    from forward
    inner join steps
        on forward.on_admin1_id = steps.earlier_admin1_id and forward.on_number = steps.earlier_number
),

backward as (
    select
        admin1_id,
        number as as_of_number,
        admin1_id as on_admin1_id,
        number as on_number
    from units

    union

    select
        backward.admin1_id,
        backward.as_of_number,
        steps.earlier_admin1_id as on_admin1_id,
        backward.on_number - 1 as on_number
    from backward
    inner join steps
        on backward.on_admin1_id = steps.later_admin1_id and backward.on_number = steps.earlier_number + 1
),

reached as (
    select * from forward
    union
    select * from backward
)

select
    reached.admin1_id,
    any_value(as_of.country_iso3) as country_iso3,
    any_value(as_of.starts) as as_of_from,
    any_value(as_of.ends) as as_of_to,
    any_value(asked.starts) as on_from,
    any_value(asked.ends) as on_to,
    case when count(*) = 1 then min(reached.on_admin1_id) end as on_admin1_id,
    list(reached.on_admin1_id order by reached.on_admin1_id) as candidates
from reached
inner join units as as_of on reached.admin1_id = as_of.admin1_id and reached.as_of_number = as_of.number
inner join periods as asked on as_of.country_iso3 = asked.country_iso3 and reached.on_number = asked.number
group by reached.admin1_id, reached.as_of_number, reached.on_number
