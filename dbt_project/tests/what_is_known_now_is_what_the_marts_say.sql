-- As known at the newest load, the months by country and by actor are those of the marts.
-- depends_on: {{ ref('country_month') }}
-- depends_on: {{ ref('actor_month') }}
{% for mart in ['country_month', 'actor_month'] %}
    {% set known = 'marts.' ~ mart ~ '_as_known_on(' ~ now_at() ~ ')' %}
    {% set columns -%}
        {% if execute -%}
            {% for column in run_query('describe from marts.' ~ mart ~ "_as_known_on('2026-01-01')").columns[0].values() -%}
                {{ column }}{{ ', ' if not loop.last }}
            {%- endfor %}
        {%- endif %}
    {%- endset %}
    (
        select '{{ mart }}' as mart, count(*) as differing_rows
        from (
            (select {{ columns }} from {{ ref(mart) }} except select {{ columns }} from {{ known }})
            union all
            (select {{ columns }} from {{ known }} except select {{ columns }} from {{ ref(mart) }})
        )
        having count(*) > 0
    )
    {{ 'union all' if not loop.last }}
{% endfor %}
