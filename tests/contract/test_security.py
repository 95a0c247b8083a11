"""Controls of docs/security.md that belong to no single feed: readers, exports, licences, addresses, the UI.

Each is attacked. Not here: the HTTP client, zips and feed text, which are attacked beside their own tests.
"""

import csv
import io
import re
import subprocess
from pathlib import Path
from unittest.mock import Mock

import duckdb
import pytest
from click.testing import CliRunner

from orchestration import ui
from orchestration.cli import main as command_line
from orchestration.settings import Settings, SettingsError
from orchestration.warehouse import publish
from orchestration.warehouse.connection import open_published

ROOT = Path(__file__).resolve().parents[2]
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", '=HYPERLINK("https://example.org")']


@pytest.fixture
def bi_file(settings: Settings) -> Path:
    """A published file with one small table, in a home."""
    settings.published.mkdir(parents=True)
    with duckdb.connect(str(settings.bi_file)) as connection:
        connection.execute("create schema core; create table core.secret_free as select 1 as one")
    settings.bi_file.chmod(0o444)
    return settings.bi_file


@pytest.mark.parametrize(
    "attack",
    [
        "select * from read_text('{outside}')",
        "select * from read_csv('{outside}')",
        "select * from glob('{folder}/*')",
        "copy (select 1) to '{folder}/stolen.csv'",
        "copy core.secret_free to '{folder}/stolen.parquet' (format parquet)",
        "attach '{folder}/other.duckdb'",
        "export database '{folder}/stolen'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "create table core.mine as select 1",
        "delete from core.secret_free",
    ],
)
def test_sql_on_the_published_file_reaches_nothing_else(bi_file: Path, tmp_path: Path, attack: str) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("a\n1\n")
    before = set(tmp_path.iterdir())
    with open_published(bi_file) as reader, pytest.raises(duckdb.Error):
        reader.execute(attack.format(outside=outside, folder=tmp_path)).fetchall()
    assert set(tmp_path.iterdir()) == before


def test_the_command_line_reads_under_the_same_lock(
    bi_file: Path, settings: Settings, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("word\nfound\n")
    answer = CliRunner().invoke(
        command_line, ["query", "--home", str(settings.home), f"select * from read_csv('{outside}')"]
    )
    assert answer.exit_code == 1
    assert "found" not in answer.output


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_of_a_csv_is_a_formula(bi_file: Path, settings: Settings, formula: str) -> None:
    text = formula.replace("'", "''")
    answer = CliRunner().invoke(
        command_line, ["query", "--home", str(settings.home), f"select '{text}' as cell", "--format", "csv"]
    )
    assert answer.exit_code == 0
    rows = list(csv.reader(io.StringIO(answer.stdout, newline="")))
    assert rows == [["cell"], [f"'{formula}"]]


@pytest.mark.parametrize("text", ["\r=1+1", "word\r=1+1", "word\n=1+1", "word\r\n=1+1"])
def test_a_line_break_in_a_text_starts_no_row(bi_file: Path, settings: Settings, text: str) -> None:
    """A bare carriage return, too, is a new row to a spreadsheet unless the cell is quoted."""
    answer = CliRunner().invoke(
        command_line, ["query", "--home", str(settings.home), f"select '{text}' as cell", "--format", "csv"]
    )
    rows = list(csv.reader(io.StringIO(answer.stdout, newline="")))
    assert len(rows) == 2
    assert rows[1][0].lstrip("'").split() == text.split()


def test_a_number_below_zero_stays_a_number(bi_file: Path, settings: Settings) -> None:
    answer = CliRunner().invoke(
        command_line, ["query", "--home", str(settings.home), "select -1 as cell", "--format", "csv"]
    )
    assert answer.stdout.splitlines() == ["cell", "-1"]


def test_a_public_publication_is_refused_with_a_restricted_feed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    restricted = [{"feed": "ucdp", "redistribution_allowed": "false"}]
    monkeypatch.setattr(publish, "read_seed", lambda name: restricted)
    with duckdb.connect() as connection, pytest.raises(publish.PublishRefused, match=r"ucdp.*SAHEL_FEEDS"):
        publish.publish(connection, settings, {"nodes": {}}, public=True)
    assert not settings.bi_file.exists()


def test_what_the_reference_data_call_restricted_is_restricted() -> None:
    allowed = {row["feed"]: row["redistribution_allowed"] for row in publish.read_seed("source")}
    assert allowed["acled"] == "false"
    assert {allowed[feed] for feed in ("ucdp", "gdelt")} == {"true"}


def test_nothing_below_core_is_published() -> None:
    with duckdb.connect() as connection:
        for schema in ("landing", "raw", "ledger", "staging", "intermediate", "reference", "core"):
            connection.execute(f"create schema {schema}; create table {schema}.rows as select 1 as one")
        connection.execute("create table core.rows__dbt_tmp as select 1 as one")
        assert publish._public_tables(connection) == [("core", "rows")]


@pytest.mark.parametrize(
    "url", ["http://ucdp.example", "http://127.0.0.1.example", "ftp://ucdp.uu.se", "ucdp.uu.se"]
)
def test_a_base_address_without_https_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match=r"SAHEL_UCDP_URL.*https"):
        Settings.from_env(tmp_path, environ={"SAHEL_UCDP_URL": url})


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:80", "https://ucdp.example"]
)
def test_https_and_this_machine_are_accepted(tmp_path: Path, url: str) -> None:
    assert Settings.from_env(tmp_path, environ={"SAHEL_UCDP_URL": url}).ucdp_url == url


def test_the_ui_listens_on_this_machine_only(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing is started: a process that is not there must not be ended either.
    dagster = Mock(side_effect=OSError("not started"))
    monkeypatch.setattr(subprocess, "Popen", dagster)
    monkeypatch.setattr(ui, "prepare", lambda settings: {})
    settings.dagster_home.mkdir(parents=True)
    with pytest.raises(OSError, match="not started"):
        ui.serve(settings, 3456)
    command = dagster.call_args.args[0]
    # Whatever the option is called, the one address that is named is this machine's.
    assert [word for word in command if re.fullmatch(r"[\d.]+\.\d+|::|localhost|\*", word)] == ["127.0.0.1"]


def test_every_tool_is_told_to_report_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ui, "run_dbt", lambda *args, **kwargs: [])
    environment = ui.prepare(settings)
    assert environment["DAGSTER_DISABLE_TELEMETRY"] == "yes"
    configured = (settings.dagster_home / "dagster.yaml").read_text(encoding="utf-8")
    assert re.search(r"^telemetry:\n  enabled: false$", configured, re.MULTILINE)
    project = (ROOT / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8")
    assert "send_anonymous_usage_stats: false" in project


def test_yaml_is_read_safely_and_nothing_is_unpickled() -> None:
    for folder in ("orchestration", "expectations"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            assert not re.search(
                r"\byaml\.(load|unsafe_load|full_load)\(|\bpickle\b|\bmarshal\b|\bshelve\b", text
            ), path


def test_the_lock_names_a_hash_for_every_package() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    packages = re.split(r"\n(?=[a-z0-9])", text)
    assert len(packages) > 100
    assert [one.splitlines()[0] for one in packages if "--hash=sha256:" not in one] == []
    assert "--index-url" not in text and "--find-links" not in text
