-- The feeds with their publishers, licences and citations.
select
    feed,
    source_name,
    publisher,
    licence,
    licence_url,
    citation,
    homepage,
    redistribution_allowed,
    update_cadence,
    notes
from {{ ref('source') }}
