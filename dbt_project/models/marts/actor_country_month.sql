-- Events and deaths by actor, country, month and source.
{{ actor_months(by_country=true) }}
