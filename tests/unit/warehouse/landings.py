"""UCDP, GDELT and news batches in miniature, landed without a publisher, for the tests of promotion.

Nothing here asserts.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from expectations.audit import CheckResult, Verdict
from expectations.contracts import contract_for
from orchestration.records import Attempt, Batch, Parsed, Payload
from orchestration.settings import naive
from orchestration.warehouse import landing
from orchestration.warehouse.landing import Pending
from orchestration.warehouse.promote import Clock, Outcome, promote

AT = datetime(2026, 6, 30, 12, tzinfo=UTC)
MALI, BENIN, NIGERIA = 432, 434, 475
SCOPE = ("MLI", "BEN")
GOOD = Verdict("any", (CheckResult("made_up", "block", True, True, "as expected", "made up"),))
BAD = Verdict("any", (CheckResult("made_up", "block", False, True, "3 of 3 rows", "made up", ({"id": 1},)),))


def ged(
    event_id: int, best: int = 1, country_id: int = MALI, date_end: date = date(2024, 6, 1)
) -> dict[str, Any]:
    """An event; what is not said is what the contract needs and no test looks at."""
    return {
        "id": event_id,
        "best": best,
        "country_id": country_id,
        "date_start": date_end,
        "date_end": date_end,
        "year": date_end.year,
    }


def release(
    name: str,
    period: tuple[date, date] = (date(2024, 1, 1), date(2024, 12, 31)),
    *,
    kind: str = "annual",
    released_at: datetime | None = None,
    options: dict[str, Any] | None = None,
) -> Batch:
    """A release's batch, as the UCDP feed makes it."""
    payload = replace(_payload(name), released_at=released_at)
    first, last = period
    return Batch(
        feed="ucdp",
        stream="ged",
        partition_key=name,
        attempts=(Attempt("ucdp", "ged", name, None, None, payload_keys=(name,)),),
        table="ucdp_ged",
        payloads=(payload,),
        options={
            "release": name,
            "kind": kind,
            "withdraws": kind in ("annual", "cumulative"),
            "period_start": first.isoformat(),
            "period_end": last.isoformat(),
            **(options or {}),
        },
        ledger_rows={
            "ucdp_release": [
                {
                    "release": name,
                    "kind": kind,
                    "period_start": first,
                    "period_end": last,
                    "payload_sha256": payload.sha256,
                    "payload_key": name,
                    "recorded_at": AT,
                }
            ],
            "http_validator": [{"url": payload.url, "etag": name, "checked_at": AT}],
        },
    )


def slots(name: str, *days: tuple[str, list[datetime]], table: str = "gdelt_event") -> Batch:
    """A GDELT batch of days, one attempt each, one payload a slot."""
    stream = "export" if table == "gdelt_event" else "mentions"
    attempts = tuple(
        Attempt("gdelt", stream, day, None, None, payload_keys=tuple(_slot_key(slot) for slot in of_day))
        for day, of_day in days
    )
    every = [slot for _, of_day in days for slot in of_day]
    states = [{"slot_at": slot, "stream": stream, "state": "fetched", "checked_at": AT} for slot in every]
    return Batch(
        feed="gdelt",
        stream=stream,
        partition_key=name,
        attempts=attempts,
        table=table,
        payloads=tuple(_payload(_slot_key(slot), feed="gdelt") for slot in every),
        ledger_rows={"gdelt_slot": states},
    )


def gdelt(event_id: int, slot: datetime, tone: float = 0.0) -> dict[str, Any]:
    return {"global_event_id": event_id, "slot_at": slot.replace(tzinfo=None), "avg_tone": tone} | {
        "payload_sha256": digest(_slot_key(slot))
    }


def mention(event_id: int, slot: datetime, url: str = "https://made.example/") -> dict[str, Any]:
    row = gdelt(event_id, slot) | {"mention_identifier": url, "sentence_id": 1, "mention_time_date": 20260630}
    del row["avg_tone"]
    return row


def news(name: str, outlet: str = "made") -> Batch:
    payload = _payload(name, feed="news")
    attempt = Attempt("news", outlet, name, AT, AT, payload_keys=(name,))
    return Batch("news", outlet, name, (attempt,), "news_item", (payload,))


def item(item_id: str, title: str, outlet: str = "made") -> dict[str, Any]:
    return {"feed_id": outlet, "item_id": item_id, "title": title, "date_status": "undated"}


def land(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    batch: Batch,
    rows: Iterable[dict[str, Any]] = (),
    *,
    rejects: Iterable[str] = (),
    out_of_scope: int = 0,
    scope: tuple[str, ...] | None = SCOPE,
) -> Pending:
    """Land rows as a parser would have left them; ``rejects`` are the texts of rows it could not read."""
    rows, rejects = list(rows), list(rejects)
    contract = contract_for(batch.table)
    sha256 = batch.payloads[0].sha256
    path = folder / "scratch.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as scratch:
        columns = [
            *((column.name, column.dtype) for column in contract.columns),
            ("payload_sha256", "VARCHAR"),
            ("released_at", "TIMESTAMP"),
        ]
        declared = ", ".join(f'"{name}" {dtype}' for name, dtype in columns)
        scratch.execute(f"create table parsed ({declared})")
        scratch.execute(
            "create table rejected (payload_sha256 varchar, line bigint, reason varchar, row_text varchar)"
        )
        scratch.execute("create table seen (payload_sha256 varchar, rows bigint)")
        for row in rows:
            given = {"payload_sha256": sha256, "release": batch.partition_key, "stream": batch.stream}
            row = given | {"released_at": naive(batch.payloads[0].released_at)} | row
            row = {name: value for name, value in row.items() if name in dict(columns)}
            names = ", ".join(f'"{name}"' for name in row)
            marks = ", ".join("?" * len(row))
            scratch.execute(f"insert into parsed ({names}) values ({marks})", list(row.values()))
        for line, text in enumerate(rejects, start=2):
            scratch.execute("insert into rejected values (?, ?, 'cannot be read', ?)", [sha256, line, text])
        scratch.execute(
            "insert into seen select payload_sha256, count(*) from "
            "(select payload_sha256 from parsed union all select payload_sha256 from rejected) group by 1"
        )
    parsed = Parsed(
        rows="parsed",
        rejects="rejected",
        rows_seen=len(rows) + len(rejects) + out_of_scope,
        rows_out_of_scope=out_of_scope,
        seen="seen" if len(batch.attempts) > 1 else None,
    )
    return landing.land(connection, batch, parsed, path, scope)


def load(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    batch: Batch,
    rows: Iterable[dict[str, Any]] = (),
    *,
    verdict: Verdict = GOOD,
    at: datetime = AT,
    **landed: Any,
) -> Outcome:
    """Land and promote."""
    pending = land(connection, folder, batch, rows, **landed)
    return promote(connection, pending, verdict, Clock("run", at, at, at), f"batch-{batch.partition_key}")


def digest(key: str) -> str:
    return f"sha256 of {key}"


def _payload(key: str, feed: str = "ucdp") -> Payload:
    return Payload(
        sha256=digest(key),
        size=1,
        path=Path("/nowhere"),
        url=f"https://made.example/{key}",
        fetched_at=AT,
        http_status=200,
        feed=feed,
        key=key,
    )


def _slot_key(slot: datetime) -> str:
    return f"{slot:%Y%m%d%H%M%S}"
