"""Each alert rule is one model, one row of the seed alert_rule, one description, and a version that moves with its SQL.

Here: what can be read from the files. Not here: what the rules find (dbt's unit tests of each model) and how often
(bench/alerts.py).
"""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from expectations.reference import read_seed

DBT_PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
INTERMEDIATE = DBT_PROJECT / "models" / "intermediate"
FRAME = {"int_alert__conflict", "int_alert__candidate", "int_alert__suppression", "int_alert__outcome"}
"""What brings the rules together, and is none."""
RULES = {row["rule"]: row for row in read_seed("alert_rule")}
PLACEHOLDERS = {
    *("area", "actor", "other_actor", "value", "baseline", "value_of_hours", "baseline_of_hours"),
    *("alert_date", "window_start", "level", "level_span", "source"),
}


def macros() -> dict[str, str]:
    """The text of each macro of the project by its name."""
    found = {}
    for path in sorted((DBT_PROJECT / "macros").glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        for match in re.finditer(r"\{%-? macro (\w+)\(.*?endmacro -?%\}", text, re.DOTALL):
            found[match[1]] = match[0]
    return found


def called(text: str, known: dict[str, str]) -> set[str]:
    """The names of the macros that a text calls, and of those that these call."""
    waiting, found = [text], set()
    while waiting:
        names = set(re.findall(r"\b(\w+)\(", waiting.pop())) & known.keys() - found
        found |= names
        waiting += [known[name] for name in names]
    return found


def digest(text: str, known: dict[str, str]) -> str:
    """Of a rule's model and of every macro it calls, comments left out: what the rule finds follows from these."""
    parts = [text, *(known[name] for name in sorted(called(text, known)))]
    plain = [re.sub(r"\{#.*?#\}|^\s*--.*?$", "", part, flags=re.DOTALL | re.MULTILINE) for part in parts]
    return hashlib.sha256("\n".join(" ".join(part.split()) for part in plain).encode()).hexdigest()


def model(rule: str) -> str:
    return (INTERMEDIATE / f"int_alert__{rule}.sql").read_text(encoding="utf-8")


def last_columns(sql: str, known: dict[str, str]) -> list[str]:
    """The columns of the last select of a model, macros' included: one column a line is our law."""
    text, own = sql, re.compile(r"^select$", re.MULTILINE)
    for name in called(sql, known):
        # The macro that ends the model's body, where the model has no select of its own.
        if own.search(known[name]) and not own.search(sql):
            text = known[name]
    listed = re.split(r"^\s*from\b", re.split(r"^select$", text, flags=re.MULTILINE)[-1], flags=re.MULTILINE)[
        0
    ]
    named = re.findall(r"(?:^\s+(?:\w+\.)?|\bas )(\w+),?$", listed, flags=re.MULTILINE)
    return [name for name in named if name != "case"]


def test_every_rule_has_a_model_and_every_model_a_rule() -> None:
    models = {path.stem for path in INTERMEDIATE.glob("int_alert__*")} - FRAME
    assert models == {f"int_alert__{rule}" for rule in RULES}
    for rule in RULES:
        assert "materialized='ephemeral'" in model(rule), rule


def test_every_rule_is_asked() -> None:
    listed = {
        kind: set(re.findall(r"'(\w+)': ref\('int_alert__\1'\)", (INTERMEDIATE / f"{frame}.sql").read_text()))
        for kind, frame in (("conflict", "int_alert__conflict"), ("data", "int_alert__candidate"))
    }
    for kind, names in listed.items():
        assert names == {rule for rule, row in RULES.items() if row["alert_kind"] == kind}, kind


def test_every_rule_is_described() -> None:
    described = {
        entry["name"]: entry.get("description", "").strip()
        for path in INTERMEDIATE.glob("*.yml")
        for entry in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
    }
    assert [rule for rule in RULES if not described.get(f"int_alert__{rule}")] == []
    assert [rule for rule, row in RULES.items() if not (row["description"] and row["sentence"])] == []


@pytest.mark.parametrize("rule", RULES)
def test_a_sentence_names_only_what_an_alert_has(rule: str) -> None:
    assert set(re.findall(r"\{(\w*)\}", RULES[rule]["sentence"])) <= PLACEHOLDERS


@pytest.mark.parametrize("rule", RULES)
def test_the_version_moves_with_the_sql(rule: str) -> None:
    now = digest(model(rule), macros())
    assert RULES[rule]["sql_sha256"] == now, (
        f"the SQL of {rule}, or of a macro that it calls, has changed. If it now finds other alerts, raise rule_version "
        f"(now {RULES[rule]['rule_version']}) in dbt_project/seeds/alert_rule.csv; set sql_sha256 there to {now}"
    )


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_answers_with_the_columns_of_an_alert(rule: str) -> None:
    expected = re.findall(r"^        '(\w+)',$", macros()["alert_columns"], flags=re.MULTILINE)
    assert len(expected) == 18
    assert last_columns(model(rule), macros()) == expected


def test_covers_name_rules_of_one_kind() -> None:
    for row in read_seed("alert_rule_cover"):
        assert {row["rule"], row["covered_by"]} <= RULES.keys()
        assert RULES[row["rule"]]["alert_kind"] == RULES[row["covered_by"]]["alert_kind"]


@pytest.mark.parametrize(
    "change",
    [
        lambda sql: sql.replace("floor = 100", "floor = 99"),
        lambda sql: sql.replace("deaths_at_their_highest(", "another_macro("),
    ],
)
def test_a_change_of_a_rule_changes_its_digest(change: Callable[[str], str]) -> None:
    assert digest(change(model("hdx_conflict")), macros()) != digest(model("hdx_conflict"), macros())


def test_a_change_of_a_macro_within_a_macro_changes_the_digest_and_a_comment_does_not() -> None:
    sql, known = model("hdx_conflict"), macros()
    assert "month_of" in called(sql, known)
    assert digest(sql, known | {"month_of": "{% macro month_of(day) %} 1 {% endmacro %}"}) != digest(
        sql, known
    )
    assert digest("-- Why.\n" + sql, known) == digest(sql, known)
