-- Question: what is there to notice, about conflict and about the data, and how often was such an alert right?
--
-- Read it so: one row per alert that nothing else stands for, the 100 newest of each kind, conflict before data.
-- `alert_date` is a day of the events, `known_at` the moment from which the publisher's releases held what the rule
-- needs: with a release a year an alert can be old when it comes. `summary` has the figures. An alert on the data says
-- that a feed sleeps, has gaps or tells far less: while it stands, silence in that feed says nothing.
-- `rule_share_borne_out` is the share of the rule's earlier alerts in this source after which the violence held on (or
-- what else `outcome` says), `rule_base_rate` the same without an alert: where the two are near each other, the rule
-- says little. Feeds are never added: what two sources tell of one war is one alert, of the one that was known earlier.
--
-- Columns: alert_kind, level, alert_date, known_at, summary, rule, source, country_iso3, area, actor_id,
--   other_actor_id, evidence_grade, evidence_events, evidence, provisional, rule_alerts_per_year, rule_judged,
--   rule_share_borne_out, rule_base_rate, outcome, alert_id.
-- Parameters: none. For all alerts read marts.alert, where suppressed_by names what stands for one.
with newest as (
    select
        *,
        row_number() over (
            partition by alert_kind order by alert_date desc, known_at desc, alert_id
        ) as alert_rank
    from marts.alert
    where suppressed_by is null
)

select
    newest.alert_kind,
    newest.level,
    newest.alert_date,
    newest.known_at,
    newest.summary,
    newest.rule,
    newest.source,
    newest.country_iso3,
    newest.area,
    newest.actor_id,
    newest.other_actor_id,
    newest.evidence_grade,
    newest.evidence_events,
    newest.evidence,
    newest.provisional,
    round(record.alerts_per_year, 1) as rule_alerts_per_year,
    record.judged as rule_judged,
    round(record.share_borne_out, 2) as rule_share_borne_out,
    round(record.base_rate, 2) as rule_base_rate,
    record.outcome,
    newest.alert_id
from newest
inner join marts.alert_rule_record as record on newest.rule = record.rule and newest.source = record.source
where newest.alert_rank <= 100
order by newest.alert_kind, newest.alert_rank
