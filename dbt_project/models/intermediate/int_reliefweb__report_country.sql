-- The countries that ReliefWeb files a report under, as the report stands. What is no country (WLD, the world) is
-- left out.
with newest as (
    select
        article_id,
        country_iso3s
    from {{ ref('int_reliefweb__report_version') }}
    qualify row_number() over (partition by article_id order by attempt_id desc) = 1
),

named as (
    select distinct
        article_id,
        unnest(string_split(country_iso3s, ';')) as country_iso3
    from newest
)

select
    named.article_id,
    named.country_iso3
from named
inner join {{ ref('country') }} as country on named.country_iso3 = country.country_iso3
