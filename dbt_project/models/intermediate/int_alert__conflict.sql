-- What the rules about conflict have found, before anything is suppressed: one row per rule, source, area, actors and
-- day.
{{ config(materialized='table') }}
{% set rules = {
    'hdx_conflict': ref('int_alert__hdx_conflict'),
    'admin1_conflict': ref('int_alert__admin1_conflict'),
    'surge': ref('int_alert__surge'),
    'threat': ref('int_alert__threat'),
    'emerging_actor': ref('int_alert__emerging_actor'),
    'first_appearance_country': ref('int_alert__first_appearance_country'),
    'first_appearance_admin1': ref('int_alert__first_appearance_admin1'),
    'new_dyad': ref('int_alert__new_dyad'),
    'lull': ref('int_alert__lull'),
    'apparent_truce': ref('int_alert__apparent_truce'),
    'renewed_fighting': ref('int_alert__renewed_fighting'),
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
