"""Ways round what is slow and not under test: the audit, dbt's reading of its own project, its data tests, and dbt for
the versions of many small histories.

For the last, dbt compiles and builds the models once, in an empty template; each history's warehouse then gets the same seeds, the
same SQL and the same as-of macros. Nothing of a model is written here.
"""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest

from expectations.audit import Verdict
from expectations.contracts import TableContract
from orchestration import steps, transform
from orchestration.settings import Settings
from orchestration.steps import building
from orchestration.transform import manifest, run_dbt

MODELS = ("fct_event_version", "fct_article_version")
WITHOUT_TESTS = ["--exclude-resource-type", "test"]
SELECTION = [f"+{model}" for model in MODELS]


def no_checks(connection: Any, database: Any, config: Any, contract: TableContract, *_: Any) -> Verdict:
    """An audit that sees nothing, for tests of what many good loads make together. It takes most of their time, and
    is tested in tests/unit/expectations and wherever a load is refused."""
    return Verdict(contract.table, ())


@contextmanager
def no_data_tests() -> Iterator[None]:
    """Builds make the models and do not test them: for homes of which another like it was built with every test."""

    def models_alone(changed_feeds: set[str] | None) -> list[str]:
        return [*transform.build_command(changed_feeds), *WITHOUT_TESTS]

    with mock.patch.object(building, "build_command", models_alone):
        yield


def keep_what_is_loaded() -> None:
    """Spares Python's garbage collector what lives until the process ends: dbt and Dagster are millions of objects,
    which it would walk again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


@contextmanager
def one_parse() -> Iterator[None]:
    """dbt reads the project once in this process, and not again for each new home or country scope.

    dbt would read it anew because the path of the warehouse or a variable is another. Nothing of what it reads depends
    on the path, nor on the scope, which models ask for when they run.
    """
    import dbt.cli.main as dbt

    parsed: dict[Any, Any] = {}

    class Runner(dbt.dbtRunner):
        def invoke(self, args: list[str], **options: Any) -> Any:
            given = args[args.index("--log-level") :]
            files = transform.DBT_PROJECT.rglob("*")
            plain = [text for text in given if "sahel_countries" not in text]
            key = (tuple(plain), frozenset((path, path.stat().st_mtime_ns) for path in files))
            if key not in parsed:
                answer = super().invoke(["parse", *given], **options)
                if not answer.success:
                    return answer
                parsed[key] = answer.result.deepcopy()
                keep_what_is_loaded()
                if args[0] == "parse":
                    return answer
            if args[0] != "parse":
                # A run writes into the manifest that it is given.
                self.manifest = parsed[key].deepcopy()
            return super().invoke(args, **options)

    with mock.patch.object(dbt, "dbtRunner", Runner):
        yield


@dataclass(frozen=True)
class VersionModels:
    """The compiled models, in order, and the built template with its seeds and macros."""

    template: Path
    models: tuple[tuple[str, str, str, str], ...]
    """schema, name, table, view or python, code."""

    def build(self, settings: Settings, seeds: Mapping[str, str] | None = None) -> None:
        """Build them in a home's warehouse, where ``seeds`` maps names of seeds to queries for more of their rows.

        Nobody else may have it open.
        """
        with duckdb.connect(str(settings.warehouse)) as connection:
            connection.execute(f"attach '{self.template}' as template (read_only)")
            for schema in {schema for schema, *_ in self.models} | {"reference"}:
                connection.execute(f"create schema if not exists {schema}")
            names = connection.execute(
                "select table_name from duckdb_tables() where database_name = 'template' and schema_name = 'reference'"
            ).fetchall()
            for (seed,) in names:
                connection.execute(
                    f"create or replace table reference.{seed} as from template.reference.{seed}"
                )
            for seed, query in (seeds or {}).items():
                connection.execute(f"insert into reference.{seed} by name {query}")
            for schema, name, kind, code in self.models:
                if kind == "python":
                    # As dbt does it: the code with the names of its tables, called with what reads a table.
                    model: dict[str, Any] = {}
                    exec(code, model)
                    frame = model["model"](model["dbtObj"](connection.table), connection)
                    connection.register("frame", frame)
                    code = "from frame"
                sort = "view" if kind == "view" else "table"
                connection.execute(f'create or replace {sort} {schema}."{name}" as {code}')
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
    return compiled(tmp_path_factory.mktemp("versions"), SELECTION)


@pytest.fixture(scope="session")
def incident_models(tmp_path_factory: pytest.TempPathFactory) -> VersionModels:
    """From the feeds to incidents and what sources dispute, compiled once for each process that runs tests."""
    return compiled(tmp_path_factory.mktemp("incidents"), ["+source_agreement"])


def compiled(home: Path, selection: list[str]) -> VersionModels:
    settings = Settings.from_env(home, environ={})
    with steps.session(steps.Run(settings)):
        pass
    nodes = run_dbt(
        settings,
        [
            "build",
            "--select",
            *selection,
            "--exclude-resource-type",
            "unit_test",
            *WITHOUT_TESTS,
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
            "python" if known[name]["language"] == "python" else known[name]["config"]["materialized"],
            known[name]["compiled_code"],
        )
        for name in order
    )
    return VersionModels(settings.warehouse, models)
