-- Insecurity Insight's versions with our keys: country, kind of the perpetrator, class of violence. The
-- columns are those of int_ucdp__event_version_located; what the publisher does not tell is null.
with versions as (
    select
        version.*,
        type.violence_class as class_of_type,
        type.target_class,
        weapon.tactic as weapon_tactic,
        kind.actor_kind as perpetrator_actor_kind,
        kind.is_organised_armed
        or (
            -- Armies are filed under `Other` too, and to leave them out would spare states: there the name decides.
            coalesce(kind.actor_kind, 'unknown') = 'unknown'
            and regexp_matches(
                {{ comparable('version.perpetrator_name') }}, '\b(armed|army|forces?|military|police|gendarmerie)\b'
            )
        ) as is_armed
    from {{ ref('stg_insecurity_insight__incident_version') }} as version
    left join {{ ref('insecurity_insight_actor_kind') }} as kind
        on version.comparable_perpetrator_kind = {{ comparable('kind.perpetrator_kind') }}
    left join {{ ref('event_type') }} as type on version.feed = type.feed and version.dataset = type.source_event_type
    left join {{ ref('insecurity_insight_weapon') }} as weapon
        on version.comparable_weapon = {{ comparable('weapon.weapon') }}
)

select
    version.event_key,
    version.feed,
    version.source_event_id,
    cast(null as varchar) as source_event_name,
    version.attempt_id,
    version.recorded_at,
    version.released_at,
    version.is_withdrawn,
    version.payload_sha256,
    version.content_hash,
    version.source_release,
    version.source_stream,
    cast(null as varchar) as code_status,
    cast(null as integer) as event_clarity,
    version.date_start,
    version.date_end,
    cast(null as integer) as date_precision,
    version.dataset as source_event_category,
    -- The publisher has no types of incidents within a topic.
    version.dataset as source_event_type,
    cast(null as varchar) as disorder_type,
    cast(null as bigint) as conflict_id,
    cast(null as varchar) as conflict_name,
    cast(null as bigint) as dyad_id,
    cast(null as varchar) as dyad_name,
    cast(null as bigint) as side_a_source_id,
    version.perpetrator_name as side_a_name,
    version.perpetrator_actor_kind as side_a_kind,
    cast(null as varchar) as assoc_side_a_names,
    cast(null as bigint) as side_b_source_id,
    -- Whom the topics count are civilians: staff and students, aid and health workers, residents of camps.
    'Civilians' as side_b_name,
    'civilians' as side_b_kind,
    cast(null as varchar) as assoc_side_b_names,
    true as is_civilian_targeted,
    version.country_iso3,
    version.admin1_name_raw,
    cast(null as varchar) as admin2_name_raw,
    cast(null as varchar) as place_name,
    version.where_precision,
    version.latitude,
    version.longitude,
    -- 4 to 6 stand for a whole province, line or country, as in UCDP's scale, which this is.
    coalesce(version.where_precision between 4 and 6, false) as is_coordinate_centroid,
    cast(null as bigint) as priogrid_gid,
    case
        when
            version.is_armed
            and (
                coalesce(version.people_killed, 0)
                + coalesce(version.people_injured, 0)
                + coalesce(version.people_kidnapped, 0)
                + coalesce(version.people_arrested, 0)
                + coalesce(version.facilities_damaged, 0)
            ) > 0
            then 'one_sided'
        else coalesce(version.class_of_type, 'unclassified')
    end as violence_class,
    -- An explosive or a fire says how it was done; a gun is carried in raids and abductions alike, so that then what
    -- was done to people decides.
    case
        when version.weapon_tactic is not null then version.weapon_tactic
        when version.people_kidnapped > 0 then 'abduction'
        when version.people_arrested > 0 then 'arrest'
        when coalesce(version.people_killed, 0) + coalesce(version.people_injured, 0) > 0 then 'attack_on_civilians'
        when version.facilities_damaged > 0 then 'looting_property_destruction'
        else 'unspecified'
    end as tactic,
    coalesce(version.target_class, 'unknown') as target_class,
    cast(null as integer) as fatalities_low,
    version.people_killed as fatalities_best,
    cast(null as integer) as fatalities_high,
    version.people_killed as fatalities_civilian,
    cast(null as integer) as fatalities_side_a,
    cast(null as integer) as fatalities_side_b,
    cast(null as integer) as fatalities_unknown,
    version.people_injured,
    version.people_kidnapped,
    version.people_arrested,
    cast(null as integer) as source_reports,
    cast(null as varchar) as source_scale,
    version.tags,
    cast(null as bigint) as population_best,
    cast(null as varchar) as event_description
from versions as version
