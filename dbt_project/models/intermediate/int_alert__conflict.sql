-- What the rules about conflict have found, rule by rule, before anything is suppressed: one row per rule, source,
-- area, actors and day.
{{ config(materialized='table') }}
{% set rules = {
    'hdx_conflict': ref('int_alert__hdx_conflict'),
    'admin1_conflict': ref('int_alert__admin1_conflict'),
    'surge': ref('int_alert__surge'),
    'threat': ref('int_alert__threat'),
    'emerging_actor': ref('int_alert__emerging_actor'),
} %}

{% for rule, found in rules.items() %}
    select
        '{{ rule }}' as rule,
        {{ alert_columns() }}
    from {{ found }}
    {{ 'union all' if not loop.last }}
{% endfor %}
