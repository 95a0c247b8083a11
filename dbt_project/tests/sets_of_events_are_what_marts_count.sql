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

(select * from counted except select * from bridged)
union all
(select * from bridged except select * from counted)
