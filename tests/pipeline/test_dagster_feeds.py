"""The optional feeds as Dagster runs them: from their made publishers to raw, what a refusal shows, and no secret.

How each publisher fails, and what becomes of its rows, is tests/unit/feeds. Here is what only shows in a run: what
is materialised, what is skipped, what a failure says, and what the instance keeps of it.
"""

import base64
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import dagster as dg
import duckdb
import pytest

from orchestration.defs import sensors
from orchestration.defs.feeds import INGESTIONS
from orchestration.defs.resources import SahelResource
from orchestration.feeds.acled import NO_ACCOUNT
from orchestration.made_world import WORLD_END, Publishers, World, serve
from orchestration.made_world.acled import Acled
from orchestration.made_world.acled_api import AcledApi, AcledRecords, Fault as AcledFault
from orchestration.made_world.insecurity_insight import TOPICS
from orchestration.settings import DEFAULT_FEEDS
from orchestration.ui import INSTANCE
from tests.pipeline.test_dagster import MadeSahel, checks, definitions_of, materialized
from tests.pipeline.test_dagster_killed import Ui, until
from tests.served import open_bi

OPTIONAL = {one.feed: one for one in INGESTIONS if one.feed not in DEFAULT_FEEDS}
SECRETS = {
    "ACLED_USERNAME": "canary.user+7@made.example",
    "ACLED_PASSWORD": "canary p/ss?&=wôrd",
    "RELIEFWEB_APPNAME": "canary-appname 7+/Q",
    "UCDP_TOKEN": "canary-token-7f3a",
}
"""Not to be found in anything that a run leaves behind, in whatever spelling."""
ACCOUNTS = {SECRETS["ACLED_USERNAME"]: SECRETS["ACLED_PASSWORD"]}


@dataclass
class Deployment:
    """A home with every optional feed enabled, its instance, its made publishers, and the jobs, run in this process."""

    sahel: MadeSahel
    publishers: Publishers
    instance: dg.DagsterInstance
    defs: dg.Definitions

    def load(self, feed: str) -> dg.ExecuteInProcessResult:
        """The feed's job without the models after it."""
        keys = [key for one in OPTIONAL[feed].tables for key in (one.landing, one.raw)]
        return self.run(OPTIONAL[feed].job, asset_selection=keys)

    def run(self, job: str, **chosen: Any) -> dg.ExecuteInProcessResult:
        return self.defs.resolve_job_def(job).execute_in_process(
            instance=self.instance, raise_on_error=False, **chosen
        )

    def ledger(self, sql: str) -> list[tuple]:
        with self.sahel.reading() as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def publishers() -> Publishers:
    """The made publishers, whose accounts and tokens are the canaries."""
    made = Publishers(World(scale=0.3, rows_per_slot=2), as_of=WORLD_END)
    made.apis["acled"].accounts = ACCOUNTS
    made.apis["reliefweb"].appnames = frozenset({SECRETS["RELIEFWEB_APPNAME"]})
    made.apis["ucdp_api"].token = SECRETS["UCDP_TOKEN"]
    return made


@pytest.fixture(scope="module")
def environment(publishers: Publishers) -> Iterator[dict[str, str]]:
    """What to set so that the optional feeds are enabled and ask the made publishers."""
    with serve(publishers) as served:
        yield {
            **served.environment(),
            **SECRETS,
            "SAHEL_FEEDS": ",".join(OPTIONAL),
            # UNHCR and IDMC are asked country by country.
            "SAHEL_COUNTRIES": "BFA,MLI,NER,NGA",
            "SAHEL_NOW": WORLD_END.isoformat(),
        }


@pytest.fixture(scope="module")
def deployment(
    publishers: Publishers, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """One home for the tests of this module."""
    sahel = MadeSahel(home=str(tmp_path_factory.mktemp("feeds") / "home"), environment=environment)
    with dg.DagsterInstance.ephemeral() as instance:
        yield Deployment(sahel, publishers, instance, definitions_of(sahel))


def failures(result: dg.ExecuteInProcessResult) -> str:
    """What the steps that failed say, as the UI heads them."""
    return "\n".join(
        event.step_failure_data.user_failure_data.description
        if event.step_failure_data.user_failure_data
        else event.step_failure_data.error_display_string
        for event in result.get_step_failure_events()
    )


@pytest.fixture(scope="module")
def first_loads(deployment: Deployment) -> dict[str, dg.ExecuteInProcessResult]:
    return {feed: deployment.load(feed) for feed in OPTIONAL}


@pytest.mark.parametrize("feed", OPTIONAL)
def test_a_feed_goes_from_its_publisher_to_raw(
    deployment: Deployment, first_loads: dict[str, dg.ExecuteInProcessResult], feed: str
) -> None:
    result = first_loads[feed]
    assert result.success, failures(result)
    found = checks(result)
    for one in OPTIONAL[feed].tables:
        assert {one.landing.to_user_string(), one.raw.to_user_string()} <= materialized(result)
        (event,) = result.asset_materializations_for_node(f"raw__{one.table}")
        assert event.partition is None
        ((rows, days),) = deployment.ledger(
            f"select count(*), count(distinct attempt_id) from raw.{one.table}"
        )
        assert event.metadata["dagster/row_count"].value == rows
        if one.table != "acled_deletion":
            assert rows > 0
            assert days > 0
            assert found[f"{one.landing.to_user_string()}:great_expectations_audit"].passed
    assert found[f"{OPTIONAL[feed].watched.raw.to_user_string()}:failed_windows"].passed


@pytest.mark.usefixtures("without_audit")
@pytest.mark.parametrize("feed", OPTIONAL)
def test_a_tick_with_nothing_new_loads_nothing(
    deployment: Deployment, first_loads: dict[str, dg.ExecuteInProcessResult], feed: str
) -> None:
    before = deployment.ledger("select max(attempt_id) from ledger.load_attempt")[0][0]
    again = deployment.load(feed)
    assert again.success, failures(again)
    ((loaded, attempts),) = deployment.ledger(
        # ACLED's deletions of the day before the first load are read by the second.
        "select sum(rows_loaded) filter (where stream <> 'deletions'), count(*) "
        f"from ledger.load_attempt where attempt_id > {before}"
    )
    assert loaded == 0
    assert attempts > 0


def test_every_stream_of_the_ledger_is_one_that_the_entries_name(
    deployment: Deployment, first_loads: dict[str, dg.ExecuteInProcessResult]
) -> None:
    streams = deployment.ledger(
        f"""select distinct a.feed, a.stream from ledger.load_attempt a
            left join {sensors._TABLE_OF} on t.feed = a.feed and (t.stream is null or t.stream = a.stream)
            where t.table_name is null"""
    )
    assert streams == []


# What the publishers refuse, one case for each


@dataclass(frozen=True)
class Fault:
    """What a made publisher does wrong, and what the run then says."""

    feed: str
    name: str
    told: str

    def set(self, api: Any) -> None:
        if self.feed == "acled":
            api.tier = self.name
        elif self.feed == "insecurity_insight":
            api.faults = dict.fromkeys(TOPICS, self.name)
        elif self.feed == "reliefweb":
            api.faults.extend([self.name] * len(OPTIONAL["reliefweb"].tables))
        else:
            api.fault = self.name

    def clear(self, api: Any) -> None:
        if self.feed == "acled":
            api.tier = "partner"
        elif self.feed in ("insecurity_insight", "reliefweb"):
            api.faults.clear()
        else:
            api.fault = None


FAULTS = (
    Fault("acled", "open", "this account has no right to the event API"),
    Fault("insecurity_insight", "html", "web page"),
    Fault("reliefweb", "forbidden", "approved appname"),
    Fault("worldbank", "error", "The provided parameter value is not valid"),
    Fault("unhcr", "no_items", "no list of items in the answer"),
    Fault("idmc", "error", "HDX refuses it: made: Access denied"),
    Fault("coups", "other_columns", "column"),
    Fault("peacekeeping", "message", "dataset is being refreshed"),
)


@pytest.mark.usefixtures("without_audit")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.feed}-{fault.name}")
def test_a_refusal_fails_the_run_at_once_in_the_feeds_own_words(
    deployment: Deployment, first_loads: dict[str, dg.ExecuteInProcessResult], fault: Fault
) -> None:
    api = deployment.publishers.apis[fault.feed]
    fault.set(api)
    try:
        result = deployment.load(fault.feed)
    finally:
        fault.clear(api)
    assert not result.success
    assert fault.told in failures(result)
    assert not [event for event in result.all_events if event.is_step_up_for_retry]
    assert OPTIONAL[fault.feed].watched.raw.to_user_string() not in materialized(result)
    again = deployment.load(fault.feed)
    assert again.success, failures(again)


def test_an_answer_that_the_audit_blocks_stops_before_raw(
    deployment: Deployment, first_loads: dict[str, dg.ExecuteInProcessResult]
) -> None:
    api = deployment.publishers.apis["insecurity_insight"]
    before = deployment.ledger("select count(*) from raw.insecurity_insight_incident")
    # A snapshot of a third would withdraw the rest.
    api.faults = dict.fromkeys(TOPICS, "third")
    try:
        result = deployment.load("insecurity_insight")
    finally:
        api.faults.clear()
    assert not result.success
    assert materialized(result) == {"landing/insecurity_insight_incident"}
    found = checks(result)["landing/insecurity_insight_incident:great_expectations_audit"]
    assert not found.passed
    assert found.severity is dg.AssetCheckSeverity.ERROR
    assert found.description == f"{len(TOPICS)} blocked"
    assert deployment.ledger("select count(*) from raw.insecurity_insight_incident") == before


@pytest.mark.usefixtures("without_audit")
def test_a_publisher_that_challenges_us_is_left_alone(
    publishers: Publishers, environment: dict[str, str], tmp_path: Path
) -> None:
    api = publishers.apis["reliefweb"]
    sahel = MadeSahel(home=str(tmp_path / "home"), environment=environment)
    with dg.DagsterInstance.ephemeral() as instance:
        apart = Deployment(sahel, publishers, instance, definitions_of(sahel))
        asked = len(api.asked)
        api.faults.append("challenge")
        first = apart.load("reliefweb")
        second = apart.load("reliefweb")
    for result in (first, second):
        assert not result.success
        assert not [event for event in result.all_events if event.is_step_up_for_retry]
    assert "challenge" in failures(first)
    assert len(api.asked) == asked + 1


# ACLED, whose two tables are one sync


@dataclass
class AcledHome:
    """A home of its own with a made ACLED that a test changes between loads."""

    deployment: Deployment
    api: AcledApi
    records: AcledRecords

    def load(self) -> dg.ExecuteInProcessResult:
        self.api.asked.clear()
        return self.deployment.load("acled")

    @property
    def asked(self) -> list[str]:
        """Endpoints in the order in which they were asked, logins left out."""
        return list(dict.fromkeys(endpoint for endpoint, _ in self.api.asked if endpoint != "token"))

    def current(self, event_id: str) -> tuple[int, bool]:
        """(fatalities, withdrawn) of the newest version."""
        (row,) = self.deployment.ledger(
            f"select fatalities, is_withdrawn from raw.acled_event where event_id_cnty = '{event_id}' "
            "order by attempt_id desc limit 1"
        )
        return row


@pytest.fixture(scope="module")
def acled(
    publishers: Publishers, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AcledHome]:
    rows = Acled(World(scale=0.1, rows_per_slot=2)).events(WORLD_END)
    records = AcledRecords([row for row in rows if row["country"] == "Mali"])
    api = AcledApi(records, accounts=ACCOUNTS)
    publishers.apis["acled_by_hand"] = api
    url = environment["SAHEL_ACLED_URL"] + "_by_hand"
    sahel = MadeSahel(
        home=str(tmp_path_factory.mktemp("acled") / "home"),
        environment=environment | {"SAHEL_ACLED_URL": url},
    )
    with dg.DagsterInstance.ephemeral() as instance:
        home = AcledHome(Deployment(sahel, publishers, instance, definitions_of(sahel)), api, records)
        first = home.load()
        assert first.success, failures(first)
        yield home


@pytest.mark.usefixtures("without_audit")
def test_deletions_are_in_raw_before_the_events_are_asked_for(acled: AcledHome) -> None:
    gone, anew, edited, *_ = sorted(acled.records.rows)
    stamp = max(int(row["timestamp"]) for row in acled.records.rows.values())
    was = acled.records.rows[anew]
    acled.records.delete(gone, stamp + 10)
    acled.records.delete(anew, stamp + 20)
    acled.records.put(was | {"timestamp": stamp + 30, "fatalities": 77})
    acled.records.put(acled.records.rows[edited] | {"timestamp": stamp + 40, "fatalities": 99})
    result = acled.load()
    assert result.success, failures(result)
    assert acled.asked == ["deletions", "events"]
    steps_done = [event.step_key for event in result.all_events if event.is_step_success]
    assert steps_done.index("raw__acled_deletion") < steps_done.index("landing__acled_event")
    assert acled.current(gone)[1]
    assert acled.current(anew) == (77, False)
    assert acled.current(edited) == (99, False)


@pytest.mark.usefixtures("without_audit")
def test_an_account_without_the_list_of_deletions_gets_its_events(acled: AcledHome) -> None:
    edited = sorted(acled.records.rows)[-1]
    stamp = max(int(row["timestamp"]) for row in acled.records.rows.values())
    acled.records.put(acled.records.rows[edited] | {"timestamp": stamp + 10, "fatalities": 55})
    acled.api.has_deletions = False
    try:
        result = acled.load()
    finally:
        acled.api.has_deletions = True
    assert result.success, failures(result)
    assert acled.current(edited) == (55, False)
    found = checks(result)["raw/acled_event:failed_windows"]
    assert not found.passed
    assert found.severity is dg.AssetCheckSeverity.WARN
    (record,) = found.metadata["windows"].records
    assert record.data["stream"] == "deletions"
    assert "deleted events" in record.data["error"]


@pytest.mark.usefixtures("without_audit")
def test_an_embargo_is_told_in_the_users_words(acled: AcledHome) -> None:
    acled.api.tier = "research"
    try:
        result = acled.load()
    finally:
        acled.api.tier = "partner"
    assert result.success, failures(result)
    told = [
        record.data["error"]
        for layer in ("landing", "raw")
        for event in result.asset_materializations_for_node(f"{layer}__acled_event")
        for value in event.metadata.values()
        if isinstance(value, dg.TableMetadataValue)
        for record in value.records
        if "error" in record.data
    ]
    assert any("nothing newer is visible, which is not peace" in error for error in told)


def test_without_an_account_the_run_says_what_to_set(acled: AcledHome) -> None:
    bare = {name: value for name, value in acled.deployment.sahel.environment.items() if name not in SECRETS}
    sahel = MadeSahel(home=acled.deployment.sahel.home, environment=bare)
    result = Deployment(
        sahel, acled.deployment.publishers, acled.deployment.instance, definitions_of(sahel)
    ).load("acled")
    assert not result.success
    assert failures(result) == NO_ACCOUNT
    assert not [event for event in result.all_events if event.is_step_up_for_retry]
    (failure,) = result.get_step_failure_events()
    assert failure.step_failure_data.error.cause is None


# What comes after raw, the command line's loads, and what is left behind


@pytest.mark.usefixtures("without_audit", "without_data_tests")
def test_a_feeds_job_goes_on_to_the_models_and_the_bi_file(
    deployment: Deployment, first_loads: dict[str, dg.ExecuteInProcessResult]
) -> None:
    result = deployment.run("ingest_acled")
    assert result.success, failures(result)
    assert {"raw/acled_event", "core/fct_event", "published/bi_file"} <= materialized(result)
    events = open_bi(deployment.sahel.settings).sql(
        "select count(*) from core.fct_event where feed = 'acled'"
    )
    assert events.fetchone()[0] > 0


@pytest.mark.usefixtures("without_audit", "without_data_tests")
def test_everything_loads_what_is_enabled_and_what_it_loaded_is_shown(
    deployment: Deployment,
    first_loads: dict[str, dg.ExecuteInProcessResult],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A feed without its account is told of, and the others are loaded, built, published and shown."""
    api = deployment.publishers.apis["coups"]
    whole = api.listed(WORLD_END)
    # Something new, or nothing would be published: a coup in scope that the list leaves out from now on.
    fewer = [coup for coup in whole.coups if coup.country != "Niger"]
    monkeypatch.setattr(api, "listed", lambda as_of: replace(whole, coups=tuple(fewer)))
    bare = {name: value for name, value in deployment.sahel.environment.items() if name not in SECRETS}
    bare["RELIEFWEB_APPNAME"] = SECRETS["RELIEFWEB_APPNAME"]
    sahel = MadeSahel(home=deployment.sahel.home, environment=bare)
    defs = definitions_of(sahel)
    with dg.DagsterInstance.ephemeral() as instance:
        result = Deployment(sahel, deployment.publishers, instance, defs).run("everything")
        assert not result.success
        assert failures(result) == f"{NO_ACCOUNT}; the rest was published"
        context = dg.build_sensor_context(instance=instance, repository_def=defs.get_repository_def())
        shown = sensors.shown_from_ledger(context, sahel=sahel)
        for event in shown.asset_events:
            instance.report_runless_asset_event(event)
    keys = {
        event.asset_key.to_user_string()
        for event in shown.asset_events
        if isinstance(event, dg.AssetMaterialization) and event.asset_key.path[0] in ("landing", "raw")
    }
    tables = [one.table for feed, each in OPTIONAL.items() if feed != "acled" for one in each.tables]
    assert keys == {f"{layer}/{table}" for layer in ("landing", "raw") for table in tables}
    assert sahel.settings.bi_file.is_file()


def _spellings(secret: str) -> set[bytes]:
    """A secret as it would stand in an address, a form, JSON, a repr, or base64 at any place of a longer text."""
    plain = {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
    }
    found = {text.encode() for text in plain}
    for before in range(3):
        # What is before decides how the bytes fall into groups; the groups at either end hold other bytes too.
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found.add(encode(b"x" * before + secret.encode())[4 if before else 0 : -4])
    return found


def _kept(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Everything below a folder by where it is: files, and what lies compressed in databases."""
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        name = str(path.relative_to(folder))
        yield name, path.read_bytes()
        if path.suffix == ".db":
            # Dagster keeps jobs and their resources' configuration as zlib.
            with closing(sqlite3.connect(path)) as connection:
                tables = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
                for (table,) in tables:
                    for row in connection.execute(f'select * from "{table}"'):
                        for value in row:
                            if isinstance(value, bytes) and value[:1] == b"x":
                                yield f"{name}:{table}", zlib.decompress(value)
        elif path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as connection:
                for schema, table in connection.execute(
                    "select schema_name, table_name from duckdb_tables()"
                ).fetchall():
                    rows = connection.execute(f'select * from {schema}."{table}"').fetchall()
                    yield f"{name}:{schema}.{table}", str(rows).encode()


def _holders(folder: Path, what: set[bytes]) -> list[str]:
    return sorted({name for name, content in _kept(folder) if any(text in content for text in what)})


@pytest.mark.usefixtures("without_audit")
def test_no_secret_is_in_what_dagster_and_the_home_keep(
    publishers: Publishers, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The instance as `sahel ui` sets it up, with runs that succeed, that are refused, and whose login fails."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    home = tmp_path / "home"
    (home / "dagster").mkdir(parents=True)
    shutil.copyfile(INSTANCE, home / "dagster" / "dagster.yaml")
    sahel = SahelResource(home=str(home))
    api = publishers.apis["acled"]
    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        apart = Deployment(sahel, publishers, instance, definitions_of(sahel))
        for feed in ("acled", "reliefweb"):
            result = apart.load(feed)
            assert result.success, failures(result)
        instance.add_dynamic_partitions("ucdp_release", ["26.0.2"])
        keys = [dg.AssetKey([layer, "ucdp_ged"]) for layer in ("landing", "raw")]
        result = apart.run("ingest_ucdp", partition_key="26.0.2", asset_selection=keys)
        assert result.success, failures(result)
        assert publishers.apis["ucdp_api"].asked
        publishers.apis["reliefweb"].faults.extend(["forbidden", "html"])
        assert not apart.load("reliefweb").success
        api.faults.append(AcledFault("token", "403", times=2))
        assert not apart.load("acled").success
        monkeypatch.setattr(api, "accounts", {})
        wrong = apart.load("acled")
        assert "user name or password not accepted" in failures(wrong)
        # Whatever a step prints is kept as well.
        assert apart.run("watch_feeds").success
    spelt = set().union(*map(_spellings, SECRETS.values()))
    assert _holders(home, spelt) == []
    # The search finds what is there.
    there = _holders(home, {b"landing__acled_event"})
    assert {"dagster/history/runs.db:snapshots"} <= set(there)
    assert "warehouse.duckdb:raw.acled_event" in _holders(home, {sahel.settings.countries[0].encode()})


SHOWN = """query($id: ID!) {
  runOrError(runId: $id) { ... on Run { status runConfigYaml tags { key value } } }
  logsForRun(runId: $id) { ... on EventConnection { events {
    ... on MessageEvent { message stepKey }
    ... on DisplayableEvent { label description metadataEntries { label description
        ... on TextMetadataEntry { text }
        ... on JsonMetadataEntry { jsonString }
        ... on MarkdownMetadataEntry { mdStr }
        ... on TableMetadataEntry { table { records } } } }
    ... on ErrorEvent { error { message stack cause { message stack } } } } } }
  repositoriesOrError { ... on RepositoryConnection { nodes {
    allTopLevelResourceDetails { name configuredValues { key value type } } } } }
  assetNodes { assetKey { path } description metadataEntries { label ... on TextMetadataEntry { text } } }
}"""


@pytest.mark.soak
def test_no_page_of_the_ui_tells_a_secret(
    publishers: Publishers, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the webserver, the daemon and the runs as processes, as `sahel ui` starts them."""
    home = tmp_path / "home"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code = "import sys; from orchestration.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "ui", "--home", str(home), "--port", str(port)],
        env={**os.environ, **environment},
    )
    spelt = set().union(*map(_spellings, SECRETS.values()))
    try:
        ui = Ui(port)
        until(lambda: ui.runs() is not None, 90, "the UI")
        runs = (
            (ACCOUNTS, "ingest_acled", "SUCCESS"),
            (ACCOUNTS, "ingest_reliefweb", "SUCCESS"),
            ({}, "ingest_acled", "FAILURE"),
        )
        for accounts, job, end in runs:
            monkeypatch.setattr(publishers.apis["acled"], "accounts", accounts)
            run = ui.launch(job)
            until(
                lambda run=run: ui.runs()[run]["status"] in ("SUCCESS", "FAILURE"), 240, f"the end of {job}"
            )
            shown = ui.ask(SHOWN, id=run)
            told = json.dumps(shown, ensure_ascii=False).encode()
            assert shown["runOrError"]["status"] == end, told
            assert job.removeprefix("ingest_").encode() in told
            assert [text for text in spelt if text in told or text in json.dumps(shown).encode()] == []
        assert "user name or password not accepted" in told.decode()
    finally:
        process.terminate()
        process.wait(timeout=40)
    assert _holders(home, spelt) == []
