"""`sahel ui`: the Dagster webserver and daemon, bound to loopback, on this home's instance."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestration.settings import Settings, SettingsError
from orchestration.transform import run_dbt

ROOT = Path(__file__).resolve().parents[1]
WORKSPACE = ROOT / "workspace.yaml"
INSTANCE = Path(__file__).with_name("instance") / "dagster.yaml"
HOST = "127.0.0.1"
STOP_SECONDS = 20


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
    # `dg dev`, which Dagster recommends instead, is another package that brings many more.
    quiet = ("-W", "ignore:Function `dev_command`")
    command = [sys.executable, *quiet, "-m", "dagster", "dev", "-w", str(WORKSPACE), "--log-level", "warning"]
    process = subprocess.Popen([*command, "-h", HOST, "-p", str(port)], env=environment, cwd=ROOT)
    with _ended_with_us(process):
        code = process.wait()
    return 0 if code in (0, -signal.SIGINT, -signal.SIGTERM) else 1


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
def _ended_with_us(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End Dagster, which ends its own children, when this process is interrupted or told to stop."""

    def stop(*_: object) -> None:
        process.terminate()

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        # The terminal has told Dagster too; it takes a few seconds to end its processes.
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
