"""Checks derived from a contract: columns, nulls, keys, vocabularies, bounds, patterns.

Nothing here knows a particular table.
"""

from expectations.contracts import Column, TableContract
from expectations.suites.check import Check, rows_must_satisfy

LANDING_EXTRAS = ("payload_sha256", "released_at", "partition_key")


def shape_checks(contract: TableContract) -> list[Check]:
    """The contract's own checks, in the order of its columns."""
    checks = [
        Check(
            name="columns_are_the_contracts",
            severity="block",
            expectation="ExpectTableColumnsToMatchSet",
            arguments={"column_set": [*contract.column_names, *LANDING_EXTRAS], "exact_match": True},
        ),
        _unique_key(contract),
        _not_null("payload_sha256"),
    ]
    for column in contract.columns:
        checks.extend(_column_checks(column))
    return checks


def _unique_key(contract: TableContract) -> Check:
    key = ", ".join(f'"{name}"' for name in contract.key)
    failing = f"({key}) in (select ({key}) from {{source}} group by all having count(*) > 1)"
    if len(contract.key) == 1:
        return Check(
            name=f"{contract.key[0]}_is_unique",
            severity="block",
            expectation="ExpectColumnValuesToBeUnique",
            arguments={"column": contract.key[0]},
            failing_where=failing.replace(f"({key})", key, 2),
        )
    return Check(
        name=f"{'_and_'.join(contract.key)}_are_unique",
        severity="block",
        expectation="ExpectCompoundColumnsToBeUnique",
        arguments={"column_list": list(contract.key)},
        failing_where=failing,
    )


def _column_checks(column: Column) -> list[Check]:
    name = column.name
    checks = []
    if not column.nullable:
        checks.append(_not_null(name))
    if column.vocabulary is not None:
        values = ", ".join(repr(value) for value in column.vocabulary)
        checks.append(
            Check(
                name=f"{name}_is_in_its_vocabulary",
                severity=column.severity,
                expectation="ExpectColumnValuesToBeInSet",
                arguments={"column": name, "value_set": list(column.vocabulary)},
                failing_where=f'"{name}" not in ({values})',
            )
        )
    if column.minimum is not None or column.maximum is not None:
        low = f'"{name}" < {column.minimum}' if column.minimum is not None else "false"
        high = f'"{name}" > {column.maximum}' if column.maximum is not None else "false"
        checks.append(
            Check(
                name=f"{name}_is_within_bounds",
                severity=column.severity,
                expectation="ExpectColumnValuesToBeBetween",
                arguments={"column": name, "min_value": column.minimum, "max_value": column.maximum},
                failing_where=f"{low} or {high}",
            )
        )
    if column.pattern is not None:
        # Great Expectations has no regular expressions on DuckDB, so the pattern is a row rule.
        checks.append(
            rows_must_satisfy(
                f"{name}_matches_its_pattern",
                f"regexp_matches(\"{name}\", '{_brace_free(column.pattern)}')",
                severity=column.severity,
                description=f"{name} matches {column.pattern}",
            )
        )
    return checks


def _not_null(name: str) -> Check:
    return Check(
        name=f"{name}_is_not_null",
        severity="block",
        expectation="ExpectColumnValuesToNotBeNull",
        arguments={"column": name},
        failing_where=f'"{name}" is null',
    )


def _brace_free(pattern: str) -> str:
    """The pattern for use in a query that Great Expectations formats: braces doubled, quotes escaped."""
    return pattern.replace("'", "''").replace("{", "{{").replace("}", "}}")
