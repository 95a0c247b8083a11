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
                "polygons are loaded, and the spatial extension is not installed: pip install 'sahel-monitor[spatial]'"
            ) }}
        {%- endif -%}
        load '{{ var("spatial_extension") | replace("'", "''") }}'
    {%- endif -%}
{%- endmacro %}

{# Kilometres between two points on a sphere of the Earth's mean radius. #}
{% macro kilometres(latitude_a, longitude_a, latitude_b, longitude_b) -%}
    2 * 6371.0 * asin(
        sqrt(
            least(
                1,
                pow(sin(radians({{ latitude_b }} - {{ latitude_a }}) / 2), 2)
                + cos(radians({{ latitude_a }})) * cos(radians({{ latitude_b }}))
                * pow(sin(radians({{ longitude_b }} - {{ longitude_a }}) / 2), 2)
            )
        )
    )
{%- endmacro %}
