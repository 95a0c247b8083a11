"""How incidents are scored (bench.incidents): by small cases that are reckoned by hand. Not here: how good ours are."""

import pytest

from bench.incidents import (
    Known,
    added,
    b_cubed,
    components,
    one_to_one,
    pairs_of,
    precision_recall_f1,
    scores,
)

U1, U2, U3 = (("ucdp", number) for number in "123")
A1, A2, A3 = (("acled", number) for number in "123")
I1 = ("insecurity_insight", "1")


def pair(one: tuple[str, str], other: tuple[str, str]) -> frozenset:
    return frozenset((one, other))


KNOWN = Known(
    incidents={U1: ("x",), A1: ("x",), I1: ("x",), U2: ("y",), A2: ("y",), U3: (), A3: ()},
    kinds={
        pair(U1, A1): "same",
        pair(U1, I1): "same",
        pair(A1, I1): "same",
        pair(U2, A2): "part",
    },
    cases={U2: "tit_for_tat"},
)


def test_precision_and_recall_are_of_pairs_between_feeds() -> None:
    found = scores(KNOWN, [{U1, A1}, {U2, A3}, {U3}, {A2}, {I1}])
    assert found["all"] == {"found": 2, "wanted": 4, "right": 1}
    precision, recall, f1 = precision_recall_f1(found["all"])
    assert (precision, recall) == (0.5, 0.25)
    assert f1 == pytest.approx(1 / 3)
    assert found["by_feeds"]["ucdp, acled"] == {"found": 2, "wanted": 2, "right": 1}
    assert found["by_feeds"]["ucdp, insecurity_insight"] == {"found": 0, "wanted": 1, "right": 0}
    assert found["by_kind"]["part"] == {"found": 0, "wanted": 1, "right": 0}
    assert found["by_case"] == {"tit_for_tat": {"found": 1, "wanted": 1, "right": 0}}
    # Nobody else tells of U3 and A3; A3 was linked all the same, I1 and A2 wrongly were not.
    assert found["singletons"] == {"found": 3, "wanted": 2, "right": 1}


def test_two_records_of_one_feed_are_no_pair() -> None:
    assert pairs_of([{A1, A2, U1}]) == {pair(A1, U1), pair(A2, U1)}


def test_a_second_record_of_one_feed_counts_neither_way() -> None:
    known = Known(KNOWN.incidents, {pair(U1, A1): "same", pair(U2, A1): "duplicate"}, {})
    with_it = scores(known, [{U1, A1, U2}])
    assert with_it["all"] == scores(known, [{U1, A1}])["all"] == {"found": 1, "wanted": 1, "right": 1}


def test_b_cubed_is_the_mean_over_the_records() -> None:
    found = b_cubed(KNOWN, [{U1, A1, U2}, {A2}, {I1}])
    # U1 and A1 have two of three right, U2 one of three; A2, I1 and, as they are in no cluster, U3 and A3 are alone.
    assert found["precision"] == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 4) / 7)
    assert found["recall"] == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 / 2 + 1 / 2 + 2) / 7)


def test_the_truth_is_perfect_by_every_measure() -> None:
    found = scores(KNOWN, [{U1, A1, I1}, {U2, A2}, {U3}, {A3}])
    assert precision_recall_f1(found["all"]) == (1, 1, 1)
    assert (found["b_cubed"]["precision"], found["b_cubed"]["recall"]) == (1, 1)
    assert found["singletons"] == {"found": 2, "wanted": 2, "right": 2}


def test_one_to_one_takes_the_first_and_leaves_what_is_taken() -> None:
    found = one_to_one([pair(U1, A1), pair(U1, A2), pair(U2, A1), pair(U2, A2), pair(U1, I1)])
    assert found == {pair(U1, A1), pair(U2, A2), pair(U1, I1)}


def test_components_are_what_hangs_together() -> None:
    clusters = components(KNOWN.incidents, [pair(U1, A1), pair(A2, U2), pair(U2, A1)])
    assert sorted(map(len, clusters)) == [1, 1, 1, 4]


def test_worlds_are_added_record_by_record() -> None:
    one = scores(KNOWN, [{U1, A1}])
    both = added([one, scores(KNOWN, [{U1, A1, I1}, {U2, A2}])])
    assert both["all"] == {"found": 1 + 4, "wanted": 8, "right": 5}
    assert both["b_cubed"]["recall"] == pytest.approx((one["b_cubed"]["recall"] + 1) / 2)


def test_a_truth_is_read_as_it_was_written(tmp_path) -> None:
    KNOWN.write(tmp_path / "truth.json")
    assert Known.read(tmp_path / "truth.json") == KNOWN
    assert KNOWN.within([U2, A2]).kinds == {pair(U2, A2): "part"}
