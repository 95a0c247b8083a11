-- The ledger: what was attempted, fetched, refused, checked and built. Written by Python only, in the
-- same transaction as the data it tells of; dbt reads it as the source `ledger`. Times are UTC.

create schema if not exists landing;
create schema if not exists raw;
create schema if not exists ledger;
create schema if not exists reference;

-- Batches that are landed and wait for audit or promotion; landing.<table> holds their rows by partition_key.
create table if not exists landing.pending (
    partition_key varchar not null,
    feed varchar not null,
    table_name varchar not null,
    batch varchar not null,              -- orchestration.records.Batch as JSON
    facts varchar not null,              -- counts of the parse, as JSON
    verdict varchar                      -- of the audit, as JSON; null until audited
);
create table if not exists landing.rejected (
    partition_key varchar not null,
    table_name varchar not null,
    payload_sha256 varchar,
    line bigint,
    reason varchar not null,
    row_text varchar
);

-- Journal entries of committed batches on their way into the payload store's journal.
create table if not exists ledger.journal_outbox (batch_id varchar not null, entry varchar not null);

-- One row per attempt to load one window of one stream, failures and empties too.
create table if not exists ledger.load_attempt (
    attempt_id bigint not null,
    run_id varchar not null,
    feed varchar not null,
    stream varchar not null,             -- ged, candidate, actor, file | export, mentions, translation.export, translation.mentions | the news feed's id
    partition_key varchar not null,      -- release | day | fetch instant
    table_name varchar,                  -- of landing and raw; null where there was nothing to land
    country_scope varchar,               -- ISO3 codes that it was parsed under, or all; null likewise
    window_start timestamp,
    window_end timestamp,
    status varchar not null,             -- ok, empty, unchanged, missing, refused, failed
    rows_parsed bigint not null,         -- records on the wire
    rows_loaded bigint not null,         -- new versions in raw, tombstones included
    rows_unchanged bigint not null,      -- already known with the same content
    rows_out_of_scope bigint not null,   -- left out by the country scope
    rows_quarantined bigint not null,    -- parsed = in scope (loaded or unchanged) + out of scope + quarantined; tombstones are loaded without being parsed
    rows_withdrawn bigint not null,      -- tombstones among rows_loaded
    error varchar,
    payload_sha256 varchar,              -- of the payload; null where several (see attempt_payload) or none
    payloads bigint not null,
    newest_record_at timestamp,          -- newest event or publication time among the rows parsed
    recorded_at timestamp not null,      -- the load's clock (SAHEL_NOW if set)
    started_at timestamp not null,       -- the machine's clock
    finished_at timestamp not null
);

create table if not exists ledger.attempt_payload (
    attempt_id bigint not null,
    payload_key varchar not null,
    payload_sha256 varchar not null,
    url varchar not null
);

-- Rows that could not be typed or keyed, verbatim.
create table if not exists ledger.quarantined_row (
    attempt_id bigint not null,
    feed varchar not null,
    table_name varchar not null,
    payload_sha256 varchar not null,
    url varchar,
    line bigint,
    reason varchar not null,
    row_text varchar,
    recorded_at timestamp not null
);

-- One row per expectation and batch; attempt_id is the batch's first attempt.
create table if not exists ledger.quality_result (
    attempt_id bigint not null,
    feed varchar not null,
    table_name varchar not null,
    partition_key varchar not null,
    check_name varchar not null,
    severity varchar not null,           -- block | warn
    passed boolean not null,
    could_run boolean not null,          -- false: the check itself failed, which stops the load too
    observed varchar,
    failing_sample varchar,              -- JSON array of up to five failing rows or values
    verdict varchar not null,            -- of the whole batch: pass | warn | block
    recorded_at timestamp not null
);

-- GDELT: state of every slot ever expected in a loaded window.
create table if not exists ledger.gdelt_slot (
    slot_at timestamp not null,
    stream varchar not null,             -- export, mentions, translation.export, translation.mentions
    state varchar not null,              -- listed, fetched, missing, corrupt, empty
    listed_size bigint,
    listed_md5 varchar,
    payload_sha256 varchar,
    error varchar,
    checked_at timestamp not null,
    primary key (slot_at, stream)
);

-- UCDP: releases applied, in the order of their application.
create table if not exists ledger.ucdp_release (
    release varchar not null,            -- 25.1 | 26.01.26.06 | 26.0.8 | file-<sha8> | actor lists as actor-22.1
    kind varchar not null,               -- annual, cumulative, monthly, file, actor
    period_start date,
    period_end date,
    released_at timestamp,
    payload_sha256 varchar not null,     -- of a release that came in pages: of the pages' hashes in order
    payload_key varchar not null,
    recorded_at timestamp not null,
    -- filled by the promotion:
    attempt_id bigint,
    country_scope varchar,               -- ISO3 codes it was parsed under, or all
    batch varchar,                       -- orchestration.records.Batch as JSON, to apply it again in order
    primary key (release)
);

-- Where and when a feed was looking, so that nothing seen is not taken for zero. Rows are added, never changed:
-- what was covered on a past date must stay known.
create table if not exists ledger.coverage (
    feed varchar not null,
    source_release varchar not null,     -- UCDP release or file; else what the feed calls its window
    country_iso3 varchar not null,
    period_start date not null,
    period_end date not null,
    is_final boolean,                    -- true where the publisher calls the period final
    recorded_at timestamp not null,
    primary key (feed, source_release, country_iso3, period_start, period_end)
);

-- Where a stream's last good load ended, in the publisher's own terms (an edit stamp, a page's last change).
create table if not exists ledger.feed_cursor (
    feed varchar not null,
    stream varchar not null,
    cursor varchar not null,
    recorded_at timestamp not null,
    primary key (feed, stream)
);

-- Validators for conditional requests, from the last answer that parsed. Under another country scope the same
-- answer would give other rows: it is asked for again.
create table if not exists ledger.http_validator (
    url varchar not null,
    etag varchar,
    last_modified varchar,
    payload_sha256 varchar,
    country_scope varchar,               -- ISO3 codes it was parsed under, or all
    checked_at timestamp not null,
    primary key (url)
);

-- One row per dbt build; through_attempt_id is the newest attempt whose rows it has seen.
create table if not exists ledger.build (
    build_id varchar not null,
    status varchar not null,             -- ok | failed
    selection varchar,
    project_hash varchar,                -- digest of the dbt project it was built with
    through_attempt_id bigint,
    nodes bigint,
    error varchar,
    recorded_at timestamp not null,
    started_at timestamp not null,
    finished_at timestamp not null
);

-- GeoNames' places as a package carries them, and which package that was; replaced whole (warehouse/gazetteer.py).
create table if not exists reference.gazetteer_place (
    geoname_id bigint not null,
    place_name varchar not null,
    alternate_names varchar,             -- in Latin letters, separated by semicolons
    country_iso2 varchar not null,
    admin1_code varchar,                 -- GeoNames' own, within the country
    latitude double not null,
    longitude double not null,
    population bigint                    -- 0 where not known
);
create table if not exists reference.gazetteer_package (
    package_name varchar not null,
    package_version varchar not null,
    country_scope varchar not null       -- ISO3 codes, or all
);
