"""Suites: for each table, the checks its contract implies, then the domain's own rules.

``checks_for`` is the only door. A check is an expectation, a severity, and where its failing rows are.
"""

from expectations.contracts import TableContract
from expectations.suites.acled import deletion_checks, event_checks
from expectations.suites.boundaries import boundary_checks
from expectations.suites.check import Check, LoadFacts
from expectations.suites.context import CONTEXT_RULES
from expectations.suites.gdelt import gdelt_checks
from expectations.suites.insecurity_insight import incident_checks
from expectations.suites.news import news_checks
from expectations.suites.reliefweb import disaster_checks, report_checks
from expectations.suites.shape import shape_checks
from expectations.suites.ucdp import actor_checks, ged_checks
from expectations.suites.volume import volume_checks

_DOMAIN_RULES = {
    "ucdp_ged": ged_checks,
    "ucdp_actor": actor_checks,
    "gdelt_event": gdelt_checks,
    "gdelt_mention": gdelt_checks,
    "news_item": news_checks,
    "acled_event": event_checks,
    "acled_deletion": deletion_checks,
    "insecurity_insight_incident": incident_checks,
    **CONTEXT_RULES,
    "reliefweb_report": report_checks,
    "reliefweb_disaster": disaster_checks,
    "admin_boundary": boundary_checks,
}


def checks_for(contract: TableContract, facts: LoadFacts) -> list[Check]:
    """Every check of a load of that table: shape, domain rules, volume."""
    return [
        *shape_checks(contract),
        *_DOMAIN_RULES[contract.table](contract, facts),
        *volume_checks(contract, facts),
    ]


__all__ = ["Check", "LoadFacts", "checks_for"]
