-- The sets that marts count by an expression hold just those events.
with counted as (
    select
        event_key,
        'violence' as event_set
    from {{ ref('fct_event') }}
    where {{ is_violence('violence_class') }}

    union all

    select
        event_key,
        violence_class as event_set
    from {{ ref('fct_event') }}
    where violence_class in ('state_based', 'non_state', 'one_sided')
),

bridged as (
    select
        event_key,
        event_set
    from {{ ref('bridge_event_set') }}
    where event_set in ('violence', 'state_based', 'non_state', 'one_sided')
)

select
    coalesce(counted.event_key, bridged.event_key) as event_key,
    counted.event_set as counted_in,
    bridged.event_set as bridged_to
from counted
full outer join bridged on counted.event_key = bridged.event_key and counted.event_set = bridged.event_set
where counted.event_key is null or bridged.event_key is null
