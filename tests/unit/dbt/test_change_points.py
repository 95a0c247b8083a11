"""Where a series took a new level: the search of int_trend__change_point, on series written out here.

Not here: what the table says of it (test_dbt_project.py), and how well it finds planted jumps (bench/RESULTS.md).
"""

from datetime import date, timedelta

import duckdb
import pytest

from bench.change_points import MODEL, alarms, before, made_series, np
from bench.dbt_models import load_model

change_point = load_model(MODEL)
EVENTS = change_point.PENALTIES["events"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1] * 20 + [8] * 20, [(20, 8.0)]),
        ([8] * 20 + [2] * 20, [(20, 0.25)]),
        ([1] * 20 + [8] * 20 + [1] * 20, [(20, 8.0), (40, 0.125)]),
        ([3] * 60, []),
        # Nothing is a multiple of next to nothing.
        ([0] * 20 + [8] * 20, [(20, None)]),
        # One terrible week is no level, nor is what lasts less than eight weeks.
        ([1] * 20 + [30] + [1] * 20, []),
        # Too short to have two levels.
        ([1] * 7 + [50] * 8, []),
        ([], []),
    ],
    ids=["rise", "fall", "episode", "flat", "from_nothing", "one_week", "short", "empty"],
)
def test_levels(values: list[int], expected: list[tuple[int, float | None]]) -> None:
    assert change_point.change_points(values, EVENTS) == expected


class FakeDbt:
    """As much of dbt as the model asks for."""

    def __init__(self, rows: list[tuple]) -> None:
        self.connection = duckdb.connect()
        self.connection.execute(
            """create table event_week (source varchar, area_kind varchar, area_id varchar, week date, events bigint,
               fatalities_best bigint, is_complete boolean, provisional boolean)"""
        )
        if rows:
            self.connection.executemany("insert into event_week values (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def config(self, **_: str) -> None:
        pass

    def ref(self, name: str) -> duckdb.DuckDBPyRelation:
        assert name == "int_trend__event_week"
        return self.connection.table("event_week")


def weeks(
    area: str,
    values: list[int],
    first: int = 0,
    deaths: int = 0,
    is_complete: bool = True,
    provisional: bool = False,
) -> list[tuple]:
    return [
        (
            "ucdp",
            "admin1",
            area,
            date(2020, 1, 6) + timedelta(weeks=number),
            value,
            deaths,
            is_complete,
            provisional,
        )
        for number, value in enumerate(values, start=first)
    ]


def found(rows: list[tuple]) -> list[tuple]:
    frame = change_point.model(FakeDbt(rows), None)
    return [
        (row.area_id, row.metric, (row.week.date() - date(2020, 1, 6)).days // 7)
        for row in frame.itertuples()
    ]


def test_deaths_are_searched_beside_events() -> None:
    rows = weeks("deadlier", [2] * 20, deaths=1) + weeks("deadlier", [2] * 20, first=20, deaths=20)
    assert found(rows) == [("deadlier", "fatalities_best", 20)]


def test_weeks_that_may_still_grow_are_not_looked_at() -> None:
    quiet = {"is_complete": True, "provisional": True}
    assert found(weeks("lag", [8] * 20) + weeks("lag", [1] * 20, first=20, **quiet)) == []
    assert found(weeks("lag", [8] * 20) + weeks("lag", [1] * 20, first=20)) == [("lag", "events", 20)]
    assert found(weeks("part", [8] * 20) + weeks("part", [1] * 20, first=20, is_complete=False)) == []


def test_a_gap_ends_a_stretch_and_is_no_change() -> None:
    rows = weeks("gap", [1] * 20) + weeks("gap", [8] * 20, first=30)
    assert found(rows) == []
    # Each stretch for itself has its own.
    rows = weeks("gap", [1] * 20 + [8] * 20) + weeks("gap", [8] * 20 + [1] * 20, first=60)
    assert found(rows) == [("gap", "events", 20), ("gap", "events", 80)]


def test_a_series_with_next_to_no_events_is_left_alone() -> None:
    assert found(weeks("few", [0] * 20 + [1] * 19)) == []
    assert found(weeks("few", [0] * 20 + [2] * 19)) == [("few", "events", 20)]


def test_decades_of_silence_change_nothing() -> None:
    rows = weeks("late", [0] * 1500 + [8] * 20)
    assert found(rows) == [("late", "events", 1500)]


def test_without_rows_the_columns_are_there() -> None:
    frame = change_point.model(FakeDbt([]), None)
    assert len(frame) == 0
    types = {str(name): str(dtype) for name, dtype in frame.dtypes.items()}
    assert types["week"].startswith("datetime64") and types["change_point_ratio"] == "float64"
    assert types["area_id"] == "str"


def test_alarms_and_baselines_of_the_bench() -> None:
    assert alarms(np.array([0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1], dtype=bool)) == [1, 7]
    assert alarms(np.array([0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1], dtype=bool)) == [1, 11]
    mean = before(np.array([1, 2, 3, 4, 5]), 2).mean(axis=1)
    assert mean[2:].tolist() == [1.5, 2.5, 3.5] and np.isnan(mean[:2]).all()
    assert before(np.array([1, 2, 3]), 2, 0).mean(axis=1)[1:].tolist() == [1.5, 2.5]


def test_made_series_have_their_level_and_their_jump() -> None:
    random = np.random.default_rng(3)
    quiet = [made_series(random, "events", 6.0).values for _ in range(30)]
    assert np.mean(quiet) == pytest.approx(6, rel=0.05)
    jumped = [made_series(random, "events", 2.0, 3.0) for _ in range(30)]
    assert np.mean([series.values[: series.jump].mean() for series in jumped]) == pytest.approx(2, rel=0.1)
    assert np.mean([series.values[series.jump :].mean() for series in jumped]) == pytest.approx(6, rel=0.1)
