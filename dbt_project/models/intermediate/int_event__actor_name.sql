-- The names of sides and associates as each feed writes them, whole and in parts: one row per feed, name and part.
-- "A and/or B" has only parts (either of them); a name with commas is first a name and, failing that, a list of parts
-- that stood together.
with names as (
    {% for side in ['a', 'b'] %}
        select
            feed,
            side_{{ side }}_name as actor_name_raw
        from {{ ref('fct_event_version') }}

        union

        select
            feed,
            trim(unnest(string_split(assoc_side_{{ side }}_names, ';'))) as actor_name_raw
        from {{ ref('fct_event_version') }}
        {{ 'union' if not loop.last }}
    {% endfor %}
),

parts as (
    select
        feed,
        actor_name_raw,
        case when actor_name_raw ilike '% and/or %' then 'either' else 'joint' end as part_kind,
        trim(unnest(regexp_split_to_array(
            actor_name_raw, case when actor_name_raw ilike '% and/or %' then '(?i) and/or ' else ',' end
        ))) as actor_part_raw
    from names
    where contains(actor_name_raw, ',') or actor_name_raw ilike '% and/or %'

    union

    select
        feed,
        actor_name_raw,
        'whole' as part_kind,
        actor_name_raw as actor_part_raw
    from names
    where actor_name_raw not ilike '% and/or %'
),

country_names as (
    select distinct {{ actor_name_key('alias') }} as country_key
    from {{ ref('country_alias') }}
)

select
    part.feed,
    part.actor_name_raw,
    part.part_kind,
    part.actor_part_raw,
    {{ actor_name_key('part.actor_part_raw') }} as name_key,
    -- "Civilians (Mali)" without its country; null where the brackets hold something else: it may belong to the name.
    case
        when country.country_key is not null
            then {{ actor_name_key("regexp_extract(part.actor_part_raw, '^(.*)\\([^()]*\\)\\s*$', 1)") }}
    end as name_key_without_country
from parts as part
left join country_names as country
    on {{ actor_name_key("regexp_extract(part.actor_part_raw, '\\(([^()]*)\\)\\s*$', 1)") }} = country.country_key
where part.actor_part_raw <> ''
