"""What is shown: plots small enough to be shown in place, and feed text that is never Markdown."""

import base64
from datetime import date, timedelta
from xml.etree import ElementTree

from expectations.audit import CheckResult, Verdict
from expectations.contracts import contract_for
from orchestration.defs.shown import column_schema, plot, table, verdicts
from orchestration.records import Attempt, Batch
from orchestration.settings import Settings
from orchestration.warehouse.landing import Pending


def test_a_plot_of_many_days_is_shown_in_place() -> None:
    points = [(date(2026, 1, 1) + timedelta(days=number), 4000.0 + number) for number in range(120)]
    shown = plot(points, "gdelt_event: rows by day of slot_at").value
    assert len(shown) < 1000
    svg = ElementTree.fromstring(base64.b64decode(shown.split("base64,")[1].rstrip(")")))
    texts = [element.text for element in svg.iter() if element.tag.endswith("text")]
    assert texts == ["most 4,119", "2026-03-22", "2026-04-30"]


def test_nothing_to_draw_is_no_plot() -> None:
    assert plot([], "rows") is None
    assert plot([(date(2026, 1, 1), None)], "rows") is None
    assert plot([(date(2026, 1, 1), 0)], "rows") is not None


def test_failing_rows_are_json_and_the_checks_table_holds_none_of_their_text(settings: Settings) -> None:
    hostile = "![x](http://example.org/x.png)<script>alert(1)</script>"
    batch = Batch("news", "outlet", "outlet@now", (Attempt("news", "outlet", "k", None, None),), "news_item")
    found = CheckResult("title_is_text", "block", False, True, "1 of 2 rows", "titles", ({"title": hostile},))
    shown = verdicts(settings, [(Pending(batch, 2, 0, 2, 0, None, {}), Verdict("news_item", (found,)))])
    assert shown["failing rows of title_is_text, outlet@now"].value == [{"title": hostile}]
    assert hostile not in shown["checks of outlet@now"].value
    assert shown["report of outlet@now"].value == str(settings.quality / "news_item" / "outlet.html")
    assert shown["loads"].records[0].data["verdict"] == "block"


def test_no_records_are_told_in_a_word() -> None:
    assert table([]) == "none"


def test_the_schema_tells_the_contracts_rules() -> None:
    columns = {column.name: column for column in column_schema(contract_for("gdelt_event"), "raw").columns}
    assert columns["quad_class"].constraints.other == ["one of 1, 2, 3, 4 (warn)"]
    assert columns["global_event_id"].constraints.nullable is False
    assert columns["is_withdrawn"].description
