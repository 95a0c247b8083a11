-- What publishers changed, field by field: one row per field that differs from the version before. First versions
-- are not listed (see core.fct_event_version, change_kind new).
{% set event_fields = [
    'date_start', 'date_end', 'date_precision', 'country_iso3', 'admin1_name_raw', 'admin2_name_raw', 'place_name',
    'latitude', 'longitude', 'where_precision', 'source_event_type', 'conflict_id', 'dyad_id', 'side_a_name',
    'side_b_name', 'fatalities_low', 'fatalities_best', 'fatalities_high', 'fatalities_civilian', 'event_clarity',
    'code_status', 'side_a_kind', 'side_b_kind', 'assoc_side_a_names', 'assoc_side_b_names', 'is_civilian_targeted',
    'tags', 'population_best', 'people_injured', 'people_kidnapped', 'people_arrested', 'event_description'
] %}
{% set article_fields = ['title', 'summary', 'url', 'published_at', 'date_status'] %}

with event_pairs as (
    select
        version.feed,
        version.source_event_id,
        version.change_kind,
        version.recorded_from as recorded_at,
        version.source_release,
        {{ old_and_new(event_fields) }}
    from {{ ref('fct_event_version') }} as version
    inner join {{ ref('fct_event_version') }} as before
        on version.event_key = before.event_key and version.previous_version_number = before.version_number
    where version.change_kind <> 'reissued'
),

article_pairs as (
    select
        version.feed,
        version.article_id as source_event_id,
        version.change_kind,
        version.recorded_from as recorded_at,
        cast(null as varchar) as source_release,
        {{ old_and_new(article_fields) }}
    from {{ ref('fct_article_version') }} as version
    inner join {{ ref('fct_article_version') }} as before
        on version.article_id = before.article_id and version.version_number = before.version_number + 1
),

changes as (
    -- A withdrawal is one change; its tombstone repeats what the last version said.
    select
        feed,
        source_event_id,
        'is_withdrawn' as field,
        case when change_kind = 'withdrawn' then 'false' else 'true' end as old_value,
        case when change_kind = 'withdrawn' then 'true' else 'false' end as new_value,
        change_kind,
        recorded_at,
        source_release
    from event_pairs
    where change_kind in ('withdrawn', 'restored')

    {% for pairs, fields in [('event_pairs', event_fields), ('article_pairs', article_fields)] %}
        {% for field in fields %}
            union all

            select
                feed,
                source_event_id,
                '{{ field }}' as field,
                old_{{ field }} as old_value,
                new_{{ field }} as new_value,
                change_kind,
                recorded_at,
                source_release
            from {{ pairs }}
            where old_{{ field }} is distinct from new_{{ field }}
        {% endfor %}
    {% endfor %}
)

select
    feed,
    source_event_id,
    field,
    old_value,
    new_value,
    change_kind,
    recorded_at,
    source_release
from changes
