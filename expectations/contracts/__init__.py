"""One contract per landing/raw table: columns, types, keys, vocabularies, and how versions are kept.

Everything else is derived from these: the tables' DDL, the ``read_csv`` column lists, the Great
Expectations suites, the dbt source YAML (kept equal by a test). Domain rules that need more than
one column live in ``expectations.suites``, not here.
"""

from expectations.contracts.acled import ACLED_DELETION, ACLED_EVENT
from expectations.contracts.boundaries import ADMIN_BOUNDARY
from expectations.contracts.columns import PROVENANCE, Column, Deletes, Promotion, TableContract
from expectations.contracts.context import CONTEXT_CONTRACTS
from expectations.contracts.gdelt import GDELT_EVENT, GDELT_MENTION
from expectations.contracts.insecurity_insight import INSECURITY_INSIGHT_INCIDENT
from expectations.contracts.news import NEWS_ITEM
from expectations.contracts.reliefweb import RELIEFWEB_DISASTER, RELIEFWEB_REPORT
from expectations.contracts.ucdp import UCDP_ACTOR, UCDP_GED

CONTRACTS: dict[str, TableContract] = {
    contract.table: contract
    for contract in (
        UCDP_GED,
        UCDP_ACTOR,
        GDELT_EVENT,
        GDELT_MENTION,
        NEWS_ITEM,
        ACLED_EVENT,
        ACLED_DELETION,
        INSECURITY_INSIGHT_INCIDENT,
        *CONTEXT_CONTRACTS,
        ADMIN_BOUNDARY,
        RELIEFWEB_REPORT,
        RELIEFWEB_DISASTER,
    )
}


def contract_for(table: str) -> TableContract:
    """The contract of a landing/raw table. Raises ``KeyError`` naming the known tables."""
    try:
        return CONTRACTS[table]
    except KeyError:
        known = ", ".join(sorted(CONTRACTS))
        raise KeyError(f"no contract for table {table!r}; known tables: {known}") from None


__all__ = [
    "CONTRACTS",
    "PROVENANCE",
    "Column",
    "Deletes",
    "Promotion",
    "TableContract",
    "contract_for",
]
