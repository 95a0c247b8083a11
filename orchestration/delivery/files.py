"""Alerts as files beside the published one: an Atom feed for readers and a Markdown digest for people.

Here: which alerts are in them, their history, and both forms. They are meant to be passed on, so that alerts from a feed
whose licence forbids that are left out, and their number is told. Not here: posting (webhook.py).
"""

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from uuid import UUID, uuid4, uuid5
from xml.etree import ElementTree

from expectations.report import MADE_BANNER
from orchestration.delivery.alerts import (
    EVENTS_DAYS,
    KINDS,
    Alert,
    Snapshot,
    basis,
    evidence,
    is_recent,
    is_up,
    newest_first,
    source_text,
    title,
)
from orchestration.delivery.memory import COVERED, REVISED, SENT, WITHDRAWN, Memory, Told
from orchestration.delivery.webhook import how_gone, why_gone
from orchestration.published import plain
from orchestration.settings import Settings, aware

CHANNEL = "files"
MOST_ENTRIES = 100
ATOM, DIGEST = "alerts.atom", "alerts.md"
_ENTRIES = UUID("6f0c1b0e-6c1e-5d0b-9d0a-3f6c9a1f7b52")
"""Of it and an alert_id an entry's id is made, the same in every home: it is the same alert."""
_MARKDOWN = re.compile(r"[\\`*\[\]|~<>]|(?<!\w)_|_(?!\w)|^[-+#]|(?<=^\d)\.")
"""What marks something up, or would at the head of a line."""


@dataclass(frozen=True)
class Entry:
    """An alert as it stands, or one that was in the feed and no longer stands (``alert`` is None)."""

    told: Told
    alert: Alert | None
    note: str | None = None

    @property
    def updated(self) -> datetime:
        return self.told.sent_at


@dataclass(frozen=True)
class Written:
    """What the files hold, and which of them were written because they had changed."""

    entries: int
    new: int
    revised: int
    left_out: int
    files: tuple[Path, ...]


def write(settings: Settings, snapshot: Snapshot, memory: Memory, now: datetime) -> Written:
    """Write both files, each beside and then renamed. The memory comes first: a reader must never see an entry whose time of change is
    made up anew at each run."""
    entries, lines, left_out = _entries(settings, snapshot, memory, now)
    memory.add(lines)
    feed_id = _feed_id(settings.delivery)
    made = {
        ATOM: atom(entries, snapshot, settings.alert_level, left_out, feed_id),
        DIGEST: digest(entries, snapshot, settings.alert_level, left_out).encode(),
    }
    changed = [name for name, data in made.items() if _replace(settings.published / name, data)]
    return Written(
        entries=sum(entry.alert is not None for entry in entries),
        new=sum(line.action == SENT for line in lines),
        revised=sum(line.action == REVISED for line in lines),
        left_out=len(left_out),
        files=tuple(settings.published / name for name in changed),
    )


def _entries(
    settings: Settings, snapshot: Snapshot, memory: Memory, now: datetime
) -> tuple[list[Entry], list[Told], list[Alert]]:
    """The newest hundred, what is new to remember of them, and the alerts that may not be passed on."""
    first = (now - timedelta(days=EVENTS_DAYS)).date()
    found = [
        alert for alert in snapshot.alerts if is_up(alert, settings.alert_level) and is_recent(alert, now)
    ]
    found.sort(key=newest_first)
    passed_on, left_out = [], []
    for alert in found:
        if not snapshot.may_be_passed_on(alert.source):
            if alert.suppressed_by is None:
                left_out.append(alert)
        elif snapshot.stands_in_public(alert):
            passed_on.append(alert)
    entries, lines = [], []
    for alert in passed_on[:MOST_ENTRIES]:
        before = memory.last(CHANNEL, alert.alert_id)
        if before is None:
            told = Told.of(alert, CHANNEL, SENT, now)
        elif before.digest != alert.digest or before.action in (COVERED, WITHDRAWN):
            told = Told.of(alert, CHANNEL, REVISED, now)
        else:
            told = before
        if told is not before:
            lines.append(told)
        entries.append(Entry(told, alert))
    for before in memory.of(CHANNEL):
        still = snapshot.by_id.get(before.alert_id)
        if (
            before.alert_date < first
            or before.source not in snapshot.loaded
            or not snapshot.may_be_passed_on(before.source)
            or (still is not None and snapshot.stands_in_public(still))
        ):
            continue
        action = WITHDRAWN if still is None else COVERED
        told = before if before.action == action else before.later(action, now)
        if told is not before:
            lines.append(told)
        note = (
            why_gone(told, snapshot) if still is None else f"another alert covers it: {still.suppressed_by}"
        )
        entries.append(Entry(told, None, note))
    entries.sort(
        key=lambda entry: (entry.told.known_at, entry.told.alert_date, entry.told.alert_id), reverse=True
    )
    return entries[:MOST_ENTRIES], lines, left_out


# --- Atom (RFC 4287) ----------------------------------------------------------------------------


def atom(entries: list[Entry], snapshot: Snapshot, level: str, left_out: list[Alert], feed_id: str) -> bytes:
    feed = ElementTree.Element("feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": "en"})
    made = f"{MADE_BANNER} " if snapshot.is_made else ""
    newest = max((aware(entry.updated) for entry in entries), default=snapshot.built_at)
    _text(feed, "id", feed_id)
    _text(feed, "title", f"{'Made data: ' if snapshot.is_made else ''}Sahel Monitor alerts")
    _text(feed, "subtitle", f"{made}{_about(level)} {_left_out_text(left_out)}".strip())
    _text(feed, "updated", _instant(newest))
    _text(ElementTree.SubElement(feed, "author"), "name", "Sahel Monitor")
    _text(feed, "generator", "Sahel Monitor")
    feeds = {entry.told.source for entry in entries}
    _text(feed, "rights", " ".join(map(source_text, snapshot.sources_of(feeds))) or "No source is named.")
    for entry in entries:
        _entry(feed, entry, snapshot)
    ElementTree.indent(feed, " ")
    return ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True) + b"\n"


def _entry(feed: ElementTree.Element, entry: Entry, snapshot: Snapshot) -> None:
    node = ElementTree.SubElement(feed, "entry")
    told, alert = entry.told, entry.alert
    # A made alert is another one than the real alert of the same place and day.
    _text(node, "id", uuid5(_ENTRIES, ("made:" if snapshot.is_made else "") + told.alert_id).urn)
    _text(node, "title", _entry_title(entry))
    _text(node, "updated", _instant(aware(entry.updated)))
    _text(node, "published", _instant(aware(told.known_at)))
    categories = {"level": told.level, "rule": told.rule, "source": told.source}
    if alert:
        categories |= {"kind": alert.alert_kind} | (
            {"country": alert.country_iso3} if alert.country_iso3 else {}
        )
    for scheme, term in categories.items():
        ElementTree.SubElement(node, "category", {"term": term, "label": f"{scheme} {term}"})
    _text(node, "rights", " ".join(map(source_text, snapshot.sources_of([told.source]))))
    paragraphs = _paragraphs(entry)
    if snapshot.is_made:
        paragraphs.insert(0, MADE_BANNER)
    _text(node, "summary", paragraphs[1 if snapshot.is_made else 0])
    content = _text(node, "content", "".join(f"<p>{escape(text)}</p>" for text in paragraphs))
    content.set("type", "html")


def _entry_title(entry: Entry) -> str:
    state = f"{_gone(entry.told)}: " if entry.note else ""
    about = title(entry.alert) if entry.alert else entry.told.title
    return f"{state}{entry.told.level.capitalize()}: {about}"


def _gone(told: Told) -> str:
    return "Covered" if told.action == COVERED else how_gone(told).capitalize()


def _paragraphs(entry: Entry) -> list[str]:
    """What an entry says, in plain text, in both files."""
    told, alert = entry.told, entry.alert
    if alert is None:
        gone = _gone(told)
        of_events = "Events of" if told.alert_kind == "conflict" else "As of"
        told_of = f"{of_events} {told.alert_date}; known since {told.known_at:%Y-%m-%d}; {told.source}."
        return [f"{gone} on {told.sent_at:%Y-%m-%d}: {plain(entry.note or '')}.", told_of]
    named = evidence(alert)
    details = basis(alert)
    return [
        plain(alert.summary),
        f"{details[0].upper()}{details[1:]}.",
        *([f"Evidence: {named}."] if named else []),
        f"Alert {plain(alert.alert_id)}.",
    ]


def _text(parent: ElementTree.Element, name: str, text: str) -> ElementTree.Element:
    node = ElementTree.SubElement(parent, name)
    node.text = text
    return node


def _instant(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _feed_id(folder: Path) -> str:
    """The feed's own id, made once and kept: a reader takes another id for another feed."""
    path = folder / "feed_id"
    try:
        return UUID(path.read_text(encoding="ascii").strip()).urn
    except (OSError, ValueError):
        made = uuid4()
        _replace(path, f"{made}\n".encode())
        return made.urn


# --- Markdown -----------------------------------------------------------------------------------


def digest(entries: list[Entry], snapshot: Snapshot, level: str, left_out: list[Alert]) -> str:
    lines = ["# Alerts", ""]
    if snapshot.is_made:
        lines += [f"> **{MADE_BANNER}**", ""]
    lines += [f"{_about(level)} Data published {snapshot.built_at:%Y-%m-%d %H:%M} UTC.", ""]
    standing_now = [entry for entry in entries if entry.alert]
    for kind, heading in KINDS.items():
        lines += [f"## {heading}", ""]
        of_kind = [entry for entry in standing_now if entry.alert.alert_kind == kind]
        lines += _items(of_kind) or ["None.", ""]
    if gone := [entry for entry in entries if entry.alert is None]:
        lines += ["## No longer standing", "", *_items(gone)]
    lines += ["## Sources", ""]
    sources = snapshot.sources_of(entry.told.source for entry in entries)
    lines += [f"* {_plain_markdown(source_text(source))}" for source in sources] or ["None."]
    if said := _left_out_text(left_out):
        lines += ["", said]
    return "\n".join(lines).rstrip() + "\n"


def listing(alerts: list[Alert], snapshot: Snapshot, about: str) -> str:
    """Any choice of alerts as Markdown, for the command line: as the digest, without a history."""
    lines = ["# Alerts", "", *([f"> **{MADE_BANNER}**", ""] if snapshot.is_made else []), about, ""]
    for kind, heading in KINDS.items():
        found = [alert for alert in alerts if alert.alert_kind == kind]
        entries = [Entry(Told.of(alert, CHANNEL, SENT, snapshot.built_at), alert) for alert in found]
        if entries:
            lines += [f"## {heading}", "", *_items(entries)]
    if sources := snapshot.sources_of(alert.source for alert in alerts):
        lines += ["## Sources", "", *(f"* {_plain_markdown(source_text(source))}" for source in sources)]
    return "\n".join(lines).rstrip()


def _items(entries: list[Entry]) -> list[str]:
    lines = []
    for entry in entries:
        paragraphs = _paragraphs(entry)
        lines.append(f"* **{_plain_markdown(_entry_title(entry))}**  ")
        lines += [f"  {_plain_markdown(text)}  " for text in paragraphs[:-1]]
        lines.append(f"  {_plain_markdown(paragraphs[-1])}")
    return [*lines, ""] if lines else []


def _plain_markdown(text: str) -> str:
    """Words of publishers as words: no link, no heading, no HTML."""
    return _MARKDOWN.sub(r"\\\g<0>", plain(text).replace("&", "&amp;"))


# --- both ---------------------------------------------------------------------------------------


def _about(level: str) -> str:
    above = f"level {level} and above" if level != "high" else "level high"
    return f"Alerts of {above} about the last {EVENTS_DAYS} days, the newest {MOST_ENTRIES} at most."


def _left_out_text(left_out: list[Alert]) -> str:
    if not left_out:
        return ""
    feeds = ", ".join(sorted({alert.source for alert in left_out}))
    return (
        f"Left out: {len(left_out):,} from {feeds}, whose licence does not allow passing them on; "
        "`sahel alerts` shows them to you."
    )


def _replace(path: Path, data: bytes) -> bool:
    """Put a file in place by one rename, if it is another one. A killed run leaves at most a hidden file."""
    if path.exists() and path.read_bytes() == data:
        return False
    beside = path.with_name(f".{path.name}.tmp")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    return True
