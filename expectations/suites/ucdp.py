"""Domain rules of UCDP loads: estimates, dates against the release, places against the country.

Bounds of single columns are in the contract. Source: UCDP GED codebook; known deviations are warnings.
"""

from expectations.contracts import TableContract
from expectations.suites.check import Check, LoadFacts, rows_must_satisfy
from expectations.suites.geography import inside_country


def ged_checks(contract: TableContract, facts: LoadFacts) -> list[Check]:
    """Rules for ``ucdp_ged``. The release's period, where it has one, is in ``facts``."""
    checks = [
        rows_must_satisfy(
            "date_start_is_not_after_date_end",
            "date_start <= date_end",
            severity="block",
            description="an event does not end before it starts",
        ),
        rows_must_satisfy(
            "low_best_high_are_ordered",
            "low <= best and best <= high",
            severity="warn",
            description="low <= best <= high; about one in eighty published rows breaks this",
        ),
        rows_must_satisfy(
            "best_is_the_sum_of_deaths",
            "best = deaths_a + deaths_b + deaths_civilians + deaths_unknown",
            severity="warn",
            description="best is the sum of the four death counts",
        ),
        rows_must_satisfy(
            "event_is_not_in_the_future",
            f"date_end <= date '{facts.now.date()}'",
            severity="block",
            description="no event ends after the day of the load",
        ),
        rows_must_satisfy(
            "one_sided_violence_targets_civilians",
            "type_of_violence <> 3 or lower(side_b) = 'civilians'",
            severity="warn",
            description="in one-sided violence side B is Civilians",
        ),
        rows_must_satisfy(
            "coordinates_are_in_the_country",
            inside_country("gw", "country_id", "latitude", "longitude", tolerance_degrees=0.5),
            severity="warn",
            description="the point lies in the country's bounding box, half a degree of tolerance",
        ),
    ]
    if facts.window_end is not None:
        checks.append(
            rows_must_satisfy(
                "event_is_not_after_the_release_period",
                f"date_end <= date '{facts.window_end}'",
                severity="block",
                description="a release tells of nothing after its period",
            )
        )
    if facts.window_start is not None and facts.options.get("kind") != "monthly":
        checks.append(
            rows_must_satisfy(
                "event_is_not_before_the_release_period",
                f"date_end >= date '{facts.window_start}'",
                severity="warn",
                description="a full release tells of nothing before its period",
            )
        )
    return checks


def actor_checks(contract: TableContract, facts: LoadFacts) -> list[Check]:
    """Rules for ``ucdp_actor``."""
    return [
        rows_must_satisfy(
            "actor_name_is_not_blank",
            "trim(name_data) <> ''",
            severity="block",
            description="every actor has a name",
        )
    ]
