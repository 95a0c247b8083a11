-- The words of the event taxonomy and what they mean.
select
    term_kind,
    term,
    term_name,
    description,
    source
from {{ ref('event_term') }}
