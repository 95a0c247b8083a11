"""Fault 13: the process of a run is killed while dbt builds. The warehouse is free at once, the run monitor
marks the run failed, and it is started again and succeeds.

With the webserver, the daemon and the code server as `sahel ui` starts them, so it takes a minute: `make soak`.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration import steps
from orchestration.made_world import WORLD_END, Publishers, World, serve
from orchestration.records import LoadRequest
from orchestration.settings import Settings

pytestmark = pytest.mark.soak

LAUNCH = """mutation($p: ExecutionParams!) { launchRun(executionParams: $p) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
RUNS = "{ runsOrError(limit: 20) { ... on Runs { results { runId status parentRunId stats { ... on RunStatsSnapshot { stepsSucceeded } } } } } }"
EVENTS = """query($id: ID!) { logsForRun(runId: $id) { ... on EventConnection { events {
    __typename ... on MessageEvent { message stepKey } } } } }"""


class Ui:
    """The UI of a home, asked by GraphQL."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/graphql"

    def ask(self, query: str, **variables: Any) -> Any:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(self.url, body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)["data"]

    def launch(self, job: str) -> str:
        selector = {
            "jobName": job,
            "repositoryName": "__repository__",
            "repositoryLocationName": "sahel_monitor",
        }
        answer = self.ask(LAUNCH, p={"selector": selector, "mode": "default", "runConfigData": {}})
        assert answer["launchRun"]["__typename"] == "LaunchRunSuccess", answer
        return answer["launchRun"]["run"]["runId"]

    def runs(self) -> dict[str, dict]:
        return {run["runId"]: run for run in self.ask(RUNS)["runsOrError"]["results"]}

    def messages(self, run_id: str) -> list[dict]:
        return self.ask(EVENTS, id=run_id)["logsForRun"]["events"]


def until(found: Callable[[], Any], seconds: float, what: str) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if answer := found():
                return answer
        except OSError:
            pass
        time.sleep(0.3)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


@pytest.fixture
def ui(tmp_path: Path) -> Iterator[tuple[Ui, Settings]]:
    """A home with a release in raw and nothing built, and its UI."""
    with serve(Publishers(World(scale=0.5), as_of=WORLD_END - timedelta(days=1))) as served:
        environment = {"SAHEL_UCDP_URL": served.ucdp_url, "SAHEL_NOW": WORLD_END.isoformat()}
        settings = Settings.from_env(tmp_path / "home", environ=environment)
        report = steps.load(steps.Run(settings), LoadRequest("ucdp", release="26.1"))
        assert report.rows_loaded, report.problems
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        code = "import sys; from orchestration.cli import main; main()"
        command = [sys.executable, "-c", code, "ui", "--home", str(settings.home), "--port", str(port)]
        process = subprocess.Popen(command, env={**os.environ, **environment})
        try:
            found = Ui(port)
            until(lambda: found.runs() is not None, 90, "the UI")
            yield found, settings
        finally:
            process.terminate()
            process.wait(timeout=40)


def test_a_run_killed_during_dbt_frees_the_warehouse_and_is_made_good(ui: tuple[Ui, Settings]) -> None:
    dagster, settings = ui
    killed = dagster.launch("build_and_publish")

    def dbt_is_writing() -> int | None:
        events = dagster.messages(killed)
        if not any(event.get("stepKey") == "dbt_build" and "Step" in event["__typename"] for event in events):
            return None
        pids = [
            int(event["message"].split("pid: ")[1].split(")")[0])
            for event in events
            if "Executing steps in process (pid: " in event.get("message", "")
        ]
        return pids[0] if pids and _is_locked(settings) else None

    pid = until(dbt_is_writing, 120, "dbt to hold the warehouse")
    time.sleep(2)
    os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    until(lambda: not _is_locked(settings), 5, "the lock to be free")
    assert time.monotonic() - began <= 5
    until(lambda: dagster.runs()[killed]["status"] == "FAILURE", 90, "the monitor to mark the run failed")
    again = until(
        lambda: [run for run in dagster.runs().values() if run["parentRunId"] == killed], 60, "a second try"
    )[0]["runId"]
    until(lambda: dagster.runs()[again]["status"] == "SUCCESS", 180, "the second try to succeed")
    with duckdb.connect(str(settings.bi_file), read_only=True) as reader:
        assert reader.execute("select count(*) > 0 from marts.country_month").fetchone() == (True,)


def _is_locked(settings: Settings) -> bool:
    """Whether another process holds the warehouse, asked in a process of its own: opening leaves traces."""
    code = f"import duckdb; duckdb.connect({str(settings.warehouse)!r}, read_only=True)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return answer.returncode != 0 and "lock" in answer.stderr
