"""Batches through JSON and back: the journal, and so a rebuild, depends on nothing being lost on the way."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from orchestration.records import Attempt, Batch, Payload, Status

AT = datetime(2026, 6, 30, 12, tzinfo=UTC)
PAYLOAD = Payload(
    sha256="ab" * 32,
    size=3,
    path=Path("/store/ucdp/ab"),
    url="https://ucdp.example/a.csv",
    fetched_at=AT,
    http_status=200,
    feed="ucdp",
    key="26.1",
    etag='"e"',
    released_at=AT,
)
ATTEMPT = Attempt("ucdp", "ged", "26.1", AT, None, payload_keys=("26.1",))
BATCH = Batch(
    feed="ucdp",
    stream="ged",
    partition_key="26.1",
    attempts=(ATTEMPT, replace(ATTEMPT, status=Status.MISSING, error="404", newest_record_at=AT)),
    table="ucdp_ged",
    payloads=(PAYLOAD,),
    options={
        "period_end": "2025-12-31",
        "withdraws": True,
        "nested": {"day": date(2026, 1, 2), "list": [1, None]},
    },
    ledger_rows={"ucdp_release": [{"release": "26.1", "period_end": date(2025, 12, 31), "recorded_at": AT}]},
)

TEXT = st.text(max_size=20)
MOMENTS = st.none() | st.datetimes(timezones=st.just(UTC))
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT | st.dates() | st.datetimes(timezones=st.just(UTC)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


def test_a_batch_comes_back_as_it_was() -> None:
    again = Batch.from_json(BATCH.to_json())
    assert again == BATCH
    assert isinstance(again.attempts, tuple)
    assert isinstance(again.payloads[0].path, Path)
    assert again.attempts[1].status is Status.MISSING


@given(
    options=st.dictionaries(st.sampled_from(["kind", "release", "outlet"]), JSON_VALUES, max_size=3),
    error=st.none() | TEXT,
    newest=MOMENTS,
    status=st.sampled_from(Status),
)
def test_any_batch_comes_back_as_it_was(
    options: dict, error: str | None, newest: datetime | None, status: Status
) -> None:
    attempt = replace(ATTEMPT, error=error, newest_record_at=newest, status=status)
    batch = replace(BATCH, options=options, attempts=(attempt,))
    assert Batch.from_json(batch.to_json()) == batch


def test_what_json_cannot_carry_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="a batch cannot carry set"):
        replace(BATCH, options={"codes": {1, 2}}).to_json()


def test_the_statuses_are_those_of_the_design() -> None:
    assert {str(status) for status in Status} == {"ok", "empty", "unchanged", "missing", "refused", "failed"}
