-- Four weeks with at least twice as many events a week as the 52 weeks before had, and at least one a week: ACLED's
-- threat, by country and first-level unit. One row per week on which it holds, for the four weeks that end with it.
{{ config(materialized='ephemeral') }}
{% set medium = 3 %}
{% set high = 10 %}

{{ weeks_of_many_events(
    condition=is_threat('mean_last_4w', 'mean_52w'),
    value='mean_last_4w',
    baseline='mean_52w',
    window_weeks=4,
    needed='4 * greatest(1, 2 * mean_52w)',
    medium=medium,
    high=high,
) }}
