{# Distances and cells on the globe, in one way for all models that measure footprints. #}

{# Great-circle distance (haversine) in kilometres, with the mean radius of the Earth; null if a coordinate is. #}
{% macro great_circle_km(latitude, longitude, other_latitude, other_longitude) -%}
    {%- set haversine -%}
        pow(sin(radians({{ other_latitude }} - {{ latitude }}) / 2), 2)
        + cos(radians({{ latitude }})) * cos(radians({{ other_latitude }}))
        * pow(sin(radians({{ other_longitude }} - {{ longitude }}) / 2), 2)
    {%- endset -%}
    2 * 6371.0088 * atan2(sqrt({{ haversine }}), sqrt(abs(1 - ({{ haversine }}))))
{%- endmacro %}

{# The 0.1-degree cell of a point. Rounded first: 14.3 * 10 may be 142.99999 in binary. #}
{% macro cell_of(latitude, longitude) -%}
    cast(
        floor(round(({{ latitude }} + 90) * 10, 6)) * 10000 + floor(round(({{ longitude }} + 180) * 10, 6)) as bigint
    )
{%- endmacro %}
