"""Which records make one incident: the rules of the Python model, on records and pairs written out here.

Here: the assignment, given weights. Not here: how a weight comes about (dbt's own unit tests of int_incident__pair) and
what comes out of real records (tests/pipeline/test_incidents.py).
"""

from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from bench.dbt_models import load_model

membership = load_model("int_incident__membership")

Record = tuple
Pair = tuple


def record(
    key: str, *, publisher_key: str = "", days: int = 0, deaths: int = 0, most: int | None = None
) -> Record:
    """A record of the feed that its key begins with: u UCDP, a ACLED, i Insecurity Insight."""
    most_deaths = deaths if most is None else most
    return (key, key[0], publisher_key or key, days, deaths, most_deaths, key[0] != "i")


def pair(
    a: str,
    b: str,
    weight: float,
    *,
    at_once: bool = True,
    actors: str = "both_sides",
    distance: str = "same_place",
) -> Pair:
    return (a, b, weight, at_once, actors, distance)


def rows(
    records: list[Record], pairs: list[Pair] = (), confirmed: list = (), denied: list = ()
) -> list[tuple]:
    """As ``model`` asks: pairs best first. Records stand in the order in which they became known."""
    best_first = sorted(pairs, key=lambda one: (-one[2], one[0], one[1]))
    return list(membership.members(records, best_first, confirmed, denied))


def incidents(*arguments: Any, **more: Any) -> dict[str, set[str]]:
    found = defaultdict(set)
    for key, anchor, *_ in rows(*arguments, **more):
        found[anchor].add(key)
    return dict(found)


def rules(*arguments: Any, **more: Any) -> dict[str, str]:
    return {key: rule for key, _, _, rule in rows(*arguments, **more)}


# --- by score -----------------------------------------------------------------------------------------


def test_two_events_of_each_feed_of_one_day_and_place_stay_two_incidents_and_the_better_pairing_wins() -> (
    None
):
    records = [record("u1"), record("u2"), record("a1"), record("a2")]
    pairs = [pair("u1", "a1", 5), pair("u1", "a2", 6), pair("u2", "a1", 4), pair("u2", "a2", 5.5)]
    assert incidents(records, pairs) == {"u1": {"u1", "a2"}, "u2": {"u2", "a1"}}


def test_no_score_puts_two_events_of_a_feed_together() -> None:
    assert incidents(
        [record("u1"), record("a1"), record("a2")], [pair("u1", "a1", 20), pair("u1", "a2", 19)]
    ) == {
        "u1": {"u1", "a1"},
        "a2": {"a2"},
    }


def test_not_even_if_they_were_compared() -> None:
    assert len(incidents([record("u1"), record("u2")], [pair("u1", "u2", 20)])) == 2


def test_nor_by_way_of_a_third_record() -> None:
    records = [record("u1"), record("u2"), record("a1"), record("i1")]
    pairs = [
        pair("u1", "a1", 9),
        pair("u2", "i1", 8),
        pair("a1", "i1", 7),
        pair("u1", "i1", 6),
        pair("u2", "a1", 5),
    ]
    assert incidents(records, pairs) == {"u1": {"u1", "a1"}, "u2": {"u2", "i1"}}


@pytest.mark.parametrize(("weight", "is_linked"), [(0.5, True), (0, True), (-0.5, False)])
def test_evidence_rather_for_than_against_links(weight: float, is_linked: bool) -> None:
    found = incidents([record("u1"), record("a1", deaths=1)], [pair("u1", "a1", weight)])
    assert (len(found) == 1) == is_linked


@pytest.mark.parametrize(
    ("third", "joins"),
    [(membership.CONTRADICTS, True), (membership.CONTRADICTS - 0.5, False), (None, False)],
)
def test_a_third_record_joins_unless_it_contradicts_one_of_the_two(third: float | None, joins: bool) -> None:
    """None: too far from the other even to be compared."""
    records = [record("u1"), record("a1"), record("i1")]
    pairs = [pair("u1", "a1", 8), pair("u1", "i1", 5)]
    pairs += [] if third is None else [pair("a1", "i1", third)]
    found = incidents(records, pairs)
    assert found == ({"u1": {"u1", "a1", "i1"}} if joins else {"u1": {"u1", "a1"}, "i1": {"i1"}})


# --- parts --------------------------------------------------------------------------------------------

CLASH = record("u1", days=4, deaths=10, most=12)


def test_the_days_of_a_long_clash_are_parts_of_it_as_far_as_its_dead_reach() -> None:
    records = [CLASH, record("a1", deaths=7), record("a2", deaths=5), record("a3", deaths=1)]
    pairs = [pair("u1", "a1", 5), pair("u1", "a2", 3), pair("u1", "a3", 2)]
    assert incidents(records, pairs) == {"u1": {"u1", "a1", "a2"}, "a3": {"a3"}}
    assert rules(records, pairs) == {"u1": "anchor", "a1": "score", "a2": "part", "a3": "anchor"}


def test_the_whole_may_be_told_by_either_feed() -> None:
    records = [record("u1", deaths=4), record("u2", deaths=5), record("a1", days=3, deaths=10)]
    assert incidents(records, [pair("u1", "a1", 5), pair("u2", "a1", 3)]) == {"u1": {"u1", "u2", "a1"}}


def test_a_pair_of_little_weight_may_be_a_part_where_another_part_is_linked() -> None:
    """Fewer dead in a day, and a span for a day, weigh against one incident; they are what a part looks like."""
    records = [CLASH, record("a1", deaths=7), record("a2", deaths=5)]
    assert incidents(records, [pair("u1", "a1", 5), pair("u1", "a2", -4)]) == {"u1": {"u1", "a1", "a2"}}
    alone = incidents(records[:1] + records[2:], [pair("u1", "a2", -4)])
    assert alone == {"u1": {"u1"}, "a2": {"a2"}}


@pytest.mark.parametrize(
    "unlike",
    [
        {"at_once": False},
        *({"actors": level} for level in ("allied", "some_differ", "conflict")),
        *({"distance": level} for level in ("within_precision", "same_admin1", "slightly_beyond")),
    ],
)
def test_a_part_is_of_the_same_time_class_sides_and_place(unlike: dict[str, Any]) -> None:
    records = [CLASH, record("a1", deaths=7), record("a2", deaths=5)]
    pairs = [pair("u1", "a1", 5), pair("u1", "a2", 3, **unlike)]
    assert incidents(records, pairs) == {"u1": {"u1", "a1"}, "a2": {"a2"}}


def test_an_event_that_lasts_as_long_as_the_whole_is_no_part_of_it() -> None:
    records = [CLASH, record("a1", deaths=3), record("a2", days=4, deaths=3)]
    assert "a2" in incidents(records, [pair("u1", "a1", 5), pair("u1", "a2", 3)])


@pytest.mark.parametrize(
    ("one", "other", "whole", "is_sum"),
    [(4, 6, 10, True), (4, 5, 10, False), (4, 7, 10, False), (0, 10, 10, False), (10, 0, 10, False)],
)
def test_on_a_single_day_parts_add_up_to_the_whole_or_are_none(
    one: int, other: int, whole: int, is_sum: bool
) -> None:
    """Raids that a feed counts together. An estimate's upper end is no sum."""
    records = [
        record("u1", deaths=whole, most=whole + 9),
        record("a1", deaths=one),
        record("a2", deaths=other),
    ]
    found = incidents(records, [pair("u1", "a1", 5), pair("u1", "a2", 3)])
    assert (found == {"u1": {"u1", "a1", "a2"}}) == is_sum


def test_a_part_is_alone_and_of_the_feed_that_splits() -> None:
    """Another feed's record that came with the part comes along; a second whole does not."""
    records = [CLASH, record("u2", deaths=5), record("a1", deaths=7), record("a2", deaths=5)]
    pairs = [pair("u1", "a1", 5), pair("u2", "a2", 9), pair("u1", "a2", 3)]
    assert incidents(records, pairs) == {"u1": {"u1", "a1"}, "u2": {"u2", "a2"}}


def test_two_wholes_with_parts_of_their_own_stay_two() -> None:
    """No record that is itself a whole of several becomes a part of another."""
    records = [
        record("u1", days=9, deaths=50),
        record("a1", days=3, deaths=9),
        record("a2", deaths=1),
        record("a3", deaths=1),
        record("u2", deaths=2, days=2),
    ]
    pairs = [pair("u1", "a1", 9), pair("u2", "a2", 8), pair("u2", "a3", 3), pair("u1", "a2", 2)]
    assert incidents(records, pairs) == {"u1": {"u1", "a1"}, "a2": {"a2", "a3", "u2"}}


def test_what_counts_the_dead_of_a_topic_only_is_never_a_part() -> None:
    records = [CLASH, record("i1", deaths=1), record("i2", deaths=1)]
    assert incidents(records, [pair("u1", "i1", 5), pair("u1", "i2", 4)]) == {
        "u1": {"u1", "i1"},
        "i2": {"i2"},
    }


# --- one id in several topics -------------------------------------------------------------------------


def test_one_id_in_several_topics_is_one_incident() -> None:
    topics = [record(key, publisher_key="i:7") for key in ("i1", "i2", "i3")]
    assert incidents([*topics, record("i4")]) == {"i1": {"i1", "i2", "i3"}, "i4": {"i4"}}
    assert rules(topics) == {"i1": "anchor", "i2": "publisher_id", "i3": "publisher_id"}


def test_another_feed_joins_all_topics_or_none() -> None:
    records = [record("i1", publisher_key="i:7"), record("i2", publisher_key="i:7"), record("u1")]
    agreeing = [pair("u1", "i1", 4), pair("u1", "i2", membership.CONTRADICTS)]
    assert incidents(records, agreeing) == {"i1": {"i1", "i2", "u1"}}
    against = [pair("u1", "i1", 4), pair("u1", "i2", membership.CONTRADICTS - 1)]
    assert incidents(records, against) == {"i1": {"i1", "i2"}, "u1": {"u1"}}


# --- decisions of persons -----------------------------------------------------------------------------


def test_confirmed_links_what_nothing_else_would() -> None:
    records = [record("u1"), record("u2"), record("a1"), record("a2")]
    found = rows(records, confirmed=[("u1", "u2"), ("a1", "u1")])
    assert found == [
        ("u1", "u1", None, "anchor"),
        ("a1", "u1", "u1", "confirmed"),
        ("u2", "u1", "u1", "confirmed"),
        ("a2", "a2", None, "anchor"),
    ]


def test_what_a_person_joined_is_one_record_to_the_others() -> None:
    # Nobody compared u2, which lies far off, with a1; who was confirmed with it keeps what it had.
    records = [record("u1"), record("u2"), record("a1"), record("i1")]
    pairs = [pair("u1", "a1", 5), pair("u1", "i1", 4), pair("a1", "i1", 3)]
    assert incidents(records, pairs, confirmed=[("u1", "u2")]) == {"u1": {"u1", "u2", "a1", "i1"}}
    # What contradicts all that was joined stays out.
    pairs = [pair("u1", "a1", 5), pair("a1", "i1", 3), pair("u1", "i1", membership.CONTRADICTS - 1)]
    assert incidents(records, pairs, confirmed=[("u1", "u2")]) == {"u1": {"u1", "u2", "a1"}, "i1": {"i1"}}


def test_confirmed_comes_before_a_better_score() -> None:
    records = [record("u1"), record("a1"), record("a2")]
    pairs = [pair("u1", "a1", 9), pair("u1", "a2", -6)]
    assert incidents(records, pairs, confirmed=[("a2", "u1")]) == {"u1": {"u1", "a2"}, "a1": {"a1"}}


def test_denied_is_obeyed_in_either_order_and_the_next_best_pair_is_taken() -> None:
    records = [record("u1"), record("a1"), record("a2")]
    pairs = [pair("u1", "a1", 9), pair("u1", "a2", 4)]
    for denied in (("u1", "a1"), ("a1", "u1")):
        assert incidents(records, pairs, denied=[denied]) == {"u1": {"u1", "a2"}, "a1": {"a1"}}


@pytest.mark.parametrize(
    "links",
    [
        {"confirmed": [("u1", "a1")]},
        {"confirmed": [("u1", "i1"), ("i1", "a1")]},
        {"pairs": [pair("u1", "i1", 9), pair("a1", "i1", 8), pair("u1", "a1", 7)]},
        {"confirmed": [("u1", "i1")], "pairs": [pair("a1", "i1", 8), pair("u1", "a1", 0)]},
    ],
    ids=["confirmed", "confirmed by way of a third", "score by way of a third", "both ways"],
)
def test_denied_beats_everything(links: dict[str, list]) -> None:
    records = [record("u1"), record("a1"), record("i1")]
    for denied in ([], [("a1", "u1")]):
        anchors = {key: anchor for key, anchor, *_ in rows(records, **links, denied=denied)}
        assert (anchors["u1"] != anchors["a1"]) == bool(denied)


def test_denied_beats_publisher_id_and_part() -> None:
    topics = [record("i1", publisher_key="i:7"), record("i2", publisher_key="i:7")]
    assert len(incidents(topics, denied=[("i2", "i1")])) == 2
    days = [CLASH, record("a1", deaths=7), record("a2", deaths=5)]
    pairs = [pair("u1", "a1", 5), pair("u1", "a2", 3)]
    assert incidents(days, pairs, denied=[("a1", "a2")]) == {"u1": {"u1", "a1"}, "a2": {"a2"}}


def test_decisions_on_records_that_are_gone_are_no_error() -> None:
    records = [record("u1"), record("a1")]
    decided = {
        "confirmed": [("u1", "u9"), ("u8", "a1"), ("u8", "u9")],
        "denied": [("u1", "u9"), ("u8", "u9")],
    }
    assert rows(records, [pair("u1", "a1", 3)], **decided) == rows(records, [pair("u1", "a1", 3)])


# --- names --------------------------------------------------------------------------------------------


def test_an_incident_is_named_by_the_record_known_first_and_each_member_by_its_link() -> None:
    pairs = [pair("u1", "a1", 5), pair("a1", "i1", 4), pair("u1", "i1", 1)]
    assert rows([record("i1"), record("a1"), record("u1")], pairs) == [
        ("i1", "i1", None, "anchor"),
        ("a1", "i1", "i1", "score"),
        ("u1", "i1", "a1", "score"),
    ]


def test_without_records_there_is_nothing() -> None:
    assert rows([]) == []


FEEDS = "uai"


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Record], list[Pair], list, list]:
    """Records in the order of their becoming known, pairs of different feeds, decisions; some of each."""
    keys = draw(
        st.lists(
            st.builds("{}{}".format, st.sampled_from(FEEDS), st.integers(0, 5)), unique=True, max_size=12
        )
    )
    records = [
        record(
            key,
            publisher_key=f"i:{draw(st.integers(0, 3))}" if key[0] == "i" else "",
            days=draw(st.sampled_from((0, 0, 3))),
            deaths=draw(st.integers(0, 6)),
        )
        for key in keys
    ]
    crossing = [(a, b) for a in keys for b in keys if FEEDS.index(a[0]) < FEEDS.index(b[0])]
    chosen = draw(st.lists(st.sampled_from(crossing), unique=True)) if crossing else []
    pairs = [
        pair(
            a,
            b,
            draw(st.integers(-8, 12)) / 2,
            at_once=draw(st.booleans()),
            actors=draw(st.sampled_from(("both_sides", "conflict"))),
            distance=draw(st.sampled_from(("same_place", "within_precision"))),
        )
        for a, b in chosen
    ]
    decision = (
        st.lists(st.tuples(st.sampled_from(keys), st.sampled_from(keys)), max_size=2) if keys else st.just([])
    )
    return records, pairs, draw(decision), [one for one in draw(decision) if one[0] != one[1]]


many = settings(max_examples=150, deadline=None)


@many
@given(worlds())
def test_every_record_is_in_exactly_one_incident_named_by_its_first(world: tuple) -> None:
    records, _, _, denied = world
    found = rows(*world)
    order = [key for key, *_ in records]
    assert sorted(key for key, *_ in found) == sorted(order)
    together = incidents(*world)
    for anchor, keys in together.items():
        assert anchor == min(keys, key=order.index)
        for a, b in denied:
            assert not {a, b} <= keys
    anchors = {key: anchor for key, anchor, *_ in found}
    for key, anchor, linked, rule in found:
        assert (rule == "anchor") == (key == anchor) == (linked is None)
        assert linked is None or anchors[linked] == anchor


@many
@given(worlds())
def test_a_feed_has_two_records_in_an_incident_only_as_parts_topics_or_by_decision(world: tuple) -> None:
    found = rows(*world)
    feeds = defaultdict(list)
    others = defaultdict(set)
    for key, anchor, _, rule in found:
        feeds[anchor].append(key[0])
        others[anchor].add(rule)
    for anchor, told in feeds.items():
        if others[anchor] <= {"anchor", "score"}:
            assert len(set(told)) == len(told)


@many
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_decisions_denied_and_of_rows_of_equal_pairs_changes_nothing(
    world: tuple, rng: Any
) -> None:
    """What DuckDB hands out in any order; the orders that matter are asked for by ``model``."""
    records, pairs, confirmed, denied = world
    shuffled_pairs, shuffled_denied = list(pairs), list(denied)
    rng.shuffle(shuffled_pairs)
    rng.shuffle(shuffled_denied)
    assert rows(records, shuffled_pairs, confirmed, shuffled_denied) == rows(*world)


def unlinked_to(world: tuple, key: str) -> set[str]:
    """The records that nothing ties to this one, be it over others."""
    records, pairs, confirmed, _ = world
    ties = [one[:2] for one in (*pairs, *confirmed)]
    ties += [(a[0], b[0]) for a in records for b in records if a[2] == b[2]]
    near = {key}
    while grown := {end for tie in ties if near & set(tie) for end in tie} - near:
        near |= grown
    return {one for one, *_ in records} - near


def assert_names_hold(before: dict[str, set[str]], after: dict[str, set[str]], order: list[str]) -> None:
    """An incident that still begins with the same record has the same name, whatever else joined or left it."""
    first_before = {min(keys, key=order.index): anchor for anchor, keys in before.items()}
    first_after = {min(keys, key=order.index): anchor for anchor, keys in after.items()}
    for first in first_before.keys() & first_after.keys():
        assert first_before[first] == first_after[first]


@many
@given(worlds(), st.data())
def test_records_that_come_later_rename_no_incident(world: tuple, data: st.DataObject) -> None:
    records, pairs, confirmed, denied = world
    known = data.draw(st.integers(0, len(records)))
    kept = {key for key, *_ in records[:known]}
    earlier = (records[:known], [one for one in pairs if {*one[:2]} <= kept], confirmed, denied)
    before, after = incidents(*earlier), incidents(*world)
    assert_names_hold(before, after, [key for key, *_ in records])
    # A later record may bring two incidents together or take a member; it never gives its name to an earlier one.
    named_later = {anchor for anchor in after if anchor not in kept}
    assert all(not after[anchor] & kept for anchor in named_later)
    later = [key for key, *_ in records[known:]]
    untouched = set.intersection(kept, *(unlinked_to(world, key) for key in later))
    assert {a: keys for a, keys in before.items() if keys <= untouched} == {
        a: keys for a, keys in after.items() if keys <= untouched
    }


@many
@given(worlds(), st.data())
def test_a_changed_weight_touches_only_what_is_tied_to_its_pair(world: tuple, data: st.DataObject) -> None:
    records, pairs, confirmed, denied = world
    if not pairs:
        return
    changed = data.draw(st.sampled_from(pairs))
    others = [one for one in pairs if one is not changed]
    revised = pair(*changed[:2], data.draw(st.integers(-8, 12)) / 2)
    before, after = incidents(*world), incidents(records, [*others, revised], confirmed, denied)
    assert_names_hold(before, after, [key for key, *_ in records])
    untouched = unlinked_to(world, changed[0])
    assert {a: keys for a, keys in before.items() if keys & untouched} == {
        a: keys for a, keys in after.items() if keys & untouched
    }


@many
@given(worlds(), st.data())
def test_a_record_that_is_withdrawn_renames_at_most_what_it_was_tied_to(
    world: tuple, data: st.DataObject
) -> None:
    records, pairs, confirmed, denied = world
    if not records:
        return
    gone = data.draw(st.sampled_from([key for key, *_ in records]))
    left = [one for one in records if one[0] != gone]
    before = incidents(*world)
    after = incidents(left, [one for one in pairs if gone not in one[:2]], confirmed, denied)
    assert_names_hold(before, after, [key for key, *_ in records])
    untouched = unlinked_to(world, gone)
    assert {a: keys for a, keys in before.items() if keys & untouched} == {
        a: keys for a, keys in after.items() if keys & untouched
    }


def test_without_its_first_record_an_incident_is_named_by_the_next_and_no_other_is_renamed() -> None:
    records = [record("u1"), record("u2"), record("a1"), record("a2"), record("i1")]
    pairs = [pair("u1", "a1", 5), pair("u1", "i1", 4), pair("a1", "i1", 4), pair("u2", "a2", 5)]
    assert incidents(records, pairs) == {"u1": {"u1", "a1", "i1"}, "u2": {"u2", "a2"}}
    without = [one for one in pairs if "u1" not in one[:2]]
    assert incidents(records[1:], without) == {"a1": {"a1", "i1"}, "u2": {"u2", "a2"}}
    assert incidents(records[:4], [one for one in pairs if "i1" not in one[:2]]) == {
        "u1": {"u1", "a1"},
        "u2": {"u2", "a2"},
    }
