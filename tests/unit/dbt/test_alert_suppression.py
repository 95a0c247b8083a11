"""Which alerts are suppressed, and by which: the decisions of the Python model, on alerts written out here.

Here: the walk through alerts that are given. Not here: what the rules find (dbt's own unit tests of each rule) and the
walk over real ones (tests/pipeline/test_alerts.py).
"""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from bench.dbt_models import load_model
from expectations.reference import read_seed

DAYS = {
    "hdx": 180,
    "unit": 180,
    "surge": 90,
    "threat": 180,
    "new": 365,
    "lull": 60,
    "apparent_truce": 120,
    "renewed_fighting": 60,
}
COVERS = [("surge", "unit", 30), ("surge", "threat", 30), ("threat", "unit", 60)]


model = load_model("int_alert__suppression")


def alert(name: str, rule: str, day: int, level: str = "medium", **values: Any) -> tuple:
    """An alert of UCDP on Mali; ``known`` on its day unless said otherwise."""
    plain = {
        "source": "ucdp",
        "country": "MLI",
        "area_kind": "country",
        "area": "MLI",
        "actor": None,
        "other": None,
        "known": day,
    }
    assert not values.keys() - plain.keys()
    given = plain | values
    return (
        *(name, rule, given["source"], given["country"], given["area_kind"], given["area"]),
        *(given["actor"], given["other"], day, level, given["known"]),
    )


def decided(*alerts: tuple, covers: list = COVERS) -> dict[str, tuple[str, str]]:
    """What stands for each suppressed alert, and why; the same whatever the order in which alerts are given."""
    found = {name: (by, why) for name, by, why in model.suppressed(list(alerts), DAYS, covers)}
    again = {name: (by, why) for name, by, why in model.suppressed(list(reversed(alerts)), DAYS, covers)}
    assert found == again
    return found


# --- repetitions: as HDX Signals walks, from the oldest on ----------------------------------------------------


def test_a_repetition_within_180_days_is_dropped_and_one_after_181_is_not():
    assert decided(alert("a", "hdx", 0), alert("b", "hdx", 180)) == {"b": ("a", "repeated")}
    assert decided(alert("a", "hdx", 0), alert("b", "hdx", 181)) == {}


def test_the_rule_of_hdx_signals_keeps_quiet_for_as_long_as_theirs():
    days = {row["rule"]: int(row["suppress_days"]) for row in read_seed("alert_rule")}
    assert days["hdx_conflict"] == days["admin1_conflict"] == 180


def test_a_higher_level_is_news_within_the_180_days_and_keeps_lower_ones_quiet():
    found = decided(alert("a", "hdx", 0), alert("b", "hdx", 100, "high"), alert("c", "hdx", 200))
    assert found == {"c": ("b", "repeated")}


def test_a_lower_or_equal_level_is_no_news():
    found = decided(
        alert("a", "hdx", 0, "high"), alert("b", "hdx", 1, "medium"), alert("c", "hdx", 2, "high")
    )
    assert found == {"b": ("a", "repeated"), "c": ("a", "repeated")}


def test_what_is_dropped_drops_nothing_so_that_a_plateau_is_told_again_after_180_days():
    plateau = [alert(f"day {day}", "hdx", day) for day in range(400)]
    found = decided(*plateau)
    assert sorted({f"day {day}" for day in range(400)} - found.keys()) == ["day 0", "day 181", "day 362"]
    assert found["day 180"] == ("day 0", "repeated") and found["day 182"] == ("day 181", "repeated")


def test_what_was_told_is_not_taken_back_when_an_earlier_day_comes_to_be_known():
    told, earlier = alert("told", "hdx", 100, known=110), alert("earlier", "hdx", 50, known=150)
    assert decided(told, earlier) == {"earlier": ("told", "repeated")}
    assert decided(told, alert("worse", "hdx", 50, "high", known=150)) == {}
    assert decided(told, alert("long before", "hdx", -81, known=150)) == {}
    # Known at once, the oldest speaks.
    assert decided(told, alert("earlier", "hdx", 50, known=110)) == {"told": ("earlier", "repeated")}


def test_the_oldest_that_still_holds_is_named():
    found = decided(alert("a", "hdx", 0), alert("b", "hdx", 100, "high"), alert("c", "hdx", 150))
    assert found == {"c": ("a", "repeated")}


@pytest.mark.parametrize(
    "other",
    [
        {"area": "NER", "country": "NER"},
        {"area_kind": "admin1", "area": "ML-5"},
        {"actor": "jnim"},
        {"actor": "issp", "other": "jnim"},
    ],
)
def test_only_the_same_area_and_actors_repeat(other):
    assert decided(alert("a", "hdx", 0), alert("b", "hdx", 1, **other), covers=[]) == {}


# --- covers: another rule told of it ----------------------------------------------------------------------


def test_a_cover_holds_on_both_sides_of_its_date_up_to_its_days():
    for apart, quiet in ((30, True), (-30, True), (31, False), (-31, False)):
        surge = alert("s", "surge", 100 + apart, known=500)
        found = decided(alert("u", "unit", 100, known=400), surge)
        assert found == ({"s": ("u", "covered")} if quiet else {})


def test_what_is_known_later_covers_nothing_but_what_is_known_at_once_does():
    assert decided(alert("u", "unit", 10, known=50), alert("s", "surge", 12, known=49)) == {}
    assert decided(alert("u", "unit", 12, known=50), alert("s", "surge", 10, known=50)) == {
        "s": ("u", "covered")
    }


def test_an_alert_on_a_country_covers_its_units_and_not_the_other_countrys():
    unit = {"area_kind": "admin1", "area": "ML-5"}
    assert decided(alert("u", "unit", 10), alert("s", "surge", 12, **unit)) == {"s": ("u", "covered")}
    assert (
        decided(alert("u", "unit", 10, **unit), alert("s", "surge", 12, area_kind="admin1", area="ML-6"))
        == {}
    )
    assert decided(alert("u", "unit", 10), alert("s", "surge", 12, country="NER", area="NER")) == {}


@pytest.mark.parametrize(
    ("renewed", "known_of_lull", "lull_stands"),
    [
        pytest.param(100, 400, False, id="over when it came to be known"),
        pytest.param(100, 90, True, id="over afterwards"),
        pytest.param(-60, -60, True, id="the end of the silence before, the nearest that can be"),
    ],
)
def test_a_lull_that_was_over_when_it_came_to_be_known_is_no_news(renewed, known_of_lull, lull_stands):
    dyad = {"actor": "issp", "other": "jnim"}
    lull = alert("l", "lull", 60 if renewed > 0 else 0, known=max(known_of_lull, 60), **dyad)
    end = alert("r", "renewed_fighting", renewed, known=400 if renewed > 0 else -60, **dyad)
    covers = [(row["rule"], row["covered_by"], int(row["days"])) for row in read_seed("alert_rule_cover")]
    assert decided(lull, end, covers=covers) == ({} if lull_stands else {"l": ("r", "covered")})


def test_a_lull_that_comes_to_be_known_with_its_truce_gives_way_to_it():
    dyad = {"actor": "issp", "other": "jnim"}
    covers = [(row["rule"], row["covered_by"], int(row["days"])) for row in read_seed("alert_rule_cover")]
    truce = alert("t", "apparent_truce", 120, known=400, **dyad)
    assert decided(alert("l", "lull", 60, known=400, **dyad), truce, covers=covers) == {"l": ("t", "covered")}
    assert decided(alert("l", "lull", 60, known=399, **dyad), truce, covers=covers) == {}


def test_where_both_name_actors_they_must_be_the_same():
    covers = [("surge", "new", 30)]
    one = alert("n", "new", 10, actor="jnim")
    assert decided(one, alert("s", "surge", 12), covers=covers) == {"s": ("n", "covered")}
    assert decided(one, alert("s", "surge", 12, actor="jnim"), covers=covers) == {"s": ("n", "covered")}
    assert decided(one, alert("s", "surge", 12, actor="issp"), covers=covers) == {}


def test_a_suppressed_alert_covers_nothing():
    """The threat is covered by a unit's deaths 60 days away; the surge is too far from these to be covered."""
    found = decided(
        alert("u", "unit", 0, known=100),
        alert("t", "threat", 60, known=100),
        alert("s", "surge", 70, known=100),
    )
    assert found == {"t": ("u", "covered")}


def test_who_repeats_what_was_covered_names_what_stands_for_both():
    found = decided(alert("u", "unit", 0), alert("t", "threat", 10), alert("again", "threat", 100))
    assert found == {"t": ("u", "covered"), "again": ("u", "repeated")}


def test_rules_that_cover_each_other_suppress_one_and_not_both():
    covers = [("surge", "threat", 30), ("threat", "surge", 30)]
    assert decided(alert("s", "surge", 0), alert("t", "threat", 1), covers=covers) == {"t": ("s", "covered")}


def test_a_rule_that_covers_itself_tells_of_the_unit_and_not_of_its_country_too():
    covers = [("threat", "threat", 28)]
    unit = alert("unit", "threat", 100, area_kind="admin1", area="ML-5")
    assert decided(unit, alert("country", "threat", 100), covers=covers) == {"country": ("unit", "covered")}
    assert decided(unit, alert("country", "threat", 128, known=128), covers=covers) == {
        "country": ("unit", "covered")
    }
    assert decided(unit, alert("country", "threat", 129), covers=covers) == {}
    assert decided(unit, alert("country", "threat", 100, "high"), covers=covers) == {}
    # The country was known to be one before any of its units was.
    assert decided(unit, alert("country", "threat", 99), covers=covers) == {}
    other = alert("other", "threat", 101, area_kind="admin1", area="ML-6")
    assert decided(unit, other, covers=covers) == {}


# --- the same from another source ---------------------------------------------------------------------------


def test_the_source_that_was_known_earlier_speaks():
    acled = alert("a", "unit", 105, source="acled", known=110)
    assert decided(alert("u", "unit", 100, known=400), acled) == {"u": ("a", "other_source")}
    assert decided(alert("u", "unit", 100, known=109), acled) == {"a": ("u", "other_source")}


def test_another_source_with_a_higher_level_or_beyond_the_days_is_news():
    acled = alert("a", "unit", 100, source="acled", known=110)
    assert decided(alert("u", "unit", 101, "high", known=400), acled) == {}
    assert decided(alert("u", "unit", 280, known=400), acled) == {"u": ("a", "other_source")}
    assert decided(alert("u", "unit", 281, known=400), acled) == {}


# --- whatever is given ----------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["unit", "surge", "threat"]),
            st.integers(0, 400),
            st.sampled_from(["low", "medium", "high"]),
            st.sampled_from(["ucdp", "acled"]),
            st.sampled_from(["ML-5", "ML-6"]),
            st.integers(0, 3),
        ),
        max_size=40,
        unique_by=lambda one: (one[0], one[1], one[3], one[4]),
    )
)
def test_who_stands_for_another_was_sent_itself(drawn):
    alerts = [
        alert(
            f"{rule}/{source}/{area}/{day}",
            *(rule, day, level),
            **{"source": source, "area_kind": "admin1", "area": area, "known": 1000 * known},
        )
        for rule, day, level, source, area, known in drawn
    ]
    found = decided(*alerts)
    names = {one[0] for one in alerts}
    sent = names - found.keys()
    assert {by for by, _ in found.values()} <= sent
    assert sent or not names


def test_the_walk_is_fast_enough_for_a_tick():
    """20,000 alerts of 35 years in a fraction of a second: a tick pays for it."""
    day = date(1989, 1, 1).toordinal()
    alerts = [
        alert(f"{unit}/{n}", "unit", day + n, area_kind="admin1", area=f"ML-{unit}")
        for unit in range(20)
        for n in range(1000)
    ]
    assert len(decided(*alerts)) == 20 * (1000 - 6)
