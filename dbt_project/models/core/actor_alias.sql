-- Names of registered actors, by source and language.
select
    alias,
    actor_id,
    source,
    language,
    cast(valid_from as date) as valid_from,
    cast(valid_to as date) as valid_to,
    is_ambiguous
from {{ ref('actor_alias_seed') }}
