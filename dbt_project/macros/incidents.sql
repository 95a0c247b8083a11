{# Where one of the records counts the dead of a topic only, and tells less altogether, levels weigh differently. #}
{% macro evidence_weight(part) -%}
    case when pair.is_topic then {{ part }}_evidence.topic_weight else {{ part }}_evidence.weight end
{%- endmacro %}

{# A place's name as it is compared: without the kind of place that UCDP writes behind it. #}
{% macro place_key(name) -%}
    regexp_replace({{ comparable(name) }}, ' (town|village|city|commune|camp)$', '')
{%- endmacro %}

{# Deaths of the records of one feed that tell of one incident: parts add up; topics count the same dead, so the most. #}
{% macro deaths_of_feed(column) -%}
    cast(case when feed.is_fatality_total then sum({{ column }}) else max({{ column }}) end as bigint)
{%- endmacro %}
