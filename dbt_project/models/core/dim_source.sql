-- The feeds with their publishers, licences and citations, and the line that goes wherever figures of a feed go.
with accessed as (
    select
        feed,
        max(recorded_at) as accessed_at
    from {{ source('ledger', 'load_attempt') }}
    where status in ('ok', 'empty', 'unchanged')
    group by feed
)

select
    source.feed,
    source.source_name,
    source.publisher,
    source.licence,
    source.licence_url,
    source.citation,
    source.homepage,
    source.redistribution_allowed,
    source.update_cadence,
    source.notes,
    accessed.accessed_at,
    case
        -- The words that ACLED's attribution policy asks for.
        when source.feed = 'acled'
            then
                'ACLED (Armed Conflict Location & Event Data), www.acleddata.com, accessed '
                || strftime(accessed.accessed_at, '%Y-%m-%d')
        -- It comes with the installation, so that no load tells of a day.
        when source.feed = 'geonames' then source.citation || '.'
        else rtrim(source.citation, '.') || '. Accessed ' || strftime(accessed.accessed_at, '%Y-%m-%d') || '.'
    end as attribution
from {{ ref('source') }} as source
left join accessed on source.feed = accessed.feed
