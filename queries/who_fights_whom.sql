-- Question: who fights whom?
--
-- Read it so: one row per pair of actors and source, the most events of the last twelve observed months first, with the
-- events of all time beside. Which side stands first says nothing about who attacked, save that in one-sided violence
-- (`events_one_sided`) it is the perpetrator. Sides that nobody knows stand with the name the source gives them, marked
-- in `is_resolved`. An event whose side is "A and/or B", or A and B together, counts for the pairs of each of them, so
-- that the column does not add up to the number of events; `is_ambiguous` marks the former.
--
-- Columns: side_a, side_b, source, events_12_months, events_one_sided, fatalities_best_12_months, events_in_all,
--   first_event_date, last_event_date, countries, is_resolved, is_ambiguous.
-- Parameters: none.
with observed as (
    select
        source,
        max(observed_until) as observed_until
    from marts.country_month
    group by source
),

sides as (
    select
        side.event_key,
        side.role,
        coalesce(actor.actor_name, side.actor_part_raw, side.actor_name_raw) as actor_name,
        side.actor_id is not null as is_resolved,
        side.is_ambiguous
    from core.fct_event_actor as side
    left join core.dim_actor as actor on side.actor_id = actor.actor_id
),

pairs as (
    select
        event.feed as source,
        event.date_start,
        event.date_end,
        event.country_iso3,
        event.fatalities_best,
        -- One order for both ways of telling a fight; one-sided violence keeps the perpetrator first.
        case
            when event.violence_class = 'one_sided' then a.actor_name else least(a.actor_name, b.actor_name)
        end as side_a,
        case
            when event.violence_class = 'one_sided' then b.actor_name else greatest(a.actor_name, b.actor_name)
        end as side_b,
        event.violence_class = 'one_sided' as is_one_sided,
        a.is_resolved and b.is_resolved as is_resolved,
        a.is_ambiguous or b.is_ambiguous as is_ambiguous,
        event.date_end >= date_trunc('month', observed.observed_until) - interval 11 month as is_recent
    from core.fct_event as event
    inner join sides as a on event.event_key = a.event_key and a.role = 'side_a'
    inner join sides as b on event.event_key = b.event_key and b.role = 'side_b'
    inner join observed on event.feed = observed.source
)

select
    side_a,
    side_b,
    source,
    count(*) filter (where is_recent) as events_12_months,
    count(*) filter (where is_recent and is_one_sided) as events_one_sided,
    cast(coalesce(sum(fatalities_best) filter (where is_recent), 0) as bigint) as fatalities_best_12_months,
    count(*) as events_in_all,
    min(date_start) as first_event_date,
    max(date_end) as last_event_date,
    string_agg(distinct country_iso3, ', ' order by country_iso3) as countries,
    bool_and(is_resolved) as is_resolved,
    bool_or(is_ambiguous) as is_ambiguous
from pairs
group by side_a, side_b, source
order by source, events_12_months desc, events_in_all desc, side_a, side_b
