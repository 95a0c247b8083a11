-- What came after the alerts about conflict, sent or not, by the outcome of their rule (alert_rule); and after the ends
-- of months at which a rule was silent, for comparison (alert_id null). One row per alert or silent month that can be
-- judged.
--
-- Judged is only what the source looked at without a break until the outcome's last day, and for outcomes that compare
-- with the year before since that year's first. A rule is silent at a month's end if it had no alert in the area in the
-- outcome's days before; areas are those of its kind, since their first event.
{{ config(materialized='table') }}

with looked_at as (
    select
        feed as source,
        country_iso3,
        min(looked_at_from) as first_date,
        max(looked_at_to) as last_date
    from (
        select
            *,
            -- Months without a gap between them share this number.
            date_diff('month', date '1900-01-01', month)
            - row_number() over (partition by feed, country_iso3 order by month) as stretch
        from {{ ref('int_feed__observed_month') }}
    )
    group by feed, country_iso3, stretch
),

-- As the rules count: deaths in events of all kinds, of units at precise places; events of violence.
area_days as (
    {% for area_kind, area_id in [('country', 'country_iso3'), ('admin1', 'admin1_id')] %}
        select
            source,
            '{{ area_kind }}' as area_kind,
            {{ area_id }} as area_id,
            date_end,
            arg_min(country_iso3, event_key) as country_iso3,
            coalesce(sum(fatalities_best) {{ "filter (where is_precise)" if area_kind == 'admin1' }}, 0) as deaths,
            count(*) filter (where is_violence) as events
        from {{ ref('int_event__first_told') }}
        where {{ area_id }} is not null
        group by source, {{ area_id }}, date_end
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

areas as (
    select
        source,
        area_kind,
        area_id,
        arg_min(country_iso3, date_end) as country_iso3,
        min(date_end) as first_date
    from area_days
    group by source, area_kind, area_id
),

alerts as (
    select
        alert.*,
        rule.outcome,
        rule.outcome_days
    from {{ ref('int_alert__conflict') }} as alert
    inner join {{ ref('alert_rule') }} as rule on alert.rule = rule.rule
),

rules as (
    select
        rule,
        area_kind,
        any_value(outcome) as outcome,
        any_value(outcome_days) as outcome_days,
        cast(max(alert_date - window_start) as integer) as window_days
    from alerts
    where outcome in ('deaths_hold', 'events_hold')
    group by rule, area_kind
),

month_ends as (
    select
        rule.rule,
        rule.outcome,
        rule.outcome_days,
        area.source,
        area.country_iso3,
        area.area_kind,
        area.area_id,
        last_day(observed.month) as on_date,
        last_day(observed.month) - rule.window_days as window_start
    from rules as rule
    inner join areas as area on rule.area_kind = area.area_kind
    inner join {{ ref('int_feed__observed_month') }} as observed
        on
            area.source = observed.feed
            and area.country_iso3 = observed.country_iso3
            and area.first_date <= last_day(observed.month)
),

silent as (
    select month_end.*
    from month_ends as month_end
    where
        not exists (
            select 1
            from alerts as alert
            where
                alert.rule = month_end.rule
                and alert.source = month_end.source
                and alert.area_kind = month_end.area_kind
                and alert.area_id = month_end.area_id
                and month_end.on_date between alert.alert_date and alert.alert_date + alert.outcome_days
        )
),

occasions as (
    select
        alert_id,
        rule,
        outcome,
        outcome_days,
        source,
        country_iso3,
        area_kind,
        area_id,
        alert_date as on_date,
        window_start
    from alerts
    where outcome in ('deaths_hold', 'events_hold')

    union all

    select
        null as alert_id,
        *
    from silent
),

observed_occasions as (
    select occasion.*
    from occasions as occasion
    inner join looked_at
        on
            occasion.source = looked_at.source
            and occasion.country_iso3 = looked_at.country_iso3
            and occasion.window_start - 365 >= looked_at.first_date
            and occasion.on_date + occasion.outcome_days <= looked_at.last_date
),

amounts as (
    select
        occasion.alert_id,
        occasion.rule,
        occasion.source,
        occasion.outcome_days,
        sum(case occasion.outcome when 'deaths_hold' then day.deaths else day.events end)
        filter (where day.date_end < occasion.window_start) as before,
        sum(case occasion.outcome when 'deaths_hold' then day.deaths else day.events end)
        filter (where day.date_end > occasion.on_date) as after
    from observed_occasions as occasion
    left join area_days as day
        on
            occasion.source = day.source
            and occasion.area_kind = day.area_kind
            and occasion.area_id = day.area_id
            and day.date_end between occasion.window_start - 365 and occasion.on_date + occasion.outcome_days
    group by
        occasion.alert_id, occasion.rule, occasion.source, occasion.area_kind, occasion.area_id, occasion.on_date,
        occasion.outcome_days
),

-- An event of the actor, or of the two against each other, in the area.
later_events as (
    select distinct alert.alert_id
    from alerts as alert
    inner join {{ ref('int_actor__event') }} as event
        on
            alert.outcome = 'actor_returns'
            and alert.source = event.source
            and alert.actor_id = event.actor_id
            and event.is_violence
            and alert.area_id = case alert.area_kind when 'country' then event.country_iso3 else event.admin1_id end
            and alert.alert_date < event.date_end
            and event.date_end <= alert.alert_date + alert.outcome_days

    union all

    select distinct alert.alert_id
    from alerts as alert
    inner join {{ ref('int_event__first_told') }} as event
        on
            alert.source = event.source
            and alert.area_id = case alert.area_kind when 'country' then event.country_iso3 else event.admin1_id end
            and event.is_violence
            and alert.alert_date < event.date_end
            and event.date_end <= alert.alert_date + alert.outcome_days
    inner join {{ ref('fct_event_actor') }} as one
        on event.event_key = one.event_key and alert.actor_id = one.actor_id and one.side in ('a', 'b')
    inner join {{ ref('fct_event_actor') }} as other
        on
            event.event_key = other.event_key
            and alert.other_actor_id = other.actor_id
            and other.side in ('a', 'b')
            and one.side <> other.side
    where alert.outcome in ('dyad_fights', 'dyad_rests')
)

-- One at least: nothing after nothing bears out no alert.
select
    alert_id,
    rule,
    source,
    coalesce(after, 0) >= greatest(1, coalesce(before, 0) * outcome_days / 365.0) as is_borne_out
from amounts

union all

select
    alert.alert_id,
    alert.rule,
    alert.source,
    (later.alert_id is not null) = (alert.outcome <> 'dyad_rests') as is_borne_out
from alerts as alert
inner join looked_at
    on
        alert.source = looked_at.source
        and alert.country_iso3 = looked_at.country_iso3
        and alert.alert_date >= looked_at.first_date
        and alert.alert_date + alert.outcome_days <= looked_at.last_date
left join later_events as later on alert.alert_id = later.alert_id
where alert.outcome in ('actor_returns', 'dyad_fights', 'dyad_rests')
