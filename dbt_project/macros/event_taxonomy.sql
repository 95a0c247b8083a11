{#
    Whom violence was directed at, by the kinds of the two sides. A fight between a state's side and another is
    `armed_parties`: the order of the sides does not say who attacked whom.
#}
{% macro target_by_sides(is_civilian_targeted, side_a, side_b) -%}
    case
        when {{ is_civilian_targeted }} or {{ side_a }} = 'civilians' or {{ side_b }} = 'civilians' then 'civilians'
        when {{ side_a }} = {{ side_b }} then {{ side_a }}
        when {{ side_a }} is not null and {{ side_b }} is not null then 'armed_parties'
        else 'unknown'
    end
{%- endmacro %}
