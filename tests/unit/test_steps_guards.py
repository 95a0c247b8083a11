"""What the steps refuse or wait for so that nothing is lost: each guard with the input that trips it.

Not here: whole loads and crashes (tests/pipeline), the transaction itself (tests/unit/warehouse).
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration import steps, transform
from orchestration.records import LoadRequest
from orchestration.settings import Settings
from orchestration.steps import batches, building, loading, rebuilding
from orchestration.transform import project_hash, run_dbt
from orchestration.warehouse.connection import WarehouseBusy, open_warehouse
from orchestration.warehouse.gazetteer import write_gazetteer
from orchestration.warehouse.ledger import insert_rows
from orchestration.warehouse.publish import PublishRefused
from orchestration.warehouse.status import read_status, write_status
from tests.unit.test_steps import Feed, load, query
from tests.unit.warehouse.test_connection import held_by_another

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> Feed:
    made = Feed()
    for module in (batches, loading):
        monkeypatch.setattr(module, "feed_for", lambda _: made)
    return made


def attempt(attempt_id: int, status: str, **changes: Any) -> dict[str, Any]:
    """A row of the ledger."""
    row: dict[str, Any] = dict.fromkeys(
        (
            "rows_parsed",
            "rows_loaded",
            "rows_unchanged",
            "rows_out_of_scope",
            "rows_quarantined",
            "rows_withdrawn",
            "payloads",
        ),
        0,
    )
    names = {"run_id": "r", "feed": "news", "stream": "made", "partition_key": "p", "status": status}
    times = dict.fromkeys(("recorded_at", "started_at", "finished_at"), NOW)
    return {"attempt_id": attempt_id, **row, **names, **times, **changes}


def built(status: str, through: int, settings: Settings, error: str | None = None) -> dict[str, Any]:
    """A row of ledger.build."""
    times = dict.fromkeys(("recorded_at", "started_at", "finished_at"), NOW)
    digest = project_hash(settings)
    told = {"build_id": "b", "status": status, "through_attempt_id": through, "nodes": 1, "error": error}
    return {**told, "project_hash": digest, **times}


def changed_after(
    settings: Settings, *attempts: dict[str, Any], release_of: int | None = None
) -> set[str] | None:
    """What a build would select after these attempts, when it has seen those up to the first."""
    with open_warehouse(settings.warehouse) as connection:
        insert_rows(connection, "load_attempt", attempts)
        insert_rows(connection, "build", [built("ok", attempts[0]["attempt_id"], settings)])
        if release_of:
            release = {"release": "26.0.6", "kind": "monthly", "payload_sha256": "x", "payload_key": "26.0.6"}
            insert_rows(
                connection, "ucdp_release", [{**release, "recorded_at": NOW, "attempt_id": release_of}]
            )
        return building._changed_feeds(connection, project_hash(settings))


@pytest.mark.parametrize("model", ["event.sql", "membership.py", "columns.yml", "seed.csv"])
def test_a_changed_model_makes_the_project_another(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    """Or a build after an update would keep what the old models made."""
    monkeypatch.setattr(transform, "DBT_PROJECT", tmp_path)
    (tmp_path / model).write_text("before")
    before = project_hash(settings)
    assert project_hash(settings) == before
    (tmp_path / model).write_text("after")
    assert project_hash(settings) != before


def test_changed_code_that_a_model_calls_makes_the_project_another(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [path.name for path in transform.CALLED_BY_MODELS] == ["forecasting.py"]
    monkeypatch.setattr(transform, "CALLED_BY_MODELS", (tmp_path / "code.py",))
    (tmp_path / "code.py").write_text("before")
    before = project_hash(settings)
    (tmp_path / "code.py").write_text("after")
    assert project_hash(settings) != before


def test_what_brings_no_news_builds_nothing(settings: Settings) -> None:
    assert changed_after(settings, attempt(1, "ok", rows_loaded=1), attempt(2, "unchanged")) == set()


def test_new_rows_build_their_feed(settings: Settings) -> None:
    assert changed_after(settings, attempt(1, "ok"), attempt(2, "ok", rows_loaded=1)) == {"news"}


def test_places_of_another_process_build_everything_anew(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of another scope may have written its places while our last build ran, which then says nothing of it."""
    asked: list[list[str]] = []
    monkeypatch.setattr(building, "run_dbt", lambda _settings, command, **_: asked.append(command) or [])
    monkeypatch.setattr(building, "has_manifest", lambda _: True)
    building.build(steps.Run(settings))
    assert building.build(steps.Run(settings)).skipped
    with open_warehouse(settings.warehouse) as connection:
        write_gazetteer(connection, ("NER",))
    assert building.build(steps.Run(settings)).skipped is None
    assert ["--full-refresh" in command for command in asked] == [True, True]


def test_a_failure_is_news_once(settings: Settings) -> None:
    assert changed_after(settings, attempt(1, "ok"), attempt(2, "failed")) == {"audit"}


def test_a_failure_that_goes_on_is_no_news(settings: Settings) -> None:
    assert changed_after(settings, attempt(1, "failed"), attempt(2, "failed")) == set()


def test_a_release_without_a_new_row_moves_what_is_observed(settings: Settings) -> None:
    ucdp = {"feed": "ucdp", "stream": "candidate"}
    found = changed_after(settings, attempt(1, "ok", **ucdp), attempt(2, "unchanged", **ucdp), release_of=2)
    assert found == {"ucdp"}


def test_quiet_slots_that_were_read_move_what_is_observed(settings: Settings) -> None:
    gdelt = {"feed": "gdelt", "stream": "export"}
    assert changed_after(settings, attempt(1, "ok", **gdelt), attempt(2, "empty", **gdelt)) == {"gdelt"}


def test_a_build_that_failed_is_not_published(settings: Settings) -> None:
    with open_warehouse(settings.warehouse) as connection:
        insert_rows(connection, "build", [built("failed", 1, settings, "country_month: broken")])
    with pytest.raises(PublishRefused, match="country_month: broken"):
        steps.publish(steps.Run(settings))


def test_dbt_waits_for_another_writer_and_then_names_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_warehouse(settings.warehouse):
        pass
    monkeypatch.setattr(transform, "LOCK_WAIT_SECONDS", 0)
    with held_by_another(settings.warehouse), pytest.raises(WarehouseBusy, match="another process"):
        run_dbt(settings, ["build", "--select", "country"])


def test_a_rebuild_holds_the_lock_of_the_file_that_it_replaces(
    settings: Settings,
    feed: Feed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load(settings)
    seen: list[str] = []
    real = rebuilding._replay

    def replay(*arguments: Any) -> Any:
        # Another configuration is refused while this process has the file open, as another process would be.
        with pytest.raises(duckdb.ConnectionException):
            duckdb.connect(str(settings.warehouse), read_only=True)
        seen.append("held")
        return real(*arguments)

    monkeypatch.setattr(rebuilding, "_replay", replay)
    steps.rebuild(steps.Run(settings))
    assert seen == ["held"]
    assert query(settings, "select count(*) as n from raw.news_item") == [{"n": 1}]


def test_what_an_interrupted_run_left_in_landing_is_not_promoted_by_a_later_one(
    settings: Settings,
    feed: Feed,
) -> None:
    steps.fetch_to_landing(steps.Run(settings), LoadRequest("news"))
    later = replace(settings, fixed_now=settings.now() + timedelta(hours=1))
    feed.body = feed.body.replace(b"One", b"Two")
    load(later)
    assert query(settings, "select count(*) as n from landing.pending") == [{"n": 0}]
    assert query(settings, "select title from raw.news_item") == [{"title": "Two"}]


def test_landing_that_lost_rows_since_its_audit_is_not_promoted(
    settings: Settings,
    feed: Feed,
) -> None:
    run = steps.Run(settings)
    steps.fetch_to_landing(run, LoadRequest("news"))
    steps.audit_landing(run, "news_item")
    with open_warehouse(settings.warehouse) as connection:
        connection.execute("truncate landing.news_item")
    with pytest.raises(RuntimeError, match="holds 0 rows"):
        steps.promote_landing(run, "news", "news_item")
    assert query(settings, "select count(*) as n from raw.news_item") == [{"n": 0}]


def test_a_home_with_an_apostrophe_is_a_home(settings: Settings, feed: Feed, tmp_path: Path) -> None:
    home = tmp_path / "o'brien"
    assert load(replace(settings, home=home)).rows_loaded == 1


def test_a_failure_after_a_success_of_the_same_load_is_told(settings: Settings) -> None:
    with open_warehouse(settings.warehouse) as connection:
        insert_rows(connection, "load_attempt", [attempt(1, "ok"), attempt(2, "failed", error="gone")])
        write_status(connection, settings)
    (told,) = read_status(settings.home)["feeds"]
    assert told["failing_since"].startswith(str(date(2026, 6, 30)))
    assert told["last_error"] == "gone"
