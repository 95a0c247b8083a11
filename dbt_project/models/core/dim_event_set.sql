-- Named sets of events, such as `political_violence`, with the version of their definition.
select
    event_set,
    event_set_name,
    description,
    definition_version,
    source
from {{ ref('event_set') }}
