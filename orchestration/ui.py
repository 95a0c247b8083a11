"""`sahel ui`: the Dagster webserver and daemon, bound to loopback, on this home's instance."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from orchestration.settings import Settings
from orchestration.transform import run_dbt

ROOT = Path(__file__).resolve().parents[1]
INSTANCE = Path(__file__).with_name("instance") / "dagster.yaml"


def prepare(settings: Settings) -> dict[str, str]:
    """Write the instance's configuration and dbt's manifest; return the environment for Dagster."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(INSTANCE, settings.dagster_home / "dagster.yaml")
    if not (settings.dbt_work / "target" / "manifest.json").is_file():
        run_dbt(settings, ["parse"], now=settings.now())
    return {
        **os.environ,
        "SAHEL_HOME": str(settings.home),
        "DAGSTER_HOME": str(settings.dagster_home),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
    }


def serve(settings: Settings, port: int) -> int:
    """Run the webserver and the daemon until interrupted; returns the exit code."""
    environment = prepare(settings)
    command = [sys.executable, "-m", "dagster", "dev", "-w", str(ROOT / "workspace.yaml")]
    process = subprocess.Popen([*command, "-h", "127.0.0.1", "-p", str(port)], env=environment, cwd=ROOT)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        return 0
