"""`python -m bench [case ...]`: run the cases in turn, several times, and write bench/RESULTS.md.

Each run is a process of its own, so that its peak memory is its own; compared cases take turns within one
run of this program, so that ratios hold where the machine's speed drifts.
"""

import argparse
import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "RESULTS.md"
DATA = Path(tempfile.gettempdir()) / "sahel-bench"
GROUPS = {
    "ged": ("ged_bare", "ged_load"),
    "gdelt": ("gdelt_limit", "gdelt_load", "gdelt_load_region", "gdelt_pandas"),
    "parts": ("gdelt_load",),
    "ticks": ("ticks",),
    "build": ("full_build",),
    "incidents": ("incident_scores", "incident_splink"),
    "incident-weights": ("incident_weights",),
    "rematch": ("incident_rematch",),
    "change-points": ("change_points_found",),
    "alerts": ("alert_rates",),
    "forecasts": ("forecast_record", "forecast_world"),
}
RUN_ONCE = {"ticks", "incidents", "incident-weights", "change-points", "alerts", "forecasts"}
"""Too long for three runs, or the same each time."""


def main() -> None:
    """Run the groups asked for, or one case when called as a child."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("groups", nargs="*", help=f"of {', '.join(GROUPS)}; default all of them; or soak")
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each case (default 3)")
    parser.add_argument("--data", type=Path, default=DATA, help="where the made inputs are kept")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        print(json.dumps(_run_here(arguments.case, arguments.data)))
        return
    unknown = set(arguments.groups) - {*GROUPS, "soak"}
    if unknown:
        parser.error(f"unknown group {', '.join(sorted(unknown))}; use {', '.join(GROUPS)}")
    known = _known_results()
    if "soak" in arguments.groups:
        known["soak"] = _soak()
    groups = [group for group in arguments.groups or GROUPS if group != "soak"]
    if groups:
        from bench.cases import make_data

        print("making the inputs (once) …", flush=True)
        make_data(arguments.data, groups)
    for group in groups:
        known[group] = _run_group(group, 1 if group in RUN_ONCE else arguments.runs, arguments.data)
    RESULTS.write_text(_report(known), encoding="utf-8")
    print(f"wrote {RESULTS}")


def _run_here(name: str, data: Path) -> dict[str, Any]:
    from bench.cases import CASES

    work = Path(tempfile.mkdtemp(prefix=f"bench-{name}-"))
    try:
        measured = CASES[name](data, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    measured["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return measured


def _run_group(group: str, runs: int, data: Path) -> dict[str, Any]:
    measured: dict[str, list[dict[str, Any]]] = {name: [] for name in GROUPS[group]}
    for number in range(runs):
        for name in GROUPS[group]:
            started = datetime.now(UTC)
            answer = subprocess.run(
                [sys.executable, "-m", "bench", "--case", name, "--data", str(data)],
                capture_output=True,
                text=True,
                check=False,
                env={**os.environ, "GX_ANALYTICS_ENABLED": "false"},
            )
            if answer.returncode:
                raise SystemExit(f"{name} failed:\n{answer.stderr[-3000:]}")
            result = json.loads(answer.stdout.splitlines()[-1])
            result["process_seconds"] = (datetime.now(UTC) - started).total_seconds()
            measured[name].append(result)
            print(
                f"{group} {number + 1}/{runs} {name}: {result['seconds']:.2f} s, {result['peak_mib']:.0f} MiB",
                flush=True,
            )
    return {"at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"), "runs": runs, "cases": measured}


def _soak() -> dict[str, Any]:
    """The soak tests: they pass or this ends with their output; what they counted is kept."""
    started = datetime.now(UTC)
    command = [sys.executable, "-m", "pytest", "-m", "soak", "-s", "tests/pipeline"]
    answer = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    print(answer.stdout)
    if answer.returncode:
        raise SystemExit("the soak tests failed")
    told = re.findall(r"(\d+ kills in \d+ rounds)", answer.stdout)
    minutes = (datetime.now(UTC) - started).total_seconds() / 60
    return {"at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"), "told": told[0], "minutes": minutes}


def _known_results() -> dict[str, Any]:
    """Results of an earlier run, kept in the report itself, so that one group can be measured again."""
    if not RESULTS.is_file():
        return {}
    text = RESULTS.read_text(encoding="utf-8")
    _, _, kept = text.partition("<!-- measurements\n")
    return json.loads(kept.partition("\n-->")[0]) if kept else {}


def _report(known: dict[str, Any]) -> str:
    from bench.report import tables

    machine = f"{os.cpu_count()} processors, {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB, Linux {platform.machine()}"
    software = ", ".join(
        f"{name} {version(name)}" for name in ("duckdb", "great-expectations", "dbt-core", "pandas")
    )
    return "\n".join(
        [
            "# Measured",
            "",
            "Written by `make bench` (`python -m bench [group ...]`). Inputs are made unless a section says otherwise. Seconds are medians of the",
            "counted runs, each in a process of its own, compared cases taking turns; the machine is shared, so read ratios.",
            "",
            f"Machine: {machine}; Python {platform.python_version()}, {software}.",
            "",
            *tables(known),
            "<!-- measurements",
            json.dumps(known),
            "-->",
            "",
        ]
    )


if __name__ == "__main__":
    main()
