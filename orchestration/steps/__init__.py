"""The use cases: load a feed, build, publish, rebuild, each a plain function.

The command line and the Dagster assets are thin adapters over these. No Dagster and no printing here.
"""

from orchestration.steps.building import build, publish, waits_for_publication
from orchestration.steps.loading import Landed, audit_landing, fetch_to_landing, load, promote_landing
from orchestration.steps.rebuilding import rebuild
from orchestration.steps.run import GOOD, BuildReport, LoadReport, Progress, Run, session

__all__ = [
    "GOOD",
    "BuildReport",
    "Landed",
    "LoadReport",
    "Progress",
    "Run",
    "audit_landing",
    "build",
    "fetch_to_landing",
    "load",
    "promote_landing",
    "publish",
    "rebuild",
    "session",
    "waits_for_publication",
]
