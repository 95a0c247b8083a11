"""`sahel diff` on small made histories: what differs, why, the words, the files, and a beginner's mistakes.

Here: the comparison against a plain model, on files that hold the columns it needs. Not here: a whole home, loaded,
built and published (tests/pipeline/test_diff.py).
"""

import csv
import io
import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings as hypothesis_settings, strategies as st

from orchestration import cli, diff
from orchestration.settings import MADE_MARKER

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
FIRST_DAY = datetime(2026, 1, 1)


@dataclass(frozen=True)
class Told:
    """What a version tells of its event."""

    country: str | None = "MLI"
    deaths: int | None = 1
    place: str | None = "Kona"


History = list[tuple[int, Told | None]]
"""What loads said of an event, in their order: (day, what was told, or None for a withdrawal)."""


def versions(event_key: str, history: History) -> list[dict[str, Any]]:
    """The rows of core.fct_event_version that such loads leave, by the rules of that table's description."""
    rows: list[dict[str, Any]] = []
    loads = loads_of(history)
    for index, (day, told) in enumerate(history):
        if told is None and (not rows or rows[-1]["is_withdrawn"]):
            continue
        rows.append(
            {"day": day, "is_withdrawn": told is None, "told": told or rows[-1]["told"], "load": loads[index]}
        )
    before = None
    for number, row in enumerate(rows, start=1):
        following = rows[number]["day"] if number < len(rows) else None
        row |= {"number": number, "following": following}
        if following == row["day"]:
            row["kind"] = "superseded"
            continue
        row["kind"] = _kind(row, before)
        before = row
    return [
        {
            "feed": event_key.partition(":")[0],
            "event_key": event_key,
            "version_number": row["number"],
            "recorded_from": at(row["day"]),
            "recorded_to": None if row["following"] is None else at(row["following"]),
            "change_kind": row["kind"],
            "is_withdrawn": row["is_withdrawn"],
            "country_iso3": row["told"].country,
            "date_end": date(2025, 12, 31),
            "place_name": row["told"].place,
            "fatalities_best": row["told"].deaths,
            "source_release": row["load"][1],
            "attempt_id": row["load"][0] + (0 if event_key.startswith("ucdp") else 1000),
            "payload_sha256": f"sha-{row['load'][1]}",
        }
        for row in rows
    ]


def loads_of(history: History) -> list[tuple[int, str]]:
    """(attempt_id, release) of each telling: 40 and r4 for the first of day 4, 41 and r4b for the next."""
    nth: Counter[int] = Counter()
    loads = []
    for day, _ in history:
        loads.append((day * 10 + nth[day], f"r{day}{' bcdef'[nth[day]].strip()}"))
        nth[day] += 1
    return loads


def _kind(row: dict[str, Any], before: dict[str, Any] | None) -> str:
    if before is None:
        return "withdrawn" if row["is_withdrawn"] else "new"
    if row["is_withdrawn"]:
        return "reissued" if before["is_withdrawn"] else "withdrawn"
    if before["is_withdrawn"]:
        return "restored"
    return "reissued" if row["told"] == before["told"] else "revised"


def at(day: int) -> datetime:
    return FIRST_DAY + timedelta(days=day)


def known_on_macro() -> str:
    """core.events_as_known_on as dbt makes it."""
    text = (ROOT / "dbt_project" / "macros" / "as_of.sql").read_text(encoding="utf-8")
    return re.search(r"create or replace macro core\.events_as_known_on[^;]*;", text)[0]


def fill(connection: duckdb.DuckDBPyConnection, histories: dict[str, History]) -> None:
    """The tables of a published file that the comparison reads."""
    connection.execute(
        """create schema core; create schema audit;
           create table core.fct_event_version (
               feed varchar, event_key varchar, version_number bigint, recorded_from timestamp, recorded_to timestamp,
               change_kind varchar, is_withdrawn boolean, country_iso3 varchar, date_end date, place_name varchar,
               fatalities_best integer, source_release varchar, attempt_id bigint, payload_sha256 varchar);
           create table audit.load_history (
               attempt_id bigint, feed varchar, partition_key varchar, status varchar, recorded_at timestamp);
           create table core.dim_source (
               feed varchar, attribution varchar, redistribution_allowed boolean, accessed_at timestamp);
           insert into core.dim_source values
               ('ucdp', 'Cite UCDP. Accessed 2026-01-06.', true, '2026-01-06'),
               ('acled', 'Cite ACLED. Accessed 2026-01-06.', false, '2026-01-06'),
               ('reliefweb', null, false, null)"""
    )
    connection.execute(known_on_macro())
    rows = [row for key, history in histories.items() for row in versions(key, history)]
    if rows:
        connection.executemany(
            f"insert into core.fct_event_version values ({', '.join('?' * len(rows[0]))})",
            [list(row.values()) for row in rows],
        )
    loads = {(row["attempt_id"], row["feed"], row["recorded_from"]) for row in rows}
    for attempt_id, feed, recorded_at in sorted(loads):
        connection.execute(
            "insert into audit.load_history values (?, ?, ?, 'ok', ?)",
            [attempt_id, feed, f"sync {attempt_id % 1000}", recorded_at],
        )


@pytest.fixture(autouse=True)
def at_home(home: Path, frozen_now: datetime) -> None:
    """Every command here works on an empty home at a fixed time."""
    assert frozen_now == NOW


def publish(home: Path, histories: dict[str, History], then: str | None = None) -> Path:
    """A published file with these histories; ``then`` is SQL that makes it different."""
    path = home / "published" / "sahel.duckdb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        fill(connection, histories)
        if then:
            connection.execute(then)
    return path


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["diff", *arguments])


def told_by(*arguments: str) -> str:
    result = ask(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def rows_of(*arguments: str) -> list[dict[str, Any]]:
    return json.loads(told_by(*arguments, "--format", "json"))


def complaint(*arguments: str) -> str:
    result = ask(*arguments)
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.strip().splitlines()
    return line


# What differs


ALL_KINDS: dict[str, History] = {
    "ucdp:stays": [(1, Told(deaths=3))],
    "ucdp:came": [(1, None), (4, Told(deaths=5))],
    "ucdp:went": [(1, Told(deaths=7)), (4, None)],
    "ucdp:revised": [
        (1, Told(deaths=10, place="Kona")),
        (4, Told(deaths=12, place="Kona")),
        (5, Told(deaths=12, place="Sévaré")),
    ],
    "ucdp:moved": [(1, Told(deaths=20)), (5, Told(country="BFA", deaths=21))],
    "ucdp:back": [(1, Told(deaths=1)), (4, Told(deaths=2)), (5, Told(deaths=1))],
    "ucdp:came_and_went": [(4, Told(deaths=99)), (5, None)],
    "ucdp:again": [(1, Told(deaths=2)), (5, Told(deaths=2))],
    "ucdp:restored": [(1, Told(deaths=4)), (2, None), (5, Told(deaths=4))],
}
SINCE, UNTIL = "2026-01-04", "2026-01-10"


def test_each_kind_of_change_is_told_once_with_its_cause(home: Path) -> None:
    publish(home, ALL_KINDS)
    changes = {
        (
            row["event_key"],
            row["change"],
            row["field"],
            row["old_value"],
            row["new_value"],
            row["source_release"],
        )
        for row in rows_of(SINCE, UNTIL)
    }
    assert changes == {
        ("ucdp:came", "appeared", "fatalities_best", None, "5", "r4"),
        ("ucdp:went", "withdrawn", "fatalities_best", "7", None, "r4"),
        ("ucdp:revised", "revised", "fatalities_best", "10", "12", "r4"),
        ("ucdp:revised", "revised", "place_name", "Kona", "Sévaré", "r5"),
        ("ucdp:moved", "revised", "fatalities_best", "20", "21", "r5"),
        ("ucdp:moved", "revised", "country_iso3", "MLI", "BFA", "r5"),
        ("ucdp:restored", "appeared", "fatalities_best", None, "4", "r5"),
    }


def test_each_row_says_when_it_was_recorded_and_from_which_bytes(home: Path) -> None:
    publish(home, ALL_KINDS)
    (row,) = [row for row in rows_of(SINCE, UNTIL) if row["event_key"] == "ucdp:went"]
    assert tuple(row) == diff.CHANGE_COLUMNS
    assert (row["recorded_at"], row["attempt_id"], row["payload_sha256"]) == (
        "2026-01-05T00:00:00",
        40,
        "sha-r4",
    )
    assert (row["feed"], row["country_iso3"], row["date_end"]) == ("ucdp", "MLI", "2025-12-31")


def test_the_summary_is_in_plain_words(home: Path) -> None:
    publish(home, ALL_KINDS)
    text = told_by(SINCE, UNTIL)
    assert (
        "ucdp: 2 events came (9 deaths), 1 was withdrawn (7 deaths), 2 revised (fatalities_best: 2 events, +3 deaths "
        "net; place_name: 1 event; country_iso3: 1 event) between 2026-01-04 and 2026-01-10; because of: "
        "r4 (1 new, 1 revised, 1 withdrawn), r5 (1 restored, 2 revised)\n"
    ) in text.replace(
        "country_iso3: 1 event; place_name: 1 event", "place_name: 1 event; country_iso3: 1 event"
    )
    assert "ucdp: 2 events changed and changed back in between\n" in text
    assert "ucdp: 1 event published again, with no difference in what this file holds of them\n" in text
    assert "newest load in the published file: 2026-01-06 00:00" in text


def test_the_sums_of_countries_say_by_what_they_moved(home: Path) -> None:
    publish(home, ALL_KINDS)
    table = [
        " ".join(line.split()) for line in told_by(SINCE, UNTIL).splitlines() if line.startswith(" ucdp ")
    ]
    assert table == [
        # country, events before, came, withdrawn, moved, after, deaths before, new, withdrawn, revised, moved, after
        "ucdp BFA 0 0 0 1 1 0 0 0 1 20 21",
        "ucdp MLI 6 2 -1 -1 6 43 9 -7 2 -20 27",
        "ucdp all 6 2 -1 0 7 43 9 -7 3 0 48",
    ]


def test_the_largest_changes_come_first_with_the_steps_between(home: Path) -> None:
    publish(home, ALL_KINDS)
    lines = told_by(SINCE, UNTIL).split("the largest changes:\n")[1].splitlines()
    assert lines[0] == "withdrawn  MLI 2025-12-31 ucdp:went: 7 deaths  [r4 withdrawn 2026-01-05]"
    assert lines[1].startswith("appeared   MLI 2025-12-31 ucdp:came: 5 deaths")
    (revised,) = [line for line in lines if "ucdp:revised" in line]
    assert revised == (
        "revised    MLI 2025-12-31 ucdp:revised: fatalities_best 10 -> 12; place_name Kona -> Sévaré  "
        "[r4 revised 2026-01-05 > r5 revised 2026-01-06]"
    )
    limited = told_by(SINCE, UNTIL, "--limit", "1").split("the largest changes:\n")[1].splitlines()
    assert limited[0] == lines[0]
    assert limited[1].startswith("… 4 more;")


def test_a_country_shows_what_it_had_and_what_it_has(home: Path) -> None:
    publish(home, ALL_KINDS)
    assert {row["event_key"] for row in rows_of(SINCE, UNTIL, "--country", "bfa")} == {"ucdp:moved"}
    table = [
        " ".join(line.split())
        for line in told_by(SINCE, UNTIL, "--country", "BFA").splitlines()
        if " ucdp " in line
    ]
    assert table == ["ucdp BFA 0 0 0 1 1 0 0 0 1 20 21"]
    assert "ucdp: no event in TGO was known at either date" in told_by(SINCE, UNTIL, "--country", "TGO")


def test_feeds_stand_side_by_side_and_can_be_asked_for_alone(home: Path) -> None:
    publish(home, {"ucdp:1": [(5, Told(deaths=2))], "acled:ML1": [(5, Told(deaths=3))]})
    text = told_by(SINCE, UNTIL)
    assert "ucdp: 1 event came (2 deaths)" in text
    assert "acled: 1 event came (3 deaths)" in text
    assert "5 deaths" not in text
    alone = told_by(SINCE, UNTIL, "--feed", "acled")
    assert "ucdp" not in alone
    assert "only acled" in alone
    assert [row["feed"] for row in rows_of(SINCE, UNTIL, "--feed", "ucdp")] == ["ucdp"]


def test_a_sync_is_named_where_there_is_no_release(home: Path) -> None:
    publish(home, {"acled:ML1": [(5, Told())]}, "update core.fct_event_version set source_release = null")
    assert "because of: sync 50 (1 new)" in told_by(SINCE, UNTIL)
    assert rows_of(SINCE, UNTIL)[0]["source_release"] == "sync 50"


def test_a_day_means_its_end_and_an_instant_itself(home: Path) -> None:
    publish(home, {"ucdp:1": [(5, Told())]})
    assert rows_of("2026-01-05", "2026-01-06")
    assert rows_of("2026-01-05T23:59:59", "2026-01-06T00:00Z")
    assert not rows_of("2026-01-06", "2026-01-07")
    assert not rows_of("2026-01-06T00:00", "2026-01-07")
    # 01:30 in Paris is half past midnight in UTC.
    assert not rows_of("2026-01-06T01:30+01:00", "2026-01-07")
    assert rows_of("2026-01-06T00:30+01:00", "2026-01-07")


# A plain model


tellings = st.one_of(
    st.none(),
    st.builds(
        Told,
        country=st.sampled_from(["MLI", "BFA", None]),
        deaths=st.sampled_from([None, 0, 3, 8]),
        place=st.sampled_from(["Kona", None]),
    ),
)
histories = st.lists(st.lists(st.tuples(st.integers(0, 6), tellings), max_size=5), min_size=1, max_size=5)


def known(history: History, moment: int) -> Told | None:
    """What was known of an event at the end of a day: what the last load until then told."""
    told = [state for day, state in history if day <= moment]
    return told[-1] if told else None


def cause(history: History, moments: tuple[int, int], field: str | None) -> str:
    """The release that made it what it is at the later moment: the first telling after the last that told otherwise.

    Without a field: whether the event is known at all. A withdrawal tells nothing of a field.
    """
    told = [state for day, state in history if day <= moments[1]]
    known_before = sum(day <= moments[0] for day, _ in history)
    # What was known before stands in front of what was told in between.
    chain = dict(enumerate([None, *told][known_before:], start=known_before - 1))
    if field is None:
        values = {index: state is not None for index, state in chain.items()}
    else:
        values = {index: getattr(state, field) for index, state in chain.items() if state is not None}
    final = values[max(values)]
    last_other = max(index for index, value in values.items() if value != final)
    return loads_of(history)[min(index for index in values if index > last_other)][1]


def modelled(events: dict[str, History], moments: tuple[int, int]) -> set[tuple]:
    changes = set()
    for key, history in events.items():
        before, after = known(history, moments[0]), known(history, moments[1])
        if before and not after:
            day = cause(history, moments, None)
            changes.add((key, "withdrawn", "fatalities_best", _text(before.deaths), None, day))
        elif after and not before:
            day = cause(history, moments, None)
            changes.add((key, "appeared", "fatalities_best", None, _text(after.deaths), day))
        elif before and after:
            for name, field in (
                ("country", "country_iso3"),
                ("deaths", "fatalities_best"),
                ("place", "place_name"),
            ):
                old, new = getattr(before, name), getattr(after, name)
                if old != new:
                    day = cause(history, moments, name)
                    changes.add((key, "revised", field, _text(old), _text(new), day))
    return changes


def _text(value: object) -> str | None:
    return None if value is None else str(value)


@hypothesis_settings(max_examples=120, deadline=None)
@given(drawn=histories, days=st.tuples(st.integers(-1, 5), st.integers(1, 3)))
def test_any_history_differs_as_a_plain_model_says(drawn: list[History], days: tuple[int, int]) -> None:
    moments = days[0], days[0] + days[1]
    events = {f"ucdp:{n}": sorted(history, key=lambda step: step[0]) for n, history in enumerate(drawn)}
    asked = diff.Question(*(diff.Moment(at(day).replace(tzinfo=UTC, hour=23), str(day)) for day in moments))
    with duckdb.connect() as connection:
        fill(connection, events)
        answer = diff.compare(connection, asked)
    told = {
        (
            row["event_key"],
            row["change"],
            row["field"],
            row["old_value"],
            row["new_value"],
            row["source_release"],
        )
        for row in answer.changes
    }
    assert len(told) == len(answer.changes)
    assert told == modelled(events, moments)
    _add_up(answer, events, moments)
    touched = Counter(
        _ever_differed(history, moments)
        for key, history in events.items()
        if known(history, moments[0]) == known(history, moments[1])
    )
    assert sum(feed["changed_back"] for feed in answer.feeds) == touched[True]
    for line in (*diff.summary(answer), *diff.event_lines(answer, 10)):
        assert "\n" not in line
    diff.country_rows(answer)


def _ever_differed(history: History, moments: tuple[int, int]) -> bool:
    first = known(history, moments[0])
    return any(known(history, day) != first for day in range(moments[0], moments[1]))


def _add_up(answer: diff.Answer, events: dict[str, History], moments: tuple[int, int]) -> None:
    """The sums are those of the model, each explains itself, and moves cancel out over the countries."""
    sides = [[known(history, moment) for history in events.values()] for moment in moments]
    for row in answer.country_sums:
        before, after = (
            [told for told in side if told and told.country == row["country_iso3"]] for side in sides
        )
        assert row["events_before"] == len(before)
        assert row["events_after"] == len(after)
        assert row["deaths_before"] == sum(told.deaths or 0 for told in before)
        assert row["deaths_after"] == sum(told.deaths or 0 for told in after)
        moved = row["events_moved_in"] - row["events_moved_out"]
        assert (
            row["events_after"] == row["events_before"] + row["events_came"] - row["events_withdrawn"] + moved
        )
        by = ("deaths_before", "deaths_came", "deaths_withdrawn", "deaths_revised", "deaths_moved")
        assert row["deaths_after"] == sum(row[name] for name in by)
    total = Counter({name: sum(row[name] for row in answer.country_sums) for name in diff.COUNTRY_SUMS})
    assert total["events_moved_in"] == total["events_moved_out"]
    assert total["deaths_moved"] == 0
    assert total["events_after"] == sum(told is not None for told in sides[1])


# Formats


def test_csv_has_a_row_per_event_and_field_and_no_formula(home: Path) -> None:
    publish(home, {"ucdp:1": [(1, Told(place="Kona")), (5, Told(place='=HYPERLINK("x")'))]})
    result = ask(SINCE, UNTIL, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout, newline="")))
    assert tuple(rows[0]) == diff.CHANGE_COLUMNS
    assert [(row["field"], row["old_value"], row["new_value"]) for row in rows] == [
        ("place_name", "Kona", '\'=HYPERLINK("x")')
    ]
    assert result.stderr == ""


def test_a_number_below_zero_stays_a_number(home: Path) -> None:
    publish(home, {"ucdp:1": [(1, Told(place="-1.5")), (5, Told(place="-1.5+cmd"))]})
    (row,) = csv.DictReader(io.StringIO(told_by(SINCE, UNTIL, "--format", "csv")))
    assert (row["old_value"], row["new_value"]) == ("-1.5", "'-1.5+cmd")


def test_the_deaths_in_a_csv_add_up_to_the_change(home: Path) -> None:
    publish(home, ALL_KINDS)
    rows = list(csv.DictReader(io.StringIO(told_by(SINCE, UNTIL, "--format", "csv"))))
    deaths = [row for row in rows if row["field"] == "fatalities_best"]
    assert sum(int(r["new_value"] or 0) - int(r["old_value"] or 0) for r in deaths) == 48 - 43


def test_what_a_publisher_wrote_cannot_steer_a_terminal(home: Path) -> None:
    publish(home, {"ucdp:1": [(1, Told()), (5, Told(place="[bold]\x1b[2J\nucdp: 9 events came" + "x" * 90))]})
    text = told_by(SINCE, UNTIL)
    assert "\x1b" not in text
    assert "[bold] [2J ucdp: 9 events came" in text
    assert "x" * 50 not in text


@pytest.mark.parametrize(
    ("style", "header"), [("csv", ",".join(diff.CHANGE_COLUMNS) + "\n"), ("json", "[]\n")]
)
def test_nothing_changed_is_said_and_files_stay_files(home: Path, style: str, header: str) -> None:
    publish(home, {"ucdp:1": [(1, Told())]})
    assert "ucdp: nothing changed between 2026-01-04 and 2026-01-10; 1 event known at both\n" in told_by(
        SINCE, UNTIL
    )
    result = ask(SINCE, UNTIL, "--format", style)
    assert (result.exit_code, result.stdout.replace("\r", "")) == (0, header)
    assert "nothing changed" in result.stderr


def test_a_restricted_feed_is_attributed_with_the_day_of_access(home: Path) -> None:
    publish(home, {"ucdp:1": [(1, Told())], "acled:ML1": [(1, Told()), (5, Told(deaths=3))]})
    assert told_by(SINCE, UNTIL).endswith("Cite ACLED. Accessed 2026-01-06.\n")
    result = ask(SINCE, UNTIL, "--format", "csv")
    assert result.stderr == "Cite ACLED. Accessed 2026-01-06.\n"
    assert "Cite" not in result.stdout
    assert "Cite" not in told_by(SINCE, UNTIL, "--feed", "ucdp")


def test_made_data_is_labelled(home: Path) -> None:
    publish(home, {"ucdp:1": [(5, Told())]})
    assert "Made data" not in told_by(SINCE, UNTIL)
    (home / MADE_MARKER).write_text("made\n")
    assert told_by(SINCE, UNTIL).startswith("Made data")
    assert "Made data" in ask(SINCE, UNTIL, "--format", "csv").stderr


# A beginner's mistakes


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("2026-03-01", "Missing argument 'DATE'"),
        ("2026-03-02 2026-03-01", "2026-03-02 is after 2026-03-01; write the earlier one first"),
        ("2026-03-01 2026-03-01", "both dates are 2026-03-01; name two"),
        ("2026-03-01 2026-07-01", "2026-07-01 is in the future"),
        ("2026-03-01 2026-06-30T12:01", "2026-06-30T12:01 is in the future"),
        ("yesterday 2026-03-01", "'yesterday' is neither a day nor an instant; write e.g. 2026-03-01"),
        ("2026-02-30 2026-03-01", "'2026-02-30' is neither a day nor an instant"),
        ("2026-03-01 2026-03-02 --feed ucpd", "'ucpd' is not one of"),
        ("2026-03-01 2026-03-02 --feed gdelt", "gdelt has no events with versions, only ucdp, acled"),
        ("2026-03-01 2026-03-02 --country Mali", "'Mali' is not an ISO 3166-1 alpha-3 code; write e.g. MLI"),
        ("2026-03-01 2026-03-02 --limit -1", "-1 is not in the range"),
        ("2026-03-01 2026-03-02 --format xml", "'xml' is not one of 'text', 'csv', 'json'"),
    ],
)
def test_wrong_usage_is_one_line_with_the_remedy(home: Path, arguments: str, told: str) -> None:
    line = complaint(*arguments.split())
    assert told in line
    assert line.endswith("see `sahel diff --help`")


def test_today_and_this_instant_are_no_future(home: Path) -> None:
    publish(home, {"ucdp:1": [(5, Told())]})
    assert ask("2026-01-01", "2026-06-30").exit_code == 0
    assert ask("2026-01-01", "2026-06-30T12:00:00Z").exit_code == 0


def test_nothing_published_says_what_to_run(home: Path) -> None:
    result = ask(SINCE, UNTIL)
    assert result.exit_code == 1
    assert "nothing is published" in result.stderr
    assert "`sahel run` or `sahel demo`" in result.stderr
    assert not home.exists()


def test_a_file_of_an_older_version_says_what_to_run(home: Path) -> None:
    publish(home, {}, "drop macro table core.events_as_known_on")
    result = ask(SINCE, UNTIL)
    assert result.exit_code == 1
    assert "`sahel build` and `sahel publish`" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_dates_before_the_first_load_are_told_as_such(home: Path) -> None:
    publish(home, {"ucdp:1": [(5, Told())]})
    before = told_by("2025-01-01", "2025-06-01")
    assert "ucdp: nothing was known before 2026-01-06 00:00, its first load; ask for later dates" in before
    across = told_by("2025-01-01", "2026-02-01")
    assert "ucdp: 1 event came" in across
    assert (
        "ucdp: nothing was known before 2026-01-06 00:00, its first load, so all that came with it" in across
    )


def test_a_file_without_events_says_so(home: Path) -> None:
    publish(home, {})
    assert "nothing was known of any event at either date; `sahel status`" in told_by(SINCE, UNTIL)
    assert "nothing was known of acled at either date" in told_by(SINCE, UNTIL, "--feed", "acled")
    assert rows_of(SINCE, UNTIL) == []


def test_the_end_of_a_day_is_its_last_moment() -> None:
    now = datetime(2026, 4, 1, 12, tzinfo=UTC)
    assert diff.Moment.read("2026-03-01", now).naive == datetime(2026, 3, 1, 23, 59, 59, 999999)
    assert diff.Moment.read("2026-03-01T06:00", now).naive == datetime(2026, 3, 1, 6)
