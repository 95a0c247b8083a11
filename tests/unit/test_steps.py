"""The steps by themselves: what a report says, what is refused, interrupted, rebuilt, and what never starts.

Not here: whole loads from publishers, good (tests/pipeline) and bad (tests/pipeline/test_faults.py).
"""

import json
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from expectations import audit as gx_audit
from orchestration import failpoints, steps
from orchestration.feeds.http import HttpClient
from orchestration.records import Attempt, Batch, LoadRequest, Status
from orchestration.settings import Settings, SettingsError
from orchestration.steps import batches, loading
from orchestration.transform import DbtFailed, run_dbt
from orchestration.warehouse.connection import WarehouseDamaged, WarehouseMissing, open_warehouse
from orchestration.warehouse.ledger import fetch_dicts
from orchestration.warehouse.promote import Outcome
from orchestration.warehouse.status import NOTHING_YET, read_status

RSS = (
    b'<rss version="2.0"><channel><title>t</title><item><guid>1</guid><title>One</title>'
    b"<pubDate>Mon, 29 Jun 2026 08:00:00 GMT</pubDate></item></channel></rss>"
)


class Feed:
    """A news feed that has its bytes already: one outlet, one item."""

    def __init__(self, body: bytes = RSS, during: Callable[[], None] = lambda: None) -> None:
        self.body = body
        self.during = during

    def fetch(self, request: LoadRequest, context: Any) -> Any:
        payload = context.store.put(
            self.body,
            feed="news",
            key="made",
            url="https://made.example/rss",
            http_status=200,
            fetched_at=context.now,
            media_type="application/rss+xml",
        )
        key = f"made@{context.now:%Y-%m-%dT%H:%M:%SZ}"
        attempt = Attempt("news", "made", key, context.now, context.now, payload_keys=("made",))
        outlet = {
            "id": "made",
            "url": "https://made.example/rss",
            "language": "en",
            "publisher": "Made",
            "reliability": "high",
        }
        yield Batch("news", "made", key, (attempt,), "news_item", (payload,), options={"outlet": outlet})
        self.during()

    def parse(self, batch: Any, scratch: Any, countries: Any) -> Any:
        from orchestration.feeds.news import NewsFeed

        return NewsFeed().parse(batch, scratch, countries)


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> Feed:
    made = Feed()
    for module in (batches, loading):
        monkeypatch.setattr(module, "feed_for", lambda _: made)
    return made


def load(settings: Settings) -> steps.LoadReport:
    return steps.load(steps.Run(settings), LoadRequest("news"))


def query(settings: Settings, sql: str) -> list[dict[str, Any]]:
    with open_warehouse(settings.warehouse) as connection:
        return fetch_dicts(connection, sql)


# Reports


def outcome(*statuses: str, level: str = "pass") -> Outcome:
    attempts = tuple(
        {
            "feed": "news",
            "stream": "made",
            "partition_key": "made@2026",
            "status": status,
            "error": None if status in ("ok", "unchanged") else "why",
        }
        for status in statuses
    )
    return Outcome("b", attempts, rows_loaded=1, level=level, summary=f"{level}: some check")


@pytest.mark.parametrize(
    ("outcomes", "failed"),
    [
        ([], False),
        ([outcome("ok")], False),
        ([outcome("missing")], False),
        ([outcome("unchanged"), outcome("failed")], False),
        ([outcome("empty", "failed")], False),
        ([outcome("failed")], True),
        ([outcome("refused"), outcome("failed")], True),
        ([outcome("ok"), outcome("refused", level="block")], True),
        ([outcome("ok", level="warn")], False),
    ],
)
def test_a_load_failed_where_nothing_came_or_the_audit_stopped_it(
    outcomes: list[Outcome], failed: bool
) -> None:
    assert steps.LoadReport("news", tuple(outcomes)).failed is failed


def test_a_report_names_what_went_wrong_and_what_was_not_there() -> None:
    report = steps.LoadReport(
        "news", (outcome("ok", "failed", "missing", "unchanged"), outcome("ok", level="warn"))
    )
    assert report.problems == [
        "news made: failed: why",
        "news made: missing: why",
        "news: warn: some check",
    ]
    assert report.rows_loaded == 2


def test_a_batch_without_landing_keeps_only_what_is_true_of_it() -> None:
    rows = {
        "gdelt_slot": [{"state": "fetched"}, {"state": "missing"}],
        "http_validator": [{"b": 1}],
        "ucdp_release": [{"c": 1}],
    }
    attempts = (Attempt("f", "s", "p", None, None), Attempt("f", "s", "q", None, None, Status.MISSING, "404"))
    batch = Batch("f", "s", "p", attempts, "news_item", ledger_rows=rows)
    kept = {
        status: set(batches.without_landing(batch, status, "why").ledger_rows)
        for status in (Status.UNCHANGED, Status.REFUSED, Status.FAILED)
    }
    assert kept == {
        Status.UNCHANGED: {"gdelt_slot", "http_validator"},
        Status.REFUSED: {"gdelt_slot"},
        Status.FAILED: set(),
    }
    refused = batches.without_landing(batch, Status.REFUSED, "why")
    assert [(attempt.status, attempt.error) for attempt in refused.attempts] == [
        (Status.REFUSED, "why"),
        (Status.MISSING, "404"),
    ]
    assert refused.table is None
    # What was refused is asked for again, and does not pass for a quiet quarter of an hour.
    assert [row["state"] for row in refused.ledger_rows["gdelt_slot"]] == ["corrupt", "missing"]


# Loads


def test_a_load_leaves_rows_a_journal_a_status_and_a_report(settings: Settings, feed: Feed) -> None:
    report = load(settings)
    assert report.rows_loaded == 1
    assert [entry["batch"]["partition_key"] for entry in steps.Run(settings).store.read_journal()] == [
        report.attempts[0]["partition_key"]
    ]
    status = read_status(settings.home)
    assert set(status) == set(NOTHING_YET)
    assert [(item["feed"], item["stream"], item["rows_loaded"]) for item in status["feeds"]] == [
        ("news", "made", 1)
    ]
    assert (settings.quality / "index.html").is_file()
    assert (settings.quality / "news_item" / "made.html").is_file()
    assert query(settings, "from ledger.journal_outbox") == []


def test_the_first_load_of_two_days_is_recorded_at_its_own_time(settings: Settings, feed: Feed) -> None:
    load(settings)
    assert [row["recorded_at"] for row in query(settings, "select recorded_at from raw.news_item")] == [
        settings.now()
    ]


@pytest.mark.parametrize("how", ["raises", "cannot run"])
def test_an_audit_that_cannot_run_stops_the_load_and_says_so(
    settings: Settings, feed: Feed, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    def broken(*_: Any) -> Any:
        if how == "raises":
            raise gx_audit.AuditBroken("planted; run `make setup` again")
        result = gx_audit.CheckResult("c", "warn", False, False, "planted", "c")
        return gx_audit.Verdict("news_item", (result,))

    monkeypatch.setattr(gx_audit, "run", broken)
    report = load(settings)
    assert report.failed
    assert query(settings, "from raw.news_item") == []
    (row,) = query(settings, "select status, error from ledger.load_attempt")
    assert row["status"] == "refused"
    assert "planted" in row["error"]
    assert [row["could_run"] for row in query(settings, "from ledger.quality_result")] == [False]
    monkeypatch.undo()


def test_the_three_steps_of_dagster_give_what_one_load_gives(
    settings: Settings, feed: Feed, tmp_path: Path
) -> None:
    load(settings)
    other = replace(settings, home=tmp_path / "in_steps")
    landed = steps.fetch_to_landing(steps.Run(other), LoadRequest("news"))
    assert [item.rows_landed for item in landed.pending] == [1]
    assert [verdict.level for _, verdict in steps.audit_landing(steps.Run(other), "news_item")] == ["pass"]
    assert steps.promote_landing(steps.Run(other), "news", "news_item").rows_loaded == 1
    assert steps.promote_landing(steps.Run(other), "news", "news_item").outcomes == ()
    sql = "select columns(* exclude (attempt_id)) from raw.news_item"
    assert query(other, sql) == query(settings, sql)
    assert len(list(steps.Run(other).store.read_journal())) == 1


def test_a_load_without_the_warehouse_it_once_had_is_refused(settings: Settings, feed: Feed) -> None:
    load(settings)
    settings.warehouse.unlink()
    with pytest.raises(WarehouseMissing, match="sahel rebuild"):
        load(settings)
    assert not settings.warehouse.exists()
    steps.rebuild(steps.Run(settings))
    assert len(query(settings, "from raw.news_item")) == 1


def test_leftovers_of_a_killed_load_are_swept(settings: Settings, feed: Feed) -> None:
    half = settings.payloads / "incoming" / "half.part"
    torn = settings.scratch / "parse-dead" / "scratch.duckdb"
    for path in (half, torn):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"half")
    load(settings)
    assert not half.exists()
    assert not torn.exists()


def test_real_data_do_not_enter_a_made_home(settings: Settings) -> None:
    with pytest.raises(SettingsError, match=r"made data.*--home"):
        steps.load(steps.Run(replace(settings, is_made=True)), LoadRequest("gdelt"))


# Ctrl-C


def test_ctrl_c_between_batches_keeps_what_was_committed(settings: Settings, feed: Feed) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    feed.during = interrupt
    with pytest.raises(KeyboardInterrupt):
        load(settings)
    feed.during = lambda: None
    assert len(query(settings, "from raw.news_item")) == 1
    report = load(settings)
    assert report.rows_loaded == 0
    assert len(list(steps.Run(settings).store.read_journal())) == 2


def test_ctrl_c_in_the_audit_refuses_nothing(
    settings: Settings, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a check, Great Expectations would take the interrupt for a check that could not run."""
    real = gx_audit.run
    heard = []

    def run(*arguments: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        verdict = real(*arguments)
        heard.append(verdict.level)
        return verdict

    monkeypatch.setattr(gx_audit, "run", run)
    with pytest.raises(KeyboardInterrupt):
        load(settings)
    assert heard == ["pass"]
    assert query(settings, "from ledger.load_attempt") == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    monkeypatch.setattr(gx_audit, "run", real)
    assert load(settings).rows_loaded == 1


def test_ctrl_c_in_the_parser_is_no_failure_of_the_parser(
    settings: Settings, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parse(*_: Any) -> None:
        raise RuntimeError("Query interrupted")  # as DuckDB tells it

    monkeypatch.setattr(feed, "parse", parse)
    with pytest.raises(RuntimeError, match="interrupted"):
        load(settings)
    assert query(settings, "from ledger.load_attempt") == []


def test_an_audit_outside_the_main_thread_runs_too(settings: Settings, feed: Feed) -> None:
    reports = []
    thread = threading.Thread(target=lambda: reports.append(load(settings)))
    thread.start()
    thread.join()
    assert reports[0].rows_loaded == 1


# Rebuild


def test_a_rebuild_from_nothing_is_refused(settings: Settings) -> None:
    with pytest.raises(FileNotFoundError, match="nothing to rebuild from"):
        steps.rebuild(steps.Run(settings))
    assert not settings.warehouse.exists()


@pytest.mark.parametrize("lost", ["journal", "entries", "payload"])
def test_a_rebuild_from_a_store_that_is_not_whole_keeps_the_warehouse(
    settings: Settings, feed: Feed, lost: str
) -> None:
    load(settings)
    store = steps.Run(settings).store
    if lost == "journal":
        store.journal.unlink()
    elif lost == "entries":
        store.journal.write_text("{torn\n")
    else:
        next(path for path in (store.root / "news").rglob("*") if path.is_file() and not path.suffix).unlink()
    with pytest.raises(FileNotFoundError, match="backup"):
        steps.rebuild(steps.Run(settings))
    assert len(query(settings, "from raw.news_item")) == 1


def test_a_damaged_warehouse_is_told_of_and_made_anew(settings: Settings, feed: Feed) -> None:
    load(settings)
    before = query(settings, "from raw.news_item")
    settings.warehouse.write_bytes(b"no database")
    with pytest.raises(WarehouseDamaged, match="sahel rebuild"):
        load(settings)
    steps.rebuild(steps.Run(settings))
    assert query(settings, "from raw.news_item") == before
    assert sorted(path.name for path in settings.home.glob("warehouse*")) == ["warehouse.duckdb"]


def test_a_rebuild_replays_clocks_ids_and_attempts(settings: Settings, feed: Feed) -> None:
    load(settings)
    feed.body = RSS.replace(b"One", b"Two")
    load(replace(settings, fixed_now=settings.now().replace(hour=18)))
    tables = ("raw.news_item", "ledger.load_attempt", "ledger.attempt_payload", "ledger.quality_result")
    before = {table: query(settings, f"from {table} order by all") for table in tables}
    assert len(before["raw.news_item"]) == 2
    for _ in range(2):
        assert len(steps.rebuild(steps.Run(settings))) == 2
        assert {table: query(settings, f"from {table} order by all") for table in tables} == before
    assert len(steps.Run(settings).store.journal.read_text().splitlines()) == 2


# dbt, and points of failure


def test_a_build_that_cannot_start_says_why_in_one_line(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def invoke(error: BaseException) -> Any:
        return lambda *_, **__: type("Answer", (), {"exception": error, "result": None})()

    def with_cause(outer: Exception, cause: BaseException) -> Exception:
        outer.__cause__ = cause
        return outer

    monkeypatch.setattr("dbt.cli.main.dbtRunner.invoke", invoke(ValueError("Parsing Error\n  in model x")))
    with pytest.raises(DbtFailed, match=r"^dbt could not run: Parsing Error in model x; try `sahel doctor`$"):
        run_dbt(settings, ["build"])
    monkeypatch.setattr("dbt.cli.main.dbtRunner.invoke", invoke(ValueError()))
    with pytest.raises(DbtFailed, match="ValueError"):
        run_dbt(settings, ["build"])
    monkeypatch.setattr(
        "dbt.cli.main.dbtRunner.invoke", invoke(with_cause(RuntimeError("wrapped"), KeyboardInterrupt()))
    )
    with pytest.raises(KeyboardInterrupt):
        run_dbt(settings, ["build"])


def test_a_failpoint_kills_at_the_pass_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    killed = []
    monkeypatch.setattr(failpoints.os, "kill", lambda _, number: killed.append(number))
    monkeypatch.setattr(failpoints, "_passes", type(failpoints._passes)())
    failpoints.failpoint("load.landed")
    monkeypatch.setenv("SAHEL_FAILPOINT", "load.landed:2")
    failpoints.failpoint("load.audited")
    failpoints.failpoint("load.landed")
    assert killed == []
    failpoints.failpoint("load.landed")
    assert killed == [signal.SIGKILL]


def test_every_failpoint_is_passed_somewhere() -> None:
    folder = Path(steps.__file__).parents[1]
    source = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    assert [point for point in failpoints.POINTS if f'failpoint("{point}")' not in source] == []


def test_the_client_is_closed_when_a_feed_fails(
    settings: Settings, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = []
    monkeypatch.setattr(HttpClient, "close", lambda self: closed.append(self))

    def fails() -> None:
        raise OSError(28, "No space left on device")

    feed.during = fails
    with pytest.raises(OSError, match="No space"):
        load(settings)
    assert len(closed) == 1
    entry = json.loads(query(settings, "from ledger.journal_outbox")[0]["entry"])
    assert entry["batch"]["stream"] == "made"
