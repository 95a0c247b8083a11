-- Question: which armed groups came to which country, when first, and on what evidence?
--
-- Read it so: one row per non-state actor and country, save the country in which it was first seen; the newest
-- arrivals first. `first_date` is the day of the first event of any source whose place is precise; ambiguous
-- attributions count only where a unit has no others. UCDP tells of fatal events only, so that it may be late.
-- `evidence_grade` is the best of the country's units: A two independent sources or a death, B one source without, or
-- doubtful attributions only. `first_event_key` leads to the event in core.fct_event. What no loaded source tells of
-- has no row.
--
-- Columns: actor_id, actor_name, country_iso3, country_name, first_date, first_fatal_date, first_date_ucdp,
--   first_date_acled, first_date_insecurity_insight, first_admin1_name, distance_to_previous_footprint_km,
--   evidence_grade, first_event_key, admin1_units, last_date, provisional, observed_until.
-- Parameters: none. For units instead of countries read marts.actor_territory, where is_new marks recent ones.
with countries as (
    select
        actor_id,
        any_value(actor_name) as actor_name,
        country_iso3,
        min(country_first_date) as first_date,
        min(country_first_fatal_date) as first_fatal_date,
        min(first_date_ucdp) as first_date_ucdp,
        min(first_date_acled) as first_date_acled,
        min(first_date_insecurity_insight) as first_date_insecurity_insight,
        arg_min(admin1_name, (is_ambiguous_only, first_date, first_event_key)) as first_admin1_name,
        arg_min(first_event_key, (is_ambiguous_only, first_date, first_event_key)) as first_event_key,
        arg_min(
            struct_pack(distance := distance_to_previous_footprint_km), (is_ambiguous_only, first_date, first_event_key)
        ).distance as distance_to_previous_footprint_km,
        min(evidence_grade) as evidence_grade,
        count(*) as admin1_units,
        max(last_date) as last_date,
        bool_or(provisional) filter (where is_first_in_country) as provisional,
        max(observed_until) as observed_until
    from marts.actor_territory
    where actor_kind not in ('state', 'state_forces', 'foreign_forces', 'external_forces')
    group by actor_id, country_iso3
),

arrivals as (
    select
        *,
        row_number() over (partition by actor_id order by first_date, country_iso3) as arrival
    from countries
)

select
    arrivals.actor_id,
    arrivals.actor_name,
    arrivals.country_iso3,
    country.country_name,
    arrivals.first_date,
    arrivals.first_fatal_date,
    arrivals.first_date_ucdp,
    arrivals.first_date_acled,
    arrivals.first_date_insecurity_insight,
    arrivals.first_admin1_name,
    round(arrivals.distance_to_previous_footprint_km, 1) as distance_to_previous_footprint_km,
    arrivals.evidence_grade,
    arrivals.first_event_key,
    arrivals.admin1_units,
    arrivals.last_date,
    coalesce(arrivals.provisional, false) as provisional,
    arrivals.observed_until
from arrivals
inner join core.dim_actor as actor on arrivals.actor_id = actor.actor_id
left join core.dim_country as country on arrivals.country_iso3 = country.country_iso3
-- Umbrellas ("unidentified armed group") are many, and arrive nowhere.
where arrivals.arrival > 1 and not coalesce(actor.is_umbrella, false)
order by arrivals.first_date desc, arrivals.actor_id, arrivals.country_iso3
