-- How often each rule fires in each source, and how often it was right: of the alerts that were sent (none that was
-- suppressed), those whose outcome can be told by now (int_alert__outcome; what it is stands in alert_rule). base_rate
-- is the same outcome where the rule was silent: what a person would expect who was told nothing.
with sources as (
    select
        feed as source,
        (max(looked_at_to) - min(looked_at_from) + 1) / 365.25 as years_observed,
        max(looked_at_to) as observed_until
    from {{ ref('int_feed__observed_month') }}
    group by feed
),

records as (
    select
        outcome.rule,
        outcome.source,
        count(alert.alert_id) as judged,
        count(alert.alert_id) filter (where outcome.is_borne_out) as borne_out,
        avg(cast(outcome.is_borne_out as integer)) filter (where alert.alert_id is not null) as share_borne_out,
        avg(cast(outcome.is_borne_out as integer)) filter (where outcome.alert_id is null) as base_rate
    from {{ ref('int_alert__outcome') }} as outcome
    left join {{ ref('alert') }} as alert on outcome.alert_id = alert.alert_id and alert.suppressed_by is null
    group by outcome.rule, outcome.source
),

counts as (
    select
        alert.rule,
        alert.source,
        count(*) as alerts,
        count(*) filter (where alert.suppressed_by is null) as alerts_sent,
        count(*) filter (
            where alert.suppressed_by is null and alert.alert_date > source.observed_until - interval 5 year
        ) as alerts_sent_last_5_years,
        median(alert.known_lag_days) filter (where alert.suppressed_by is null) as median_known_lag_days
    from {{ ref('alert') }} as alert
    left join sources as source on alert.source = source.source
    group by alert.rule, alert.source
),

-- A rule about conflict that never fired in a source has a row too.
asked as (
    select
        rule.rule,
        source.source
    from {{ ref('alert_rule') }} as rule
    inner join sources as source on rule.alert_kind = 'conflict'

    union

    select
        rule,
        source
    from counts
)

select
    rule.rule,
    cast(rule.rule_version as integer) as rule_version,
    rule.alert_kind,
    asked.source,
    case rule.alert_kind when 'conflict' then source.years_observed end as years_observed,
    coalesce(counts.alerts, 0) as alerts,
    coalesce(counts.alerts_sent, 0) as alerts_sent,
    case rule.alert_kind when 'conflict' then coalesce(counts.alerts_sent, 0) / source.years_observed end
        as alerts_per_year,
    case rule.alert_kind
        when 'conflict' then coalesce(counts.alerts_sent_last_5_years, 0) / least(5, source.years_observed)
    end as alerts_per_year_last_5_years,
    counts.median_known_lag_days,
    case when rule.outcome <> 'not_judged' then coalesce(record.judged, 0) end as judged,
    case when rule.outcome <> 'not_judged' then coalesce(record.borne_out, 0) end as borne_out,
    record.share_borne_out,
    record.base_rate,
    replace(
        case rule.outcome
            when 'deaths_hold'
                then
                    'as many deaths in the area within {days} days as in {days} days of the year before its window'
            when 'events_hold'
                then
                    'as many events in the area within {days} days as in {days} days of the year before its window'
            when 'actor_returns' then 'the actor violent in the area again within {days} days'
            when 'dyad_fights' then 'the two fighting in the area again within {days} days'
            when 'dyad_rests' then 'no fight of the two in the area for {days} days after it'
            else 'not judged: it tells of the data'
        end,
        '{days}',
        cast(rule.outcome_days as varchar)
    ) as outcome
from asked
inner join {{ ref('alert_rule') }} as rule on asked.rule = rule.rule
left join sources as source on asked.source = source.source
left join counts on asked.rule = counts.rule and asked.source = counts.source
left join records as record on asked.rule = record.rule and asked.source = record.source
