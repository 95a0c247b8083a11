"""The made ReliefWeb: that it keeps the publisher's protocol, and that what it tells is of the made world.

Not here: the feed that reads it (tests/unit/feeds/test_reliefweb.py).
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from expectations.contracts.reliefweb import RELIEFWEB_DISASTER
from orchestration.made_world.publishers import Answer, Request
from orchestration.made_world.reliefweb import made_api
from orchestration.made_world.reliefweb_api import ReliefWebApi
from orchestration.made_world.world import MADE_LABEL, WORLD_END, World


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def api(world: World) -> ReliefWebApi:
    return made_api(world)


def ask(
    api: ReliefWebApi, kind: str = "reports", as_of: datetime = WORLD_END, **question: Any
) -> dict[str, Any]:
    query = {"appname": "made-world"}
    answer = api.handle(Request("POST", f"/v2/{kind}", query, body=json.dumps(question).encode()), as_of)
    assert answer.status == 200
    return json.loads(answer.body)


def get(api: ReliefWebApi, path: str, **query: str) -> Answer:
    return api.handle(Request("GET", path, query), WORLD_END)


# The protocol


def test_ten_entries_come_to_those_who_do_not_ask_for_more(api: ReliefWebApi) -> None:
    told = ask(api)
    assert (told["count"], len(told["data"])) == (10, 10)
    assert told["totalCount"] == sum(entry.at(WORLD_END) is not None for entry in api.reports)
    assert set(told["data"][0]["fields"]) == {"title"}


def test_pages_in_an_order_make_up_the_whole(api: ReliefWebApi) -> None:
    def page(offset: int) -> list[dict[str, Any]]:
        question = {"sort": ["date.changed:asc", "id:asc"], "limit": 300, "offset": offset}
        return ask(api, fields={"include": ["date.changed"]}, **question)["data"]

    pages = [page(offset) for offset in range(0, 900, 300)]
    walked = [entry for part in pages for entry in part]
    assert len({entry["id"] for entry in walked}) == len(walked) == ask(api)["totalCount"]
    stamps = [entry["fields"]["date"]["changed"] for entry in walked]
    assert stamps == sorted(stamps)


def test_filters_hold_for_ranges_values_and_their_negation(api: ReliefWebApi) -> None:
    mali = {"field": "country.iso3", "value": ["mli"], "operator": "OR"}
    of_june = {"field": "date.created", "value": {"from": "2026-06-01T00:00:00+00:00"}}

    def count(condition: dict[str, Any]) -> int:
        return ask(api, filter=condition)["totalCount"]

    everything = ask(api)["totalCount"]
    both = {"operator": "AND", "conditions": [mali, of_june]}
    either = {"operator": "OR", "conditions": [mali, of_june]}
    assert 0 < count(both) < count(mali) < everything
    assert count(either) == count(mali) + count(of_june) - count(both)
    assert count({**mali, "negate": True}) == everything - count(mali)


def test_archived_disasters_are_shown_to_analysts_only(api: ReliefWebApi) -> None:
    assert ask(api, "disasters")["totalCount"] < ask(api, "disasters", preset="analysis")["totalCount"]


def test_refusals_are_the_publishers(api: ReliefWebApi) -> None:
    assert get(api, "/v1/reports", appname="made-world").status == 410
    assert get(api, "/v2/reports", appname="somebody").status == 403
    assert b"not using an approved appname" in get(api, "/v2/reports").body
    assert get(api, "/v2/sources", appname="made-world").status == 404
    broken = Request("POST", "/v2/reports", {"appname": "made-world"}, body=b"{")
    assert api.handle(broken, WORLD_END).status == 400


def test_a_challenge_comes_once_for_each_that_is_asked_for(world: World) -> None:
    api = made_api(world)
    api.faults.append("challenge")
    challenged = get(api, "/updates/rss.xml")
    assert (challenged.status, challenged.headers["x-amzn-waf-action"]) == (202, "challenge")
    assert get(api, "/updates/rss.xml").status == 200


def test_rss_shows_the_twenty_newest(api: ReliefWebApi) -> None:
    answer = get(api, "/updates/rss.xml")
    assert answer.body.count(b"<item>") == 20
    assert answer.last_modified and answer.last_modified < WORLD_END


# The content


def test_the_same_world_tells_the_same(world: World, api: ReliefWebApi) -> None:
    assert made_api(World()).reports == api.reports


def test_every_text_says_that_it_is_made(api: ReliefWebApi) -> None:
    for entry in (*api.reports, *api.disasters):
        for _, fields in entry.versions:
            assert fields.get("title", fields.get("name", "")).startswith("[Made]")
            assert fields.get("body", MADE_LABEL).startswith(MADE_LABEL)
            assert fields["url"].startswith("https://made.example/")


def test_reports_are_edited_and_taken_down(api: ReliefWebApi) -> None:
    edited = [entry for entry in api.reports if len(entry.versions) > 1]
    assert any(entry.versions[0][1] != entry.versions[1][1] for entry in edited)
    assert any(entry.versions[0][1] == entry.versions[1][1] for entry in edited)
    gone = next(entry for entry in api.reports if entry.removed_at)
    assert gone.at(gone.removed_at - timedelta(seconds=1))["id"] == gone.number
    assert gone.at(gone.removed_at) is None
    assert gone.at(datetime(2000, 1, 1, tzinfo=UTC)) is None


def test_statuses_of_disasters_are_the_contracts(api: ReliefWebApi) -> None:
    status = next(column for column in RELIEFWEB_DISASTER.columns if column.name == "status")
    told = {fields["status"] for entry in api.disasters for _, fields in entry.versions}
    assert told <= set(status.vocabulary)
    assert {"alert", "current", "past", "archive"} == told
