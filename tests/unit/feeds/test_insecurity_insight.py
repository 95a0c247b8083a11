"""The Insecurity Insight feed against a protocol-true server: what loads, what is revised, withdrawn, refused.

Belongs here: whole loads over HTTP through the real client, and what the ledger says of them. Does not belong
here: single fields (test_insecurity_insight_rows.py), the real file (tests/pipeline).
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration import steps
from orchestration.feeds.http import HttpClient
from orchestration.feeds.insecurity_insight import InsecurityInsightFeed
from orchestration.made_world.insecurity_insight_api import InsecurityInsightApi
from orchestration.made_world.publishers import Publishers, Request
from orchestration.made_world.server import serve
from orchestration.records import LoadRequest
from orchestration.settings import Settings
from tests.served import rows_of

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)


def incident(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "Date": f"2024-{1 + number % 4:02d}-{1 + number % 28:02d}",
        "Event Description": f"Invented incident {number}.",
        "Country": "Mali",
        "Country ISO": "MLI",
        "Admin 1": "Mopti",
        "Latitude": "14.5",
        "Longitude": "-4.2",
        "Geo Precision": "(2) 25 km precision ",
        "Educators Killed": "0",
        "Educators Injured": "1",
        "Educators Kidnapped": "0",
        "Educators Arrested": "0",
        "Students Killed": "0",
        "SiND Event ID": number,
        **changes,
    }


class Publisher:
    """The API with plain state, and a home that loads from it day by day."""

    def __init__(self, folder: Path) -> None:
        self.topics: dict[str, list[dict[str, Any]]] = {
            "education": [incident(number) for number in range(1, 13)]
        }
        self.api = InsecurityInsightApi(lambda topic, _: self.topics.get(topic))
        self.settings = replace(Settings.from_env(folder, environ={}), fixed_now=NOW)
        self.asked: list[Request] = []

    def handle(self, request: Request, as_of: datetime):
        self.asked.append(request)
        return self.api.handle(request, as_of)

    def load(self, *streams: str, days: int = 0, **changes: Any) -> dict[str, dict[str, Any]]:
        """The attempts of a load, by stream."""
        settings = replace(self.settings, fixed_now=NOW + timedelta(days=days), **changes)
        request = LoadRequest("insecurity_insight", streams=streams or ("education",))
        return {one["stream"]: one for one in steps.load(steps.Run(settings), request).attempts}

    def load_file(self, path: Path) -> dict[str, Any]:
        (attempt,) = steps.load(
            steps.Run(self.settings), LoadRequest("insecurity_insight", file=path)
        ).attempts
        return attempt

    def rows(self, sql: str) -> list[tuple]:
        return rows_of(self.settings.warehouse, sql)

    def standing(self) -> set[int]:
        """Ids whose newest version is no tombstone."""
        return {
            number
            for (number,) in self.rows(
                """select event_id from raw.insecurity_insight_incident
                   qualify row_number() over (partition by dataset, event_id order by attempt_id desc) = 1 and not is_withdrawn"""
            )
        }


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Publisher]:
    made = Publisher(tmp_path / "home")
    publishers = Publishers()
    publishers.apis["ii"] = made
    with serve(publishers) as served:
        made.settings = replace(made.settings, insecurity_insight_url=f"{served.base_url}/ii")
        yield made


def test_each_topic_is_a_stream_and_one_that_fails_stops_no_other(publisher: Publisher) -> None:
    publisher.topics["healthcare"] = [
        {
            "Date": "2024-02-01",
            "Country ISO": "NER",
            "Health Workers Killed": "1",
            "Health Workers Kidnapped": "0",
            "SiND Event ID": 1,
        }
    ]
    publisher.topics["protection"] = [{"SiND ID": 1}]
    attempts = publisher.load("education", "aid_workers", "protection", "health")
    assert {stream: one["status"] for stream, one in attempts.items()} == {
        "education": "ok",
        "aid_workers": "refused",
        "protection": "refused",
        "health": "ok",
    }
    assert "404" in attempts["aid_workers"]["error"]
    assert "none of the topics" in attempts["protection"]["error"]
    assert [request.path for request in publisher.asked] == [
        "/hdx/v1/education",
        "/hdx/v1/aidworkerKIKA",
        "/hdx/v1/protection",
        "/hdx/v1/healthcare",
    ]
    assert publisher.rows(
        "select dataset, count(*) from raw.insecurity_insight_incident where event_id = 1 group by 1 order by 1"
    ) == [("education", 1), ("health", 1)]


def test_the_same_answer_is_unchanged_and_asked_for_with_its_validator(publisher: Publisher) -> None:
    assert publisher.load()["education"]["rows_loaded"] == 12
    again = publisher.load(days=1)["education"]
    assert (again["status"], again["rows_parsed"]) == ("unchanged", 0)
    assert publisher.asked[-1].headers["if-none-match"]


def test_the_same_bytes_without_a_validator_are_unchanged_too(publisher: Publisher) -> None:
    publisher.load()
    whole = publisher.api.handle
    publisher.api.handle = lambda request, as_of: replace(whole(request, as_of), etag=None)
    assert publisher.load(days=1)["education"]["status"] == "unchanged"


def test_a_wider_scope_reads_the_same_answer_again(publisher: Publisher) -> None:
    publisher.topics["education"].append(incident(99, **{"Country ISO": "UKR", "Country": "Ukraine"}))
    first = publisher.load()["education"]
    assert (first["rows_loaded"], first["rows_out_of_scope"]) == (12, 1)
    wider = publisher.load(days=1, countries=None)["education"]
    assert (wider["rows_loaded"], wider["rows_unchanged"], wider["rows_out_of_scope"]) == (1, 12, 0)
    assert publisher.load(days=2)["education"]["status"] == "unchanged"


def test_a_changed_count_is_a_new_version_and_an_omitted_incident_is_withdrawn(publisher: Publisher) -> None:
    publisher.load()
    del publisher.topics["education"][0]
    publisher.topics["education"][0]["Students Killed"] = "2"
    attempt = publisher.load(days=1)["education"]
    assert (attempt["rows_loaded"], attempt["rows_withdrawn"], attempt["rows_unchanged"]) == (2, 1, 10)
    assert publisher.standing() == set(range(2, 13))
    assert publisher.rows(
        "select people_killed from raw.insecurity_insight_incident where event_id = 2 order by attempt_id"
    ) == [(0,), (2,)]


def test_a_field_without_a_column_of_its_own_makes_a_new_version_too(publisher: Publisher) -> None:
    publisher.load()
    publisher.topics["education"][0]["Attacks on Schools"] = 1
    assert publisher.load(days=1)["education"]["rows_loaded"] == 1


def test_another_type_for_the_same_value_makes_none(publisher: Publisher) -> None:
    publisher.load()
    for row in publisher.topics["education"]:
        row |= {"Educators Injured": 1, "SiND Event ID": str(row["SiND Event ID"]), "Admin 1": "Mopti "}
    attempt = publisher.load(days=1)["education"]
    assert (attempt["status"], attempt["rows_unchanged"]) == ("unchanged", 12)


def test_a_topic_withdraws_only_within_itself_and_the_scope(publisher: Publisher) -> None:
    publisher.topics["healthcare"] = [
        {**incident(number), "Health Workers Kidnapped": "0"} for number in range(1, 5)
    ]
    for row in publisher.topics["healthcare"]:
        del row["Educators Kidnapped"]
    publisher.topics["education"][11] |= {"Country": "Ukraine", "Country ISO": "UKR"}
    publisher.load("education", "health", countries=None)
    publisher.topics["education"] = publisher.topics["education"][1:11]
    assert publisher.load("education", days=1)["education"]["rows_withdrawn"] == 1
    assert publisher.rows(
        """select dataset, event_id from raw.insecurity_insight_incident where is_withdrawn"""
    ) == [("education", 1)]


def test_a_row_that_cannot_be_read_any_more_is_quarantined_and_not_withdrawn(publisher: Publisher) -> None:
    publisher.topics["education"] += [incident(number) for number in range(13, 41)]
    publisher.load()
    publisher.topics["education"][4]["Date"] = "soon"
    attempt = publisher.load(days=1)["education"]
    assert (attempt["rows_quarantined"], attempt["rows_withdrawn"]) == (1, 0)
    assert 5 in publisher.standing()
    ((reason, line, text),) = publisher.rows("select reason, line, row_text from ledger.quarantined_row")
    assert reason.startswith("Date 'soon' is no day")
    assert line == 5
    assert text.startswith("5\t{")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("html", "a web page instead of data"),
        ("error", "an object (error, message) instead of a list"),
        ("truncated", "breaks off or is damaged at line 1, column"),
        ("empty", "holds no incident"),
        ("third", "snapshot_has_not_shrunk"),
    ],
)
def test_what_is_no_whole_answer_is_refused_and_changes_nothing(
    publisher: Publisher, fault: str, told: str
) -> None:
    publisher.load()
    before = publisher.standing()
    publisher.api.faults["education"] = fault
    attempt = publisher.load(days=1)["education"]
    assert attempt["status"] == "refused"
    assert told in attempt["error"]
    assert publisher.standing() == before
    assert publisher.rows("select distinct period_end from ledger.coverage") == [(date(2024, 4, 12),)]
    publisher.api.faults.clear()
    publisher.topics["education"].append(incident(20))
    assert publisher.load(days=2)["education"]["rows_loaded"] == 1


def test_an_outage_is_a_failure_and_says_so(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "orchestration.steps.loading.HttpClient",
        lambda settings: HttpClient(settings, sleep=lambda _: None, max_attempts=1),
    )
    down = replace(publisher.settings, insecurity_insight_url="http://127.0.0.1:9")
    report = steps.load(steps.Run(down), LoadRequest("insecurity_insight", streams=("education",)))
    assert report.failed
    assert [one["status"] for one in report.attempts] == ["failed"]
    assert report.attempts[0]["error"].startswith("http://127.0.0.1:9/hdx/v1/education")


def test_coverage_runs_to_the_newest_incident_anywhere_and_never_to_the_clock(publisher: Publisher) -> None:
    publisher.topics["education"] += [
        incident(50, **{"Country ISO": "UKR", "Country": "Ukraine", "Date": "2024-05-20"}),
        incident(51, Date="2031-01-01"),
    ]
    attempt = publisher.load()["education"]
    assert attempt["status"] == "ok"
    assert attempt["newest_record_at"] <= datetime(2024, 5, 20)
    scope = publisher.settings.countries
    assert publisher.rows(
        "select source_release, period_start, period_end, count(distinct country_iso3) from ledger.coverage group by all"
    ) == [("education", date(2024, 1, 1), date(2024, 5, 20), len(scope))]


def test_a_future_incident_warns_and_loads(publisher: Publisher) -> None:
    publisher.topics["education"].append(incident(51, Date="2031-01-01"))
    report = steps.load(
        steps.Run(publisher.settings), LoadRequest("insecurity_insight", streams=("education",))
    )
    assert report.rows_loaded == 13
    assert any("incident_is_not_in_the_future" in problem for problem in report.problems)


def test_last_modified_is_when_the_rows_were_released(publisher: Publisher) -> None:
    whole = publisher.api.handle
    stamp = datetime(2024, 5, 30, 8, tzinfo=UTC)
    publisher.api.handle = lambda request, as_of: replace(whole(request, as_of), last_modified=stamp)
    publisher.load()
    assert publisher.rows("select distinct released_at from raw.insecurity_insight_incident") == [
        (datetime(2024, 5, 30, 8),)
    ]


def test_a_file_by_hand_adds_and_never_withdraws(publisher: Publisher, tmp_path: Path) -> None:
    publisher.load()
    path = tmp_path / "mali.json"
    path.write_text(json.dumps([incident(2, **{"Students Killed": "1"}), incident(80)]))
    attempt = publisher.load_file(path)
    assert (attempt["status"], attempt["rows_loaded"], attempt["rows_withdrawn"]) == ("ok", 2, 0)
    assert attempt["stream"].startswith("file-")
    assert publisher.standing() == {*range(1, 13), 80}
    # A small file after a large one is no shrunken topic.
    path.write_text(json.dumps([incident(81)]))
    assert publisher.load_file(path)["status"] == "ok"
    assert publisher.load_file(path)["status"] == "unchanged"
    # A file covers the countries and days that are in it.
    assert publisher.rows(
        "select country_iso3, period_start, period_end from ledger.coverage where source_release like 'file-%' order by all"
    ) == [
        ("MLI", date(2024, 1, 25), date(2024, 3, 3)),
        ("MLI", date(2024, 2, 26), date(2024, 2, 26)),
    ]


def test_after_an_older_file_by_hand_the_publisher_is_believed_again(
    publisher: Publisher, tmp_path: Path
) -> None:
    publisher.load()
    path = tmp_path / "censored.json"
    path.write_text(
        json.dumps(
            [{**row, "Event Description": "", "Latitude": None} for row in publisher.topics["education"]]
        )
    )
    assert publisher.load_file(path)["rows_loaded"] == 12
    healed = publisher.load(days=1)["education"]
    assert (healed["status"], healed["rows_loaded"]) == ("ok", 12)
    assert publisher.load(days=2)["education"]["status"] == "unchanged"


def test_a_file_that_is_something_else_is_refused_by_name(publisher: Publisher, tmp_path: Path) -> None:
    path = tmp_path / "incidents.xlsx"
    path.write_bytes(b"PK\x03\x04 rest")
    attempt = publisher.load_file(path)
    assert attempt["status"] == "refused"
    assert attempt["error"].startswith("incidents.xlsx: an Excel workbook; save")


@pytest.mark.parametrize(
    ("request_parts", "told"),
    [
        ({"date_from": date(2024, 1, 1)}, "leave out --from"),
        ({"release": "2024"}, "leave out --from, --to and --release"),
        ({"file": Path("nowhere.json")}, "no file at nowhere.json"),
    ],
)
def test_wrong_requests_say_what_to_do(
    publisher: Publisher, request_parts: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        steps.load(steps.Run(publisher.settings), LoadRequest("insecurity_insight", **request_parts))


def test_a_rebuild_gives_the_same_rows(publisher: Publisher) -> None:
    publisher.load()
    del publisher.topics["education"][0]
    publisher.load(days=1)
    sql = "select * from raw.insecurity_insight_incident order by attempt_id, event_id"
    before = publisher.rows(sql)
    publisher.settings.warehouse.unlink()
    steps.rebuild(steps.Run(publisher.settings))
    assert publisher.rows(sql) == before
    assert len(before) == 13


def test_the_doctor_asks_the_small_overview(publisher: Publisher) -> None:
    with HttpClient(publisher.settings) as http:
        (finding,) = InsecurityInsightFeed().probe(publisher.settings, http)
    assert finding.level == "ok"
    assert publisher.asked[-1].path == "/hdx/v1/educationOverview"
