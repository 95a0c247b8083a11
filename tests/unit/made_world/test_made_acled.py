"""The made ACLED: its API answers as the real one is documented to, and its content is made, coded and revised.

Here: the server's side of the protocol, asked by hand. Not here: our client (tests/unit/feeds/test_acled_*.py).
"""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

import pytest

from expectations.contracts.acled import ACLED_EVENT, EVENT_TYPES
from orchestration.made_world import MADE_LABEL, World
from orchestration.made_world.acled import Acled
from orchestration.made_world.acled_api import AcledApi, AcledRecords, Fault, _months_before
from orchestration.made_world.publishers import Answer, Request

AS_OF = datetime(2026, 6, 30, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def made() -> Acled:
    return Acled(World(seed=7, scale=0.2))


def api(records: Any = None, **changes: Any) -> AcledApi:
    return AcledApi(records or AcledRecords(rows()), accounts={"made": "word"}, **changes)


def rows() -> list[dict[str, Any]]:
    told = [
        ("MLI1", "2026-06-01", 466, "Mali", 100), ("SOM1", "2026-06-02", 706, "Somalia", 200),
        ("NIR1", "2025-01-05", 562, "Niger", 300), ("NIG1", "2026-06-03", 566, "Nigeria", 400),
    ]  # fmt: skip
    names = ("event_id_cnty", "event_date", "iso", "country", "timestamp")
    return [dict(zip(names, row, strict=True)) for row in told]


def login(server: AcledApi, as_of: datetime = AS_OF, **changes: str) -> Answer:
    form = {
        "username": "made", "password": "word", "grant_type": "password", "client_id": "acled",
        "scope": "authenticated", **changes,
    }  # fmt: skip
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return server.handle(Request("POST", "/oauth/token", {}, headers, urlencode(form).encode()), as_of)


def read(
    server: AcledApi, path: str = "/api/acled/read", as_of: datetime = AS_OF, **query: str
) -> dict[str, Any]:
    token = json.loads(login(server, as_of).body)["access_token"]
    answer = server.handle(Request("GET", path, query, {"authorization": f"Bearer {token}"}), as_of)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def ids(envelope: dict[str, Any]) -> list[str]:
    return [row["event_id_cnty"] for row in envelope["data"]]


# --- the API -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["NIG1", "SOM1", "MLI1", "NIR1"]),  # newest day first
        ({"iso": "466|562"}, ["MLI1", "NIR1"]),
        ({"country": "Mali"}, ["SOM1", "MLI1"]),  # the trap: a name is searched for anywhere
        ({"country": "Niger", "country_where": "="}, ["NIR1"]),
        ({"event_id_cnty": "ni"}, ["NIG1", "NIR1"]),
        ({"event_date": "2026-06-01"}, ["MLI1"]),
        ({"event_date": "2026-06-01|2026-06-02", "event_date_where": "BETWEEN"}, ["SOM1", "MLI1"]),
        ({"timestamp": "200"}, ["NIG1", "SOM1", "NIR1"]),
        ({"timestamp": "200", "timestamp_where": ">"}, ["NIG1", "NIR1"]),
        ({"timestamp": "1970-01-01", "timestamp_where": "<="}, []),
        ({"timestamp": "300", "timestamp_where": "<"}, ["SOM1", "MLI1"]),
    ],
)
def test_filters_and_their_operators(query: dict[str, str], expected: list[str]) -> None:
    assert ids(read(api(), **query)) == expected


def test_pages_end_with_a_null() -> None:
    server = api(page_rows=3)
    first = read(server, cursor="0")
    assert (first["count"], first["next_cursor"]) == (3, 3)
    second = read(server, cursor="3")
    assert (ids(second), second["next_cursor"]) == (["NIR1"], None)
    assert read(server, limit="2")["count"] == 2


def test_all_values_are_texts_and_population_is_asked_for() -> None:
    (row,) = read(api(), iso="466")["data"]
    assert set(map(type, row.values())) == {str}
    assert len(row) == 31
    assert len(read(api(), iso="466", population="full")["data"][0]) == 35
    assert set(row) <= set(ACLED_EVENT.column_names)


def test_tokens_are_asked_for_and_end() -> None:
    server = api()
    assert server.handle(Request("GET", "/api/acled/read"), AS_OF).status == 403
    assert login(server, password="x").status == 400
    assert json.loads(login(server, password="x").body)["error"] == "invalid_grant"
    assert login(server, scope="").status == 415
    token = json.loads(login(server).body)
    headers = {"authorization": f"Bearer {token['access_token']}"}
    assert server.handle(Request("GET", "/api/acled/read", {}, headers), AS_OF).status == 200
    assert (
        server.handle(Request("GET", "/api/acled/read", {}, headers), AS_OF + timedelta(days=2)).status == 401
    )
    again = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"], "client_id": "acled"}
    request = Request("POST", "/oauth/token", {}, {}, urlencode(again).encode())
    assert server.handle(request, AS_OF + timedelta(days=2)).status == 200
    assert server.handle(request, AS_OF + timedelta(days=2)).status == 400  # it counts once


def test_tiers_and_the_embargo() -> None:
    server = api(tier="open")
    token = json.loads(login(server).body)["access_token"]
    request = Request("GET", "/api/acled/read", {}, {"authorization": f"Bearer {token}"})
    assert json.loads(server.handle(request, AS_OF).body) == {"message": "Access denied"}
    envelope = read(api(tier="research"))
    assert ids(envelope) == ["NIR1"]
    assert envelope["data_query_restrictions"] == {
        "date_recency": {"quantity": 12, "unit": "Months", "date": "2025-06-30"}
    }


def test_a_plain_script_is_blocked() -> None:
    answer = api().handle(Request("GET", "/api/acled/read", {}, {"user-agent": "Python-urllib/3.11"}), AS_OF)
    assert (answer.status, b"1010" in answer.body) == (403, True)


def test_other_paths_are_not_there() -> None:
    assert api().handle(Request("GET", "/api/cast/read"), AS_OF).status == 404


def test_faults_come_in_their_turn() -> None:
    server = api(faults=[Fault("events", "wrong_count", times=1, skip=1)])
    assert [read(server)["count"] for _ in range(3)] == [4, 5, 4]


def test_records_are_put_and_deleted() -> None:
    records = AcledRecords(rows())
    server = api(records)
    records.delete("MLI1", 500)
    assert "MLI1" not in ids(read(server))
    assert read(server, "/api/deleted/read", deleted_timestamp="500")["data"] == [
        {"event_id_cnty": "MLI1", "deleted_timestamp": "500"}
    ]
    assert read(server, "/api/deleted/read", deleted_timestamp="501")["data"] == []
    records.put({**rows()[0], "timestamp": 600})
    assert "MLI1" in ids(read(server))


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 6, 30), 12, date(2025, 6, 30)),
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2026, 1, 15), 1, date(2025, 12, 15)),
        (date(2024, 12, 31), 12, date(2023, 12, 31)),
    ],
)
def test_months_before(day: date, months: int, expected: date) -> None:
    assert _months_before(day, months) == expected


# --- the content -------------------------------------------------------------------------------------


def test_the_same_world_gives_the_same_events(made: Acled) -> None:
    assert Acled(World(seed=7, scale=0.2)).events(AS_OF) == made.events(AS_OF)
    assert Acled(World(seed=8, scale=0.2)).events(AS_OF) != made.events(AS_OF)


def test_every_event_says_that_it_is_made_and_is_coded_as_acled_codes(made: Acled) -> None:
    events = made.events(AS_OF)
    assert len(events) > 1000
    for row in events:
        assert MADE_LABEL in row["notes"]
        assert row["sub_event_type"] in EVENT_TYPES[row["event_type"]]
        assert row["year"] == int(row["event_date"][:4])
        assert row["timestamp"] <= AS_OF.timestamp()
    assert {row["event_type"] for row in events} == set(EVENT_TYPES)
    assert len({row["event_id_cnty"] for row in events}) == len(events)


def test_ids_begin_with_the_country_as_acled_has_it(made: Acled) -> None:
    prefixes = {row["country"]: row["event_id_cnty"].rstrip("0123456789") for row in made.events(AS_OF)}
    assert (prefixes["Niger"], prefixes["Nigeria"], prefixes["Burkina Faso"]) == ("NIR", "NIG", "BFO")


def test_an_event_is_told_of_in_the_week_after_it(made: Acled) -> None:
    for versions in list(made.histories.values())[:300]:
        first = versions[0]
        assert first.row is not None
        assert first.at.weekday() == 1
        assert 2 <= (first.at.date() - date.fromisoformat(first.row["event_date"])).days <= 10


def test_events_are_edited_deleted_and_issued_anew(made: Acled) -> None:
    histories = made.histories.values()
    assert sum(len(versions) > 1 for versions in histories) > 0.3 * len(histories)
    assert all(one.at < other.at for versions in histories for one, other in pairwise(versions))
    again = [v for v in histories if any(one.row is None for one in v) and v[-1].row is not None]
    assert again
    deleted = made.deletions(AS_OF)
    assert 0.005 < len(deleted) / len(histories) < 0.05
    standing = {row["event_id_cnty"]: row["timestamp"] for row in made.events(AS_OF)}
    for one in deleted:
        # Deleted events are gone, but for those issued anew later.
        assert standing.get(one["event_id_cnty"], 2**40) > one["deleted_timestamp"]


def test_the_past_is_served_as_it_was(made: Acled) -> None:
    now = {row["event_id_cnty"]: row for row in made.events(AS_OF)}
    gone, edited = set(), set()
    for days in (200, 500, 800, 1_100):
        earlier = AS_OF - timedelta(days=days)
        then = {row["event_id_cnty"]: row for row in made.events(earlier)}
        assert all(row["timestamp"] <= earlier.timestamp() for row in then.values())
        gone |= set(then) - set(now)
        edited |= {event_id for event_id, row in then.items() if now.get(event_id, row) != row}
    assert gone and edited
    # The last version is what the made ACLED means; the edits before it lead there.
    lasting = {event_id: told.row for event_id, told in made.tellings.items()}
    assert sum(now[key]["fatalities"] != lasting[key]["fatalities"] for key in now) < 0.02 * len(now)
