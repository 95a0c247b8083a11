-- What each type of each feed means in the common taxonomy. Where a class, tactic or target is null, what else the feed
-- tells of the event decides it (class_rule).
select
    feed,
    source_event_type,
    source_event_category,
    event_type_name,
    class_rule,
    violence_class,
    tactic,
    target_class,
    plover_type,
    plover_mode,
    source
from {{ ref('event_type') }}
