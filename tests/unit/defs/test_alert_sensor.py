"""The sensor of new alerts, ticked: when it tells, when it skips, and what a failed tick shows.

Here: ticks over published files made by hand. Not here: what is told (tests/unit/delivery).
"""

from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
from dagster._utils.error import serializable_error_info_from_exc_info

from orchestration.defs import alerts
from orchestration.defs.resources import SahelResource
from orchestration.feeds import http
from orchestration.settings import Settings
from orchestration.warehouse import connection
from tests.unit.delivery.conftest import HOOK, SECRETS, Publish, alert, posts, publish, server
from tests.unit.feeds.fault_server import Answer, FaultServer

__all__ = ["publish", "server"]


def tick(cursor: str | None = None) -> dg.SensorResult | dg.SkipReason:
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance, cursor=cursor)
        return alerts.new_alerts(context, sahel=SahelResource())


@pytest.fixture
def hook(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(http, "BACKOFF_BASE_S", 0.0)
    monkeypatch.setenv("SAHEL_WEBHOOK_URL", server.base + HOOK)
    return server.base + HOOK


def test_where_nobody_is_to_be_told_it_does_nothing(settings: Settings, publish: Publish) -> None:
    publish(alert())
    assert "nobody is to be told; set SAHEL_WEBHOOK_URL" in tick().skip_message
    assert not settings.delivery.exists()


@pytest.mark.usefixtures("hook")
def test_an_empty_home_and_a_file_without_alerts_are_skipped(settings: Settings, publish: Publish) -> None:
    assert "nothing is published yet" in tick().skip_message
    settings.published.mkdir(parents=True)
    with connection.duckdb.connect(str(settings.bi_file)) as file:
        file.execute("create schema marts")
    assert "`sahel build` and `sahel publish` renew it" in tick().skip_message


@pytest.mark.usefixtures("hook")
def test_each_version_is_told_of_once_and_each_alert_too(
    settings: Settings, publish: Publish, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(alert(1))
    first = tick()
    assert first.skip_reason.skip_message == "webhook: 1 new alert posted"
    assert first.run_requests is None or first.run_requests == []
    assert "has been told of" in tick(first.cursor).skip_message
    publish(alert(1), alert(2))
    second = tick(first.cursor)
    assert second.skip_reason.skip_message == "webhook: 1 new alert posted"
    assert tick(None).skip_reason.skip_message == "webhook: nothing new", "the memory is not the cursor's"
    assert len(posts(server)) == 2
    assert not settings.warehouse.exists()
    # What is asked for later is not missed for the version's sake.
    monkeypatch.setenv("SAHEL_ALERT_FILES", "1")
    third = tick(second.cursor)
    assert "alerts.atom and alerts.md written" in third.skip_reason.skip_message
    assert SECRETS[-1] not in first.cursor + second.cursor + third.cursor


@pytest.mark.usefixtures("hook")
def test_a_failed_tick_shows_one_line_without_the_address_and_is_tried_again(
    publish: Publish, server: FaultServer
) -> None:
    server.script(HOOK, Answer(HOOK.encode(), status=500, headers={"X-Echo": HOOK}))
    publish(alert())
    with pytest.raises(alerts.DeliveryFailed, match=r"^the webhook at 127\.0\.0\.1 answered 500") as caught:
        tick()
    # As Dagster keeps it with the tick: the message, the frames, and whatever led to it.
    kept = serializable_error_info_from_exc_info((caught.type, caught.value, caught.tb)).to_string()
    assert "answered 500" in kept
    assert not any(secret in kept for secret in SECRETS)
    server.script(HOOK, Answer(b"ok"))
    assert tick().skip_reason.skip_message == "webhook: 1 new alert posted"


def test_no_part_of_the_address_is_in_the_definitions(hook: str, settings: Settings, tmp_path: Path) -> None:
    named = Settings.from_env(settings.home)
    assert named.webhook_url == hook
    for shown in (repr(named), repr(replace(named)), repr(SahelResource(home=str(tmp_path)))):
        assert not any(secret in shown for secret in SECRETS)


@pytest.mark.usefixtures("hook")
def test_a_tick_as_the_daemon_evaluates_it_keeps_its_cursor_and_asks_for_no_run(publish: Publish) -> None:
    publish(alert())
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance, resources={"sahel": SahelResource()})
        evaluated = alerts.new_alerts.evaluate_tick(context)
    assert evaluated.skip_message == "webhook: 1 new alert posted"
    assert evaluated.run_requests == []
    assert "has been told of" in tick(evaluated.cursor).skip_message
