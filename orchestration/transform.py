"""Running dbt: in this process, one call a build, each node's real status told.

Which nodes to build is decided here from the ledger; what they compute is in ``dbt_project``.
"""

import gc
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from expectations.contracts import CONTRACTS
from orchestration import forecasting
from orchestration.settings import Settings, scope_text
from orchestration.spatial import spatial_extension
from orchestration.warehouse.connection import LOCK_WAIT_SECONDS, WarehouseBusy
from orchestration.warehouse.gazetteer import package_version

LOCK_POLL_SECONDS = 1.0
DBT_PROJECT = Path(__file__).resolve().parents[1] / "dbt_project"
CALLED_BY_MODELS = (Path(forecasting.__file__),)
"""Code that dbt's Python models call, which so is part of what they compute."""

LEDGER_OF = {"ucdp": "coverage", "acled": "coverage", "insecurity_insight": "coverage", "gdelt": "gdelt_slot"}
"""The ledger's table that tells where and when a feed was looking, which models read beside its rows."""
AUDIT = ("path:models/audit,source:ledger+", "dim_source", "int_alert__candidate+")
"""What tells of the ledger, built every time: audit models that read it, when each source was accessed, and the alerts,
since a feed falls asleep without any news. What events alone can change is not made anew (int_alert__conflict).

The other audit models tell of rows: they are built with what they read.
"""


UCDP_ONLY = "tag:ucdp_only"
"""Models that read a table of all feeds for UCDP's rows alone: another feed's news leaves them as they are."""


def selection(feed: str) -> tuple[str, ...]:
    """What a feed's new rows can change, in dbt's words. ``audit`` stands for news of the ledger alone."""
    if feed == "audit":
        return AUDIT
    raw = tuple(f"source:raw.{table}+" for table, contract in CONTRACTS.items() if contract.feed == feed)
    return raw + ((f"source:ledger.{LEDGER_OF[feed]}+",) if feed in LEDGER_OF else ())


@dataclass(frozen=True)
class NodeResult:
    """What became of one dbt node: ``status`` is dbt's own (success, pass, warn, error, fail, skipped)."""

    unique_id: str
    name: str
    resource_type: str
    status: str
    seconds: float
    message: str | None
    failures: int | None

    @property
    def good(self) -> bool:
        return self.status in ("success", "pass", "warn", "no-op")


class DbtFailed(RuntimeError):
    """dbt could not run at all (not: a node failed); the message is dbt's, with the remedy."""


def run_dbt(
    settings: Settings,
    command: list[str],
    *,
    on_event: Callable[[Any], None] | None = None,
) -> list[NodeResult]:
    """Run one dbt command and return its nodes' results. The database must not be open here.

    Raises ``DbtFailed`` if dbt could not start, ``WarehouseBusy`` if another writer does not finish in time.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import reset_adapters
    from dbt.cli.main import dbtRunner

    settings.dbt_work.mkdir(parents=True, exist_ok=True)
    arguments = [*command, *project_arguments(settings)]
    until = monotonic() + LOCK_WAIT_SECONDS
    while True:
        with _environment(settings):
            try:
                answer = dbtRunner(callbacks=[on_event] if on_event else []).invoke(arguments)
            finally:
                # dbt keeps its connection for the next call; closing it frees the database for the next writer.
                reset_adapters()
                DuckDBConnectionManager.close_all_connections()
                gc.collect()
        # Between our session and dbt's connection another process may have become the writer.
        if "set lock on file" not in str(answer.exception or ""):
            break
        if monotonic() > until:
            raise WarehouseBusy(
                f"another process is writing {settings.warehouse.name}; wait for it to end, or stop it"
            )
        sleep(LOCK_POLL_SECONDS)
    if answer.exception is not None:
        if isinstance(_root(answer.exception), KeyboardInterrupt):
            raise KeyboardInterrupt
        told = " ".join(str(answer.exception).split()) or type(answer.exception).__name__
        raise DbtFailed(f"dbt could not run: {told}; try `sahel doctor`")
    return [_node_result(item) for item in getattr(answer.result, "results", [])]


def project_arguments(settings: Settings) -> list[str]:
    """What each command says of the project, its variables and what it prints."""
    return [
        # What dbt has to say is in the answer; on the console it would come twice, an interrupt as a traceback.
        *("--log-level", "none"),
        *("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)),
        *("--vars", json.dumps(_variables(settings))),
    ]


def _variables(settings: Settings) -> dict[str, str]:
    file = spatial_extension()
    return {
        "sahel_countries": scope_text(settings.countries),
        "spatial_extension": str(file) if file else "",
    }


def project_hash(settings: Settings) -> str:
    """A digest of the dbt project's sources, the code that its models call, the gazetteer and the country scope.

    When it changes, everything is built anew.
    """
    digest = hashlib.sha256(scope_text(settings.countries).encode())
    digest.update(package_version().encode())
    for path in sorted(DBT_PROJECT.rglob("*")):
        if (
            path.is_file()
            and path.suffix in (".sql", ".py", ".yml", ".csv", ".md")
            and "target" not in path.parts
        ):
            digest.update(str(path.relative_to(DBT_PROJECT)).encode())
            digest.update(path.read_bytes())
    for path in CALLED_BY_MODELS:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def build_command(changed_feeds: set[str] | None) -> list[str]:
    """The dbt command for a build. ``changed_feeds`` None builds everything anew, seeds included."""
    command = ["build", "--exclude-resource-type", "unit_test"]
    if changed_feeds is None:
        return [*command, "--full-refresh"]
    wanted = [selector for feed in sorted({*changed_feeds, "audit"}) for selector in selection(feed)]
    not_wanted = () if "ucdp" in changed_feeds else (UCDP_ONLY,)
    return [*command, "--select", *wanted, "--exclude", "resource_type:seed", *not_wanted]


def has_manifest(settings: Settings) -> bool:
    """Whether a build has left dbt's manifest, without which nothing can be published."""
    return (settings.dbt_work / "target" / "manifest.json").is_file()


def manifest(settings: Settings) -> dict[str, Any]:
    """dbt's manifest of the last build. Raises ``FileNotFoundError`` before the first one."""
    path = settings.dbt_work / "target" / "manifest.json"
    if not path.is_file():
        raise FileNotFoundError(f"no dbt manifest at {path}; run `sahel build` first")
    return json.loads(path.read_text(encoding="utf-8"))


def _root(error: BaseException) -> BaseException:
    """What an error began with; dbt wraps what stops it."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    return error


@contextmanager
def _environment(settings: Settings) -> Iterator[None]:
    wanted = {
        "SAHEL_WAREHOUSE": str(settings.warehouse),
        "DBT_TARGET_PATH": str(settings.dbt_work / "target"),
        "DBT_LOG_PATH": str(settings.dbt_work / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_QUIET": "true",
        "DBT_USE_COLORS": "false",
        "DBT_VERSION_CHECK": "false",
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _node_result(item: Any) -> NodeResult:
    return NodeResult(
        unique_id=item.node.unique_id,
        name=item.node.name,
        resource_type=str(item.node.resource_type),
        status=str(item.status),
        seconds=float(item.execution_time),
        message=item.message,
        failures=item.failures,
    )
