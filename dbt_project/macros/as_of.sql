{#
    Table macros that answer for a past date. They are made in the warehouse after the model they read, and publication
    copies them into the BI file; so they may name published tables only, and without the database's name.
#}

{# What a reader of the published file saw at that time, and what publishers had released by then. #}
{% macro create_events_as_of() %}
    create or replace macro core.events_as_known_on(ts) as table
        select version.*
        from core.fct_event_version as version
        where
            version.recorded_from <= cast(ts as timestamp)
            and (version.recorded_to is null or version.recorded_to > cast(ts as timestamp))
            and not version.is_withdrawn;

    create or replace macro core.events_as_published_on(ts) as table
        select version.*
        from core.fct_event_version as version
        where
            version.released_at <= cast(ts as timestamp)
            and (version.released_to is null or version.released_to > cast(ts as timestamp))
            and not version.is_withdrawn;
{% endmacro %}

{# Articles and reports as readers of the published file saw them at that time. #}
{% macro create_articles_as_of() %}
    create or replace macro core.articles_as_known_on(ts) as table
        select version.*
        from core.fct_article_version as version
        where
            version.recorded_from <= cast(ts as timestamp)
            and (version.recorded_to is null or version.recorded_to > cast(ts as timestamp))
            and version.change_kind <> 'withdrawn'
{% endmacro %}

{# Months observed as known at that time. Reporting lags and the actor registry are those of today. #}
{% macro observed_months_as_known_on() -%}
    (
        {{ observed_months(
            coverage="(select * from core.feed_coverage as covered where covered.recorded_at <= cast(ts as timestamp))",
            events="core.events_as_known_on(ts)",
            event_source="core.dim_event_source",
            as_of="ts",
        ) }}
    )
{%- endmacro %}

{% macro create_country_month_as_known_on() %}
    create or replace macro marts.country_month_as_known_on(ts) as table
        select * exclude (days_since_month)
        from (
            {{ country_months(
                events="core.events_as_known_on(ts)",
                sides="core.fct_event_version_actor",
                observed=observed_months_as_known_on(),
                countries="core.dim_country",
                actors="core.dim_actor",
                event_source="core.dim_event_source",
            ) }}
        )
{% endmacro %}

{% macro create_actor_month_as_known_on() %}
    create or replace macro marts.actor_month_as_known_on(ts) as table
        {{ actor_months(
            by_country=false,
            events="core.events_as_known_on(ts)",
            sides="core.fct_event_version_actor",
            actors="core.dim_actor",
            observed=observed_months_as_known_on(),
            admin1_changes="core.bridge_admin1_change",
            event_source="core.dim_event_source",
        ) }}
{% endmacro %}
