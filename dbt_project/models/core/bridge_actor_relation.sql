-- Mergers, splits, memberships, alliances and rivalries between actors, with the time they held: the curated ones, and
-- those that the UCDP actor list tells. The list has no dates; where the newer of the two actors has events here, the
-- first of them stands for the date (valid_from_basis). A curated row replaces the list's of the same two and kind.
with curated as (
    select
        actor_id,
        relation,
        other_actor_id,
        cast(valid_from as date) as valid_from,
        cast(valid_to as date) as valid_to,
        case when valid_from is null then 'unknown' else 'curated' end as valid_from_basis,
        source
    from {{ ref('actor_relation') }}
),

first_events as (
    select
        ucdp_actor_id,
        min(date_start) as first_date
    from (
        {% for side in ['a', 'b'] %}
            select
                side_{{ side }}_source_id as ucdp_actor_id,
                date_start
            from {{ ref('fct_event') }}
            where feed = 'ucdp' and side_{{ side }}_source_id is not null
            {{ 'union all' if not loop.last }}
        {% endfor %}
    ) as sides
    group by ucdp_actor_id
),

listed as (
    select
        actor.actor_id,
        listed.relation,
        other.actor_id as other_actor_id,
        case
            -- Who splits off is the younger; an alliance is younger than who made it. Of a joining neither need be.
            when listed.relation in ('splinter_of', 'split_temporarily_from') then own.first_date
            when listed.relation = 'member_of' then others.first_date
            when other.actor_kind <> 'state' and others.first_date > own.first_date then others.first_date
        end as valid_from,
        cast(null as date) as valid_to,
        'UCDP actor list ' || listed.source_release as source
    from {{ ref('int_ucdp__actor_relation') }} as listed
    inner join {{ ref('dim_actor') }} as actor on listed.ucdp_actor_id = actor.ucdp_actor_id
    inner join {{ ref('dim_actor') }} as other on listed.other_ucdp_actor_id = other.ucdp_actor_id
    left join first_events as own on listed.ucdp_actor_id = own.ucdp_actor_id
    left join first_events as others on listed.other_ucdp_actor_id = others.ucdp_actor_id
),

-- A change of name under one number is a relation where the registry knows the old name as an actor of its own.
renamed as (
    select distinct
        actor.actor_id,
        'renamed_from' as relation,
        earlier.actor_id as other_actor_id,
        cast(null as date) as valid_from,
        cast(null as date) as valid_to,
        'UCDP actor list ' || listed.source_release as source
    from {{ ref('int_ucdp__actor') }} as listed
    inner join {{ ref('dim_actor') }} as actor on listed.ucdp_actor_id = actor.ucdp_actor_id
    inner join {{ ref('int_actor__alias') }} as earlier
        on
            earlier.name_key in (
                {{ actor_name_key('listed.original_name') }},
                {{ actor_name_key('listed.original_full_name') }}
            )
            and actor.actor_id <> earlier.actor_id
    where listed.has_changed_name and actor.is_registered
)

select * from curated

union all by name

select
    listed.*,
    case when listed.valid_from is null then 'unknown' else 'first_event' end as valid_from_basis
from (
    select * from listed
    union all
    select * from renamed
) as listed
left join curated
    on
        listed.actor_id = curated.actor_id
        and listed.relation = curated.relation
        and listed.other_actor_id = curated.other_actor_id
where curated.actor_id is null
