-- A feed that goes on answering and tells far less than usual everywhere: such a feed lies. Of the feeds of events by
-- whole months, of GDELT and the news by weeks; in all countries (of the news: outlets) of which it usually tells
-- enough, and at least in three of them, for where fewer tell anything a fall may be peace. Dated to the first day of
-- the period.
{{ config(materialized='ephemeral') }}
{# Of what is usual: all together fall to this share or below, and none stays above that. #}
{% set share_of_all = 0.4 %}
{% set share_of_each = 0.7 %}
{% set high_share = 0.2 %}
{% set least_parts = 3 %}
{# And together usually tell so much that chance does not halve it. #}
{% set least_usual = 50 %}
{# What is usual: the mean of so many periods before, of which so many were observed; what a part must usually tell. #}
{% set months = {'before': 12, 'least': 6} %}
{% set weeks = {'before': 8, 'least': 4} %}
{% set enough = {'events': 5, 'gdelt': 20, 'news': 5} %}
{# A week counts as looked at with half of GDELT's slots, or answers of the news on five days. #}
{% set least_slots = 672 %}
{% set least_days = 5 %}

with event_months as (
    select
        month.feed,
        month.month as period_start,
        month.looked_at_to as period_end,
        month.country_iso3 as part,
        date_diff('month', date '1900-01-01', month.month) as period,
        cast(count(event.event_key) as double) as told,
        {{ enough.events }} as enough,
        {{ months.before }} as periods_before,
        {{ months.least }} as least_periods
    from {{ ref('int_feed__observed_month') }} as month
    left join {{ ref('fct_event') }} as event
        on
            month.feed = event.feed
            and month.country_iso3 = event.country_iso3
            and event.date_end between month.looked_at_from and month.looked_at_to
    where month.looked_at_from = month.month and month.looked_at_to = last_day(month.month)
    group by month.feed, month.month, month.looked_at_to, month.country_iso3
),

gdelt_slots as (
    select
        {{ week_of('slot_date') }} as week,
        sum(slots_read) as slots_read
    from {{ ref('int_gdelt__slot_day') }}
    where stream in ('export', 'translation.export')
    group by {{ week_of('slot_date') }}
    having sum(slots_read) >= {{ least_slots }}
),

gdelt_countries as (
    select distinct country_iso3
    from {{ ref('int_gdelt__country_day') }}
    where country_iso3 is not null
),

gdelt_weeks as (
    select
        'gdelt' as feed,
        slots.week as period_start,
        slots.week + 6 as period_end,
        country.country_iso3 as part,
        date_diff('day', date '1900-01-01', slots.week) // 7 as period,
        -- As if all slots had been there: those that are missing are a gap, and no fall.
        coalesce(sum(told.events), 0) * 1344.0 / slots.slots_read as told,
        {{ enough.gdelt }} as enough,
        {{ weeks.before }} as periods_before,
        {{ weeks.least }} as least_periods
    from gdelt_slots as slots
    cross join gdelt_countries as country
    left join {{ ref('int_gdelt__country_day') }} as told
        on slots.week = {{ week_of('told.slot_date') }} and country.country_iso3 = told.country_iso3
    group by slots.week, slots.slots_read, country.country_iso3
),

news_days as (
    select
        {{ week_of('fetch_date') }} as week,
        count(distinct fetch_date) as days
    from {{ ref('int_news__fetch_day') }}
    group by {{ week_of('fetch_date') }}
    having count(distinct fetch_date) >= {{ least_days }}
),

news_items as (
    select
        feed_id,
        {{ week_of('published_at') }} as week,
        count(*) as items
    from {{ ref('int_news__article') }}
    where date_status = 'dated'
    group by feed_id, {{ week_of('published_at') }}
),

outlets as (
    select distinct feed_id
    from news_items
),

news_weeks as (
    select
        'news' as feed,
        days.week as period_start,
        days.week + 6 as period_end,
        outlet.feed_id as part,
        date_diff('day', date '1900-01-01', days.week) // 7 as period,
        cast(coalesce(item.items, 0) as double) as told,
        {{ enough.news }} as enough,
        {{ weeks.before }} as periods_before,
        {{ weeks.least }} as least_periods
    from news_days as days
    cross join outlets as outlet
    left join news_items as item on days.week = item.week and outlet.feed_id = item.feed_id
),

told as (
    select * from event_months
    union all
    select * from gdelt_weeks
    union all
    select * from news_weeks
),

usual as (
    select
        now.feed,
        now.period_start,
        now.period_end,
        now.part,
        now.told,
        avg(before.told) as usual
    from told as now
    inner join told as before
        on
            now.feed = before.feed
            and now.part = before.part
            and before.period between now.period - now.periods_before and now.period - 1
    group by
        now.feed, now.period_start, now.period_end, now.part, now.told, now.enough, now.least_periods
    having count(*) >= now.least_periods and avg(before.told) >= now.enough
),

fallen as (
    select
        feed,
        period_start,
        period_end,
        sum(told) as told,
        sum(usual) as usual
    from usual
    group by feed, period_start, period_end
    having
        count(*) >= {{ least_parts }}
        and sum(usual) >= {{ least_usual }}
        and sum(told) <= {{ share_of_all }} * sum(usual)
        and bool_and(told <= {{ share_of_each }} * usual)
)

select
    fallen.feed as source,
    'feed' as area_kind,
    fallen.feed as area_id,
    cast(null as varchar) as country_iso3,
    cast(null as varchar) as actor_id,
    cast(null as varchar) as other_actor_id,
    fallen.period_start as alert_date,
    case when fallen.told <= {{ high_share }} * fallen.usual then 'high' else 'medium' end as level,
    case fallen.feed when 'news' then 'articles' else 'events' end as metric,
    round(fallen.told, 1) as value,
    round(fallen.usual, 1) as baseline,
    fallen.period_start as window_start,
    min(attempt.recorded_at) as known_at,
    cast(null as varchar) as source_release,
    0 as evidence_events,
    cast(null as varchar) as evidence,
    cast(null as varchar) as evidence_grade,
    -- A month of events may still fill.
    fallen.feed not in ('gdelt', 'news')
    and not bool_and(coalesce(month.is_final, false)) as provisional
from fallen
inner join {{ source('ledger', 'load_attempt') }} as attempt
    on
        fallen.feed = attempt.feed
        and attempt.status in ('ok', 'empty', 'unchanged')
        and cast(attempt.recorded_at as date) > fallen.period_end
left join {{ ref('int_feed__observed_month') }} as month
    on fallen.feed = month.feed and fallen.period_start = month.month
group by fallen.feed, fallen.period_start, fallen.told, fallen.usual
