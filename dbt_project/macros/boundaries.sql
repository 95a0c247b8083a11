{# Whether polygons are loaded, asked when a model is compiled: without any, nothing spatial is needed. #}
{% macro has_boundaries() -%}
    {%- if not execute -%}
        {{ return(false) }}
    {%- endif -%}
    {%- if load_relation(source('raw', 'admin_boundary')) is none -%}
        {{ return(false) }}
    {%- endif -%}
    {{ return(run_query('select count(*) from ' ~ source('raw', 'admin_boundary')).columns[0].values()[0] > 0) }}
{%- endmacro %}

{# DuckDB's spatial extension from the file that Python found in its package; never from the net. #}
{% macro load_spatial() -%}
    {%- if has_boundaries() -%}
        {%- if not var('spatial_extension') -%}
            {{ exceptions.raise_compiler_error(
                "polygons are loaded, and the spatial extension is not there for this DuckDB: "
                ~ "pip install duckdb-extension-spatial, of the version of duckdb"
            ) }}
        {%- endif -%}
        load '{{ var("spatial_extension") | replace("'", "''") }}'
    {%- endif -%}
{%- endmacro %}
