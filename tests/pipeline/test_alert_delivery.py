"""Alerts of a home that was loaded, built and published, told to a webhook and into files.

Here: that what the models make and the publication holds can be told. Not here: what is told to whom, which is tried on
files made by hand (tests/unit/delivery).
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from expectations.report import MADE_BANNER
from orchestration import alert_page, delivery
from orchestration.settings import Settings
from tests.made import MadeHome
from tests.unit.delivery.conftest import HOOK, posts
from tests.unit.delivery.test_files import parsed
from tests.unit.delivery.test_webhook import texts
from tests.unit.feeds.fault_server import Answer, FaultServer


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        server.script(HOOK, Answer(b"ok"))
        yield server


@pytest.fixture(scope="module")
def told(made_home: MadeHome, server: FaultServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home of its own with the same published file: the made home is shared, and nobody changes it."""
    home = tmp_path_factory.mktemp("told") / "home"
    (home / "published").mkdir(parents=True)
    for name in ("sahel.duckdb", "manifest.json"):
        os.link(made_home.settings.published / name, home / "published" / name)
    settings = replace(
        made_home.settings, home=home, webhook_url=server.base + HOOK, alert_files=True, alert_level="low"
    )
    delivered = delivery.deliver(settings)
    assert delivered.posted.listed > 0, delivered.lines()
    return settings


def test_the_first_delivery_is_one_message_that_slack_would_take(told: Settings, server: FaultServer) -> None:
    (payload,) = posts(server)
    said = texts(payload)
    assert MADE_BANNER in said
    assert any(text.startswith("Source ucdp: UCDP") for text in said)
    page = alert_page.read(told, alert_page.question(told.now(), "low"))
    assert said[0] == f"Sahel Monitor: {len(page.alerts)} new alerts"
    # None of the sentences lacks a figure or a name.
    assert [text for text in said if "{" in text or "None" in text or "null" in text] == []


def test_the_feed_and_the_digest_hold_them(told: Settings) -> None:
    feed = parsed(told)
    assert 0 < len(feed.entries) <= 100
    assert feed.feed.title.startswith("Made data")
    assert (told.published / "alerts.md").read_text(encoding="utf-8").count("\n* **") >= len(feed.entries)


def test_a_rebuilt_file_with_the_same_alerts_tells_nothing(
    told: Settings, server: FaultServer, tmp_path: Path
) -> None:
    anew = tmp_path / "sahel.duckdb"
    shutil.copyfile(told.bi_file, anew)
    os.replace(anew, told.bi_file)
    assert delivery.deliver(told).lines()[0] == "webhook: nothing new"
    assert len(posts(server)) == 1
