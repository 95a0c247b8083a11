-- Who attacks civilians: one-sided violence by perpetrator, states included, country, month and source. An event that
-- its source ascribes to two actors stands in the rows of both: `events` counts it in each, `events_weighted` in
-- halves, so that the weighted columns add up to country_month and plain ones may exceed it.
-- Sparse: a perpetrator has a row for each observed month with an event, or with one in the 23 months before: so that
-- an end shows as zero beside the same month a year ago.
with done as (
    select
        source,
        country_iso3,
        month,
        perpetrator_id,
        count(*) as events,
        count(*) filter (where is_ambiguous) as events_ambiguous,
        -- Rounded: a sum of thirds depends on the order of the rows.
        round(sum(event_weight), 6) as events_weighted,
        count(*) filter (where fatalities_best > 0) as fatal_events,
        coalesce(sum(fatalities_best), 0) as fatalities_best,
        round(coalesce(sum(fatalities_best * event_weight), 0), 6) as fatalities_best_weighted,
        coalesce(sum(fatalities_civilian), 0) as fatalities_civilian
    from {{ ref('int_event__perpetrator') }}
    group by all
),

perpetrators as (
    select
        source,
        country_iso3,
        perpetrator_id,
        -- One kind a perpetrator: the registry's, or the one that its id names.
        any_value(perpetrator_kind) as perpetrator_kind,
        bool_and(is_resolved) as is_resolved,
        min(month) as first_month
    from {{ ref('int_event__perpetrator') }}
    group by all
),

dense as (
    select
        perpetrator.*,
        observed.month,
        not observed.is_final as provisional,
        observed.observed_until,
        event_source.has_civilian_fatalities,
        coalesce(done.events, 0) as events,
        coalesce(done.events_ambiguous, 0) as events_ambiguous,
        coalesce(done.events_weighted, 0) as events_weighted,
        coalesce(done.fatal_events, 0) as fatal_events,
        coalesce(done.fatalities_best, 0) as fatalities_best,
        coalesce(done.fatalities_best_weighted, 0) as fatalities_best_weighted,
        coalesce(done.fatalities_civilian, 0) as fatalities_civilian
    from perpetrators as perpetrator
    inner join {{ ref('int_feed__observed_month') }} as observed
        on perpetrator.source = observed.feed and perpetrator.country_iso3 = observed.country_iso3
    inner join {{ ref('int_event__source') }} as event_source on perpetrator.source = event_source.feed
    left join done
        on
            perpetrator.source = done.source
            and perpetrator.country_iso3 = done.country_iso3
            and perpetrator.perpetrator_id = done.perpetrator_id
            and observed.month = done.month
),

compared as (
    select
        *,
        sum(events_weighted) over country_of_month as events_of_country,
        sum(fatalities_best_weighted) over country_of_month as fatalities_of_country,
        max(events) over same_month_last_year as events_same_month_last_year,
        max(fatalities_best) over same_month_last_year as fatalities_best_same_month_last_year,
        -- Null until so many months have been observed.
        case when count(*) over last_12_months = 12 then sum(events) over last_12_months end as events_12_months,
        case when count(*) over twelve_before = 12 then sum(events) over twelve_before end as events_12_months_before,
        case
            when count(*) over last_12_months = 12 then sum(fatalities_best) over last_12_months
        end as fatalities_best_12_months,
        case
            when count(*) over twelve_before = 12 then sum(fatalities_best) over twelve_before
        end as fatalities_best_12_months_before,
        sum(events) over last_24_months as any_24_months
    from dense
    window
        country_of_month as (partition by source, country_iso3, month),
        same_month_last_year as (
            partition by source, country_iso3, perpetrator_id order by month
            range between interval 12 month preceding and interval 12 month preceding
        ),
        last_12_months as (
            partition by source, country_iso3, perpetrator_id order by month
            range between interval 11 month preceding and current row
        ),
        twelve_before as (
            partition by source, country_iso3, perpetrator_id order by month
            range between interval 23 month preceding and interval 12 month preceding
        ),
        last_24_months as (
            partition by source, country_iso3, perpetrator_id order by month
            range between interval 23 month preceding and current row
        )
)

select
    compared.country_iso3,
    country.country_name,
    compared.month,
    compared.source,
    compared.perpetrator_id,
    coalesce(actor.actor_name, 'Unknown (' || replace(compared.perpetrator_kind, '_', ' ') || ')') as perpetrator_name,
    compared.perpetrator_kind,
    coalesce(kind.actor_class, 'unknown') as perpetrator_class,
    compared.is_resolved,
    compared.events,
    compared.events_ambiguous,
    compared.events_weighted,
    compared.fatal_events,
    cast(compared.fatalities_best as bigint) as fatalities_best,
    compared.fatalities_best_weighted,
    case when compared.has_civilian_fatalities then cast(compared.fatalities_civilian as bigint) end
        as fatalities_civilian,
    compared.events_weighted / nullif(compared.events_of_country, 0) as share_events,
    compared.fatalities_best_weighted / nullif(compared.fatalities_of_country, 0) as share_fatalities,
    compared.events_ambiguous / nullif(compared.events, 0) as share_ambiguous,
    compared.events_same_month_last_year,
    cast(compared.fatalities_best_same_month_last_year as bigint) as fatalities_best_same_month_last_year,
    cast(compared.events_12_months as bigint) as events_12_months,
    cast(compared.events_12_months_before as bigint) as events_12_months_before,
    cast(compared.fatalities_best_12_months as bigint) as fatalities_best_12_months,
    cast(compared.fatalities_best_12_months_before as bigint) as fatalities_best_12_months_before,
    compared.provisional,
    compared.observed_until
from compared
inner join {{ ref('dim_country') }} as country on compared.country_iso3 = country.country_iso3
left join {{ ref('dim_actor') }} as actor on compared.perpetrator_id = actor.actor_id
left join {{ ref('actor_kind_class') }} as kind on compared.perpetrator_kind = kind.actor_kind
where compared.any_24_months > 0
