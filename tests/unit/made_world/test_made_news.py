"""The press: formats that a reader of feeds understands, languages, and items that misbehave."""

import json
from datetime import UTC, datetime, timedelta

import feedparser
import pytest
import yaml

from orchestration.made_world import MADE_LABEL, WORLD_END, Publishers
from orchestration.made_world.news import (
    FUTURE_ITEM_APPEARS,
    FUTURE_ITEM_DATE,
    ITEMS_IN_FEED,
    OUTLETS,
    News,
)
from orchestration.made_world.world import BLOCKADE

BY_ID = {outlet.feed_id: outlet for outlet in OUTLETS}
VERSIONS = {"rss": "rss20", "rdf": "rss10", "atom": "atom10"}
XML_OUTLETS = [outlet for outlet in OUTLETS if outlet.format in VERSIONS]


@pytest.fixture(scope="module")
def news(at_the_end: Publishers) -> News:
    return at_the_end.news


@pytest.mark.parametrize("outlet", XML_OUTLETS, ids=lambda outlet: outlet.feed_id)
def test_xml_feeds_parse(news: News, outlet) -> None:
    content, _ = news.render(outlet, WORLD_END)
    feed = feedparser.parse(content)
    assert not feed.bozo, feed.get("bozo_exception")
    assert feed.version == VERSIONS[outlet.format]
    assert len(feed.entries) == ITEMS_IN_FEED
    for entry in feed.entries:
        assert entry.title.startswith("[Made] ")
        assert entry.link.startswith("https://made.example/")
        assert MADE_LABEL in entry.summary
        assert bool(entry.get("published_parsed") or entry.get("updated_parsed")) is outlet.dated


def test_json_feed(news: News) -> None:
    content, kind = news.render(BY_ID["made_gulf_desk"], WORLD_END)
    feed = json.loads(content)
    assert kind.startswith("application/feed+json") and feed["version"].endswith("/1.1")
    assert len(feed["items"]) == ITEMS_IN_FEED
    for item in feed["items"]:
        assert item["title"].startswith("[Made] ") and item["date_published"].endswith("Z")


def test_windows_1252_bytes(news: News) -> None:
    content, kind = news.render(BY_ID["made_courrier_fleuve"], WORLD_END)
    assert content.startswith(b'<?xml version="1.0" encoding="windows-1252"?>') and "charset" not in kind
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")
    assert "’" in content.decode("windows-1252")


def test_both_languages_and_spellings(news: News) -> None:
    words = {
        language: " ".join(
            f"{item.titles[0][1]} {item.summary}"
            for outlet in OUTLETS
            if outlet.language == language
            for item in news.items(outlet.feed_id)
        )
        for language in ("en", "fr")
    }
    assert "Timbuktu" in words["en"] and "Tombouctou" not in words["en"]
    assert "Tombouctou" in words["fr"] and "GSIM" in words["fr"] and "le JNIM" in words["fr"]
    assert "Wagner" in words["en"] and "Africa Corps" in words["en"]


def test_headline_changes_under_the_same_guid(news: News) -> None:
    outlet = BY_ID["made_bulletin_liptako"]
    item = next(one for one in reversed(news.items(outlet.feed_id)) if len(one.titles) > 1)
    changed_at = item.titles[1][0]
    shown = [
        {one.guid: one.title_at(at) for one in news.visible(outlet, at)}[item.guid]
        for at in (changed_at - timedelta(minutes=1), changed_at)
    ]
    assert shown == [item.titles[0][1], item.titles[1][1]] and shown[0] != shown[1]
    assert news.changed_at(outlet, changed_at) >= changed_at


def test_the_future_item(news: News) -> None:
    outlet = BY_ID["made_bulletin_liptako"]
    before = news.visible(outlet, FUTURE_ITEM_APPEARS - timedelta(minutes=1))
    (item,) = [one for one in news.visible(outlet, FUTURE_ITEM_APPEARS) if one.note == "future"]
    assert not [one for one in before if one.note == "future"]
    assert item.dated_at == FUTURE_ITEM_DATE > FUTURE_ITEM_APPEARS + timedelta(days=10)


def test_items_appear_in_time_and_never_before_the_incident(news: News) -> None:
    by_id = {incident.incident_id: incident for incident in news.world.incidents}
    at = datetime(2025, 5, 5, tzinfo=UTC)
    for outlet in OUTLETS:
        assert all(item.appears_at <= at for item in news.visible(outlet, at))
        for item in news.items(outlet.feed_id):
            if item.incident_id:
                assert item.dated_at > by_id[item.incident_id].happened_at
        guids = [item.guid for item in news.items(outlet.feed_id)]
        assert len(set(guids)) == len(guids)


def test_the_wire_is_copied_word_for_word(news: News) -> None:
    wire = {item.incident_id: item for item in news.items("made_sahel_wire") if item.note != "reposted"}
    copies = [item for item in news.items("made_gulf_desk") if item.note == "wire_copy"]
    assert len(copies) > 50
    for item in copies:
        assert item.titles[0][1] == wire[item.incident_id].titles[0][1]
        assert item.summary == wire[item.incident_id].summary and item.guid != wire[item.incident_id].guid


def test_the_press_disagrees_on_the_first_attack_in_nigeria(news: News) -> None:
    told = [
        f"{item.titles[0][1]} {item.summary}"
        for outlet in OUTLETS
        for item in news.items(outlet.feed_id)
        if item.note == "attribution_conflict"
    ]
    blames_bandits = [
        text for text in told if "bandits" in text or "gunmen" in text.lower() or "hommes armés" in text
    ]
    assert blames_bandits and len(blames_bandits) < len(told)


def test_the_blockade_is_told_by_the_press(news: News) -> None:
    told = [
        item
        for outlet in OUTLETS
        for item in news.items(outlet.feed_id)
        if BLOCKADE[0] <= item.appears_at.date() <= BLOCKADE[1]
        and any(
            word in item.titles[0][1].lower()
            for word in ("blockade", "convoy", "tankers", "blocus", "convoi")
        )
    ]
    assert len(told) > 100
    assert len({item.feed_id for item in told}) >= 5


def test_pages_that_are_no_feeds(at_the_end: Publishers) -> None:
    consent = at_the_end.answer(BY_ID["made_consent_page"].path)
    assert (consent.status, consent.content_type) == (200, "text/html; charset=utf-8")
    assert consent.body.startswith(b"<!DOCTYPE html>")
    assert at_the_end.answer(BY_ID["made_closed_desk"].path).status == 404


def test_feed_list_is_yaml_with_what_the_news_feed_needs(at_the_end: Publishers) -> None:
    feeds = yaml.safe_load(at_the_end.feed_list("http://127.0.0.1:1"))["feeds"]
    assert len(feeds) == len(OUTLETS) == 9
    for feed in feeds:
        assert set(feed) == {"id", "url", "language", "publisher", "reliability"}
        assert feed["publisher"].startswith("Made World ")
        assert feed["url"] == f"http://127.0.0.1:1{BY_ID[feed['id']].path}"


def test_same_bytes_from_a_world_made_again(news: News, made_again: Publishers) -> None:
    again = made_again.news
    for outlet in OUTLETS:
        if outlet.format != "gone":
            assert again.render(outlet, WORLD_END) == news.render(outlet, WORLD_END)


def test_an_outlet_before_its_first_item_is_an_empty_feed(news: News) -> None:
    content, _ = news.render(BY_ID["made_sahel_wire"], datetime(2021, 6, 1, tzinfo=UTC))
    assert feedparser.parse(content).entries == []
