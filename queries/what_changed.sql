-- Question: what changed since the last load?
--
-- Read it so: the changes that came with the newest load of each feed that brought any: events that are new, revised,
-- withdrawn by their publisher or restored, and articles whose outlet rewrote them. A revised event has a row per field
-- with the old and the new value; a new one has a single row. Withdrawn events no longer count anywhere; the figures of
-- older reports that used them are explained by these rows.
--
-- Columns: feed, source_event_id, change_kind, field, old_value, new_value, country_iso3, date_end, fatalities_best,
--   recorded_at.
-- Parameters: none. For everything since a day, ask audit.revision_log with recorded_at >= that day.
with changes as (
    select
        feed,
        source_event_id,
        change_kind,
        field,
        old_value,
        new_value,
        recorded_at
    from audit.revision_log

    union all

    select
        feed,
        source_event_id,
        change_kind,
        null as field,
        null as old_value,
        null as new_value,
        recorded_from as recorded_at
    from core.fct_event_version
    where change_kind = 'new'
),

newest as (
    select *
    from changes
    qualify recorded_at = max(recorded_at) over (partition by feed)
)

select
    newest.feed,
    newest.source_event_id,
    newest.change_kind,
    newest.field,
    newest.old_value,
    newest.new_value,
    version.country_iso3,
    version.date_end,
    version.fatalities_best,
    newest.recorded_at
from newest
left join core.fct_event_version as version
    on
        newest.feed = version.feed
        and newest.source_event_id = version.source_event_id
        and version.is_current
order by
    newest.feed,
    case newest.change_kind when 'withdrawn' then 1 when 'restored' then 2 when 'revised' then 3 else 4 end,
    version.date_end desc,
    newest.source_event_id,
    newest.field
