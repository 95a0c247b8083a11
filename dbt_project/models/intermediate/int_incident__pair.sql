-- Pairs of records of different feeds that may tell of one incident, and what speaks for it: a level for each part of
-- the evidence, its weight (seed incident_evidence), and the sum. Weights are binary logarithms of how much likelier
-- that level is for one incident than for two, after Fellegi and Sunter (1969), so that the sum is a probability.
{{ config(materialized='table') }}

{# Further apart than this beyond what both claim to know, they are not compared. #}
{% set days_beyond, km_beyond = 3, 10 %}

with weeks as (
    select
        *,
        unnest(
            generate_series(
                date_trunc('week', date_start - {{ days_beyond }} - slack_days),
                cast(date_end + {{ days_beyond }} + slack_days as timestamp),
                interval 1 week
            )
        ) as week
    from {{ ref('int_incident__record') }}
    where latitude is not null and longitude is not null
),

compared as (
    select distinct
        a.event_key as event_key_a,
        b.event_key as event_key_b
    from weeks as a
    inner join weeks as b
        on
            a.week = b.week
            and a.match_order < b.match_order
            and b.date_start <= a.date_end + greatest({{ days_beyond }}, a.slack_days + b.slack_days)
            and a.date_start <= b.date_end + greatest({{ days_beyond }}, a.slack_days + b.slack_days)
            -- A degree of latitude is 111 km; the exact distance is asked of the few that are left.
            and abs(a.latitude - b.latitude) <= (a.radius_km + b.radius_km + {{ km_beyond }}) / 111.0
),

measured as (
    select
        pair.event_key_a,
        pair.event_key_b,
        a.feed as feed_a,
        b.feed as feed_b,
        greatest(0, date_diff('day', b.date_end, a.date_start), date_diff('day', a.date_end, b.date_start))
            as days_apart,
        a.slack_days + b.slack_days as slack_days,
        greatest(a.span_days, b.span_days) as longest_span_days,
        a.span_days as span_days_a,
        b.span_days as span_days_b,
        {{ great_circle_km('a.latitude', 'a.longitude', 'b.latitude', 'b.longitude') }} as km_apart,
        a.radius_km + b.radius_km as reach_km,
        a.admin1_id = b.admin1_id as is_same_admin1,
        a.place_key as place_key_a,
        b.place_key as place_key_b,
        a.violence_class as class_a,
        b.violence_class as class_b,
        {% for one, other in [('a', 'b'), ('b', 'a')] -%}
            cast({{ one }}.is_side_a_named as integer) + cast({{ one }}.is_side_b_named as integer)
                as sides_named_{{ one }},
            -- A name that the registry does not know makes up for no side that it knows.
            cast(
                {{ one }}.is_side_a_named and list_has_any({{ one }}.side_a_families, {{ other }}.families) as integer
            )
            + cast(
                {{ one }}.is_side_b_named and list_has_any({{ one }}.side_b_families, {{ other }}.families) as integer
            )
                as sides_shared_{{ one }},
            list_has_any({{ one }}.side_a_families, {{ other }}.families)
            or list_has_any({{ one }}.side_b_families, {{ other }}.families) as is_side_shared_{{ one }},
            {{ one }}.fatalities_best as deaths_{{ one }},
            coalesce({{ one }}.fatalities_low, {{ one }}.fatalities_best) as deaths_low_{{ one }},
            coalesce({{ one }}.fatalities_high, {{ one }}.fatalities_best) as deaths_high_{{ one }},
            {{ one }}.is_fatality_total as is_total_{{ one }},
        {% endfor -%}
        list_has_any(a.allied_families, b.allied_families) as is_allied
    from compared as pair
    inner join {{ ref('int_incident__record') }} as a on pair.event_key_a = a.event_key
    inner join {{ ref('int_incident__record') }} as b on pair.event_key_b = b.event_key
),

levels as (
    select
        *,
        case
            when days_apart = 0 and longest_span_days = 0 and slack_days = 0 then 'same_day'
            when days_apart = 0 and longest_span_days <= 7 then 'within_span'
            when days_apart = 0 then 'within_long_span'
            when days_apart = 1 then 'one_day_off'
            when days_apart <= slack_days then 'within_stated_precision'
            else 'days_off'
        end as time_level,
        case
            when km_apart <= 5 and reach_km <= 30 then 'same_place'
            when km_apart <= reach_km and km_apart <= 5 then 'within_5_km'
            when km_apart <= reach_km and km_apart <= 12 then 'within_12_km'
            when km_apart <= reach_km and km_apart <= 25 then 'within_25_km'
            when km_apart <= reach_km and reach_km <= 80 then 'within_precision'
            when km_apart <= reach_km and is_same_admin1 then 'same_admin1'
            when km_apart <= reach_km then 'within_wide_precision'
            else 'slightly_beyond'
        end as distance_level,
        case
            when place_key_a is null or place_key_b is null then 'unknown'
            when jaro_winkler_similarity(place_key_a, place_key_b) >= 0.94 then 'same'
            when split_part(place_key_a, ' ', 1) = split_part(place_key_b, ' ', 1) then 'related'
            else 'different'
        end as place_name_level,
        case
            when is_side_shared_a and least(sides_named_a, sides_named_b) = 0 then 'name_only'
            when least(sides_named_a, sides_named_b) = 0 then 'unknown'
            when
                sides_shared_a >= sides_named_a and sides_shared_b >= sides_named_b
                and sides_named_a = 2 and sides_named_b = 2
                then 'both_sides'
            when sides_shared_a >= sides_named_a and sides_shared_b >= sides_named_b then 'all_named'
            when sides_shared_a >= sides_named_a or sides_shared_b >= sides_named_b then 'one_names_fewer'
            when is_side_shared_a or is_side_shared_b then 'some_differ'
            when is_allied then 'allied'
            else 'conflict'
        end as actors_level,
        case
            when deaths_a is null or deaths_b is null then 'unknown'
            when not is_total_a then case when deaths_a <= deaths_high_b then 'part' else 'exceeds' end
            when not is_total_b then case when deaths_b <= deaths_high_a then 'part' else 'exceeds' end
            when deaths_a = deaths_b and deaths_a >= 10 then 'equal_many'
            when deaths_a = deaths_b and deaths_a >= 3 then 'equal_some'
            when deaths_a = deaths_b and deaths_a > 0 then 'equal_few'
            when deaths_a = deaths_b then 'nobody'
            when least(deaths_a, deaths_b) = 0 then 'nobody_or_some'
            when
                deaths_a between deaths_low_b and deaths_high_b or deaths_b between deaths_low_a and deaths_high_a
                or abs(deaths_a - deaths_b) <= greatest(2, 0.25 * greatest(deaths_a, deaths_b))
                then 'close'
            when
                span_days_a > span_days_b and deaths_b < deaths_a or span_days_b > span_days_a and deaths_a < deaths_b
                then 'fewer_in_a_day'
            when 3 * least(deaths_a, deaths_b) >= greatest(deaths_a, deaths_b) then 'differ'
            else 'far'
        end as deaths_level
    from measured
    where km_apart <= reach_km + {{ km_beyond }}
),

classed as (
    select
        pair.*,
        -- That neither tells its class is no agreement.
        case
            when pair.class_a <> pair.class_b then class_pair.level
            when pair.class_a = 'unclassified' then 'compatible'
            else 'same'
        end as class_level,
        not pair.is_total_a or not pair.is_total_b as is_topic
    from levels as pair
    left join {{ ref('incident_class_pair') }} as class_pair
        on
            least(pair.class_a, pair.class_b) = class_pair.class_a
            and greatest(pair.class_a, pair.class_b) = class_pair.class_b
    -- Classes that no record of one incident can have, such as a protest and a battle, stand in no row.
    where pair.class_a = pair.class_b or class_pair.level is not null
)

select
    pair.event_key_a,
    pair.event_key_b,
    pair.feed_a,
    pair.feed_b,
    pair.days_apart,
    pair.km_apart,
    pair.span_days_a,
    pair.span_days_b,
    pair.deaths_a,
    pair.deaths_b,
    pair.time_level,
    {{ evidence_weight('time') }} as time_weight,
    pair.distance_level,
    {{ evidence_weight('distance') }} as distance_weight,
    pair.place_name_level,
    {{ evidence_weight('place_name') }} as place_name_weight,
    pair.actors_level,
    {{ evidence_weight('actors') }} as actors_weight,
    pair.class_level,
    {{ evidence_weight('class') }} as class_weight,
    pair.deaths_level,
    {{ evidence_weight('deaths') }} as deaths_weight,
    {{ evidence_weight('start') }}
    + {{ evidence_weight('time') }}
    + {{ evidence_weight('distance') }}
    + {{ evidence_weight('place_name') }}
    + {{ evidence_weight('actors') }}
    + {{ evidence_weight('class') }}
    + {{ evidence_weight('deaths') }} as weight
from classed as pair
inner join {{ ref('incident_evidence') }} as start_evidence on start_evidence.part = 'prior'
inner join {{ ref('incident_evidence') }} as time_evidence
    on time_evidence.part = 'time' and pair.time_level = time_evidence.level
inner join {{ ref('incident_evidence') }} as distance_evidence
    on distance_evidence.part = 'distance' and pair.distance_level = distance_evidence.level
inner join {{ ref('incident_evidence') }} as place_name_evidence
    on place_name_evidence.part = 'place_name' and pair.place_name_level = place_name_evidence.level
inner join {{ ref('incident_evidence') }} as actors_evidence
    on actors_evidence.part = 'actors' and pair.actors_level = actors_evidence.level
inner join {{ ref('incident_evidence') }} as class_evidence
    on class_evidence.part = 'class' and pair.class_level = class_evidence.level
inner join {{ ref('incident_evidence') }} as deaths_evidence
    on deaths_evidence.part = 'deaths' and pair.deaths_level = deaths_evidence.level
