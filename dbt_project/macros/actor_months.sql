{#
    The body of actor_month and actor_country_month, which differ only in whether the country is part of the key.

    Dense from the actor's first month: an observed month without an event is a row of zeros, so that silence and
    dormancy can be read. Civilians are no actor here, and no opponent. Deaths are those of the events; only one-sided
    violence says who killed. Places (units, cells) are those of precise events.
#}
{% macro actor_months(by_country, events, sides, actors, observed, admin1_changes, event_source) -%}
{%- set area = ['source'] + (['country_iso3'] if by_country else []) -%}
{%- set key = ['actor_id'] + area + ['month'] -%}
with violence as (
    select
        *,
        feed as source,
        {{ month_of('date_end') }} as month,
        {{ dyad_key() }} as dyad_key
    from {{ events }}
    where country_iso3 is not null and {{ is_violence('violence_class') }}
),

sides as (
    select
        event.event_key,
        event.source,
        event.country_iso3,
        event.month,
        event.date_end,
        side.actor_id,
        side.side,
        event.dyad_key,
        event.violence_class,
        -- A source that tells no tactic leaves it unknown, which is none.
        nullif(event.tactic, 'unspecified') as tactic,
        event.fatalities_best,
        event.fatalities_civilian,
        case when not coalesce(event.is_coordinate_centroid, false) then event.admin1_id end as admin1_id,
        case
            when not coalesce(event.is_coordinate_centroid, false)
                then {{ cell_of('event.latitude', 'event.longitude') }}
        end as cell,
        coalesce(side.is_ambiguous, false) as is_ambiguous,
        coalesce(side.is_perpetrator, false) as is_perpetrator
    from violence as event
    inner join {{ sides }} as side on event.event_version_key = side.event_version_key
    inner join {{ actors }} as actor on side.actor_id = actor.actor_id
    where {{ is_organised_actor('actor.actor_kind') }}
),

-- An actor that stands on both sides of an event, or beside itself, is in it once.
involved as (
    select
        * exclude (side, is_ambiguous, is_perpetrator),
        bool_and(is_ambiguous) as is_ambiguous,
        bool_or(is_perpetrator) as is_perpetrator
    from sides
    group by all
),

opponents as (
    select
        {% for column in key %}me.{{ column }}, {% endfor %}
        other.actor_id as opponent_id
    from sides as me
    inner join sides as other
        on me.event_key = other.event_key and me.side <> other.side and me.actor_id <> other.actor_id
    group by {% for column in key %}me.{{ column }}, {% endfor %}other.actor_id
    qualify
        row_number() over (
            partition by {% for column in key %}me.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
            order by count(distinct me.event_key) desc, other.actor_id
        ) = 1
),

tactics as (
    select
        {{ key | join(', ') }},
        tactic
    from involved
    where tactic is not null
    group by {{ key | join(', ') }}, tactic
    qualify row_number() over (partition by {{ key | join(', ') }} order by count(*) desc, tactic) = 1
),

first_in_unit as (
    select
        actor_id,
        {{ area | join(', ') }},
        admin1_id,
        min(date_end) as first_date
    from involved
    where admin1_id is not null and not is_ambiguous
    group by actor_id, {{ area | join(', ') }}, admin1_id
),

new_units as (
    select
        actor_id,
        {{ area | join(', ') }},
        {{ month_of('first_date') }} as month,
        count(*) as new_admin1_units
    from first_in_unit as unit
    where not {{ was_in_predecessor_unit('unit', 'involved', admin1_changes) }}
    group by actor_id, {{ area | join(', ') }}, {{ month_of('first_date') }}
),

observed as (
    select
        feed as source,
        {{ 'country_iso3,' if by_country }}
        month,
        not bool_and(is_final) as provisional,
        max(observed_until) as observed_until
    from {{ observed }}
    group by all
),

totals as (
    select
        {{ area | join(', ') }},
        month,
        count(*) as events,
        sum(fatalities_best) as fatalities_best
    from violence
    group by {{ area | join(', ') }}, month
),

observed_months as (
    select
        observed.*,
        total.events as total_events,
        total.fatalities_best as total_fatalities_best,
        least(last_day(observed.month), observed.observed_until) as evaluated_date,
        count(*) over (
            partition by {% for column in area %}observed.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
            order by observed.month
            range between interval 12 month preceding and interval 1 month preceding
        ) as months_observed_before
    from observed
    left join totals as total
        on
            {% for column in area + ['month'] -%}
                observed.{{ column }} = total.{{ column }}{{ ' and ' if not loop.last }}
            {%- endfor %}

),

months as (
    select
        {{ key | join(', ') }},
        count(*) as events,
        count(*) filter (where violence_class = 'state_based') as events_state_based,
        count(*) filter (where violence_class = 'non_state') as events_non_state,
        count(*) filter (where violence_class = 'one_sided') as events_one_sided,
        count(*) filter (where tactic in ('battle', 'territorial_change')) as events_battle,
        count(*) filter (where {{ is_remote('tactic') }}) as events_remote,
        count(tactic) > 0 as has_tactics,
        count(*) filter (where is_perpetrator) as events_as_perpetrator,
        count(*) filter (where is_ambiguous) as ambiguous_events,
        cast(sum(fatalities_best) as bigint) as fatalities_best,
        cast(sum(fatalities_civilian) filter (where is_perpetrator) as bigint) as fatalities_civilian_by_actor,
        count(fatalities_civilian) > 0 as has_civilian_fatalities,
        count(distinct dyad_key) as dyads,
        count(distinct country_iso3) as countries,
        count(distinct admin1_id) as admin1_units,
        count(distinct cell) as cells,
        max(date_end) as last_event_date
    from involved
    group by {{ key | join(', ') }}
),

first_months as (
    select
        actor_id,
        {{ area | join(', ') }},
        min(month) as first_month,
        -- Null, not zero, where the source never tells whose deaths they were, or by which tactic.
        bool_or(has_civilian_fatalities) as has_civilian_fatalities,
        bool_or(has_tactics) as has_tactics
    from months
    group by actor_id, {{ area | join(', ') }}
),

dense as (
    select
        first.actor_id,
        first.has_civilian_fatalities as tells_civilian_fatalities,
        first.has_tactics as tells_tactics,
        observed.*,
        month_row.* exclude ({{ key | join(', ') }}, has_civilian_fatalities, has_tactics),
        max(month_row.last_event_date) over so_far as last_date,
        coalesce(
            sum(month_row.events) over (
                partition by first.actor_id{% for column in area %}, observed.{{ column }}{% endfor %}
                order by observed.month
                range between interval 12 month preceding and interval 1 month preceding
            ),
            0
        ) as events_12_months_before
    from first_months as first
    inner join observed_months as observed
        on
            first.first_month <= observed.month
            {% for column in area -%}
                and first.{{ column }} = observed.{{ column }}
            {% endfor %}
    left join months as month_row
        on
            first.actor_id = month_row.actor_id
            {% for column in area + ['month'] -%}
                and observed.{{ column }} = month_row.{{ column }}
            {% endfor %}
    window so_far as (
        partition by first.actor_id{% for column in area %}, observed.{{ column }}{% endfor %}
        order by observed.month
        rows unbounded preceding
    )
)

select
    dense.actor_id,
    actor.actor_name,
    actor.actor_kind,
    {{ 'dense.country_iso3,' if by_country }}
    dense.month,
    dense.source,
    {% for measure in [
        'events', 'events_state_based', 'events_non_state', 'events_one_sided', 'events_as_perpetrator',
        'ambiguous_events', 'fatalities_best',
    ] -%}
        coalesce(dense.{{ measure }}, 0) as {{ measure }},
    {% endfor -%}
    case when dense.tells_tactics then coalesce(dense.events_battle, 0) end as events_battle,
    case when dense.tells_tactics then coalesce(dense.events_remote, 0) end as events_remote,
    case
        when dense.tells_civilian_fatalities then coalesce(dense.fatalities_civilian_by_actor, 0)
    end as fatalities_civilian_by_actor,
    coalesce(dense.events, 0) / dense.total_events as share_events,
    coalesce(dense.fatalities_best, 0) / nullif(dense.total_fatalities_best, 0) as share_deaths,
    case when event_source.has_dyads then coalesce(dense.dyads, 0) end as dyads,
    {% for measure in ([] if by_country else ['countries']) + ['admin1_units', 'cells'] -%}
        coalesce(dense.{{ measure }}, 0) as {{ measure }},
    {% endfor -%}
    coalesce(new_unit.new_admin1_units, 0) as new_admin1_units,
    opponent.opponent_id as main_opponent_id,
    tactic.tactic as main_tactic,
    date_diff('day', dense.last_date, dense.evaluated_date) as days_since_last,
    case
        when date_diff('day', dense.last_date, dense.evaluated_date) > 365
            then case when actor.valid_to <= dense.evaluated_date then 'defunct' else 'dormant' end
        -- Armies and umbrellas do not emerge, and nobody does where no one had looked for the year before.
        when
            dense.events > 0
            and dense.events_12_months_before = 0
            and dense.months_observed_before = 12
            and {{ is_nonstate_actor('actor.actor_kind') }}
            and not coalesce(actor.is_umbrella, false)
            then 'emerging'
        else 'active'
    end as state,
    dense.provisional,
    dense.observed_until
from dense
inner join {{ actors }} as actor on dense.actor_id = actor.actor_id
inner join {{ event_source }} as event_source on dense.source = event_source.feed
{% for relation, alias in [('opponents', 'opponent'), ('tactics', 'tactic'), ('new_units', 'new_unit')] -%}
    left join {{ relation }} as {{ alias }}
        on
            {% for column in key -%}
                dense.{{ column }} = {{ alias }}.{{ column }}{{ ' and ' if not loop.last }}
            {%- endfor %}

{% endfor -%}
{%- endmacro %}
