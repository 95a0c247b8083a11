-- Question: how fast does an armed group spread?
--
-- Read it so: one row per non-state actor, source and year back from the newest month that the source observed: the
-- places of the twelve months that end with `month`. `new_admin1_units` are the units entered in those twelve months
-- for the first time ever, `lost_admin1_units` those in which its last event grew older than a year; a unit that only a
-- reform made is not new. `southmost_latitude` and `centroid_shift_km` (against the twelve months before) say where
-- it moves. Only precise places and certain attributions count, so that the figures are lower bounds; with
-- `months_observed` below 12 they are lower still. Better reporting looks like spread: see how many events there are.
--
-- Columns: actor_id, actor_name, source, month, events, countries, admin1_units, admin2_units, cells, new_admin1_units,
--   lost_admin1_units, southmost_latitude, centroid_shift_km, months_observed, provisional, observed_until.
-- Parameters: none. Actors with fewer than 10 such events in their fullest twelve months are left out.
with newest as (
    select
        source,
        max(month) as month
    from marts.actor_footprint_month
    group by source
),

moves as (
    select
        *,
        sum(new_admin1_units) over last_12_months as new_units,
        sum(lost_admin1_units) over last_12_months as lost_units,
        max(events) over (partition by actor_id, source) as most_events
    from marts.actor_footprint_month
    where actor_kind not in ('state', 'state_forces', 'foreign_forces', 'external_forces')
    window last_12_months as (
        partition by actor_id, source order by month range between interval 11 month preceding and current row
    )
)

select
    moves.actor_id,
    moves.actor_name,
    moves.source,
    moves.month,
    moves.events,
    moves.countries,
    moves.admin1_units,
    moves.admin2_units,
    moves.cells,
    cast(moves.new_units as bigint) as new_admin1_units,
    cast(moves.lost_units as bigint) as lost_admin1_units,
    round(moves.southmost_latitude, 3) as southmost_latitude,
    round(moves.centroid_shift_km, 1) as centroid_shift_km,
    moves.months_observed,
    moves.provisional,
    moves.observed_until
from moves
inner join newest on moves.source = newest.source
inner join core.dim_actor as actor on moves.actor_id = actor.actor_id
where
    not coalesce(actor.is_umbrella, false)
    and moves.most_events >= 10
    and date_diff('month', moves.month, newest.month) % 12 = 0
order by moves.actor_id, moves.source, moves.month desc
