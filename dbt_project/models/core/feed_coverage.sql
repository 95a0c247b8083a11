-- Where and when the curated feeds were looking, and since when we know: outside of it, nothing seen is not zero.
select
    coverage.feed,
    coverage.source_release,
    release.kind as release_kind,
    coverage.country_iso3,
    coverage.period_start,
    coverage.period_end,
    coalesce(coverage.is_final, false) as is_final,
    release.released_at,
    coverage.recorded_at
from {{ source('ledger', 'coverage') }} as coverage
left join {{ source('ledger', 'ucdp_release') }} as release
    on coverage.feed = 'ucdp' and coverage.source_release = release.release
