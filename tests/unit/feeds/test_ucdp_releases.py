"""Names, periods and order of UCDP's releases."""

import random
from datetime import date

import pytest

from orchestration.feeds.ucdp_releases import parse_release, period_of, release_of_file, release_order

IN_ORDER = [
    "24.1",
    *("24.0.1", "24.01.24.03", "24.0.4", "24.0.12", "24.01.24.12"),
    "25.1",
    *(f"25.0.{month}" for month in range(1, 13)),
    "25.01.25.12",
    "26.1",
    *("26.0.1", "26.0.2", "26.0.3", "26.01.26.03", "26.0.4", "26.0.6", "26.01.26.06", "26.0.10"),
    *("actor-22.1", "actor-25.1"),
    "file-0123abcd",
]


def test_releases_sort_as_they_supersede_each_other():
    shuffled = random.Random(7).sample(IN_ORDER, len(IN_ORDER))
    assert sorted(shuffled, key=release_order) == IN_ORDER


@pytest.mark.parametrize(
    ("release", "first", "last"),
    [
        ("24.1", date(1989, 1, 1), date(2023, 12, 31)),
        ("24.0.2", date(2024, 2, 1), date(2024, 2, 29)),
        ("26.01.26.06", date(2026, 1, 1), date(2026, 6, 30)),
        ("actor-22.1", None, None),
        ("mali-page", None, None),
    ],
)
def test_period(release, first, last):
    assert period_of(release) == (first, last)


@pytest.mark.parametrize(
    ("release", "kind", "stream", "path"),
    [
        ("24.1", "annual", "ged", "/downloads/ged/ged241-csv.zip"),
        ("26.0.8", "monthly", "candidate", "/downloads/candidateged/GEDEvent_v26_0_8.csv"),
        ("26.01.26.06", "cumulative", "candidate", "/downloads/candidateged/GEDEvent_v26_01_26_06.csv"),
        ("actor-22.1", "actor", "actor", "/downloads/actor/ucdp-actor-221.csv"),
    ],
)
def test_where_a_release_lies(release, kind, stream, path):
    found = parse_release(f" {release} ")
    assert (found.name, found.kind, found.stream, found.path) == (release, kind, stream, path)


@pytest.mark.parametrize(
    "text",
    ["", "24", "24.2", "2024.1", "26.0.13", "26.0.08", "26.01.25.06", "26.06.26.01", "actor-22", "x; drop"],
)
def test_nonsense_is_answered_with_examples(text):
    with pytest.raises(ValueError, match=r"not a UCDP release; write for example 24\.1"):
        parse_release(text)


@pytest.mark.parametrize(
    ("file_name", "release"),
    [
        ("ged241-csv.zip", "24.1"),
        ("GEDEvent_v24_1.csv", "24.1"),
        ("GEDEvent_v26_0_8 (1).csv", "26.0.8"),
        ("gedevent_v26_01_26_06 - Copy.csv", "26.01.26.06"),
        ("Mali.csv", None),
        ("ged191_bgd_mmr.csv", None),
        ("GEDEvent_v99_9_9_9.csv", None),
        ("my_ged241-csv.zip", None),
    ],
)
def test_only_the_publishers_own_file_names_tell_a_release(file_name, release):
    found = release_of_file(file_name)
    assert (found.name if found else None) == release


@pytest.mark.parametrize(
    ("release", "today", "expected"),
    [
        ("26.1", date(2026, 6, 30), False),
        ("26.1", date(2026, 7, 1), True),
        ("26.0.4", date(2026, 6, 13), False),
        ("26.0.4", date(2026, 6, 14), True),
        ("26.01.26.03", date(2026, 12, 31), False),
    ],
)
def test_what_is_owed_by_a_day(release, today, expected):
    assert parse_release(release).is_expected(today) is expected
