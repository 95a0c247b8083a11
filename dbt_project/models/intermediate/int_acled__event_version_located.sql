-- ACLED versions with our keys: country, kinds of the sides, class of violence. The columns are those of
-- int_ucdp__event_version_located; what ACLED does not tell is null. What a type means is in the seed event_type.
with kinds as (
    select
        {{ comparable('inter_label') }} as comparable_inter,
        actor_kind,
        is_state_or_external,
        is_organised_armed,
        target_class
    from {{ ref('acled_actor_kind') }}
),

typed as (
    select
        version.*,
        type.class_rule,
        type.violence_class as class_of_type,
        type.tactic,
        type.target_class as target_of_type,
        side_a.actor_kind as side_a_kind,
        side_b.actor_kind as side_b_kind,
        side_a.target_class as side_a_target_class,
        side_b.target_class as side_b_target_class,
        coalesce(side_a.is_organised_armed and side_b.is_organised_armed, false) as is_between_armed,
        coalesce(side_a.is_state_or_external, false) or coalesce(side_b.is_state_or_external, false) as has_state
    from {{ ref('stg_acled__event_version') }} as version
    left join {{ ref('event_type') }} as type
        on version.feed = type.feed and version.source_event_type = type.source_event_type
    left join kinds as side_a on version.comparable_inter_a = side_a.comparable_inter
    left join kinds as side_b on version.comparable_inter_b = side_b.comparable_inter
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
    version.date_precision,
    version.source_event_category,
    version.source_event_type,
    version.disorder_type,
    cast(null as bigint) as conflict_id,
    cast(null as varchar) as conflict_name,
    cast(null as bigint) as dyad_id,
    -- ACLED's order of the sides has no meaning, so that a pair of sides is one dyad either way round.
    case
        when version.side_a_name is not null and version.side_b_name is not null
            then least(version.side_a_name, version.side_b_name)
                || ' - ' || greatest(version.side_a_name, version.side_b_name)
    end as dyad_name,
    cast(null as bigint) as side_a_source_id,
    version.side_a_name,
    version.side_a_kind,
    version.assoc_side_a_names,
    cast(null as bigint) as side_b_source_id,
    version.side_b_name,
    version.side_b_kind,
    version.assoc_side_b_names,
    version.is_civilian_targeted,
    version.country_iso3,
    version.admin1_name_raw,
    version.admin2_name_raw,
    version.place_name,
    version.where_precision,
    version.latitude,
    version.longitude,
    -- 3 is a larger region: the point is its capital or its middle, not the place of the event.
    version.where_precision = 3 as is_coordinate_centroid,
    cast(null as bigint) as priogrid_gid,
    case
        when version.class_rule = 'fixed' then version.class_of_type
        when version.class_rule = 'one_sided_if_fatal'
            then case when version.fatalities_best > 0 then 'one_sided' else version.class_of_type end
        when version.class_rule = 'civilians_or_sides' and version.is_civilian_targeted then 'one_sided'
        when version.class_rule in ('sides', 'civilians_or_sides') and version.is_between_armed
            then case when version.has_state then 'state_based' else 'non_state' end
        -- A blast without a second side, a battle with a crowd, a type that ACLED has added since.
        else 'unclassified'
    end as violence_class,
    coalesce(version.tactic, 'unspecified') as tactic,
    coalesce(
        version.target_of_type,
        {{ target_by_sides(
            'version.is_civilian_targeted', 'version.side_a_target_class', 'version.side_b_target_class'
        ) }}
    ) as target_class,
    -- One reported figure: no range, and nobody says whose deaths they are.
    cast(null as integer) as fatalities_low,
    version.fatalities_best,
    cast(null as integer) as fatalities_high,
    cast(null as integer) as fatalities_civilian,
    cast(null as integer) as fatalities_side_a,
    cast(null as integer) as fatalities_side_b,
    cast(null as integer) as fatalities_unknown,
    cast(null as integer) as people_injured,
    cast(null as integer) as people_kidnapped,
    cast(null as integer) as people_arrested,
    cast(version.source_reports as integer) as source_reports,
    version.source_scale,
    version.tags,
    version.population_best,
    version.event_description
from typed as version
