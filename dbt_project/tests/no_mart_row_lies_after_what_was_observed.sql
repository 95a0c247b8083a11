-- Nothing seen is not zero: a feed's marts end where it stopped looking.
{% for mart, period in [
    ('country_month', 'month'), ('admin1_month', 'month'), ('actor_month', 'month'), ('actor_country_month', 'month'),
    ('trend_week', 'week'),
] %}
    select
        '{{ mart }}' as mart,
        {{ period }} as period,
        observed_until
    from {{ ref(mart) }}
    where {{ period }} > observed_until
    {{ 'union all' if not loop.last }}
{% endfor %}
