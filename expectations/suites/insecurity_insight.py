"""Domain rules of Insecurity Insight loads: topic, dates against the clock, places against the country, and silence.

Bounds of single columns are in the contract. Which fields stay out of the table is the parser's business; that no
text on sexual violence has come through is asked here once more, because nobody can take back what is published.
"""

from expectations.contracts import TableContract
from expectations.contracts.insecurity_insight import SEXUAL_VIOLENCE
from expectations.suites.check import Check, LoadFacts, rows_must_satisfy
from expectations.suites.geography import inside_country

_TEXTS = ("event_description", "affected", "location_kind", "perpetrator_kind", "weapon", "details")


def incident_checks(contract: TableContract, facts: LoadFacts) -> list[Check]:
    """Rules for ``insecurity_insight_incident``."""
    texts = ", ".join(_TEXTS)
    checks = [
        rows_must_satisfy(
            "no_text_tells_of_sexual_violence",
            f"not regexp_matches(concat_ws(' ', {texts}), '{SEXUAL_VIOLENCE}')",
            severity="block",
            description="incident rows on sexual violence are not kept",
        ),
        rows_must_satisfy(
            "details_are_a_json_object",
            "coalesce(json_type(try_cast(details as json)), '') = 'OBJECT'",
            severity="block",
            description="the other fields are one JSON object",
        ),
        rows_must_satisfy(
            "incident_is_not_in_the_future",
            f"event_date <= date '{facts.now.date()}'",
            severity="warn",
            description="no incident is dated after the day of the load; a misprint must not stop the others",
        ),
        rows_must_satisfy(
            "coordinates_come_in_pairs",
            "(latitude is null) = (longitude is null)",
            severity="warn",
            description="a place has both coordinates or, where it is censored, neither",
        ),
        rows_must_satisfy(
            "coordinates_are_in_the_country",
            inside_country("iso3", "country_iso3", "latitude", "longitude", tolerance_degrees=0.5),
            severity="warn",
            description="the point lies in the country's bounding box, half a degree of tolerance",
        ),
    ]
    if "dataset" in facts.options:
        checks.append(
            rows_must_satisfy(
                "dataset_is_the_one_asked_for",
                f"dataset = '{facts.options['dataset']}'",
                severity="block",
                description="a topic's answer holds that topic only: what it leaves out is withdrawn",
            )
        )
    return checks
