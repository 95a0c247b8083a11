-- Events and deaths by tactic, class of target, country, month and source. `events` counts violence, as country_month
-- does, and adds up to it; what is no violence (protests, arrests, looting without harm) stands beside it.
-- Sparse: a tactic against a target has a row for each observed month in which it was used, or had been used in the
-- twelve months before: so that its end shows as zero.
with events as (
    select
        feed as source,
        country_iso3,
        {{ month_of('date_end') }} as month,
        tactic,
        target_class,
        count(*) filter (where {{ is_violence('violence_class') }}) as events,
        count(*) filter (where {{ is_violence('violence_class') }} and fatalities_best > 0) as fatal_events,
        coalesce(sum(fatalities_best) filter (where {{ is_violence('violence_class') }}), 0) as fatalities_best,
        count(*) filter (where not {{ is_violence('violence_class') }}) as events_not_violence
    from {{ ref('fct_event') }}
    where country_iso3 is not null
    group by all
),

used as (
    select
        source,
        country_iso3,
        tactic,
        target_class,
        min(month) as first_month
    from events
    group by all
),

dense as (
    select
        used.source,
        used.country_iso3,
        observed.month,
        used.tactic,
        used.target_class,
        coalesce(event.events, 0) as events,
        coalesce(event.fatal_events, 0) as fatal_events,
        coalesce(event.fatalities_best, 0) as fatalities_best,
        coalesce(event.events_not_violence, 0) as events_not_violence,
        not observed.is_final as provisional,
        observed.observed_until
    from used
    inner join {{ ref('int_feed__observed_month') }} as observed
        on
            used.source = observed.feed
            and used.country_iso3 = observed.country_iso3
            -- The year before the first use is where its rise is measured from.
            and observed.month >= used.first_month - interval 12 month
    left join events as event
        on
            used.source = event.source
            and used.country_iso3 = event.country_iso3
            and used.tactic = event.tactic
            and used.target_class = event.target_class
            and observed.month = event.month
),

compared as (
    select
        *,
        sum(events) over country_of_month as events_of_country,
        sum(fatalities_best) over country_of_month as fatalities_of_country,
        case when count(*) over year_before = 12 then avg(events) over year_before end as events_mean_12_months,
        sum(events + events_not_violence) over year_to_date as any_12_months
    from dense
    window
        country_of_month as (partition by source, country_iso3, month),
        year_before as (
            partition by source, country_iso3, tactic, target_class order by month
            range between interval 12 month preceding and interval 1 month preceding
        ),
        year_to_date as (
            partition by source, country_iso3, tactic, target_class order by month
            range between interval 12 month preceding and current row
        )
)

select
    compared.country_iso3,
    country.country_name,
    compared.month,
    compared.source,
    compared.tactic,
    compared.target_class,
    compared.events,
    compared.fatal_events,
    cast(compared.fatalities_best as bigint) as fatalities_best,
    compared.events_not_violence,
    compared.events / nullif(compared.events_of_country, 0) as share_events,
    compared.fatalities_best / nullif(compared.fatalities_of_country, 0) as share_fatalities,
    compared.events_mean_12_months,
    compared.events - compared.events_mean_12_months as events_change,
    compared.provisional,
    compared.observed_until
from compared
inner join {{ ref('dim_country') }} as country on compared.country_iso3 = country.country_iso3
where compared.any_12_months > 0
