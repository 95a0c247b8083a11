"""The Atom feed and the digest: what is in them, their history, and that both are what they claim to be.

Here: the files as readers parse them. Not here: the webhook (test_webhook.py) and the command (test_alerts_command.py).
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import feedparser
import pytest

from expectations.report import MADE_BANNER
from orchestration import delivery, sitrep
from orchestration.delivery import files
from orchestration.settings import Settings
from orchestration.warehouse import publish as publication
from tests.unit.delivery.conftest import Publish, Row, alert, at

ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = "<script>alert(1)</script> & ]]> [click](https://evil.example) # *JNIM*\x1b[31m\x00\n\u202e`x`"


@pytest.fixture
def with_files(settings: Settings) -> Settings:
    return replace(settings, alert_files=True)


def written(settings: Settings) -> tuple[str, ...]:
    return tuple(path.name for path in delivery.deliver(settings).written.files)


def parsed(settings: Settings) -> Any:
    """The feed as a reader has it, after a look at what RFC 4287 wants of each element."""
    path = settings.published / files.ATOM
    root = ElementTree.parse(path).getroot()
    assert root.tag == f"{ATOM}feed"
    ids = []
    for element in (root, *root.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated", "rights"):
            (one,) = element.findall(f"{ATOM}{name}")
            assert one.text
        assert element.find(f"{ATOM}id").text.startswith("urn:uuid:")
        datetime.strptime(element.find(f"{ATOM}updated").text, "%Y-%m-%dT%H:%M:%SZ")
        ids.append(element.find(f"{ATOM}id").text)
    assert len(set(ids)) == len(ids)
    assert root.find(f"{ATOM}author/{ATOM}name").text
    feed = feedparser.parse(path.read_bytes())
    assert not feed.bozo, feed.bozo_exception
    assert len(feed.entries) == len(ids) - 1
    return feed


def digest(settings: Settings) -> str:
    return (settings.published / files.DIGEST).read_text(encoding="utf-8")


def test_an_alert_is_an_entry_and_an_item(with_files: Settings, publish: Publish) -> None:
    publish(alert(), alert(2, days_ago=3))
    assert delivery.deliver(with_files).lines() == [
        "files: alerts.atom and alerts.md written, 2 new of 2 alerts"
    ]
    feed = parsed(with_files)
    assert feed.feed.title == "Sahel Monitor alerts"
    assert "CC BY 4.0. Sundberg & Melander." in feed.feed.rights
    newest, entry = feed.entries
    assert newest.title == "Medium: Mopti 2 (Mali): admin1 conflict"
    assert (entry.published, entry.updated) == ("2026-06-20T12:00:00Z", "2026-06-30T12:00:00Z")
    assert entry.summary.startswith("Mopti 1 (Mali): 140 deaths in the 30 days")
    assert "Evidence: ucdp:1, ucdp:2, ucdp:3 and 9 more." in entry.content[0].value
    assert {tag.term for tag in entry.tags} == {"medium", "admin1_conflict", "ucdp", "conflict", "MLI"}
    told = digest(with_files)
    assert "## Conflict\n\n* **Medium: Mopti 2 (Mali): admin1 conflict**" in told
    assert "## Data alarms\n\nNone.\n" in told
    assert "Data published 2026-06-30 12:00 UTC." in told
    assert "UCDP GED, CC BY 4.0" in told


def test_nothing_to_tell_is_a_feed_without_entries(with_files: Settings, publish: Publish) -> None:
    publish()
    assert written(with_files) == (files.ATOM, files.DIGEST)
    feed = parsed(with_files)
    assert feed.entries == []
    assert feed.feed.updated == "2026-06-30T12:00:00Z"
    assert digest(with_files).count("None.") == 3


def test_a_second_run_changes_no_byte_and_ids_are_stable(with_files: Settings, publish: Publish) -> None:
    publish(alert(1), alert(2))
    delivery.deliver(with_files)
    before = {path.name: path.read_bytes() for path in with_files.published.iterdir() if path.is_file()}
    assert written(at(with_files, 1)) == ()
    assert {
        path.name: path.read_bytes() for path in with_files.published.iterdir() if path.is_file()
    } == before
    ids = {entry.title: entry.id for entry in parsed(with_files).entries}
    publish(alert(1), alert(2), alert(3))
    assert written(at(with_files, 1)) == (files.ATOM, files.DIGEST)
    feed = parsed(with_files)
    assert {entry.title: entry.id for entry in feed.entries}.items() > ids.items()
    assert feed.feed.updated == "2026-07-01T12:00:00Z"
    # Lost files are made again, with the times of change that were told.
    for name in (files.ATOM, files.DIGEST):
        (with_files.published / name).unlink()
    assert written(at(with_files, 2)) == (files.ATOM, files.DIGEST)
    assert parsed(with_files).feed.updated == "2026-07-01T12:00:00Z"


def test_a_revision_a_cover_and_a_withdrawal_are_updates_of_the_entry(
    with_files: Settings, publish: Publish
) -> None:
    publish(*(alert(number) for number in range(1, 5)))
    delivery.deliver(with_files)
    first = {entry.id: entry for entry in parsed(with_files).entries}
    publish(
        alert(1),
        alert(2) | {"value": 90.0},
        alert(3) | {"suppressed_by": "hdx_conflict/ucdp/MLI/2026-05-01", "suppression": "covered"},
    )
    delivery.deliver(at(with_files, 1))
    entries = parsed(with_files).entries
    assert {entry.id for entry in entries} == set(first)
    changed = {entry.title: entry for entry in entries if entry.updated != first[entry.id].updated}
    assert sorted(changed) == [
        "Covered: Medium: Mopti 3 (Mali): admin1 conflict",
        "Medium: Mopti 2 (Mali): admin1 conflict",
        "Withdrawn: Medium: Mopti 4 (Mali): admin1 conflict",
    ]
    assert {entry.updated for entry in changed.values()} == {"2026-07-01T12:00:00Z"}
    covered, _, withdrawn = (changed[title] for title in sorted(changed))
    assert (
        covered.summary == "Covered on 2026-07-01: another alert covers it: hdx_conflict/ucdp/MLI/2026-05-01."
    )
    assert "the data were revised" in withdrawn.summary
    assert "## No longer standing" in digest(with_files)
    assert written(at(with_files, 2)) == ()
    # It stands again: an update once more, and no longer withdrawn.
    publish(alert(4))
    delivery.deliver(at(with_files, 3))
    entry = next(entry for entry in parsed(with_files).entries if "Mopti 4" in entry.title)
    assert (entry.title, entry.updated) == ("Medium: Mopti 4 (Mali): admin1 conflict", "2026-07-03T12:00:00Z")


def test_an_alert_that_a_revision_moved_says_where_it_is_now(with_files: Settings, publish: Publish) -> None:
    publish(alert(days_ago=12))
    delivery.deliver(with_files)
    moved = alert(days_ago=10)
    publish(moved)
    delivery.deliver(with_files)
    now, before = parsed(with_files).entries
    assert now.title == "Medium: Mopti 1 (Mali): admin1 conflict"
    assert before.title.startswith("Withdrawn: ")
    assert f"the data were revised, and it is now {moved['alert_id']}." in before.summary


def test_eighteen_months_and_a_hundred_at_most(with_files: Settings, publish: Publish) -> None:
    # The 88th is about a day 548 days ago, the 89th about one 554 days ago.
    publish(*(alert(number, days_ago=number * 6) for number in range(1, 99)))
    assert delivery.deliver(with_files).written.entries == 88
    (with_files.delivery / "sent.jsonl").unlink()
    publish(*(alert(number, days_ago=number / 10) for number in range(1, 131)))
    delivery.deliver(with_files)
    entries = parsed(with_files).entries
    assert len(entries) == 100
    assert "Mopti 1 " in entries[0].title and "Mopti 100 " in entries[-1].title


def test_what_no_longer_stands_counts_among_the_hundred_and_ends_after_eighteen_months(
    with_files: Settings, publish: Publish
) -> None:
    publish(*(alert(number, days_ago=10 + number / 10) for number in range(1, 101)))
    delivery.deliver(with_files)
    publish(alert(200, days_ago=1))
    delivery.deliver(with_files)
    entries = parsed(with_files).entries
    assert len(entries) == 100 and "Mopti 200 " in entries[0].title
    assert all(entry.title.startswith("Withdrawn: ") for entry in entries[1:])
    # The withdrawn alerts were of days 31 to 40 days ago, the standing one of 21 days ago.
    delivery.deliver(at(with_files, 525))
    assert len(parsed(with_files).entries) == 1


def test_what_may_not_be_passed_on_is_left_out_and_counted(with_files: Settings, publish: Publish) -> None:
    unknown = alert(4, source="somebody")
    publish(alert(1), alert(2, source="acled"), alert(3, source="acled"), unknown, loaded=("ucdp", "acled"))
    assert delivery.deliver(with_files).lines()[0].endswith("1 new of 1 alerts, 3 left out for their licence")
    held = (with_files.published / files.ATOM).read_text() + digest(with_files)
    assert "Mopti 2" not in held and "acled:" not in held
    said = "Left out: 3 from acled, somebody, whose licence does not allow passing them on"
    assert said in parsed(with_files).feed.subtitle
    assert said in digest(with_files)
    # Nor may it come in as one that no longer stands, where it was told before its licence was known.
    memory = with_files.delivery / "sent.jsonl"
    memory.write_text(memory.read_text().replace('"source": "ucdp"', '"source": "acled"'))
    publish()
    delivery.deliver(with_files)
    assert parsed(with_files).entries == []


def test_what_only_an_alert_that_is_left_out_speaks_for_is_told(
    with_files: Settings, publish: Publish
) -> None:
    acled = alert(1, source="acled")
    publish(
        acled,
        alert(2, suppressed_by=acled["alert_id"], suppression="other_source"),
        alert(3),
        alert(4, suppressed_by=alert(3)["alert_id"], suppression="covered"),
        alert(5, source="acled", suppressed_by=alert(3)["alert_id"], suppression="other_source"),
    )
    assert delivery.deliver(with_files).lines()[0].endswith("2 new of 2 alerts, 1 left out for their licence")
    assert {entry.title[:15] for entry in parsed(with_files).entries} == {
        "Medium: Mopti 2",
        "Medium: Mopti 3",
    }
    assert written(at(with_files, 1)) == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- a list", "\\- a list"),
        ("# a heading", "\\# a heading"),
        ("1. first", "1\\. first"),
        ("emerging_actor of 2026-07-01 (x)", "emerging_actor of 2026-07-01 (x)"),
        ("_so_ *so* `so` a|b <b> &amp;", "\\_so\\_ \\*so\\* \\`so\\` a\\|b \\<b\\> &amp;amp;"),
    ],
)
def test_markdown_marks_nothing_up_that_was_not_meant_to_be(text: str, told: str) -> None:
    assert files._plain_markdown(text) == told


def test_words_of_publishers_are_words_in_both(with_files: Settings, publish: Publish) -> None:
    publish(
        alert(area=HOSTILE.replace("\x00", ""), summary=HOSTILE.replace("\x00", ""), evidence="<b>ucdp:1</b>")
    )
    delivery.deliver(with_files)
    (entry,) = parsed(with_files).entries
    plain = "<script>alert(1)</script> & ]]> [click](https://evil.example) # *JNIM* [31m `x`"
    raw = ElementTree.parse(with_files.published / files.ATOM).getroot().find(f"{ATOM}entry")
    assert raw.find(f"{ATOM}title").text == f"Medium: {plain}: admin1 conflict"
    content = raw.find(f"{ATOM}content")
    assert content.get("type") == "html"
    assert "<script>" not in content.text and "&lt;script&gt;" in content.text
    assert "<script" not in entry.content[0].value
    told = digest(with_files)
    assert "<script>" not in told and "\\[click\\](https://evil.example) # \\*JNIM\\*" in told
    assert all(ord(sign) >= 32 or sign == "\n" for sign in told)


def test_made_data_say_so_in_both_and_are_other_entries(with_files: Settings, publish: Publish) -> None:
    publish(alert())
    delivery.deliver(with_files)
    (real,) = parsed(with_files).entries
    publish(alert(), made=True)
    delivery.deliver(replace(with_files, is_made=True))
    feed = parsed(with_files)
    assert feed.feed.title.startswith("Made data: ")
    assert MADE_BANNER in feed.feed.subtitle and MADE_BANNER in feed.entries[0].content[0].value
    assert feed.entries[0].id != real.id
    assert f"> **{MADE_BANNER}**" in digest(with_files)


def test_publishing_leaves_the_files_and_sweeps_what_a_killed_delivery_left(
    with_files: Settings, publish: Publish
) -> None:
    publish(alert())
    delivery.deliver(with_files)
    torn = with_files.published / ".alerts.atom.tmp"
    torn.write_bytes(b"<feed")
    publication._sweep(with_files.published)
    assert not torn.exists()
    assert {files.ATOM, files.DIGEST} <= {path.name for path in with_files.published.iterdir()}


def test_a_webhook_that_is_down_does_not_hold_the_files_up(with_files: Settings, publish: Publish) -> None:
    publish(alert())
    settings = replace(with_files, webhook_url="http://127.0.0.1:9/hook")
    with pytest.raises(delivery.WebhookFailed):
        delivery.deliver(settings, sleep=lambda seconds: None)
    assert len(parsed(settings).entries) == 1
    channels = [json.loads(line)["channel"] for line in lines_of(settings)]
    assert channels == [files.CHANNEL]


@pytest.mark.parametrize(
    "failure", [sitrep.NoReport("mine.md is there"), OSError(28, "No space left on device")]
)
def test_reports_that_cannot_be_written_hold_no_alert_up(
    with_files: Settings, publish: Publish, monkeypatch: pytest.MonkeyPatch, failure: OSError
) -> None:
    def fail(*_: object) -> None:
        raise failure

    publish(alert())
    monkeypatch.setattr(sitrep, "write_reports", fail)
    with pytest.raises(type(failure)):
        delivery.deliver(replace(with_files, report_files=True))
    assert len(parsed(with_files).entries) == 1


def test_a_file_with_alerts_and_too_old_for_reports_is_told_apart(
    with_files: Settings, publish: Publish
) -> None:
    publish(alert())
    with pytest.raises(delivery.PublishedTooOld, match="too old for reports"):
        delivery.deliver(replace(with_files, report_files=True))
    assert len(parsed(with_files).entries) == 1


def lines_of(settings: Settings) -> list[str]:
    return (settings.delivery / "sent.jsonl").read_text(encoding="utf-8").splitlines()


def test_each_home_has_its_own_feed_and_keeps_it(
    with_files: Settings, publish: Publish, tmp_path: Path
) -> None:
    publish(alert())
    delivery.deliver(with_files)
    first = parsed(with_files).feed.id
    (with_files.delivery / "feed_id").write_text("no id\n")
    delivery.deliver(with_files)
    assert parsed(with_files).feed.id != first, "a damaged one is made anew"
    again = parsed(with_files).feed.id
    delivery.deliver(at(with_files, 1))
    assert parsed(with_files).feed.id == again


def test_an_alert_without_figures_or_evidence_is_told(with_files: Settings, publish: Publish) -> None:
    bare: Row = alert(value=None, baseline=None, evidence=None, evidence_events=None, evidence_grade=None)
    publish(bare | {"source_release": None, "country_iso3": None, "provisional": False})
    delivery.deliver(with_files)
    (entry,) = parsed(with_files).entries
    assert "Evidence" not in entry.content[0].value and "None" not in entry.content[0].value
    assert datetime(2026, 6, 30, 12, tzinfo=UTC) == with_files.now()
