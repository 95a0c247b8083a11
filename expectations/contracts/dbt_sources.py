"""The dbt source `raw`, written from the contracts, so that dbt and the loads cannot disagree on a column.

Here: turning contracts into dbt_project/models/sources/_raw.yml (``python -m expectations.contracts.dbt_sources``
writes it) and back into names and types for the test that keeps the two equal. Not here: the ledger source, which
has no contract, and anything that runs dbt.
"""

from pathlib import Path

import yaml

from expectations.contracts import CONTRACTS, PROVENANCE, Column, TableContract

RAW_SOURCES = Path(__file__).resolve().parents[2] / "dbt_project" / "models" / "sources" / "_raw.yml"

_HEADER = """\
# Written by `python -m expectations.contracts.dbt_sources` from the contracts; change those, not this file.
"""


def render() -> str:
    """The text of ``_raw.yml`` as the contracts have it now."""
    source = {
        "name": "raw",
        "schema": "raw",
        "description": "Audited rows as recorded, one table per contract; versions, never overwritten.",
        "tables": [_table(contract) for contract in CONTRACTS.values()],
    }
    body = yaml.safe_dump({"version": 2, "sources": [source]}, sort_keys=False, allow_unicode=True, width=110)
    return _HEADER + body


def declared(text: str) -> dict[str, dict[str, str]]:
    """Table -> column -> type, as a text of ``_raw.yml`` declares them."""
    (source,) = yaml.safe_load(text)["sources"]
    return {
        table["name"]: {column["name"]: column["data_type"] for column in table["columns"]}
        for table in source["tables"]
    }


def expected() -> dict[str, dict[str, str]]:
    """Table -> column -> type, as the contracts have them."""
    return {
        contract.table: {column.name: column.dtype.lower() for column in (*contract.columns, *PROVENANCE)}
        for contract in CONTRACTS.values()
    }


def _table(contract: TableContract) -> dict:
    return {
        "name": contract.table,
        "description": f"{contract.description} Grain: {contract.grain}.",
        "columns": [_column(column) for column in (*contract.columns, *PROVENANCE)],
    }


def _column(column: Column) -> dict:
    unit = f" Unit: {column.unit}." if column.unit else ""
    return {"name": column.name, "data_type": column.dtype.lower(), "description": column.description + unit}


if __name__ == "__main__":
    RAW_SOURCES.write_text(render(), encoding="utf-8")
    print(f"{RAW_SOURCES.name}: {len(CONTRACTS)} tables written")
