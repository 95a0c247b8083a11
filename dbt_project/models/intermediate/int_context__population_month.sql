-- Population by month: that of the year, else of the newest year before it, which population_year tells. Never of a
-- later year: a rate must not rest on what nobody had counted yet.
with months as (
    select
        country_iso3,
        cast(
            unnest(generate_series(cast(make_date(min(year), 1, 1) as timestamp), {{ now_at() }}, interval 1 month))
            as date
        ) as month
    from {{ ref('fct_population') }}
    group by country_iso3
)

select
    months.country_iso3,
    months.month,
    known.population,
    known.year as population_year
from months
asof inner join {{ ref('fct_population') }} as known
    on months.country_iso3 = known.country_iso3 and year(months.month) >= known.year
