{# What dyad_month compares: events within each quiet window and in the 180 days before it. #}

{% macro quiet_and_before() -%}
    {% for days in [60, 120] -%}
        count(*) filter (where days_before < {{ days }}) as quiet_{{ days }},
        count(*) filter (where days_before between {{ days }} and {{ days + 179 }})
            as before_{{ days }}{{ ',' if not loop.last }}
    {% endfor %}
{%- endmacro %}

{# Others' events in the quiet window at half their earlier daily rate or more. In whole numbers: half is half. #}
{% macro reporting_holds(days) -%}
    (coalesce(area.quiet_{{ days }}, 0) - coalesce(own.quiet_{{ days }}, 0)) * 180 * 2
    >= (coalesce(area.before_{{ days }}, 0) - coalesce(own.before_{{ days }}, 0)) * {{ days }}
{%- endmacro %}
