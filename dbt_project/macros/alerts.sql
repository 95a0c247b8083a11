{# What several alert rules must say in the same way. A rule's own parameters stand at the head of its model. #}

{#
    The end of a rule on windows of events: the alerts of `judged`, with when each could be known and by what. These are
    the events of its window in the order in which they were published, with today's figures, until enough of them were
    told.

    CTEs before it: `judged` with the columns of an alert that are not of its evidence, and `needed`; `events` with source,
    area_id, date_end, event_key, fatalities_best, known_at, source_release. `amount` is what an event adds, in words of
    `events`.
#}
{% macro alerts_told_in_windows(metric, amount) -%}
told as (
    select
        source,
        area_id,
        alert_date,
        min(known_at) filter (where amount_known >= needed) as known_at,
        arg_min(source_release, (known_at, event_key)) filter (where amount_known >= needed) as source_release,
        count(*) as evidence_events,
        array_to_string(list(event_key order by fatalities_best desc, event_key)[:10], ', ') as evidence
    from (
        select
            win.source,
            win.area_id,
            win.alert_date,
            win.needed,
            event.event_key,
            event.fatalities_best,
            event.known_at,
            event.source_release,
            sum({{ amount }}) over (
                partition by win.source, win.area_id, win.alert_date
                order by event.known_at, event.event_key
                rows unbounded preceding
            ) as amount_known
        from judged as win
        inner join events as event
            on
                win.source = event.source
                and win.area_id = event.area_id
                and event.date_end between win.window_start and win.alert_date
        where {{ amount }} > 0
    )
    group by source, area_id, alert_date
)

select
    judged.source,
    judged.area_kind,
    judged.area_id,
    judged.country_iso3,
    cast(null as varchar) as actor_id,
    cast(null as varchar) as other_actor_id,
    judged.alert_date,
    judged.level,
    '{{ metric }}' as metric,
    cast(judged.value as double) as value,
    cast(judged.baseline as double) as baseline,
    judged.window_start,
    told.known_at,
    told.source_release,
    told.evidence_events,
    told.evidence,
    cast(null as varchar) as evidence_grade,
    judged.provisional
from judged
inner join told
    on
        judged.source = told.source
        and judged.area_id = told.area_id
        and judged.alert_date = told.alert_date
{%- endmacro %}

{#
    Days on which the deaths of the last 30 days reach `floor` and are the most of the last 366 days (medium) or of the
    last 1,096 (high), each counted with the day itself: the rule of OCHA's HDX Signals, on areas of one kind.

    That rule runs over a series with a row for every day from the first event on. Here only the days that have a death in
    their window have a row: on all others the sum is zero, which neither reaches the floor nor raises a maximum. No day
    is judged that the source did not look at.

    A unit that a reform made inherits, as what is to be exceeded and never as what exceeds, the deaths of what it was
    made of: a line on the map is no record.
#}
{% macro deaths_at_their_highest(area_kind, floor) -%}
with events as (
    select
        event_key,
        source,
        {{ 'country_iso3' if area_kind == 'country' else 'admin1_id' }} as area_id,
        date_end,
        fatalities_best,
        known_at,
        source_release
    from {{ ref('int_event__first_told') }}
    where {{ 'country_iso3 is not null' if area_kind == 'country' else 'admin1_id is not null and is_precise' }}
),

deaths as (
    select
        source,
        area_id,
        date_end,
        fatalities_best,
        true as is_own
    from events
    where fatalities_best > 0
    {%- if area_kind == 'admin1' %}

        union all

        select
            event.source,
            change.new_admin1_id as area_id,
            event.date_end,
            event.fatalities_best,
            false as is_own
        from events as event
        inner join {{ ref('bridge_admin1_change') }} as change on event.area_id = change.old_admin1_id
        where event.fatalities_best > 0 and event.date_end < change.change_date
    {%- endif %}
),

windows as (
    select
        source,
        area_id,
        cast(
            unnest(generate_series(cast(date_end as timestamp), date_end + interval 29 day, interval 1 day)) as date
        ) as alert_date,
        fatalities_best,
        is_own
    from deaths
),

sums as (
    select
        source,
        area_id,
        alert_date,
        sum(fatalities_best) filter (where is_own) as value,
        sum(fatalities_best) as value_and_inherited
    from windows
    group by source, area_id, alert_date
),

highest as (
    select
        *,
        max(value_and_inherited) over last_366_days as highest_366_days,
        max(value_and_inherited) over last_1096_days as highest_1096_days,
        max(value_and_inherited) over earlier_366_days as earlier_highest_366_days,
        max(value_and_inherited) over earlier_1096_days as earlier_highest_1096_days
    from sums
    window
        last_366_days as (
            partition by source, area_id order by alert_date
            range between interval 365 day preceding and current row
        ),
        last_1096_days as (
            partition by source, area_id order by alert_date
            range between interval 1095 day preceding and current row
        ),
        -- Without the days that share deaths with the window itself: what it has really exceeded.
        earlier_366_days as (
            partition by source, area_id order by alert_date
            range between interval 365 day preceding and interval 30 day preceding
        ),
        earlier_1096_days as (
            partition by source, area_id order by alert_date
            range between interval 1095 day preceding and interval 30 day preceding
        )
),

reached as (
    select
        source,
        area_id,
        alert_date,
        alert_date - 29 as window_start,
        value,
        case when value >= highest_1096_days then 'high' else 'medium' end as level,
        coalesce(
            case when value >= highest_1096_days then earlier_highest_1096_days else earlier_highest_366_days end, 0
        ) as baseline
    from highest
    where value >= {{ floor }} and value >= highest_366_days
),

judged as (
    select
        reached.*,
        '{{ area_kind }}' as area_kind,
        {{ 'reached.area_id' if area_kind == 'country' else 'unit.country_iso3' }} as country_iso3,
        greatest({{ floor }}, reached.baseline) as needed,
        not (ends.is_final and coalesce(begins.is_final, true)) as provisional
    from reached
    {%- if area_kind == 'admin1' %}
        inner join {{ ref('dim_admin1') }} as unit on reached.area_id = unit.admin1_id
    {%- endif %}
    inner join {{ ref('int_feed__observed_month') }} as ends
        on
            reached.source = ends.feed
            and {{ 'reached.area_id' if area_kind == 'country' else 'unit.country_iso3' }} = ends.country_iso3
            and {{ month_of('reached.alert_date') }} = ends.month
            and reached.alert_date between ends.looked_at_from and ends.looked_at_to
    left join {{ ref('int_feed__observed_month') }} as begins
        on
            ends.feed = begins.feed
            and ends.country_iso3 = begins.country_iso3
            and {{ month_of('reached.window_start') }} = begins.month
),

{{ alerts_told_in_windows(metric='fatalities_best', amount='event.fatalities_best') }}
{%- endmacro %}

{# The columns of every rule's model, in their order. #}
{% macro alert_columns() -%}
    {% for column in [
        'source',
        'area_kind',
        'area_id',
        'country_iso3',
        'actor_id',
        'other_actor_id',
        'alert_date',
        'level',
        'metric',
        'value',
        'baseline',
        'window_start',
        'known_at',
        'source_release',
        'evidence_events',
        'evidence',
        'evidence_grade',
        'provisional',
    ] -%}
        {{ column }}{{ ',' if not loop.last }}
    {% endfor %}
{%- endmacro %}

{#
    A rule's sentence (alert_rule.sentence) with its figures: {area}, {actor}, {other_actor}, {value}, {baseline},
    {value_of_hours}, {baseline_of_hours}, {alert_date}, {window_start}, {level}, {level_span}, {source}. Whole figures
    are written without a point, others with one decimal.
#}
{% macro alert_sentence() -%}
    {%- set words = {
        'area': 'area',
        'actor': "coalesce(actor_name, '')",
        'other_actor': "coalesce(other_actor_name, '')",
        'value_of_hours': hours_in_words('value'),
        'baseline_of_hours': hours_in_words('baseline'),
        'value': rounded_in_words('value'),
        'baseline': rounded_in_words('baseline'),
        'alert_date': "strftime(alert_date, '%Y-%m-%d')",
        'window_start': "coalesce(strftime(window_start, '%Y-%m-%d'), '')",
        'level_span': record_span(),
        'level': 'level',
        'source': 'source',
    } -%}
    {%- set told = namespace(text='sentence') -%}
    {%- for word, value in words.items() -%}
        {%- set told.text = "replace(" ~ told.text ~ ", '{" ~ word ~ "}', " ~ value ~ ")" -%}
    {%- endfor -%}
    {#- One event is no events. -#}
    replace({{ told.text }}, ': 1 events ', ': 1 event ')
{%- endmacro %}

{# Of what time a highest 30-day sum is the highest, by its level: no more than was looked at. #}
{% macro record_span() -%}
    case
        when alert_date - case level when 'high' then 1095 else 365 end < record_first_date
            then 'the record since ' || strftime(record_first_date, '%Y-%m-%d')
        when level = 'high' then 'three years'
        else 'a year'
    end
{%- endmacro %}

{% macro rounded_in_words(figure) -%}
    coalesce(
        format(case when {{ figure }} = round({{ figure }}) then '{:.0f}' else '{:.1f}' end, {{ figure }}), 'unknown'
    )
{%- endmacro %}

{# A figure of hours as people say it: days from three days on. #}
{% macro hours_in_words(figure) -%}
    case
        when {{ figure }} >= 72 then {{ rounded_in_words('round(' ~ figure ~ ' / 24)') }} || ' days'
        else {{ rounded_in_words(figure) }} || ' hours'
    end
{%- endmacro %}

{#
    The baselines of a week, of `full_value` and `week_number`: the mean of the four weeks before, of the last four with the
    week itself, and of the 52 before (three quarters of them). A week that was observed in part has no `full_value`.
#}
{% macro baseline_means() -%}
    case when count(full_value) over weeks_4 = 4 then avg(full_value) over weeks_4 end as mean_4w,
    case when count(full_value) over last_weeks_4 = 4 then avg(full_value) over last_weeks_4 end as mean_last_4w,
    case when count(full_value) over weeks_52 >= 39 then avg(full_value) over weeks_52 end as mean_52w
{%- endmacro %}

{% macro baseline_windows(series) -%}
    {%- for name, frame in [
        ('weeks_4', '4 preceding and 1 preceding'),
        ('last_weeks_4', '3 preceding and current row'),
        ('weeks_52', '52 preceding and 1 preceding'),
    ] -%}
        {{ name }} as (
            partition by {{ series }} order by week_number
            range between {{ frame }}
        ){{ ',' if not loop.last }}
    {% endfor %}
{%- endmacro %}

{# Weeks in a row have numbers in a row: frames of numbers are quicker than frames of dates. #}
{% macro week_number(week) -%}
    date_diff('day', date '1900-01-01', {{ week }}) // 7
{%- endmacro %}

{# The surge and the threat of ACLED's trackers, by weekly events; the four weeks' mean is one at least. #}
{% macro is_surge(value, mean_4w) -%}
    {{ mean_4w }} >= 1 and {{ value }} >= 2 * {{ mean_4w }}
{%- endmacro %}

{% macro is_threat(mean_last_4w, mean_52w) -%}
    {{ mean_last_4w }} >= 1 and {{ mean_last_4w }} >= 2 * {{ mean_52w }}
{%- endmacro %}

{#
    Weeks of countries and first-level units on which `condition` holds, with what it counts. The baselines are those of
    trend_week; a week that was observed in part is none and is not judged.

    `value`, `baseline` are columns of the baselines; `window_weeks` is how many weeks the value is the mean of; `needed`
    is how many events in them make the condition hold; `medium`, `high` are the values from which an alert has the level.
#}
{% macro weeks_of_many_events(condition, value, baseline, window_weeks, needed, medium, high) -%}
with full_weeks as (
    select
        source,
        country_iso3,
        area_kind,
        area_id,
        week,
        {{ week_number('week') }} as week_number,
        case when is_complete then events end as full_value,
        provisional
    from {{ ref('int_trend__event_week') }}
    where area_kind in ('country', 'admin1')
),

baselines as (
    select
        *,
        {{ baseline_means() }}
    from full_weeks
    window
        {{ baseline_windows('source, area_kind, area_id') }}
),

judged as (
    select
        source,
        country_iso3,
        area_kind,
        area_id,
        week + 6 as alert_date,
        week - 7 * {{ window_weeks - 1 }} as window_start,
        {{ value }} as value,
        {{ baseline }} as baseline,
        {{ needed }} as needed,
        case when {{ value }} >= {{ high }} then 'high' when {{ value }} >= {{ medium }} then 'medium' else 'low' end
            as level,
        provisional
    from baselines
    where full_value is not null and {{ condition }}
),

events as (
    {% for area_id in ['country_iso3', 'admin1_id'] %}
        select
            event_key,
            source,
            {{ area_id }} as area_id,
            date_end,
            fatalities_best,
            known_at,
            source_release
        from {{ ref('int_event__first_told') }}
        where is_violence and {{ area_id }} is not null
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

{{ alerts_told_in_windows(metric='events', amount='1') }}
{%- endmacro %}

{# The stable id of an alert: rule, source, area, actors if any, and day. #}
{% macro alert_id() -%}
    concat_ws('/', rule, source, area_id, actor_id, other_actor_id, strftime(alert_date, '%Y-%m-%d'))
{%- endmacro %}
