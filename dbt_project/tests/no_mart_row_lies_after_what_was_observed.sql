-- Nothing seen is not zero: a feed's marts end where it stopped looking.
{% for mart, period in [
    ('country_month', 'month'), ('admin1_month', 'month'), ('actor_month', 'month'), ('actor_country_month', 'month'),
    ('actor_footprint_month', 'month'), ('dyad_month', 'month'), ('actor_territory', 'first_date'),
    ('actor_share', 'period_start'), ('trend_week', 'week'),
] %}
    select
        '{{ mart }}' as mart,
        {{ period }} as period,
        observed_until
    from {{ ref(mart) }}
    where {{ period }} > observed_until
    {{ 'union all' if not loop.last }}
{% endfor %}
