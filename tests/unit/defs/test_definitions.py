"""The definitions as a whole: they load anywhere, and the graph is the one that was last looked at.

After a change that is meant, write the snapshot anew: `python -m tests.unit.defs.test_definitions`.
"""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
import yaml

from expectations.contracts import CONTRACTS
from orchestration.defs.resources import SahelResource
from orchestration.defs.schedules import days_with_gaps, gdelt_days
from orchestration.settings import BY_HAND

SNAPSHOT = Path(__file__).with_name("asset_graph.txt")
ROOT = Path(__file__).resolve().parents[3]
WRITERS = {"landing", "raw"}


def graph_as_text(defs: dg.Definitions) -> str:
    """Every asset with its group, partitions, automation, dependencies and checks, one fact a line."""
    graph = defs.resolve_asset_graph()
    lines = []
    for key in sorted(graph.get_all_asset_keys()):
        node = graph.get(key)
        automation = node.automation_condition.get_label() if node.automation_condition else "none"
        partitions = type(node.partitions_def).__name__ if node.partitions_def else "none"
        lines.append(
            f"{key.to_user_string()}  group={node.group_name} partitions={partitions} automation={automation}"
        )
        lines += [f"  < {parent.to_user_string()}" for parent in sorted(node.parent_keys)]
        for check in sorted(node.check_keys, key=lambda one: one.name):
            blocking = graph.get(check).blocking
            lines.append(f"  ? {check.name}{' (blocking)' if blocking else ''}")
    return "\n".join(lines) + "\n"


def test_the_asset_graph_is_the_one_that_was_last_looked_at(defs: dg.Definitions) -> None:
    assert graph_as_text(defs) == SNAPSHOT.read_text(encoding="utf-8"), (
        "the graph has changed; if so meant, run `python -m tests.unit.defs.test_definitions`"
    )


def test_every_asset_is_grouped_owned_described_and_of_a_kind(defs: dg.Definitions) -> None:
    for spec in defs.resolve_all_asset_specs():
        told = (spec.key, spec.group_name, spec.owners, spec.kinds, spec.description, spec.tags.get("layer"))
        assert all(told), (
            f"{spec.key.to_user_string()} lacks one of group, owner, kind, description, layer: {told}"
        )


def test_every_landing_table_is_guarded_by_a_blocking_check_of_its_partition(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    landing = [key for key in graph.get_all_asset_keys() if key.path[0] == "landing"]
    assert {key.path[1] for key in landing} == {
        table for table, contract in CONTRACTS.items() if contract.feed not in BY_HAND
    }
    for key in landing:
        (check,) = [graph.get(check) for check in graph.get(key).check_keys]
        assert check.blocking
        assert check.partitions_def == graph.get(key).partitions_def


def test_every_writer_takes_its_turn(defs: dg.Definitions) -> None:
    """Whatever opens the warehouse is in the pool of one; only the reader of the BI file is not."""
    names = {
        node.name: node.definition.pool
        for job in [job.name for job in defs.jobs]
        for node in defs.resolve_job_def(job).nodes
    }
    assert {name for name, pool in names.items() if pool != "duckdb_writer"} == {
        "published__bi_file_readable"
    }


def test_loading_asks_nobody_and_writes_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    code = (
        "import socket\n"
        "def refuse(*a, **k): raise AssertionError('asked the network')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse\n"
        "from orchestration.definitions import defs\n"
        "print(len(defs.resolve_all_asset_specs()))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"SAHEL_HOME": str(home), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stderr
    assert int(answer.stdout.split()[-1]) > 40
    assert not home.exists()


def test_jobs_end_by_themselves(defs: dg.Definitions) -> None:
    for job in defs.jobs:
        assert int(defs.resolve_job_def(job.name).tags["dagster/max_runtime"]) > 0, job.name


def test_nothing_that_asks_a_publisher_starts_by_itself(defs: dg.Definitions) -> None:
    assert all(one.default_status is dg.DefaultScheduleStatus.STOPPED for one in defs.schedules)
    running = {one.name for one in defs.sensors if one.default_status is dg.DefaultSensorStatus.RUNNING}
    assert running == {"failed_run", "shown_from_ledger", "new_alerts"}


@pytest.mark.parametrize(
    ("now", "days"),
    [
        (datetime(2026, 6, 30, 12, 6), ["2026-06-30"]),
        (datetime(2026, 6, 30, 0, 36), ["2026-06-29", "2026-06-30"]),
    ],
)
def test_just_after_midnight_yesterday_is_asked_for_too(now: datetime, days: list[str]) -> None:
    assert gdelt_days(now.replace(tzinfo=UTC)) == days


def test_before_the_first_publication_no_gap_is_known(home: Path) -> None:
    assert days_with_gaps(SahelResource(home=str(home)), datetime(2026, 6, 30, tzinfo=UTC)) == []


def test_the_instance_frees_what_a_killed_run_held() -> None:
    """The settings that fault 13 of the soak test rests on."""
    instance = yaml.safe_load((ROOT / "orchestration/instance/dagster.yaml").read_text(encoding="utf-8"))
    assert instance["run_monitoring"]["enabled"] is True
    assert instance["run_retries"]["enabled"] is True
    assert instance["concurrency"]["pools"] == {"default_limit": 1, "granularity": "run"}
    assert instance["telemetry"]["enabled"] is False


def test_the_workspace_names_the_code_location() -> None:
    (location,) = yaml.safe_load((ROOT / "workspace.yaml").read_text(encoding="utf-8"))["load_from"]
    assert location["python_module"]["module_name"] == "orchestration.definitions"


if __name__ == "__main__":
    from orchestration.definitions import build_definitions

    SNAPSHOT.write_text(graph_as_text(build_definitions()), encoding="utf-8")
