-- Question: who fights JNIM: which states, militias, foreign forces and rival groups?
--
-- Read it so: one row per opponent and source with an event against JNIM in the last twelve observed months, grouped by
-- kind of opponent. An event with an army and a militia on one side counts for both: `events` of the opponents do not
-- add up, `events_of_kind` counts each event of the kind once. Which side attacked is not told. `partners` are the
-- actors that the registry says were allied with the opponent at the end of the period; civilians are no opponent.
--
-- Columns: source, opponent_kind, events_of_kind, opponent_id, opponent_name, events, fatalities_best,
--   ambiguous_events, country_list, last_event_date, partners, provisional, observed_until.
-- Parameters: none. For another actor change the name in the first lines of SQL.
with observed as (
    select
        source,
        max(observed_until) as observed_until
    from marts.country_month
    group by source
),

recent as (
    select
        event.event_key,
        event.feed as source,
        event.country_iso3,
        event.date_end,
        event.fatalities_best,
        mart.provisional,
        observed.observed_until
    from core.fct_event as event
    inner join observed on event.feed = observed.source
    inner join marts.country_month as mart
        on
            event.feed = mart.source
            and event.country_iso3 = mart.country_iso3
            and date_trunc('month', event.date_end) = mart.month
    where
        event.date_end >= date_trunc('month', observed.observed_until) - interval 11 month
        and coalesce(event.violence_class, 'unclassified') not in ('demonstration', 'riot_mob', 'strategic')
),

fights as (
    select
        event.source,
        event.event_key,
        event.country_iso3,
        event.date_end,
        event.fatalities_best,
        event.provisional,
        event.observed_until,
        opponent.actor_id as opponent_id,
        any_value(actor.actor_name) as opponent_name,
        any_value(actor.actor_kind) as opponent_kind,
        bool_and(coalesce(me.is_ambiguous, false) or coalesce(opponent.is_ambiguous, false)) as is_ambiguous
    from recent as event
    inner join core.fct_event_actor as me on event.event_key = me.event_key and me.actor_id = 'jnim'
    inner join core.fct_event_actor as opponent on event.event_key = opponent.event_key and me.side <> opponent.side
    inner join core.dim_actor as actor on opponent.actor_id = actor.actor_id
    where actor.actor_kind <> 'civilians' and opponent.actor_id <> me.actor_id
    group by
        event.source, event.event_key, event.country_iso3, event.date_end, event.fatalities_best, event.provisional,
        event.observed_until, opponent.actor_id
),

kinds as (
    select
        source,
        opponent_kind,
        count(distinct event_key) as events_of_kind
    from fights
    group by source, opponent_kind
),

alliances as (
    select
        relation.actor_id,
        relation.other_actor_id as partner_id,
        relation.valid_from,
        relation.valid_to
    from core.bridge_actor_relation as relation
    where relation.relation = 'allied_with'

    union

    select
        relation.other_actor_id as actor_id,
        relation.actor_id as partner_id,
        relation.valid_from,
        relation.valid_to
    from core.bridge_actor_relation as relation
    where relation.relation = 'allied_with'
),

partners as (
    select
        observed.source,
        alliances.actor_id,
        string_agg(distinct alliances.partner_id, ', ' order by alliances.partner_id) as partners
    from alliances
    inner join observed
        on
            observed.observed_until >= coalesce(alliances.valid_from, date '0001-01-01')
            and observed.observed_until < coalesce(alliances.valid_to, date '9999-12-31')
    group by observed.source, alliances.actor_id
)

select
    fights.source,
    fights.opponent_kind,
    kinds.events_of_kind,
    fights.opponent_id,
    any_value(fights.opponent_name) as opponent_name,
    count(*) as events,
    cast(coalesce(sum(fights.fatalities_best), 0) as bigint) as fatalities_best,
    count(*) filter (where fights.is_ambiguous) as ambiguous_events,
    string_agg(distinct fights.country_iso3, ', ' order by fights.country_iso3) as country_list,
    max(fights.date_end) as last_event_date,
    any_value(partners.partners) as partners,
    bool_or(fights.provisional) as provisional,
    max(fights.observed_until) as observed_until
from fights
inner join kinds on fights.source = kinds.source and fights.opponent_kind = kinds.opponent_kind
left join partners on fights.source = partners.source and fights.opponent_id = partners.actor_id
group by fights.source, fights.opponent_kind, kinds.events_of_kind, fights.opponent_id
order by fights.source, kinds.events_of_kind desc, fights.opponent_kind, events desc, fights.opponent_id
