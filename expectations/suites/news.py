"""Domain rules of news loads: what an item must have to be of use. Hostile markup is the parser's business."""

from expectations.contracts import TableContract
from expectations.suites.check import Check, LoadFacts, load_must_satisfy, rows_must_satisfy


def news_checks(contract: TableContract, facts: LoadFacts) -> list[Check]:
    """Rules for ``news_item``."""
    return [
        rows_must_satisfy(
            "title_or_summary_is_given",
            "coalesce(title, summary) is not null",
            severity="warn",
            description="an item says something",
        ),
        rows_must_satisfy(
            "text_holds_no_markup",
            "not regexp_matches(coalesce(title, '') || coalesce(summary, ''), '(?i)<(script|iframe|img|svg|a)[ />]')",
            severity="block",
            description="titles and summaries are plain text",
        ),
        rows_must_satisfy(
            "dated_items_have_a_date",
            "(date_status = 'undated') = (published_at is null)",
            severity="block",
            description="an item without a date is marked undated, and only that",
        ),
        rows_must_satisfy(
            "dated_items_are_not_in_the_future",
            f"date_status <> 'dated' or published_at <= timestamp '{facts.now:%Y-%m-%d %H:%M:%S}' + interval 1 hour",
            severity="block",
            description="an item dated more than an hour ahead is marked future",
        ),
        load_must_satisfy(
            "most_items_are_dated",
            "count(*) = 0 or count(*) filter (where date_status = 'dated') >= 0.5 * count(*)",
            observed="count(*) filter (where date_status = 'dated') / greatest(count(*), 1)",
            severity="warn",
            description="at least half of the items carry a usable date",
        ),
    ]
