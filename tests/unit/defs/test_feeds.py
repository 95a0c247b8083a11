"""The feeds' entries: complete against the registry, consistent with the contracts, and what follows from them."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from expectations.contracts import CONTRACTS, Promotion
from orchestration.defs.feeds import INGESTIONS, TABLES, Ingestion
from orchestration.defs.resources import SahelResource
from orchestration.defs.sensors import _TABLE_OF
from orchestration.feeds.registry import FEEDS as REGISTERED
from orchestration.settings import BY_HAND, DEFAULT_FEEDS, FEEDS

TUESDAY = datetime(2026, 6, 30, 5, 20, tzinfo=UTC)


def test_every_table_of_every_feed_has_one_entry() -> None:
    """What is loaded by hand from a file has no schedule, no partition and no publisher to watch."""
    told = sorted((one.contract.feed, one.table) for one in TABLES)
    asked = [feed for feed in REGISTERED.values() if feed.key not in BY_HAND]
    assert told == sorted((feed.key, table) for feed in asked for table in feed.tables)
    assert sorted(table for _, table in told) == sorted(
        table for table, contract in CONTRACTS.items() if contract.feed not in BY_HAND
    )
    assert set(REGISTERED) == {*FEEDS, *BY_HAND}
    assert {one.feed for one in INGESTIONS} == set(FEEDS)


@pytest.mark.parametrize("ingestion", INGESTIONS, ids=lambda one: one.job)
def test_an_entry_is_of_one_feed_and_its_tables_come_in_order(ingestion: Ingestion) -> None:
    before: list[str] = []
    for one in ingestion.tables:
        assert one.contract.feed == ingestion.feed
        assert one.after is None or one.after in before
        before.append(one.table)
    assert ingestion.rhythm is None or ingestion.rhythm.table in before


def test_deletions_are_in_raw_before_the_events_are_asked_for() -> None:
    order = {one.table: one.after for one in TABLES}
    for contract in CONTRACTS.values():
        if contract.promotion is Promotion.DELETIONS:
            assert order[contract.deletes.table] == contract.table


def test_each_stream_of_the_ledger_tells_of_one_table() -> None:
    with duckdb.connect() as connection:
        rows = connection.execute(f"select feed, stream, table_name from {_TABLE_OF}").fetchall()
    by_feed: dict[str, list[tuple[str | None, str]]] = {}
    for feed, stream, table in rows:
        by_feed.setdefault(feed, []).append((stream, table))
    for feed, streams in by_feed.items():
        names = [stream for stream, _ in streams]
        assert len(names) == len(set(names)), feed
        # A stream without a name stands for all of the feed's.
        assert None not in names or len(names) == 1, feed
    assert dict(by_feed["acled"]) == {"deletions": "acled_deletion", "events": "acled_event"}
    assert dict(by_feed["ucdp"])["actor"] == "ucdp_actor"


def test_a_feed_is_a_job_with_its_tables_and_the_models_that_read_them(defs: dg.Definitions) -> None:
    for ingestion in INGESTIONS:
        nodes = {node.name for node in defs.resolve_job_def(ingestion.job).nodes}
        own = {f"{layer}__{one.table}" for one in ingestion.tables for layer in ("landing", "raw")}
        others = {f"{layer}__{one.table}" for one in TABLES for layer in ("landing", "raw")} - own
        assert own <= nodes
        assert not others & nodes
        assert {"dbt_build", "published__bi_file"} <= nodes


# Schedules


@pytest.fixture
def tick(defs: dg.Definitions, home: Path, monkeypatch: pytest.MonkeyPatch):
    """What a schedule asks for with these feeds enabled."""

    def ticked(name: str, feeds: str) -> dg.RunRequest | dg.SkipReason:
        monkeypatch.setenv("SAHEL_FEEDS", feeds)
        schedule = next(one for one in defs.schedules if one.name == name)
        with dg.DagsterInstance.ephemeral() as instance:
            context = dg.build_schedule_context(
                instance,
                scheduled_execution_time=TUESDAY,
                repository_def=defs.get_repository_def(),
                resources={"sahel": SahelResource(home=str(home))},
            )
            data = schedule.evaluate_tick(context)
        return data.run_requests[0] if data.run_requests else dg.SkipReason(data.skip_message)

    return ticked


OPTIONAL = [one for one in INGESTIONS if one.feed not in DEFAULT_FEEDS]


@pytest.mark.parametrize("ingestion", OPTIONAL, ids=lambda one: one.feed)
def test_an_optional_feed_is_asked_at_its_cadence_once_it_is_enabled(ingestion: Ingestion, tick) -> None:
    name = f"{ingestion.feed}_{ingestion.cadence.word}"
    skipped = tick(name, "ucdp,gdelt,news")
    assert skipped.skip_message == f"{ingestion.feed} is not among SAHEL_FEEDS"
    asked = tick(name, f"ucdp,{ingestion.feed}")
    assert asked.run_key == "20260630T0520"
    assert asked.partition_key is None


@pytest.mark.parametrize("name", ["gdelt_every_15_minutes", "gdelt_gaps_daily", "news_every_30_minutes"])
def test_a_default_feed_that_was_left_out_is_not_asked_either(name: str, tick) -> None:
    assert tick(name, "ucdp").skip_message == f"{name.split('_')[0]} is not among SAHEL_FEEDS"


def test_gdelt_is_asked_for_today(tick) -> None:
    assert tick("gdelt_every_15_minutes", "gdelt").partition_key == "2026-06-30"
