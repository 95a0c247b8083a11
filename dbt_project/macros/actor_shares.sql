{#
    The body of actor_share and of the table macro actor_share_between, which differ only in their periods.

    Denominator: all of the universe in the area and period, whoever did it, states included. Numerator: the part of it
    in which a member of the actor's scope, at the date, has the role. An event counts once, however many of its sides
    are in the scope.

    Definitions are numbers until the end: the ranks over millions of combinations are what takes the time.
    `observed` has source, country_iso3, month, provisional, observed_until; `periods` has source, period_kind,
    period_start, period_end, on whole months.
#}
{% macro actor_shares(
    events, event_sets, actor_events, scope_members, area_sets, countries, actors, coverage, observed, periods
) -%}
{%- set universes = ['organised_violence', 'political_violence', 'state_based', 'non_state', 'one_sided'] -%}
{%- set measures = ['events', 'fatal_events', 'deaths_best', 'civilian_deaths'] -%}
{%- set roles = [('involved', 'true'), ('side_a', 'is_side_a'), ('perpetrator', 'is_perpetrator')] -%}
{%- set scopes = ['exact', 'lineage', 'alliance'] -%}
{%- set rules = [('include', 2), ('exclude', 0), ('half', 1)] -%}
with observed as (
    select
        source,
        country_iso3,
        month,
        provisional,
        max(observed_until) over (partition by source) as observed_until
    from {{ observed }}
),

areas as (
    select
        'area_set' as area_kind,
        area_set as area_id,
        country_iso3
    from {{ area_sets }}

    union all

    select
        'country' as area_kind,
        country_iso3 as area_id,
        country_iso3
    from {{ countries }}
),

observed_countries as (
    select
        observed.source,
        area.area_kind,
        area.area_id,
        period.period_kind,
        period.period_start,
        period.period_end,
        observed.country_iso3,
        count(*) as months,
        bool_or(observed.provisional) as has_provisional,
        max(observed.observed_until) as observed_until
    from observed
    inner join areas as area on observed.country_iso3 = area.country_iso3
    inner join {{ periods }} as period
        on observed.source = period.source and observed.month between period.period_start and period.period_end
    group by
        observed.source,
        area.area_kind,
        area.area_id,
        period.period_kind,
        period.period_start,
        period.period_end,
        observed.country_iso3
),

frames as (
    select
        *,
        row_number() over (
            order by source, area_kind, area_id, period_kind, period_start
        ) as frame_number
    from (
        select
            source,
            area_kind,
            area_id,
            period_kind,
            period_start,
            period_end,
            count(*) as countries,
            -- Of the country that was observed least, so that a set is whole only where all of them are.
            min(months) as months_observed,
            date_diff('month', period_start, period_end) + 1 as months_in_period,
            max(observed_until) as observed_until,
            bool_or(has_provisional) or period_end > max(observed_until) as provisional
        from observed_countries
        group by source, area_kind, area_id, period_kind, period_start, period_end
    )
),

frame_months as (
    select
        frame.frame_number,
        observed.source,
        observed.country_iso3,
        observed.month
    from frames as frame
    inner join areas as area on frame.area_kind = area.area_kind and frame.area_id = area.area_id
    inner join observed
        on
            frame.source = observed.source
            and area.country_iso3 = observed.country_iso3
            and observed.month between frame.period_start and frame.period_end
),

universe_events as (
    select
        event.event_key,
        event.feed as source,
        event.country_iso3,
        {{ month_of('event.date_end') }} as month,
        case member.event_set
            {%- for universe in universes %} when '{{ universe }}' then {{ loop.index0 }}{% endfor %} end
            as universe_number,
        1 as events,
        case when event.fatalities_best > 0 then 1 else 0 end as fatal_events,
        event.fatalities_best as deaths_best,
        event.fatalities_civilian as civilian_deaths
    from {{ events }} as event
    inner join {{ event_sets }} as member on event.event_key = member.event_key
    where
        event.country_iso3 is not null
        and member.event_set in ({% for universe in universes %}'{{ universe }}'{{ ', ' if not loop.last }}{% endfor %})
),

scoped as (
    select
        side.event_key,
        case member.actor_scope
            {%- for scope in scopes %} when '{{ scope }}' then {{ loop.index0 }}{% endfor %} end as scope_number,
        member.scope_actor_id as actor_id,
        bool_or(side.is_side_a) as is_side_a,
        bool_or(side.is_perpetrator) as is_perpetrator,
        bool_and(side.is_ambiguous)
        -- "A and/or B" is certain of a scope that holds both.
        and not (
            count(distinct side.actor_id) >= 2
            and count(distinct side.actor_id) = any_value(side.ambiguous_actors)
        ) as is_ambiguous
    from {{ actor_events }} as side
    inner join {{ scope_members }} as member
        on side.actor_id = member.actor_id and {{ holds_on('side.date_end', 'member.valid_from', 'member.valid_to') }}
    group by side.event_key, member.actor_scope, member.scope_actor_id
),

-- Events have one country and one month, so that all areas and periods are sums of these.
actor_months as (
    select
        event.source,
        event.country_iso3,
        event.month,
        event.universe_number,
        scoped.scope_number,
        scoped.actor_id
        {%- for role, holds in roles %}
            {%- for measure in measures %},
        sum(event.{{ measure }}) filter (where {{ holds }} and not is_ambiguous) as {{ role }}_{{ measure }}_certain,
        sum(event.{{ measure }}) filter (where {{ holds }} and is_ambiguous) as {{ role }}_{{ measure }}_ambiguous
            {%- endfor %}
        {%- endfor %}

    from universe_events as event
    inner join scoped on event.event_key = scoped.event_key
    group by event.source, event.country_iso3, event.month, event.universe_number, scoped.scope_number, scoped.actor_id
),

universe_months as (
    select
        source,
        country_iso3,
        month,
        universe_number
        {%- for measure in measures %},
        sum({{ measure }}) as {{ measure }}
        {%- endfor %}

    from universe_events
    group by source, country_iso3, month, universe_number
),

denominators as (
    select
        frame_month.frame_number,
        universe_month.universe_number,
        unnest(
            [
                {%- for measure in measures %}
                {
                    'measure_number': {{ loop.index0 }},
                    'denominator': sum(universe_month.{{ measure }})
                }{{ ',' if not loop.last }}
                {%- endfor %}
            ],
            recursive := true
        )
    from universe_months as universe_month
    inner join frame_months as frame_month
        on
            universe_month.source = frame_month.source
            and universe_month.country_iso3 = frame_month.country_iso3
            and universe_month.month = frame_month.month
    group by frame_month.frame_number, universe_month.universe_number
),

parts as (
    select
        frame_month.frame_number,
        actor_month.universe_number,
        actor_month.scope_number,
        actor_month.actor_id,
        unnest(
            [
                {%- for role, _ in roles %}
                    {%- set role_number = loop.index0 %}
                    {%- set is_last_role = loop.last %}
                    {%- for measure in measures %}
                {
                    'role_number': {{ role_number }},
                    'measure_number': {{ loop.index0 }},
                    'certain': coalesce(sum(actor_month.{{ role }}_{{ measure }}_certain), 0),
                    'ambiguous': coalesce(sum(actor_month.{{ role }}_{{ measure }}_ambiguous), 0)
                }{{ ',' if not (loop.last and is_last_role) }}
                    {%- endfor %}
                {%- endfor %}
            ],
            recursive := true
        )
    from actor_months as actor_month
    inner join frame_months as frame_month
        on
            actor_month.source = frame_month.source
            and actor_month.country_iso3 = frame_month.country_iso3
            and actor_month.month = frame_month.month
    group by frame_month.frame_number, actor_month.universe_number, actor_month.scope_number, actor_month.actor_id
),

numerators as (
    select
        part.frame_number,
        part.universe_number,
        part.scope_number,
        part.role_number,
        part.measure_number,
        part.actor_id,
        rule.rule_number,
        -- In halves until here, so that sums are of whole numbers.
        cast(2 * part.certain + rule.halves * part.ambiguous as bigint) as halves
    from parts as part
    cross join (
        values {% for _, halves in rules %}({{ loop.index0 }}, {{ halves }}){{ ', ' if not loop.last }}{% endfor %}

    ) as rule (rule_number, halves)
    where part.certain + rule.halves * part.ambiguous > 0
),

ranked as (
    select
        *,
        rank() over (
            partition by
                ((((frame_number * {{ universes | length }} + universe_number) * {{ scopes | length }} + scope_number)
                * {{ roles | length }} + role_number) * {{ measures | length }} + measure_number)
                * {{ rules | length }} + rule_number
            order by halves desc
        ) as share_rank
    from numerators
),

recorded as (
    select
        feed as source,
        max(recorded_at) as data_as_of
    from (
        select
            feed,
            recorded_at
        from {{ coverage }}

        union all

        select
            feed,
            recorded_at
        from {{ events }}
    )
    group by feed
)

select
    frame.area_kind,
    frame.area_id,
    case when frame.area_kind = 'area_set' then frame.area_id end as area_set,
    frame.period_kind,
    frame.period_start,
    frame.period_end,
    {% for name, terms in [
        ('universe', universes), ('measure', measures), ('role', roles | map('first') | list),
        ('scope', scopes), ('rule', rules | map('first') | list),
    ] -%}
        case share.{{ name }}_number
            {%- for term in terms %} when {{ loop.index0 }} then '{{ term }}'{% endfor %} end
            as {{ {'scope': 'actor_scope', 'rule': 'ambiguous_rule'}.get(name, name) }},
    {% endfor -%}
    share.actor_id,
    actor.actor_name,
    actor.actor_kind,
    frame.source,
    share.halves / 2 as numerator,
    cast(whole.denominator as double) as denominator,
    share.halves / 2 / whole.denominator as share,
    share.share_rank,
    frame.countries,
    frame.months_observed,
    frame.months_in_period,
    frame.provisional,
    recorded.data_as_of,
    frame.observed_until
from ranked as share
inner join frames as frame on share.frame_number = frame.frame_number
inner join denominators as whole
    on
        share.frame_number = whole.frame_number
        and share.universe_number = whole.universe_number
        and share.measure_number = whole.measure_number
inner join recorded on frame.source = recorded.source
inner join {{ actors }} as actor on share.actor_id = actor.actor_id
{%- endmacro %}

{#
    The periods that the table holds: enough to see a trend, few enough to stay small. Others by actor_share_between.
    `rolling_12_months` ends with the last month that was observed to its end.
#}
{% macro share_periods(observed) -%}
(
    select distinct
        source,
        period_kind,
        period_start,
        period_end
    from (
        select
            source,
            unnest(
                [
                    {
                        'period_kind': 'month',
                        'period_start': month,
                        'period_end': last_day(month),
                        'is_kept': month > last_month - interval 12 month
                    },
                    {
                        'period_kind': 'quarter',
                        'period_start': cast(date_trunc('quarter', month) as date),
                        'period_end': last_day(cast(date_trunc('quarter', month) + interval 2 month as date)),
                        'is_kept': date_trunc('quarter', month) > date_trunc('quarter', last_month) - interval 12 month
                    },
                    {
                        'period_kind': 'year',
                        'period_start': cast(date_trunc('year', month) as date),
                        'period_end': last_day(cast(date_trunc('year', month) + interval 11 month as date)),
                        'is_kept': date_trunc('year', month) > date_trunc('year', last_month) - interval 3 year
                    },
                    {
                        'period_kind': 'rolling_12_months',
                        'period_start': cast(date_trunc('month', observed_until + 1) - interval 12 month as date),
                        'period_end': last_day(
                            cast(date_trunc('month', observed_until + 1) - interval 1 month as date)
                        ),
                        'is_kept': true
                    }
                ],
                recursive := true
            )
        from (
            select
                source,
                month,
                max(observed_until) over (partition by source) as observed_until,
                {{ month_of('max(observed_until) over (partition by source)') }} as last_month
            from {{ observed }}
        )
    )
    where is_kept
)
{%- endmacro %}

{# An area's shares between two days, of any period: the months that the two days lie in are taken whole. #}
{% macro create_actor_share_between() %}
    {%- set observed -%}
        (select distinct source, country_iso3, month, provisional, observed_until from marts.country_month)
    {%- endset %}
    create or replace macro marts.actor_share_between(first_day, last_day) as table
        {{ actor_shares(
            events="core.fct_event",
            event_sets="core.bridge_event_set",
            actor_events="(" ~ actor_events("core.fct_event", "core.fct_event_actor", "core.dim_actor") ~ ")",
            scope_members="core.actor_scope_member",
            area_sets="core.dim_area_set",
            countries="core.dim_country",
            actors="core.dim_actor",
            coverage="core.feed_coverage",
            observed=observed,
            periods="""(
                select distinct
                    source,
                    'between' as period_kind,
                    cast(date_trunc('month', cast(first_day as date)) as date) as period_start,
                    cast(
                        date_trunc('month', cast(last_day as date)) + interval 1 month - interval 1 day as date
                    ) as period_end
                from marts.country_month
            )""",
        ) }}
{% endmacro %}
