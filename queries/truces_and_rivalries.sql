-- Question: where did two armed groups that were fighting each other stop, for how long, and did they start again?
--
-- Read it so: one row per silence between two non-state actors in a country, by source: JNIM against the Islamic
-- State's Sahel Province (jnim, issp) first, then the newest silences. A silence stands here if at a month's end it
-- was a lull (no event for 60 days after five or more in 180) or an apparent truce (120 days), while both went on
-- fighting others there and the source went on reporting. `renewed_month` is the month of the next event; null with
-- `is_current` says that the silence lasts; null without, that one of the two, or the reporting, has fallen silent
-- too. An apparent truce is no proof of an agreement. A source that tells of fatal events only (UCDP) does not see
-- fights without deaths.
--
-- Columns: actor_a_id, actor_b_id, country_iso3, source, state_reached, last_event_date, prior_180d_events,
--   first_quiet_month, last_quiet_month, days_quiet, renewed_month, is_current, provisional, observed_until.
-- Parameters: none. For units instead of countries take area_kind = 'admin1'.
with dyads as (
    select *
    from marts.dyad_month
    where area_kind = 'country'
),

silences as (
    select
        actor_a_id,
        actor_b_id,
        country_iso3,
        source,
        last_event_date,
        case when bool_or(state = 'apparent_truce') then 'apparent_truce' else 'lull' end as state_reached,
        max(prior_180d_events) as prior_180d_events,
        min(month) as first_quiet_month,
        max(month) as last_quiet_month,
        max(days_since_last) as days_quiet,
        bool_or(provisional) as provisional,
        max(observed_until) as observed_until
    from dyads
    where state in ('lull', 'apparent_truce')
    group by actor_a_id, actor_b_id, country_iso3, source, last_event_date
),

-- The silence that a renewal ended is the last one before it.
renewals as (
    select
        actor_a_id,
        actor_b_id,
        country_iso3,
        source,
        month as renewed_month,
        lag(month, 1, date '0001-01-01') over (
            partition by actor_a_id, actor_b_id, country_iso3, source order by month
        ) as renewed_before
    from dyads
    where state = 'renewed'
)

select
    silence.actor_a_id,
    silence.actor_b_id,
    silence.country_iso3,
    silence.source,
    silence.state_reached,
    silence.last_event_date,
    silence.prior_180d_events,
    silence.first_quiet_month,
    silence.last_quiet_month,
    silence.days_quiet,
    renewal.renewed_month,
    silence.last_quiet_month = date_trunc('month', silence.observed_until) as is_current,
    silence.provisional,
    silence.observed_until
from silences as silence
inner join core.dim_actor as actor_a on silence.actor_a_id = actor_a.actor_id
inner join core.dim_actor as actor_b on silence.actor_b_id = actor_b.actor_id
left join renewals as renewal
    on
        silence.actor_a_id = renewal.actor_a_id
        and silence.actor_b_id = renewal.actor_b_id
        and silence.country_iso3 = renewal.country_iso3
        and silence.source = renewal.source
        and silence.last_quiet_month < renewal.renewed_month
        and silence.last_quiet_month >= renewal.renewed_before
where
    actor_a.actor_kind not in ('state', 'state_forces', 'foreign_forces', 'external_forces')
    and actor_b.actor_kind not in ('state', 'state_forces', 'foreign_forces', 'external_forces')
order by
    silence.actor_a_id = 'issp' and silence.actor_b_id = 'jnim' desc,
    silence.last_event_date desc,
    silence.actor_a_id,
    silence.actor_b_id,
    silence.country_iso3,
    silence.source
