{{ config(materialized='ephemeral') }}

-- Alert: two actors who were fighting each other have had no event for 60 days, while both go on fighting others and
-- the source goes on telling. Dated to the day on which that first holds.
{{ alerts_of_silence('lull_date', 'is_lull_provisional', days=60, levels=['low', 'medium']) }}
