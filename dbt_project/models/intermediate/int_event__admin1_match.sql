-- Which admin1 unit a feed's spelling means, by country and day: spellings outlive reforms, so that of the units
-- an alias names the one that existed on the day is taken, else the one nearest in time.
with spellings as (
    select distinct
        feed,
        country_iso3,
        admin1_name_raw,
        date_end,
        {{ comparable('admin1_name_raw') }} as comparable_name
    from {{ ref('int_event__reported') }}
    where admin1_name_raw is not null
),

aliases as (
    select distinct
        country_iso3,
        admin1_id,
        source,
        {{ comparable('alias') }} as comparable_name
    from {{ ref('admin1_alias') }}
    -- These are codes, not names.
    where source not in ('gdelt', 'geonames')
)

select
    place.feed,
    place.country_iso3,
    place.admin1_name_raw,
    place.date_end,
    unit.admin1_id,
    unit.admin1_name
from spellings as place
inner join aliases as alias
    on place.country_iso3 = alias.country_iso3 and place.comparable_name = alias.comparable_name
inner join {{ ref('admin1') }} as unit on alias.admin1_id = unit.admin1_id
qualify
    row_number() over (
        partition by place.feed, place.country_iso3, place.admin1_name_raw, place.date_end
        order by
            -- The feed's own spelling first, then how others write the name.
            alias.source = place.feed desc,
            {{ holds_on('place.date_end', 'unit.valid_from', 'unit.valid_to') }} desc,
            abs(date_diff('day', place.date_end, coalesce(unit.valid_from, unit.valid_to, place.date_end))),
            unit.admin1_id
    ) = 1
