-- How much of what is known today was known so many days after the event: by feed and country, from our own vintages.
select
    feed,
    country_iso3,
    days_after,
    events_final,
    events_known,
    share_known
from {{ ref('int_event__reporting_lag') }}
