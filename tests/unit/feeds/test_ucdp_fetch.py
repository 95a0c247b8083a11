"""Asking UCDP for releases: in which order, what is owed, what an answer means; and files loaded by hand."""

import io
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.feeds.base import Context, NotTheFormat
from orchestration.feeds.http import HttpClient
from orchestration.feeds.ucdp import UcdpFeed
from orchestration.feeds.ucdp_releases import parse_release
from orchestration.records import Batch, LoadRequest, Status
from orchestration.settings import Settings
from orchestration.warehouse.payload_store import PayloadStore
from tests.unit.feeds.fault_server import Answer, FaultServer
from tests.unit.feeds.ucdp_files import FIXTURES, as_csv

NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)
LAST_MODIFIED = "Mon, 08 Jun 2026 09:30:00 GMT"


class Memory:
    """What the ledger would remember; filled by the tests."""

    def __init__(self):
        self.releases = {}
        self.validators = {}

    def ucdp_releases(self):
        return list(self.releases.values())

    def validator(self, url):
        return self.validators.get(url, (None, None))

    def learn(self, batch):
        """As the promotion does."""
        for row in batch.ledger_rows.get("ucdp_release", []):
            self.releases[row["release"]] = row
        for row in batch.ledger_rows.get("http_validator", []):
            self.validators[row["url"]] = (row["etag"], row["last_modified"])


@pytest.fixture
def server():
    with FaultServer() as running:
        yield running


@pytest.fixture
def memory():
    return Memory()


@pytest.fixture
def fetch(server, memory, tmp_path):
    """Fetch against the server; batches come back as the ledger's journal would keep them."""

    def run(now=NOW, countries=("MLI", "BEN"), **request):
        settings = Settings(home=tmp_path / "home", countries=countries, ucdp_url=server.base, fixed_now=now)
        with HttpClient(settings, sleep=lambda _: None) as http:
            context = Context(settings, http, PayloadStore(settings.payloads), memory, now, lambda *_: None)
            batches = list(UcdpFeed().fetch(LoadRequest("ucdp", **request), context))
        return [Batch.from_json(batch.to_json()) for batch in batches]

    return run


def answer(text=None, **headers):
    fields = {"ETag": '"v1"', "Last-Modified": LAST_MODIFIED} | headers
    return Answer((text or as_csv()).encode() if not isinstance(text, bytes) else text, headers=fields)


def zipped():
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        # A fixed time of the member, so that the same file has the same bytes a second later.
        archive.writestr(zipfile.ZipInfo("GEDEvent_v25_1.csv"), as_csv(), zipfile.ZIP_DEFLATED)
    return body.getvalue()


def publish(server, *releases):
    """Put releases on the server. Each candidate file differs a little."""
    for name in releases:
        path = parse_release(name).path
        if path.endswith(".zip"):
            server.script(path, answer(zipped()))
        elif name.startswith("actor"):
            server.script(path, answer((FIXTURES / "actor_list.csv").read_text()))
        else:
            server.script(path, answer(as_csv() + "\r\n" * len(server.asked)))


def told(batches):
    return [(batch.partition_key, str(batch.attempts[0].status)) for batch in batches]


def asked(server):
    return [item.path.rsplit("/", 1)[1] for item in server.asked]


# --- one release --------------------------------------------------------------------------------


def test_one_release_is_stored_and_described(fetch, server, tmp_path):
    publish(server, "25.1")
    (batch,) = fetch(release="25.1")
    (payload,) = batch.payloads
    assert payload.path.read_bytes() == zipped()
    assert payload.path.is_relative_to(tmp_path / "home" / "payloads" / "ucdp")
    assert payload.released_at == datetime(2026, 6, 8, 9, 30, tzinfo=UTC)
    assert (payload.http_status, payload.etag, payload.key) == (200, '"v1"', "25.1")
    assert (batch.table, batch.stream, batch.partition_key) == ("ucdp_ged", "ged", "25.1")
    assert batch.options == {
        "release": "25.1",
        "kind": "annual",
        "name": "ged251-csv.zip",
        "withdraws": True,
        "period_start": "1989-01-01",
        "period_end": "2024-12-31",
    }
    (attempt,) = batch.attempts
    assert (attempt.stream, attempt.status, attempt.payload_keys) == ("ged", Status.OK, ("25.1",))
    assert (attempt.window_start.date(), attempt.window_end.date()) == (date(1989, 1, 1), date(2024, 12, 31))
    rows = batch.ledger_rows
    (release,) = rows["ucdp_release"]
    assert (release["release"], release["kind"], release["payload_sha256"]) == (
        "25.1",
        "annual",
        payload.sha256,
    )
    (validator,) = rows["http_validator"]
    assert validator["url"] == server.base + "/downloads/ged/ged251-csv.zip"
    assert (validator["etag"], validator["last_modified"]) == ('"v1"', LAST_MODIFIED)
    assert list((tmp_path / "home" / "payloads" / "incoming").iterdir()) == []


@pytest.mark.parametrize(
    ("release", "kind", "stream", "withdraws", "table"),
    [
        ("26.0.4", "monthly", "candidate", False, "ucdp_ged"),
        ("26.01.26.03", "cumulative", "candidate", True, "ucdp_ged"),
        ("actor-25.1", "actor", "actor", False, "ucdp_actor"),
    ],
)
def test_each_kind_of_release(fetch, server, release, kind, stream, withdraws, table):
    publish(server, release)
    (batch,) = fetch(release=release)
    assert (batch.options["kind"], batch.stream, batch.options["withdraws"], batch.table) == (
        kind,
        stream,
        withdraws,
        table,
    )


def test_fetched_release_parses(fetch, server, tmp_path):
    publish(server, "25.1")
    (batch,) = fetch(release="25.1")
    with duckdb.connect(str(tmp_path / "scratch.duckdb")) as scratch:
        parsed = UcdpFeed().parse(batch, scratch, ("MLI",))
    assert (parsed.rows_seen, parsed.rows_out_of_scope) == (3, 2)


def test_absent_release_is_missing_and_no_error(fetch):
    (batch,) = fetch(release="27.1")
    assert told([batch]) == [("27.1", "missing")]
    assert (batch.table, batch.payloads, batch.ledger_rows) == (None, (), {})


def test_applied_release_is_asked_conditionally(fetch, server, memory):
    publish(server, "25.1")
    memory.learn(fetch(release="25.1")[0])
    server.script("/downloads/ged/ged251-csv.zip", Answer(status=304))
    (batch,) = fetch(release="25.1")
    assert told([batch]) == [("25.1", "unchanged")]
    assert server.asked[0].headers["If-None-Match"] is None
    assert server.asked[1].headers["If-None-Match"] == '"v1"'
    assert server.asked[1].headers["If-Modified-Since"] == LAST_MODIFIED


def test_same_bytes_from_a_server_without_304_are_unchanged(fetch, server, memory, tmp_path):
    publish(server, "25.1")
    memory.learn(fetch(release="25.1")[0])
    (batch,) = fetch(release="25.1")
    assert told([batch]) == [("25.1", "unchanged")]
    assert batch.table is None
    assert list(batch.ledger_rows) == ["http_validator"]
    assert list((tmp_path / "home" / "payloads" / "incoming").iterdir()) == []


def test_release_that_never_parsed_is_asked_without_conditions(fetch, server, memory):
    publish(server, "25.1")
    memory.validators[server.base + "/downloads/ged/ged251-csv.zip"] = ('"v1"', None)
    assert told(fetch(release="25.1")) == [("25.1", "ok")]
    assert server.asked[0].headers["If-None-Match"] is None


def test_web_page_with_status_200_is_kept_and_refused(fetch, server):
    server.script("/downloads/ged/ged251-csv.zip", answer("<!doctype html><title>Sign in</title>"))
    (batch,) = fetch(release="25.1")
    assert told([batch]) == [("25.1", "refused")]
    assert "answered with a web page" in batch.attempts[0].error
    assert batch.table is None
    assert batch.payloads[0].path.read_bytes().startswith(b"<!doctype html>")
    assert batch.attempts[0].payload_keys == (batch.payloads[0].key,)
    assert "ucdp_release" not in batch.ledger_rows


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Answer(status=503), "failed"),
        (Answer(status=403), "failed"),
        (Answer(b"id,relid", length=9999), "failed"),
        (Answer(b"", length=300 * 1024**2), "refused"),
        (Answer(status=302, headers={"Location": "http://169.254.169.254/latest"}), "refused"),
    ],
)
def test_faults_are_attempts_with_their_error(fetch, server, fault, status):
    server.script("/downloads/ged/ged251-csv.zip", fault)
    (batch,) = fetch(release="25.1")
    assert told([batch]) == [("25.1", status)]
    assert "ged251-csv.zip" in batch.attempts[0].error


@pytest.mark.parametrize(
    "request_", [{"release": "newest"}, {"release": "26.0.13"}, {"date_from": date(2025, 1, 1)}]
)
def test_wrong_requests_are_answered_with_examples(fetch, server, request_):
    with pytest.raises(ValueError, match=r"24\.1 \(annual\)"):
        fetch(**request_)
    assert server.asked == []


# --- up to now ----------------------------------------------------------------------------------


def test_first_run_takes_the_newest_of_each_in_order_of_application(fetch, server):
    publish(
        server,
        "25.1",
        "25.01.25.06",
        "25.01.25.12",
        "26.01.26.03",
        "26.0.1",
        "26.0.4",
        "26.0.5",
        "actor-22.1",
    )
    batches = fetch()
    assert told(batches) == [
        ("25.1", "ok"),
        ("25.01.25.12", "ok"),
        ("26.01.26.03", "ok"),
        ("26.0.4", "ok"),
        ("26.0.5", "ok"),
        ("actor-22.1", "ok"),
    ]
    assert asked(server) == [
        "ged261-csv.zip",
        "ged251-csv.zip",
        "GEDEvent_v25_01_25_12.csv",
        "GEDEvent_v26_01_26_05.csv",
        "GEDEvent_v26_01_26_04.csv",
        "GEDEvent_v26_01_26_03.csv",
        "GEDEvent_v26_0_4.csv",
        "GEDEvent_v26_0_5.csv",
        "ucdp-actor-251.csv",
        "ucdp-actor-241.csv",
        "ucdp-actor-231.csv",
        "ucdp-actor-221.csv",
    ]


def test_second_run_finds_nothing_new(fetch, server, memory):
    publish(server, "26.1", "26.01.26.05", "actor-26.1")
    for batch in fetch():
        memory.learn(batch)
    assert told(fetch()) == [("26.1", "unchanged"), ("26.01.26.05", "unchanged"), ("actor-26.1", "unchanged")]


def test_only_what_is_owed_is_missing(fetch, server):
    # On 20 June the annual of 2026 and the candidates of May are not late; April's are.
    publish(server, "25.1", "25.01.25.12", "26.0.1", "26.0.3", "actor-25.1")
    assert told(fetch()) == [
        ("25.1", "ok"),
        ("25.01.25.12", "ok"),
        ("26.0.1", "ok"),
        ("26.0.2", "missing"),
        ("26.0.3", "ok"),
        ("26.0.4", "missing"),
        ("actor-25.1", "ok"),
    ]
    july = fetch(now=datetime(2026, 7, 1, tzinfo=UTC))
    assert told(july)[:2] == [("26.1", "missing"), ("25.1", "ok")]


def test_publisher_with_nothing_at_all(fetch):
    batches = fetch(now=datetime(2026, 1, 20, tzinfo=UTC))
    assert {status for _, status in told(batches)} == {"missing"}
    assert told(batches)[:2] == [("25.1", "missing"), ("24.1", "missing")]
    assert ("25.0.11", "missing") in told(batches)
    assert ("25.0.12", "missing") not in told(batches)
    assert [key for key, _ in told(batches) if key.startswith("actor")] == ["actor-25.1"]


def test_web_page_in_place_of_404_is_taken_for_absence_unless_owed(fetch, server):
    publish(server, "25.1", "26.01.26.05", "25.01.25.12", "actor-25.1")
    server.script("/downloads/ged/ged261-csv.zip", answer("<html>not found</html>"))
    assert told(fetch())[0] == ("25.1", "ok")
    assert told(fetch(now=datetime(2026, 7, 2, tzinfo=UTC)))[:2] == [("26.1", "refused"), ("25.1", "ok")]


def test_one_failing_release_does_not_stop_the_rest(fetch, server):
    publish(server, "26.1", "26.0.1", "26.0.3", "26.0.4", "26.0.5", "actor-26.1")
    server.script("/downloads/candidateged/GEDEvent_v26_0_2.csv", Answer(status=500))
    assert told(fetch()) == [
        ("26.1", "ok"),
        ("26.0.1", "ok"),
        ("26.0.2", "failed"),
        ("26.0.3", "ok"),
        ("26.0.4", "ok"),
        ("26.0.5", "ok"),
        ("actor-26.1", "ok"),
    ]


def test_failing_cumulative_falls_back_on_its_months(fetch, server):
    publish(server, "26.1", "26.0.1", "26.0.2", "26.0.3", "26.0.4", "26.0.5", "actor-26.1")
    server.script("/downloads/candidateged/GEDEvent_v26_01_26_03.csv", Answer(status=500))
    assert [key for key, _ in told(fetch())] == [
        *("26.1", "26.01.26.03", "26.0.1", "26.0.2", "26.0.3", "26.0.4", "26.0.5", "actor-26.1")
    ]


def test_publisher_that_is_down_is_not_asked_for_everything(fetch, server):
    for name in ("26.1", "26.01.26.05", "26.0.1", "26.0.2"):
        server.script(parse_release(name).path, Answer(status=503))
    batches = fetch()
    assert told(batches) == [("26.1", "failed"), ("26.01.26.05", "failed"), ("26.0.1", "failed")]
    assert batches[-1].attempts[0].error.endswith("the releases after it were not asked for")


def test_on_the_first_days_of_a_year_no_month_is_asked_for(fetch, server):
    publish(server, "25.1", "25.01.25.12", "actor-25.1")
    fetch(now=datetime(2026, 1, 3, tzinfo=UTC))
    assert not [name for name in asked(server) if name.startswith("GEDEvent_v26")]


# --- files --------------------------------------------------------------------------------------


@pytest.fixture
def by_hand(tmp_path):
    def put(name, source="bulk.csv"):
        path = tmp_path / "Downloads" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes((FIXTURES / source).read_bytes())
        return path

    return put


@pytest.mark.parametrize(
    ("name", "named", "release", "kind", "stream", "withdraws"),
    [
        ("GEDEvent_v25_1.csv", None, "25.1", "annual", "ged", True),
        ("GEDEvent_v26_0_4 (1).csv", None, "26.0.4", "monthly", "candidate", False),
        ("download.csv", "26.01.26.03", "26.01.26.03", "cumulative", "candidate", True),
        ("download.csv", "my-events", "my-events", "file", "file", False),
    ],
)
def test_file_goes_by_the_release_it_is(
    fetch, by_hand, server, name, named, release, kind, stream, withdraws
):
    path = by_hand(name)
    (batch,) = fetch(file=path, release=named)
    assert path.is_file()
    assert batch.payloads[0].path.read_bytes() == path.read_bytes()
    assert batch.payloads[0].url == f"file:{name}"
    assert batch.payloads[0].released_at is None
    assert (batch.partition_key, batch.options["release"]) == (release, release)
    assert (batch.options["kind"], batch.stream, batch.options["withdraws"]) == (kind, stream, withdraws)
    assert server.asked == []


def test_file_of_unknown_release_is_named_by_its_content(fetch, by_hand):
    (batch,) = fetch(file=by_hand("Benin.csv", "country_page.csv"))
    assert batch.partition_key == f"file-{batch.payloads[0].sha256[:8]}"
    assert (batch.stream, batch.options["period_start"], batch.attempts[0].window_start) == (
        "file",
        None,
        None,
    )


@pytest.mark.parametrize("source", ["country_page.csv", "hdx.csv"])
def test_one_country_of_a_release_does_not_pass_for_all_of_it(fetch, by_hand, tmp_path, source):
    (batch,) = fetch(file=by_hand("Benin.csv", source), release="25.1")
    assert batch.partition_key.startswith("file-")
    assert (batch.options["kind"], batch.options["withdraws"], batch.stream) == ("file", False, "ged")
    assert [row["release"] for row in batch.ledger_rows["ucdp_release"]] == [batch.partition_key]
    with duckdb.connect(str(tmp_path / "scratch.duckdb")) as scratch:
        UcdpFeed().parse(batch, scratch, None)
        assert scratch.execute("select distinct release, stream from parsed_rows").fetchall() == [
            ("25.1", "ged")
        ]


def test_actor_list_by_hand_needs_its_name(fetch, by_hand, tmp_path):
    path = by_hand("ucdp-actor-251.csv", "actor_list.csv")
    with duckdb.connect(str(tmp_path / "scratch.duckdb")) as scratch:
        (batch,) = fetch(file=path)
        with pytest.raises(NotTheFormat, match=r"the UCDP actor list \(load that with --release actor-"):
            UcdpFeed().parse(batch, scratch, None)
        (batch,) = fetch(file=path, release="actor-25.1")
        assert UcdpFeed().parse(batch, scratch, None).rows_seen == 2


@pytest.mark.parametrize("named", ["26.0.13", "1.2.3", "actor-list", "../up", "two words", ""])
def test_neither_release_nor_label(fetch, by_hand, named):
    with pytest.raises(ValueError, match=r"neither a release .* nor a label"):
        fetch(file=by_hand("download.csv"), release=named)


def test_file_that_is_not_there(fetch):
    with pytest.raises(ValueError, match=r"no file at .*nowhere\.csv; give a CSV or zip from"):
        fetch(file=Path("nowhere.csv"))


def test_file_of_the_payload_store_stays_where_it_is(fetch, server):
    publish(server, "26.0.4")
    (batch,) = fetch(release="26.0.4")
    with pytest.raises(ValueError, match="in the payload store already"):
        fetch(file=batch.payloads[0].path)
    assert batch.payloads[0].path.is_file()
