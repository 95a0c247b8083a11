"""What the ACLED feed asks for and what it makes of the answers, over HTTP against the made API.

Here: login, refusals, paging, the order of questions, cursors and coverage of single fetches, the doctor's probe.
Not here: rows (test_acled_parse.py), and what loads leave in the warehouse (test_acled_load.py).
"""

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from orchestration.feeds import acled, acled_client
from orchestration.feeds.acled import AcledFeed
from orchestration.made_world.acled_api import Fault
from orchestration.records import Batch, Finding, Status
from orchestration.settings import Settings
from tests.unit.feeds.acled_publisher import PASSWORD, USER, Publisher, at, event, publisher_for


@pytest.fixture
def publisher(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.setattr(acled, "FIRST_DAY", date(2024, 1, 1))
    with publisher_for(settings) as made:
        yield made


def told(batches: list[Batch]) -> list[tuple[str, Status, str | None]]:
    return [(batch.partition_key, batch.attempts[0].status, batch.attempts[0].error) for batch in batches]


def only(batches: list[Batch]) -> tuple[Status, str]:
    """Status and error of a fetch that ended at its first question."""
    ((_, status, error),) = told(batches)
    return status, error or ""


def known(publisher: Publisher, stamp: int) -> None:
    """As after a whole load that ended at a stamp and had covered all up to the 20th."""
    publisher.memory.cursors = {f"events/{iso3}": str(stamp) for iso3 in publisher.settings.countries}
    publisher.memory.cursors["deletions"] = str(stamp)
    publisher.memory.coverage = [
        {
            "source_release": "x",
            "country_iso3": iso3,
            "period_start": date(2024, 1, 1),
            "period_end": date(2026, 6, 20),
        }
        for iso3 in publisher.settings.countries
    ]


# --- login -------------------------------------------------------------------------------------------


def test_without_an_account_both_variables_are_named(publisher: Publisher) -> None:
    publisher.settings = replace(publisher.settings, acled_password=None)
    with pytest.raises(ValueError, match=r"ACLED_USERNAME and ACLED_PASSWORD.*SAHEL_FEEDS"):
        publisher.fetch()
    assert publisher.api.asked == []


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        ({"release": "24.1"}, "leave out --release"),
        ({"file": Path("acled.csv")}, "leave out --release and --file"),
        ({"date_from": date(2026, 2, 1), "date_to": date(2026, 1, 1)}, "swap --from and --to"),
    ],
)
def test_wrong_requests_are_told(publisher: Publisher, request_: dict, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        publisher.fetch(**request_)


def test_a_wrong_password_is_told_once_and_nothing_more_is_asked(publisher: Publisher) -> None:
    publisher.settings = replace(publisher.settings, acled_password="made-wrong")
    known(publisher, at("2026-06-20"))
    status, error = only(publisher.fetch())
    assert status is Status.REFUSED
    assert "user name or password not accepted" in error
    assert [name for name, _ in publisher.api.asked] == ["token"]  # a locked account is nobody's wish


def test_the_login_sends_all_five_fields(publisher: Publisher) -> None:
    publisher.fetch()
    (login,) = publisher.asked("token")
    assert login == {"grant_type": "password", "fields": "client_id grant_type password scope username"}


def test_a_415_of_the_login_is_said_so(publisher: Publisher) -> None:
    publisher.api.faults = [Fault("token", "415")]
    status, error = only(publisher.fetch())
    assert status is Status.REFUSED
    assert "415" in error
    assert "scope=authenticated" in error


def test_a_login_without_a_token_is_refused(publisher: Publisher) -> None:
    publisher.api.faults = [Fault("token", "token_missing")]
    status, error = only(publisher.fetch())
    assert status is Status.REFUSED
    assert "without a token" in error


def test_a_refused_token_is_replaced_once(publisher: Publisher) -> None:
    publisher.records.put(event("MLI1", "2026-06-01", "2026-06-09"))
    publisher.api.faults = [Fault("events", "401")]
    assert publisher.fetch()[0].attempts[0].status is Status.OK
    assert [query["grant_type"] for query in publisher.asked("token")] == ["password", "password"]


def test_a_token_revoked_between_pages_is_replaced_too(publisher: Publisher) -> None:
    publisher.records.put(event("MLI1", "2026-06-01", "2026-06-09"))
    publisher.api.faults = [Fault("events", "401", times=1, skip=1)]
    assert [batch.attempts[0].status for batch in publisher.fetch()] == [
        Status.OK,
        Status.EMPTY,
        Status.EMPTY,
    ]
    assert len(publisher.asked("token")) == 2


def test_a_second_401_is_the_end(publisher: Publisher) -> None:
    publisher.api.faults = [Fault("events", "401", times=9)]
    status, error = only(publisher.fetch())
    assert status is Status.REFUSED
    assert "refused (401), also after logging in once more" in error
    assert len(publisher.asked("events")) == 2


def test_an_old_token_is_refreshed_without_the_password(publisher: Publisher) -> None:
    publisher.records.put(event("MLI1", "2026-06-01", "2026-06-09"))
    publisher.api.token_s = 60  # less than the margin: old as soon as it is given
    publisher.fetch()
    grants = [query["grant_type"] for query in publisher.asked("token")]
    assert grants == ["password", "refresh_token", "refresh_token"]


def test_a_refresh_that_is_refused_falls_back_on_the_password(publisher: Publisher) -> None:
    publisher.records.put(event("MLI1", "2026-06-01", "2026-06-09"))
    publisher.api.token_s = 60
    with publisher.client() as http:
        batches = publisher.fetching(http)
        assert next(batches).attempts[0].status is Status.OK
        publisher.api.revoke_tokens()
        assert next(batches).attempts[0].status is Status.EMPTY
    assert [query["grant_type"] for query in publisher.asked("token")] == [
        "password",
        "refresh_token",
        "password",
    ]


# --- refusals ----------------------------------------------------------------------------------------


def test_an_account_without_the_right_is_told_why(publisher: Publisher) -> None:
    publisher.api.tier = "open"
    status, error = only(publisher.fetch())
    assert status is Status.REFUSED
    assert "no right to the event API" in error
    assert "Open tier has weekly aggregates only" in error
    assert len(publisher.asked("events")) == 1


@pytest.mark.parametrize("endpoint", ["token", "events"])
def test_a_blocked_client_is_not_taken_for_a_missing_right(publisher: Publisher, endpoint: str) -> None:
    publisher.api.faults = [Fault(endpoint, "1010", times=9)]
    status, error = only(publisher.fetch())
    assert status is Status.REFUSED
    assert "Cloudflare error 1010" in error
    assert "SAHEL_CONTACT" in error
    assert "no right" not in error


def test_an_outage_fails_and_is_given_up_after_three(publisher: Publisher) -> None:
    known(publisher, at("2026-06-20"))
    publisher.memory.coverage = []
    publisher.publishers.down = {"acled"}
    batches = publisher.fetch()
    assert [batch.attempts[0].status for batch in batches] == [Status.FAILED] * 3
    assert "the rest was not asked for" in batches[-1].attempts[0].error


def test_the_first_load_stops_where_its_newest_year_fails(publisher: Publisher) -> None:
    publisher.api.faults = [Fault("events", "wrong_count")]
    status, error = only(publisher.fetch())
    assert status is Status.REFUSED
    assert "the years before 2026 are asked for after it" in error


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [
        ("html", "not JSON"),
        ("wrong_count", "count says 2 and 1 rows came"),
        ("not_ok", 'status 500, success false: ["made trouble"]'),
        ("message", "an error instead of rows: made trouble"),
        ("same_cursor", "the same next_cursor a second time"),
        ("blind_embargo", "how far the account sees is not known"),
    ],
)
def test_a_page_that_does_not_hold_together_is_refused_and_kept(
    publisher: Publisher, kind: str, complaint: str
) -> None:
    publisher.records.put(event("MLI1", "2026-06-01", "2026-06-09"))
    publisher.api.faults = [Fault("events", kind)]
    batches = publisher.fetch()
    status, error = only(batches)
    assert status is Status.REFUSED
    assert complaint in error
    assert "events 2026-01-01..2026-06-30, page 1" in error
    assert batches[0].table is None
    assert batches[0].payloads[0].path.is_file()
    assert batches[0].ledger_rows == {}


def test_niger_that_brings_nigeria_is_refused(publisher: Publisher) -> None:
    publisher.scope("NER")
    publisher.records.put(event("NIR1", "2026-06-01", "2026-06-09", "NER"))
    publisher.records.put(event("NIG1", "2026-06-01", "2026-06-09", "NGA"))
    publisher.api.faults = [Fault("events", "stray_country")]
    status, error = only(publisher.fetch())
    assert status is Status.REFUSED
    assert "iso 566 (NGA), which was not asked for" in error


def test_countries_are_asked_for_by_number_and_never_by_name(publisher: Publisher) -> None:
    publisher.records.put(event("NIR1", "2026-06-01", "2026-06-09", "NER"))
    publisher.fetch()
    for query in publisher.asked("events"):
        assert query["iso"] == "466|854|562"
        assert not {"country", "page", "iso_where"} & set(query)
        assert query["population"] == "full"
        assert query["limit"] == "5000"


def test_the_world_is_asked_for_without_a_filter(publisher: Publisher) -> None:
    publisher.scope()
    publisher.records.put(event("NIG1", "2026-06-01", "2026-06-09", "NGA"))
    publisher.fetch()
    assert all("iso" not in query for query in publisher.asked("events"))


# --- pages -------------------------------------------------------------------------------------------


def test_three_pages_are_walked_to_the_stated_null(publisher: Publisher) -> None:
    publisher.api.page_rows = 2
    for number in range(6):
        publisher.records.put(event(f"MLI{number}", f"2026-06-0{number + 1}", "2026-06-09"))
    batch = publisher.fetch()[0]
    assert len(batch.payloads) == 3
    assert [query["cursor"] for query in publisher.asked("events")][:3] == ["0", "2", "4"]
    assert len({payload.key for payload in batch.payloads}) == 3


def test_a_null_on_a_full_page_ends_the_walk(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acled, "PAGE_ROWS", 2)
    for number in range(2):
        publisher.records.put(event(f"MLI{number}", "2026-06-01", "2026-06-09"))
    batch = publisher.fetch()[0]
    assert (batch.attempts[0].status, len(batch.payloads)) == (Status.OK, 1)


def test_a_full_page_without_next_cursor_is_an_error(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acled, "PAGE_ROWS", 2)
    for number in range(5):
        publisher.records.put(event(f"MLI{number}", "2026-06-01", "2026-06-09"))
    publisher.api.faults = [Fault("events", "no_cursor")]
    status, error = only(publisher.fetch())
    assert status is Status.REFUSED
    assert "a full page of 2 rows without next_cursor" in error


def test_a_short_page_without_next_cursor_is_the_end(publisher: Publisher) -> None:
    publisher.records.put(event("MLI1", "2026-06-01", "2026-06-09"))
    publisher.api.faults = [Fault("events", "no_cursor")]
    batch = publisher.fetch()[0]
    assert (batch.attempts[0].status, len(batch.payloads)) == (Status.OK, 1)


def test_a_walk_without_end_is_cut(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acled, "MAX_PAGES", 3)
    publisher.api.page_rows = 1
    for number in range(5):
        publisher.records.put(event(f"MLI{number}", "2026-06-01", "2026-06-09"))
    status, error = only(publisher.fetch())
    assert status is Status.REFUSED
    assert "more than 3 pages" in error


@pytest.mark.parametrize(("cursor", "expected"), [("null", None), (None, None), (17, "17"), ("abc=", "abc=")])
def test_cursors_may_be_numbers_or_texts(cursor: object, expected: str | None) -> None:
    page = acled_client.read_page(_envelope(next_cursor=cursor), 5000)
    assert page.next_cursor == expected


@pytest.mark.parametrize("cursor", [True, " ", {"at": 1}])
def test_other_cursors_are_refused(cursor: object) -> None:
    with pytest.raises(acled.NotTheFormat, match="neither a number nor a text"):
        acled_client.read_page(_envelope(next_cursor=cursor), 5000)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"[]", "no envelope"),
        (b"[" * 100_000, "not JSON"),
        (b'{"status": 200, "success": true, "count": 0, "data": {}}', "data is no list of rows"),
        (b'{"status": 200, "success": true, "count": 1, "data": [1]}', "data is no list of rows"),
        (b'{"status": 200, "success": true, "data": []}', "count says null and 0 rows came"),
    ],
)
def test_envelopes_that_are_none(body: bytes, complaint: str) -> None:
    with pytest.raises(acled.NotTheFormat, match=complaint):
        acled_client.read_page(body, 5000)


def test_what_the_publisher_says_is_shown_without_secrets() -> None:
    with pytest.raises(acled.NotTheFormat) as caught:
        acled_client.read_page(b'{"error": "user made.person\\u001b[31m failed"}', 5000, ("made.person",))
    assert "user *** [31m failed" in str(caught.value)


def _envelope(**changes: object) -> bytes:
    return acled_client.json.dumps(
        {"status": "200", "success": "true", "count": "0", "data": [], **changes}
    ).encode()


# --- order, cursors, coverage ------------------------------------------------------------------------


def test_the_first_load_asks_year_by_year_newest_first(publisher: Publisher) -> None:
    publisher.records.put(event("MLI1", "2026-06-19", "2026-06-23"))
    batches = publisher.fetch()
    assert [name for name, _ in publisher.api.asked] == ["token", "events", "events", "events"]
    assert [batch.partition_key for batch in batches] == [
        "2026-01-01..2026-06-30", "2025-01-01..2025-12-31", "2024-01-01..2024-12-31",
    ]  # fmt: skip
    assert {query["event_date_where"] for query in publisher.asked("events")} == {"BETWEEN"}
    cursors = {row["stream"]: row["cursor"] for row in batches[0].ledger_rows["feed_cursor"]}
    assert cursors == dict.fromkeys(
        ("events/MLI", "events/BFA", "events/NER", "deletions"), str(at("2026-06-23"))
    )
    periods = {
        (row["period_start"], row["period_end"]) for batch in batches for row in batch.ledger_rows["coverage"]
    }
    # Not to the clock: nobody has told of the days after the newest event yet.
    assert (date(2026, 1, 1), date(2026, 6, 19)) in periods
    assert (date(2024, 1, 1), date(2024, 12, 31)) in periods


def test_a_sync_asks_for_deletions_then_edits_then_the_days_since(publisher: Publisher) -> None:
    known(publisher, at("2026-06-23"))
    publisher.records.put(event("MLI1", "2026-06-26", "2026-06-30T06:00:00"))
    publisher.records.delete("MLI0", at("2026-06-29"))
    batches = publisher.fetch()
    assert [name for name, _ in publisher.api.asked] == ["token", "deletions", "events", "events"]
    deletions, edits, since = batches
    (query,) = publisher.asked("deletions")
    assert query["deleted_timestamp"] == str(at("2026-06-22"))
    assert query["deleted_timestamp_where"] == ">="
    first, second = publisher.asked("events")
    assert (first["timestamp"], first["timestamp_where"]) == (str(at("2026-06-22")), ">=")
    assert "event_date" not in first  # an edit may be of any day
    assert second["event_date"] == "2026-06-20|2026-06-30"
    assert deletions.ledger_rows["feed_cursor"][0]["cursor"] == str(at("2026-06-29"))
    assert {row["cursor"] for row in edits.ledger_rows["feed_cursor"]} == {str(at("2026-06-30T06:00:00"))}
    assert {row["period_end"] for row in since.ledger_rows["coverage"]} == {date(2026, 6, 26)}


def test_a_cursor_is_never_lowered(publisher: Publisher) -> None:
    known(publisher, at("2026-06-23"))
    publisher.records.put(event("MLI1", "2026-06-19", "2026-06-22T12:00:00"))
    edits = publisher.fetch()[1]
    assert {row["cursor"] for row in edits.ledger_rows["feed_cursor"]} == {str(at("2026-06-23"))}


def test_a_stamp_from_the_future_moves_no_cursor(publisher: Publisher) -> None:
    known(publisher, at("2026-06-23"))
    publisher.records.put(event("MLI1", "2026-06-19", "2026-06-24"))
    publisher.records.put(event("MLI2", "2026-06-19", "2062-06-24"))
    edits = publisher.fetch()[1]
    assert {row["cursor"] for row in edits.ledger_rows["feed_cursor"]} == {str(at("2026-06-24"))}


def test_the_clock_moves_no_cursor_where_nothing_came(publisher: Publisher) -> None:
    known(publisher, at("2026-06-23"))
    batches = publisher.fetch()
    assert [batch.attempts[0].status for batch in batches] == [Status.EMPTY] * 3
    assert {row["cursor"] for row in batches[1].ledger_rows["feed_cursor"]} == {str(at("2026-06-23"))}
    assert "feed_cursor" not in batches[0].ledger_rows


def test_the_streams_can_be_asked_for_alone(publisher: Publisher) -> None:
    known(publisher, at("2026-06-23"))
    publisher.fetch(streams=("deletions",))
    assert [name for name, _ in publisher.api.asked] == ["token", "deletions"]
    publisher.api.asked.clear()
    publisher.fetch(streams=("events",))
    assert [name for name, _ in publisher.api.asked] == ["token", "events", "events"]
    assert publisher.fetch(streams=("deletions",), date_from=date(2026, 6, 1)) == []


def test_before_the_first_load_there_is_nothing_to_delete(publisher: Publisher) -> None:
    assert told(publisher.fetch(streams=("deletions",))) == [("deletions", Status.UNCHANGED, None)]
    assert publisher.api.asked == []


def test_deletions_that_are_not_open_are_a_remark_and_events_still_come(publisher: Publisher) -> None:
    known(publisher, at("2026-06-23"))
    publisher.api.has_deletions = False
    publisher.records.put(event("MLI1", "2026-06-26", "2026-06-30T06:00:00"))
    deletions, edits, _ = publisher.fetch()
    assert deletions.attempts[0].status is Status.REFUSED
    assert "not open to this account" in deletions.attempts[0].error
    assert edits.attempts[0].status is Status.OK
    assert "deleted events still count" in edits.attempts[0].error


def test_an_empty_answer_under_an_embargo_is_no_peace(publisher: Publisher) -> None:
    known(publisher, at("2025-06-23"))
    publisher.memory.coverage = [
        {**row, "period_end": date(2025, 6, 20)} for row in publisher.memory.coverage
    ]
    publisher.api.tier = "research"
    publisher.records.put(event("MLI1", "2026-06-19", "2026-06-23"))
    _, edits, latest, before = publisher.fetch()
    remark = "your ACLED access ends at 2025-06-30 (12 Months); nothing newer is visible, which is not peace"
    assert (edits.attempts[0].status, edits.attempts[0].error) == (Status.EMPTY, remark)
    assert (latest.attempts[0].status, latest.attempts[0].error) == (Status.EMPTY, remark)
    assert "coverage" not in latest.ledger_rows
    assert {row["period_end"] for row in before.ledger_rows["coverage"]} == {date(2025, 6, 30)}


def test_an_account_that_sees_nothing_yet_covers_to_its_embargo(publisher: Publisher) -> None:
    publisher.api.tier = "research"
    batches = publisher.fetch()
    assert [batch.attempts[0].status for batch in batches] == [Status.EMPTY] * 3
    assert "not peace" in batches[0].attempts[0].error
    # Until something is seen there is no cursor, so all that was looked at is told at the end.
    assert [bool(batch.ledger_rows) for batch in batches] == [False, False, True]
    last = batches[-1].ledger_rows
    assert max(row["period_end"] for row in last["coverage"]) == date(2025, 6, 30)
    assert {row["cursor"] for row in last["feed_cursor"]} == {"0"}


def test_a_window_that_is_named_moves_no_cursor(publisher: Publisher) -> None:
    publisher.records.put(event("MLI1", "2026-02-03", "2026-02-09"))
    batches = publisher.fetch(date_from=date(2025, 12, 1), date_to=date(2026, 2, 28))
    assert [batch.partition_key for batch in batches] == ["2026-01-01..2026-02-28", "2025-12-01..2025-12-31"]
    moved = [row["stream"] for batch in batches for row in batch.ledger_rows.get("feed_cursor", [])]
    assert moved == ["deletions"]  # followed from the first rows on, whoever asked for them
    assert {row["source_release"] for row in batches[0].ledger_rows["coverage"]} == {
        "2026-01-01..2026-02-28 asked for"
    }


def test_a_window_into_the_future_ends_today(publisher: Publisher) -> None:
    publisher.fetch(date_from=date(2026, 6, 1), date_to=date(2027, 6, 1))
    assert [query["event_date"] for query in publisher.asked("events")] == ["2026-06-01|2026-06-30"]


def test_the_turn_of_the_year_is_two_windows(publisher: Publisher) -> None:
    known(publisher, at("2025-12-23"))
    publisher.memory.coverage = [
        {**row, "period_end": date(2025, 12, 20)} for row in publisher.memory.coverage
    ]
    publisher.move_to(datetime(2026, 1, 4, 12, tzinfo=UTC))
    publisher.records.put(event("MLI1", "2026-01-02", "2026-01-03"))
    batches = publisher.fetch()
    assert [query.get("event_date") for query in publisher.asked("events")] == [
        None, "2026-01-01|2026-01-04", "2025-12-20|2025-12-31",
    ]  # fmt: skip
    assert {row["period_end"] for row in batches[-1].ledger_rows["coverage"]} == {date(2025, 12, 31)}


# --- secrets and the doctor --------------------------------------------------------------------------


def test_no_secret_is_in_anything_that_is_kept(publisher: Publisher) -> None:
    publisher.api.page_rows = 1
    for number in range(3):
        publisher.records.put(event(f"MLI{number}", "2026-06-01", "2026-06-09"))
    batches = publisher.fetch()
    publisher.settings = replace(publisher.settings, acled_password=f"{PASSWORD}x")
    batches += publisher.fetch()
    kept = "".join(batch.to_json() for batch in batches) + repr(publisher.settings) + repr(publisher.notes)
    for path in publisher.settings.payloads.rglob("*"):
        kept += path.read_text() if path.is_file() else ""
    forms = [f(secret) for secret in (USER, PASSWORD) for f in (str, quote, quote_plus, _base64)]
    assert [form for form in (*forms, "made-access-", "made-refresh-", "Bearer") if form in kept] == []
    assert len(kept) > 5000


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def probed(publisher: Publisher) -> Finding:
    with publisher.client() as http:
        (finding,) = AcledFeed().probe(publisher.settings, http)
    assert USER not in finding.finding
    assert PASSWORD not in finding.finding
    return finding


def test_the_doctor_finds_a_good_account(publisher: Publisher) -> None:
    for number in range(3):
        publisher.records.put(event(f"MLI{number}", "2026-06-01", "2026-06-09"))
    finding = probed(publisher)
    assert (finding.level, finding.finding) == ("ok", "accepted, and has the right to the event API")
    assert publisher.asked("events") == [{"_format": "json", "limit": "1"}]


def test_the_doctor_tells_of_the_embargo(publisher: Publisher) -> None:
    publisher.api.tier = "research"
    finding = probed(publisher)
    assert finding.level == "note"
    assert "your ACLED access ends at 2025-06-30 (12 Months)" in finding.finding


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("events", "403"), "no right to the event API"),
        (Fault("token", "1010"), "Cloudflare error 1010"),
        (Fault("events", "503", times=9), "answered 503"),
        (Fault("events", "html"), "not JSON"),
    ],
)
def test_the_doctor_tells_what_is_wrong(publisher: Publisher, fault: Fault, words: str) -> None:
    publisher.api.faults = [fault]
    finding = probed(publisher)
    assert finding.level == "problem"
    assert words in finding.finding


def test_the_doctor_tells_a_wrong_password_and_a_missing_one(publisher: Publisher) -> None:
    publisher.settings = replace(publisher.settings, acled_password="made-wrong")
    assert "user name or password not accepted" in probed(publisher).finding
    publisher.settings = replace(publisher.settings, acled_username=None)
    assert "ACLED_USERNAME and ACLED_PASSWORD are not both set" in probed(publisher).finding
