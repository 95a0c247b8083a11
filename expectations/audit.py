"""The audit: run a table's checks over landed rows through Great Expectations, and judge.

The only module that touches Great Expectations. "The data failed" and "the check could not run" are
told apart, and both stop the load. No Dagster, no files: reports are ``expectations.report``.
"""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from expectations.contracts import TableContract
from expectations.suites import Check, LoadFacts, checks_for

SAMPLE_ROWS = 5
_RUN = threading.Lock()


class AuditBroken(RuntimeError):
    """Great Expectations does not judge rightly on this installation; nothing may be loaded on its word."""


@dataclass(frozen=True)
class CheckResult:
    """What one check found. ``could_run`` false means the check itself failed: ``observed`` says how."""

    name: str
    severity: str
    passed: bool
    could_run: bool
    observed: str
    description: str
    failing_sample: tuple[dict[str, Any], ...] = ()

    @property
    def blocks(self) -> bool:
        return not self.could_run or (not self.passed and self.severity == "block")


@dataclass(frozen=True)
class Verdict:
    """The judgement of a load: pass, warn or block, with every check's result."""

    table: str
    results: tuple[CheckResult, ...]

    @property
    def level(self) -> str:
        if any(result.blocks for result in self.results):
            return "block"
        return "pass" if all(result.passed for result in self.results) else "warn"

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        return tuple(result for result in self.results if not result.passed or not result.could_run)

    def summary(self) -> str:
        """One line: the verdict and what failed."""
        if not self.failures:
            return f"{len(self.results)} checks passed"
        told = "; ".join(
            f"{result.name} ({result.severity}): {result.observed}" for result in self.failures[:3]
        )
        more = f"; and {len(self.failures) - 3} more" if len(self.failures) > 3 else ""
        return f"{self.level}: {told}{more}"

    def to_json(self) -> str:
        return json.dumps(
            {"table": self.table, "results": [asdict(result) for result in self.results]}, default=str
        )

    @classmethod
    def from_json(cls, text: str) -> "Verdict":
        data = json.loads(text)
        results = tuple(
            CheckResult(**{**item, "failing_sample": tuple(item["failing_sample"])})
            for item in data["results"]
        )
        return cls(table=data["table"], results=results)


def run(
    connection: duckdb.DuckDBPyConnection,
    database: Path,
    config: dict[str, str],
    contract: TableContract,
    source: str,
    facts: LoadFacts,
) -> Verdict:
    """Audit the rows that ``source`` (a table or view in ``connection``) holds.

    ``database`` and ``config`` are those of ``connection``: Great Expectations opens the same file in
    this process through SQLAlchemy, which DuckDB allows only under an equal configuration.
    """
    checks = checks_for(contract, facts)
    self_check()
    results = _validate(f"duckdb:///{database}", config, source, checks)
    (total,) = connection.execute(f"select count(*) from {source}").fetchone()
    judged = (
        _with_observation(connection, contract, source, total, check, result)
        for check, result in zip(checks, results, strict=True)
    )
    return Verdict(table=contract.table, results=tuple(judged))


@cache
def self_check() -> None:
    """Prove once per process that a known-bad row is caught and a known-good one is not.

    Great Expectations over DuckDB needs a small fix (``_great_expectations``); were it to stop working
    after an upgrade, every expectation would fail by exception. Raises ``AuditBroken``.
    """
    import tempfile

    checks = [
        Check("null_is_caught", "block", "ExpectColumnValuesToNotBeNull", {"column": "bad"}),
        Check("good_is_passed", "block", "ExpectColumnValuesToNotBeNull", {"column": "good"}),
        Check(
            "row_rule_is_caught",
            "block",
            "UnexpectedRowsExpectation",
            {"unexpected_rows_query": "select 1 as failed from {batch} where good < 2"},
        ),
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "self_check.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.execute("create table sample as select * from (values (1, null), (2, 3)) v(good, bad)")
            results = _validate(f"duckdb:///{path}", {}, "main.sample", checks)
    found = [(result.could_run, result.passed) for result in results]
    if found != [(True, False), (True, True), (True, False)]:
        told = "; ".join(f"{result.name}: {result.observed}" for result in results)
        raise AuditBroken(
            f"Great Expectations misjudges known rows on this installation ({told}); run `make setup` again"
        )


def _validate(url: str, config: dict[str, str], source: str, checks: list[Check]) -> list[CheckResult]:
    with _RUN:
        return _validate_alone(url, config, source, checks)


def _validate_alone(url: str, config: dict[str, str], source: str, checks: list[Check]) -> list[CheckResult]:
    gx = _great_expectations()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    datasource = context.data_sources.add_sql(
        name="warehouse",
        connection_string=url,
        create_temp_table=False,
        kwargs={"connect_args": {"config": config}} if config else {},
    )
    engine = datasource.get_execution_engine()
    try:
        asset = datasource.add_query_asset(name="landing", query=f"select * from {source}")
        batch = asset.add_batch_definition_whole_table("all").get_batch()
        # All at once: added one by one, each would be compared with all before it.
        suite = gx.ExpectationSuite(
            name="load",
            expectations=[
                getattr(gx.expectations, check.expectation)(
                    **check.arguments, meta={"name": check.name}, severity=_GX_SEVERITY[check.severity]
                )
                for check in checks
            ],
        )
        with _each_configured_once(gx):
            # What was observed is asked of the rows afterwards: here it would be a query more for each check.
            answer = batch.validate(suite, result_format="BOOLEAN_ONLY")
    finally:
        _let_go(datasource, engine)
    by_name = {item.expectation_config.meta["name"]: item for item in answer.results}
    return [_result(check, by_name[check.name]) for check in checks]


@contextmanager
def _each_configured_once(gx: Any) -> Iterator[None]:
    """Great Expectations makes an expectation's configuration anew some hundred times in a validation, which takes a
    third of its time; no expectation changes meanwhile. Patches the class, so one validation at a time."""
    expectation = gx.expectations.Expectation
    made_anew = expectation.configuration
    # Kept with its expectation, whose id is then not given to another.
    made: dict[int, tuple[Any, Any]] = {}

    def configuration(self: Any) -> Any:
        if id(self) not in made:
            made[id(self)] = (self, made_anew.fget(self))
        return made[id(self)][1]

    expectation.configuration = property(configuration)
    try:
        yield
    finally:
        expectation.configuration = made_anew


def _let_go(datasource: Any, engine: Any) -> None:
    """Close every connection that Great Expectations holds: one left open keeps the database locked."""
    if engine._connection is not None:
        engine._connection.close()
    engine.close()
    datasource.get_engine().dispose()


_GX_SEVERITY = {"block": "critical", "warn": "warning"}


def _result(check: Check, item: Any) -> CheckResult:
    description = check.arguments.get("description") or check.name.replace("_", " ")
    raised = _exception(item.exception_info)
    if raised:
        observed = f"the check could not run: {raised}"
        return CheckResult(check.name, check.severity, False, False, observed, description)
    return CheckResult(check.name, check.severity, bool(item.success), True, "", description)


def _exception(info: dict[str, Any] | None) -> str | None:
    """The first exception in GX's exception_info, which is flat or nested by metric."""
    if not info:
        return None
    for entry in [info] if "raised_exception" in info else info.values():
        if isinstance(entry, dict) and entry.get("raised_exception"):
            return str(entry.get("exception_message") or "unknown error").splitlines()[0]
    return None


def _with_observation(
    connection: duckdb.DuckDBPyConnection,
    contract: TableContract,
    source: str,
    total: int,
    check: Check,
    result: CheckResult,
) -> CheckResult:
    """The result with what was observed, and the first rows that fail."""
    if not result.could_run:
        return result
    if check.failing_where is None:
        return replace(result, observed=_observed_of_the_whole(connection, source, check, result))
    if result.passed:
        return replace(result, observed=f"0 of {total} rows")
    where = check.failing_where.replace("{source}", source).replace("{{", "{").replace("}}", "}")
    named = [
        column for column in contract.column_names if f'"{column}"' in where or f" {column} " in f" {where} "
    ]
    columns = list(dict.fromkeys([*contract.key, *named]))[:8]
    selected = ", ".join(f'cast("{name}" as varchar) as "{name}"' for name in columns)
    cursor = connection.execute(
        f"select {selected} from {source} where {where} order by all limit {SAMPLE_ROWS}"
    )
    rows = tuple(dict(zip(columns, row, strict=True)) for row in cursor.fetchall())
    (count,) = connection.execute(f"select count(*) from {source} where {where}").fetchone()
    return replace(result, failing_sample=rows, observed=f"{count} of {total} rows")


def _observed_of_the_whole(
    connection: duckdb.DuckDBPyConnection, source: str, check: Check, result: CheckResult
) -> str:
    query = check.arguments.get("unexpected_rows_query")
    if query is None:
        # The one check of the whole that is no query is about the columns.
        columns = connection.execute(f"select * from {source} limit 0").description
        return str(sorted(name for name, *_ in columns))
    if result.passed:
        return "as expected"
    row = connection.execute(query.format(batch=source)).fetchone()
    return str(row[0]) if row else ""


@cache
def _great_expectations() -> Any:
    """Great Expectations, imported late (it takes seconds) and made to work over DuckDB.

    Its SQL engine hands out a cursor whose connection has gone back to the pool, which DuckDB clears;
    naming DuckDB among the dialects that keep their connection cures that (upstream issue 11579). The
    SQLAlchemy dialect signs its connections with a user agent, which DuckDB takes for another
    configuration than that of the warehouse connection in this process; so it must not sign.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import logging

    import duckdb_sqlalchemy
    import great_expectations as gx
    import great_expectations.execution_engine.sqlalchemy_execution_engine as engine

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    duckdb_sqlalchemy.supports_user_agent = False
    dialect = type("Dialect", (str,), {"value": "duckdb"})("duckdb")
    if dialect not in engine._PERSISTED_CONNECTION_DIALECTS:
        engine._PERSISTED_CONNECTION_DIALECTS = (*engine._PERSISTED_CONNECTION_DIALECTS, dialect)
    return gx
