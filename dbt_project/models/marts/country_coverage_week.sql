-- What the media told of a country in a week: GDELT rows by slot (DATEADDED), articles and ReliefWeb's reports by
-- publication date. Coverage, never incidents. A week in which a feed read nothing is null, never 0; slots_fetched
-- against slots_expected says how much of the week was read.
with gdelt_slots as (
    select
        {{ week_of('slot_date') }} as week,
        cast(sum(slots_expected) filter (where stream in ('export', 'translation.export')) as bigint) as slots_expected,
        cast(sum(slots_read) filter (where stream in ('export', 'translation.export')) as bigint) as slots_fetched,
        cast(sum(slots_read) filter (where stream in ('mentions', 'translation.mentions')) as bigint)
            as mention_slots_fetched
    from {{ ref('int_gdelt__slot_day') }}
    group by {{ week_of('slot_date') }}
),

gdelt_window as (
    select cast(max(newest_slot_at) as date) as observed_until
    from {{ ref('int_gdelt__slot_day') }}
    where stream in ('export', 'translation.export')
),

news_reading as (
    select
        {{ week_of('fetch_date') }} as week,
        count(distinct feed_id) as news_feeds_read
    from {{ ref('int_news__fetch_day') }}
    group by {{ week_of('fetch_date') }}
),

news_window as (
    select max(fetch_date) as observed_until
    from {{ ref('int_news__fetch_day') }}
),

reliefweb_window as (
    select max(observed_until) as observed_until
    from {{ ref('int_reliefweb__observed_week') }}
),

read_weeks as (
    select week
    from gdelt_slots
    where slots_fetched > 0 or mention_slots_fetched > 0

    union all

    select week from news_reading

    union all

    select week from {{ ref('int_reliefweb__observed_week') }}
),

spine as (
    select
        unnest(
            generate_series(cast(min(week) as timestamp), cast(max(week) as timestamp), interval 7 day)
        ) as week
    from read_weeks
),

calendar as (
    select
        country.country_iso3,
        country.country_name,
        cast(spine.week as date) as week
    from {{ ref('dim_country') }} as country
    cross join spine
    where country.in_scope
),

gdelt_events as (
    select
        country_iso3,
        {{ week_of('slot_date') }} as week,
        cast(sum(events) as bigint) as events,
        cast(sum(material_conflict_events) as bigint) as material_conflict_events,
        cast(sum(misplaced_events) as bigint) as misplaced_events,
        cast(sum(doubtful_place_events) as bigint) as doubtful_place_events
    from {{ ref('int_gdelt__country_day') }}
    group by country_iso3, {{ week_of('slot_date') }}
),

gdelt_mentions as (
    select
        country_iso3,
        {{ week_of('mention_date') }} as week,
        cast(sum(mentions) as bigint) as mentions
    from {{ ref('int_gdelt__mention_day') }}
    group by country_iso3, {{ week_of('mention_date') }}
),

news as (
    select
        named.country_iso3,
        {{ week_of('article.published_at') }} as week,
        count(*) filter (where article.feed = 'news') as articles,
        count(distinct article.publisher) filter (where article.feed = 'news') as publishers,
        count(*) filter (where article.feed = 'reliefweb') as reports
    from {{ ref('bridge_article_country') }} as named
    inner join {{ ref('fct_article') }} as article on named.article_id = article.article_id
    group by named.country_iso3, {{ week_of('article.published_at') }}
)

select
    calendar.country_iso3,
    calendar.country_name,
    calendar.week,
    case when slot.slots_fetched > 0 then coalesce(gdelt.events, 0) end as gdelt_events,
    case when slot.slots_fetched > 0 then coalesce(gdelt.material_conflict_events, 0) end
        as gdelt_material_conflict_events,
    case when slot.mention_slots_fetched > 0 then coalesce(mention.mentions, 0) end as gdelt_mentions,
    case when slot.slots_fetched > 0 then coalesce(gdelt.misplaced_events, 0) end as gdelt_events_misplaced,
    case when slot.slots_fetched > 0 then coalesce(gdelt.doubtful_place_events, 0) end as gdelt_events_doubtful_place,
    coalesce(slot.slots_fetched, 0) as slots_fetched,
    coalesce(slot.slots_expected, 0) as slots_expected,
    coalesce(slot.mention_slots_fetched, 0) as mention_slots_fetched,
    case when reading.news_feeds_read > 0 then coalesce(news.articles, 0) end as articles,
    cast(null as bigint) as stories,
    case when reading.news_feeds_read > 0 then coalesce(news.publishers, 0) end as publishers,
    coalesce(reading.news_feeds_read, 0) as news_feeds_read,
    case when reliefweb.week is not null then coalesce(news.reports, 0) end as reports,
    gdelt_window.observed_until as gdelt_observed_until,
    news_window.observed_until as news_observed_until,
    greatest(gdelt_window.observed_until, news_window.observed_until, reliefweb_window.observed_until)
        as observed_until,
    calendar.week + 6
    > greatest(gdelt_window.observed_until, news_window.observed_until, reliefweb_window.observed_until)
        as provisional
from calendar
cross join gdelt_window
cross join news_window
cross join reliefweb_window
left join gdelt_slots as slot on calendar.week = slot.week
left join news_reading as reading on calendar.week = reading.week
left join {{ ref('int_reliefweb__observed_week') }} as reliefweb
    on calendar.country_iso3 = reliefweb.country_iso3 and calendar.week = reliefweb.week
left join gdelt_events as gdelt on calendar.country_iso3 = gdelt.country_iso3 and calendar.week = gdelt.week
left join gdelt_mentions as mention on calendar.country_iso3 = mention.country_iso3 and calendar.week = mention.week
left join news on calendar.country_iso3 = news.country_iso3 and calendar.week = news.week
