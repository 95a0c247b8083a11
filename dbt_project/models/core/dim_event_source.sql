-- What each curated event feed tells of, and how many days its reports take to settle.
select
    feed,
    fatality_estimates,
    has_civilian_fatalities,
    has_dyads,
    settling_days,
    settling_basis
from {{ ref('int_event__source') }}
