-- The UCDP actor list as it stands: the newest version of each actor, if not withdrawn.
select
    'ucdp-' || newest.ucdp_actor_id as actor_id,
    newest.ucdp_actor_id,
    newest.actor_name,
    coalesce(newest.full_name, newest.actor_name) as full_name,
    newest.original_name,
    newest.original_full_name,
    newest.has_changed_name,
    newest.new_names,
    newest.new_full_names,
    case newest.organisation_level
        when '2' then 'political_group'
        when '3' then 'communal_militia'
        when '4' then 'state'
        -- 1 says only that the group is formally organised.
        else 'unknown'
    end as actor_kind,
    country.country_iso3,
    newest.splinter_of_ids,
    newest.split_temporarily_from_ids,
    newest.alliance_ids,
    newest.joined_group_ids,
    newest.source_release
from (
    select *
    from {{ ref('stg_ucdp__actor_version') }}
    qualify row_number() over (partition by ucdp_actor_id order by attempt_id desc) = 1
) as newest
left join {{ ref('country') }} as country on newest.gw_codes = cast(country.gw_code as varchar)
where not newest.is_withdrawn
