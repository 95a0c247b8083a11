-- Names of actors, by source and language: those of our registry, and of the UCDP actor list those of the actors that
-- are not in it, former names included. Only the registry's resolve events.
with listed_names as (
    select distinct
        actor_id,
        trim(unnest(
            [actor_name, full_name]
            || case
                when has_changed_name
                    then
                        [original_name, original_full_name]
                        || coalesce(string_split(new_names, ','), [])
                        || coalesce(string_split(new_full_names, ','), [])
                else []
            end
        )) as alias
    from {{ ref('int_ucdp__actor') }}
),

names as (
    select
        alias,
        actor_id,
        source,
        language,
        cast(valid_from as date) as valid_from,
        cast(valid_to as date) as valid_to,
        is_ambiguous,
        has_country_suffix
    from {{ ref('actor_alias_seed') }}

    union all

    select
        listed.alias,
        listed.actor_id,
        'ucdp' as source,
        null as language,
        null as valid_from,
        null as valid_to,
        count(*) over (partition by listed.alias) > 1 as is_ambiguous,
        false as has_country_suffix
    from listed_names as listed
    inner join {{ ref('dim_actor') }} as actor on listed.actor_id = actor.actor_id
    where not actor.is_registered and listed.alias <> ''
)

select * from names
