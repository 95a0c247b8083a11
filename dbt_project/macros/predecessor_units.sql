{#
    Whether the actor was in what a unit was made of before the reform that made it: then the unit is new on the map
    and not to the actor. Where a region was divided, nobody can say in which part the actor was: none is new.

    `unit` is an alias with first_date, `unit_id` and the columns of `keys`; `events` a relation with these and
    date_end.
#}
{% macro was_in_predecessor_unit(unit, events, admin1_changes, keys=['source', 'actor_id'], unit_id='admin1_id') -%}
exists (
            select 1
            from {{ admin1_changes }} as reform
            inner join {{ events }} as earlier on reform.old_admin1_id = earlier.admin1_id
            where
                reform.new_admin1_id = {{ unit }}.{{ unit_id }}
                and reform.change_date <= {{ unit }}.first_date
                and earlier.date_end < reform.change_date
                {% for key in keys -%}
                    and earlier.{{ key }} = {{ unit }}.{{ key }}
                {% endfor -%}
        )
{%- endmacro %}
