-- Events and deaths by actor, country, month and source.
{{ actor_months(
    by_country=true,
    events=ref('fct_event'),
    sides=ref('fct_event_version_actor'),
    actors=ref('dim_actor'),
    observed=ref('int_feed__observed_month'),
    admin1_changes=ref('bridge_admin1_change'),
    event_source=ref('int_event__source'),
) }}
