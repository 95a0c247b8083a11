-- All that the rules have found, about conflict and about the data, with the stable id of an alert: rule, source, area,
-- actors if any, and day.
--
-- The rules about data read the ledger's clock and are asked at every build; those about conflict are read from where
-- their own events left them (int_alert__conflict).
{{ config(materialized='table') }}
{% set data_rules = {} %}

with found as (
    select * from {{ ref('int_alert__conflict') }}
    {% for rule, rows in data_rules.items() %}
        union all

        select
            '{{ rule }}' as rule,
            {{ alert_columns() }}
        from {{ rows }}
    {% endfor %}
)

select
    concat_ws(
        '/', rule, source, area_id, actor_id, other_actor_id, strftime(alert_date, '%Y-%m-%d')
    ) as alert_id,
    *
from found
