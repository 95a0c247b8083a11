"""A published file with alerts made by hand, in the columns that the models declare, and a webhook on loopback."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from orchestration.settings import MADE_MARKER, Settings
from tests.conftest import NOW
from tests.unit.feeds.fault_server import Answer, FaultServer

ROOT = Path(__file__).resolve().parents[3]
HOOK = "/services/T0CANARY77/B0CANARY88/Canary-Key-5f2c9e1b7a"
SECRETS = (HOOK, "T0CANARY77", "B0CANARY88", "Canary-Key-5f2c9e1b7a")
"""What may stand nowhere: the webhook's path, and each part of it."""

Row = dict[str, Any]


@cache
def columns(model: str) -> dict[str, str]:
    """Type by column of a published model, as its YAML declares them."""
    for path in sorted((ROOT / "dbt_project" / "models").rglob("*.yml")):
        text = path.read_text(encoding="utf-8")
        if f"name: {model}\n" not in text:
            continue  # reading all of them takes seconds
        for one in yaml.load(text, yaml.CSafeLoader).get("models", []):
            if one["name"] == model and one.get("columns"):
                return {column["name"]: column["data_type"] for column in one["columns"]}
    raise LookupError(model)


def alert(number: int = 1, days_ago: float = 10, **changed: Any) -> Row:
    """An alert of Mopti, known so many days before now; ``number`` makes it another area."""
    known_at = (NOW - timedelta(days=days_ago)).replace(tzinfo=None)
    row: Row = {
        "alert_kind": "conflict",
        "rule": "admin1_conflict",
        "rule_version": 1,
        "level": "medium",
        "source": "ucdp",
        "area_kind": "admin1",
        "area_id": f"MLI-{number}",
        "area": f"Mopti {number} (Mali)",
        "country_iso3": "MLI",
        "alert_date": known_at.date() - timedelta(days=20),
        "metric": "fatalities_best",
        "value": 140.0,
        "baseline": 31.0,
        "known_at": known_at,
        "source_release": "26.0.5",
        "evidence_events": 12,
        "evidence": "ucdp:1, ucdp:2, ucdp:3, ucdp:4",
        "evidence_grade": "A",
        "provisional": True,
        "summary": f"Mopti {number} (Mali): 140 deaths in the 30 days to 2026-05-31, the most in three years (ucdp)",
        **changed,
    }
    ids = [row["rule"], row["source"], row["area_id"], row.get("actor_id"), row.get("other_actor_id")]
    return {"alert_id": "/".join([*filter(None, ids), str(row["alert_date"])]), **row}


SOURCES: list[Row] = [
    {"feed": "ucdp", "source_name": "UCDP GED", "licence": "CC BY 4.0", "attribution": "Sundberg & Melander.", "redistribution_allowed": True},
    {"feed": "acled", "source_name": "ACLED", "licence": "terms of use", "attribution": "ACLED, www.acleddata.com", "redistribution_allowed": False},
    {"feed": "gdelt", "source_name": "GDELT", "licence": "open", "attribution": "The GDELT Project.", "redistribution_allowed": True},
]  # fmt: skip

Publish = Callable[..., None]


@pytest.fixture
def publish(settings: Settings) -> Publish:
    """Put a version with these alerts in place, as `sahel publish` does: beside, and renamed."""

    def put(*alerts: Row, made: bool = False, loaded: tuple[str, ...] = ("ucdp", "acled")) -> None:
        settings.published.mkdir(parents=True, exist_ok=True)
        if made:
            (settings.home / MADE_MARKER).write_text("made\n")
        beside = settings.published / ".sahel.tmp"
        beside.unlink(missing_ok=True)
        with duckdb.connect(str(beside)) as connection:
            for schema, model, rows in (
                ("marts", "alert", alerts),
                ("core", "dim_source", SOURCES),
                ("core", "fct_event", []),
                ("audit", "load_history", [{"feed": feed, "rows_loaded": 1} for feed in loaded]),
            ):
                declared = columns(model)
                connection.execute(f"create schema if not exists {schema}")
                told = ", ".join(f'"{name}" {kind}' for name, kind in declared.items())
                connection.execute(f"create table {schema}.{model} ({told})")
                for row in rows:
                    names = ", ".join(f'"{name}"' for name in row)
                    marks = ", ".join("?" * len(row))
                    connection.execute(
                        f"insert into {schema}.{model} ({names}) values ({marks})", list(row.values())
                    )
        beside.rename(settings.bi_file)
        built_at = {"built_at": NOW.isoformat()}
        (settings.published / "manifest.json").write_text(json.dumps(built_at))

    return put


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        server.script(HOOK, Answer(b"ok"))
        yield server


@pytest.fixture
def with_webhook(settings: Settings, server: FaultServer) -> Settings:
    return replace(settings, webhook_url=server.base + HOOK)


def posts(server: FaultServer) -> list[dict[str, Any]]:
    """The messages that the webhook was sent."""
    return [json.loads(asked.body) for asked in server.asked if asked.path.partition("?")[0] == HOOK]


def at(settings: Settings, days: float) -> Settings:
    """The same home so many days later."""
    now: datetime = settings.now() + timedelta(days=days)
    return replace(settings, fixed_now=now)
