{# What makes the place of a GDELT event wrong or doubtful. One rule so far, for the one mistake that decides a country. #}

{# Benin City is in Edo State, Nigeria; GDELT often puts it into Benin. #}
{% macro is_misplaced(country_iso3, place) -%}
    coalesce({{ country_iso3 }} = 'BEN' and regexp_matches({{ place }}, 'Benin City|\bEdo\b|Nigeria'), false)
{%- endmacro %}

{# The same mistake without a name to prove it: "Benin" as a whole, told by a Nigerian outlet. #}
{% macro is_doubtful_place(country_iso3, geo_type, domain) -%}
    coalesce(
        {{ country_iso3 }} = 'BEN' and {{ geo_type }} = 1 and regexp_matches({{ domain }}, '\.ng$|ngr?\.com$|nigeria'),
        false
    )
{%- endmacro %}
