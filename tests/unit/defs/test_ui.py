"""`sahel ui` before it starts anything: what it prepares, and the errors a beginner meets."""

import json
import signal
import socket
import subprocess
import sys
import time

import pytest
import yaml

from orchestration import ui
from orchestration.settings import Settings, SettingsError


def test_an_empty_home_gets_its_instance_and_dbts_manifest(settings: Settings) -> None:
    environment = ui.prepare(settings)
    instance = yaml.safe_load((settings.dagster_home / "dagster.yaml").read_text(encoding="utf-8"))
    assert instance["telemetry"] == {"enabled": False}
    manifest = json.loads((settings.dbt_work / "target" / "manifest.json").read_text(encoding="utf-8"))
    assert "model.sahel_monitor.country_month" in manifest["nodes"]
    assert environment["DAGSTER_HOME"] == str(settings.dagster_home)
    assert environment["SAHEL_HOME"] == str(settings.home)
    assert not settings.warehouse.exists()


def test_a_taken_port_is_told_with_the_remedy(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind((ui.HOST, 0))
        taken.listen()
        with pytest.raises(SettingsError, match=r"is taken .*; choose another with --port"):
            ui.serve(settings, taken.getsockname()[1])
    assert not settings.dagster_home.exists()


def test_nothing_that_it_started_outlives_it() -> None:
    parent = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    process = subprocess.Popen([sys.executable, "-c", parent], start_new_session=True)
    time.sleep(0.5)
    with ui._ended_with_us(process) as was_told:
        signal.raise_signal(signal.SIGINT)
    assert was_told == [True]
    assert process.poll() is not None
    group = subprocess.run(["ps", "-o", "stat=", "-g", str(process.pid)], capture_output=True, text=True)
    # A zombie has ended; when it is reaped is up to whoever has adopted it.
    assert [state for state in group.stdout.split() if not state.startswith("Z")] == []
