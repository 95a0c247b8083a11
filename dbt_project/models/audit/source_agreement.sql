-- Incidents that more than one feed tells of, and what the feeds dispute: the day, the place, the deaths, the class,
-- who was on the sides. Records of one feed that are parts of a whole are no dispute.
with members as (
    select
        bridge.incident_id,
        event.event_key,
        event.feed,
        event.date_start,
        event.date_end,
        event.latitude,
        event.longitude,
        event.is_coordinate_centroid,
        event.violence_class
    from {{ ref('bridge_incident_event') }} as bridge
    inner join {{ ref('fct_event') }} as event on bridge.event_key = event.event_key
),

compared as (
    select
        a.incident_id,
        greatest(0, date_diff('day', b.date_end, a.date_start), date_diff('day', a.date_end, b.date_start))
            as days_apart,
        -- A centroid disputes no place.
        case
            when not a.is_coordinate_centroid and not b.is_coordinate_centroid
                then {{ great_circle_km('a.latitude', 'a.longitude', 'b.latitude', 'b.longitude') }}
        end as km_apart,
        coalesce(
            a.violence_class <> b.violence_class and 'unclassified' not in (a.violence_class, b.violence_class), false
        ) as is_other_class,
        -- Null where a person joined what was never compared.
        pair.actors_level in ('conflict', 'some_differ') as is_other_side
    from members as a
    inner join members as b on a.incident_id = b.incident_id and a.feed < b.feed
    left join {{ ref('int_incident__pair') }} as pair
        on
            least(a.event_key, b.event_key) = least(pair.event_key_a, pair.event_key_b)
            and greatest(a.event_key, b.event_key) = greatest(pair.event_key_a, pair.event_key_b)
),

disputes as (
    select
        incident_id,
        max(days_apart) as date_spread_days,
        max(km_apart) as distance_spread_km,
        bool_or(is_other_class) as is_class_disputed,
        bool_or(is_other_side) as is_attribution_disputed
    from compared
    group by incident_id
),

named as (
    select
        incident_id,
        string_agg(name, '; ' order by name) filter (where feed = 'ucdp') as actors_ucdp,
        string_agg(name, '; ' order by name) filter (where feed = 'acled') as actors_acled,
        string_agg(name, '; ' order by name) filter (where feed = 'insecurity_insight') as actors_insecurity_insight
    from (
        select distinct
            bridge.incident_id,
            bridge.feed,
            coalesce(side.actor_id, side.actor_name_raw) as name
        from {{ ref('bridge_incident_event') }} as bridge
        inner join {{ ref('fct_event_actor') }} as side on bridge.event_key = side.event_key
        where side.role in ('side_a', 'side_b')
    )
    group by incident_id
)

select
    incident.incident_id,
    incident.date_start,
    incident.country_iso3,
    incident.feeds,
    incident.feed_count,
    disputes.date_spread_days,
    disputes.distance_spread_km,
    incident.fatalities_ucdp_low,
    incident.fatalities_ucdp,
    incident.fatalities_ucdp_high,
    incident.fatalities_acled,
    incident.fatalities_insecurity_insight,
    -- Only of feeds that count all the dead.
    incident.fatalities_acled - incident.fatalities_ucdp as fatalities_acled_above_ucdp,
    coalesce(
        incident.fatalities_acled not between incident.fatalities_ucdp_low and incident.fatalities_ucdp_high, false
    ) as is_deaths_disputed,
    disputes.is_class_disputed,
    disputes.is_attribution_disputed,
    named.actors_ucdp,
    named.actors_acled,
    named.actors_insecurity_insight
from {{ ref('fct_incident') }} as incident
inner join disputes on incident.incident_id = disputes.incident_id
left join named on incident.incident_id = named.incident_id
where incident.feed_count > 1
