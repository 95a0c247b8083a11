{# Each field of a version and of the version before it, as text: what revision_log compares. #}
{% macro old_and_new(fields) -%}
    {% for field in fields -%}
        cast(version.{{ field }} as varchar) as new_{{ field }},
        cast(before.{{ field }} as varchar) as old_{{ field }}{{ ',' if not loop.last }}
    {% endfor -%}
{%- endmacro %}
