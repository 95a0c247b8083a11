"""Alerts to a webhook that takes what Slack takes: which are due, the message, the post, and whether it can be reached.

Here: the limits of such a message, and failures told without a word of the address or of the answer. Not here: retries,
time limits and which addresses may be asked (feeds/http.py), and the memory's file (memory.py).
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from expectations.report import MADE_BANNER
from orchestration.delivery.alerts import (
    KINDS,
    KNOWN_DAYS,
    Alert,
    Snapshot,
    basis,
    evidence,
    gravest_first,
    is_news,
    is_up,
    rule_versions,
    source_text,
)
from orchestration.delivery.memory import COUNTED, SENT, WITHDRAWN, Memory, Told
from orchestration.feeds.http import FetchError, HttpClient, PermanentError, RefusedError
from orchestration.published import plain
from orchestration.records import Finding
from orchestration.settings import ALERT_LEVELS, Settings, naive

CHANNEL = "webhook"
MOST_LISTED = 20
MOST_TITLE, MOST_TEXT = 200, 600
BLOCK_CHARACTERS = 3_000
BLOCKS = 50
ALL_BLOCKS_CHARACTERS = 12_000
"""Slack refuses blocks of about 13,000 characters together, which it does not document."""
TEXT_CHARACTERS = 3_900
"""Slack asks for less than 4,000."""
DEADLINE_S = 40.0
"""Retries included: Dagster gives a sensor a minute."""
ATTEMPTS = 3

_SLACK_SAYS = re.compile(
    rb"\s*(invalid_payload|invalid_blocks|invalid_blocks_format|invalid_token|no_text|no_team|no_service|no_service_id"
    rb"|no_active_hooks|channel_not_found|channel_is_archived|action_prohibited|posting_to_general_channel_denied"
    rb"|team_disabled|too_many_attachments|user_not_found|msg_blocks_too_long|rate_limited)\s*"
)


class WebhookFailed(RuntimeError):
    """The message was not taken; what was to be told is told next time. One line, without the address."""


@dataclass(frozen=True)
class Message:
    """What is posted, and what to remember once it was taken."""

    payload: dict[str, Any]
    lines: tuple[Told, ...]
    listed: int
    counted: int
    withdrawn: int


# --- what is due --------------------------------------------------------------------------------


def due(snapshot: Snapshot, memory: Memory, level: str, now: datetime) -> list[Alert]:
    """News that the channel was not told of, the gravest first.

    One that a revision moved to another day is not new: an alert of the same series and of no lower level that was told
    speaks for it as long as its rule says, as in the live rule of HDX Signals.
    """
    told_of: dict[str, list[Told]] = {}
    for told in memory.of(CHANNEL):
        if told.action != WITHDRAWN:
            told_of.setdefault(told.series, []).append(told)
    found = [
        alert
        for alert in snapshot.alerts
        if alert.suppressed_by is None
        and is_up(alert, level)
        and is_news(alert, now)
        and memory.last(CHANNEL, alert.alert_id) is None
        and not any(_speaks_for(told, alert, snapshot) for told in told_of.get(alert.series, ()))
    ]
    return sorted(found, key=gravest_first)


def gone(snapshot: Snapshot, memory: Memory, now: datetime) -> list[Told]:
    """What was told in the last 90 days and no longer stands. One that another covers, or that moved, still does."""
    since = naive(now - timedelta(days=KNOWN_DAYS))
    return sorted(
        (
            told
            for told in memory.of(CHANNEL)
            if told.action == SENT
            and told.sent_at >= since
            and told.source in snapshot.loaded
            and told.alert_id not in snapshot.by_id
            and moved_to(told, snapshot) is None
        ),
        key=lambda told: (told.known_at, told.alert_id),
        reverse=True,
    )


def moved_to(told: Told, snapshot: Snapshot) -> Alert | None:
    """The alert that stands in its place, where a revision moved it to another day."""
    near = [alert for alert in snapshot.series.get(told.series, ()) if _is_near(told, alert, snapshot)]
    return min(near, key=lambda alert: abs(alert.alert_date - told.alert_date), default=None)


def _speaks_for(told: Told, alert: Alert, snapshot: Snapshot) -> bool:
    return ALERT_LEVELS.index(told.level) >= alert.rank and _is_near(told, alert, snapshot)


def _is_near(told: Told, alert: Alert, snapshot: Snapshot) -> bool:
    return abs((alert.alert_date - told.alert_date).days) <= snapshot.quiet_days.get(alert.rule, 0)


# --- the message --------------------------------------------------------------------------------


def message(new: list[Alert], withdrawn: list[Told], snapshot: Snapshot, now: datetime) -> Message:
    """One message for all that is new: the gravest alerts in words, the others counted with how to see them."""
    heading = "Sahel Monitor: " + ", ".join(
        f"{count} {what}"
        for count, what in (
            (len(new), _several(len(new), "new alert")),
            (len(withdrawn), "no longer standing"),
        )
        if count
    )
    head = [{"type": "header", "text": {"type": "plain_text", "text": heading, "emoji": False}}]
    if snapshot.is_made:
        head.append(_context(MADE_BANNER))
    feeds = [alert.source for alert in new] + [told.source for told in withdrawn]
    sources = [source_text(source) for source in snapshot.sources_of(feeds)]
    foot = [_context(f"Source {_escaped(text, 2_900)}") for text in sources]
    rest = _section(_rest(len(new)))

    # The data alarms have a title of their own, which may come with any alert.
    title_of_alarms = _section(f"*{KINDS['data']}*")
    room = ALL_BLOCKS_CHARACTERS - sum(map(_size, (*head, *foot, rest, title_of_alarms)))
    most = min(MOST_LISTED, BLOCKS - len(head) - len(foot) - 2)
    listed: list[tuple[Alert | Told, dict[str, Any]]] = []
    for item in (*new, *withdrawn):
        block = _section(_alert_text(item) if isinstance(item, Alert) else _withdrawn_text(item, snapshot))
        room -= _size(block)
        if len(listed) == most or room < 0:
            break
        listed.append((item, block))

    blocks = [block for item, block in listed if isinstance(item, Alert) and item.alert_kind != "data"]
    if alarms := [block for item, block in listed if isinstance(item, Alert) and item.alert_kind == "data"]:
        blocks += [title_of_alarms, *alarms]
    blocks += [block for item, block in listed if isinstance(item, Told)]
    shown = {item.alert_id for item, _ in listed}
    left = sum(alert.alert_id not in shown for alert in new)
    if left:
        blocks.append(_section(_rest(left)))

    lines = [Told.of(alert, CHANNEL, SENT if alert.alert_id in shown else COUNTED, now) for alert in new]
    # A withdrawal that found no room waits for the next message: it cannot be looked up elsewhere.
    lines += [told.later(WITHDRAWN, now) for told in withdrawn if told.alert_id in shown]
    banner = [MADE_BANNER] if snapshot.is_made else []
    fallback = _fallback(
        [heading, *banner],
        [_line(item, snapshot) for item, _ in listed],
        [*([_rest(left)] if left else []), *(_escaped(text, 600) for text in sources)],
    )
    return Message(
        payload={"text": fallback, "blocks": [*head, *blocks, *foot]},
        lines=tuple(lines),
        listed=len(new) - left,
        counted=left,
        withdrawn=sum(told.alert_id in shown for told in withdrawn),
    )


def trial(settings: Settings) -> dict[str, Any]:
    """A message that says nothing but that messages arrive."""
    said = "Sahel Monitor: a trial. Alerts will be posted here." + (
        f" {MADE_BANNER}" if settings.is_made else ""
    )
    return {"text": said, "blocks": [_section(said)]}


def _alert_text(alert: Alert) -> str:
    parts = [
        f"*{alert.level.upper()}*  {_escaped(alert.summary, MOST_TEXT)}",
        _escaped(basis(alert), MOST_TEXT),
    ]
    if told := evidence(alert):
        parts.append(f"evidence: {_escaped(told, MOST_TITLE)}")
    return "\n".join(parts)


def _withdrawn_text(told: Told, snapshot: Snapshot) -> str:
    return (
        f"*{how_gone(told).upper()}*  {_escaped(told.title, MOST_TITLE)} ({told.level}, of {told.alert_date}, told on "
        f"{told.sent_at:%Y-%m-%d}): {why_gone(told, snapshot)}"
    )


def how_gone(told: Told) -> str:
    """An alarm about the data ends; an alert about the world should not have been."""
    return "over" if told.alert_kind == "data" else "withdrawn"


def why_gone(told: Told, snapshot: Snapshot) -> str:
    if told.alert_kind == "data":
        return "the feed no longer does so"
    if moved := moved_to(told, snapshot):
        return f"the data were revised, and it is now {plain(moved.alert_id)}"
    if rule_versions().get(told.rule) != told.rule_version:
        return "its rule has been changed, and no longer says so"
    return "the data were revised, and no longer say so"


def _line(item: Alert | Told, snapshot: Snapshot) -> str:
    """For the notification, and for services that know no blocks. Without marks of bold, which each writes its own way."""
    if isinstance(item, Told):
        return f"{how_gone(item).upper()} {_escaped(item.title, MOST_TITLE)}: {why_gone(item, snapshot)}"
    return f"{item.level.upper()} {_escaped(item.summary, MOST_TEXT)}"


def _rest(left: int) -> str:
    return f"and {left:,} more: `sahel alerts` lists them all"


def _fallback(head: list[str], lines: list[str], foot: list[str]) -> str:
    """Lines are left out of the middle: the licences' words must not be cut off."""
    room = TEXT_CHARACTERS - sum(len(line) + 1 for line in (*head, *foot)) - 2
    kept = []
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            kept.append("…")
            break
        kept.append(line)
    return "\n".join([*head, *kept, *foot])


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(text)}


def _context(text: str) -> dict[str, Any]:
    return {"type": "context", "elements": [_mrkdwn(text)]}


def _mrkdwn(text: str) -> dict[str, Any]:
    # Verbatim: no address or channel in a publisher's words becomes a link.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _escaped(text: str, most: int) -> str:
    """Words of publishers as words: no link, no mention, no line of their own; cut to ``most`` characters."""
    text = plain(text)
    told = _escape(text)
    if len(told) <= most:
        return told
    text = text[:most]
    while len(_escape(text)) >= most:
        text = text[:-1]
    return f"{_escape(text)}…"


def _escape(text: str) -> str:
    # Mattermost and others make a mention of a bare @; with a joiner after it, it is none.
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("@", "@\u2060")


def _size(block: dict[str, Any]) -> int:
    return len(json.dumps(block))


def _several(count: int, what: str) -> str:
    return what if count == 1 else f"{what}s"


# --- the post -----------------------------------------------------------------------------------


def post(settings: Settings, payload: dict[str, Any], **client: Any) -> None:
    """Post to the webhook. Raises ``WebhookFailed``. ``client`` is for HttpClient, in tests."""
    url = settings.webhook_url or ""
    failure = None
    with _client(settings, ATTEMPTS, client) as http:
        try:
            # Once it has said 2xx the message is taken, whatever follows: posting it again would tell it twice.
            http.post(url, json=payload, max_bytes=0, deadline_s=DEADLINE_S, wants_body=False)
        except FetchError as error:
            failure = _failure(error, _host(url))
    # Outside of the handler, so that the error, whose words are the server's too, is not its context.
    if failure:
        raise WebhookFailed(failure)


def probe(settings: Settings, **client: Any) -> list[Finding]:
    """Whether the webhook's host answers. Its own address is not asked: who knows what a request there does."""
    if settings.webhook_url is None:
        return []
    subject, host = "reach webhook", _host(settings.webhook_url)
    root = "{0.scheme}://{0.netloc}/".format(urlsplit(settings.webhook_url))
    with _client(settings, 1, client) as http:
        try:
            http.head(root, deadline_s=20.0, allowed_hosts=frozenset({host}))
        except FetchError as error:
            sent_on = isinstance(error, RefusedError) and _host(error.url) != host
            if error.status is None and not sent_on:
                return [Finding("problem", subject, _failure(error, host))]
    return [
        Finding(
            "ok",
            subject,
            f"{host} answers; alerts of level {settings.alert_level} and above are posted there "
            "(`sahel alerts --trial` posts a trial)",
        )
    ]


def _client(settings: Settings, attempts: int, client: dict[str, Any]) -> HttpClient:
    # It may be on the user's own network: who set the address knows where it leads, and redirects are not followed.
    host = _host(settings.webhook_url or "")
    return HttpClient(settings, **{"max_attempts": attempts, "trusted_host": host, **client})


def _failure(error: FetchError, host: str) -> str:
    """In our words alone, but for those of Slack's own list: the server's may repeat the address."""
    where = f"the webhook at {host}"
    status = error.status
    if status is None:
        if isinstance(error, PermanentError):
            return f"{where} is not trusted: check its certificate (SSL_CERT_FILE names one of your own) and the address"
        return f"{where} gave no complete answer; nothing is lost, it is tried again next time"
    said = _SLACK_SAYS.fullmatch(error.body)
    answered = f"{where} answered {status}" + (f" ({said[1].decode()})" if said else "")
    if 300 <= status < 400:
        return f"{answered}, a redirect, which is not followed with alerts; set the address that it ends at"
    if status == 429:
        wait = f" in {error.retry_after:.0f} s at the earliest" if error.retry_after else ""
        return f"{answered}, too many messages; it is tried again next time{wait}"
    if status >= 500 or status in (408, 425):
        return f"{answered}; nothing is lost, it is tried again next time"
    if status in (401, 403, 404, 410):
        return (
            f"{answered}: it is not, or no longer, there for us; make a new webhook and set SAHEL_WEBHOOK_URL"
        )
    return f"{answered}; it does not take this message: does it take what Slack takes?"


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
