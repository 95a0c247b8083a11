-- Reports that ReliefWeb catalogues, as recorded: one row per report and version, names as used in this project.
select
    report_key,
    channel,
    url_alias,
    attempt_id,
    recorded_at,
    is_withdrawn,
    -- Sorted by name: of several publishers the first stands for all.
    coalesce(nullif(trim(string_split(source_names, ';')[1]), ''), 'ReliefWeb') as publisher,
    -- ReliefWeb has a code for "other", which is no language.
    list_filter(
        string_split(language_codes, ';'), lambda code: regexp_full_match(code, '[a-z]{2}') and code <> 'ot'
    )[1] as language,
    -- What ReliefWeb posted was published by then, whatever date its source gives it.
    least(date_original, date_created) as published_at,
    date_changed as updated_at,
    title,
    excerpt as summary,
    url,
    country_iso3s
from {{ source('raw', 'reliefweb_report') }}
