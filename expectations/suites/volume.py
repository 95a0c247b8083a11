"""The load as a whole: its size against the feed's own history, what was quarantined, what was left aside.

Bands come from earlier loads, never from constants kept by hand.
"""

from statistics import median

from expectations.contracts import Promotion, TableContract
from expectations.suites.check import Check, LoadFacts, load_must_satisfy

ENOUGH_HISTORY = 5
SPREAD = 6.0
LEAST_OF_SNAPSHOT = 0.5


def volume_band(usual_rows: tuple[int, ...]) -> tuple[float, float] | None:
    """(low, high) rows: median plus or minus six scaled median absolute deviations, at least half the median wide.

    None with fewer than five earlier loads, which are no history.
    """
    if len(usual_rows) < ENOUGH_HISTORY:
        return None
    middle = median(usual_rows)
    deviation = 1.4826 * median(abs(rows - middle) for rows in usual_rows)
    reach = max(SPREAD * deviation, 0.5 * middle, 5)
    return max(middle - reach, 0.0), middle + reach


def volume_checks(contract: TableContract, facts: LoadFacts) -> list[Check]:
    """Too many rows quarantined blocks; too many or too few rows for the feed's history warns."""
    share = facts.rows_rejected / max(facts.rows_seen, 1)
    checks = [
        load_must_satisfy(
            "few_rows_are_quarantined",
            f"{share!r} <= {contract.max_quarantined_share!r} or {facts.rows_rejected} <= 1",
            observed=f"any_value({share!r})",
            severity="block",
            description=f"at most {contract.max_quarantined_share:.1%} of the rows are quarantined",
        )
    ]
    if facts.extra_columns:
        names = ", ".join(facts.extra_columns).replace("'", "").replace("{", "").replace("}", "")
        checks.append(
            load_must_satisfy(
                "publisher_columns_are_known",
                "false",
                observed=f"any_value('{names}')",
                severity="warn",
                description="columns that the contract does not know are kept in the payload only",
            )
        )
    if contract.promotion is Promotion.SNAPSHOT and facts.options.get("withdraws") and facts.usual_rows:
        checks.append(
            load_must_satisfy(
                "snapshot_has_not_shrunk",
                f"{facts.rows_landed} >= {facts.usual_rows[-1]} * {LEAST_OF_SNAPSHOT}",
                observed=f"any_value({facts.rows_landed})",
                severity="block",
                description=(
                    f"at least {LEAST_OF_SNAPSHOT:.0%} of the {facts.usual_rows[-1]} rows of the last load: "
                    "what is left out is withdrawn, and a payload cut short leaves out much"
                ),
            )
        )
    if contract.promotion in (Promotion.RELEASE, Promotion.SNAPSHOT):
        checks.append(
            load_must_satisfy(
                "payload_holds_rows",
                f"{facts.rows_seen} > 0",
                observed=f"any_value({facts.rows_seen})",
                severity="block",
                description="a release is not empty",
            )
        )
    band = volume_band(facts.usual_rows)
    if band is not None:
        low, high = band
        checks.append(
            load_must_satisfy(
                "row_count_is_usual",
                f"{facts.rows_landed} between {low!r} and {high!r}",
                observed=f"any_value({facts.rows_landed})",
                severity="warn",
                description=f"between {low:.0f} and {high:.0f} rows, from {len(facts.usual_rows)} earlier loads",
            )
        )
    return checks
