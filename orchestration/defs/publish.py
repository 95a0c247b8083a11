"""The BI file as an asset, and the check that reads it back as a user would. How it is written is the steps'."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import dagster as dg

from orchestration import steps
from orchestration.defs.automation import AFTER_SOURCES
from orchestration.defs.resources import RETRY, SahelResource, failures_told_apart
from orchestration.defs.shown import OWNERS, POOL, table
from orchestration.warehouse.connection import open_published
from orchestration.warehouse.publish import SCHEMAS

BI_FILE = dg.AssetKey(["published", "bi_file"])


def published_assets(
    project_manifest: Mapping[str, Any],
) -> list[dg.AssetsDefinition | dg.AssetChecksDefinition]:
    """The BI file, after every model of the public schemas, and its read-back check."""
    public = [
        dg.AssetKey([node["schema"], node["alias"]])
        for node in project_manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] in SCHEMAS
    ]

    @dg.asset(
        key=BI_FILE,
        deps=public,
        group_name="published",
        kinds={"duckdb", "parquet"},
        owners=OWNERS,
        tags={"layer": "published"},
        description=(
            "core, marts and audit as one read-only DuckDB file with Parquet beside it: written aside, checked by "
            "the query pack, renamed into place. Readers keep the version that they opened."
        ),
        automation_condition=AFTER_SOURCES,
        freshness_policy=dg.FreshnessPolicy.time_window(
            fail_window=timedelta(days=2), warn_window=timedelta(hours=12)
        ),
        pool=POOL,
        retry_policy=RETRY,
    )
    def bi_file(context: dg.AssetExecutionContext, sahel: SahelResource) -> Iterator[dg.MaterializeResult]:
        with failures_told_apart():
            published = steps.publish(sahel.run(context))
        yield dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(published.path),
                "dagster/row_count": sum(published.tables.values()),
                "rows": table([{"table": name, "rows": rows} for name, rows in published.tables.items()]),
                "promised queries that ran": published.queries,
                "version": published.version,
                "size (MB)": round(published.path.stat().st_size / 1e6, 1),
            },
            data_version=dg.DataVersion(published.version),
        )

    @dg.asset_check(
        asset=BI_FILE,
        name="readable",
        description="The file opens read-only, as a BI tool opens it, and each of its tables can be counted.",
    )
    def readable(sahel: SahelResource) -> dg.AssetCheckResult:
        path = sahel.settings.bi_file
        if not path.is_file():
            return dg.AssetCheckResult(
                passed=False, description=f"no file at {path}; publish it first", metadata={"path": str(path)}
            )
        try:
            with open_published(path) as reader:
                rows = {
                    f"{schema}.{name}": reader.execute(f'select count(*) from {schema}."{name}"').fetchone()[
                        0
                    ]
                    for schema, name in reader.execute(
                        "select schema_name, table_name from duckdb_tables() order by 1, 2"
                    ).fetchall()
                }
        except Exception as error:
            # A check that cannot run is a check that failed; it must not be taken for no answer.
            return dg.AssetCheckResult(passed=False, description=f"{type(error).__name__}: {error}")
        empty = [name for name, count in rows.items() if not count]
        return dg.AssetCheckResult(
            passed=bool(rows),
            description=f"{len(rows)} tables, {sum(rows.values()):,} rows",
            metadata={
                "path": dg.MetadataValue.path(path),
                "tables": len(rows),
                "rows": sum(rows.values()),
                "empty tables": ", ".join(empty) or "none",
            },
        )

    return [bi_file, readable]
