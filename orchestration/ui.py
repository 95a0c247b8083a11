"""`sahel ui`: the Dagster webserver and daemon, bound to loopback, on this home's instance."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from orchestration.settings import Settings, SettingsError
from orchestration.transform import run_dbt

ROOT = Path(__file__).resolve().parents[1]
WORKSPACE = ROOT / "workspace.yaml"
INSTANCE = Path(__file__).with_name("instance") / "dagster.yaml"
HOST = "127.0.0.1"
STOP_SECONDS = 8


def prepare(settings: Settings) -> dict[str, str]:
    """Write the instance's configuration and dbt's manifest; return the environment for Dagster."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(INSTANCE, settings.dagster_home / "dagster.yaml")
    # Here and not in each process that loads the definitions: it takes seconds, and each would do it again.
    run_dbt(settings, ["parse"])
    return {
        **os.environ,
        "SAHEL_HOME": str(settings.home),
        "DAGSTER_HOME": str(settings.dagster_home),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
    }


def serve(settings: Settings, port: int) -> int:
    """Run the webserver and the daemon until interrupted; returns the exit code.

    Raises ``SettingsError`` if the port is taken.
    """
    _refuse_taken(port)
    environment = prepare(settings)
    command = [sys.executable, "-m", "dagster", "dev", "-w", str(WORKSPACE), "--log-level", "warning"]
    # Every event of every run goes to the terminal otherwise; the UI shows them, each with its run.
    log = settings.dagster_home / "ui.log"
    with log.open("w", encoding="utf-8") as sink:
        process = subprocess.Popen(
            [*command, "-h", HOST, "-p", str(port)],
            env=environment,
            cwd=ROOT,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        with _ended_with_us(process) as was_told:
            process.wait()
    if was_told:
        return 0
    print(f"Dagster ended by itself (exit code {process.returncode}); see {log}", file=sys.stderr)
    return 1


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise SettingsError(
                f"port {port} is taken ({error.strerror}); choose another with --port"
            ) from None


@contextmanager
def _ended_with_us(process: subprocess.Popen[bytes]) -> Iterator[list[bool]]:
    """When this process is interrupted or told to stop, end Dagster with all that it started.

    It is a session of its own, so that one signal reaches the webserver, the daemon, the code server and
    the runs, and none is left to hold the port or the warehouse. Yields a list that is empty unless told so.
    """
    was_told: list[bool] = []

    def interrupt(*_: object) -> None:
        was_told.append(True)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with suppress(KeyboardInterrupt):
            yield was_told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        until = time.monotonic() + STOP_SECONDS
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
            while time.monotonic() < until:
                process.poll()
                os.killpg(process.pid, 0)
                time.sleep(0.2)
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
