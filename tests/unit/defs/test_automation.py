"""The automation conditions, ticked on the real graph: what is requested after which event, and what is not."""

from datetime import datetime

import dagster as dg
import pytest

from orchestration.defs.partitions import GDELT_DAY

LANDING = dg.AssetKey(["landing", "gdelt_event"])
RAW = dg.AssetKey(["raw", "gdelt_event"])
MART = dg.AssetKey(["marts", "country_month"])
BI_FILE = dg.AssetKey(["published", "bi_file"])
MODEL = dg.AssetKey(["staging", "stg_gdelt__event"])
NOW = datetime(2026, 6, 30, 12)
TODAY, OLD = "2026-06-30", "2025-01-05"


class Ticking:
    """An instance without a daemon: tell it what happened, tick, and ask what was requested."""

    def __init__(self, defs: dg.Definitions) -> None:
        self.defs = defs
        self.instance = dg.DagsterInstance.ephemeral()
        self.cursor = None
        self.requested: dict[dg.AssetKey, set[str | None]] = {}
        self.tick()

    def tick(self) -> None:
        result = dg.evaluate_automation_conditions(
            defs=self.defs,
            instance=self.instance,
            asset_selection=dg.AssetSelection.assets(RAW, MODEL, BI_FILE),
            evaluation_time=NOW,
            cursor=self.cursor,
        )
        self.cursor = result.cursor
        self.requested = {}
        for key in (RAW, MODEL, BI_FILE):
            subset = result.get_requested_partitions(key)
            if subset:
                self.requested[key] = set(subset)

    def landed(self, day: str, *, passed: bool) -> None:
        """A run that lands a day and audits it, by an asset and a check of the real ones' names."""

        @dg.asset(key=LANDING, partitions_def=GDELT_DAY)
        def landing() -> None: ...

        @dg.asset_check(
            asset=LANDING, name="great_expectations_audit", partitions_def=GDELT_DAY, blocking=True
        )
        def audit() -> dg.AssetCheckResult:
            return dg.AssetCheckResult(passed=passed)

        dg.materialize([landing, audit], partition_key=day, instance=self.instance, raise_on_error=False)

    def materialized(self, key: dg.AssetKey, day: str | None = None) -> None:
        self.instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=day))


@pytest.fixture
def ticking(defs: dg.Definitions) -> Ticking:
    return Ticking(defs)


def test_nothing_is_requested_before_anything_happened(ticking: Ticking) -> None:
    ticking.tick()
    assert ticking.requested == {}


def test_a_new_day_is_promoted_and_then_built(ticking: Ticking) -> None:
    ticking.landed(TODAY, passed=True)
    ticking.tick()
    assert ticking.requested[RAW] == {TODAY}
    ticking.materialized(RAW, TODAY)
    ticking.tick()
    assert RAW not in ticking.requested


def test_the_models_are_requested_although_thousands_of_days_were_never_loaded(ticking: Ticking) -> None:
    ticking.materialized(RAW, TODAY)
    ticking.tick()
    assert ticking.requested[MODEL] == {None}


def test_a_blocked_day_is_not_promoted(ticking: Ticking) -> None:
    ticking.landed(TODAY, passed=False)
    for _ in range(3):
        ticking.tick()
        assert ticking.requested == {}


def test_a_blocked_day_is_promoted_once_it_was_landed_again_and_passed(ticking: Ticking) -> None:
    ticking.landed(TODAY, passed=False)
    ticking.tick()
    ticking.landed(TODAY, passed=True)
    ticking.tick()
    assert ticking.requested[RAW] == {TODAY}


def test_a_blocked_day_holds_up_no_other(ticking: Ticking) -> None:
    ticking.landed(TODAY, passed=False)
    ticking.landed("2026-06-29", passed=True)
    ticking.tick()
    assert ticking.requested[RAW] == {"2026-06-29"}


def test_a_late_revision_of_an_old_day_is_promoted(ticking: Ticking) -> None:
    ticking.landed(OLD, passed=True)
    ticking.materialized(RAW, OLD)
    ticking.tick()
    ticking.landed(OLD, passed=True)
    ticking.tick()
    assert ticking.requested[RAW] == {OLD}


@pytest.mark.parametrize("passed", [True, False])
def test_the_bi_file_is_requested_unless_a_blocking_test_of_a_mart_failed(
    ticking: Ticking, passed: bool
) -> None:
    @dg.asset(key=MART)
    def mart() -> None: ...

    name = next(
        check.name
        for check in sorted(ticking.defs.resolve_asset_graph().get(MART).check_keys)
        if ticking.defs.resolve_asset_graph().get(check).blocking
    )

    @dg.asset_check(asset=MART, name=name, blocking=True)
    def test() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=passed)

    dg.materialize([mart, test], instance=ticking.instance, raise_on_error=False)
    ticking.tick()
    assert (BI_FILE in ticking.requested) is passed
