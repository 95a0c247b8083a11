-- The levels of each part of the evidence for one incident, and what each weighs.
select
    part,
    level,
    weight,
    topic_weight,
    meaning
from {{ ref('incident_evidence') }}
