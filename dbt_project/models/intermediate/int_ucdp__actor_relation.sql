-- What the lineage columns of the UCDP actor list say, by UCDP's numbers: one row per actor, relation and other actor.
-- A cell may name several; a number that the list itself lacks is left out, and so is an actor that splits from itself.
with cells as (
    {% for column, relation in [
        ('splinter_of_ids', 'splinter_of'),
        ('split_temporarily_from_ids', 'split_temporarily_from'),
        ('alliance_ids', 'member_of'),
        ('joined_group_ids', 'merged_into'),
    ] %}
        select
            ucdp_actor_id,
            '{{ relation }}' as relation,
            try_cast(trim(unnest(string_split({{ column }}, ','))) as bigint) as other_ucdp_actor_id,
            source_release
        from {{ ref('int_ucdp__actor') }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select distinct
    cell.ucdp_actor_id,
    cell.relation,
    cell.other_ucdp_actor_id,
    cell.source_release
from cells as cell
inner join {{ ref('int_ucdp__actor') }} as other on cell.other_ucdp_actor_id = other.ucdp_actor_id
where cell.ucdp_actor_id <> cell.other_ucdp_actor_id
