{{ config(materialized='ephemeral') }}

-- Alert: a feed tells of an actor in an admin1 unit for the first time, after a year or more in which it had looked at
-- the country; precise places only. A unit that a reform made of one where the actor had been is none.
{{ alerts_of_first_appearance('admin1', levels={'ambiguous': 'low', 'kin_before': 'low', 'new': 'medium'}) }}
