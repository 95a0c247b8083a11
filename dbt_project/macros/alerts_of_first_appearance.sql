{#
    Alerts of actors seen in a place for the first time: the body of int_alert__first_appearance_country and _admin1.

    Scope is exact: a group that merges or takes another name appears under it. Where its kin (actor_scope_member,
    lineage) had been there, the alert says less and its level is lower. Of several feeds those stand here that nobody
    had told before: what another feed had published earlier, of an earlier day, is no news. A feed of one topic (attacks
    on schools) meets an actor late: it confirms what others tell, and announces nothing.
#}
{% macro alerts_of_first_appearance(area_kind, levels) -%}
with arrivals as (
    select *
    from {{ ref('int_actor__first_event') }}
    where
        source in (select topic.feed from {{ ref('event_feed') }} as topic where topic.is_fatality_total)
        and area_kind = '{{ area_kind }}'
        and can_arrive
        and not was_in_predecessor_unit
        and {{ had_looked_for_a_year('looked_from', 'first_date') }}
),

others as (
    select
        own.source,
        own.area_id,
        own.actor_id,
        -- Not by a feed of one topic, for that announced nothing.
        bool_or(
            theirs.first_date < own.first_date and theirs.known_at <= own.known_at and topic.is_fatality_total
        ) as was_told_before,
        -- Two feeds, if the other had told of it too by then or did so soon.
        bool_or(theirs.first_date <= own.first_date + 30 and not theirs.is_ambiguous) as has_second_feed
    from arrivals as own
    inner join {{ ref('int_actor__first_event') }} as theirs
        on
            own.area_kind = theirs.area_kind
            and own.area_id = theirs.area_id
            and own.actor_id = theirs.actor_id
            and own.source <> theirs.source
    inner join {{ ref('event_feed') }} as topic on theirs.source = topic.feed
    group by own.source, own.area_id, own.actor_id
)

select
    own.source,
    own.area_kind,
    own.area_id,
    own.country_iso3,
    own.actor_id,
    cast(null as varchar) as other_actor_id,
    own.first_date as alert_date,
    case
        -- Nobody is sure that it was this actor.
        when own.is_ambiguous then '{{ levels.ambiguous }}'
        when own.has_kin_before then '{{ levels.kin_before }}'
        else '{{ levels.new }}'
    end as level,
    'events' as metric,
    cast(len(own.event_keys) as double) as value,
    cast(0 as double) as baseline,
    -- Since when the source had looked and not seen it.
    own.looked_from as window_start,
    own.known_at,
    own.source_release,
    cast(len(own.event_keys) as integer) as evidence_events,
    array_to_string(own.event_keys[1:10], ', ') as evidence,
    case
        when own.is_ambiguous then 'B'
        when own.is_fatal_and_precise or coalesce(other.has_second_feed, false) then 'A'
        else 'B'
    end as evidence_grade,
    not own.is_final as provisional
from arrivals as own
left join others as other
    on own.source = other.source and own.area_id = other.area_id and own.actor_id = other.actor_id
where not coalesce(other.was_told_before, false)
{%- endmacro %}
