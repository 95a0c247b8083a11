-- Events and deaths by actor, month and source, over all countries.
{{ actor_months(by_country=false) }}
