"""Domain rules of ACLED loads: what an answer must hold to be of the question, and what an event must make sense of.

Bounds and vocabularies of single columns are in the contract. A doubt about one event warns: ACLED mends it
under the same id, and a load that waited for that would lack all others.
"""

from expectations.contracts import TableContract
from expectations.contracts.acled import EVENT_TYPES
from expectations.suites.check import Check, LoadFacts, rows_must_satisfy
from expectations.suites.geography import inside_country


def event_checks(contract: TableContract, facts: LoadFacts) -> list[Check]:
    """Rules for ``acled_event``. ``facts.options`` say what was asked for: a window of days, or edits since."""
    checks = [
        rows_must_satisfy(
            "event_happened_before_the_load",
            f"event_date <= date '{facts.now.date()}'",
            severity="block",
            description="no event happens after the day of the load; such rows are quarantined before",
        ),
        rows_must_satisfy(
            "year_is_that_of_the_event_date",
            '"year" = extract(year from event_date)',
            severity="warn",
            description="year repeats the year of event_date",
        ),
        rows_must_satisfy(
            "sub_event_type_belongs_to_the_event_type",
            _sub_event_type_fits(),
            severity="warn",
            description="each sub-event type belongs to one event type",
        ),
        rows_must_satisfy(
            "event_was_edited_after_it_happened",
            f"cast(epoch_ms({_INSTANT}) as date) >= event_date",
            severity="warn",
            description="a row is not last edited before its event",
        ),
        rows_must_satisfy(
            "event_was_not_edited_in_the_future",
            f"epoch_ms({_INSTANT}) <= timestamp '{facts.now:%Y-%m-%d %H:%M:%S}' + interval 1 day",
            severity="warn",
            description="edit stamps more than a day ahead of the load are not believed when the next sync starts",
        ),
        rows_must_satisfy(
            "coordinates_are_in_the_country",
            inside_country("iso3", "country_iso3", "latitude", "longitude", tolerance_degrees=0.5),
            severity="warn",
            description="the point lies in the country's bounding box, half a degree of tolerance",
        ),
    ]
    if "date_from" in facts.options:
        checks.append(
            rows_must_satisfy(
                "event_is_in_the_window_asked_for",
                f"event_date between date '{facts.options['date_from']}' and date '{facts.options['date_to']}'",
                severity="block",
                description="the publisher heeded the event dates that were asked for",
            )
        )
    if "since" in facts.options:
        checks.append(
            rows_must_satisfy(
                "event_was_edited_since",
                f'"timestamp" >= {int(facts.options["since"])}',
                severity="warn",
                description="the publisher heeded the edit stamp that was asked for",
            )
        )
    return checks


def deletion_checks(contract: TableContract, facts: LoadFacts) -> list[Check]:
    """Rules for ``acled_deletion``."""
    return [
        rows_must_satisfy(
            "event_was_not_deleted_in_the_future",
            f"deleted_timestamp <= epoch(timestamp '{facts.now:%Y-%m-%d %H:%M:%S}' + interval 1 day)",
            severity="warn",
            description="deletion stamps more than a day ahead of the load are not believed when the next sync starts",
        )
    ]


_INSTANT = '"timestamp" * 1000'


def _sub_event_type_fits() -> str:
    cases = " ".join(
        f"when '{event_type}' then sub_event_type in ({', '.join(map(repr, subs))})"
        for event_type, subs in EVENT_TYPES.items()
    )
    return f"case event_type {cases} end"
