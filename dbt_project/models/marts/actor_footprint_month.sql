-- How far an actor reaches: its places in the twelve months that end with the month, by source. Only events whose
-- place is precise and whose attribution is certain count. A row while this window or the one a month before holds an
-- event, so that what was lost is told too.
with events as (
    select
        source,
        actor_id,
        event_key,
        country_iso3,
        admin1_id,
        admin2_id,
        date_end,
        month,
        latitude,
        longitude,
        cell
    from {{ ref('int_actor__event') }}
    where is_violence and is_precise and not is_ambiguous
),

observed as (
    select
        feed as source,
        month,
        not bool_and(is_final) as provisional,
        max(observed_until) as observed_until
    from {{ ref('int_feed__observed_month') }}
    group by feed, month
),

observed_windows as (
    select
        source,
        month,
        observed_until,
        bool_or(provisional) over last_12_months as provisional,
        count(*) over last_12_months as months_observed
    from observed
    window last_12_months as (
        partition by source order by month range between interval 11 month preceding and current row
    )
),

-- A unit that a reform made has one predecessor here; the newest reform decides.
reforms as (
    select
        new_admin1_id as admin1_id,
        max(change_date) as change_date,
        arg_max(old_admin1_id, (change_date, old_admin1_id)) as old_admin1_id
    from {{ ref('bridge_admin1_change') }}
    group by new_admin1_id
),

spread as (
    select
        *,
        cast(
            unnest(generate_series(cast(month as timestamp), month + interval 12 month, interval 1 month)) as date
        ) as window_month
    from events
),

-- Within a window that a reform falls into, the units are those of before: an actor that stays where it was does not
-- reach twice as far because its region was divided.
in_windows as (
    select
        spread.*,
        spread.month > spread.window_month - interval 12 month as is_in_window,
        case
            when reform.change_date > spread.window_month - interval 11 month then reform.old_admin1_id
            else spread.admin1_id
        end as window_admin1_id
    from spread
    left join reforms as reform on spread.admin1_id = reform.admin1_id
),

windows as (
    select
        source,
        actor_id,
        window_month as month,
        count(distinct event_key) filter (where is_in_window) as events,
        count(distinct country_iso3) filter (where is_in_window) as countries,
        count(distinct window_admin1_id) filter (where is_in_window) as admin1_units,
        -- Null where no unit is known: that is not none.
        nullif(count(distinct admin2_id) filter (where is_in_window), 0) as admin2_units,
        count(distinct cell) filter (where is_in_window) as cells,
        -- Of decimals: a mean of binary fractions depends on the order of the rows.
        avg(cast(latitude as decimal(9, 6))) filter (where is_in_window) as centroid_latitude,
        avg(cast(longitude as decimal(9, 6))) filter (where is_in_window) as centroid_longitude,
        min(latitude) filter (where is_in_window) as southmost_latitude
    from in_windows
    group by source, actor_id, window_month
),

unit_months as (
    select
        source,
        actor_id,
        admin1_id,
        month,
        min(date_end) as first_date,
        row_number() over (partition by source, actor_id, admin1_id order by month) as month_number,
        lead(month) over (partition by source, actor_id, admin1_id order by month) as next_month
    from events
    where admin1_id is not null
    group by source, actor_id, admin1_id, month
),

new_units as (
    select
        unit.source,
        unit.actor_id,
        unit.month,
        count(*) as new_admin1_units
    from unit_months as unit
    where
        unit.month_number = 1
        and not {{ was_in_predecessor_unit('unit', 'events', ref('bridge_admin1_change')) }}
    group by unit.source, unit.actor_id, unit.month
),

lost_units as (
    select
        unit.source,
        unit.actor_id,
        cast(unit.month + interval 12 month as date) as month,
        count(*) as lost_admin1_units
    from unit_months as unit
    where
        coalesce(unit.next_month > unit.month + interval 12 month, true)
        -- Events in what the reform made of the unit: it was renamed or divided, not lost.
        and not exists (
            select 1
            from unit_months as successor
            inner join {{ ref('bridge_admin1_change') }} as change on successor.admin1_id = change.new_admin1_id
            where
                change.old_admin1_id = unit.admin1_id
                and successor.source = unit.source
                and successor.actor_id = unit.actor_id
                and successor.month > unit.month
                and successor.month <= unit.month + interval 12 month
        )
    group by unit.source, unit.actor_id, unit.month
)

select
    footprint.actor_id,
    actor.actor_name,
    actor.actor_kind,
    footprint.month,
    footprint.source,
    footprint.events,
    footprint.countries,
    footprint.admin1_units,
    footprint.admin2_units,
    footprint.cells,
    coalesce(new_unit.new_admin1_units, 0) as new_admin1_units,
    coalesce(lost_unit.lost_admin1_units, 0) as lost_admin1_units,
    footprint.centroid_latitude,
    footprint.centroid_longitude,
    footprint.southmost_latitude,
    round(
        {{ great_circle_km(
            'year_before.centroid_latitude', 'year_before.centroid_longitude',
            'footprint.centroid_latitude', 'footprint.centroid_longitude',
        ) }}, 3
    ) as centroid_shift_km,
    observed.months_observed,
    observed.provisional,
    observed.observed_until
from windows as footprint
inner join observed_windows as observed
    on footprint.source = observed.source and footprint.month = observed.month
inner join {{ ref('dim_actor') }} as actor on footprint.actor_id = actor.actor_id
left join windows as year_before
    on
        footprint.source = year_before.source
        and footprint.actor_id = year_before.actor_id
        and footprint.month = year_before.month + interval 12 month
left join new_units as new_unit
    on
        footprint.source = new_unit.source
        and footprint.actor_id = new_unit.actor_id
        and footprint.month = new_unit.month
left join lost_units as lost_unit
    on
        footprint.source = lost_unit.source
        and footprint.actor_id = lost_unit.actor_id
        and footprint.month = lost_unit.month
