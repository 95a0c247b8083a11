-- A stream of which suddenly many records cannot be read: on a day, at least 20 and one in twenty, and five times the
-- share of the 28 days before. Such a feed has changed its form, or breaks.
{{ config(materialized='ephemeral') }}
{% set least_rows = 20 %}
{% set least_share = 0.05 %}
{% set times_usual = 5 %}
{% set high_share = 0.5 %}

with days as (
    select
        feed,
        stream,
        cast(recorded_at as date) as load_date,
        min(recorded_at) as known_at,
        sum(rows_parsed) as rows_parsed,
        sum(rows_quarantined) as rows_quarantined
    from {{ source('ledger', 'load_attempt') }}
    where rows_parsed > 0
    group by feed, stream, cast(recorded_at as date)
),

compared as (
    select
        *,
        rows_quarantined / rows_parsed as share,
        coalesce(sum(rows_quarantined) over before / sum(rows_parsed) over before, 0) as usual_share
    from days
    window before as (
        partition by feed, stream order by load_date
        range between interval 28 day preceding and interval 1 day preceding
    )
)

select
    feed as source,
    'feed' as area_kind,
    feed || '/' || stream as area_id,
    cast(null as varchar) as country_iso3,
    cast(null as varchar) as actor_id,
    cast(null as varchar) as other_actor_id,
    load_date as alert_date,
    case when share >= {{ high_share }} then 'high' else 'medium' end as level,
    'percent_quarantined' as metric,
    round(100.0 * share, 1) as value,
    round(100.0 * usual_share, 1) as baseline,
    load_date as window_start,
    known_at,
    cast(null as varchar) as source_release,
    0 as evidence_events,
    cast(null as varchar) as evidence,
    cast(null as varchar) as evidence_grade,
    false as provisional
from compared
where
    rows_quarantined >= {{ least_rows }}
    and share >= {{ least_share }}
    and share >= {{ times_usual }} * usual_share
