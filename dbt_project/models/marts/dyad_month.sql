-- Two organised actors against each other, by area (country, admin1), month and source, with a state that tells
-- fighting, lull and apparent truce. Evaluated on the last observed day of the month; dense from the first month in
-- which the two fought in the area. Admin1 areas count precise places only, countries count every event.
--
-- The states are those of the macro dyad_state_ctes, and `renewed`: as active, in the first month with events after a
-- lull or an apparent truce.
with {{ dyad_event_ctes() }},

dyad_months as (
    select
        source,
        country_iso3,
        area_kind,
        area_id,
        actor_a_id,
        actor_b_id,
        month,
        count(*) as events,
        count(*) filter (where is_ambiguous) as ambiguous_events,
        cast(sum(fatalities_best) as bigint) as fatalities_best,
        max(date_end) as last_event_date,
        arg_max(events_180_days, date_end) as prior_180d_events
    from dyad_events
    group by source, country_iso3, area_kind, area_id, actor_a_id, actor_b_id, month
),

dyads as (
    select
        source,
        country_iso3,
        area_kind,
        area_id,
        actor_a_id,
        actor_b_id,
        min(month) as first_month,
        max(month) as last_month
    from dyad_months
    group by source, country_iso3, area_kind, area_id, actor_a_id, actor_b_id
),

calendar as (
    select
        dyad.*,
        observed.month,
        observed.evaluated_date,
        observed.observed_from,
        observed.provisional,
        observed.observed_until
    from dyads as dyad
    inner join observed
        on
            dyad.source = observed.source
            and dyad.country_iso3 = observed.country_iso3
            and dyad.first_month <= observed.month
    left join {{ ref('dim_admin1') }} as unit on dyad.area_id = unit.admin1_id and dyad.area_kind = 'admin1'
    -- A unit that a reform ended has no quiet months after its end; but a source may go on naming it.
    where coalesce(unit.valid_to, date '9999-12-31') > observed.month or observed.month <= dyad.last_month
),

carried as (
    select
        calendar.*,
        coalesce(mine.events, 0) as events,
        coalesce(mine.ambiguous_events, 0) as ambiguous_events,
        coalesce(mine.fatalities_best, 0) as fatalities_best,
        max(mine.last_event_date) over so_far as last_event_date,
        last_value(mine.prior_180d_events ignore nulls) over so_far as prior_180d_events,
        count(mine.events) over so_far as event_months
    from calendar
    left join dyad_months as mine
        on {{ is_same_dyad('calendar', 'mine') }} and calendar.month = mine.month
    window so_far as (
        partition by
            calendar.source, calendar.area_kind, calendar.area_id, calendar.actor_a_id, calendar.actor_b_id
        order by calendar.month
        rows unbounded preceding
    )
),

{{ dyad_state_ctes('carried') }},

-- What the silence that began with the last event was called, so that its end can be told.
silences as (
    select
        source,
        area_kind,
        area_id,
        actor_a_id,
        actor_b_id,
        event_months,
        bool_or(state_so_far in ('lull', 'apparent_truce')) as was_quiet
    from judged
    group by source, area_kind, area_id, actor_a_id, actor_b_id, event_months
),

states as (
    select
        dyad.*,
        case
            when dyad.state_so_far = 'active' and dyad.events > 0 and coalesce(before.was_quiet, false) then 'renewed'
            else dyad.state_so_far
        end as state
    from judged as dyad
    left join silences as before
        on {{ is_same_dyad('dyad', 'before') }} and dyad.event_months = before.event_months + 1
),

changes as (
    select
        *,
        coalesce(
            state <> lag(state) over (
                partition by source, area_kind, area_id, actor_a_id, actor_b_id order by month
            ),
            true
        ) as has_changed
    from states
)

select
    dyad.actor_a_id,
    actor_a.actor_name as actor_a_name,
    dyad.actor_b_id,
    actor_b.actor_name as actor_b_name,
    dyad.area_kind,
    dyad.area_id,
    dyad.country_iso3,
    dyad.month,
    dyad.source,
    dyad.events,
    dyad.ambiguous_events,
    dyad.fatalities_best,
    dyad.last_event_date,
    dyad.days_since_last,
    dyad.prior_180d_events,
    dyad.quiet_window_days,
    dyad.both_active,
    dyad.guard_ok,
    dyad.state,
    max(dyad.month) filter (where dyad.has_changed) over (
        partition by dyad.source, dyad.area_kind, dyad.area_id, dyad.actor_a_id, dyad.actor_b_id
        order by dyad.month rows unbounded preceding
    ) as since_date,
    dyad.provisional,
    dyad.observed_until
from changes as dyad
inner join {{ ref('dim_actor') }} as actor_a on dyad.actor_a_id = actor_a.actor_id
inner join {{ ref('dim_actor') }} as actor_b on dyad.actor_b_id = actor_b.actor_id
