-- What the rules have found, with when it could be known, its evidence, and what stands in its place if nobody needs
-- to be sent it: readers take the rows without suppressed_by. Alerts about conflict and about the data are of two kinds
-- and never suppress each other.
with areas as (
    select
        'country' as area_kind,
        country_iso3 as area_id,
        country_name as area
    from {{ ref('dim_country') }}

    union all

    select
        'admin1' as area_kind,
        unit.admin1_id as area_id,
        unit.admin1_name || ' (' || country.country_name || ')' as area
    from {{ ref('dim_admin1') }} as unit
    inner join {{ ref('dim_country') }} as country on unit.country_iso3 = country.country_iso3
),

records as (
    select
        feed as source,
        country_iso3,
        min(looked_at_from) as first_date
    from {{ ref('int_feed__observed_month') }}
    group by feed, country_iso3
),

named as (
    select
        found.*,
        record.first_date as record_first_date,
        rule.rule_version,
        rule.alert_kind,
        rule.sentence,
        coalesce(area.area, found.area_id) as area,
        coalesce(actor.actor_name, found.actor_id) as actor_name,
        coalesce(other.actor_name, found.other_actor_id) as other_actor_name,
        suppression.suppressed_by,
        suppression.suppression
    from {{ ref('int_alert__candidate') }} as found
    inner join {{ ref('alert_rule') }} as rule on found.rule = rule.rule
    left join areas as area on found.area_kind = area.area_kind and found.area_id = area.area_id
    left join {{ ref('dim_actor') }} as actor on found.actor_id = actor.actor_id
    left join {{ ref('dim_actor') }} as other on found.other_actor_id = other.actor_id
    left join records as record on found.source = record.source and found.country_iso3 = record.country_iso3
    left join {{ ref('int_alert__suppression') }} as suppression on found.alert_id = suppression.alert_id
)

select
    alert_id,
    alert_kind,
    rule,
    cast(rule_version as integer) as rule_version,
    level,
    source,
    area_kind,
    area_id,
    area,
    country_iso3,
    actor_id,
    actor_name,
    other_actor_id,
    other_actor_name,
    case when other_actor_id is not null then actor_name || ' - ' || other_actor_name end as dyad,
    alert_date,
    metric,
    value,
    baseline,
    window_start as window_start_date,
    known_at,
    date_diff('day', alert_date, cast(known_at as date)) as known_lag_days,
    source_release,
    cast(evidence_events as bigint) as evidence_events,
    evidence,
    evidence_grade,
    provisional,
    {{ alert_sentence() }} as summary,
    suppressed_by,
    suppression
from named
