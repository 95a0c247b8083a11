-- Question: what do the sources dispute of the same incident?
--
-- Read it so: one row per country and kind of dispute, over the incidents that more than one source tells of. `dispute`
-- is: days (the nearest days of two sources are not the same); place (their points are more than 5 km apart, centroids
-- left out); deaths (ACLED's figure lies outside UCDP's low to high); class (other classes of violence); attribution
-- (they name other sides). `incidents_compared` are those in which it could be seen. `largest` is the size of the
-- largest dispute, in `unit`, and `largest_incidents` are the up to three largest, in order; where there is no size,
-- those with the most deaths: `sahel incident ID` shows who says what. Records are held to tell of one incident by how
-- well they agree, so that what is disputed most is found least: these are lower bounds. Empty with one source.
--
-- Columns: country_iso3, country_name, dispute, incidents_compared, incidents_disputed, share_disputed, largest, unit,
--   largest_incidents.
-- Parameters: none.
with told as (
    select
        *,
        greatest(coalesce(fatalities_ucdp, 0), coalesce(fatalities_acled, 0)) as most_deaths
    from audit.source_agreement
),

disputes as (
    select
        country_iso3,
        incident_id,
        'days' as dispute,
        'days' as unit,
        date_spread_days > 0 as is_disputed,
        date_spread_days as size
    from told

    union all

    select
        country_iso3,
        incident_id,
        'place' as dispute,
        'km' as unit,
        distance_spread_km > 5 as is_disputed,
        round(distance_spread_km, 1) as size
    from told
    where distance_spread_km is not null

    union all

    select
        country_iso3,
        incident_id,
        'deaths' as dispute,
        'deaths' as unit,
        is_deaths_disputed as is_disputed,
        abs(fatalities_acled_above_ucdp) as size
    from told
    where fatalities_acled_above_ucdp is not null

    union all

    select
        country_iso3,
        incident_id,
        'class' as dispute,
        null as unit,
        is_class_disputed as is_disputed,
        most_deaths as size
    from told
    where is_class_disputed is not null

    union all

    select
        country_iso3,
        incident_id,
        'attribution' as dispute,
        null as unit,
        is_attribution_disputed as is_disputed,
        most_deaths as size
    from told
),

counted as (
    select
        country_iso3,
        dispute,
        unit,
        count(*) as incidents_compared,
        count(*) filter (where is_disputed) as incidents_disputed,
        max(size) filter (where is_disputed) as largest,
        list(incident_id order by size desc, incident_id) filter (where is_disputed) as by_size
    from disputes
    group by country_iso3, dispute, unit
)

select
    counted.country_iso3,
    country.country_name,
    counted.dispute,
    counted.incidents_compared,
    counted.incidents_disputed,
    round(counted.incidents_disputed / counted.incidents_compared, 3) as share_disputed,
    case when counted.unit is not null then counted.largest end as largest,
    counted.unit,
    array_to_string(counted.by_size[:3], ', ') as largest_incidents
from counted
left join core.dim_country as country on counted.country_iso3 = country.country_iso3
order by counted.country_iso3, counted.incidents_disputed desc, counted.dispute
