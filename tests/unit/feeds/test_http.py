"""The HTTP client against a scripted server: bounds, retries, redirects, addresses, secrets.

Belongs here: what every feed relies on. Does not belong here: what a feed makes of an answer.
"""

import gzip
import hashlib
import logging
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpcore
import pytest

from orchestration.feeds import http
from orchestration.feeds.http import (
    FetchError,
    HttpClient,
    NotFoundError,
    PermanentError,
    RefusedError,
    TransientError,
    masked,
)
from orchestration.feeds.network import AddressRefused, check_address
from orchestration.settings import Settings
from tests.unit.feeds.fault_server import Answer, FaultServer

MB = 1024 * 1024


@pytest.fixture
def server():
    with FaultServer() as running:
        yield running


@pytest.fixture
def waits():
    """The waits that the client asked for, none of them slept."""
    return []


@pytest.fixture
def client(waits):
    with HttpClient(Settings(), sleep=waits.append, jitter=lambda: 0.5) as made:
        yield made


# --- answers -----------------------------------------------------------------------------------------


def test_get_brings_the_body_its_hashes_and_its_validators(server, client):
    body = b"a,b\n1,2\n"
    fields = {
        "ETag": '"v1"',
        "Last-Modified": "Mon, 29 Jun 2026 10:00:00 GMT",
        "Content-Type": "Text/CSV; charset=x",
    }
    answer = client.get(server.script("/a.csv", Answer(body, headers=fields)), max_bytes=MB)
    assert (answer.status, answer.body, answer.size, answer.path) == (200, body, len(body), None)
    assert answer.sha256 == hashlib.sha256(body).hexdigest()
    assert answer.md5 == hashlib.md5(body).hexdigest()
    assert (answer.etag, answer.last_modified, answer.media_type) == (
        '"v1"',
        fields["Last-Modified"],
        "text/csv",
    )
    assert answer.headers["content-type"] == "Text/CSV; charset=x"


def test_download_streams_into_a_new_file(server, client, tmp_path):
    body = bytes(range(256)) * 4096
    answer = client.download(server.script("/a.zip", Answer(body)), tmp_path / "new", max_bytes=2 * MB)
    assert answer.body is None
    assert answer.path.parent == tmp_path / "new"
    assert answer.path.read_bytes() == body
    assert answer.sha256 == hashlib.sha256(body).hexdigest()


def test_head_asks_for_headers_only(server, client):
    url = server.script(
        "/a.zip", Answer(b"x" * 1000, headers={"Last-Modified": "Mon, 29 Jun 2026 10:00:00 GMT"})
    )
    answer = client.head(url)
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, None, "1000")
    assert server.asked[0].method == "HEAD"


def test_a_conditional_request_carries_the_validators_verbatim_and_304_has_no_body(server, client):
    url = server.script("/feed", Answer(status=304, headers={"Content-Length": ""}))
    answer = client.get(url, max_bytes=MB, etag='W/"v1"', last_modified="yesterday, roughly")
    assert (answer.status, answer.body, answer.size) == (304, None, 0)
    assert server.asked[0].headers["If-None-Match"] == 'W/"v1"'
    assert server.asked[0].headers["If-Modified-Since"] == "yesterday, roughly"


def test_a_byte_range_is_asked_for_uncompressed_and_200_is_read_whole(server, client):
    url = server.script("/list", Answer(b"tail", status=206), Answer(b"whole list"))
    assert client.get(url, max_bytes=MB, byte_range="-4").status == 206
    assert server.asked[0].headers["Range"] == "bytes=-4"
    assert server.asked[0].headers["Accept-Encoding"] == "identity"
    assert client.get(url, max_bytes=MB, byte_range="-4").body == b"whole list"


def test_the_client_says_who_it_is(server):
    url = server.script("/", Answer())
    with HttpClient(Settings()) as client:
        client.get(url, max_bytes=MB)
    with HttpClient(Settings(contact="data@ngo.example\r\nX-Evil: 1")) as client:
        client.get(url, max_bytes=MB)
    first, second = (asked.headers["User-Agent"] for asked in server.asked)
    assert first.startswith("sahel-monitor/") and "SAHEL_CONTACT" in first
    assert second.endswith("data@ngo.example X-Evil: 1)")
    assert server.asked[1].headers["X-Evil"] is None


# --- size --------------------------------------------------------------------------------------------


def test_a_declared_size_over_the_cap_is_refused_before_the_body(server, client, tmp_path):
    url = server.script("/big", Answer(b"x", length=11 * MB, hang_s=0))
    with pytest.raises(RefusedError, match="too large"):
        client.download(url, tmp_path, max_bytes=10 * MB)
    assert list(tmp_path.iterdir()) == []
    assert server.count("/big") == 1


def test_an_undeclared_size_over_the_cap_is_refused_while_reading(server, client, tmp_path):
    url = server.script("/big", Answer(b"x" * 3 * MB, headers={"Content-Length": ""}))
    with pytest.raises(RefusedError, match="too large"):
        client.download(url, tmp_path, max_bytes=MB)
    assert list(tmp_path.iterdir()) == []


def test_gzip_is_undone_and_a_bomb_is_refused_at_the_cap(server, client):
    coded = {"Content-Encoding": "gzip"}
    assert (
        client.get(server.script("/a", Answer(gzip.compress(b"text"), headers=coded)), max_bytes=MB).body
        == b"text"
    )
    bomb = gzip.compress(b"\0" * 200 * MB, 1)
    assert len(bomb) < MB
    with pytest.raises(RefusedError, match="too large"):
        client.get(server.script("/bomb", Answer(bomb, headers=coded)), max_bytes=MB)


def test_a_gzip_coding_cut_short_or_broken_is_transient(server, client):
    whole = gzip.compress(b"text" * 1000)
    for path, body in (("/cut", whole[:-12]), ("/not", b"not gzip at all")):
        with pytest.raises(TransientError):
            client.get(server.script(path, Answer(body, headers={"Content-Encoding": "gzip"})), max_bytes=MB)


# --- time --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        Answer(hang_s=30),
        Answer(b"x" * 1000, drip_s=0.1),
        Answer(b"x" * 1000, drip_s=0.1, drip_headers=True),
    ],
    ids=["hangs", "drips its body", "drips its headers"],
)
def test_a_slow_server_ends_at_the_deadline(server, client, tmp_path, answer):
    began = time.monotonic()
    with pytest.raises(TransientError, match="no complete answer"):
        client.download(server.script("/slow", answer), tmp_path, max_bytes=MB, deadline_s=0.6)
    assert 0.5 < time.monotonic() - began < 2
    assert list(tmp_path.iterdir()) == []


def test_a_read_timeout_leaves_time_for_another_attempt(server, waits):
    url = server.script("/", Answer(hang_s=30), Answer(b"now"))
    with HttpClient(Settings(), sleep=waits.append, jitter=lambda: 0.1, read_timeout_s=0.3) as client:
        assert client.get(url, max_bytes=MB, deadline_s=10).body == b"now"


def test_a_closed_port_is_transient_and_bounded(client, waits):
    with FaultServer() as gone:
        url = gone.script("/", Answer())
    with pytest.raises(TransientError, match="check the network"):
        client.get(url, max_bytes=MB)
    assert len(waits) == http.MAX_ATTEMPTS - 1


# --- retries -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Answer(b"x" * 900, length=1000),
        Answer(b"x" * 1000, cut=500),
        Answer(b"x" * 1000, cut=500, reset=True),
        Answer(status=500),
        Answer(status=503),
        Answer(status=408),
    ],
    ids=["wrong length", "truncated", "reset", "500", "503", "408"],
)
def test_a_transient_fault_is_tried_again_and_leaves_no_file(server, client, tmp_path, fault):
    url = server.script("/a", fault, Answer(b"whole"))
    answer = client.download(url, tmp_path, max_bytes=MB)
    assert answer.path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [answer.path]
    assert server.count("/a") == 2


def test_attempts_are_bounded_and_their_waits_grow(server, client, waits):
    with pytest.raises(TransientError) as caught:
        client.get(server.script("/a", Answer(status=502)), max_bytes=MB)
    assert caught.value.status == 502
    assert server.count("/a") == http.MAX_ATTEMPTS
    assert waits == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 416])
def test_a_permanent_failure_is_not_tried_again(server, client, waits, status):
    with pytest.raises(PermanentError) as caught:
        client.get(server.script("/a", Answer(status=status)), max_bytes=MB)
    assert caught.value.status == status
    assert isinstance(caught.value, NotFoundError) == (status in (404, 410))
    assert (server.count("/a"), waits) == (1, [])


def test_retry_after_in_seconds_is_waited_for(server, client, waits):
    url = server.script("/a", Answer(status=429, headers={"Retry-After": "7"}), Answer(b"ok"))
    assert client.get(url, max_bytes=MB).body == b"ok"
    assert waits == [7.5]


def test_retry_after_as_a_date_is_waited_for(server, client, waits):
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    url = server.script("/a", Answer(status=503, headers={"Retry-After": later}), Answer(b"ok"))
    assert client.get(url, max_bytes=MB).body == b"ok"
    assert 18 <= waits[0] <= 21


def test_a_retry_after_beyond_the_budget_is_left_to_the_caller(server, client, waits):
    with pytest.raises(TransientError) as caught:
        client.get(server.script("/a", Answer(status=429, headers={"Retry-After": "3600"})), max_bytes=MB)
    assert (caught.value.retry_after, server.count("/a"), waits) == (3600, 1, [])


def test_an_unreadable_retry_after_is_ignored(server, client, waits):
    url = server.script("/a", Answer(status=503, headers={"Retry-After": "soon"}), Answer(b"ok"))
    assert client.get(url, max_bytes=MB).body == b"ok"
    assert waits == [0.5]


def test_twenty_clients_do_not_come_back_together(server):
    waits = []
    for number in range(20):
        url = server.script(f"/{number}", Answer(status=503, headers={"Retry-After": "5"}), Answer(b"ok"))
        with HttpClient(Settings(), sleep=waits.append) as client:
            client.get(url, max_bytes=MB)
    assert len({round(wait, 3) for wait in waits}) > 15
    assert all(5 <= wait <= 6 for wait in waits)


# --- politeness --------------------------------------------------------------------------------------


def test_a_host_is_asked_by_few_at_a_time(server):
    url = server.script("/a", Answer(b"ok", hang_s=0.1))
    with HttpClient(Settings(), per_host=2) as client:
        threads = [
            threading.Thread(target=client.get, args=(url,), kwargs={"max_bytes": MB}) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(server.asked) == 8
    assert server.most_busy == 2


def test_requests_to_a_host_keep_their_distance(server, waits):
    url = server.script("/a", Answer(b"ok"))
    with FaultServer() as other, HttpClient(Settings(), sleep=waits.append, spacing_s=100) as client:
        client.get(other.script("/a", Answer(b"ok")), max_bytes=MB)
        for _ in range(3):
            client.get(url, max_bytes=MB)
    # None of the waits was slept, so each comes on top of the one before.
    assert [round(wait, -1) for wait in waits] == [100, 200]


def test_a_failing_host_is_left_alone_then_probed_once(server, client, monkeypatch):
    url = server.script("/a", Answer(status=500))
    for _ in range(http.BREAKER_FAILURES):
        with pytest.raises(TransientError):
            client.get(url, max_bytes=MB)
    asked = len(server.asked)
    with pytest.raises(TransientError, match="not asked") as caught:
        client.get(url, max_bytes=MB)
    assert len(server.asked) == asked
    assert 0 < caught.value.retry_after <= http.BREAKER_REST_S
    now = time.monotonic
    monkeypatch.setattr(http.time, "monotonic", lambda: now() + http.BREAKER_REST_S + 1)
    server.script("/a", Answer(b"back"))
    assert client.get(url, max_bytes=MB).body == b"back"
    assert client.get(url, max_bytes=MB).body == b"back"


# --- redirects and addresses -------------------------------------------------------------------------


def moved(to: str, status: int = 302) -> Answer:
    return Answer(status=status, headers={"Location": to})


def test_redirects_are_followed_and_the_final_address_told(server, client):
    url = server.script("/a", moved("/b", 301))
    server.script("/b", moved(f"{server.base}/c?x=1", 308))
    server.script("/c", Answer(b"here"))
    answer = client.get(url, max_bytes=MB)
    assert (answer.body, answer.url) == (b"here", f"{server.base}/c?x=1")


def test_endless_redirects_are_refused(server, client):
    with pytest.raises(RefusedError, match="more than 5 redirects"):
        client.get(server.script("/a", moved("/a")), max_bytes=MB)
    assert server.count("/a") == 6


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("http://169.254.169.254/latest/meta-data", "https only"),
        ("https://169.254.169.254/latest/meta-data", "not a public address"),
        ("https://10.0.0.5/", "not a public address"),
        ("https://[fd00::1]/", "not a public address"),
        ("https://[::ffff:192.168.0.1]/", "not a public address"),
        ("http://feeds.example.org/", "https only"),
        ("ftp://feeds.example.org/a", "https only"),
        ("file:///etc/passwd", "no host"),
        ("https://elsewhere.example/", "not of this feed"),
        ("https://notexample.org/", "not of this feed"),
        ("https://", "no host"),
        ("https://[::zz]/", "no readable address"),
    ],
)
def test_a_redirect_to_where_it_must_not_go_is_refused(server, client, to, reason):
    with pytest.raises(RefusedError, match=reason) as caught:
        client.get(server.script("/a", moved(to)), max_bytes=MB, allowed_hosts=frozenset({"example.org"}))
    assert server.count("/a") == 1
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "to", ["https://127.0.0.1/", "https://[::1]/", "https://localhost/", "http://[::1]/"]
)
def test_a_public_feed_may_not_send_us_to_this_machine(client, to):
    ask = http._ask("GET", "https://feeds.example.org/rss", None, (None, None, None), MB, 1.0, None)
    with pytest.raises(RefusedError):
        http._check_hop(ask, http.httpx.URL(to))


@pytest.mark.parametrize(
    "address", ["10.0.0.5", "127.0.0.1", "169.254.169.254", "::1", "0.0.0.0", "100.64.0.1"]
)
def test_a_name_that_leads_to_an_inner_address_is_not_connected_to(address):
    def resolve(host: str, port: int) -> list[str]:
        return ["93.184.215.14", address]

    with (
        HttpClient(Settings(), resolve=resolve) as client,
        pytest.raises(RefusedError, match="not a public address"),
    ):
        client.get("https://rebound.example/feed", max_bytes=MB)


def test_a_redirect_to_a_name_with_an_inner_address_is_refused(server):
    def resolve(host: str, port: int) -> list[str]:
        return ["10.0.0.5"] if host == "inner.example" else ["127.0.0.1"]

    with (
        HttpClient(Settings(), resolve=resolve) as client,
        pytest.raises(RefusedError, match=r"inner\.example is at 10\.0\.0\.5"),
    ):
        client.get(server.script("/a", moved("https://inner.example/")), max_bytes=MB)


@pytest.mark.parametrize(
    "address",
    [
        "::ffff:10.0.0.1",
        "2002:a00:1::",
        "64:ff9b::a00:1",
        "64:ff9b::7f00:1",
        "ff02::1",
        "fe80::1%eth0",
        "192.0.2.1",
    ],
)
def test_inner_addresses_are_seen_through_their_wrapping(address):
    with pytest.raises(AddressRefused):
        check_address(address, "name", allow_loopback=False)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07::1", "64:ff9b::5db8:d70e"])
def test_public_addresses_are_allowed(address):
    check_address(address, "name", allow_loopback=False)


@pytest.mark.parametrize(
    "url", ["http://example.org/", "gopher://x", "no-scheme", "", "https://", "http://[::1", "\0"]
)
def test_an_address_that_cannot_be_asked_is_refused_in_one_line(client, url):
    with pytest.raises(RefusedError) as caught:
        client.get(url, max_bytes=MB)
    assert "\n" not in str(caught.value)


def test_a_name_that_does_not_resolve_is_transient():
    def resolve(host: str, port: int) -> list[str]:
        raise OSError("Temporary failure in name resolution")

    with (
        HttpClient(Settings(), resolve=resolve, sleep=lambda _: None) as client,
        pytest.raises(TransientError, match=r"feeds\.example\.org does not resolve"),
    ):
        client.get("https://feeds.example.org/", max_bytes=MB)


def test_a_certificate_that_is_not_trusted_is_permanent(client, waits, monkeypatch):
    def distrust(request):
        try:
            raise ssl.SSLCertVerificationError(1, "certificate verify failed")
        except ssl.SSLError as error:
            # The chain that httpcore leaves behind.
            raise httpcore.ConnectError("tls") from error

    monkeypatch.setattr(client._transport, "handle_request", distrust)
    with pytest.raises(PermanentError, match="certificate not trusted"):
        client.get("https://feeds.example.org/", max_bytes=MB)
    assert waits == []


def test_a_proxy_is_asked_for_public_hosts_only(server, waits):
    proxy = server.base.replace("http://", "http://user:canary@")
    server.script("feeds.example.org:443", Answer(status=502))
    own = server.script("/own", Answer(b"ok"))
    with HttpClient(Settings(https_proxy=proxy), sleep=waits.append) as client:
        with pytest.raises(TransientError, match="502") as caught:
            client.get("https://feeds.example.org/", max_bytes=MB)
        assert client.get(own, max_bytes=MB).body == b"ok"
    assert [asked.method for asked in server.asked] == ["CONNECT"] * http.MAX_ATTEMPTS + ["GET"]
    assert server.asked[0].headers["Proxy-Authorization"].startswith("Basic ")
    assert "canary" not in str(caught.value)


# --- secrets -----------------------------------------------------------------------------------------


def test_a_callers_header_does_not_follow_a_redirect_to_another_origin(server, client):
    with FaultServer() as other:
        url = server.script("/a", moved(other.script("/b", Answer(b"ok"))))
        client.get(url, max_bytes=MB, headers={"X-Token": "canary", "Accept": "text/csv"})
        assert server.asked[0].headers["X-Token"] == "canary"
        assert other.asked[0].headers["X-Token"] is None
        assert other.asked[0].headers["Accept"] == "text/csv"


def test_secrets_reach_no_error_and_no_log(server, client, caplog):
    caplog.set_level(logging.DEBUG)
    url = server.script("/a", Answer(status=503)).replace("http://", "http://user:canary1@")
    url += "?key=canary2&access_token=canary3&appname=canary4&PASSWORD=canary5&country=MLI"
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with pytest.raises(FetchError) as caught:
        client.get(url, max_bytes=MB)
    server.script("/a", moved("https://elsewhere.example/?token=canary6"))
    with pytest.raises(FetchError) as refused:
        client.get(url, max_bytes=MB, allowed_hosts=frozenset())
    answer = client.get(server.script("/b", Answer(b"ok")) + "?key=canary7", max_bytes=MB)
    told = f"{caught.value} {caught.value.url} {refused.value} {refused.value.url} {answer.url} {caplog.text}"
    assert "canary" not in told
    assert "country=MLI" in str(caught.value)
    assert "key=***" in answer.url


def test_masking_leaves_other_addresses_as_they_are():
    assert masked("https://h.example/a?page=backend&lang=fr") == "https://h.example/a?page=backend&lang=fr"
    assert masked("https://h.example/?q=a%20b&keyword=mali") == "https://h.example/?q=a%20b&keyword=mali"
    assert masked("https://u:p@h.example/?api_key=1&x=2#key=3") == "https://h.example/?api_key=***&x=2"
    assert masked("https://[broken") == "(unreadable address)"
