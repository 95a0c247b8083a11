{{ config(materialized='table') }}

-- See the macro: where and when each curated feed was looking, as known now.
{% set current_events %}
    (
        select
            feed,
            country_iso3,
            date_end
        from {{ ref('int_event__version') }}
        qualify
            row_number() over (partition by event_key order by attempt_id desc) = 1
            and not is_withdrawn
    )
{% endset %}
{{ observed_months(
    coverage=source('ledger', 'coverage'),
    events=current_events,
    event_source=ref('int_event__source'),
    as_of=now_at(),
) }}
