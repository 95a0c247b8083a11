-- Incidents: each once, however many feeds tell of it. Day, place and class are taken whole from the record that knows
-- them best, which is named beside them; every record's own claim stays in fct_event. Deaths stand side by side, a
-- column for each feed: parts of one feed add up to it, feeds never do.
with members as (
    select
        bridge.incident_id,
        bridge.match_rule,
        event.*,
        record.span_days,
        record.span_days + 2 * record.slack_days as days_wide,
        record.radius_km,
        record.match_order
    from {{ ref('bridge_incident_event') }} as bridge
    inner join {{ ref('fct_event') }} as event on bridge.event_key = event.event_key
    inner join {{ ref('int_incident__record') }} as record on bridge.event_key = record.event_key
),

deaths as (
    select
        member.incident_id,
        member.feed,
        {{ deaths_of_feed('member.fatalities_low') }} as low,
        {{ deaths_of_feed('member.fatalities_best') }} as best,
        {{ deaths_of_feed('member.fatalities_high') }} as high
    from members as member
    inner join {{ ref('event_feed') }} as feed on member.feed = feed.feed
    group by member.incident_id, member.feed, feed.is_fatality_total
),

by_feed as (
    select
        incident_id,
        max(low) filter (where feed = 'ucdp') as fatalities_ucdp_low,
        max(best) filter (where feed = 'ucdp') as fatalities_ucdp,
        max(high) filter (where feed = 'ucdp') as fatalities_ucdp_high,
        max(best) filter (where feed = 'acled') as fatalities_acled,
        max(best) filter (where feed = 'insecurity_insight') as fatalities_insecurity_insight
    from deaths
    group by incident_id
),

actors as (
    select
        bridge.incident_id,
        string_agg(distinct side.actor_id, '; ' order by side.actor_id) as actor_ids
    from {{ ref('bridge_incident_event') }} as bridge
    inner join {{ ref('fct_event_actor') }} as side on bridge.event_key = side.event_key
    where side.role in ('side_a', 'side_b')
    group by bridge.incident_id
),

chosen as (
    select
        incident_id,
        -- A part knows its own day better than the whole, but it is not the whole.
        case
            when bool_or(match_rule = 'part') then arg_min(event_key, (-span_days, match_order, event_key))
            else arg_min(event_key, (days_wide, match_order, event_key))
        end as date_event_key,
        -- A record that a person joined may have no point.
        arg_min(event_key, (latitude is null or longitude is null, radius_km, match_order, event_key))
            as place_event_key,
        arg_min(event_key, (coalesce(violence_class, 'unclassified') = 'unclassified', match_order, event_key))
            as class_event_key,
        count(distinct feed) as feed_count,
        string_agg(distinct feed, '; ' order by feed) as feeds,
        count(*) as event_count,
        min(first_recorded_at) as first_recorded_at,
        max(recorded_at) as recorded_at
    from members
    group by incident_id
)

select
    chosen.incident_id,
    dated.date_start,
    dated.date_end,
    chosen.date_event_key,
    placed.country_iso3,
    placed.admin1_id,
    placed.admin1_name,
    placed.place_name,
    placed.latitude,
    placed.longitude,
    placed_record.radius_km,
    placed.is_coordinate_centroid,
    chosen.place_event_key,
    classed.violence_class,
    chosen.class_event_key,
    actors.actor_ids,
    chosen.feed_count,
    chosen.feeds,
    chosen.event_count,
    by_feed.fatalities_ucdp_low,
    by_feed.fatalities_ucdp,
    by_feed.fatalities_ucdp_high,
    by_feed.fatalities_acled,
    by_feed.fatalities_insecurity_insight,
    chosen.first_recorded_at,
    chosen.recorded_at
from chosen
inner join {{ ref('fct_event') }} as dated on chosen.date_event_key = dated.event_key
inner join {{ ref('fct_event') }} as placed on chosen.place_event_key = placed.event_key
inner join {{ ref('int_incident__record') }} as placed_record on chosen.place_event_key = placed_record.event_key
inner join {{ ref('fct_event') }} as classed on chosen.class_event_key = classed.event_key
inner join by_feed on chosen.incident_id = by_feed.incident_id
left join actors on chosen.incident_id = actors.incident_id
