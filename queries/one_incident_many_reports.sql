-- Question: which incidents do most sources tell of, and how sure are the links?
--
-- Read it so: the 100 incidents that most sources, then most records tell of, then those with most deaths; with one
-- source loaded, each stands alone. Deaths stand side by side and are never added: they are the same dead. `links` is
-- how each record after the first came to the incident: the rule (score: by the evidence; part: one source splits what
-- the other tells in one; publisher_id: one id in several topics; confirmed: by a person) and the probability of that
-- link, if it was compared; `weakest_link` is the lowest of them. `sahel incident ID` shows the evidence, and how to
-- undo it.
--
-- Columns: incident_id, date_start, date_end, country_iso3, admin1_name, place_name, violence_class, feed_count,
--   event_count, fatalities_ucdp, fatalities_acled, fatalities_insecurity_insight, weakest_link, links.
-- Parameters: none.
with links as (
    select
        incident_id,
        round(min(match_score), 3) as weakest_link,
        string_agg(
            concat_ws(' ', event_key, match_rule, format('{:.3f}', match_score)), '; '
            order by match_rule, event_key
        ) filter (where match_rule <> 'anchor') as links
    from core.bridge_incident_event
    group by incident_id
)

select
    incident.incident_id,
    incident.date_start,
    incident.date_end,
    incident.country_iso3,
    incident.admin1_name,
    incident.place_name,
    incident.violence_class,
    incident.feed_count,
    incident.event_count,
    incident.fatalities_ucdp,
    incident.fatalities_acled,
    incident.fatalities_insecurity_insight,
    links.weakest_link,
    links.links
from core.fct_incident as incident
inner join links on incident.incident_id = links.incident_id
order by
    incident.feed_count desc,
    incident.event_count desc,
    greatest(
        coalesce(incident.fatalities_ucdp, 0),
        coalesce(incident.fatalities_acled, 0),
        coalesce(incident.fatalities_insecurity_insight, 0)
    ) desc,
    incident.incident_id
limit 100
