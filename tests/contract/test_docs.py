"""What the documents say is there: links, commands, targets, snippets, the dictionary, modules' own words.

Here: the documents and the docstrings against the project. Not here: ENVIRONMENT.md (test_environment.py).
"""

import ast
import importlib.util
import json
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import duckdb
import pytest

from orchestration.cli import main as command_line

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BI_PAGE = ROOT / "docs" / "bi.md"
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def page_id(path: Path) -> str:
    return str(path.relative_to(ROOT))


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


# Links


def anchors(markdown: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#{1,6} +(.+?) *$", FENCE.sub("", markdown), re.MULTILINE)
    made = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
    return set(made)


def broken_links(path: Path, markdown: str) -> list[str]:
    """Relative links of a page that lead nowhere."""
    told = []
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", markdown)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        if not file.exists():
            told.append(target)
        elif anchor and file.suffix == ".md":
            wanted = markdown if file == path else text_of(file)
            if anchor not in anchors(wanted):
                told.append(target)
    return told


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_links_lead_somewhere(path: Path) -> None:
    assert broken_links(path, text_of(path)) == []


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_paths_told_in_code_are_there(path: Path) -> None:
    """`orchestration/cli.py` and the like; not patterns, and not what a run makes."""
    folders = r"\.ci|orchestration|expectations|dbt_project|queries|tests|bench|docs"
    told = re.findall(rf"`((?:{folders})/[\w./-]*)`", text_of(path))
    assert [name for name in told if not (ROOT / name).exists()] == []


def test_a_broken_link_is_noticed() -> None:
    text = "# Title\n\n[a](#title) [b](#other) [c](nowhere.md) [d](https://example.org/x)\n"
    assert broken_links(ROOT / "README.md", text) == ["#other", "nowhere.md"]


def test_the_index_names_every_page() -> None:
    linked = set(re.findall(r"\]\(([\w/.-]+\.md)", text_of(ROOT / "docs" / "index.md")))
    there = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")} - {"index.md"}
    assert there <= linked


# Commands and targets


def commands_told(markdown: str) -> Iterator[list[str]]:
    """Each `sahel ...` of a page's code, as its words."""
    code = [body for _, body in FENCE.findall(markdown)] + re.findall(r"`([^`\n]+)`", FENCE.sub("", markdown))
    for body in code:
        for line in body.splitlines():
            match = re.search(r"(?:^|[\s/])sahel ((?:[a-z-]+|-).*)$", line.split("  #")[0])
            if match:
                yield match[1].split()


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_commands_exist(path: Path) -> None:
    for words in commands_told(text_of(path)):
        if words[0].startswith("-"):
            continue
        assert words[0] in command_line.commands, f"sahel {' '.join(words)}"
        known = {name for option in command_line.commands[words[0]].params for name in option.opts}
        given = {word.split("=")[0].strip("[]") for word in words if word.strip("[").startswith("--")}
        assert given - {"--help"} <= known, f"sahel {' '.join(words)}"


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_make_targets_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    told = set(re.findall(r"(?:`|^)make (?:-C \S+ )?([a-z-]+)", text_of(path), re.MULTILINE))
    assert told <= targets


def test_the_readme_names_the_questions_that_there_are() -> None:
    there = {path.stem for path in (ROOT / "queries").glob("*.sql")}
    told = set(re.findall(r"^\| `(\w+)` \|", text_of(ROOT / "README.md"), re.MULTILINE))
    assert there
    assert told == there


# Snippets of docs/bi.md


@pytest.fixture(scope="session")
def dictionary() -> ModuleType:
    spec = importlib.util.spec_from_file_location("data_dictionary", ROOT / "docs" / "data_dictionary.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def published(dictionary: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a published file of the real tables and columns, a row of plausible values in each."""
    home = tmp_path_factory.mktemp("bi")
    folder = home / "published"
    folder.mkdir()
    with duckdb.connect(str(folder / "sahel.duckdb")) as connection:
        for schema in dictionary.SCHEMAS:
            connection.execute(f"create schema {schema}")
            for model in dictionary.models(schema):
                table = f"{schema}.{dictionary.published_name(model)}"
                columns = ", ".join(f'"{c["name"]}" {c["data_type"]}' for c in model["columns"])
                connection.execute(f"create table {table} ({columns})")
        connection.execute(
            """insert into marts.country_month by name
               select 'MLI' as country_iso3, date '2026-01-01' as month, 'ucdp' as source, 3 as events,
                      7 as fatalities_best, false as provisional"""
        )
        parquet = folder / "parquet" / "marts"
        parquet.mkdir(parents=True)
        connection.execute(
            f"copy marts.country_month to '{parquet / 'country_month.parquet'}' (format parquet)"
        )
    (folder / "manifest.json").write_text(json.dumps({"built_at": "2026-01-01T00:00:00+00:00"}))
    (folder / "sahel.duckdb").chmod(0o444)
    return home


def snippets(language: str) -> list[str]:
    return [body for name, body in FENCE.findall(text_of(BI_PAGE)) if name == language]


@pytest.mark.parametrize("number", range(len(snippets("python"))))
def test_python_snippets_run(number: int, published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each stands alone, as a reader would paste it, in the folder that holds data/."""
    (published / "data").mkdir(exist_ok=True)
    link = published / "data" / "published"
    if not link.exists():
        link.symlink_to(published / "published")
    monkeypatch.chdir(published)
    exec(compile(snippets("python")[number], f"docs/bi.md, snippet {number + 1}", "exec"), {})


@pytest.mark.parametrize("number", range(len(snippets("sql"))))
def test_sql_snippets_run(number: int, published: Path) -> None:
    with duckdb.connect(str(published / "published" / "sahel.duckdb"), read_only=True) as reader:
        for statement in filter(str.strip, snippets("sql")[number].split(";")):
            reader.execute(statement)


def test_there_are_snippets() -> None:
    assert len(snippets("python")) >= 3
    assert len(snippets("sql")) >= 1


# The dictionary, the changelog


def test_the_data_dictionary_is_current(dictionary: ModuleType) -> None:
    assert text_of(dictionary.PAGE) == dictionary.render(), "run `make docs`"


def test_every_published_table_and_column_is_described(dictionary: ModuleType) -> None:
    for schema in dictionary.SCHEMAS:
        declared = dictionary.models(schema)
        files = {path.stem for path in (ROOT / "dbt_project" / "models" / schema).rglob("*.sql")}
        assert {model["name"] for model in declared} == files
        for model in declared:
            assert len(model["description"]) > 20, model["name"]
            for column in model["columns"]:
                assert column.get("description"), f"{model['name']}.{column['name']}"
                assert column.get("data_type"), f"{model['name']}.{column['name']}"


def test_the_changelog_knows_the_version() -> None:
    version = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]["version"]
    assert f"## [{version}]" in text_of(ROOT / "CHANGELOG.md")


# Modules


def modules() -> list[Path]:
    folders = ("orchestration", "expectations", "bench", "tests", "docs")
    return sorted(
        path for folder in folders for path in (ROOT / folder).rglob("*.py") if text_of(path).strip()
    )


@pytest.mark.parametrize("path", modules(), ids=page_id)
def test_modules_open_by_saying_what_belongs_in_them(path: Path) -> None:
    told = ast.get_docstring(ast.parse(text_of(path)))
    assert told, "no docstring"
    assert len(told) > 30, told


# Nothing of one machine


def committed() -> list[Path]:
    """Text files that are or would be committed."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    paths = [ROOT / os.fsdecode(name) for name in listed.stdout.split(b"\0") if name]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:8192]]


def machine_words() -> re.Pattern[str]:
    """Paths of somebody's machine, and hosts of package indexes. Written so that this file holds none."""
    folders = ("work", "root", "home/[a-z]", "Users/[A-Za-z]", "opt/[a-z]")
    hosts = (r"pypi[.]", r"pythonhosted[.]")
    return re.compile("|".join([*(rf"(?<![\w./$}}])/{name}/" for name in folders), *hosts]))


def test_nothing_names_a_machine_or_an_index() -> None:
    words = machine_words()
    told = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in committed()
        if "fixtures" not in path.parts
        for number, line in enumerate(
            path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1
        )
        if words.search(line)
    ]
    assert told == []


def test_a_path_of_a_machine_is_noticed() -> None:
    words = machine_words()
    assert words.search("see /" + "root/x") and words.search("--index https://pypi" + ".example")
    assert not words.search("`/path/to/python3.11` and https://example.org/wo" + "rk/x")
