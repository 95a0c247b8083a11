{{ config(post_hook="{{ create_actor_share_between() }}") }}
-- How large a part of the violence an actor has, under every definition at once, so that "more than half of all
-- violence" can be answered, and disputed, in one query. A row where the numerator is above zero. Recent periods only;
-- marts.actor_share_between(first_day, last_day) answers for any other.
-- That macro reads the published months too:
-- depends_on: {{ ref('country_month') }}
{%- set observed -%}
    (
        select
            feed as source,
            country_iso3,
            month,
            not is_final as provisional,
            observed_until
        from {{ ref('int_feed__observed_month') }}
    )
{%- endset %}

{{ actor_shares(
    events=ref('fct_event'),
    event_sets=ref('bridge_event_set'),
    actor_events=ref('int_actor__event'),
    scope_members=ref('actor_scope_member'),
    area_sets=ref('dim_area_set'),
    countries=ref('dim_country'),
    actors=ref('dim_actor'),
    coverage=ref('feed_coverage'),
    observed=observed,
    periods=share_periods(observed),
) }}
