"""The made topics of Insecurity Insight: deterministic, monthly, revised and taken back, and readable by the feed."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from orchestration.feeds.insecurity_insight_rows import TOPICS, read_records, rows_of, topic_of
from orchestration.made_world.insecurity_insight import TOPICS as MADE_TOPICS, MadeInsecurityInsight
from orchestration.made_world.insecurity_insight_api import FAULTS, InsecurityInsightApi
from orchestration.made_world.publishers import Request
from orchestration.made_world.world import MADE_LABEL, WORLD_END, World


@pytest.fixture(scope="module")
def made() -> MadeInsecurityInsight:
    return MadeInsecurityInsight(World())


def ask(api: InsecurityInsightApi, path: str, method: str = "GET"):
    return api.handle(Request(method, path), WORLD_END)


def test_the_topics_are_those_that_the_feed_asks_for() -> None:
    assert {topic.path for topic in TOPICS} == set(MADE_TOPICS)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.dataset)
def test_the_feed_reads_every_made_incident(made: MadeInsecurityInsight, topic) -> None:
    answer = ask(InsecurityInsightApi(made.rows), f"/hdx/v1/{topic.path}")
    assert (answer.status, answer.content_type) == (200, "application/json; charset=utf-8")
    records = read_records(answer.body)
    assert topic_of(records) is topic
    found = rows_of(records, topic, None)
    assert len(found.rows) == len(records) > 50
    assert (found.rejects, found.extra_columns) == ([], ())
    assert all(MADE_LABEL in row["event_description"] for row in found.rows)
    assert all(row["perpetrator_name"] and row["geo_precision"] for row in found.rows)


def test_the_same_seed_tells_the_same(made: MadeInsecurityInsight) -> None:
    again = MadeInsecurityInsight(World())
    for topic in MADE_TOPICS:
        assert json.dumps(again.rows(topic, WORLD_END)) == json.dumps(made.rows(topic, WORLD_END))


def test_incidents_appear_after_their_month_and_some_change_or_go(made: MadeInsecurityInsight) -> None:
    day = datetime(2025, 6, 9, tzinfo=UTC)
    before = {row["SiND Event ID"]: row for row in made.rows("education", day)}
    assert max(row["Date"] for row in before.values()) < "2025-05-01"
    # The next issue brings May, and a year later earlier incidents have been revised and taken back.
    after = {row["SiND Event ID"]: row for row in made.rows("education", day + timedelta(days=2))}
    assert any(row["Date"].startswith("2025-05") for row in after.values())
    later = {row["SiND Event ID"]: row for row in made.rows("education", WORLD_END)}
    revised = [number for number, row in before.items() if number in later and later[number] != row]
    assert revised
    assert any(_ids(made, topic, day) - _ids(made, topic, WORLD_END) for topic in MADE_TOPICS)
    for number in revised:
        changed = {name for name in before[number] if before[number][name] != later[number][name]}
        assert changed <= {"Educators Killed", "Students Injured", "Attacks on Students and Teachers"}


def _ids(made: MadeInsecurityInsight, topic: str, day: datetime) -> set[int]:
    return {row.get("SiND Event ID") or row["SiND ID"] for row in made.rows(topic, day)}


def test_one_incident_has_one_id_in_every_topic(made: MadeInsecurityInsight) -> None:
    education = {row["SiND Event ID"]: row for row in made.rows("education", WORLD_END)}
    health = {row["SiND Event ID"]: row for row in made.rows("healthcare", WORLD_END)}
    shared = set(education) & set(health)
    assert shared
    for number in shared:
        assert education[number]["Date"] == health[number]["Date"]


def test_the_api_answers_overviews_and_nothing_else(made: MadeInsecurityInsight) -> None:
    api = InsecurityInsightApi(made.rows)
    overview = json.loads(ask(api, "/hdx/v1/educationOverview").body)
    assert sum(int(row["Number Of Events"]) for row in overview) == len(made.rows("education", WORLD_END))
    for path, method in (("/hdx/v1/sv", "GET"), ("/education", "GET"), ("/hdx/v1/education", "POST")):
        assert ask(api, path, method).status == 404


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_another_answer_until_it_is_mended(made: MadeInsecurityInsight, fault: str) -> None:
    api = InsecurityInsightApi(made.rows)
    whole = ask(api, "/hdx/v1/education")
    api.faults["education"] = fault
    broken = ask(api, "/hdx/v1/education")
    assert broken.status == 200
    assert broken.body != whole.body
    api.faults.clear()
    assert ask(api, "/hdx/v1/education") == whole


def test_a_misspelt_fault_is_said(made: MadeInsecurityInsight) -> None:
    api = InsecurityInsightApi(made.rows)
    api.faults["education"] = "slow"
    with pytest.raises(ValueError, match="unknown fault 'slow'; use one of html"):
        ask(api, "/hdx/v1/education")
