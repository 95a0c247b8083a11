-- ReliefWeb's reports with one key each. RSS tells no number, so that its rows have a key of their own: where the API
-- tells of the report too, they belong to it, and what RSS repeats later says less and is left out.
with numbered as (
    select
        url_alias,
        min(report_key) as report_key,
        min(attempt_id) as first_attempt_id
    from {{ ref('stg_reliefweb__report_version') }}
    where channel = 'api' and url_alias is not null
    group by url_alias
)

select
    'reliefweb:' || coalesce(numbered.report_key, version.report_key) as article_id,
    coalesce(numbered.report_key, version.report_key) as item_id,
    version.* exclude (report_key, url_alias)
from {{ ref('stg_reliefweb__report_version') }} as version
left join numbered on version.channel = 'rss' and version.url_alias = numbered.url_alias
where numbered.report_key is null or version.attempt_id < numbered.first_attempt_id
