"""The code location: all Dagster definitions, with the resources that a test replaces.

Only assembly. Loading it asks nobody and writes nothing, so that the UI starts on an empty home too.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from orchestration.defs.automation import automation_sensors
from orchestration.defs.checks import feed_checks
from orchestration.defs.ingest import by_hand_assets, ingest_assets
from orchestration.defs.jobs import JOBS
from orchestration.defs.publish import published_assets
from orchestration.defs.resources import SahelResource
from orchestration.defs.schedules import schedules
from orchestration.defs.sensors import sensors
from orchestration.defs.transform import dbt_definitions, dbt_manifest


def build_definitions(resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """All definitions; ``resources`` replaces those of the deployment by name."""
    held = {"sahel": SahelResource()} | dict(resources or {})
    manifest = dbt_manifest(held["sahel"].settings)
    made = [*ingest_assets(), *dbt_definitions(manifest), *published_assets(manifest), *feed_checks()]
    return dg.Definitions(
        assets=[
            *by_hand_assets(),
            *(one for one in made if not isinstance(one, dg.AssetChecksDefinition)),
        ],
        asset_checks=[one for one in made if isinstance(one, dg.AssetChecksDefinition)],
        jobs=JOBS,
        schedules=schedules(),
        sensors=[*sensors(), *automation_sensors()],
        resources=held,
        # There is one writer, so processes would only wait for each other, each after seconds of imports.
        executor=dg.in_process_executor,
    )


defs = build_definitions()
