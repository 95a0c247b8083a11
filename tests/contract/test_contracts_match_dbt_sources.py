"""dbt's sources say what the database holds: raw as the contracts have it, the ledger as its DDL has it.

Only names and types, in both directions; what the models make of them is tested by dbt.
"""

from pathlib import Path

import duckdb
import yaml

from expectations.contracts import dbt_sources

ROOT = Path(__file__).resolve().parents[2]
LEDGER_YML = ROOT / "dbt_project" / "models" / "sources" / "_ledger.yml"
LEDGER_SQL = ROOT / "orchestration" / "warehouse" / "ledger.sql"


def test_raw_source_has_the_columns_and_types_of_the_contracts() -> None:
    declared = dbt_sources.declared(dbt_sources.RAW_SOURCES.read_text(encoding="utf-8"))
    assert declared == dbt_sources.expected(), "run `python -m expectations.contracts.dbt_sources`"


def test_raw_source_file_is_what_the_writer_writes() -> None:
    assert dbt_sources.RAW_SOURCES.read_text(encoding="utf-8") == dbt_sources.render()


def test_a_drifted_column_is_noticed() -> None:
    text = dbt_sources.render().replace("name: where_prec\n", "name: where_precise\n")
    assert dbt_sources.declared(text) != dbt_sources.expected()


def test_ledger_source_declares_columns_of_the_ddl() -> None:
    with duckdb.connect() as connection:
        connection.execute(LEDGER_SQL.read_text(encoding="utf-8"))
        actual: dict[str, dict[str, str]] = {}
        for table, column, data_type in connection.execute(
            "select table_name, column_name, lower(data_type) from duckdb_columns() where schema_name = 'ledger'"
        ).fetchall():
            actual.setdefault(table, {})[column] = data_type
    (source,) = yaml.safe_load(LEDGER_YML.read_text(encoding="utf-8"))["sources"]
    declared = {
        table["name"]: {column["name"]: column["data_type"] for column in table["columns"]}
        for table in source["tables"]
    }
    # dbt declares what it reads of the ledger, which is not all of it.
    kept = {
        table: {column: actual.get(table, {}).get(column) for column in columns}
        for table, columns in declared.items()
    }
    assert declared == kept
    assert declared["load_attempt"] == actual["load_attempt"]
