-- What stands in the place of an alert exists, is of its kind, and is not suppressed itself.
select
    suppressed.alert_id,
    suppressed.suppressed_by
from {{ ref('alert') }} as suppressed
left join {{ ref('alert') }} as by_whom on suppressed.suppressed_by = by_whom.alert_id
where
    suppressed.suppressed_by is not null
    and (
        by_whom.alert_id is null
        or by_whom.suppressed_by is not null
        or by_whom.alert_kind <> suppressed.alert_kind
    )
