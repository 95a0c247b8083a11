-- Displaced people and displacements by country and year, as the publishers tell of them now. UNHCR's and IDMC's
-- figures stand side by side and are never added: both count the internally displaced, by rules of their own.
{% set unhcr_types = [
    ('refugees_hosted', 'country_asylum_iso3', 'refugees'),
    ('refugees_from', 'country_origin_iso3', 'refugees'),
    ('asylum_seekers_hosted', 'country_asylum_iso3', 'asylum_seekers'),
    ('asylum_seekers_from', 'country_origin_iso3', 'asylum_seekers'),
    ('returned_refugees', 'country_origin_iso3', 'returned_refugees'),
    ('idps', 'country_asylum_iso3', 'idps'),
    ('returned_idps', 'country_asylum_iso3', 'returned_idps'),
    ('stateless', 'country_asylum_iso3', 'stateless'),
    ('others_of_concern', 'country_asylum_iso3', 'others_of_concern'),
    ('other_people_in_need', 'country_asylum_iso3', 'other_people_in_need'),
    ('host_community', 'country_asylum_iso3', 'host_community'),
] %}

with unhcr as (
    select *
    from {{ ref('stg_unhcr__population_version') }}
    qualify
        row_number() over (partition by country_origin_iso3, country_asylum_iso3, year order by attempt_id desc) = 1
        and not is_withdrawn
),

idmc as (
    select *
    from {{ ref('stg_idmc__displacement_version') }}
    qualify
        row_number() over (partition by country_iso3, year order by attempt_id desc) = 1
        and not is_withdrawn
),

figures as (
    {% for population_type, country, people in unhcr_types %}
        select
            {{ country }} as country_iso3,
            year,
            'unhcr' as source,
            '{{ population_type }}' as population_type,
            sum({{ people }}) as value,
            max(recorded_at) as recorded_at
        from unhcr
        group by {{ country }}, year

        union all
    {% endfor %}

    {% for population_type, people in [
        ('new_displacements', 'new_displacement'),
        ('internally_displaced', 'total_displacement'),
    ] %}
        select
            country_iso3,
            year,
            'idmc' as source,
            '{{ population_type }}' as population_type,
            {{ people }} as value,
            recorded_at
        from idmc
        {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    figure.country_iso3,
    figure.year,
    figure.source,
    figure.population_type,
    cast(figure.value as bigint) as value,
    figure.recorded_at
from figures as figure
-- Of other countries UNHCR's rows tell only what concerns these.
inner join {{ ref('dim_country') }} as country on figure.country_iso3 = country.country_iso3
where country.in_scope and figure.value is not null
