"""ENVIRONMENT.md and the code name the same variables, in the same files, with the same defaults.

Here: the page against the code. Not here: what a setting does or refuses (tests/unit/test_settings.py).
"""

import ast
import re
from collections import defaultdict
from pathlib import Path

from orchestration.settings import DEFAULT_FEEDS, DEFAULT_URLS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "ENVIRONMENT.md").read_text(encoding="utf-8")
NAME = re.compile(r"HTTPS_PROXY|(?:SAHEL|DAGSTER|DBT|GX|ACLED|RELIEFWEB|UCDP)_[A-Z][A-Z0-9_]*")
NOT_VARIABLES = {"UCDP_GED", "UCDP_ACTOR", "GDELT_EVENT", "GDELT_MENTION", "NEWS_ITEM"}


def names_in_python(text: str) -> set[str]:
    """Strings that are exactly a variable's name; a name within a message or a docstring is none."""
    strings = (
        node.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return {value for value in strings if NAME.fullmatch(value)} - NOT_VARIABLES


def names_in_dbt(text: str) -> set[str]:
    return set(re.findall(r"env_var\(\s*['\"](\w+)['\"]", text))


def names_in_yaml(text: str) -> set[str]:
    """Dagster's configuration names a variable as ``env: NAME``."""
    return set(re.findall(r"^\s*env:\s*(\w+)\s*$", text, re.MULTILINE))


def used() -> dict[str, set[str]]:
    """Files by variable, over the code that ships."""
    found: dict[str, set[str]] = defaultdict(set)
    readers = {".py": names_in_python, ".sql": names_in_dbt, ".yml": names_in_dbt, ".yaml": names_in_yaml}
    for folder in ("orchestration", "expectations", "dbt_project"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in readers and path.is_file() and "target" not in path.parts:
                for name in readers[path.suffix](path.read_text(encoding="utf-8")):
                    found[name].add(str(path.relative_to(ROOT)))
    return dict(found)


def documented() -> dict[str, set[str]]:
    """Files by variable, from the page's tables: the first cell is the variable, the last its files."""
    rows = {}
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) >= 3 and NAME.fullmatch(cells[0].strip("`")):
            rows[cells[0].strip("`")] = set(re.findall(r"`([\w/.]+\.\w+)`", cells[-1]))
    return rows


def test_every_variable_is_documented_and_none_is_invented() -> None:
    assert set(documented()) == set(used())


def test_the_page_says_where_each_variable_is_used() -> None:
    assert documented() == used()


def test_the_page_gives_the_defaults() -> None:
    for feed, url in DEFAULT_URLS.items():
        assert re.search(rf"^\| `SAHEL_{feed.upper()}_URL` \| `{re.escape(url)}` \|", PAGE, re.MULTILINE)
    assert f"| `SAHEL_FEEDS` | `{','.join(DEFAULT_FEEDS)}` |" in PAGE


def test_only_these_modules_touch_the_environment() -> None:
    """Settings are read in one place; the exceptions pass the environment on, or serve a fault's diagnosis."""
    found = set()
    for folder in ("orchestration", "expectations"):
        for path in (ROOT / folder).rglob("*.py"):
            if re.search(r"\bos\.(environ|getenv|putenv)\b", path.read_text(encoding="utf-8")):
                found.add(str(path.relative_to(ROOT)))
    assert found <= {
        "orchestration/settings.py",
        "orchestration/cli.py",  # SAHEL_TRACEBACK, and whether a home was named
        "orchestration/failpoints.py",
        "orchestration/transform.py",  # sets what dbt reads
        "orchestration/ui.py",  # sets what Dagster reads
        "expectations/audit.py",  # tells Great Expectations to report nothing
    }


def test_an_undocumented_variable_is_noticed() -> None:
    assert names_in_python('"""SAHEL_DOC says."""\nos.environ.get("SAHEL_NEW")\nf("no SAHEL_TEXT here")') == {
        "SAHEL_NEW"
    }
    assert names_in_dbt("path: \"{{ env_var('SAHEL_WAREHOUSE') }}\"") == {"SAHEL_WAREHOUSE"}
    assert names_in_yaml("base_dir:\n  env: DAGSTER_HOME\n") == {"DAGSTER_HOME"}
