"""Imports and models point downwards, and the lint that says so notices when they do not.

Here: the contracts of pyproject.toml, run on the code and on copies that break them; the layers of the dbt
project. Not here: what a layer computes.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "dbt_project" / "models"
LINT = Path(sys.executable).with_name("lint-imports")

MAY_READ = {
    "staging": {"source:raw", "source:ledger", "source:reference", "seed"},
    # An incremental model asks raw itself which days have new rows.
    "intermediate": {"staging", "intermediate", "core", "source:raw", "source:ledger", "seed"},
    "core": {"staging", "intermediate", "core", "source:ledger", "seed"},
    "marts": {"intermediate", "core", "marts", "seed"},
    "audit": {"staging", "intermediate", "core", "marts", "audit", "source:ledger", "seed"},
}
"""Layers by layer. Nobody reads landing; marts read neither a feed's own tables nor the ledger."""


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT, "--no-cache"], cwd=folder, capture_output=True, text=True, env={"PYTHONPATH": str(folder)}
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages and their contracts, to be broken."""
    for package in ("orchestration", "expectations"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_imports_point_downwards() -> None:
    answer = lint(ROOT)
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("orchestration/feeds/registry.py", "import dagster", "Only the definitions know Dagster"),
        (
            "orchestration/feeds/registry.py",
            "import orchestration.warehouse.ledger",
            "Feeds know no warehouse",
        ),
        ("expectations/reference.py", "import orchestration.settings", "Imports point downwards"),
        ("orchestration/made_world/world.py", "import orchestration.settings", "The made world stands alone"),
        ("orchestration/steps.py", "import tests.conftest", "Nothing imports the tests"),
    ],
)
def test_a_forbidden_import_is_noticed(copy: Path, module: str, line: str, contract: str) -> None:
    with (copy / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    answer = lint(copy)
    assert answer.returncode == 1
    assert re.search(rf"{contract}.* BROKEN", answer.stdout), answer.stdout


def layers() -> dict[str, str]:
    """Layer by model or seed."""
    found = {path.stem: "seed" for path in (ROOT / "dbt_project" / "seeds").glob("*.csv")}
    found |= {path.stem: path.relative_to(MODELS).parts[0] for path in model_files()}
    return found


def model_files() -> list[Path]:
    return sorted(path for path in MODELS.rglob("*.*") if path.suffix in (".sql", ".py"))


def reads(sql: str, layer_of: dict[str, str]) -> set[str]:
    """The layers and sources that a model's SQL names. A ref that is no model or seed is kept as it is."""
    refs = re.findall(r"ref\(\s*['\"](\w+)['\"]", sql)
    sources = re.findall(r"source\(\s*['\"](\w+)['\"]", sql)
    return {layer_of.get(name, name) for name in refs} | {f"source:{name}" for name in sources}


@pytest.mark.parametrize("path", model_files(), ids=lambda path: path.stem)
def test_models_read_only_what_their_layer_may(path: Path) -> None:
    layer = path.relative_to(MODELS).parts[0]
    assert reads(path.read_text(encoding="utf-8"), layers()) <= MAY_READ[layer]


def test_a_mart_that_reads_staging_is_noticed() -> None:
    layer_of = {"stg_ucdp__event": "staging", "fct_event": "core"}
    sql = "select * from {{ ref('stg_ucdp__event') }} join {{ source('landing', 'pending') }}"
    assert reads(sql, layer_of) == {"staging", "source:landing"}
    assert not reads(sql, layer_of) & MAY_READ["marts"]


def test_marts_are_published_and_nothing_below_core_is() -> None:
    from orchestration.warehouse.publish import SCHEMAS

    assert set(SCHEMAS) == {"core", "marts", "audit"}
