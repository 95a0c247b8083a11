-- Events and deaths by actor, month and source, over all countries.
{{ config(post_hook="{{ create_actor_month_as_known_on() }}") }}
-- The as-known macro reads these tables too:
-- depends_on: {{ ref('feed_coverage') }}
-- depends_on: {{ ref('dim_event_source') }}

{{ actor_months(
    by_country=false,
    events=ref('fct_event'),
    sides=ref('fct_event_version_actor'),
    actors=ref('dim_actor'),
    observed=ref('int_feed__observed_month'),
    admin1_changes=ref('bridge_admin1_change'),
    event_source=ref('int_event__source'),
) }}
