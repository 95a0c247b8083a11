"""Ways round what is slow and not under test: dbt for the versions of many small histories, and the audit.

dbt compiles and builds the models once, in an empty template; each history's warehouse then gets the same seeds, the
same SQL and the same as-of macros. Nothing of a model is written here.
"""

from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.audit import Verdict
from expectations.contracts import TableContract
from orchestration import steps
from orchestration.settings import Settings
from orchestration.transform import manifest, run_dbt

MODELS = ("fct_event_version", "fct_article_version")
SELECTION = [f"+{model}" for model in MODELS]


def no_checks(connection: Any, database: Any, config: Any, contract: TableContract, *_: Any) -> Verdict:
    """An audit that sees nothing, for tests of what many good loads make together. It takes most of their time, and
    is tested in tests/unit/expectations and wherever a load is refused."""
    return Verdict(contract.table, ())


@dataclass(frozen=True)
class VersionModels:
    """The compiled models, in order, and the built template with its seeds and macros."""

    template: Path
    models: tuple[tuple[str, str, str, str], ...]
    """schema, name, table or view, SQL."""

    def build(self, settings: Settings) -> None:
        """Build them in a home's warehouse. Nobody else may have it open."""
        with duckdb.connect(str(settings.warehouse)) as connection:
            connection.execute(f"attach '{self.template}' as template (read_only)")
            for schema in {schema for schema, *_ in self.models} | {"reference"}:
                connection.execute(f"create schema if not exists {schema}")
            seeds = connection.execute(
                "select table_name from duckdb_tables() where database_name = 'template' and schema_name = 'reference'"
            ).fetchall()
            for (seed,) in seeds:
                connection.execute(
                    f"create or replace table reference.{seed} as from template.reference.{seed}"
                )
            for schema, name, kind, sql in self.models:
                connection.execute(f'create or replace {kind} {schema}."{name}" as {sql}')
            macros = connection.execute(
                "select schema_name, function_name, macro_definition from duckdb_functions() "
                "where database_name = 'template' and schema_name = 'core' and function_type = 'table_macro'"
            ).fetchall()
            for schema, name, definition in macros:
                connection.execute(f"create or replace macro {schema}.{name}(ts) as table {definition}")
            connection.execute("detach template")


@pytest.fixture(scope="session")
def version_models(tmp_path_factory: pytest.TempPathFactory) -> VersionModels:
    """Compiled once for each process that runs tests."""
    settings = Settings.from_env(tmp_path_factory.mktemp("versions"), environ={})
    with steps.session(steps.Run(settings)):
        pass
    nodes = run_dbt(
        settings,
        [
            "build",
            "--select",
            *SELECTION,
            "--exclude-resource-type",
            "unit_test",
            "--exclude-resource-type",
            "test",
        ],
    )
    assert [node.name for node in nodes if not node.good] == []
    built = {node.unique_id for node in nodes if node.resource_type == "model"}
    known = manifest(settings)["nodes"]
    order = TopologicalSorter(
        {name: [other for other in known[name]["depends_on"]["nodes"] if other in built] for name in built}
    ).static_order()
    models = tuple(
        (
            known[name]["schema"],
            known[name]["alias"],
            "view" if known[name]["config"]["materialized"] == "view" else "table",
            known[name]["compiled_code"],
        )
        for name in order
    )
    return VersionModels(settings.warehouse, models)
