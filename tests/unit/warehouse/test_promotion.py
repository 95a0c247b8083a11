"""Promotion: which rows become versions, what is withdrawn, what a refusal leaves, and that counts add up.

Landed by hand (landings.py). Not here: parsing, the audit's judgement, and the order of late releases, which
are tried on publishers' files (tests/pipeline).
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from orchestration.records import Attempt, Batch, Status
from orchestration.warehouse import landing, promote as promotion
from orchestration.warehouse.connection import prepare
from orchestration.warehouse.promote import COMES_LATE, ONLY_KEYS_OF, Clock, Outcome, record_only
from tests.unit.warehouse.landings import (
    AT,
    BAD,
    BENIN,
    MALI,
    NIGERIA,
    SCOPE,
    digest,
    gdelt,
    ged,
    item,
    land,
    load,
    mention,
    news,
    release,
    slots,
)

SLOT = timedelta(minutes=15)
DAY = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        prepare(connection)
        yield connection


def current(warehouse: duckdb.DuckDBPyConnection) -> dict[int, int]:
    """Best estimate by id, of the events that are not withdrawn."""
    return dict(
        warehouse.execute(
            """select id, best from (from raw.ucdp_ged
                   qualify row_number() over (partition by id order by attempt_id desc) = 1)
               where not is_withdrawn order by id"""
        ).fetchall()
    )


def history(warehouse: duckdb.DuckDBPyConnection, event_id: int) -> list[tuple[int, bool]]:
    return warehouse.execute(
        "select best, is_withdrawn from raw.ucdp_ged where id = ? order by attempt_id", [event_id]
    ).fetchall()


def counts(outcome: Outcome) -> tuple[int, int, int, int]:
    return outcome.rows_loaded, outcome.rows_unchanged, outcome.rows_withdrawn, outcome.rows_quarantined


def assert_counts_add_up(warehouse: duckdb.DuckDBPyConnection) -> None:
    """In every attempt: parsed = loaded - withdrawn + unchanged + out of scope + quarantined; none is below zero."""
    wrong = warehouse.execute(
        """select partition_key, columns('rows_.*') from ledger.load_attempt
           where rows_parsed <> rows_loaded - rows_withdrawn + rows_unchanged + rows_out_of_scope + rows_quarantined
              or least(rows_parsed, rows_loaded, rows_unchanged, rows_out_of_scope, rows_quarantined) < 0"""
    ).fetchall()
    assert wrong == []


def assert_landing_is_empty(warehouse: duckdb.DuckDBPyConnection) -> None:
    for (table,) in warehouse.execute(
        "select table_name from duckdb_tables() where schema_name = 'landing'"
    ).fetchall():
        assert warehouse.execute(f"select count(*) from landing.{table}").fetchone() == (0,), table


# Releases


def test_a_release_loads_new_and_changed_events_only(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    first = load(warehouse, tmp_path, release("24.1"), [ged(1), ged(2)])
    second = load(
        warehouse, tmp_path, release("25.1"), [ged(1), ged(2, best=5), ged(3)], out_of_scope=4, rejects=["x"]
    )
    assert counts(first) == (2, 0, 0, 0)
    assert counts(second) == (2, 1, 0, 1)
    assert history(warehouse, 2) == [(1, False), (5, False)]
    assert history(warehouse, 1) == [(1, False)]
    assert_counts_add_up(warehouse)
    assert_landing_is_empty(warehouse)


def test_the_same_release_again_changes_nothing(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for _ in range(3):
        outcome = load(warehouse, tmp_path, release("24.1"), [ged(1), ged(2)])
    assert counts(outcome) == (0, 2, 0, 0)
    assert outcome.statuses == {Status.UNCHANGED}
    assert warehouse.execute("select count(*) from raw.ucdp_ged").fetchone() == (2,)
    assert warehouse.execute("select count(*) from ledger.ucdp_release").fetchone() == (1,)
    assert_counts_add_up(warehouse)


def test_what_a_superseding_release_omits_is_withdrawn_and_may_come_back(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    load(warehouse, tmp_path, release("24.1"), [ged(1), ged(2, best=7)])
    gone = load(warehouse, tmp_path, release("25.1"), [ged(1)])
    assert counts(gone) == (1, 1, 1, 0)
    assert current(warehouse) == {1: 1}
    tombstone = warehouse.execute(
        "select release, payload_sha256, attempt_id, best from raw.ucdp_ged where is_withdrawn"
    ).fetchall()
    assert tombstone == [("25.1", digest("25.1"), 2, 7)]
    again = load(warehouse, tmp_path, release("26.1"), [ged(1)])
    assert counts(again) == (0, 1, 0, 0)
    back = load(warehouse, tmp_path, release("27.1"), [ged(1), ged(2, best=7)])
    assert counts(back) == (1, 1, 0, 0)
    assert history(warehouse, 2) == [(7, False), (7, True), (7, False)]
    assert_counts_add_up(warehouse)


@pytest.mark.parametrize("kind", ["monthly", "file"])
def test_a_month_or_a_file_withdraws_nothing(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, kind: str
) -> None:
    load(warehouse, tmp_path, release("24.1"), [ged(1)])
    load(warehouse, tmp_path, release("part", kind=kind), [ged(2)])
    assert current(warehouse) == {1: 1, 2: 1}


@pytest.mark.parametrize(
    ("day", "stays"),
    [
        (date(2024, 1, 1), False),
        (date(2024, 12, 31), False),
        (date(2023, 12, 31), True),
        (date(2025, 1, 1), True),
    ],
)
def test_only_events_of_the_release_period_are_withdrawn(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, day: date, stays: bool
) -> None:
    everything = (date(1989, 1, 1), date(2026, 12, 31))
    load(warehouse, tmp_path, release("24.1", everything), [ged(1, date_end=day), ged(2)])
    load(warehouse, tmp_path, release("24.01.24.12", kind="cumulative"), [ged(2)])
    assert (1 in current(warehouse)) is stays


def test_a_scope_narrowed_later_withdraws_nothing_outside_it(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = [ged(1, country_id=MALI), ged(2, country_id=BENIN), ged(3, country_id=NIGERIA)]
    load(warehouse, tmp_path, release("24.1"), rows, scope=("MLI", "BEN", "NGA"))
    load(warehouse, tmp_path, release("25.1"), [], scope=("MLI",), out_of_scope=3)
    assert current(warehouse) == {2: 1, 3: 1}
    load(warehouse, tmp_path, release("26.1"), [ged(2, country_id=BENIN)], scope=None)
    assert current(warehouse) == {2: 1}
    scopes = dict(warehouse.execute("select release, country_scope from ledger.ucdp_release").fetchall())
    assert scopes == {"24.1": "BEN,MLI,NGA", "25.1": "MLI", "26.1": "all"}
    covered = warehouse.execute(
        "select source_release, count(*) from ledger.coverage where country_iso3 = 'BEN' group by 1 order by 1"
    ).fetchall()
    assert covered == [("24.1", 1), ("26.1", 1)]


@pytest.mark.parametrize("text", ["2,MLI-2024-1,x", '"2",MLI-2024-1', "2\tMLI"])
def test_an_event_whose_row_is_in_quarantine_is_not_withdrawn(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, text: str
) -> None:
    load(warehouse, tmp_path, release("24.1"), [ged(1), ged(2), ged(22)])
    outcome = load(warehouse, tmp_path, release("25.1"), [ged(1)], rejects=[text, "no id at all"])
    assert current(warehouse) == {1: 1, 2: 1}
    assert counts(outcome) == (1, 1, 1, 2)
    kept = warehouse.execute(
        "select feed, table_name, payload_sha256, url, line, reason, row_text from ledger.quarantined_row order by line"
    ).fetchall()
    origin = ("ucdp", "ucdp_ged", digest("25.1"), "https://made.example/25.1")
    assert kept == [
        (*origin, 2, "cannot be read", text),
        (*origin, 3, "cannot be read", "no id at all"),
    ]
    assert_counts_add_up(warehouse)


def test_a_quarantined_line_is_kept_once_however_often_it_is_loaded(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    for _ in range(2):
        outcome = load(warehouse, tmp_path, release("25.1"), [ged(1)], rejects=["broken"])
    assert outcome.rows_quarantined == 1
    assert warehouse.execute("select count(*) from ledger.quarantined_row").fetchone() == (1,)


def test_a_release_applied_again_touches_only_what_the_older_one_wrote(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    newer = [ged(1, best=10), ged(2), ged(4)]
    load(warehouse, tmp_path, release("25.1"), newer)
    load(warehouse, tmp_path, release("hand", kind="file"), [ged(2, best=99)])
    late = load(warehouse, tmp_path, release("24.1"), [ged(1), ged(2, best=99), ged(3)])
    assert current(warehouse) == {1: 1, 2: 99, 3: 1}
    again = load(
        warehouse,
        tmp_path,
        release("25.1", options={ONLY_KEYS_OF: [late.attempts[0]["attempt_id"]]}),
        newer,
    )
    # 1 and 4 were overwritten or withdrawn by the late release, 3 was its own; 2 it did not change.
    assert current(warehouse) == {1: 10, 2: 99, 4: 1}
    assert counts(again) == (3, 1, 1, 0)
    assert_counts_add_up(warehouse)


def published(year: int) -> datetime:
    return datetime(year, 6, 1, tzinfo=UTC)


LATE = {COMES_LATE: True}


def test_a_late_release_is_compared_with_what_was_published_before_it(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Else what an older release repeats would look like a change of the newer one's."""
    load(warehouse, tmp_path, release("24.1", released_at=published(2024)), [ged(1, best=1), ged(2)])
    load(warehouse, tmp_path, release("26.1", released_at=published(2026)), [ged(1, best=9), ged(3)])
    late = load(
        warehouse,
        tmp_path,
        release("25.1", released_at=published(2025), options=LATE),
        [ged(1, best=1), ged(2)],
    )
    assert (late.rows_loaded, late.rows_unchanged, late.rows_withdrawn) == (0, 2, 0)
    assert current(warehouse) == {1: 9, 3: 1}


def test_among_late_releases_the_newest_publication_counts_not_the_newest_load(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    load(warehouse, tmp_path, release("25.1", released_at=published(2025)), [ged(1, best=2)])
    load(warehouse, tmp_path, release("27.1", released_at=published(2027)), [ged(1, best=9)])
    load(warehouse, tmp_path, release("24.1", released_at=published(2024), options=LATE), [ged(1, best=1)])
    late = load(
        warehouse, tmp_path, release("26.1", released_at=published(2026), options=LATE), [ged(1, best=2)]
    )
    assert (late.rows_loaded, late.rows_unchanged) == (0, 1)


def test_of_two_loads_of_one_publication_the_newest_load_counts(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    for best in (1, 2):
        load(warehouse, tmp_path, release("25.1", released_at=published(2025)), [ged(1, best=best)])
    late = load(
        warehouse, tmp_path, release("25.2", released_at=published(2025), options=LATE), [ged(1, best=2)]
    )
    assert (late.rows_loaded, late.rows_unchanged) == (0, 1)


def test_a_release_that_is_not_late_is_compared_with_the_newest_load(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Whenever the publisher says that it was published."""
    load(warehouse, tmp_path, release("25.1", released_at=published(2026)), [ged(1, best=1)])
    load(warehouse, tmp_path, release("25.2", released_at=published(2025)), [ged(1, best=2)])
    again = load(warehouse, tmp_path, release("25.3", released_at=published(2027)), [ged(1, best=2)])
    assert (again.rows_loaded, again.rows_unchanged) == (0, 1)


EVENT_IDS = st.integers(1, 5)
ROWS = st.dictionaries(
    EVENT_IDS,
    st.tuples(
        st.integers(0, 2),
        st.sampled_from([MALI, BENIN]),
        st.sampled_from([date(2023, 5, 1), date(2024, 5, 1)]),
    ),
    max_size=4,
)
YEARS = {
    2023: (date(2023, 1, 1), date(2023, 12, 31)),
    2024: (date(2024, 1, 1), date(2024, 12, 31)),
    0: (date(1989, 1, 1), date(2024, 12, 31)),
}
CODES = {"MLI": MALI, "BEN": BENIN}
RELEASES = st.lists(
    st.tuples(
        ROWS,
        st.sets(EVENT_IDS, max_size=1),
        st.sampled_from(sorted(YEARS)),
        st.sampled_from([("MLI",), ("BEN", "MLI"), None]),
        st.sampled_from(["annual", "monthly"]),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=RELEASES)
def test_any_sequence_of_releases_gives_what_a_plain_model_gives(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, told: list[tuple]
) -> None:
    for table in ("raw.ucdp_ged", "ledger.load_attempt", "ledger.ucdp_release", "ledger.quarantined_row"):
        warehouse.execute(f"delete from {table}")
    known: dict[int, tuple] = {}
    withdrawn: set[int] = set()
    for number, (rows, unreadable, year, scope, kind) in enumerate(told):
        codes = set(CODES.values()) if scope is None else {CODES[iso3] for iso3 in scope}
        read = {key: row for key, row in rows.items() if key not in unreadable}
        landed = {key: row for key, row in read.items() if row[1] in codes}
        first, last = YEARS[year]
        gone = set()
        if kind == "annual":
            gone = {
                key
                for key, (_, country, day) in known.items()
                if key not in withdrawn | set(landed) | unreadable
                and country in codes
                and first <= day <= last
            }
        new = {key for key, row in landed.items() if known.get(key) != row or key in withdrawn}
        outcome = load(
            warehouse,
            tmp_path,
            release(f"r{number}", YEARS[year], kind=kind),
            [ged(key, *row) for key, row in landed.items()],
            rejects=[f"{key},unreadable" for key in sorted(unreadable)],
            out_of_scope=len(read) - len(landed),
            scope=scope,
        )
        known |= landed
        withdrawn = (withdrawn - set(landed)) | gone
        assert counts(outcome) == (len(new) + len(gone), len(landed) - len(new), len(gone), len(unreadable))
        expected = {key: row[0] for key, row in sorted(known.items()) if key not in withdrawn}
        assert current(warehouse) == expected
    assert_counts_add_up(warehouse)
    assert_landing_is_empty(warehouse)


# Items that change, and rows that are only added


def test_a_changed_headline_is_a_version_and_nothing_else_is(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    load(warehouse, tmp_path, news("a"), [item("1", "One"), item("2", "Two")])
    outcome = load(warehouse, tmp_path, news("b"), [item("1", "One, corrected"), item("3", "Three")])
    assert counts(outcome) == (2, 0, 0, 0)
    other = load(warehouse, tmp_path, news("c", outlet="other"), [item("1", "One", outlet="other")])
    assert counts(other) == (1, 0, 0, 0)
    found = warehouse.execute(
        "select feed_id, item_id, title, is_withdrawn from raw.news_item order by 1, 2, attempt_id"
    ).fetchall()
    assert found == [
        ("made", "1", "One", False),
        ("made", "1", "One, corrected", False),
        ("made", "2", "Two", False),
        ("made", "3", "Three", False),
        ("other", "1", "One", False),
    ]


def test_a_headline_changed_back_is_a_version_too(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    for number, title in enumerate(["A", "B", "A", "A"]):
        load(warehouse, tmp_path, news(f"n{number}"), [item("1", title)])
    assert warehouse.execute("select title from raw.news_item order by attempt_id").fetchall() == [
        ("A",),
        ("B",),
        ("A",),
    ]


def test_the_newest_record_is_none_from_the_future(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = [
        item("1", "A") | {"published_at": datetime(2026, 6, 29)},
        item("2", "B") | {"published_at": datetime(2062, 6, 29)},
    ]
    (attempt,) = load(warehouse, tmp_path, news("n"), rows).attempts
    assert attempt["newest_record_at"] == datetime(2026, 6, 29)


def test_each_day_of_a_back_fill_has_its_own_counts(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    days = [DAY, DAY + timedelta(days=1)]
    batch = slots("2026-06", ("2026-06-01", [days[0], days[0] + SLOT]), ("2026-06-02", [days[1]]))
    rows = [gdelt(1, days[0]), gdelt(2, days[0] + SLOT), gdelt(3, days[1]), gdelt(4, days[1])]
    outcome = load(warehouse, tmp_path, batch, rows, rejects=["broken"])
    told = [(row["partition_key"], row["rows_loaded"], row["rows_quarantined"]) for row in outcome.attempts]
    assert told == [("2026-06-01", 2, 1), ("2026-06-02", 2, 0)]
    assert [row["payload_sha256"] for row in outcome.attempts] == [None, digest(f"{days[1]:%Y%m%d%H%M%S}")]
    assert warehouse.execute("select count(*) from ledger.attempt_payload").fetchone() == (3,)
    assert_counts_add_up(warehouse)


def test_rows_that_a_publisher_repeats_over_days_are_loaded_once(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    midnight = DAY + timedelta(days=1)
    first = slots("d1", ("2026-06-01", [midnight - SLOT]))
    load(warehouse, tmp_path, first, [gdelt(1, midnight - SLOT, tone=1.0)])
    second = slots("d2", ("2026-06-02", [midnight]))
    outcome = load(warehouse, tmp_path, second, [gdelt(1, midnight, tone=2.0), gdelt(2, midnight)])
    again = load(warehouse, tmp_path, second, [gdelt(1, midnight, tone=2.0), gdelt(2, midnight)])
    assert counts(outcome) == (1, 1, 0, 0)
    assert counts(again) == (0, 2, 0, 0)
    assert again.statuses == {Status.UNCHANGED}
    found = warehouse.execute("select global_event_id, avg_tone from raw.gdelt_event order by 1").fetchall()
    assert found == [(1, 1.0), (2, 0.0)]
    assert_counts_add_up(warehouse)


def test_an_older_day_loaded_later_is_not_taken_for_known(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    later, earlier = DAY + timedelta(days=9), DAY
    load(warehouse, tmp_path, slots("d9", ("2026-06-10", [later])), [gdelt(9, later)])
    outcome = load(warehouse, tmp_path, slots("d1", ("2026-06-01", [earlier])), [gdelt(1, earlier)])
    assert counts(outcome) == (1, 0, 0, 0)


def test_mentions_are_kept_for_events_that_are_known(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    load(warehouse, tmp_path, slots("e", ("2026-06-01", [DAY])), [gdelt(1, DAY)])
    batch = slots("m", ("2026-06-01", [DAY]), table="gdelt_mention")
    outcome = load(warehouse, tmp_path, batch, [mention(1, DAY), mention(2, DAY)])
    assert counts(outcome) == (1, 0, 0, 0)
    assert outcome.attempts[0]["rows_out_of_scope"] == 1
    world = slots("w", ("2026-06-01", [DAY + SLOT]), table="gdelt_mention")
    assert counts(load(warehouse, tmp_path, world, [mention(2, DAY + SLOT)], scope=None)) == (1, 0, 0, 0)
    assert_counts_add_up(warehouse)


def test_a_payload_without_rows_is_empty(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    outcome = load(warehouse, tmp_path, news("nothing"))
    assert outcome.statuses == {Status.EMPTY}
    assert_counts_add_up(warehouse)


# Landing


def test_a_landing_partition_is_replaced_whole(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    land(warehouse, tmp_path, release("other"), [ged(9)])
    land(warehouse, tmp_path, release("25.1"), [ged(1), ged(2)], rejects=["old"])
    pending = land(warehouse, tmp_path, release("25.1"), [ged(3)], rejects=["new", "newer"])
    assert (pending.rows_landed, pending.rows_rejected, pending.rows_seen) == (1, 2, 3)
    assert warehouse.execute("select partition_key, id from landing.ucdp_ged order by 2").fetchall() == [
        ("25.1", 3),
        ("other", 9),
    ]
    assert warehouse.execute("select row_text from landing.rejected order by 1").fetchall() == [
        ("new",),
        ("newer",),
    ]
    assert landing.pending_keys(warehouse, "ucdp_ged") == ["other", "25.1"]
    assert landing.pending(warehouse, "25.1", "ucdp_ged") == pending
    assert landing.pending(warehouse, "none", "ucdp_ged") is None


@pytest.mark.parametrize("scope", [None, (), SCOPE])
def test_a_pending_batch_is_found_again_as_it_was(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, scope: tuple[str, ...] | None
) -> None:
    batch = slots("2026-06", ("2026-06-01", [DAY]), ("2026-06-02", [DAY + timedelta(days=1)]))
    pending = land(warehouse, tmp_path, batch, [gdelt(1, DAY)], scope=scope)
    assert landing.pending(warehouse, "2026-06", "gdelt_event") == pending
    assert pending.reads_scope == scope


def test_a_landing_that_fails_leaves_what_was_there(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(warehouse, tmp_path, release("other"), [ged(9)])
    with pytest.raises(duckdb.Error):
        land(warehouse, tmp_path, release("25.1"), [ged(1) | {"best": "many"}])
    monkeypatch.setattr(landing, "_facts", _fails)
    with pytest.raises(RuntimeError, match="planted"):
        land(warehouse, tmp_path, release("25.1"), [ged(1)])
    assert landing.pending_keys(warehouse, "ucdp_ged") == ["other"]
    assert warehouse.execute("select id from landing.ucdp_ged").fetchall() == [(9,)]
    monkeypatch.undo()
    assert land(warehouse, tmp_path, release("25.1"), [ged(1)]).rows_landed == 1


def test_a_folder_with_a_quote_in_its_name_is_no_statement(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    folder = tmp_path / "o'clock; drop"
    folder.mkdir()
    assert land(warehouse, folder, release("25.1"), [ged(1)]).rows_landed == 1


# Refusals, and one transaction


def test_a_refused_load_leaves_raw_as_it_was_and_says_why(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    load(warehouse, tmp_path, release("24.1"), [ged(1), ged(2)])
    outcome = load(warehouse, tmp_path, release("25.1"), [ged(1, best=9)], verdict=BAD, rejects=["broken"])
    assert (outcome.level, outcome.statuses) == ("block", {Status.REFUSED})
    assert counts(outcome) == (0, 0, 0, 1)
    assert current(warehouse) == {1: 1, 2: 1}
    row = warehouse.execute(
        "select status, error, rows_parsed, payload_sha256 from ledger.load_attempt where partition_key = '25.1'"
    ).fetchone()
    assert row == (Status.REFUSED, "block: made_up (block): 3 of 3 rows", 2, digest("25.1"))
    quality = warehouse.execute(
        "select check_name, passed, verdict, failing_sample from ledger.quality_result where partition_key = '25.1'"
    ).fetchall()
    assert quality == [("made_up", False, "block", '[{"id": 1}]')]
    assert warehouse.execute("select release from ledger.ucdp_release").fetchall() == [("24.1",)]
    assert warehouse.execute("select count(*) from ledger.http_validator").fetchone() == (1,)
    assert warehouse.execute("select count(*) from ledger.quarantined_row").fetchone() == (1,)
    assert_landing_is_empty(warehouse)


def test_a_refused_batch_of_slots_is_remembered_as_a_gap(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    load(warehouse, tmp_path, slots("d", ("2026-06-01", [DAY])), [gdelt(1, DAY)], verdict=BAD)
    state, error = warehouse.execute("select state, error from ledger.gdelt_slot").fetchone()
    assert state == "corrupt"
    assert error.startswith("refused: ")
    assert warehouse.execute("select count(*) from raw.gdelt_event").fetchone() == (0,)


def _fails(*_: Any, **__: Any) -> None:
    raise RuntimeError("planted")


@pytest.mark.parametrize(
    "where", ["_quarantine", "_quality_rows", "_attempt_rows", "_write_state", "_cover", "_record"]
)
def test_data_and_ledger_commit_together_or_not_at_all(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    load(warehouse, tmp_path, release("24.1"), [ged(1), ged(2)])
    before = contents(warehouse)
    monkeypatch.setattr(promotion, where, _fails)
    with pytest.raises(RuntimeError, match="planted"):
        load(warehouse, tmp_path, release("25.1"), [ged(1, best=9)], rejects=["broken"])
    assert contents(warehouse) == before
    monkeypatch.undo()
    assert landing.pending_keys(warehouse, "ucdp_ged") == ["25.1"]
    outcome = load(warehouse, tmp_path, release("25.1"), [ged(1, best=9)], rejects=["broken"])
    assert counts(outcome) == (2, 0, 1, 1)
    assert outcome.attempts[0]["attempt_id"] == 2


def test_data_do_not_commit_without_the_row_that_tells_of_them(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = promotion.insert_rows

    def fails_on_attempts(connection: duckdb.DuckDBPyConnection, table: str, rows: Any) -> None:
        if table == "load_attempt":
            raise duckdb.IOException("planted: disk full")
        real(connection, table, rows)

    monkeypatch.setattr(promotion, "insert_rows", fails_on_attempts)
    before = contents(warehouse)
    with pytest.raises(duckdb.IOException, match="planted"):
        load(warehouse, tmp_path, release("25.1"), [ged(1)])
    assert contents(warehouse) == before
    assert before["raw.ucdp_ged"] == 0


def contents(warehouse: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """A digest of each raw and ledger table."""
    tables = warehouse.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where schema_name in ('raw', 'ledger')"
    ).fetchall()
    return {
        table: int(warehouse.execute(f"select coalesce(sum(hash(t)), 0) from {table} t").fetchone()[0])
        for (table,) in tables
    }


def test_nothing_to_land_is_a_row_of_the_ledger(warehouse: duckdb.DuckDBPyConnection) -> None:
    attempt = Attempt("ucdp", "ged", "27.1", None, None, Status.MISSING, "404")
    clock = Clock("run", AT, AT, AT)
    outcome = record_only(warehouse, Batch("ucdp", "ged", "27.1", (attempt,)), clock, "b1")
    assert outcome.statuses == {Status.MISSING}
    found = warehouse.execute("select status, error, rows_parsed, run_id from ledger.load_attempt").fetchall()
    assert found == [(Status.MISSING, "404", 0, "run")]
    assert warehouse.execute("select batch_id from ledger.journal_outbox").fetchall() == [("b1",)]


def test_a_row_of_the_ledger_that_cannot_be_written_leaves_nothing(
    warehouse: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(warehouse)
    attempt = Attempt("ucdp", "ged", "27.1", None, None, Status.MISSING)
    monkeypatch.setattr(promotion, "_record", _fails)
    with pytest.raises(RuntimeError, match="planted"):
        record_only(warehouse, Batch("ucdp", "ged", "27.1", (attempt,)), Clock("run", AT, AT, AT), "b1")
    assert contents(warehouse) == before
