-- The levels of each part of the evidence for one incident, and what each weighs.
select
    part,
    level,
    cast(weight as double) as weight,
    meaning
from {{ ref('incident_evidence') }}
