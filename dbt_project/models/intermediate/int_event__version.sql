-- The versions of all curated feeds in the same columns. Adding an event feed is a line here.
{% set feeds = [
    ref('int_ucdp__event_version_located'),
    ref('int_acled__event_version_located'),
    ref('int_insecurity_insight__event_version_located'),
] %}

{% for versions in feeds %}
    select * from {{ versions }}
    {{ 'union all by name' if not loop.last }}
{% endfor %}
