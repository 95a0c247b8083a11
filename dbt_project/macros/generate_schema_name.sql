{# Schemas are named as configured, without dbt's prefix: their names are part of the published interface. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
