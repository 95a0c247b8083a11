"""Named automation conditions, and the sensors that evaluate them. Each is ticked in tests/unit/defs.

Fetching is never automated here: what a publisher is asked for, and when, is ``schedules``. Dagster does not
act on a parent's update where the same run goes on to the child, so schedules and these do not double.
"""

import dagster as dg

from orchestration.defs.shown import POOL

REVISED_UPSTREAM = (
    # Without the window, or a day loaded again would never be promoted: only the newest would count.
    dg.AutomationCondition.eager().without(dg.AutomationCondition.in_latest_time_window())
    & dg.AutomationCondition.all_deps_blocking_checks_passed()
).with_label("revised_upstream")
"""For raw tables: landing has something new in any partition, however old, and its audit did not block it."""

AFTER_SOURCES = (
    # With the guard, one GDELT day that was never loaded would stop every model for good.
    dg.AutomationCondition.eager().without(~dg.AutomationCondition.any_deps_missing())
    # Not "all passed": a build tests what it builds, so the tests of the rest are older than the asset.
    & ~dg.AutomationCondition.any_deps_match(
        dg.AutomationCondition.any_checks_match(dg.AutomationCondition.check_failed(), blocking_only=True)
    )
).with_label("after_sources")
"""For models and the BI file: something that they read was renewed, and no blocking check on it failed."""

MAX_RUNTIME = {"dagster/max_runtime": "7200"}


def automation_sensors() -> list[dg.AutomationConditionSensorDefinition]:
    """One sensor for promotion and one for what comes after, so that either can be switched off alone.

    Both are off until someone switches them on: opening the UI starts no work.
    """
    raw = dg.AssetSelection.key_prefixes("raw")
    return [
        dg.AutomationConditionSensorDefinition(
            "promote_what_passed",
            target=raw,
            run_tags=MAX_RUNTIME,
            minimum_interval_seconds=30,
            description=f"Promotes landing partitions whose audit passed. One at a time (pool {POOL}).",
        ),
        dg.AutomationConditionSensorDefinition(
            "build_what_changed",
            target=dg.AssetSelection.all() - raw - dg.AssetSelection.key_prefixes("landing"),
            run_tags=MAX_RUNTIME,
            minimum_interval_seconds=60,
            description="Builds and publishes after new raw rows.",
        ),
    ]
