"""What a situation report asks the published file, as SQL.

Here: the queries with what they leave in place of the scope and the day, and how many rows a table takes. Not here: who
asks and what is said of the answers (content.py).
"""

SPARK_WEEKS = 52
ALERT_DAYS = 90
"""An alert of days older than this before the report's start is history that a release brought, and only counted."""

MOST_ALERTS, MOST_AREAS, MOST_SIGNALS, MOST_ACTORS, MOST_PERPETRATORS = 6, 6, 4, 6, 5
MOST_ARRIVALS, MOST_DYADS, MOST_FEEDS, MOST_ALARMS, MOST_FORECAST_COUNTRIES = 3, 3, 6, 2, 6

# $holds(column) is the scope, $since$ the first day; other names between two $ are parts of the SQL itself. No query
# has a double quote, a dollar or a back-quote left, so that a shell takes it between double quotes.

IS_COMPLETE = "month + interval 1 month - interval 1 day <= observed_until"
"""A month of which the source has seen the last day."""
IS_SERIES = """area_kind = 'country'
            and $holds(area_id)
            and metric in ('events', 'fatalities_best', 'gdelt_material_conflict_events', 'articles')
            and value is not null"""
"""What the table of weeks compares, and what is drawn beside it."""


def _side_by_side(unit: str, name: str, most: int) -> str:
    """The last select over `figure`, the units of each source with their place in it: a row a unit, sources in columns."""
    return f"""select
        figure.{unit},
        any_value(figure.{name}) as {name},
        $columns$,
        count(*) over () as rows_in_all
    from figure
    group by figure.{unit}
    having max(figure.events) > 0
    -- The first of any source come first: a sum over sources would count incidents twice.
    order by min(figure.place) filter (where figure.events > 0), figure.{unit}
    limit {most}"""


COUNTRIES = """
    select country_iso3, country_iso2, country_name, country_name_fr, in_scope
    from core.dim_country
    order by country_iso3
"""
AREA_SETS = """
    select area_set, list(country_iso3) as members
    from core.dim_area_set
    group by area_set
    order by area_set <> 'monitored', area_set
"""
MONTHS = f"""
    with months as (
        select *
        from marts.country_month
        where $holds(country_iso3) and {IS_COMPLETE}
    )

    select
        this.source,
        this.month,
        count(*) as countries,
        sum(this.events) as events,
        -- Null unless every country was observed then, too.
        case when count(this.events_previous_month) = count(*) then sum(this.events_previous_month) end
            as events_month_before,
        case when count(this.events_same_month_last_year) = count(*) then sum(this.events_same_month_last_year) end
            as events_year_before,
        sum(this.fatalities_best) as deaths,
        sum(this.fatalities_low) as deaths_low,
        sum(this.fatalities_high) as deaths_high,
        case when count(year_ago.fatalities_best) = count(*) then sum(year_ago.fatalities_best) end
            as deaths_year_before,
        sum(this.fatalities_civilian) as deaths_civilian,
        case when count(this.fatalities_best_12_months) = count(*) then sum(this.fatalities_best_12_months) end
            as deaths_12_months,
        bool_or(this.provisional) as provisional
    from months as this
    left join months as year_ago
        on
            this.source = year_ago.source
            and this.country_iso3 = year_ago.country_iso3
            and this.month - interval 1 year = year_ago.month
    where this.month = (select max(newest.month) from months as newest where newest.source = this.source)
    group by this.source, this.month
    order by this.source = 'ucdp' desc, this.source
"""
WEEKS = f"""
    with weeks as (
        select
            source,
            metric,
            week,
            sum(value) as value,
            -- Means add up, where every country has one; classes do not. Rounded, since the order of a sum is not fixed.
            case when count(mean_4w) = count(*) then round(sum(mean_4w), 4) end as mean_4w,
            case when count(mean_52w) = count(*) then round(sum(mean_52w), 4) end as mean_52w,
            case when count(same_week_last_year) = count(*) then sum(same_week_last_year) end as same_week_last_year,
            case when count(*) = 1 then any_value(change_class) end as change_class,
            bool_or(provisional) as provisional,
            bool_and(is_complete) as is_complete
        from marts.trend_week
        where
            {IS_SERIES}
        group by source, metric, week
    )

    select source, metric, week, value, mean_4w, mean_52w, same_week_last_year, change_class, provisional
    from weeks
    where is_complete
    qualify week = max(week) over (partition by source, metric)
    order by metric in ('events', 'fatalities_best') desc, source = 'ucdp' desc, source, metric
"""
SERIES = f"""
    with weeks as (
        select source, metric, week, value, provisional
        from marts.trend_week
        where
            {IS_SERIES}
    )

    select source, metric, week, sum(value) as value, bool_or(provisional) as provisional
    from weeks
    where week > (select max(newest.week) from weeks as newest) - interval {SPARK_WEEKS} week
    group by source, metric, week
    order by source, metric, week
"""
ALERTS = f"""
    select
        alert.level,
        alert.alert_date,
        alert.known_at,
        alert.rule,
        alert.source,
        alert.summary,
        alert.evidence_grade,
        string_split(alert.evidence, ', ')[1] as evidence_first,
        alert.evidence_events,
        record.judged,
        record.share_borne_out,
        record.base_rate,
        alert.alert_id,
        count(*) over () as rows_in_all
    from marts.alert as alert
    left join marts.alert_rule_record as record on alert.rule = record.rule and alert.source = record.source
    where
        alert.alert_kind = 'conflict'
        and alert.suppressed_by is null
        and alert.known_at >= $since$
        and alert.alert_date >= $since$ - {ALERT_DAYS}
        and $holds(alert.country_iso3)
    order by alert.level = 'high' desc, alert.level = 'medium' desc, alert.alert_date desc, alert.alert_id
    limit {MOST_ALERTS}
"""
OLDER_ALERTS = f"""
    select count(*) as alerts, $since$ - {ALERT_DAYS} as before
    from marts.alert
    where
        alert_kind = 'conflict'
        and suppressed_by is null
        and known_at >= $since$
        and alert_date < $since$ - {ALERT_DAYS}
        and $holds(country_iso3)
"""
AREAS = f"""
    with months as (
        select
            source,
            month,
            $unit$ as area_id,
            $name$ as area,
            events,
            fatalities_best
        from $mart$
        where $holds(country_iso3) and {IS_COMPLETE}
    ),

    newest as (
        select source, max(month) as month
        from months
        group by source
    ),

    figures as (
        select
            this.source,
            this.area_id,
            any_value(this.area) as area,
            max(this.events) filter (where this.month = newest.month) as events,
            max(this.fatalities_best) filter (where this.month = newest.month) as deaths,
            case
                when count(*) filter (where this.month < newest.month) = 12
                    then avg(this.events) filter (where this.month < newest.month)
            end as events_mean
        from months as this
        inner join newest on this.source = newest.source
        where this.month >= newest.month - interval 12 month
        group by this.source, this.area_id
    ),

    figure as (
        select *, row_number() over (partition by source order by events desc, deaths desc, area_id) as place
        from figures
    )

    {_side_by_side("area_id", "area", MOST_AREAS)}
"""
SIGNALS = f"""
    with units as (
        select
            admin1_id,
            any_value(country_iso3) as country_iso3,
            arg_max(admin1_name, coalesce(valid_from, date '0001-01-01')) as admin1_name
        from core.dim_admin1
        group by admin1_id
    ),

    weeks as (
        select
            trend.*,
            units.country_iso3,
            units.admin1_name,
            max(trend.week) over (partition by trend.source) as newest_week
        from marts.trend_week as trend
        inner join units on trend.area_id = units.admin1_id
        where
            trend.area_kind = 'admin1'
            and trend.metric = 'events'
            and trend.is_complete
            and trend.value is not null
            and $holds(units.country_iso3)
    ),

    rising as (
        select *
        from weeks
        where week > newest_week - interval 28 day and (surge or threat)
        -- A unit once by source, in its newest week of this kind.
        qualify row_number() over (partition by source, area_id order by week desc) = 1
    )

    select
        admin1_name,
        country_iso3,
        source,
        week,
        case when surge and threat then 'surge and threat' when surge then 'surge' else 'threat' end as signal,
        value,
        mean_4w,
        mean_52w,
        count(*) over () as rows_in_all
    from rising
    order by week desc, value - mean_4w desc, source, area_id
    limit {MOST_SIGNALS}
"""
ACTORS = f"""
    with months as (
        select source, month, actor_id, actor_name, events, fatalities_best
        from $mart$
        where $where$ and {IS_COMPLETE}
    ),

    newest as (
        select source, max(month) as month
        from months
        group by source
    ),

    recent as (
        select this.source, this.actor_id, this.actor_name, this.events, this.fatalities_best as deaths
        from months as this
        inner join newest on this.source = newest.source and this.month = newest.month
    ),

    shares as (
        select source, actor_id, actor_name, share
        from marts.actor_share
        where
            $share$
            and period_kind = 'rolling_12_months'
            and universe = 'organised_violence'
            and measure = 'events'
            and role = 'involved'
            and actor_scope = 'exact'
            and ambiguous_rule = 'include'
    ),

    figures as (
        select
            coalesce(recent.source, shares.source) as source,
            coalesce(recent.actor_id, shares.actor_id) as actor_id,
            coalesce(recent.actor_name, shares.actor_name) as actor_name,
            recent.events,
            recent.deaths,
            shares.share
        from recent
        full join shares on recent.source = shares.source and recent.actor_id = shares.actor_id
    ),

    figure as (
        select
            figures.*,
            row_number() over (
                partition by figures.source
                order by figures.events desc nulls last, figures.share desc nulls last, figures.actor_id
            ) as place
        from figures
        inner join core.dim_actor as actor on figures.actor_id = actor.actor_id
        -- An umbrella is a name that several groups share.
        where not actor.is_umbrella
    )

    {_side_by_side("actor_id", "actor_name", MOST_ACTORS)}
"""
ARRIVALS = f"""
    select
        actor_name,
        admin1_name,
        country_iso3,
        first_date,
        evidence_grade,
        sources,
        count(*) over () as rows_in_all
    from marts.actor_territory
    where is_new and $holds(country_iso3)
    order by first_date desc, actor_id, admin1_id
    limit {MOST_ARRIVALS}
"""
DYADS = f"""
    with newest as (
        select *
        from marts.dyad_month
        where
            area_kind = 'country'
            and $holds(country_iso3)
            and {IS_COMPLETE}
        qualify month = max(month) over (partition by source, country_iso3)
    )

    select
        actor_a_name,
        actor_b_name,
        country_iso3,
        source,
        state,
        last_event_date,
        count(*) over () as rows_in_all
    from newest
    where state in ('renewed', 'lull', 'apparent_truce')
    order by last_event_date desc, actor_a_id, actor_b_id, country_iso3, source
    limit {MOST_DYADS}
"""
PERPETRATORS = f"""
    with complete as (
        select source, max(month) as month
        from marts.country_month
        where $holds(country_iso3) and {IS_COMPLETE}
        group by source
    ),

    figures as (
        select
            mart.source,
            mart.perpetrator_id,
            any_value(mart.perpetrator_name) as perpetrator_name,
            sum(mart.events_12_months) as events,
            sum(mart.events_12_months_before) as events_before,
            sum(mart.fatalities_best_12_months) as deaths
        from marts.civilian_targeting_month as mart
        inner join complete on mart.source = complete.source and mart.month = complete.month
        where $holds(mart.country_iso3)
        group by mart.source, mart.perpetrator_id
    ),

    figure as (
        select *, row_number() over (partition by source order by events desc, deaths desc, perpetrator_id) as place
        from figures
    )

    {_side_by_side("perpetrator_id", "perpetrator_name", MOST_PERPETRATORS)}
"""
FORECAST = """
    select
        forecast.target,
        forecast.target_month,
        forecast.issued_month,
        forecast.months_ahead,
        forecast.mean,
        forecast.p10,
        forecast.p90,
        forecast.p_ge_25,
        forecast.model,
        forecast.crps,
        forecast.ign,
        forecast.mis,
        forecast.skill_vs_conflictology,
        forecast.windows,
        -- The forecast's own columns are means over all countries, which say little of a large war.
        own.crps as own_crps,
        own.mis as own_mis,
        own.skill_vs_conflictology as own_skill,
        forecast.provisional
    from marts.forecast as forecast
    left join marts.forecast_score as own
        on
            forecast.model = own.model
            and forecast.target = own.target
            and forecast.area_kind = own.area_kind
            and forecast.area_id = own.area_id
            and own.protocol = 'as_issued'
            and own.months_ahead is null
    where forecast.area_kind = 'country' and $holds(forecast.area_id) and forecast.is_best
    order by forecast.target, forecast.months_ahead
"""
FORECAST_COUNTRIES = f"""
    select
        country.country_name,
        forecast.target_month,
        forecast.mean,
        forecast.p10,
        forecast.p90,
        forecast.p_ge_25,
        forecast.fatalities_12m,
        forecast.model,
        forecast.crps,
        forecast.ign,
        forecast.mis,
        forecast.provisional,
        count(*) over () as rows_in_all
    from marts.forecast as forecast
    inner join core.dim_country as country on forecast.area_id = country.country_iso3
    where
        forecast.area_kind = 'country'
        and forecast.target = 'all_violence'
        and forecast.months_ahead = 1
        and forecast.is_best
        and $holds(forecast.area_id)
    order by forecast.mean desc, forecast.area_id
    limit {MOST_FORECAST_COUNTRIES}
"""
PAST_MONTHS = f"""
    select month, fatalities_best as value, provisional
    from marts.country_month
    where
        source = 'ucdp'
        and $holds(country_iso3)
        and {IS_COMPLETE}
    qualify month > max(month) over () - interval 24 month
    order by month
"""
HOW_SURE = f"""
    with months as (
        select
            *,
            {IS_COMPLETE} as is_complete
        from marts.country_month
        where $holds(country_iso3)
    ),

    newest as (
        select source, max(month) filter (where is_complete) as month
        from months
        group by source
    ),

    changes as (
        select
            change.feed,
            count(distinct change.source_event_id) filter (where change.change_kind = 'revised') as revised,
            count(distinct change.source_event_id) filter (where change.change_kind = 'withdrawn') as withdrawn
        from audit.revision_log as change
        where
            change.recorded_at >= $since$
            and (change.feed, change.source_event_id) in (
                select (version.feed, version.source_event_id)
                from core.fct_event_version as version
                where $holds(version.country_iso3)
            )
        group by change.feed
    )

    select
        months.source,
        max(months.observed_until) as observed_until,
        min(months.month) filter (where months.provisional) as provisional_from,
        median(months.reporting_lag_factor) filter (where months.month = newest.month) as share_known,
        sum(months.events_low_precision) filter (where months.month > newest.month - interval 12 month)
        / nullif(sum(months.events) filter (where months.month > newest.month - interval 12 month), 0)
            as share_low_precision,
        coalesce(any_value(changes.revised), 0) as revised,
        coalesce(any_value(changes.withdrawn), 0) as withdrawn
    from months
    inner join newest on months.source = newest.source
    left join changes on months.source = changes.feed
    group by months.source
    order by months.source = 'ucdp' desc, months.source
"""
AGREEMENT = """
    with reach as (
        select max(observed_until) - 365 as first_day
        from marts.country_month
        where $holds(country_iso3)
    )

    select
        any_value(reach.first_day) as first_day,
        count(*) as incidents,
        count(*) filter (where incident.feed_count > 1) as shared,
        count(*) filter (where agreement.is_deaths_disputed) as deaths_disputed,
        count(*) filter (where agreement.is_attribution_disputed) as attribution_disputed,
        count(*) filter (where agreement.is_class_disputed) as class_disputed
    from core.fct_incident as incident
    cross join reach
    left join audit.source_agreement as agreement on incident.incident_id = agreement.incident_id
    where $holds(incident.country_iso3) and incident.date_end >= reach.first_day
"""
FEEDS = f"""
    with reach as (
        select source as feed, max(observed_until) as observed_until
        from marts.country_month
        where $holds(country_iso3)
        group by source

        union all

        select source as feed, max(observed_until) as observed_until
        from marts.trend_week
        where source in ('gdelt', 'news') and area_kind = 'country' and $holds(area_id) and value is not null
        group by source
    ),

    attempts as (
        select
            feed,
            count(*) filter (where status in ('failed', 'refused') and recorded_at >= $since$) as failures
        from audit.load_history
        group by feed
    )

    select
        reach.feed,
        reach.observed_until,
        (select max(recorded_at) from audit.load_history)::date - reach.observed_until as days_behind,
        coalesce(attempts.failures, 0) as failures,
        count(*) over () as rows_in_all
    from reach
    left join attempts on reach.feed = attempts.feed
    order by list_position(['ucdp', 'acled', 'insecurity_insight', 'gdelt', 'news'], reach.feed), reach.feed
    limit {MOST_FEEDS}
"""
NEVER_LOADED = """
    select string_agg(feed, ', ' order by feed) as feeds
    from core.dim_source
    where
        feed not in (select history.feed from audit.load_history as history where history.rows_parsed > 0)
        -- GeoNames comes with the installation, polygons are no observer, the made world is no feed.
        and feed not in ('geonames', 'boundaries', 'made')
"""
GAPS = """
    select
        $since$ as since,
        (select coalesce(sum(slots_expected), 0) from audit.gdelt_slot_day where slot_date >= $since$)
            as slots_expected,
        (select coalesce(sum(slots_expected - slots_read), 0) from audit.gdelt_slot_day where slot_date >= $since$)
            as slots_missing,
        (select count(*) from audit.news_feed_health) as news_feeds,
        (select count(*) from audit.news_feed_health where failing_since is not null) as news_failing
"""
ALARMS = f"""
    select level, alert_date, rule, summary, alert_id, count(*) over () as rows_in_all
    from marts.alert
    where
        alert_kind = 'data'
        and suppressed_by is null
        and known_at >= $since$
        and (country_iso3 is null or $holds(country_iso3))
    order by level = 'high' desc, level = 'medium' desc, alert_date desc, alert_id
    limit {MOST_ALARMS}
"""
LICENCES = """
    select
        feed,
        source_name,
        licence,
        attribution,
        redistribution_allowed
    from core.dim_source
    where
        feed in (select source from marts.country_month where $holds(country_iso3))
        or feed in (
            select source
            from marts.trend_week
            where area_kind = 'country' and $holds(area_id) and value is not null
        )
    order by feed = 'ucdp' desc, feed
"""
