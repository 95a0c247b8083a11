"""Promotion: landing rows become versions in raw, and the ledger says so, in one transaction.

How rows become versions is the contract's ``promotion``. Nothing is ever overwritten: a changed row is
a new version, a key that a superseding release omits gets a tombstone version.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from expectations.audit import Verdict
from expectations.contracts import Promotion, TableContract, contract_for
from expectations.reference import gw_to_iso3, scope_codes
from orchestration.records import Attempt, Batch, Status
from orchestration.settings import naive, scope_text
from orchestration.warehouse import landing
from orchestration.warehouse.landing import Pending
from orchestration.warehouse.ledger import insert_rows, next_attempt_id

ONLY_KEYS_OF = "only_keys_of_attempts"
"""Batch option of a release that is applied again: the attempts of older releases that it overrules."""
COMES_LATE = "comes_late"
"""Batch option of a release that is older than one applied before it. It is compared with what had been published by
then, not with what is known now, so that the publisher's time line becomes what it would have been."""


@dataclass(frozen=True)
class Clock:
    """When and in which run: ``recorded_at`` is the load's clock, the others the machine's."""

    run_id: str
    recorded_at: datetime
    started_at: datetime
    finished_at: datetime


@dataclass(frozen=True)
class Outcome:
    """What became of a batch: its attempts as the ledger has them now."""

    batch_id: str
    attempts: tuple[dict[str, Any], ...]
    rows_loaded: int = 0
    rows_unchanged: int = 0
    rows_withdrawn: int = 0
    rows_quarantined: int = 0
    rows_parsed: int = 0
    level: str = "pass"
    summary: str = ""

    @property
    def statuses(self) -> set[str]:
        return {attempt["status"] for attempt in self.attempts}


@dataclass
class _Counts:
    loaded: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    parsed: int = 0
    out_of_scope: int = 0
    quarantined: int = 0
    newest: datetime | None = None


def promote(
    connection: duckdb.DuckDBPyConnection, pending: Pending, verdict: Verdict, clock: Clock, batch_id: str
) -> Outcome:
    """Promote a landed, audited batch; a blocked one is refused and leaves only its ledger rows.

    Raises whatever DuckDB raises, after a rollback: then nothing has changed.
    """
    batch, contract = pending.batch, contract_for(pending.batch.table)
    refused = verdict.level == "block"
    connection.begin()
    try:
        _insist_on_all_rows(connection, pending)
        first_id = next_attempt_id(connection)
        counts = _Counts(
            parsed=pending.rows_seen,
            out_of_scope=pending.rows_out_of_scope,
            quarantined=pending.rows_rejected,
        )
        if not refused:
            _write_versions(connection, contract, pending, clock, first_id, counts)
        _quarantine(connection, pending, clock, first_id)
        insert_rows(connection, "quality_result", _quality_rows(pending, verdict, clock, first_id))
        attempts = _attempt_rows(
            connection, pending, clock, first_id, counts, verdict.summary() if refused else None
        )
        if not refused:
            _write_state(connection, batch, first_id, pending=pending)
            if batch.table == "ucdp_ged":
                _cover(connection, pending, clock)
        else:
            insert_rows(connection, "gdelt_slot", refused_slots(batch, verdict.summary()))
        outcome = _record(
            connection, batch, attempts, clock, batch_id, counts, verdict.level, verdict.summary()
        )
        landing.drop(connection, batch.partition_key, batch.table)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return outcome


def record_only(connection: duckdb.DuckDBPyConnection, batch: Batch, clock: Clock, batch_id: str) -> Outcome:
    """Ledger rows of a batch without rows to land: missing, unchanged, failed, or refused before landing."""
    connection.begin()
    try:
        first_id = next_attempt_id(connection)
        attempts = [
            _attempt_row(attempt, batch, clock, first_id + offset, _Counts())
            for offset, attempt in enumerate(batch.attempts)
        ]
        _write_state(connection, batch, first_id)
        outcome = _record(connection, batch, attempts, clock, batch_id, _Counts(), "pass", "")
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return outcome


def refused_slots(batch: Batch, reason: str) -> list[dict[str, Any]]:
    """A refused batch's slots as gaps, so that they are asked for again and never pass for quiet hours."""
    return [
        {**row, "state": "corrupt", "error": f"refused: {reason}"}
        if row["state"] in ("fetched", "empty")
        else row
        for row in batch.ledger_rows.get("gdelt_slot", [])
    ]


def _insist_on_all_rows(connection: duckdb.DuckDBPyConnection, pending: Pending) -> None:
    """A release of which rows are missing would withdraw their events; landing must be as it was audited."""
    table = pending.batch.table
    found = connection.execute(
        f"select count(*) from landing.{table} where partition_key = ?", [pending.batch.partition_key]
    ).fetchone()[0]
    if found != pending.rows_landed:
        raise RuntimeError(
            f"landing.{table} holds {found} rows of {pending.batch.partition_key} and {pending.rows_landed} were "
            "audited; load it again"
        )


def _write_versions(
    connection: duckdb.DuckDBPyConnection,
    contract: TableContract,
    pending: Pending,
    clock: Clock,
    attempt_id: int,
    counts: _Counts,
) -> None:
    source = f"(select * from landing.{contract.table} where partition_key = $partition)"
    given = {"partition": pending.batch.partition_key}
    columns, landed = _columns(contract), _columns(contract, "l")
    stamp = {**given, "recorded_at": naive(clock.recorded_at), "attempt_id": attempt_id}
    if contract.promotion is Promotion.APPEND:
        new = f"select {landed}, l.payload_sha256, l.released_at, null::varchar as content_hash from {source} l {_unseen(connection, contract, given)}"
    else:
        connection.execute(
            _versions_before(contract, pending.batch),
            {**given, "released_at": naive(pending.batch.payloads[0].released_at or clock.recorded_at)},
        )
        new = (
            f"select {landed}, l.payload_sha256, l.released_at, l.content_hash from "
            f"(select *, {_content_hash(contract)} as content_hash from {source}) l "
            f"left join version_before v on {_same_key(contract, 'l', 'v')} "
            f"where (v.content_hash is null or v.is_withdrawn or v.content_hash <> l.content_hash{_or_overruled(pending.batch)})"
            f"{_only_touched(pending.batch, contract, 'l')}"
        )
    counts.loaded = connection.execute(
        f"insert into raw.{contract.table} ({columns}, payload_sha256, released_at, content_hash, recorded_at, attempt_id, is_withdrawn) "
        f"select *, $recorded_at, $attempt_id, false from ({new})",
        stamp,
    ).fetchone()[0]
    counts.unchanged = pending.rows_landed - counts.loaded
    if contract.promotion in (Promotion.RELEASE, Promotion.SNAPSHOT) and pending.batch.options.get(
        "withdraws"
    ):
        counts.withdrawn = _withdraw(connection, contract, pending, clock, attempt_id)
        counts.loaded += counts.withdrawn
    if contract.promotion is Promotion.DELETIONS:
        counts.withdrawn = _delete(connection, contract, clock, attempt_id)
        counts.loaded += counts.withdrawn
    if contract.event_date_column:
        # What is dated ahead of the load (a news item's wrong year) is not the newest thing known.
        instant = f'cast("{contract.event_date_column}" as timestamp)'
        counts.newest = connection.execute(
            f"select max({instant}) from {source} where {instant} <= $now",
            {**given, "now": naive(clock.recorded_at)},
        ).fetchone()[0]
    if contract.promotion is not Promotion.APPEND:
        connection.execute("drop table version_before")


def _only_touched(batch: Batch, contract: TableContract, alias: str) -> str:
    """A filter for a release that is applied again: keys that the attempts it overrules have written."""
    attempts = batch.options.get(ONLY_KEYS_OF)
    if not attempts:
        return ""
    key = contract.key[0]
    listed = ", ".join(str(int(attempt)) for attempt in attempts)
    return (
        f' and {alias}."{key}" in (select "{key}" from raw.{contract.table} where attempt_id in ({listed}))'
    )


def _unseen(connection: duckdb.DuckDBPyConnection, contract: TableContract, given: dict[str, Any]) -> str:
    """A filter that keeps keys not yet in raw. Only raw's slots from the batch's first day on are looked at:
    a slot is loaded once, so a key can stand twice only where the publisher repeats itself shortly after."""
    first = connection.execute(
        f"select min(slot_at) from landing.{contract.table} where partition_key = $partition", given
    ).fetchone()[0]
    if first is None:
        return ""
    known = connection.execute(
        f"select count(*) from raw.{contract.table} where slot_at >= ?::timestamp - interval 1 day", [first]
    ).fetchone()[0]
    if not known:
        return ""
    return (
        f"anti join (select * from raw.{contract.table} where slot_at >= timestamp '{first}' - interval 1 day) r "
        f"on {_same_key(contract, 'l', 'r')}"
    )


def _versions_before(contract: TableContract, batch: Batch) -> str:
    """The version of each key that the payload is compared with: of all keys, where some may be withdrawn, else only
    of those that landed."""
    keys = ", ".join(f'"{name}"' for name in contract.key)
    landed = f"({keys}) in (select ({keys}) from landing.{contract.table} where partition_key = $partition)"
    published = "coalesce(released_at, recorded_at)"
    late = bool(batch.options.get(COMES_LATE))
    return (
        f"create or replace temp table version_before as select * from raw.{contract.table} "
        f"where {'$partition is not null' if batch.options.get('withdraws') else landed} "
        f"and {f'{published} <= $released_at' if late else '$released_at is not null'} "
        f"qualify row_number() over (partition by {keys} order by {f'{published} desc, ' if late else ''}attempt_id desc) = 1"
    )


def _or_overruled(batch: Batch) -> str:
    """A release that is applied again stands for its events again, also where the older one said the same of them."""
    attempts = ", ".join(str(int(attempt)) for attempt in batch.options.get(ONLY_KEYS_OF, ()))
    return f" or v.attempt_id in ({attempts})" if attempts else ""


def _withdraw(
    connection: duckdb.DuckDBPyConnection,
    contract: TableContract,
    pending: Pending,
    clock: Clock,
    attempt_id: int,
) -> int:
    """Tombstones for keys that a payload which tells all no longer tells of.

    Only within what it can tell of: its period, the scope that it was parsed under, and the values of
    ``withdraws_within`` (one of several files that share a table). A key whose row was quarantined is told
    of, only unreadably, and stays.
    """
    batch = pending.batch
    keys = ", ".join(f'"{name}"' for name in contract.key)
    within = [f"not v.is_withdrawn{_only_touched(batch, contract, 'v')}"]
    given: dict[str, Any] = {"partition": batch.partition_key, "table_name": batch.table}
    if batch.options.get("period_start"):
        within.append(
            f"v.\"{contract.event_date_column}\" between date '{batch.options['period_start']}' "
            f"and date '{batch.options['period_end']}'"
        )
    if contract.country_column and pending.reads_scope is not None:
        column, standard = contract.country_column
        codes = list(scope_codes(pending.reads_scope, standard).values())
        within.append(f'v."{column}" in ({", ".join(map(_literal, codes)) or "null"})')
    for number, (column, value) in enumerate(batch.options.get("withdraws_within", {}).items()):
        within.append(f'v."{column}" = $within_{number}')
        given[f"within_{number}"] = value
    connection.execute(
        f"""create or replace temp table gone as
            select v.* from version_before v
            where {" and ".join(within)}
              and not exists (select 1 from landing.{contract.table} l
                              where l.partition_key = $partition and {_same_key(contract, "l", "v")})
              and cast(v."{contract.key[-1]}" as varchar) not in (
                  select regexp_extract(row_text, '^"?([^",\t]+)', 1) from landing.rejected
                  where partition_key = $partition and table_name = $table_name and row_text is not null)""",
        given,
    )
    stamp = {
        "sha256": batch.payloads[0].sha256,
        "released_at": naive(batch.payloads[0].released_at),
        "recorded_at": naive(clock.recorded_at),
        "attempt_id": attempt_id,
    }
    # A tombstone says which release left the key out, and repeats what was last said of it.
    told = {
        name: value
        for name, value in (("release", batch.options.get("release")), ("stream", batch.stream))
        if name in contract.column_names
    }
    carried = ", ".join(
        f"${name} as {name}" if name in told else f'"{name}"' for name in contract.column_names
    )
    withdrawn = connection.execute(
        f"""insert into raw.{contract.table}
                ({_columns(contract)}, payload_sha256, released_at, content_hash, recorded_at, attempt_id, is_withdrawn)
            select {carried}, $sha256, $released_at, content_hash, $recorded_at, $attempt_id, true
            from gone order by {keys}""",
        stamp | told,
    ).fetchone()[0]
    connection.execute("drop table gone")
    return withdrawn


def _delete(
    connection: duckdb.DuckDBPyConnection, contract: TableContract, clock: Clock, attempt_id: int
) -> int:
    """Tombstones for the keys that this batch's deletions name. A deletion counts once: what was issued anew
    under the same key after it stays, however often the list repeats it."""
    deletes = contract.deletes
    target = contract_for(deletes.table)
    (key,) = target.key
    return connection.execute(
        f"""insert into raw.{target.table}
                ({_columns(target)}, payload_sha256, released_at, content_hash, recorded_at, attempt_id, is_withdrawn)
            select {_columns(target, "e")}, d.payload_sha256, d.released_at, e.content_hash, $recorded_at, $attempt_id, true
            from (select * from raw.{contract.table} where attempt_id = $attempt_id
                  qualify row_number() over (partition by "{key}" order by "{deletes.deleted}" desc) = 1) d
            join (select * from raw.{target.table}
                  where "{key}" in (select "{key}" from raw.{contract.table} where attempt_id = $attempt_id)
                  qualify row_number() over (partition by "{key}" order by attempt_id desc) = 1) e using ("{key}")
            where not e.is_withdrawn and d."{deletes.deleted}" >= e."{deletes.edited}"
            order by "{key}" """,
        {"recorded_at": naive(clock.recorded_at), "attempt_id": attempt_id},
    ).fetchone()[0]


def _columns(contract: TableContract, alias: str = "") -> str:
    prefix = f"{alias}." if alias else ""
    return ", ".join(f'{prefix}"{name}"' for name in contract.column_names)


def _literal(value: str | int) -> str:
    return str(value) if isinstance(value, int) else f"'{value}'"


def _content_hash(contract: TableContract) -> str:
    parts = ", ".join(
        f"""coalesce(cast("{name}" as varchar), chr(30))""" for name in contract.content_columns
    )
    return f"md5(concat_ws(chr(31), {parts}))"


def _same_key(contract: TableContract, left: str, right: str) -> str:
    return " and ".join(f'{left}."{name}" = {right}."{name}"' for name in contract.key)


def _quarantine(
    connection: duckdb.DuckDBPyConnection, pending: Pending, clock: Clock, attempt_id: int
) -> None:
    """Keep refused rows verbatim; the same line of the same payload once, however often it is loaded."""
    batch = pending.batch
    urls = {payload.sha256: payload.url for payload in batch.payloads}
    connection.execute(
        """insert into ledger.quarantined_row
           select ?, ?, table_name, coalesce(payload_sha256, ''), null, line, reason, row_text, ?
           from landing.rejected r where partition_key = ? and table_name = ?
             and not exists (select 1 from ledger.quarantined_row q
                             where q.payload_sha256 = coalesce(r.payload_sha256, '') and q.table_name = r.table_name
                               and q.line is not distinct from r.line and q.reason = r.reason)
           order by payload_sha256, line""",
        [attempt_id, batch.feed, naive(clock.recorded_at), batch.partition_key, batch.table],
    )
    hit = connection.execute(
        "select distinct payload_sha256 from ledger.quarantined_row where attempt_id = ?", [attempt_id]
    ).fetchall()
    for (sha256,) in hit:
        connection.execute(
            "update ledger.quarantined_row set url = ? where attempt_id = ? and payload_sha256 = ?",
            [urls.get(sha256), attempt_id, sha256],
        )


def _quality_rows(pending: Pending, verdict: Verdict, clock: Clock, attempt_id: int) -> list[dict[str, Any]]:
    return [
        {
            "attempt_id": attempt_id,
            "feed": pending.batch.feed,
            "table_name": pending.batch.table,
            "partition_key": pending.batch.partition_key,
            "check_name": result.name,
            "severity": result.severity,
            "passed": result.passed,
            "could_run": result.could_run,
            "observed": result.observed,
            "failing_sample": json.dumps(result.failing_sample, default=str)
            if result.failing_sample
            else None,
            "verdict": verdict.level,
            "recorded_at": clock.recorded_at,
        }
        for result in verdict.results
    ]


def _attempt_rows(
    connection: duckdb.DuckDBPyConnection,
    pending: Pending,
    clock: Clock,
    first_id: int,
    counts: _Counts,
    refusal: str | None,
) -> list[dict[str, Any]]:
    """The ledger rows of a batch. One attempt carries the batch's counts; of several (days of a back-fill)
    each carries those of its own payloads."""
    batch = pending.batch
    split = {0: counts} if len(batch.attempts) == 1 else _counts_by_attempt(connection, pending, first_id)
    rows = []
    for offset, attempt in enumerate(batch.attempts):
        row = _attempt_row(attempt, batch, clock, first_id + offset, split.get(offset, _Counts()))
        row |= {"table_name": batch.table, "country_scope": scope_text(pending.reads_scope)}
        if row["status"] == Status.OK:
            if refusal is not None:
                row["status"], row["error"] = Status.REFUSED, refusal
            elif row["rows_parsed"] == 0:
                row["status"] = Status.EMPTY
            elif row["rows_loaded"] == 0 and row["rows_unchanged"] > 0:
                row["status"] = Status.UNCHANGED
        rows.append(row)
    return rows


def _counts_by_attempt(
    connection: duckdb.DuckDBPyConnection, pending: Pending, attempt_id: int
) -> dict[int, _Counts]:
    """Counts by position of the attempt that a payload belongs to."""
    batch = pending.batch
    sha256_of = {payload.key: payload.sha256 for payload in batch.payloads}
    owner: dict[str, int] = {}
    for offset, attempt in enumerate(batch.attempts):
        for key in attempt.payload_keys:
            owner.setdefault(sha256_of[key], offset)
    split = {offset: _Counts() for offset in range(len(batch.attempts))}
    partition = [batch.partition_key]
    newest = contract_for(batch.table).event_date_column
    for sha256, rows, instant in connection.execute(
        f"""select payload_sha256, count(*), max(cast("{newest}" as timestamp))
            from landing.{batch.table} where partition_key = ? group by 1""",
        partition,
    ).fetchall():
        part = split[owner[sha256]]
        part.unchanged += rows
        part.newest = max(filter(None, (part.newest, instant)), default=None)
    for sha256, rows in connection.execute(
        f"select payload_sha256, count(*) from raw.{batch.table} where attempt_id = ? group by 1",
        [attempt_id],
    ).fetchall():
        split[owner[sha256]].loaded += rows
        split[owner[sha256]].unchanged -= rows
    for sha256, rows in connection.execute(
        "select payload_sha256, count(*) from landing.rejected where partition_key = ? and table_name = ? group by 1",
        [*partition, batch.table],
    ).fetchall():
        split[owner[sha256]].quarantined += rows
    for sha256, rows in pending.seen_by_payload.items():
        split[owner[sha256]].parsed += rows
    for part in split.values():
        part.out_of_scope = part.parsed - part.loaded - part.unchanged - part.quarantined
    return split


def _attempt_row(
    attempt: Attempt, batch: Batch, clock: Clock, attempt_id: int, counts: _Counts
) -> dict[str, Any]:
    payloads = [payload for payload in batch.payloads if payload.key in attempt.payload_keys]
    return {
        "attempt_id": attempt_id,
        "run_id": clock.run_id,
        "feed": attempt.feed,
        "stream": attempt.stream,
        "partition_key": attempt.partition_key,
        "window_start": attempt.window_start,
        "window_end": attempt.window_end,
        "status": attempt.status,
        "rows_parsed": counts.parsed,
        "rows_loaded": counts.loaded,
        "rows_unchanged": counts.unchanged,
        "rows_out_of_scope": counts.out_of_scope,
        "rows_quarantined": counts.quarantined,
        "rows_withdrawn": counts.withdrawn,
        "error": attempt.error,
        "payload_sha256": payloads[0].sha256 if len(payloads) == 1 else None,
        "payloads": len(payloads),
        "newest_record_at": counts.newest or attempt.newest_record_at,
        "recorded_at": clock.recorded_at,
        "started_at": clock.started_at,
        "finished_at": clock.finished_at,
    }


def _write_state(
    connection: duckdb.DuckDBPyConnection,
    batch: Batch,
    attempt_id: int,
    *,
    pending: Pending | None = None,
) -> None:
    """The ledger rows a feed sent along."""
    for table, rows in batch.ledger_rows.items():
        if table == "ucdp_release" and pending is not None:
            filled = {
                "attempt_id": attempt_id,
                "country_scope": scope_text(pending.reads_scope),
                "batch": batch.to_json(),
            }
            rows = [{**row, **filled} for row in rows]
        insert_rows(connection, table, rows)


def _cover(connection: duckdb.DuckDBPyConnection, pending: Pending, clock: Clock) -> None:
    """Where and when this release was looking.

    The publisher's releases look at every country of the scope that they were parsed under, in their whole
    period; a file loaded by hand tells only of the countries and the days that are in it.
    """
    batch, options = pending.batch, pending.batch.options
    iso3_of = gw_to_iso3()
    if options["kind"] == "file":
        told = connection.execute(
            f"select country_id, min(date_end), max(date_end) from landing.{batch.table} where partition_key = ? group by 1",
            [batch.partition_key],
        ).fetchall()
    else:
        told = [(code, options["period_start"], options["period_end"]) for code in iso3_of]
    scope = pending.reads_scope
    insert_rows(
        connection,
        "coverage",
        [
            {
                "feed": batch.feed,
                "source_release": batch.partition_key,
                "country_iso3": iso3_of[code],
                "period_start": first,
                "period_end": last,
                "is_final": options["kind"] == "annual",
                "recorded_at": clock.recorded_at,
            }
            for code, first, last in told
            if code in iso3_of and (scope is None or iso3_of[code] in scope)
        ],
    )


def _record(
    connection: duckdb.DuckDBPyConnection,
    batch: Batch,
    attempts: list[dict[str, Any]],
    clock: Clock,
    batch_id: str,
    counts: _Counts,
    level: str,
    summary: str,
) -> Outcome:
    insert_rows(connection, "load_attempt", attempts)
    insert_rows(connection, "attempt_payload", _payload_rows(batch, attempts))
    entry = {
        "batch_id": batch_id,
        "run_id": clock.run_id,
        "recorded_at": clock.recorded_at.isoformat(),
        "started_at": clock.started_at.isoformat(),
        "finished_at": clock.finished_at.isoformat(),
        "batch": json.loads(batch.to_json()),
    }
    connection.execute("insert into ledger.journal_outbox values (?, ?)", [batch_id, json.dumps(entry)])
    return Outcome(
        batch_id=batch_id,
        attempts=tuple(attempts),
        rows_loaded=counts.loaded,
        rows_unchanged=counts.unchanged,
        rows_withdrawn=counts.withdrawn,
        rows_quarantined=counts.quarantined,
        rows_parsed=counts.parsed,
        level=level,
        summary=summary,
    )


def _payload_rows(batch: Batch, attempts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_key = {payload.key: payload for payload in batch.payloads}
    return [
        {
            "attempt_id": row["attempt_id"],
            "payload_key": key,
            "payload_sha256": by_key[key].sha256,
            "url": by_key[key].url,
        }
        for row, attempt in zip(attempts, batch.attempts, strict=True)
        for key in attempt.payload_keys
        if key in by_key
    ]
