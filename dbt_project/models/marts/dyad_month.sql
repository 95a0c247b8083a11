-- Two organised actors against each other, by area (country, admin1), month and source, with a state that tells
-- fighting, lull and apparent truce. Evaluated on the last observed day of the month; dense from the first month in
-- which the two fought in the area. Admin1 areas count precise places only, countries count every event.
--
-- On the day of evaluation, with the quiet window of 120 days if the last event is 120 days back or more, else 60:
--   active          an event within the last 60 days
--   renewed         as active, in the first month with events after a lull or an apparent truce
--   lull            no event for 60 days, though five or more in the 180 days up to the last one, while both actors
--                   keep fighting in the area (five events each within the quiet window) and the guard holds
--   apparent_truce  the same at 120 days
--   dormant         otherwise
-- Guard: the area's other events go on at half or more of their daily rate in the 180 days before the quiet window, and
-- the source was looking all that time. Silence of reporters is no truce. The dyad's own events are left out of the
-- comparison: where two actors were most of the fighting, a real truce would look like a collapse of reporting.
with observed_run as (
    select
        feed as source,
        country_iso3,
        month,
        not is_final as provisional,
        max(observed_until) over (partition by feed, country_iso3) as observed_until,
        -- Months without a gap between them share this number.
        date_diff('month', date '1900-01-01', month)
        - row_number() over (partition by feed, country_iso3 order by month) as run
    from {{ ref('int_feed__observed_month') }}
),

observed as (
    select
        *,
        least(last_day(month), observed_until) as evaluated_date,
        min(month) over (partition by source, country_iso3, run) as observed_from
    from observed_run
),

pairs as (
    select
        a.event_key,
        least(a.actor_id, b.actor_id) as actor_a_id,
        greatest(a.actor_id, b.actor_id) as actor_b_id,
        bool_and(coalesce(a.is_ambiguous, false) or coalesce(b.is_ambiguous, false)) as is_ambiguous
    from {{ ref('fct_event_actor') }} as a
    inner join {{ ref('fct_event_actor') }} as b
        on a.event_key = b.event_key and a.side = 'a' and b.side = 'b' and a.actor_id <> b.actor_id
    inner join {{ ref('dim_actor') }} as actor_a on a.actor_id = actor_a.actor_id
    inner join {{ ref('dim_actor') }} as actor_b on b.actor_id = actor_b.actor_id
    where {{ is_organised_actor('actor_a.actor_kind') }} and {{ is_organised_actor('actor_b.actor_kind') }}
    group by a.event_key, least(a.actor_id, b.actor_id), greatest(a.actor_id, b.actor_id)
),

-- Every event of violence in its country, and again in its unit if the place is precise.
area_events as (
    {% for area_kind, area_id in [('country', 'country_iso3'), ('admin1', 'admin1_id')] %}
        select
            event_key,
            feed as source,
            country_iso3,
            '{{ area_kind }}' as area_kind,
            {{ area_id }} as area_id,
            date_end,
            {{ month_of('date_end') }} as month,
            fatalities_best
        from {{ ref('fct_event') }}
        where
            country_iso3 is not null
            and {{ is_violence('violence_class') }}
            {% if area_kind == 'admin1' -%}
                and admin1_id is not null and not coalesce(is_coordinate_centroid, false)
            {%- endif %}

        {{ 'union all' if not loop.last }}
    {% endfor %}
),

dyad_events as (
    select
        event.*,
        pair.actor_a_id,
        pair.actor_b_id,
        pair.is_ambiguous,
        count(*) over (
            partition by event.source, event.area_kind, event.area_id, pair.actor_a_id, pair.actor_b_id
            order by event.date_end
            range between interval 179 day preceding and current row
        ) as events_180_days
    from area_events as event
    inner join pairs as pair on event.event_key = pair.event_key
),

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

-- The events that each month-end looks back to: the quiet window and the 180 days before it, 300 days at most.
look_back as (
    select
        event.source,
        event.area_kind,
        event.area_id,
        event.event_key,
        observed.month,
        date_diff('day', event.date_end, observed.evaluated_date) as days_before
    from area_events as event
    inner join observed
        on
            event.source = observed.source
            and event.country_iso3 = observed.country_iso3
            and observed.month between event.month and event.month + interval 11 month
    where event.date_end between observed.evaluated_date - 299 and observed.evaluated_date
),

reporting as (
    select
        source,
        area_kind,
        area_id,
        month,
        {{ quiet_and_before() }}
    from look_back
    group by source, area_kind, area_id, month
),

dyad_reporting as (
    select
        look_back.source,
        look_back.area_kind,
        look_back.area_id,
        pair.actor_a_id,
        pair.actor_b_id,
        look_back.month,
        {{ quiet_and_before() }}
    from look_back
    inner join pairs as pair on look_back.event_key = pair.event_key
    group by
        look_back.source, look_back.area_kind, look_back.area_id, pair.actor_a_id, pair.actor_b_id, look_back.month
),

activity as (
    select
        look_back.source,
        look_back.area_kind,
        look_back.area_id,
        event.actor_id,
        look_back.month,
        count(*) filter (where look_back.days_before < 60) as events_60,
        count(*) as events_120
    from look_back
    inner join {{ ref('int_actor__event') }} as event on look_back.event_key = event.event_key
    inner join {{ ref('dim_actor') }} as actor on event.actor_id = actor.actor_id
    -- Of whoever is behind an umbrella, its events do not say that they keep fighting: with nobody there is no truce.
    where look_back.days_before < 120 and not coalesce(actor.is_umbrella, false)
    group by look_back.source, look_back.area_kind, look_back.area_id, event.actor_id, look_back.month
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
        on
            calendar.source = mine.source
            and calendar.area_kind = mine.area_kind
            and calendar.area_id = mine.area_id
            and calendar.actor_a_id = mine.actor_a_id
            and calendar.actor_b_id = mine.actor_b_id
            and calendar.month = mine.month
    window so_far as (
        partition by
            calendar.source, calendar.area_kind, calendar.area_id, calendar.actor_a_id, calendar.actor_b_id
        order by calendar.month
        rows unbounded preceding
    )
),

windowed as (
    select
        *,
        date_diff('day', last_event_date, evaluated_date) as days_since_last,
        case when date_diff('day', last_event_date, evaluated_date) >= 120 then 120 else 60 end as quiet_window_days
    from carried
),

judged as (
    select
        dyad.*,
        coalesce(case dyad.quiet_window_days when 120 then active_a.events_120 else active_a.events_60 end, 0) >= 5
        and coalesce(case dyad.quiet_window_days when 120 then active_b.events_120 else active_b.events_60 end, 0) >= 5
            as both_active,
        dyad.observed_from <= dyad.evaluated_date - dyad.quiet_window_days - 179
        and case dyad.quiet_window_days
            when 120 then {{ reporting_holds(120) }}
            else {{ reporting_holds(60) }}
        end as guard_ok
    from windowed as dyad
    left join reporting as area
        on
            dyad.source = area.source
            and dyad.area_kind = area.area_kind
            and dyad.area_id = area.area_id
            and dyad.month = area.month
    left join dyad_reporting as own
        on
            dyad.source = own.source
            and dyad.area_kind = own.area_kind
            and dyad.area_id = own.area_id
            and dyad.actor_a_id = own.actor_a_id
            and dyad.actor_b_id = own.actor_b_id
            and dyad.month = own.month
    {% for side in ['a', 'b'] -%}
        left join activity as active_{{ side }}
            on
                dyad.source = active_{{ side }}.source
                and dyad.area_kind = active_{{ side }}.area_kind
                and dyad.area_id = active_{{ side }}.area_id
                and dyad.actor_{{ side }}_id = active_{{ side }}.actor_id
                and dyad.month = active_{{ side }}.month
    {% endfor %}
),

quiet_states as (
    select
        *,
        case
            when days_since_last < 60 then 'active'
            when prior_180d_events < 5 or not both_active or not guard_ok then 'dormant'
            when days_since_last >= 120 then 'apparent_truce'
            else 'lull'
        end as state_so_far
    from judged
),

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
    from quiet_states
    group by source, area_kind, area_id, actor_a_id, actor_b_id, event_months
),

states as (
    select
        dyad.*,
        case
            when dyad.state_so_far = 'active' and dyad.events > 0 and coalesce(before.was_quiet, false) then 'renewed'
            else dyad.state_so_far
        end as state
    from quiet_states as dyad
    left join silences as before
        on
            dyad.source = before.source
            and dyad.area_kind = before.area_kind
            and dyad.area_id = before.area_id
            and dyad.actor_a_id = before.actor_a_id
            and dyad.actor_b_id = before.actor_b_id
            and dyad.event_months = before.event_months + 1
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
