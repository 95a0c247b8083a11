{# Small expressions that several models must write in the same way. No model logic here. #}

{# A name as it is compared: lower case, no accents, every run of other signs one space. #}
{% macro comparable(text) -%}
    trim(regexp_replace(lower(strip_accents({{ text }})), '[^a-z0-9]+', ' ', 'g'))
{%- endmacro %}

{# Weeks start on Monday (ISO 8601). #}
{% macro week_of(instant) -%}
    cast(date_trunc('week', {{ instant }}) as date)
{%- endmacro %}

{% macro month_of(instant) -%}
    cast(date_trunc('month', {{ instant }}) as date)
{%- endmacro %}

{#
    "Now" is when the ledger last heard of anything. Not the machine's clock, so that the same payloads give the same
    tables, and not a variable, whose change would make dbt read the whole project anew at every tick.
#}
{% macro now_at() -%}
    (select max(latest.recorded_at) from {{ source('ledger', 'load_attempt') }} as latest)
{%- endmacro %}

{# Whether a period with open ends holds on a day. #}
{% macro holds_on(day, valid_from, valid_to) -%}
    ({{ day }} >= coalesce({{ valid_from }}, date '0001-01-01') and {{ day }} < coalesce({{ valid_to }}, date '9999-12-31'))
{%- endmacro %}

{# Whether a country is in the scope of this warehouse, see the variable sahel_countries. #}
{% macro is_in_scope(country_iso3, in_default_scope) -%}
    {%- set scope = var('sahel_countries') -%}
    {%- if not scope -%} {{ in_default_scope }}
    {%- elif scope | lower == 'all' -%} true
    {%- else -%} {{ country_iso3 }} in ('{{ scope.replace(" ", "").split(",") | join("', '") }}')
    {%- endif -%}
{%- endmacro %}

{#
    A name of an actor as it is compared: without the years of a regime ("(2013-2020)", "(2021-)"), lower case, no accents,
    no apostrophes, every run of other signs one space. Letters of other scripts stay, so that Arabic names compare too.
#}
{% macro actor_name_key(text) -%}
    trim(regexp_replace(
        regexp_replace(
            lower(strip_accents(regexp_replace({{ text }}, '\(\s*\d{4}\s*[-–]\s*(\d{4})?\s*\)', ' ', 'g'))),
            '[''’‘ʼ`´]', '', 'g'
        ),
        '[^\p{L}\p{N}]+', ' ', 'g'
    ))
{%- endmacro %}
