{#
    Alerts of a war that has gone quiet: the body of int_alert__lull and int_alert__apparent_truce, which differ in the
    day that int_dyad__silence has for them.

    An absence is told only once its days have settled: the release that covers them is the publisher's last word, or
    older than its feed takes to settle. Before that a silence may be the reporters'. In an admin1 unit it is told only
    while the pair still fights elsewhere in the country, for else the country's alert says it.
#}
{% macro alerts_of_silence(reached, is_provisional, days, levels) -%}
with silences as (
    select *
    from {{ ref('int_dyad__silence') }}
    where {{ reached }} is not null and not {{ is_provisional }}
),

-- In the whole country, and announced (as a lull or a truce).
of_countries as (
    select
        *,
        least(
            case when not is_lull_provisional then lull_date end, case when not is_truce_provisional then truce_date end
        ) as announced_date
    from {{ ref('int_dyad__silence') }}
    where area_kind = 'country'
),

told as (
    select silence.*
    from silences as silence
    where
        silence.area_kind = 'country'
        or not exists (
            select 1
            from of_countries as country
            where
                country.source = silence.source
                and country.country_iso3 = silence.country_iso3
                and country.actor_a_id = silence.actor_a_id
                and country.actor_b_id = silence.actor_b_id
                and country.announced_date <= silence.{{ reached }}
                and coalesce(country.next_event_date > silence.{{ reached }}, true)
        )
),

-- When the day had settled, by each release that covers it.
known as (
    select
        silence.source,
        silence.area_kind,
        silence.area_id,
        silence.actor_a_id,
        silence.actor_b_id,
        silence.last_event_date,
        coverage.source_release,
        case
            when coverage.is_final then coalesce(coverage.released_at, coverage.recorded_at)
            else greatest(
                coalesce(coverage.released_at, coverage.recorded_at),
                last_day(silence.{{ reached }}) + event_source.settling_days * interval 1 day
            )
        end as settled_at
    from told as silence
    inner join {{ ref('feed_coverage') }} as coverage
        on
            silence.source = coverage.feed
            and silence.country_iso3 = coverage.country_iso3
            and silence.{{ reached }} between coverage.period_start and coverage.period_end
    inner join {{ ref('int_event__source') }} as event_source on silence.source = event_source.feed
    where coverage.is_final or event_source.settling_days is not null
),

first_known as (
    select
        source,
        area_kind,
        area_id,
        actor_a_id,
        actor_b_id,
        last_event_date,
        min(settled_at) as known_at,
        arg_min(source_release, (settled_at, source_release)) as source_release
    from known
    group by source, area_kind, area_id, actor_a_id, actor_b_id, last_event_date
)

select
    silence.source,
    silence.area_kind,
    silence.area_id,
    silence.country_iso3,
    silence.actor_a_id as actor_id,
    silence.actor_b_id as other_actor_id,
    silence.{{ reached }} as alert_date,
    -- The hotter the war was, the more its silence says.
    case when silence.prior_180d_events >= 20 then '{{ levels[1] }}' else '{{ levels[0] }}' end as level,
    'events' as metric,
    cast(0 as double) as value,
    -- What the {{ days }} days would have had at the rate of the 180 days before them.
    round(silence.prior_180d_events * {{ days }} / 180.0, 1) as baseline,
    silence.last_event_date + 1 as window_start,
    known.known_at,
    known.source_release,
    cast(silence.prior_180d_events as integer) as evidence_events,
    array_to_string(silence.prior_event_keys[1:10], ', ') as evidence,
    cast(null as varchar) as evidence_grade,
    false as provisional
from told as silence
inner join first_known as known
    on {{ is_same_dyad('silence', 'known') }} and silence.last_event_date = known.last_event_date
{%- endmacro %}
