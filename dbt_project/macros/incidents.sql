{# Where one of the records counts the dead of a topic only, and tells less altogether, levels weigh differently. #}
{% macro evidence_weight(part) -%}
    case when pair.is_topic then {{ part }}_evidence.topic_weight else {{ part }}_evidence.weight end
{%- endmacro %}

{# A place's name as it is compared: without the kind of place that UCDP writes behind it. #}
{% macro place_key(name) -%}
    regexp_replace({{ comparable(name) }}, ' (town|village|city|commune|camp)$', '')
{%- endmacro %}
