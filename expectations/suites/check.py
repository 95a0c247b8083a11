"""What a check is, and the two ways to make one. No rule about any table stands here.

Great Expectations is imported by ``audit`` only, when it runs: a check names its expectation class
and arguments, and stays plain data until then.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

BATCH = "{batch}"
"""Stands for the audited rows in SQL; Great Expectations fills it in."""


@dataclass(frozen=True)
class LoadFacts:
    """What is known of a load besides its rows.

    ``usual_rows`` are the landed rows of earlier good loads of the same stream, newest last.
    ``window_start``/``window_end`` bound the dates that the payload may tell of, where it says so.
    """

    rows_seen: int
    rows_landed: int
    rows_rejected: int
    now: datetime
    window_start: date | datetime | None = None
    window_end: date | datetime | None = None
    usual_rows: tuple[int, ...] = ()
    extra_columns: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """One expectation with its consequence.

    ``severity``: block stops the load, warn lets it pass with a note. ``failing_where``: a SQL
    predicate that selects the failing rows, for samples; None where the rule is about the whole.
    """

    name: str
    severity: str
    expectation: str
    arguments: dict[str, Any]
    failing_where: str | None = None


def rows_must_satisfy(name: str, predicate: str, *, severity: str, description: str) -> Check:
    """A row rule: rows for which ``predicate`` is false fail (null counts as satisfied)."""
    failing = f"not coalesce(({predicate}), true)"
    return Check(
        name=name,
        severity=severity,
        expectation="UnexpectedRowsExpectation",
        arguments={
            "unexpected_rows_query": f"select 1 as failed from {BATCH} where {failing} limit 1000",
            "description": description,
        },
        failing_where=failing,
    )


def load_must_satisfy(name: str, condition: str, *, observed: str, severity: str, description: str) -> Check:
    """A rule about the load as a whole: ``condition`` is SQL over constants or aggregates of the batch."""
    return Check(
        name=name,
        severity=severity,
        expectation="UnexpectedRowsExpectation",
        arguments={
            "unexpected_rows_query": (
                f"select observed from (select {observed} as observed, ({condition}) as holds from {BATCH}) "
                "where not coalesce(holds, false)"
            ),
            "description": description,
        },
    )
