"""`sahel diff` on a whole home: two visits to the made UCDP, loaded, built, published, against the publisher's own truth.

Here: that came, withdrawn and revised are what the made publisher did, and that the sums explain themselves. Not here:
every kind of history (tests/unit/test_diff.py).
"""

import csv
import io
import json
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

import pytest
from click.testing import CliRunner

from expectations.reference import gw_to_iso3
from orchestration import diff
from orchestration.cli import main as command_line
from orchestration.made_world import WORLD_END
from orchestration.settings import Settings
from orchestration.warehouse.connection import open_published
from orchestration.warehouse.publish import QUERIES
from tests.made import FIRST_VISIT, MadeHome, Row, releases
from tests.served import open_bi, rows_of

SINCE, UNTIL = f"{FIRST_VISIT:%Y-%m-%d}", f"{WORLD_END:%Y-%m-%d}"


@dataclass(frozen=True)
class TwoVisits:
    """A published home, and what the publisher told by each visit: the rows by UCDP's id."""

    settings: Settings
    before: dict[int, Row]
    after: dict[int, Row]


@pytest.fixture(scope="module")
def visited(made_home: MadeHome) -> TwoVisits:
    return TwoVisits(made_home.settings, *made_home.told)


def ask(visited: TwoVisits, *arguments: str) -> str:
    home, now = str(visited.settings.home), WORLD_END.isoformat()
    result = CliRunner().invoke(
        command_line, ["diff", SINCE, UNTIL, "--home", home, *arguments], env={"SAHEL_NOW": now}
    )
    assert result.exit_code == 0, result.output
    return result.stdout


def compared(visited: TwoVisits) -> diff.Answer:
    with open_published(visited.settings.bi_file) as reader:
        return diff.compare(reader, diff.question(SINCE, UNTIL, WORLD_END))


def country(row: Row) -> str:
    return gw_to_iso3()[int(row["country_id"])]


def ids(rows: list[Row], change: str) -> set[int]:
    return {int(row["event_key"].removeprefix("ucdp:")) for row in rows if row["change"] == change}


def test_the_publisher_did_all_three(visited: TwoVisits) -> None:
    both = set(visited.before) & set(visited.after)
    assert set(visited.after) - set(visited.before)
    assert set(visited.before) - set(visited.after)
    assert [key for key in both if visited.before[key]["best"] != visited.after[key]["best"]]


def test_what_came_and_went_is_what_the_publisher_says(visited: TwoVisits) -> None:
    rows = json.loads(ask(visited, "--format", "json"))
    assert ids(rows, "appeared") == set(visited.after) - set(visited.before)
    assert ids(rows, "withdrawn") == set(visited.before) - set(visited.after)


@pytest.mark.parametrize(
    ("wire", "field"),
    [
        ("best", "fatalities_best"),
        ("low", "fatalities_low"),
        ("deaths_civilians", "fatalities_civilian"),
        ("dyad_new_id", "dyad_id"),
        ("side_b", "side_b_name"),
        ("code_status", "code_status"),
        ("date_start", "date_start"),
    ],
)
def test_what_was_revised_is_what_the_publisher_says(visited: TwoVisits, wire: str, field: str) -> None:
    revised = {
        int(row["event_key"].removeprefix("ucdp:")): (row["old_value"], row["new_value"])
        for row in json.loads(ask(visited, "--format", "json"))
        if row["change"] == "revised" and row["field"] == field
    }
    expected = {
        key: (str(row[wire]), str(visited.after[key][wire]))
        for key, row in visited.before.items()
        if key in visited.after and str(row[wire]) != str(visited.after[key][wire])
    }
    assert expected
    assert revised == expected


def test_the_sums_of_each_country_are_those_of_the_publisher_and_explain_themselves(
    visited: TwoVisits,
) -> None:
    sums = {row["country_iso3"]: row for row in compared(visited).country_sums}
    for side, rows in (("before", visited.before), ("after", visited.after)):
        events, deaths = Counter(), Counter()
        for row in rows.values():
            events[country(row)] += 1
            deaths[country(row)] += int(row["best"])
        assert {code: row[f"events_{side}"] for code, row in sums.items() if row[f"events_{side}"]} == events
        assert {code: row[f"deaths_{side}"] for code, row in sums.items() if row[f"deaths_{side}"]} == +deaths
    for row in sums.values():
        moved = row["events_moved_in"] - row["events_moved_out"]
        assert (
            row["events_after"] == row["events_before"] + row["events_came"] - row["events_withdrawn"] + moved
        )
        by = ("deaths_before", "deaths_came", "deaths_withdrawn", "deaths_revised", "deaths_moved")
        assert row["deaths_after"] == sum(row[name] for name in by)
    total = Counter({name: sum(row[name] for row in sums.values()) for name in diff.COUNTRY_SUMS})
    assert total["events_after"] - total["events_before"] == len(visited.after) - len(visited.before)
    assert total["events_came"] == len(set(visited.after) - set(visited.before))
    assert total["events_moved_in"] == total["events_moved_out"]
    assert total["deaths_moved"] == 0


def test_the_deaths_of_the_csv_add_up(visited: TwoVisits) -> None:
    rows = csv.DictReader(io.StringIO(ask(visited, "--format", "csv")))
    net = sum(
        int(r["new_value"] or 0) - int(r["old_value"] or 0) for r in rows if r["field"] == "fatalities_best"
    )
    deaths = [sum(int(row["best"]) for row in side.values()) for side in (visited.before, visited.after)]
    assert net == deaths[1] - deaths[0] != 0


def test_the_cause_of_a_change_is_the_release_that_made_it(visited: TwoVisits, made_home: MadeHome) -> None:
    """The releases of the second visit, applied one after the other by the publisher itself."""
    ucdp = made_home.served.publishers.ucdp
    order = releases(visited.settings)
    known = [
        row[0]
        for row in rows_of(
            visited.settings.warehouse,
            f"""select release from ledger.ucdp_release join ledger.load_attempt using (attempt_id)
                where kind <> 'actor' and load_attempt.recorded_at = timestamp '{FIRST_VISIT:%Y-%m-%d %H:%M:%S}'""",
        )
    ]
    states = [ucdp.current_after(order[:count]) for count in range(len(order) + 1)]
    causes = {row["source_release"] for row in compared(visited).changes}
    assert causes <= set(order) - set(known)
    for row in compared(visited).changes:
        key = int(row["event_key"].removeprefix("ucdp:"))
        place = order.index(row["source_release"])
        if row["change"] == "withdrawn":
            assert key in states[place] and key not in states[place + 1]
        elif row["change"] == "appeared":
            assert key not in states[place] and key in states[place + 1]
        elif row["field"] == "fatalities_best":
            assert str(states[place][key]["best"]) != row["new_value"] == str(states[place + 1][key]["best"])


def test_the_words_agree_with_the_publisher(visited: TwoVisits) -> None:
    text = ask(visited)
    came = set(visited.after) - set(visited.before)
    deaths = sum(int(visited.after[key]["best"]) for key in came)
    assert text.startswith("Made data")
    assert f"ucdp: {len(came):,} events came ({deaths:,} deaths), " in text
    (total,) = [line.split() for line in text.splitlines() if line.split()[:2] == ["ucdp", "all"]]
    assert total[2] == str(len(visited.before))
    assert str(len(visited.after)) in total


def test_nothing_but_nothing_changes_between_two_loads(visited: TwoVisits) -> None:
    day = f"{FIRST_VISIT + timedelta(days=1):%Y-%m-%d}"
    with open_published(visited.settings.bi_file) as reader:
        answer = diff.compare(reader, diff.question(SINCE, day, WORLD_END))
    assert answer.changes == answer.events == ()
    assert f"{len(visited.before):,} events known at both" in diff.summary(answer)[0]


def test_what_was_known_a_quarter_ago_is_what_the_publisher_had_told_by_then(visited: TwoVisits) -> None:
    """The promised question, on a file whose last two loads are a quarter apart."""
    with open_bi(visited.settings) as bi:
        cursor = bi.execute((QUERIES / "what_was_known.sql").read_text(encoding="utf-8"))
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    months = {row["month"] for row in rows}
    assert len(months) == 3
    assert max(months) < FIRST_VISIT.date()
    for side, told in (("then", visited.before), ("now", visited.after)):
        expected = Counter()
        for event in told.values():
            month = f"{event['date_end']:%Y-%m}"
            if month in {f"{day:%Y-%m}" for day in months}:
                expected[country(event), month, "events"] += 1
                expected[country(event), month, "fatalities_best"] += int(event["best"])
        found = {
            (row["country_iso3"], f"{row['month']:%Y-%m}", measure): row[f"{measure}_{side}"]
            for row in rows
            for measure in ("events", "fatalities_best")
        }
        assert +Counter(found) == +expected
    assert all(r["events_then"] + r["events_came"] - r["events_left"] == r["events_now"] for r in rows)
    assert any(row["events_came"] for row in rows)
