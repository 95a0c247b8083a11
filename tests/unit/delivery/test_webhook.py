"""Alerts to a webhook: which are posted, once each, in what form, and what a failure says and leaves.

Here: deliveries to a loopback server that answers well and badly. Not here: the files (test_files.py), the command and the
sensor (test_alerts_command.py, tests/unit/defs/test_alert_sensor.py).
"""

import json
import logging
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from expectations.report import MADE_BANNER
from orchestration import delivery
from orchestration.delivery import memory, webhook
from orchestration.feeds import http
from orchestration.settings import Settings
from tests.unit.delivery.conftest import HOOK, SECRETS, Publish, alert, at, posts
from tests.unit.feeds.fault_server import Answer, FaultServer

HOSTILE = "<!channel> @all & <https://evil.example|click>\x1b[31m\n# *JNIM*"


def deliver(settings: Settings) -> delivery.Delivered:
    return delivery.deliver(settings, sleep=lambda seconds: None)


def texts(payload: dict[str, Any]) -> list[str]:
    """What stands in the blocks, checked against what Slack takes."""
    assert set(payload) == {"text", "blocks"}
    assert 0 < len(payload["text"]) < 4_000
    assert 0 < len(payload["blocks"]) <= 50
    assert len(json.dumps(payload["blocks"])) < 13_000
    found = []
    for block in payload["blocks"]:
        if block["type"] == "header":
            assert block["text"]["type"] == "plain_text"
            assert 0 < len(block["text"]["text"]) <= 150
            found.append(block["text"]["text"])
            continue
        assert block["type"] in ("section", "context")
        for element in [block["text"]] if block["type"] == "section" else block["elements"]:
            assert element["type"] == "mrkdwn"
            assert 0 < len(element["text"]) <= 3_000
            found.append(element["text"])
    return found


# What is posted


def test_a_new_alert_is_posted_once_with_its_evidence_and_its_source(
    with_webhook: Settings, publish: Publish, server: FaultServer
) -> None:
    publish(alert())
    assert deliver(with_webhook).lines() == ["webhook: 1 new alert posted"]
    assert deliver(with_webhook).lines() == ["webhook: nothing new"]
    (payload,) = posts(server)
    heading, told, source = texts(payload)
    assert heading == "Sahel Monitor: 1 new alert"
    assert told.splitlines() == [
        "*MEDIUM*  Mopti 1 (Mali): 140 deaths in the 30 days to 2026-05-31, the most in three years (ucdp)",
        "events of 2026-05-31; known since 2026-06-20; rule admin1_conflict v1; ucdp 26.0.5; provisional, the period is "
        "not final; evidence grade A",
        "evidence: ucdp:1, ucdp:2, ucdp:3 and 9 more",
    ]
    assert source == "Source ucdp: UCDP GED, CC BY 4.0. Sundberg &amp; Melander."
    for said in ("1 new alert", "MEDIUM Mopti 1 (Mali): 140 deaths", "CC BY 4.0"):
        assert said in payload["text"]
    assert MADE_BANNER not in json.dumps(payload)


def test_what_is_old_low_or_suppressed_is_not_posted(
    with_webhook: Settings, publish: Publish, server: FaultServer
) -> None:
    rows = [
        alert(1, days_ago=89.9),
        alert(2, days_ago=90.1),
        alert(3, level="low"),
        alert(4, suppressed_by="another", suppression="covered"),
        alert(5, days_ago=-1),
        alert(6, alert_date=date(2024, 12, 26)),
        alert(7, alert_date=date(2024, 12, 27)),
    ]
    publish(*rows)
    deliver(with_webhook)
    (payload,) = posts(server)
    assert {number for number in range(1, 8) if f"Mopti {number} " in payload["text"]} == {1, 7}
    assert deliver(replace(with_webhook, alert_level="low")).posted.listed == 1
    assert deliver(replace(with_webhook, alert_level="high")).posted is None


@pytest.mark.parametrize("level", ["low", "medium", "high"])
def test_the_level_that_is_set_is_the_lowest_told(
    with_webhook: Settings, publish: Publish, level: str
) -> None:
    publish(*(alert(number, level=one) for number, one in enumerate(("low", "medium", "high"))))
    posted = deliver(replace(with_webhook, alert_level=level)).posted
    assert posted.listed == {"low": 3, "medium": 2, "high": 1}[level]


def test_a_home_with_a_history_is_told_in_one_message_the_gravest_first(
    with_webhook: Settings, publish: Publish, server: FaultServer
) -> None:
    rows = [
        alert(number, days_ago=number / 2, level="high" if number > 40 else "medium")
        for number in range(1, 46)
    ]
    publish(*rows)
    assert deliver(with_webhook).lines() == ["webhook: 20 new alerts posted, and 25 counted"]
    (payload,) = posts(server)
    told = texts(payload)
    assert told[0] == "Sahel Monitor: 45 new alerts"
    listed = [text for text in told if text.startswith(("*HIGH*", "*MEDIUM*"))]
    assert len(listed) == 20
    assert ["*HIGH*" in text for text in listed] == [True] * 5 + [False] * 15
    assert "and 25 more: `sahel alerts` lists them all" in told
    assert deliver(with_webhook).posted is None, "what was counted is told"


def test_conflict_and_data_alarms_stand_apart(
    with_webhook: Settings, publish: Publish, server: FaultServer
) -> None:
    asleep = alert(
        9, alert_kind="data", rule="feed_asleep", area_kind="feed", area_id="gdelt", area="gdelt", country_iso3=None,
        level="high", source="gdelt", evidence=None, evidence_events=0, evidence_grade=None,
        summary="gdelt: nothing new for 3 days",
    )  # fmt: skip
    publish(asleep, alert())
    deliver(with_webhook)
    told = texts(posts(server)[0])
    assert told.index("*Data alarms*") == 2
    assert told[1].startswith("*MEDIUM*") and "gdelt: nothing new" in told[3]
    assert "evidence:" not in told[3]


def test_made_data_say_so(with_webhook: Settings, publish: Publish, server: FaultServer) -> None:
    publish(alert(), made=True)
    deliver(replace(with_webhook, is_made=True))
    assert MADE_BANNER in texts(posts(server)[0])
    assert MADE_BANNER in posts(server)[0]["text"]


def test_words_of_publishers_are_words_and_the_limits_hold(
    with_webhook: Settings, publish: Publish, server: FaultServer
) -> None:
    publish(
        *(
            alert(number, summary=HOSTILE + "&<>" * 3_000, area=HOSTILE, evidence=HOSTILE)
            for number in range(30)
        )
    )
    posted = deliver(with_webhook).posted
    assert 5 < posted.listed < 20 and posted.listed + posted.counted == 30
    (payload,) = posts(server)
    for text in [*texts(payload), payload["text"]]:
        assert not {"<", ">", "\x1b"} & set(text)
        assert "@all" not in text
    listed = next(text for text in texts(payload) if text.startswith("*MEDIUM*"))
    assert listed.splitlines()[0].startswith(
        "*MEDIUM*  &lt;!channel&gt; @\u2060all &amp; &lt;https://evil.example|click&gt;"
    )
    assert listed.splitlines()[0].endswith("…")
    assert listed.splitlines()[1].startswith("events of"), "a line break in a text starts no line"
    assert payload["text"].endswith("CC BY 4.0. Sundberg &amp; Melander."), "the licence is not cut off"


def test_a_restricted_source_is_posted_with_its_attribution(
    with_webhook: Settings, publish: Publish, server: FaultServer
) -> None:
    publish(alert(source="acled"))
    deliver(with_webhook)
    assert "ACLED, www.acleddata.com" in texts(posts(server)[0])[-1]


# Once each


def test_what_was_told_stays_told_over_time_and_a_rebuild(
    with_webhook: Settings, publish: Publish, server: FaultServer
) -> None:
    rows = [alert(1), alert(2)]
    publish(*rows)
    deliver(with_webhook)
    # A rebuild makes the file anew from the payloads; the ids are the same, the rule's version may be another.
    publish(alert(3), *(row | {"rule_version": 2, "level": "high"} for row in rows))
    assert deliver(at(with_webhook, 1)).posted.listed == 1
    assert [f"Mopti {number} " in posts(server)[1]["text"] for number in (1, 2, 3)] == [False, False, True]


def test_an_alert_that_a_revision_moved_is_not_told_again_unless_it_is_graver(
    with_webhook: Settings, publish: Publish, server: FaultServer
) -> None:
    first = alert(1, days_ago=30)
    publish(first)
    deliver(with_webhook)
    moved = alert(1, days_ago=28)
    assert moved["alert_id"] != first["alert_id"]
    publish(moved)
    assert deliver(with_webhook).posted is None, "neither new nor withdrawn"
    publish(moved | {"level": "high"})
    assert deliver(with_webhook).posted.listed == 1
    # Another area, and the same one after the rule's 180 days, are new.
    publish(alert(2, days_ago=28))
    assert deliver(with_webhook).posted.listed == 1
    publish(alert(1, days_ago=28 - 181))
    assert deliver(at(with_webhook, 160)).posted.listed == 1


def test_a_withdrawn_alert_is_said_to_be_so_once(
    with_webhook: Settings, publish: Publish, server: FaultServer
) -> None:
    publish(alert(1), alert(2), alert(3, source="acled"))
    deliver(with_webhook)
    publish(alert(2), loaded=("ucdp",))
    assert deliver(at(with_webhook, 1)).lines() == ["webhook: no new alert; 1 no longer standing"]
    heading, told, source = texts(posts(server)[1])
    assert heading == "Sahel Monitor: 1 no longer standing"
    assert told == (
        "*WITHDRAWN*  Mopti 1 (Mali): admin1 conflict (medium, of 2026-05-31, told on 2026-06-30): the data were "
        "revised, and no longer say so"
    )
    assert source.startswith("Source ucdp")
    assert deliver(at(with_webhook, 2)).posted is None, (
        "once; and acled is not loaded here, so that nothing is said of it"
    )
    # It comes back: it was told.
    publish(alert(1), alert(2), alert(3, source="acled"))
    assert deliver(at(with_webhook, 3)).posted is None


def test_what_was_told_long_ago_is_not_withdrawn(with_webhook: Settings, publish: Publish) -> None:
    publish(alert(1))
    deliver(with_webhook)
    publish()
    assert deliver(at(with_webhook, 91)).posted is None
    assert deliver(at(with_webhook, 90)).posted.withdrawn == 1


def test_what_was_only_counted_is_not_withdrawn(with_webhook: Settings, publish: Publish) -> None:
    publish(*(alert(number, days_ago=number / 2) for number in range(1, 23)))
    assert deliver(with_webhook).posted.counted == 2
    publish()
    assert deliver(at(with_webhook, 1)).posted.withdrawn == 20
    assert deliver(at(with_webhook, 2)).posted is None


def test_an_alert_that_another_covers_is_not_withdrawn(with_webhook: Settings, publish: Publish) -> None:
    publish(alert(1))
    deliver(with_webhook)
    publish(alert(1) | {"suppressed_by": "hdx_conflict/ucdp/MLI/2026-05-01", "suppression": "covered"})
    assert deliver(with_webhook).posted is None


def test_an_alarm_about_the_data_ends(with_webhook: Settings, publish: Publish, server: FaultServer) -> None:
    asleep = alert(
        alert_kind="data", rule="feed_asleep", area_kind="feed", area_id="ucdp", area="ucdp", value=90.0
    )
    publish(asleep)
    deliver(replace(with_webhook, alert_files=True))
    publish(asleep | {"value": 91.0, "summary": "ucdp: nothing newer for 91 hours"})
    assert deliver(replace(with_webhook, alert_files=True)).written.revised == 0, "it sleeps on"
    publish()
    deliver(with_webhook)
    assert "OVER ucdp: feed asleep: the feed no longer does so" in posts(server)[1]["text"]


def test_a_changed_rule_is_said_to_be_the_reason(
    with_webhook: Settings, publish: Publish, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(alert(1))
    deliver(with_webhook)
    monkeypatch.setattr(webhook, "rule_versions", lambda: {"admin1_conflict": 2})
    publish()
    deliver(with_webhook)
    assert "its rule has been changed" in posts(server)[1]["text"]


# Failures


def test_a_failure_leaves_all_to_the_next_time(
    with_webhook: Settings, publish: Publish, server: FaultServer
) -> None:
    publish(alert())
    server.script(HOOK, Answer(b"oops", status=500))
    with pytest.raises(delivery.WebhookFailed, match=r"127\.0\.0\.1 answered 500; nothing is lost") as caught:
        deliver(with_webhook)
    assert len(posts(server)) == webhook.ATTEMPTS
    assert len(str(caught.value).splitlines()) == 1
    server.script(HOOK, Answer(b"ok"))
    assert deliver(with_webhook).posted.listed == 1
    assert deliver(with_webhook).posted is None


def test_a_wait_that_is_asked_for_is_kept(
    with_webhook: Settings, publish: Publish, server: FaultServer
) -> None:
    publish(alert())
    server.script(HOOK, Answer(status=429, headers={"Retry-After": "7"}), Answer(b"ok"))
    slept: list[float] = []
    delivered = delivery.deliver(with_webhook, sleep=slept.append, jitter=lambda: 0.0)
    assert delivered.posted.listed == 1
    assert slept == [7.0]
    publish(alert(2))
    server.script(HOOK, Answer(status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(delivery.WebhookFailed, match=r"429, too many messages; .* in 3600 s at the earliest"):
        deliver(with_webhook)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(b"invalid_blocks", status=400), r"400 \(invalid_blocks\); it does not take this message"),
        (Answer(b"no_service\n", status=404), r"404 \(no_service\): .*make a new webhook"),
        (Answer(b"channel_is_archived", status=410), r"410 \(channel_is_archived\)"),
        (Answer(status=302, headers={"Location": "https://elsewhere.example/"}), r"302, a redirect, which is not followed"),
        (Answer(b"ok", status=502, cut=1, reset=True), r"502; nothing is lost"),
        (Answer(hang_s=30), r"gave no complete answer; nothing is lost"),
    ],
)  # fmt: skip
def test_each_failure_says_what_to_do(
    with_webhook: Settings,
    publish: Publish,
    server: FaultServer,
    monkeypatch: pytest.MonkeyPatch,
    answer: Answer,
    told: str,
) -> None:
    monkeypatch.setattr(webhook, "DEADLINE_S", 0.5)
    server.script(HOOK, answer)
    publish(alert())
    with pytest.raises(delivery.WebhookFailed, match=told):
        deliver(with_webhook)
    assert not (with_webhook.delivery / "sent.jsonl").exists()


@pytest.mark.parametrize(
    "answer", [Answer(b"x" * 1_000_000), Answer(b"ok", cut=1, reset=True), Answer(b"ok", drip_s=30)]
)
def test_a_message_that_was_taken_is_not_posted_again_whatever_follows(
    with_webhook: Settings, publish: Publish, server: FaultServer, answer: Answer
) -> None:
    server.script(HOOK, answer)
    publish(alert())
    assert deliver(with_webhook).posted.listed == 1
    assert len(posts(server)) == 1


@pytest.mark.parametrize("host", ["chat.intranet.example", "10.0.0.7"])
def test_a_service_on_ones_own_network_is_asked_where_a_publisher_would_not_be(
    with_webhook: Settings, publish: Publish, server: FaultServer, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """It is asked in TLS, which the server does not know: that it was asked is what counts."""
    monkeypatch.setattr(webhook, "DEADLINE_S", 0.3)
    port = server.base.rpartition(":")[2]
    settings = replace(with_webhook, webhook_url=f"https://{host}:{port}{HOOK}")

    def here(name: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    with http.HttpClient(settings, resolve=here, max_attempts=1) as client, pytest.raises(http.RefusedError):
        client.get(settings.webhook_url, max_bytes=10)
    publish(alert())
    with pytest.raises(delivery.WebhookFailed, match="gave no complete answer"):
        delivery.deliver(settings, max_attempts=1, resolve=here)


def echoes() -> list[Answer]:
    """Answers that repeat the webhook's address wherever an answer can."""
    said = " ".join(SECRETS)
    headers = {"X-Echo": said, "Set-Cookie": f"echo={said}"}
    answers = [
        Answer(said.encode(), status=status, headers=headers) for status in (200, 400, 403, 404, 429, 500)
    ]
    locations = (f"http://127.0.0.1{HOOK}", f"https://{SECRETS[-1]}.example{HOOK}", f"ftp://x{HOOK}")
    return [*answers, *(Answer(status=307, headers=headers | {"Location": to}) for to in locations)]


@pytest.mark.parametrize("answer", echoes(), ids=lambda answer: f"{answer.status}")
def test_the_address_is_nowhere_however_it_is_repeated(
    with_webhook: Settings,
    publish: Publish,
    server: FaultServer,
    caplog: pytest.LogCaptureFixture,
    answer: Answer,
) -> None:
    caplog.set_level(logging.DEBUG)
    server.script(HOOK, answer)
    publish(alert())
    settings = replace(with_webhook, alert_files=True)
    said = repr(settings)
    try:
        said += " ".join(deliver(settings).lines())
    except delivery.WebhookFailed as error:
        assert error.__cause__ is None and error.__context__ is None
        said += str(error)
    assert server.count(HOOK) > 0
    kept = [path.read_bytes().decode("utf-8", "replace") for path in files_of(settings.home)]
    assert len(kept) > 4
    for secret in SECRETS:
        assert all(secret not in text for text in (said, caplog.text, *kept))


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


# Memory


def test_an_unfinished_line_is_cut_off_and_its_alert_told_again(
    with_webhook: Settings, publish: Publish, server: FaultServer
) -> None:
    publish(alert(1), alert(2))
    deliver(with_webhook)
    path = with_webhook.delivery / "sent.jsonl"
    whole = path.read_bytes()
    assert whole.count(b"\n") == 2
    for cut in range(whole.index(b"\n") + 1, len(whole)):
        path.write_bytes(whole[:cut])
        assert len(memory.Memory(with_webhook.delivery).of(webhook.CHANNEL)) == 1
    assert deliver(with_webhook).posted.listed == 1
    assert path.read_bytes() == whole
    assert deliver(with_webhook).posted is None


def test_a_damaged_line_stops_the_delivery_with_the_remedy(
    with_webhook: Settings, publish: Publish, server: FaultServer
) -> None:
    publish(alert(1), alert(2))
    deliver(with_webhook)
    path = with_webhook.delivery / "sent.jsonl"
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first[:40] + b"\n" + second)
    with pytest.raises(
        delivery.MemoryDamaged, match=r"line 1 of .*sent\.jsonl cannot be read; delete that line"
    ):
        deliver(with_webhook)
    assert len(posts(server)) == 1
    path.write_bytes(second)
    assert deliver(with_webhook).posted.listed == 1


def test_a_crash_between_post_and_memory_tells_again_and_loses_nothing(
    with_webhook: Settings, publish: Publish, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(alert())

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(memory.Memory, "add", crash)
        with pytest.raises(KeyboardInterrupt):
            deliver(with_webhook)
    assert deliver(with_webhook).posted.listed == 1
    assert len(posts(server)) == 2


def test_two_at_once_do_not_tell_twice(with_webhook: Settings, publish: Publish, server: FaultServer) -> None:
    publish(alert())
    with memory.locked(with_webhook), pytest.raises(delivery.DeliveryBusy, match="another process"):
        deliver(with_webhook)
    assert posts(server) == []
    assert deliver(with_webhook).posted.listed == 1


# Reachability


def test_the_probe_asks_the_host_and_posts_nothing(with_webhook: Settings, server: FaultServer) -> None:
    assert webhook.probe(replace(with_webhook, webhook_url=None)) == []
    for answer in (
        Answer(),
        Answer(status=404),
        Answer(status=302, headers={"Location": "https://slack.example/"}),
    ):
        server.script("/", answer)
        (finding,) = webhook.probe(with_webhook)
        assert finding.level == "ok", finding
    assert {(asked.method, asked.path) for asked in server.asked} == {("HEAD", "/")}
    (finding,) = webhook.probe(replace(with_webhook, webhook_url=f"http://127.0.0.1:9{HOOK}"))
    assert finding.level == "problem"
    assert not any(secret in finding.finding for secret in SECRETS)
