"""Domain rules of GDELT loads: slots against the window, dates against the slot, codes against their roots.

Coverage is judged, not incidents: a row may be wrong about the world and still be what GDELT published.
"""

from expectations.contracts import TableContract
from expectations.suites.check import Check, LoadFacts, rows_must_satisfy
from expectations.suites.geography import inside_country


def gdelt_checks(contract: TableContract, facts: LoadFacts) -> list[Check]:
    """Rules for ``gdelt_event`` and ``gdelt_mention``."""
    checks = []
    if facts.window_start is not None and facts.window_end is not None:
        checks.append(
            rows_must_satisfy(
                "slot_is_in_the_window",
                f"slot_at >= timestamp '{facts.window_start:%Y-%m-%d %H:%M:%S}' "
                f"and slot_at < timestamp '{facts.window_end:%Y-%m-%d %H:%M:%S}'",
                severity="block",
                description="a load holds only slots of the window it was asked for",
            )
        )
    if contract.table == "gdelt_mention":
        return checks
    return [
        *checks,
        rows_must_satisfy(
            "date_added_is_the_slot",
            "abs(date_diff('minute', try_strptime(cast(date_added as varchar), '%Y%m%d%H%M%S'), slot_at)) <= 1440",
            severity="warn",
            description="DATEADDED is within a day of the slot's name",
        ),
        rows_must_satisfy(
            "sql_date_is_plausible",
            "cast(try_strptime(cast(sql_date as varchar), '%Y%m%d') as date) "
            "between cast(slot_at as date) - 3660 and cast(slot_at as date) + 1",
            severity="warn",
            description="SQLDATE is at most ten years before and a day after the slot",
        ),
        rows_must_satisfy(
            "root_code_begins_the_event_code",
            "starts_with(event_code, event_root_code)",
            severity="warn",
            description="EventCode begins with EventRootCode; it fails when leading zeros are lost",
        ),
        rows_must_satisfy(
            "action_is_in_the_country",
            inside_country(
                "fips", "action_geo_country_code", "action_geo_lat", "action_geo_long", tolerance_degrees=1.0
            ),
            severity="warn",
            description="the action's point lies in the bounding box of its FIPS country, a degree of tolerance",
        ),
    ]
