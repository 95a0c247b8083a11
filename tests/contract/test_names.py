"""One naming law for files, tables and columns (docs/architecture.md, "Names").

Here: snake case, and what a suffix or prefix promises: `_at` a timestamp, `_date` a date, `is_` a truth
value, `_iso3` and the like a code with its standard. Wire names of publishers stay as the publishers have them.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import yaml

from expectations.contracts import CONTRACTS

ROOT = Path(__file__).resolve().parents[2]
SNAKE = re.compile(r"[a-z][a-z0-9]*(_{1,2}[a-z0-9]+)*")
PUBLIC = ("core", "marts", "audit")

TIMESTAMPS_BY_ANOTHER_NAME = {
    *("recorded_from", "recorded_to", "released_from", "released_to"),  # bounds of a version
    *("window_start", "window_end"),  # bounds of what was asked for
    *("failing_since", "data_as_of"),
}
DATES_BY_ANOTHER_NAME = {
    *("date_start", "date_end", "period_start", "period_end"),
    *("month", "week", "valid_from", "valid_to", "observed_from", "observed_until"),
    *("issued_month", "target_month"),
    *("gdelt_observed_until", "news_observed_until", "first_seen", "last_seen"),
    *(f"first_date_{feed}" for feed in ("ucdp", "acled", "insecurity_insight")),  # beside events_<feed>
}
TRUTHS_BY_ANOTHER_NAME = {
    *("in_scope", "in_default_scope", "redistribution_allowed", "provisional", "surge", "threat"),
    *("passed", "could_run", "active_year"),
    *("both_active", "guard_ok"),
}


def public_columns() -> Iterator[tuple[str, str, str]]:
    """(table, column, type) of the published schemas, from dbt's contracts."""
    for schema in PUBLIC:
        for path in sorted((ROOT / "dbt_project" / "models" / schema).rglob("*.yml")):
            for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
                for column in model.get("columns", []):
                    yield model["name"], column["name"], str(column.get("data_type", "")).lower()


def ledger_columns() -> list[tuple[str, str, str]]:
    with duckdb.connect() as connection:
        connection.execute((ROOT / "orchestration/warehouse/ledger.sql").read_text(encoding="utf-8"))
        return connection.execute(
            "select table_name, column_name, lower(data_type) from duckdb_columns() where schema_name = 'ledger'"
        ).fetchall()


def offences(columns: list[tuple[str, str, str]]) -> list[str]:
    """What breaks the law, told per column."""
    told = []
    for table, name, dtype in columns:
        if not SNAKE.fullmatch(name):
            told.append(f"{table}.{name} is not snake case")
        if dtype == "timestamp" and not name.endswith("_at") and name not in TIMESTAMPS_BY_ANOTHER_NAME:
            told.append(f"{table}.{name} is a timestamp and does not end in _at")
        if name.endswith("_at") and dtype != "timestamp":
            told.append(f"{table}.{name} ends in _at and is {dtype or 'untyped'}")
        if dtype == "date" and not name.endswith("_date") and name not in DATES_BY_ANOTHER_NAME:
            told.append(f"{table}.{name} is a date and does not end in _date")
        if name.endswith("_date") and dtype != "date":
            told.append(f"{table}.{name} ends in _date and is {dtype or 'untyped'}")
        is_named_truth = name.startswith(("is_", "has_")) or name in TRUTHS_BY_ANOTHER_NAME
        if (dtype == "boolean") != is_named_truth:
            told.append(
                f"{table}.{name} is {dtype or 'untyped'}; truth values, and only they, are is_ or has_"
            )
        if name in ("country", "country_code", "iso", "iso2", "iso3"):
            told.append(f"{table}.{name} does not say which standard it follows, e.g. country_iso3")
    return told


def test_published_columns_keep_the_law() -> None:
    columns = list(public_columns())
    assert len(columns) > 300
    assert offences(columns) == []


def test_ledger_columns_keep_the_law() -> None:
    assert offences(ledger_columns()) == []


def test_our_own_columns_of_feeds_keep_the_law() -> None:
    derived = [
        (contract.table, column.name, column.dtype.lower())
        for contract in CONTRACTS.values()
        for column in contract.derived_columns
    ]
    assert derived
    assert offences(derived) == []


@pytest.mark.parametrize(
    ("name", "dtype", "told"),
    [
        ("loadedAt", "timestamp", "snake case"),
        ("loaded", "timestamp", "does not end in _at"),
        ("first_seen_at", "date", "ends in _at"),
        ("first_day", "date", "does not end in _date"),
        ("first_date", "timestamp", "ends in _date"),
        ("ambiguous", "boolean", "is_ or has_"),
        ("is_ambiguous", "integer", "is_ or has_"),
        ("country_code", "varchar", "which standard"),
    ],
)
def test_an_offence_is_noticed(name: str, dtype: str, told: str) -> None:
    assert any(told in offence for offence in offences([("some_table", name, dtype)]))


def test_files_and_tables_are_snake_case() -> None:
    names = [contract.table for contract in CONTRACTS.values()]
    for folder, pattern in (
        ("orchestration", "*.py"),
        ("expectations", "*.py"),
        ("dbt_project/models", "*.sql"),
        ("dbt_project/seeds", "*.csv"),
        ("queries", "*.sql"),
        ("tests", "*.py"),
        ("bench", "*.py"),
    ):
        names += [path.stem.strip("_") for path in (ROOT / folder).rglob(pattern)]
    assert [name for name in names if name and not SNAKE.fullmatch(name)] == []


def test_models_say_their_layer() -> None:
    """stg_<feed>__<entity>, int_<subject>__<what>; core: fct_, dim_, bridge_ or a plain name; marts: by grain."""
    models = ROOT / "dbt_project" / "models"
    prefixes = {"staging": r"stg_[a-z]+(_[a-z]+)*__\w+", "intermediate": r"int_[a-z]+(_[a-z]+)*__\w+"}
    for layer, pattern in prefixes.items():
        found = [path.stem for path in (models / layer).rglob("*.sql")]
        assert found
        assert [name for name in found if not re.fullmatch(pattern, name)] == []
    for layer in PUBLIC:
        assert not [
            path.stem for path in (models / layer).rglob("*.sql") if path.stem.startswith(("stg_", "int_"))
        ]
