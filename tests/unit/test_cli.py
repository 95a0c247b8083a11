"""The command line: exit codes, one-line errors with the remedy, formats, Ctrl-C, and that no secret is told.

Commands run in this process, except where a process of its own is what is tried. Not here: what the steps do
(test_steps.py), and a whole run (tests/pipeline).
"""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import click
import duckdb
import pytest
from click.testing import CliRunner, Result

from orchestration import cli, doctor, steps
from orchestration.records import LoadRequest
from orchestration.settings import MADE_MARKER, Settings, SettingsError
from orchestration.transform import DbtFailed, NodeResult
from orchestration.warehouse import connection as opening
from orchestration.warehouse.publish import QUERIES, Published, PublishRefused
from orchestration.warehouse.status import NOTHING_YET
from tests.unit.feeds.fault_server import Answer, FaultServer
from tests.unit.feeds.ucdp_files import as_csv
from tests.unit.test_steps import outcome
from tests.unit.warehouse.test_connection import held_by_another

RSS = (
    b'<rss version="2.0"><channel><title>t</title><item><guid>1</guid><title>One</title>'
    b"<pubDate>Mon, 29 Jun 2026 08:00:00 GMT</pubDate></item></channel></rss>"
)
CANARY = "canary-5f2c"


def sahel(*arguments: str | Path, **environ: str) -> Result:
    return CliRunner().invoke(cli.main, [str(argument) for argument in arguments], env=environ)


def complaint(result: Result, code: int) -> str:
    """The one line that a command failed with."""
    assert result.exit_code == code, result.output
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("sahel: ")
    assert "Traceback" not in result.output
    return lines[0].removeprefix("sahel: ")


@pytest.fixture(autouse=True)
def at_home(home: Path, frozen_now: datetime) -> None:
    """Every command here works on an empty home at a fixed time."""


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.fixture
def outlet(server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """One outlet that works; the path it is at."""
    server.script("/rss", Answer(RSS))
    path = tmp_path / "feeds.yml"
    path.write_text(
        f"feeds:\n  - {{id: made, url: '{server.base}/rss', language: en, publisher: Made, reliability: high}}\n"
    )
    monkeypatch.setenv("SAHEL_NEWS_FEEDS", str(path))
    return "/rss"


@pytest.fixture
def bi_file(home: Path) -> Path:
    path = home / "published" / "sahel.duckdb"
    path.parent.mkdir(parents=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """create schema core; create schema marts;
               create table core.fct_event as select * from (values
                   (1, date '2024-05-01', 1.5, 'Tessalit, "north"', timestamp '2024-05-02 10:00'),
                   (2, null, null, '=HYPERLINK("x")', null)) v(id, day, score, place, seen_at)"""
        )
    return path


# Usage


@pytest.mark.parametrize("name", sorted(cli.main.commands))
def test_every_command_explains_itself_and_takes_a_home(name: str) -> None:
    result = sahel(name, "--help")
    assert result.exit_code == 0
    assert "--home" in result.output
    assert cli.main.commands[name].get_short_help_str()


def test_the_commands_are_those_of_the_design() -> None:
    assert set(cli.main.commands) == {
        "demo", "run", "rebuild", "load", "build", "publish", "status", "query", "diff", "alerts", "report", "actor", "incident", "doctor",
        "ui",
    }  # fmt: skip


def test_without_a_command_the_help_is_shown() -> None:
    result = sahel()
    assert result.exit_code == 2
    assert "Commands:" in result.output
    assert sahel("--help").exit_code == sahel("-h").exit_code == sahel("--version").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("frob", "No such command 'frob'; see `sahel --help`"),
        ("load", "Missing argument"),
        ("load acledd", "'acledd' is not one of 'ucdp', 'gdelt', 'news'"),
        ("run --feed acledd", "is not one of"),
        ("load gdelt --from 2024-13-01", "'2024-13-01' does not match the format"),
        ("load gdelt --from yesterday", "does not match the format"),
        ("load gdelt --from 2024-02-01 --to 2024-01-01", "--from is after --to"),
        ("load gdelt --to 2024-01-01", "--to without --from"),
        ("load gdelt --from 2014-01-01 --to 2014-02-01", "before GDELT 2.0 began"),
        ("load gdelt --release 24.1", "--release: not for gdelt, only for ucdp"),
        ("load news --from 2024-01-01", "--from and --to: not for news, only for"),
        ("load ucdp --from 2024-01-01", "--from and --to: not for ucdp, only for"),
        ("load ucdp --release nonsense!", "'nonsense!' is not a UCDP release; write for example 24.1"),
        ("load ucdp --release 24.1 --release", "requires an argument"),
        ("load ucdp --file /no/such/file.csv", "File '/no/such/file.csv' does not exist"),
        ("load ucdp --file /", "is a directory"),
        ("query", "Missing argument 'QUESTION'"),
        ("query which_actorz", "no question named 'which_actorz'; use SQL, or one of: "),
        ("query which_actors --format xml", "'xml' is not one of 'table', 'csv', 'json'"),
        ("status --jsn", "No such option '--jsn'"),
        ("ui --port web", "'web' is not a valid integer"),
    ],
)
def test_wrong_usage_is_one_line_with_the_help_named(arguments: str, told: str) -> None:
    line = complaint(sahel(*arguments.split()), 2)
    assert told in line
    assert re.search(r"see `sahel[a-z ]* --help`$", line)


def test_an_unknown_question_lists_the_known_ones() -> None:
    line = complaint(sahel("query", "which_actorz"), 2)
    assert [path.stem for path in QUERIES.glob("*.sql") if path.stem not in line] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SAHEL_FEEDS", "acledd"),
        ("SAHEL_COUNTRIES", "Mali"),
        ("SAHEL_UCDP_URL", "http://ucdp.uu.se"),
        ("SAHEL_GDELT_URL", "http://[::1"),
        ("SAHEL_NEWS_FEEDS", "/no/such/list.yml"),
        ("SAHEL_NOW", "noon"),
    ],
)
@pytest.mark.parametrize("command", ["status", "run", "doctor", "demo"])
def test_a_wrong_setting_names_its_variable(command: str, name: str, value: str) -> None:
    assert complaint(sahel(command, **{name: value}), 2).startswith(f"{name}: ")


# A home with nothing in it, or not what it should be


@pytest.mark.parametrize("command", ["build", "publish"])
def test_nothing_loaded_is_told_with_what_to_run(command: str, home: Path) -> None:
    assert "nothing is loaded" in (line := complaint(sahel(command), 1))
    assert "`sahel run`" in line
    assert not home.exists()


def test_nothing_to_rebuild_or_to_ask(home: Path) -> None:
    assert "nothing to rebuild from" in complaint(sahel("rebuild"), 1)
    assert "nothing is published" in (line := complaint(sahel("query", "which_actors"), 1))
    assert "`sahel run` or `sahel demo`" in line
    assert not home.exists()


def test_the_status_of_nothing_has_the_fields_of_something(home: Path) -> None:
    told = sahel("status")
    assert told.exit_code == 0
    assert "nothing loaded yet" in told.stdout
    assert json.loads(sahel("status", "--json").stdout) == NOTHING_YET
    assert not home.exists()


def test_publishing_before_building_says_so(outlet: str) -> None:
    assert sahel("load", "news").exit_code == 0
    assert "run `sahel build` first" in complaint(sahel("publish"), 1)


def test_a_home_that_is_a_file(tmp_path: Path, outlet: str) -> None:
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        line = complaint(sahel("load", "news", "--home", path), 1)
        assert str(tmp_path / "file") in line
        assert "is the home a folder" in line
    assert (tmp_path / "file").read_text() == "mine"


def test_a_warehouse_lost_or_damaged_is_told_with_the_remedy(home: Path, outlet: str) -> None:
    assert sahel("load", "news").exit_code == 0
    warehouse = home / "warehouse.duckdb"
    warehouse.unlink()
    for command in (["load", "news"], ["build"], ["publish"]):
        assert "run `sahel rebuild`" in complaint(sahel(*command), 1)
    warehouse.write_bytes(b"no database")
    for command in (["load", "news"], ["build"]):
        assert "`sahel rebuild` makes it anew" in complaint(sahel(*command), 1)


def test_a_busy_warehouse_names_who_holds_it_and_readers_do_not_mind(
    home: Path, outlet: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sahel("load", "news").exit_code == 0
    monkeypatch.setattr(opening, "LOCK_WAIT_SECONDS", 0.2)
    with held_by_another(home / "warehouse.duckdb") as other:
        for command in (["load", "news"], ["build"], ["rebuild"]):
            line = complaint(sahel(*command), 1)
            assert f"(PID {other.pid})" in line
            assert line.endswith("wait for it to end, or stop it")
        status = sahel("status")
        assert status.exit_code == 0
        assert "made" in status.stdout
        examined = {item.subject: item for item in doctor._warehouse(Settings.from_env(home))}
        assert examined["warehouse"].level == "note"
        assert "writing it now" in examined["warehouse"].finding


def test_a_mangled_file_is_refused_with_the_reason(tmp_path: Path, home: Path) -> None:
    text = as_csv().replace("2024-03-04 00:00:00.000", "04/03/2024").replace(",900001", ",9E+05")
    path = tmp_path / "mine.csv"
    path.write_text(text.replace('"', "").replace(",", ";"))
    result = sahel("load", "ucdp", "--file", path)
    assert result.exit_code == 1
    assert result.stdout == "ucdp: 0 new rows (1 refused)\n"
    assert len(result.stderr.strip().splitlines()) == 1
    assert "refused: " in result.stderr
    assert "mine.csv" in result.stderr
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as warehouse:
        assert warehouse.execute("select count(*) from raw.ucdp_ged").fetchone() == (0,)


def test_a_made_home_is_not_loaded_from_real_publishers(home: Path) -> None:
    home.mkdir()
    (home / MADE_MARKER).write_text("made\n")
    assert "holds made data" in complaint(sahel("load", "ucdp"), 2)
    assert "holds made data" in complaint(sahel("run"), 2)


def test_the_demo_does_not_overwrite_what_is_not_a_demo(home: Path) -> None:
    home.mkdir()
    (home / "warehouse.duckdb").write_bytes(b"mine")
    assert "holds data that no demo made" in complaint(sahel("demo"), 2)
    assert (home / "warehouse.duckdb").read_bytes() == b"mine"


# What the commands print of what they did


def test_a_load_says_what_it_did_and_the_second_says_nothing_new(outlet: str, server: FaultServer) -> None:
    first, second = sahel("load", "news"), sahel("load", "news")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout == "news: 1 new rows (1 ok)\n"
    assert second.stdout == "news: 0 new rows (1 unchanged)\n"
    assert first.stderr == second.stderr == ""


def test_what_a_publisher_does_not_have_is_a_warning(server: FaultServer) -> None:
    result = sahel("load", "ucdp", "--release", "24.1", SAHEL_UCDP_URL=server.base)
    assert result.exit_code == 0
    assert result.stdout == "ucdp: 0 new rows (1 missing)\n"
    assert re.fullmatch(r"  warning: ucdp ged 24\.1: missing: .* answered 404 .*\n", result.stderr)


def test_an_outage_is_a_failure(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.feeds.http.BACKOFF_BASE_S", 0.01)
    server.script("/downloads/ged/ged241-csv.zip", Answer(status=503))
    result = sahel("load", "ucdp", "--release", "24.1", SAHEL_UCDP_URL=server.base)
    assert result.exit_code == 1
    assert "(1 failed)" in result.stdout
    assert "503" in result.stderr


def test_many_problems_are_counted_not_listed(capsys: pytest.CaptureFixture[str]) -> None:
    cli._tell_load(steps.LoadReport("news", (outcome(*["failed"] * 12),)))
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == cli.MOST_WARNINGS + 1
    assert "7 more" in lines[-1]


def test_a_withdrawal_is_told_apart_from_new_rows(capsys: pytest.CaptureFixture[str]) -> None:
    done = outcome("ok")
    told = steps.LoadReport("ucdp", (type(done)("b", done.attempts, rows_loaded=1200, rows_withdrawn=54),))
    cli._tell_load(told)
    assert capsys.readouterr().out == "ucdp: 1,146 new rows, 54 withdrawn (1 ok)\n"


def test_status_tells_of_feeds_and_of_what_was_never_built(outlet: str) -> None:
    sahel("load", "news")
    told = sahel("status").stdout
    assert "2026-06-30 12:00" in told
    assert "28.0 h" in told
    assert "not built yet; run `sahel build`" in told
    known = json.loads(sahel("status", "--json").stdout)
    assert set(known) == set(NOTHING_YET)
    (feed,) = known["feeds"]
    assert {"feed", "stream", "last_success_at", "newest_record_at", "failing_since", "rows_loaded"} <= set(
        feed
    )


def test_a_reader_that_has_had_enough_is_no_failure() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        type(cli.out)(file=Gone()).print("of which `head` reads no more")


@dataclass
class Pipeline:
    """The steps as `run` calls them, without their work."""

    called: list[str]
    failing: dict[str, BaseException]
    loads: dict[str, tuple]
    nodes: tuple[NodeResult, ...] = ()

    def load(self, run: steps.Run, request: LoadRequest) -> steps.LoadReport:
        self._call(f"load {request.feed}")
        return steps.LoadReport(request.feed, self.loads.get(request.feed, (outcome("ok"),)))

    def build(self, run: steps.Run, *, everything: bool = False) -> steps.BuildReport:
        self._call("build all" if everything else "build")
        return steps.BuildReport(self.nodes)

    def publish(self, run: steps.Run, *, public: bool = False) -> Published:
        self._call("publish public" if public else "publish")
        return Published(Path("sahel.duckdb"), "v", {"core.fct_event": 1234}, 8)

    def _call(self, name: str) -> None:
        self.called.append(name)
        if name in self.failing:
            raise self.failing[name]


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    made = Pipeline([], {}, {})
    for name in ("load", "build", "publish"):
        monkeypatch.setattr(steps, name, getattr(made, name))
    monkeypatch.setattr(steps, "waits_for_publication", lambda connection, settings: True)
    return made


def node(
    name: str, status: str, failures: int | None = None, kind: str = "test", message: str | None = None
) -> NodeResult:
    return NodeResult(f"{kind}.{name}", name, kind, status, 0.1, message, failures)


def test_a_run_loads_builds_and_publishes(pipeline: Pipeline) -> None:
    result = sahel("run")
    assert result.exit_code == 0
    assert pipeline.called == ["load ucdp", "load gdelt", "load news", "build", "publish"]
    assert "published sahel.duckdb (1 tables, 1,234 rows, 8 queries checked)" in result.stdout
    pipeline.called.clear()
    assert sahel("run", "--feed", "news", "--feed", "ucdp").exit_code == 0
    assert pipeline.called == ["load news", "load ucdp", "build", "publish"]


def test_a_run_publishes_what_came_although_a_feed_is_down(pipeline: Pipeline) -> None:
    pipeline.loads["ucdp"] = (outcome("failed"),)
    assert sahel("run").exit_code == 1
    assert pipeline.called[-1] == "publish"


def test_a_list_of_outlets_that_cannot_be_read_stops_no_other_feed(pipeline: Pipeline) -> None:
    from orchestration.feeds.news import FeedListError

    pipeline.failing["load news"] = FeedListError("mine.yml: entry 3: no url; add it")
    result = sahel("run")
    assert complaint(result, 1) == "mine.yml: entry 3: no url; add it"
    assert pipeline.called[-2:] == ["build", "publish"]


def test_a_build_that_fails_names_the_model_and_publishes_nothing(pipeline: Pipeline) -> None:
    pipeline.nodes = (
        node("country_month", "error", kind="model", message="Runtime Error\n  column x"),
        node("totals_match", "fail", 3, message="Got 3 results, configured to fail if != 0"),
        node("estimates_are_ordered", "warn", 11, message="Got 11 results, configured to warn if != 0"),
    )
    result = sahel("run")
    assert result.exit_code == 1
    assert "publish" not in pipeline.called
    assert result.stderr.splitlines() == [
        "  warning: estimates_are_ordered: 11 rows",
        "  failed: country_month: Runtime Error column x",
        "  failed: totals_match: 3 rows",
    ]


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (
            DbtFailed("dbt could not run: x; try `sahel doctor`"),
            1,
            "dbt could not run: x; try `sahel doctor`",
        ),
        (PublishRefused("there are no marts; run `sahel build` first"), 1, "there are no marts"),
        (SettingsError("SAHEL_X: wrong; correct it"), 2, "SAHEL_X: wrong"),
        (
            OSError(28, "No space left on device", "/home/x"),
            1,
            "/home/x: No space left on device; is the home",
        ),
        (duckdb.IOException("IO Error: disk\nfull"), 1, "IO Error: disk full"),
        (KeyError("slot"), 1, "KeyError: 'slot'; set SAHEL_TRACEBACK=1 to see where, and please report it"),
        (KeyboardInterrupt(), 130, "interrupted; run the command again"),
        (RuntimeError("Query interrupted"), 130, "interrupted; run the command again"),
    ],
)
def test_each_error_is_one_line(pipeline: Pipeline, error: BaseException, code: int, told: str) -> None:
    for step in ("load ucdp", "publish"):
        pipeline.failing = {step: error}
        result = sahel("run")
        assert result.exit_code == code
        (line,) = result.stderr.strip().splitlines()
        assert line.startswith(f"sahel: {told}")


def test_the_place_of_an_error_is_shown_where_it_is_asked_for(pipeline: Pipeline) -> None:
    pipeline.failing["load ucdp"] = KeyError("slot")
    assert isinstance(sahel("run", SAHEL_TRACEBACK="1").exception, KeyError)


# Progress


def test_progress_is_sparse_where_nobody_watches(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with cli._progress("gdelt") as tell:
        for number in range(600):
            clock[0] = number / 20
            tell(number, 600, "slot")
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["gdelt: 200 of 600 slot", "gdelt: 400 of 600 slot"]


# Questions


def test_a_question_in_each_format(bi_file: Path) -> None:
    sql = "select * from core.fct_event order by id"
    table = sahel("query", sql).stdout
    assert "Tessalit" in table
    assert "2024-05-02 10:00" in table
    rows = list(csv.reader(io.StringIO(sahel("query", sql, "--format", "csv").stdout, newline="")))
    assert rows == [
        ["id", "day", "score", "place", "seen_at"],
        ["1", "2024-05-01", "1.5", 'Tessalit, "north"', "2024-05-02 10:00:00"],
        ["2", "", "", '\'=HYPERLINK("x")', ""],
    ]
    assert json.loads(sahel("query", sql, "--format", "json").stdout) == [
        {
            "id": 1,
            "day": "2024-05-01",
            "score": 1.5,
            "place": 'Tessalit, "north"',
            "seen_at": "2024-05-02T10:00:00",
        },
        {"id": 2, "day": None, "score": None, "place": '=HYPERLINK("x")', "seen_at": None},
    ]


def test_json_is_json_whatever_the_value() -> None:
    with duckdb.connect() as connection:
        row = connection.execute(
            """select 'nan'::double, '-inf'::double, 7::decimal(9, 2), 0.1::decimal(9, 2), [date '2024-01-01', null],
                      {'at': timestamp '2024-01-01 10:00', 'n': 'nan'::double}, time '10:00', interval 1 day,
                      'x'::blob, '2bd8bd6a-3d07-4d51-a0a8-8d9b2a4bbd22'::uuid, 9223372036854775807::hugeint * 4, true"""
        ).fetchone()
    text = json.dumps([cli._json_value(value) for value in row], allow_nan=False)
    assert json.loads(text) == [
        None,
        None,
        7,
        0.1,
        ["2024-01-01", None],
        {"at": "2024-01-01T10:00:00", "n": None},
        "10:00:00",
        str(timedelta(days=1)),
        str(b"x"),
        "2bd8bd6a-3d07-4d51-a0a8-8d9b2a4bbd22",
        4 * (2**63 - 1),
        True,
    ]


@pytest.mark.parametrize("style", ["table", "csv", "json"])
def test_columns_of_the_same_name_are_both_told(bi_file: Path, style: str) -> None:
    told = sahel("query", "select 11 as a, 22 as a", "--format", style).stdout
    assert "11" in told
    assert "22" in told
    assert "a_2" in told


@pytest.mark.parametrize("style", ["table", "csv", "json"])
def test_no_rows_is_an_answer(bi_file: Path, style: str) -> None:
    result = sahel("query", "select id from core.fct_event where false", "--format", style)
    assert result.exit_code == 0
    assert result.stdout.strip() == {"table": "answer: no rows", "csv": "id", "json": "[]"}[style]


def test_sql_over_several_lines_is_no_name(bi_file: Path) -> None:
    assert sahel("query", "select\n1\nas\tone").exit_code == 0


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("selec 1", 'Parser Error: syntax error at or near "selec"'),
        ("select nope from core.fct_event", 'Binder Error: Referenced column "nope" not found'),
        ("select * from core.no_such", "There are: core.fct_event"),
        ("select cast('x' as int)", "Conversion Error: Could not convert string 'x' to INT32"),
        ("drop table core.fct_event", "read-only"),
        ("select count(*) from range(10", "Parser Error"),
    ],
)
def test_an_error_in_sql_is_one_line_without_its_drawing(bi_file: Path, sql: str, told: str) -> None:
    line = complaint(sahel("query", sql), 1)
    assert told in line
    assert "LINE 1" not in line
    assert "^" not in line


def test_a_made_answer_says_so_where_people_read_it(bi_file: Path, home: Path) -> None:
    (home / MADE_MARKER).write_text("made\n")
    assert "Nothing here happened" in sahel("query", "select 1 as one").stdout
    assert sahel("query", "select 1 as one", "--format", "json").stdout == '[\n {\n  "one": 1\n }\n]\n'


# Doctor


def test_the_doctor_finds_what_is_wrong_and_says_it_for_machines_too(
    server: FaultServer, outlet: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.script("/gdeltv2/lastupdate.txt", Answer(b"1 2 3\n"))
    environ = {"SAHEL_UCDP_URL": server.base, "SAHEL_GDELT_URL": server.base}
    healthy = sahel("doctor", "--json", **environ)
    findings = json.loads(healthy.stdout)
    assert healthy.exit_code == 0, healthy.output
    assert {tuple(sorted(item)) for item in findings} == {("finding", "level", "subject")}
    assert {
        "home",
        "feeds",
        "clock",
        "python",
        "disk",
        "warehouse",
        "audit",
        "reach ucdp",
        "reach gdelt",
        "reach news",
    } <= {item["subject"] for item in findings}
    monkeypatch.setattr(doctor, "LOW_DISK_BYTES", 1 << 62)
    server.script("/gdeltv2/lastupdate.txt", Answer(status=503))
    ill = sahel("doctor", **environ)
    assert ill.exit_code == 1
    failing = [line for line in ill.stdout.splitlines() if line.startswith("FAIL")]
    assert [line.split(":")[0] for line in failing] == ["FAIL  disk", "FAIL  reach gdelt"]


def test_the_doctor_tells_of_a_warehouse_that_is_damaged(home: Path) -> None:
    home.mkdir()
    (home / "warehouse.duckdb").write_bytes(b"no database")
    (finding,) = doctor._warehouse(Settings.from_env(home))
    assert finding.level == "problem"
    assert "`sahel rebuild`" in finding.finding


# Secrets


def test_no_secret_is_printed_or_kept(
    home: Path, outlet: str, server: FaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    environ = {
        "SAHEL_UCDP_URL": server.base,
        "SAHEL_GDELT_URL": server.base,
        "UCDP_TOKEN": CANARY,
        "ACLED_USERNAME": f"{CANARY}@example.org",
        "ACLED_PASSWORD": CANARY,
        "RELIEFWEB_APPNAME": CANARY,
        "HTTPS_PROXY": f"http://me:{CANARY}@127.0.0.1:9",
        "SAHEL_WEBHOOK_URL": f"{server.base}/services/{CANARY}",
    }
    commands = (
        ["load", "news"],
        ["load", "ucdp", "--release", "24.1"],
        ["load", "gdelt"],
        ["status"],
        ["status", "--json"],
        ["doctor"],
        ["doctor", "--json"],
        ["publish"],
        ["alerts", "--trial"],
    )
    for command in commands:
        assert CANARY not in sahel(*command, **environ).output, command
    assert (
        CANARY not in sahel("load", "ucdp", **environ | {"SAHEL_UCDP_URL": f"https://me:{CANARY}@h"}).output
    )
    assert CANARY not in caplog.text
    files = [path for path in home.rglob("*") if path.is_file()]
    assert len(files) > 4
    assert [path for path in files if CANARY.encode() in path.read_bytes()] == []


# Processes of their own

PROGRAM = [sys.executable, "-c", "from orchestration.cli import main; main()"]


def start(*arguments: str, **environ: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PROGRAM, *arguments],
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )


def test_ctrl_c_in_a_load_stops_it_and_the_next_one_goes_on(
    home: Path, outlet: str, server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One outlet has answered, the other lets us wait: pressed then, what has come is committed."""
    feeds = Path(os.environ["SAHEL_NEWS_FEEDS"])
    server.script("/slow", Answer(RSS, hang_s=4), Answer(RSS))
    feeds.write_text(
        feeds.read_text()
        + feeds.read_text().partition("\n")[2].replace("made", "slow").replace("/rss", "/slow")
    )
    process = start("load", "news")
    until = time.monotonic() + 30
    while not (home / "quality" / "news_item" / "made.html").exists() or not server.count("/slow"):
        assert time.monotonic() < until, process.poll()
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert out == ""
    assert err.splitlines() == [
        "sahel: stopping; press Ctrl-C again to stop at once",
        "sahel: interrupted; run the command again, it goes on from what is stored",
    ]
    again = sahel("load", "news")
    assert again.exit_code == 0, again.output
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as warehouse:
        found = warehouse.execute("select feed_id, title from raw.news_item order by all").fetchall()
    assert found == [("made", "One"), ("slow", "One")]


def test_ctrl_c_pressed_twice_does_not_wait(home: Path, outlet: str, server: FaultServer) -> None:
    server.script("/rss", Answer(RSS, hang_s=60))
    process = start("load", "news")
    until = time.monotonic() + 30
    while not server.count("/rss"):
        assert time.monotonic() < until
        time.sleep(0.05)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert "press Ctrl-C again" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    # What a shell tells as 130, too.
    assert process.returncode in (130, -signal.SIGINT)
    assert time.monotonic() - began < 10
    server.script("/rss", Answer(RSS))
    assert sahel("load", "news").stdout == "news: 1 new rows (1 ok)\n"


def test_a_reader_that_has_had_enough_is_no_error(bi_file: Path) -> None:
    process = start("query", "select range as n from range(200000)", "--format", "csv")
    assert process.stdout.readline() == "n\n"
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=30) == 0


def test_the_command_is_quick_to_say_what_it_knows() -> None:
    """No dbt, Great Expectations or pandas is imported to answer a question of usage."""
    code = (
        "import sys; from orchestration.cli import main; "
        "print([name for name in ('dbt', 'great_expectations', 'pandas', 'dagster') if name in sys.modules])"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout == "[]\n"


def test_every_value_of_a_row_has_a_cell() -> None:
    assert cli._cell(None) == ""
    assert cli._cell(datetime(2024, 5, 2, 10)) == "2024-05-02 10:00"
    assert cli._cell(date(2024, 5, 2)) == "2024-05-02"
    assert isinstance(cli.main, click.Group)
    assert cli._lag(None, datetime(2024, 1, 1)) == "-"


def test_numbers_in_a_table_keep_their_digits(bi_file: Path) -> None:
    told = sahel(
        "query", "select 1234567.25::double as big, 0.0625::double as small, 'inf'::double as endless"
    ).stdout
    assert told.split()[-3:] == ["1234567", "0.0625", "inf"]
