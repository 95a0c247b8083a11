-- Weeks with at least twice as many events as a week of the four before had on average, and these at least one a week:
-- ACLED's surge, by country and first-level unit. One row per week, dated by its last day.
{{ config(materialized='ephemeral') }}
{% set medium = 10 %}
{% set high = 25 %}

{{ weeks_of_many_events(
    condition=is_surge('full_value', 'mean_4w'),
    value='full_value',
    baseline='mean_4w',
    window_weeks=1,
    needed='2 * mean_4w',
    medium=medium,
    high=high,
) }}
