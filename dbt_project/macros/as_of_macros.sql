-- What was known, and what was published, on a given date. This file is at once plain SQL (publication runs
-- it on the BI file) and a dbt macro (the two comment lines that hold tags), so that the text exists once.
-- {% macro create_as_of_macros() %}
create or replace macro core.events_as_known_on(ts) as table
    select version.*
    from core.fct_event_version as version
    where
        version.recorded_from <= cast(ts as timestamp)
        and (version.recorded_to is null or version.recorded_to > cast(ts as timestamp))
        and version.change_kind <> 'withdrawn';

create or replace macro core.events_as_published_on(ts) as table
    select version.*
    from core.fct_event_version as version
    where
        version.released_at <= cast(ts as timestamp)
        and (version.released_to is null or version.released_to > cast(ts as timestamp))
        and version.change_kind <> 'withdrawn';
-- {% endmacro %}
