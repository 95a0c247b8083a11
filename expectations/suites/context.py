"""Domain rules of the context tables: figures of the future, impossible scales, dates that cannot be.

Bounds of single columns are in the contract.
"""

from collections.abc import Callable

from expectations.contracts import TableContract
from expectations.reference import read_seed
from expectations.suites.check import Check, LoadFacts, load_must_satisfy, rows_must_satisfy

LARGEST_POPULATION = 2_000_000_000
"""No country has more people; a world or regional total has (aggregates are left out by the feed)."""


def worldbank_checks(contract: TableContract, facts: LoadFacts) -> list[Check]:
    """Rules for ``worldbank_indicator``."""
    return [
        rows_must_satisfy(
            "country_is_known",
            f"country_iso3 in ({_known_countries()})",
            severity="block",
            description="a code that is no country is an aggregate, and would count people twice",
        ),
        rows_must_satisfy(
            "population_is_a_countrys",
            # Population is the only indicator that is asked for.
            f"value between 100 and {LARGEST_POPULATION}",
            severity="block",
            description=f"a country has between 100 and {LARGEST_POPULATION:,} people",
        ),
        rows_must_satisfy(
            "value_is_not_of_the_future",
            f"value is null or year <= {facts.now.year}",
            severity="block",
            description="no value is of a year to come",
        ),
        rows_must_satisfy(
            "update_is_not_in_the_future",
            f"last_updated <= date '{facts.now.date()}' + 1",
            severity="warn",
            description="the series was updated before it was loaded (a day of time zones is allowed)",
        ),
        load_must_satisfy(
            "most_values_are_given",
            "count(*) = 0 or count(value) >= 0.5 * count(*)",
            observed="count(value) / greatest(count(*), 1)",
            severity="warn",
            description="at least half of the years have a value",
        ),
    ]


def unhcr_checks(contract: TableContract, facts: LoadFacts) -> list[Check]:
    """Rules for ``unhcr_population``."""
    return [
        _figure_is_not_of_the_future(facts),
        rows_must_satisfy(
            "the_internally_displaced_are_at_home",
            "coalesce(idps, 0) = 0 or country_origin_iso3 = country_asylum_iso3",
            severity="warn",
            description="internally displaced people are in their country of origin",
        ),
        rows_must_satisfy(
            "some_figure_is_given",
            "coalesce(refugees, asylum_seekers, returned_refugees, idps, returned_idps, stateless, ooc, oip, hst) "
            "is not null",
            severity="warn",
            description="a row holds at least one figure",
        ),
    ]


def idmc_checks(contract: TableContract, facts: LoadFacts) -> list[Check]:
    """Rules for ``idmc_displacement``."""
    return [
        _figure_is_not_of_the_future(facts),
        rows_must_satisfy(
            "rounded_figures_are_near",
            "abs(coalesce(new_displacement_rounded - new_displacement, 0)) <= greatest(0.1 * new_displacement, 1000) "
            "and abs(coalesce(total_displacement_rounded - total_displacement, 0)) "
            "<= greatest(0.1 * total_displacement, 1000)",
            severity="warn",
            description="a rounded figure is within a tenth, or a thousand people, of the exact one",
        ),
    ]


def coup_checks(contract: TableContract, facts: LoadFacts) -> list[Check]:
    """Rules for ``coup``."""
    return [
        rows_must_satisfy(
            "coup_is_not_in_the_future",
            f"coup_date <= date '{facts.now.date()}'",
            severity="block",
            description="no coup is dated after the day of the load",
        ),
        rows_must_satisfy(
            "coup_is_within_the_datasets_span",
            "coup_date >= date '1945-01-01'",
            severity="block",
            description="the datasets begin after the Second World War",
        ),
    ]


def peacekeeper_checks(contract: TableContract, facts: LoadFacts) -> list[Check]:
    """Rules for ``peacekeeper_fatality``."""
    return [
        rows_must_satisfy(
            "death_is_not_in_the_future",
            f"incident_date <= date '{facts.now.date()}'",
            severity="block",
            description="no incident is dated after the day of the load",
        ),
        rows_must_satisfy(
            "death_is_not_before_the_un",
            "incident_date >= date '1948-01-01'",
            severity="block",
            description="the first mission began in 1948",
        ),
        rows_must_satisfy(
            "casualty_is_a_death",
            "lower(type_of_casualty) in ('fatality', 'death', 'deceased')",
            severity="warn",
            description="the dataset tells of deaths only; injuries must not be counted as such",
        ),
    ]


def _figure_is_not_of_the_future(facts: LoadFacts) -> Check:
    return rows_must_satisfy(
        "figure_is_not_of_the_future",
        f"year <= {facts.now.year}",
        severity="block",
        description="no figure is of a year to come",
    )


def _known_countries() -> str:
    return ", ".join(f"'{row['country_iso3']}'" for row in read_seed("country"))


CONTEXT_RULES: dict[str, Callable[[TableContract, LoadFacts], list[Check]]] = {
    "worldbank_indicator": worldbank_checks,
    "unhcr_population": unhcr_checks,
    "idmc_displacement": idmc_checks,
    "coup": coup_checks,
    "peacekeeper_fatality": peacekeeper_checks,
}
