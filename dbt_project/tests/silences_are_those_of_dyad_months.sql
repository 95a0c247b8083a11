-- What alerts say of a day, dyad_month says of the last day of a month: a lull or truce at a month's end began on that
-- day or before, and one that begins on a month's last day is the state of that month.
with month_ends as (
    select
        source,
        area_kind,
        area_id,
        actor_a_id,
        actor_b_id,
        last_event_date,
        last_event_date + cast(days_since_last as integer) as evaluated_date,
        state
    from {{ ref('dyad_month') }}
)

select
    month_end.*,
    silence.lull_date,
    silence.truce_date
from month_ends as month_end
left join {{ ref('int_dyad__silence') }} as silence
    on {{ is_same_dyad('month_end', 'silence') }} and month_end.last_event_date = silence.last_event_date
where
    (month_end.state = 'lull' and coalesce(silence.lull_date > month_end.evaluated_date, true))
    or (month_end.state = 'apparent_truce' and coalesce(silence.truce_date > month_end.evaluated_date, true))
    or (month_end.state <> 'lull' and silence.lull_date = month_end.evaluated_date)
    or (month_end.state <> 'apparent_truce' and silence.truce_date = month_end.evaluated_date)
