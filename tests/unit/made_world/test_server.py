"""The protocol on loopback: whole, ranged and conditional requests, HEAD, and a clean end."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import yaml

from orchestration.made_world import WORLD_END, Publishers, Served, serve
from orchestration.made_world.publishers import ACCOUNT, APPNAME, UCDP_TOKEN
from orchestration.settings import FEEDS, Settings

LIST = "/gdelt/gdeltv2/masterfilelist.txt"
RELEASE = "/ucdp/downloads/candidateged/GEDEvent_v26_0_5.csv"
FIRST = datetime(2026, 6, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def served(at_the_end: Publishers) -> Iterator[Served]:
    windows = ((FIRST, FIRST + timedelta(days=1)),)
    with serve(at_the_end.at(datetime(2026, 6, 25, tzinfo=UTC), windows)) as served:
        yield served


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.base_url) as client:
        yield client


def test_addresses_are_of_this_machine_and_answer(served: Served) -> None:
    assert served.base_url.startswith("http://127.0.0.1:")
    assert httpx.get(f"{served.ucdp_url}/downloads/").status_code == 200
    assert httpx.get(f"{served.gdelt_url}/gdeltv2/lastupdate.txt").status_code == 200
    feeds = yaml.safe_load(served.news_feeds_path.read_text(encoding="utf-8"))["feeds"]
    assert {httpx.get(feed["url"]).status_code for feed in feeds} == {200, 404}


def test_the_environment_is_all_that_the_settings_need(served: Served, tmp_path: Path) -> None:
    settings = Settings.from_env(tmp_path, environ=served.environment())
    for feed in FEEDS:
        assert all(url.startswith(f"{served.base_url}/") for url in settings.addresses(feed)), feed
    assert settings.news_feeds == served.news_feeds_path.resolve()
    assert (settings.acled_username, settings.acled_password) == ACCOUNT
    assert settings.reliefweb_appname == APPNAME
    assert settings.ucdp_token is None
    with_token = replace(settings, ucdp_token=UCDP_TOKEN)
    assert with_token.addresses("ucdp") == (served.url("ucdp"), served.url("ucdp_api"))


def test_everything_says_that_it_is_made(client: httpx.Client) -> None:
    for path in (LIST, RELEASE, "/news/sahel-wire/feed.xml", "/nothing"):
        assert client.get(path).headers["X-Made-World"] == "1"


def test_head_has_the_headers_and_no_body(client: httpx.Client) -> None:
    whole, head = client.get(RELEASE), client.head(RELEASE)
    assert head.status_code == 200 and head.content == b""
    for name in ("Content-Length", "Content-Type", "Last-Modified", "ETag"):
        assert head.headers[name] == whole.headers[name]
    assert client.head("/nothing").status_code == 404


def test_last_modified_is_the_day_of_the_release(client: httpx.Client) -> None:
    assert client.get(RELEASE).headers["Last-Modified"] == "Sat, 20 Jun 2026 09:12:00 GMT"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [("bytes=-100", slice(-100, None)), ("bytes=10-19", slice(10, 20)), ("bytes=500-", slice(500, None)),
     ("bytes=-999999999", slice(None)), ("bytes=5-999999999", slice(5, None))],
)  # fmt: skip
def test_ranges(client: httpx.Client, asked: str, expected: slice) -> None:
    whole = client.get(LIST).content
    part = client.get(LIST, headers={"Range": asked})
    assert part.status_code == 206
    assert part.content == whole[expected]
    first, last, size = part.headers["Content-Range"].removeprefix("bytes ").replace("/", "-").split("-")
    assert whole[int(first) : int(last) + 1] == part.content and int(size) == len(whole)


def test_range_outside_the_body(client: httpx.Client) -> None:
    size = len(client.get(LIST).content)
    answer = client.get(LIST, headers={"Range": f"bytes={size}-"})
    assert answer.status_code == 416 and answer.headers["Content-Range"] == f"bytes */{size}"


@pytest.mark.parametrize("asked", ["lines=1-2", "bytes=", "bytes=a-b", "bytes=-"])
def test_a_range_not_understood_is_ignored(client: httpx.Client, asked: str) -> None:
    answer = client.get(LIST, headers={"Range": asked})
    assert answer.status_code == 200 and len(answer.content) == int(answer.headers["Content-Length"])


@pytest.mark.parametrize("path", [RELEASE, "/news/sahel-wire/feed.xml", "/news/gulf-desk/feed.json"])
def test_unchanged_by_either_validator(client: httpx.Client, path: str) -> None:
    first = client.get(path)
    by_tag = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    by_date = client.get(path, headers={"If-Modified-Since": first.headers["Last-Modified"]})
    for answer in (by_tag, by_date):
        assert answer.status_code == 304 and answer.content == b""
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    older = "Mon, 01 Jan 2024 00:00:00 GMT"
    assert client.get(path, headers={"If-Modified-Since": older}).status_code == 200
    # The tag decides alone where both are sent.
    both = {"If-None-Match": '"other"', "If-Modified-Since": first.headers["Last-Modified"]}
    assert client.get(path, headers=both).status_code == 200
    assert client.get(path, headers={"If-Modified-Since": "yesterday"}).status_code == 200


def test_outlets_without_a_validator(client: httpx.Client) -> None:
    assert "ETag" not in client.get("/news/liptako/rss").headers
    assert "Last-Modified" not in client.get("/news/harmattan/headlines.rdf").headers


def test_feed_changes_when_the_clock_moves(at_the_end: Publishers) -> None:
    publishers = at_the_end.at(datetime(2026, 6, 1, tzinfo=UTC))
    with serve(publishers) as served, httpx.Client(base_url=served.base_url) as client:
        tag = client.get("/news/sahel-wire/feed.xml").headers["ETag"]
        asked = {"If-None-Match": tag}
        assert client.get("/news/sahel-wire/feed.xml", headers=asked).status_code == 304
        publishers.as_of = datetime(2026, 6, 9, tzinfo=UTC)
        assert client.get("/news/sahel-wire/feed.xml", headers=asked).status_code == 200


def test_down_asks_to_come_back(at_the_end: Publishers) -> None:
    publishers = at_the_end.at(WORLD_END)
    publishers.down.add("news")
    with serve(publishers) as served:
        answer = httpx.get(f"{served.base_url}/news/sahel-wire/feed.xml")
    assert answer.status_code == 503 and answer.headers["Retry-After"] == "120"


def test_many_at_once(served: Served) -> None:
    """Parallel downloads get whole, equal answers."""
    with httpx.Client(base_url=served.base_url) as client:
        alone = client.get(LIST).content
    bodies: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: bodies.append(httpx.get(f"{served.base_url}{LIST}").content))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bodies == [alone] * 8


def test_ends_cleanly_although_a_client_holds_on(at_the_end: Publishers) -> None:
    before = set(threading.enumerate())
    with httpx.Client() as client:
        with serve(at_the_end) as served:
            assert client.get(f"{served.base_url}/nothing").status_code == 404
            folder = served.news_feeds_path.parent
        assert not folder.exists()
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{served.base_url}/nothing")
        for thread in set(threading.enumerate()) - before:
            thread.join(timeout=5)
        assert set(threading.enumerate()) <= before


def test_the_port_can_be_chosen(at_the_end: Publishers) -> None:
    with serve(at_the_end) as first:
        port = int(first.base_url.rsplit(":", 1)[1])
    with serve(at_the_end, port) as second:
        assert second.base_url == first.base_url
