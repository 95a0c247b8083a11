{{ config(materialized='ephemeral') }}

-- Alert: the same as a lull at 120 days. Apparent, since a silence is no proof of an agreement.
{{ alerts_of_silence('truce_date', 'is_truce_provisional', days=120, levels=['medium', 'high']) }}
