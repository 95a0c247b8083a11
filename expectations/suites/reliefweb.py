"""Domain rules of ReliefWeb loads: what an entry must tell, and what must never be kept of it.

Single columns are the contract's business; that a walk is complete is the feed's, before anything is parsed.
"""

from expectations.contracts import TableContract
from expectations.suites.check import Check, LoadFacts, load_must_satisfy, rows_must_satisfy

_MARKUP = "(?i)<(script|iframe|img|svg|div|p|a)[ />]"


def report_checks(contract: TableContract, facts: LoadFacts) -> list[Check]:
    """Rules for ``reliefweb_report``."""
    return [
        *_entry_rules("title", "report_key", "report_id", facts),
        rows_must_satisfy(
            "excerpt_is_no_full_text",
            "length(excerpt) <= 500",
            severity="block",
            description="of the text of a report at most 500 characters are kept",
        ),
        rows_must_satisfy(
            "text_holds_no_markup",
            f"not regexp_matches(title || ' ' || coalesce(excerpt, ''), '{_MARKUP}')",
            severity="block",
            description="titles and excerpts are plain text",
        ),
        rows_must_satisfy(
            "report_names_its_source",
            "source_names is not null",
            severity="warn",
            description="a report has a publisher",
        ),
        rows_must_satisfy(
            "report_is_posted_after_its_publication",
            "date_original <= date_created + interval 1 day",
            severity="warn",
            description="ReliefWeb posts a report on the day of its publication or later",
        ),
        load_must_satisfy(
            "most_reports_are_dated",
            "count(*) = 0 or count(date_created) >= 0.9 * count(*)",
            observed="count(date_created) / greatest(count(*), 1)",
            severity="block",
            description="at least nine of ten reports carry the time of their posting",
        ),
    ]


def disaster_checks(contract: TableContract, facts: LoadFacts) -> list[Check]:
    """Rules for ``reliefweb_disaster``."""
    return [
        *_entry_rules("name", "disaster_key", "disaster_id", facts),
        rows_must_satisfy(
            "glide_has_its_form",
            "regexp_matches(glide, '^[A-Z]{{2}}-[0-9]{{4}}-[0-9]{{6}}-[A-Z]{{3}}$')",
            severity="warn",
            description="a GLIDE number is hazard, year, serial number and country",
        ),
        rows_must_satisfy(
            "primary_type_is_among_its_types",
            "list_contains(string_split(type_names, ';'), primary_type)",
            severity="warn",
            description="the main kind of disaster is one of its kinds",
        ),
        load_must_satisfy(
            "most_disasters_are_dated",
            "count(*) = 0 or count(date_event) >= 0.9 * count(*)",
            observed="count(date_event) / greatest(count(*), 1)",
            severity="block",
            description="at least nine of ten disasters carry the day they began",
        ),
    ]


def _entry_rules(name: str, key: str, number: str, facts: LoadFacts) -> list[Check]:
    """What holds for every entry of the catalogue."""
    return [
        rows_must_satisfy(
            f"{name}_says_something",
            f"trim({name}) <> ''",
            severity="block",
            description=f"the {name} is not empty",
        ),
        rows_must_satisfy(
            "entry_names_a_country",
            "country_iso3s is not null",
            severity="warn",
            description="an entry is about at least one country",
        ),
        rows_must_satisfy(
            "primary_country_is_among_its_countries",
            "list_contains(string_split(country_iso3s, ';'), primary_country_iso3)",
            severity="warn",
            description="the country that an entry is mainly about is one of its countries",
        ),
        rows_must_satisfy(
            f"{key}_fits_its_channel",
            f"channel = 'rss' or ({number} is not null and {key} = cast({number} as varchar))",
            severity="block",
            description="an entry from the API is known by its number",
        ),
        rows_must_satisfy(
            "edits_come_after_the_posting",
            "date_changed >= date_created",
            severity="warn",
            description="an entry is saved when it is posted or later",
        ),
        rows_must_satisfy(
            "entry_is_not_from_the_future",
            f"greatest(date_created, date_changed) <= timestamp '{facts.now:%Y-%m-%d %H:%M:%S}' + interval 1 hour",
            # One entry with a wrong year must not keep all others out.
            severity="warn",
            description="no entry was posted or saved more than an hour after the load",
        ),
    ]
