{#
    The states of a war between two actors in an area: what dyad_month evaluates at each month's end and
    int_dyad__silence on each day of a silence. Their definition is here, once.

    On the day of evaluation, with the quiet window of 120 days if the last event is 120 days back or more, else 60:
      active          an event within the last 60 days
      lull            no event for 60 days, though five or more in the 180 days up to the last one, while both actors
                      keep fighting in the area (five events each within the quiet window) and the guard holds
      apparent_truce  the same at 120 days
      dormant         otherwise
    Guard: the area's other events go on at half or more of their daily rate in the 180 days before the quiet window,
    and the source was looking all that time. Silence of reporters is no truce. The dyad's own events are left out of
    the comparison: where two actors were most of the fighting, a real truce would look like a collapse of reporting.
#}

{# Whether two rows are of the same two actors in the same area, as one source tells of them. #}
{% macro is_same_dyad(one, other) -%}
    {%- for column in ['source', 'area_kind', 'area_id', 'actor_a_id', 'actor_b_id'] -%}
        {{ one }}.{{ column }} = {{ other }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# CTEs: the observed months by unbroken runs, the pairs of organised actors, and the events of areas and of pairs. #}
{% macro dyad_event_ctes() -%}
{{ observed_run_ctes('observed') }},

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
)
{%- endmacro %}

{#
    CTEs, the last of them `judged`: the rows of `evaluations` with quiet_window_days, both_active, guard_ok and
    state_so_far. They have the columns of a pair in an area and evaluated_date, observed_from (since when the source
    was looking without a break), last_event_date, prior_180d_events.

    The events of a window are the difference of two running totals, so that a day costs as little as a month.
#}
{% macro dyad_state_ctes(evaluations) -%}
actor_events as (
    select
        event.*,
        mine.actor_id
    from area_events as event
    inner join {{ ref('int_actor__event') }} as mine on event.event_key = mine.event_key
    inner join {{ ref('dim_actor') }} as actor on mine.actor_id = actor.actor_id
    -- Of whoever is behind an umbrella, its events do not say that they keep fighting: with nobody there is no truce.
    where not coalesce(actor.is_umbrella, false)
),

{% for name, events, key in [
    ('area_totals', 'area_events', ''),
    ('own_totals', 'dyad_events', 'actor_a_id, actor_b_id,'),
    ('actor_totals', 'actor_events', 'actor_id,'),
] -%}
{{ name }} as (
    select
        source,
        area_kind,
        area_id,
        {{ key }}
        date_end,
        sum(count(*)) over (partition by {{ key }} source, area_kind, area_id order by date_end) as events_until
    from {{ events }}
    group by {{ key }} source, area_kind, area_id, date_end
),

{% endfor -%}

windowed as (
    select
        *,
        date_diff('day', last_event_date, evaluated_date) as days_since_last,
        case when date_diff('day', last_event_date, evaluated_date) >= 120 then 120 else 60 end as quiet_window_days
    from {{ evaluations }}
),

counted as (
    select
        dyad.*,
        {% for counts in ['area', 'own', 'actor_a', 'actor_b'] -%}
            coalesce({{ counts }}_now.events_until, 0) - coalesce({{ counts }}_quiet.events_until, 0)
                as {{ counts }}_events,
        {% endfor -%}
        {% for counts in ['area', 'own'] -%}
            coalesce({{ counts }}_quiet.events_until, 0) - coalesce({{ counts }}_before.events_until, 0)
                as {{ counts }}_events_before{{ ',' if not loop.last }}
        {% endfor %}
    from windowed as dyad
    {% for counts, days_back in [
        ('now', '0'), ('quiet', 'dyad.quiet_window_days'), ('before', 'dyad.quiet_window_days - 180'),
    ] -%}
        {% for totals, key in [('area', {}), ('own', {'actor_a_id': 'actor_a_id', 'actor_b_id': 'actor_b_id'}),
            ('actor_a', {'actor_id': 'actor_a_id'}), ('actor_b', {'actor_id': 'actor_b_id'})] -%}
            {% if counts != 'before' or totals in ['area', 'own'] -%}
                asof left join {{ totals.split('_')[0] }}_totals as {{ totals }}_{{ counts }}
                    on
                        dyad.source = {{ totals }}_{{ counts }}.source
                        and dyad.area_kind = {{ totals }}_{{ counts }}.area_kind
                        and dyad.area_id = {{ totals }}_{{ counts }}.area_id
                        {% for theirs, mine in key.items() -%}
                            and dyad.{{ mine }} = {{ totals }}_{{ counts }}.{{ theirs }}
                        {% endfor -%}
                        and dyad.evaluated_date - {{ days_back }} >= {{ totals }}_{{ counts }}.date_end
            {% endif -%}
        {% endfor -%}
    {% endfor -%}
),

guarded as (
    select
        * exclude (
            area_events, own_events, actor_a_events, actor_b_events, area_events_before, own_events_before
        ),
        actor_a_events >= 5 and actor_b_events >= 5 as both_active,
        observed_from <= evaluated_date - quiet_window_days - 179
        -- The others' events at half their earlier daily rate or more. In whole numbers: half is half.
        and (area_events - own_events) * 180 * 2 >= (area_events_before - own_events_before) * quiet_window_days
            as guard_ok
    from counted
),

judged as (
    select
        *,
        case
            when days_since_last < 60 then 'active'
            when prior_180d_events < 5 or not both_active or not guard_ok then 'dormant'
            when days_since_last >= 120 then 'apparent_truce'
            else 'lull'
        end as state_so_far
    from guarded
)
{%- endmacro %}
