"""`sahel demo` in small: what a stranger sees, and that all of it says that it is made.

Here: the demo's own output and home. Not here: what is loaded, built and answered, which other tests see to.
"""

import re
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from expectations.report import MADE_BANNER
from orchestration import demo
from orchestration.cli import main as command_line
from orchestration.made_world import WORLD_END, World
from orchestration.settings import MADE_MARKER
from tests.served import rows_of


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The home, and what was printed, of a world with a tenth of the incidents and six hours of GDELT a visit."""
    home = tmp_path_factory.mktemp("demo")
    visits = tuple(demo.Visit(at=at, gdelt_days=0.25) for at in (WORLD_END - timedelta(days=92), WORLD_END))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "World", partial(World, scale=0.15, rows_per_slot=2))
        patch.setattr(demo, "VISITS", visits)
        result = CliRunner().invoke(command_line, ["demo", "--home", str(home)])
    assert result.exit_code == 0, result.output
    return home, result.stdout


def test_every_feed_of_the_demo_is_loaded_at_both_visits(shown: tuple[Path, str]) -> None:
    home, text = shown
    lines = re.findall(r"^(\d{4}-\d\d-\d\d)  (\w+): [\d,]+ new rows", text, re.MULTILINE)
    days = [f"{visit:%Y-%m-%d}" for visit in (WORLD_END - timedelta(days=92), WORLD_END)]
    assert lines == [(day, feed) for day in days for feed in demo.FEEDS]
    held = rows_of(
        home / "warehouse.duckdb", "select distinct feed from ledger.load_attempt where rows_loaded > 0"
    )
    assert {feed for (feed,) in held} == set(demo.FEEDS)


def test_every_answer_is_there_labelled_and_with_rows(shown: tuple[Path, str]) -> None:
    _, text = shown
    for question in demo.QUESTIONS:
        told = text.partition(question)[2]
        assert told, question
        assert told.lstrip("\n").startswith(MADE_BANNER)
        assert "no rows" not in told.split("?")[0]
    changed = text.partition("What changed between the two visits?")[2]
    assert changed.splitlines()[1] == MADE_BANNER
    assert re.search(r"^ucdp: [\d,]+ events? came", changed, re.MULTILINE)
    assert re.search(r"^acled: [\d,]+ events? came", changed, re.MULTILINE)


def test_two_sources_stand_side_by_side_and_are_not_added_up(shown: tuple[Path, str]) -> None:
    home, _ = shown
    bi = home / "published" / "sahel.duckdb"
    sql = next(sql for question, sql in demo.QUESTIONS.items() if "side by side" in question)
    rows = rows_of(bi, sql)
    assert len(rows) == 6
    assert any(ucdp is not None and acled is not None for _, ucdp, acled, *_ in rows)
    # UCDP tells of the last month a month later than ACLED: no row is not a zero.
    assert [row[1] for row in rows].index(None) == 0
    for name, sql in demo.QUESTIONS.items():
        # Forecasts are of UCDP's deaths alone.
        if "marts." in sql and "side by side" not in name and "marts.forecast" not in sql:
            assert "source = 'ucdp'" in sql or "select source" in sql, name


def test_acled_is_named_and_its_rows_stay_here(shown: tuple[Path, str]) -> None:
    home, text = shown
    assert "acleddata.com, accessed 2026-07-01" in text
    assert "publish --public" in text
    refused = CliRunner().invoke(command_line, ["publish", "--public", "--home", str(home)])
    assert refused.exit_code == 1
    assert "holds rows of acled" in refused.stderr


def test_the_commands_that_it_names_work(shown: tuple[Path, str]) -> None:
    home, text = shown
    named = re.findall(
        rf"sahel (query|report|alerts|diff|actor|incident) --home {re.escape(str(home))}([^\n(]*)", text
    )
    assert {command for command, _ in named} == {"query", "report", "alerts", "diff", "actor", "incident"}
    for command, arguments in named:
        now = {"SAHEL_NOW": WORLD_END.isoformat()}
        told = CliRunner().invoke(command_line, [command, "--home", str(home), *arguments.split()], env=now)
        assert told.exit_code == 0, told.output


def test_a_home_of_anything_else_is_left_alone(shown: tuple[Path, str], tmp_path: Path) -> None:
    home, _ = shown
    assert (home / MADE_MARKER).is_file()
    (tmp_path / "mine.txt").write_text("mine")
    refused = CliRunner().invoke(command_line, ["demo", "--home", str(tmp_path)])
    assert refused.exit_code == 2
    assert "holds data that no demo made" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
