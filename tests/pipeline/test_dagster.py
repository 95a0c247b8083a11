"""The pipeline as Dagster runs it, from made publishers on loopback to the BI file, and what a bad day does.

The steps themselves are tested elsewhere; here is what only shows in a run: what is materialised, what is
skipped, what a check says, what is tried again.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import dagster as dg
import duckdb
import pytest
from dagster._core.execution.plan import active

from expectations.audit import CheckResult, Verdict
from orchestration import steps
from orchestration.defs import sensors
from orchestration.defs.resources import SahelResource
from orchestration.made_world import WORLD_END, Publishers, World, serve
from orchestration.records import LoadRequest
from orchestration.settings import Settings
from orchestration.steps import batches, loading
from orchestration.transform import NodeResult
from tests.collector import keep_what_is_loaded

LAST = WORLD_END.date() - timedelta(days=1)
DAYS = [f"{LAST - timedelta(days=back)}" for back in (3, 2, 1)]


GDELT = ("landing/gdelt_event", "raw/gdelt_event", "landing/gdelt_mention", "raw/gdelt_mention")


class MadeSahel(SahelResource):
    """The resource with settings of its own instead of the process's environment."""

    environment: dict[str, str]

    @property
    def settings(self) -> Settings:
        return Settings.from_env(self.home, environ=self.environment)


@dataclass
class Deployment:
    """A home, its instance, its made publishers, and the jobs, run in this process."""

    sahel: MadeSahel
    publishers: Publishers
    instance: dg.DagsterInstance
    defs: dg.Definitions

    def run(self, job: str, partition: str | None = None) -> dg.ExecuteInProcessResult:
        return self.defs.resolve_job_def(job).execute_in_process(
            instance=self.instance, partition_key=partition, raise_on_error=False
        )

    def ingest(self, day: str) -> dg.ExecuteInProcessResult:
        """The assets of a GDELT day without what comes after them, as a backfill from the UI selects them."""
        keys = [dg.AssetKey(name.split("/")) for name in GDELT]
        job = self.defs.resolve_implicit_global_asset_job_def()
        return job.execute_in_process(
            instance=self.instance, partition_key=day, asset_selection=keys, raise_on_error=False
        )

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.sahel.settings.bi_file), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def ledger(self, sql: str) -> list[tuple]:
        with self.sahel.reading() as connection:
            return connection.execute(sql).fetchall()


def definitions_of(sahel: MadeSahel) -> dg.Definitions:
    # Not on top of the file: loading them has dbt read the project, in each process that only collects tests.
    from orchestration.definitions import build_definitions

    made = build_definitions({"sahel": sahel})
    keep_what_is_loaded()
    return made


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """One home for the tests of this module: each loads parts of its own."""
    publishers = Publishers(World(scale=0.1, rows_per_slot=2), as_of=WORLD_END)
    with serve(publishers) as served, dg.DagsterInstance.ephemeral() as instance:
        sahel = MadeSahel(
            home=str(tmp_path_factory.mktemp("dagster") / "home"),
            environment={
                "SAHEL_UCDP_URL": served.ucdp_url,
                "SAHEL_GDELT_URL": served.gdelt_url,
                "SAHEL_NEWS_FEEDS": str(served.news_feeds_path),
                "SAHEL_NOW": WORLD_END.isoformat(),
            },
        )
        instance.add_dynamic_partitions("ucdp_release", ["26.1", "26.0.12", "no-such-release"])
        yield Deployment(sahel, publishers, instance, definitions_of(sahel))


@pytest.fixture(scope="module")
def first_release(deployment: Deployment) -> dg.ExecuteInProcessResult:
    return deployment.run("ingest_ucdp", "26.1")


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster's pauses between the tries of a step take no time."""

    class Clock:
        ahead = 0.0

        def time(self) -> float:
            return time.time() + self.ahead

        def sleep(self, seconds: float) -> None:
            self.ahead += seconds

    monkeypatch.setattr(active, "time", Clock())


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make the audit of a stream find a blocking failure. What a real one finds is tests/unit/expectations."""

    def planted(*streams: str) -> None:
        real = batches.audit

        def audit(run, connection, item) -> Verdict:
            verdict = real(run, connection, item)
            if item.batch.stream not in streams:
                return verdict
            found = CheckResult("planted", "block", False, True, "1 of 1 rows", "planted", ({"row": "1"},))
            return Verdict(verdict.table, (found, *verdict.results))

        for module in (batches, loading):
            monkeypatch.setattr(module, "audit", audit)

    return planted


def materialized(result: dg.ExecuteInProcessResult) -> set[str]:
    return {
        event.materialization.asset_key.to_user_string()
        for event in result.get_asset_materialization_events()
    }


def checks(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {
        f"{found.asset_key.to_user_string()}:{found.check_name}": found
        for found in result.get_asset_check_evaluations()
    }


def test_a_release_goes_from_the_publisher_to_the_bi_file(
    deployment: Deployment, first_release: dg.ExecuteInProcessResult
) -> None:
    assert first_release.success
    (event,) = first_release.asset_materializations_for_node("raw__ucdp_ged")
    (rows,) = deployment.query("select count(*) from core.fct_event where feed = 'ucdp'")[0]
    assert event.metadata["dagster/row_count"].value == rows > 100
    assert event.partition == "26.1"
    found = checks(first_release)
    assert found["landing/ucdp_ged:great_expectations_audit"].partition == "26.1"
    assert found["published/bi_file:readable"].passed
    assert {"marts/country_month", "audit/load_history", "published/bi_file"} <= materialized(first_release)


def test_marts_show_their_rows_and_a_plot(first_release: dg.ExecuteInProcessResult) -> None:
    (mart,) = [
        event.materialization
        for event in first_release.get_asset_materialization_events()
        if event.materialization.asset_key.path == ["marts", "country_month"]
    ]
    assert mart.metadata["dagster/row_count"].value > 0
    assert "data:image/svg+xml" in mart.metadata["history"].value


def test_a_release_that_does_not_exist_is_no_failure_and_no_partition(deployment: Deployment) -> None:
    result = deployment.run("ingest_ucdp", "26.0.12")
    assert result.success
    assert materialized(result) == set()
    assert deployment.ledger("select status from ledger.load_attempt where partition_key = '26.0.12'") == [
        ("missing",)
    ]


def test_a_wrong_request_is_not_tried_again(deployment: Deployment) -> None:
    result = deployment.run("ingest_ucdp", "no-such-release")
    assert not result.success
    (failure,) = result.get_step_failure_events()
    assert "is not a UCDP release" in failure.step_failure_data.user_failure_data.description
    assert not [event for event in result.all_events if event.is_step_up_for_retry]


@pytest.mark.usefixtures("without_data_tests")
def test_news_of_which_one_outlet_is_gone_loads_the_others(
    deployment: Deployment, first_release: dg.ExecuteInProcessResult
) -> None:
    result = deployment.run("ingest_news")
    assert result.success
    assert {"raw/news_item", "core/fct_article", "published/bi_file"} <= materialized(result)
    failed = checks(result)["raw/news_item:failed_windows"]
    assert not failed.passed
    assert failed.severity is dg.AssetCheckSeverity.WARN


@pytest.mark.usefixtures("without_data_tests")
def test_a_backfill_of_days_with_a_bad_one_loads_the_others(
    deployment: Deployment,
    first_release: dg.ExecuteInProcessResult,
    plant: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, bad, last = DAYS
    assert deployment.ingest(first).success
    plant("export", "translation.export")
    blocked = deployment.ingest(bad)
    assert not blocked.success
    assert materialized(blocked) == {"landing/gdelt_event"}
    found = checks(blocked)["landing/gdelt_event:great_expectations_audit"]
    assert not found.passed
    assert found.severity is dg.AssetCheckSeverity.ERROR
    assert found.metadata[f"failing rows of planted, {bad}/export"].value == [{"row": "1"}]
    assert deployment.ledger(
        f"select distinct status from ledger.load_attempt where feed = 'gdelt' and partition_key = '{bad}'"
    ) == [("refused",)]
    monkeypatch.undo()
    assert deployment.ingest(last).success
    loaded = deployment.ledger("select distinct slot_at::date from raw.gdelt_event order by 1")
    assert loaded == [(date.fromisoformat(first),), (date.fromisoformat(last),)]
    # What was refused is a gap, so that the day is asked for again, and now it passes.
    assert deployment.ingest(bad).success
    healed = deployment.ledger("select distinct slot_at::date from raw.gdelt_event order by 1")
    assert healed == [(date.fromisoformat(day),) for day in DAYS]


@pytest.mark.usefixtures("without_data_tests")
def test_one_blocked_stream_of_two_is_a_warning_and_holds_up_nothing(
    deployment: Deployment, first_release: dg.ExecuteInProcessResult, plant: Callable[..., None]
) -> None:
    plant("translation.export")
    result = deployment.ingest(f"{LAST}")
    found = checks(result)["landing/gdelt_event:great_expectations_audit"]
    assert result.success
    assert not found.passed
    assert found.severity is dg.AssetCheckSeverity.WARN
    streams = deployment.ledger(
        f"select distinct is_translated from raw.gdelt_event where slot_at::date = date '{LAST}'"
    )
    assert streams == [(False,)]


@pytest.mark.usefixtures("without_data_tests")
def test_a_tick_with_nothing_new_builds_and_publishes_nothing(
    deployment: Deployment, first_release: dg.ExecuteInProcessResult
) -> None:
    deployment.run("ingest_gdelt", DAYS[0])
    tick = deployment.run("ingest_gdelt", DAYS[0])
    assert tick.success
    assert {key.split("/")[0] for key in materialized(tick)} == {"landing", "raw"}


@pytest.mark.usefixtures("without_data_tests")
def test_a_publication_that_was_interrupted_is_made_good_without_new_data(
    deployment: Deployment, first_release: dg.ExecuteInProcessResult
) -> None:
    deployment.run("build_and_publish")
    deployment.sahel.settings.bi_file.unlink()
    tick = deployment.run("build_and_publish")
    assert tick.success
    assert "published/bi_file" in materialized(tick)
    assert deployment.sahel.settings.bi_file.is_file()


def test_an_outage_is_tried_again_and_then_told(deployment: Deployment, no_waiting: None) -> None:
    deployment.publishers.down.add("ucdp")
    try:
        result = deployment.run("ingest_ucdp", "26.1")
    finally:
        deployment.publishers.down.clear()
    assert not result.success
    assert len([event for event in result.all_events if event.is_step_up_for_retry]) == 3
    (failure,) = result.get_step_failure_events()
    assert "503" in str(failure.step_failure_data.error_display_string)


def test_every_dbt_status_is_told_as_it_is(
    deployment: Deployment, first_release: dg.ExecuteInProcessResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    def node(unique_id: str, status: str, message: str | None = None) -> NodeResult:
        return NodeResult(
            unique_id, unique_id.split(".")[2], unique_id.split(".")[0], status, 0.1, message, 2
        )

    graph = deployment.defs.resolve_asset_graph()
    tests = {
        key: graph.get(key).metadata["dagster_dbt/unique_id"]
        for name in ("fct_event", "country_month")
        for key in graph.asset_check_keys
        if key.asset_key.path[-1] == name
    }
    fct, mart = (
        [key for key in tests if key.asset_key.path[-1] == name] for name in ("fct_event", "country_month")
    )
    nodes = (
        node("model.sahel_monitor.fct_event", "success"),
        node("model.sahel_monitor.country_month", "error", "Binder Error: planted"),
        node("model.sahel_monitor.admin1_month", "skipped"),
        node(tests[fct[0]], "pass"),
        node(tests[fct[1]], "fail", "Got 2 results"),
        node(tests[fct[2]], "warn"),
        node(tests[fct[3]], "error", "Catalog Error: planted"),
        node(tests[mart[0]], "skipped"),
    )
    monkeypatch.setattr(steps, "build", lambda *_, **__: steps.BuildReport(nodes))
    result = deployment.run("build_and_publish")
    assert not result.success
    made = materialized(result)
    assert "core/fct_event" in made
    assert not made & {"marts/country_month", "marts/admin1_month", "published/bi_file"}
    found = {evaluation.check_name: evaluation for evaluation in result.get_asset_check_evaluations()}
    assert [found[key.name].passed for key in fct[:4]] == [True, False, False, False]
    assert found[fct[1].name].severity is dg.AssetCheckSeverity.ERROR
    assert found[fct[2].name].severity is dg.AssetCheckSeverity.WARN
    assert found[fct[1].name].metadata["failing rows"].value == 2
    assert mart[0].name not in {
        one.check_name for one in result.get_asset_check_evaluations() if one.asset_key == mart[0].asset_key
    }
    assert "country_month: Binder Error: planted" in str(result.get_step_failure_events()[0].message) + str(
        result.get_step_failure_events()[0].step_failure_data.user_failure_data.description
    )


# Sensors


def test_a_new_release_becomes_a_partition_and_a_run_once(deployment: Deployment) -> None:
    def tick(cursor: str | None) -> dg.SensorResult | dg.SkipReason:
        context = dg.build_sensor_context(instance=deployment.instance, cursor=cursor)
        return sensors.new_ucdp_release(context, sahel=deployment.sahel)

    found = tick(None)
    asked = {request.partition_key: request.job_name for request in found.run_requests}
    assert asked["26.1"] == "ingest_ucdp"
    assert [job for key, job in asked.items() if key.startswith("actor-")] == ["ingest_ucdp_actors"]
    added = {key for request in found.dynamic_partitions_requests for key in request.partition_keys}
    assert added == set(asked)
    assert isinstance(tick(found.cursor), dg.SkipReason)
    deployment.publishers.down.add("ucdp")
    try:
        assert "503" in tick(None).skip_message
    finally:
        deployment.publishers.down.clear()


def test_a_failed_run_leaves_a_line(deployment: Deployment) -> None:
    result = deployment.run("ingest_ucdp", "no-such-release")
    context = dg.build_run_status_sensor_context(
        sensor_name="failed_run",
        dagster_event=result.get_run_failure_event(),
        dagster_instance=deployment.instance,
        dagster_run=result.dagster_run,
    ).for_run_failure()
    sensors.failed_run(context, sahel=deployment.sahel)
    lines = (
        (deployment.sahel.settings.quality / sensors.FAILURES_LOG).read_text(encoding="utf-8").splitlines()
    )
    line = json.loads(lines[-1])
    assert line["job"] == "ingest_ucdp"
    assert line["partition"] == "no-such-release"
    assert "is not a UCDP release" in line["why"]


@pytest.mark.usefixtures("without_data_tests")
def test_what_the_command_line_did_is_shown_once_and_nothing_of_dagsters_own(
    deployment: Deployment, first_release: dg.ExecuteInProcessResult
) -> None:
    def tick(cursor: str | None) -> dg.SensorResult | dg.SkipReason:
        context = dg.build_sensor_context(
            instance=instance, cursor=cursor, repository_def=deployment.defs.get_repository_def()
        )
        found = sensors.shown_from_ledger(context, sahel=deployment.sahel)
        for event in getattr(found, "asset_events", []):
            instance.report_runless_asset_event(event)
        return found

    with dg.DagsterInstance.ephemeral() as instance:
        before = tick(None)
        own = {
            event.asset_key.path[0]
            for event in before.asset_events
            if isinstance(event, dg.AssetMaterialization)
        }
        assert "raw" not in own
        drawn = {event.asset_key for event in before.asset_events if "history" in (event.metadata or {})}
        assert dg.AssetKey(["marts", "country_month"]) in drawn
        run = steps.Run(deployment.sahel.settings)
        day = LAST - timedelta(days=6)
        for streams in (("export",), ("translation.export",)):
            steps.load(run, LoadRequest("gdelt", date_from=day, date_to=day, streams=streams))
            steps.build(run)
            steps.publish(run)
            before = tick(before.cursor)
            assert dg.AssetKey(["raw", "gdelt_event"]) in {event.asset_key for event in before.asset_events}
            partitions = {
                event.partition for event in before.asset_events if event.asset_key.path[0] == "raw"
            }
            assert partitions == {f"{day}"}
            assert [event for event in before.asset_events if isinstance(event, dg.AssetCheckEvaluation)]
        assert isinstance(tick(before.cursor), dg.SkipReason)


# The real outage


def test_the_real_gdelt_outage_of_june_2025_fails_the_lag_check(shared_data: Path, tmp_path: Path) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=str(shared_data / "mirror" / "gdelt"))
    SimpleHTTPRequestHandler.log_message = lambda *_: None
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        sahel = MadeSahel(
            home=str(tmp_path),
            environment={
                "SAHEL_GDELT_URL": f"http://127.0.0.1:{server.server_port}",
                "SAHEL_NOW": datetime(2025, 6, 30, tzinfo=UTC).isoformat(),
            },
        )
        request = LoadRequest(
            "gdelt", date_from=date(2025, 4, 1), date_to=date(2025, 6, 29), streams=("export",)
        )
        assert not steps.load(steps.Run(sahel.settings), request).failed
    finally:
        server.shutdown()
        server.server_close()
    key = dg.AssetCheckKey(dg.AssetKey(["raw", "gdelt_event"]), "event_lag")
    (check,) = [one for one in definitions_of(sahel).asset_checks if key in one.check_keys]
    found = check(sahel=sahel)
    assert not found.passed
    assert found.metadata["first missing day"].value == "2025-06-15"
