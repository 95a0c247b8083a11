"""Which batches come late. What is then done with them is tests/unit/warehouse/test_promotion.py and tests/pipeline."""

from typing import Any

import pytest

from orchestration.steps.late_arrivals import marked_if_late
from orchestration.warehouse.promote import COMES_LATE
from tests.unit.warehouse.landings import news, release


class Memory:
    """A ledger that knows releases, as (name, kind)."""

    def __init__(self, *applied: tuple[str, str]) -> None:
        self.applied = applied

    def ucdp_releases(self) -> list[dict[str, Any]]:
        return [{"release": name, "kind": kind} for name, kind in self.applied]


@pytest.mark.parametrize(
    ("applied", "name", "kind", "is_late"),
    [
        ((), "25.1", "annual", False),
        ((("24.1", "annual"),), "25.1", "annual", False),
        ((("25.1", "annual"),), "25.1", "annual", False),
        ((("26.1", "annual"),), "25.1", "annual", True),
        ((("25.0.4", "monthly"),), "25.0.12", "monthly", False),
        ((("25.0.12", "monthly"),), "25.0.4", "monthly", True),
        ((("24.1", "annual"), ("26.1", "annual")), "25.1", "annual", True),
        # A file of somebody's own has no place in the publisher's order.
        ((("26.1", "annual"),), "hand", "file", False),
        ((("hand", "file"),), "25.1", "annual", False),
        ((("actor-26.1", "actor"),), "25.1", "annual", False),
    ],
)
def test_a_release_is_late_after_a_newer_one(
    applied: tuple[tuple[str, str], ...], name: str, kind: str, is_late: bool
) -> None:
    marked = marked_if_late(Memory(*applied), release(name, kind=kind))
    assert bool(marked.options.get(COMES_LATE)) is is_late


def test_what_is_no_release_of_events_is_never_late() -> None:
    batch = news("made")
    assert marked_if_late(Memory(("26.1", "annual")), batch) is batch
