{{ config(materialized='ephemeral') }}

-- Alert: a feed tells of an actor in a country for the first time, after a year or more in which it had looked there.
-- Dated to the day of the first event.
{{ alerts_of_first_appearance('country', levels={'ambiguous': 'low', 'kin_before': 'medium', 'new': 'high'}) }}
