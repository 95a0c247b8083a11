-- What the rules about conflict have found, before anything is suppressed: one row per rule, source, area, actors and
-- day.
{{ config(materialized='table') }}
{% set rules = {
    'hdx_conflict': ref('int_alert__hdx_conflict'),
    'admin1_conflict': ref('int_alert__admin1_conflict'),
    'surge': ref('int_alert__surge'),
    'threat': ref('int_alert__threat'),
    'emerging_actor': ref('int_alert__emerging_actor'),
} %}

with found as (
    {% for rule, rows in rules.items() %}
        select
            '{{ rule }}' as rule,
            {{ alert_columns() }}
        from {{ rows }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    {{ alert_id() }} as alert_id,
    *
from found
