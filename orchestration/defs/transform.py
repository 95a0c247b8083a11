"""The dbt models as assets and their tests as checks, run by one ``steps.build`` per run.

The steps choose what to build, from what is new in the ledger; here each node's real status becomes a
materialisation or a check result. Unit tests and source tests are no assets' checks and stay out.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets

from orchestration import steps
from orchestration.defs.automation import AFTER_SOURCES
from orchestration.defs.feeds import INGESTIONS, TABLES
from orchestration.defs.plots import history
from orchestration.defs.resources import RETRY, SahelResource, failures_told_apart
from orchestration.defs.shown import OWNERS, POOL
from orchestration.settings import FEEDS, Settings
from orchestration.transform import DBT_PROJECT, NodeResult, manifest, run_dbt

WARNED = "warn"
ALL_FEEDS = {one.feed for one in INGESTIONS}


class Translator(DagsterDbtTranslator):
    """dbt nodes as this project shows assets: grouped by layer, owned, tagged, automated."""

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = manifest["nodes"].get(unique_id)
        if node is None:
            return spec  # a source: the raw assets, or the ledger
        layer = node["fqn"][1] if node["resource_type"] == "model" else "reference"
        made_as = node["config"].get("materialized") or node["resource_type"]
        return spec.replace_attributes(
            deps=_without_ledger(node["name"], spec.deps),
            group_name=layer,
            owners=OWNERS,
            tags={"layer": layer},
            kinds={"dbt", "duckdb", "python" if node.get("language") == "python" else made_as},
            description=node["description"] or None,
            # A seed's upstream is a file of this repository, of which Dagster hears nothing.
            automation_condition=AFTER_SOURCES if node["resource_type"] == "model" else None,
        )


def _without_ledger(model: str, deps: Iterable[dg.AssetDep]) -> list[dg.AssetDep]:
    """The ledger commits with the data it tells of: whoever reads it comes after the raw tables of its feeds."""
    named_for = next((feed for feed in FEEDS if f"_{feed}__" in model), None)
    keys: dict[dg.AssetKey, None] = {}
    for dep in deps:
        if dep.asset_key.path[0] != "ledger":
            keys[dep.asset_key] = None
            continue
        told_of = {one.feed for one in INGESTIONS if dep.asset_key.path[1] in one.ledger} or ALL_FEEDS
        if named_for in told_of:
            told_of = {named_for}
        keys |= {one.raw: None for one in TABLES if one.contract.feed in told_of}
    return [dg.AssetDep(key) for key in keys]


def dbt_manifest(settings: Settings) -> dict[str, Any]:
    """The home's manifest if it is of this dbt project as it stands, else one parsed aside: loading writes nothing."""
    path = settings.dbt_work / "target" / "manifest.json"
    newest = max(
        file.stat().st_mtime
        for file in DBT_PROJECT.rglob("*")
        if file.suffix in (".sql", ".py", ".yml", ".csv")
    )
    if path.is_file() and path.stat().st_mtime >= newest:
        return manifest(settings)
    return _parsed_aside()


@cache
def _parsed_aside() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="sahel-dbt-") as folder:
        aside = replace(Settings.from_env(), home=Path(folder))
        run_dbt(aside, ["parse"])
        return json.loads((aside.dbt_work / "target" / "manifest.json").read_text(encoding="utf-8"))


class BuildConfig(dg.Config):
    """What may be asked of a build in the launchpad."""

    everything: bool = False
    """Build all models anew, incremental ones too, also where nothing is new."""


def dbt_definitions(project_manifest: Mapping[str, Any]) -> list[dg.AssetsDefinition]:
    """The models and seeds as one asset definition, which is one step and one call of dbt."""

    @dbt_assets(
        manifest=project_manifest,
        dagster_dbt_translator=Translator(),
        name="dbt_build",
        pool=POOL,
        retry_policy=RETRY,
    )
    def dbt_build(
        context: dg.AssetExecutionContext, config: BuildConfig, sahel: SahelResource
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        def tell(event: Any) -> None:
            if event.info.level in ("warn", "error"):
                context.log.warning(event.info.msg)

        with failures_told_apart():
            report = steps.build(sahel.run(context), everything=config.everything, on_event=tell)
            with sahel.reading() as connection:
                if report.skipped and not steps.waits_for_publication(connection, sahel.settings):
                    # Nothing is yielded, so what comes after in this run is skipped too.
                    context.log.info(f"{report.skipped}; set `everything` in the launchpad to build anyway")
                    return
                yield from _results(context, report.nodes, connection)
            _raise_for(context, report.nodes)

    return [dbt_build]


def _results(
    context: dg.AssetExecutionContext, nodes: tuple[NodeResult, ...], connection: duckdb.DuckDBPyConnection
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Each node's status as Dagster's. A skipped or failed model yields nothing: it was not made."""
    keys = {spec.metadata["dagster_dbt/unique_id"]: spec.key for spec in context.assets_def.specs}
    by_key = {keys[node.unique_id]: node for node in nodes if node.unique_id in keys}
    wanted = context.selected_asset_keys
    for key in _in_order(context.assets_def.specs):
        node = by_key.get(key)
        if node is None and key in wanted:
            # Asked for, and nothing that it reads has changed: it is as new as the data makes it.
            yield dg.MaterializeResult(asset_key=key, metadata={"unchanged": True, **_shown(connection, key)})
        elif node is not None and node.good:
            metadata = {"seconds": round(node.seconds, 2), **_shown(connection, key)}
            if key in wanted:
                yield dg.MaterializeResult(asset_key=key, metadata=metadata)
            else:
                # dbt built more than this run was asked for: what was new elsewhere. The catalogue is told.
                context.log_event(dg.AssetMaterialization(key, metadata=metadata))
    checks = {check.metadata["dagster_dbt/unique_id"]: check for check in context.assets_def.check_specs}
    for node in nodes:
        check = checks.get(node.unique_id)
        if check and check.key in context.selected_asset_check_keys and node.status != "skipped":
            yield _check_result(check.key, node)


def _check_result(key: dg.AssetCheckKey, node: NodeResult) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=node.status == "pass",
        severity=dg.AssetCheckSeverity.WARN if node.status == WARNED else dg.AssetCheckSeverity.ERROR,
        metadata={
            "status": node.status,
            "failing rows": node.failures or 0,
            "seconds": round(node.seconds, 2),
            **({"message": node.message} if node.message else {}),
        },
    )


def _raise_for(context: dg.AssetExecutionContext, nodes: tuple[NodeResult, ...]) -> None:
    """A model that failed fails the step; so does a test that no check shows, or nobody would see it."""
    shown = {check.metadata["dagster_dbt/unique_id"] for check in context.assets_def.check_specs}
    failed = [
        node
        for node in nodes
        if node.status == "error" or (node.status == "fail" and node.unique_id not in shown)
    ]
    if failed:
        told = "; ".join(
            f"{node.name}: {(node.message or node.status).splitlines()[0]}" for node in failed[:5]
        )
        raise dg.Failure(
            description=f"{len(failed)} dbt nodes failed: {told}",
            metadata={node.name: node.message or node.status for node in failed},
            allow_retries=False,
        )


def _in_order(specs: Iterable[dg.AssetSpec]) -> list[dg.AssetKey]:
    """Keys, each after those it depends on: Dagster wants results in that order."""
    specs = list(specs)
    own = {spec.key for spec in specs}
    return list(
        TopologicalSorter(
            {spec.key: [dep.asset_key for dep in spec.deps if dep.asset_key in own] for spec in specs}
        ).static_order()
    )


def _shown(connection: duckdb.DuckDBPyConnection, key: dg.AssetKey) -> dict[str, Any]:
    """Rows of the table, and a plot where a history tells something. Views are not counted: that would compute them."""
    schema, name = key.path
    known = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = ? and table_name = ?", [schema, name]
    ).fetchone()[0]
    if not known:
        return {}
    rows = connection.execute(f'select count(*) from {schema}."{name}"').fetchone()[0]
    return {"dagster/row_count": rows, **history(connection, key)}
