-- All that the rules have found, about conflict and about the data: one row per rule, source, area, actors and day.
--
-- The rules about data read the ledger's clock and are asked at every build; those about conflict are read from where
-- their own events left them (int_alert__conflict).
{{ config(materialized='table') }}
{% set data_rules = {
    'feed_asleep': ref('int_alert__feed_asleep'),
    'feed_gap': ref('int_alert__feed_gap'),
    'feed_drop': ref('int_alert__feed_drop'),
    'quarantine_spike': ref('int_alert__quarantine_spike'),
} %}

select * from {{ ref('int_alert__conflict') }}
{% for rule, rows in data_rules.items() %}
    union all

    select
        {{ alert_id() }} as alert_id,
        *
    from (
        select
            '{{ rule }}' as rule,
            {{ alert_columns() }}
        from {{ rows }}
    )
{% endfor %}
