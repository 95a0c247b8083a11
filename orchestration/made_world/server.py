"""The made publishers over HTTP on loopback: GET, HEAD and POST, conditional and range requests.

What belongs here: the protocol. What does not: what is answered (publishers).
"""

import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from orchestration.made_world.publishers import ACCOUNT, APPNAME, Answer, Publishers, Request


@dataclass(frozen=True)
class Served:
    """Where the publishers listen: ``environment`` has it as the settings are told."""

    base_url: str
    news_feeds_path: Path
    publishers: Publishers

    def url(self, name: str) -> str:
        """A publisher's base address by its name: ucdp, gdelt, or an API's prefix."""
        return f"{self.base_url}/{name}"

    @property
    def ucdp_url(self) -> str:
        return self.url("ucdp")

    @property
    def gdelt_url(self) -> str:
        return self.url("gdelt")

    def environment(self) -> dict[str, str]:
        """What to set so that every feed asks the made publishers, with the accounts that they know.

        Without UCDP_TOKEN, which would have UCDP asked through its API.
        """
        names = ("ucdp", "gdelt", *self.publishers.apis)
        username, password = ACCOUNT
        return {
            **{f"SAHEL_{name.upper()}_URL": self.url(name) for name in names},
            "SAHEL_RELIEFWEB_RSS_URL": self.url("reliefweb"),
            "SAHEL_NEWS_FEEDS": str(self.news_feeds_path),
            "ACLED_USERNAME": username,
            "ACLED_PASSWORD": password,
            "RELIEFWEB_APPNAME": APPNAME,
        }


@contextmanager
def serve(publishers: Publishers, port: int = 0) -> Iterator[Served]:
    """Serve on 127.0.0.1 (any free port unless one is asked for) until the block is left."""
    handler = type("_BoundHandler", (_Handler,), {"publishers": publishers})
    with tempfile.TemporaryDirectory(prefix="made-world-") as folder:
        server = _Server(("127.0.0.1", port), handler)
        base_url = f"http://127.0.0.1:{server.server_address[1]}"
        feeds = Path(folder) / "news_feeds.yml"
        feeds.write_text(publishers.feed_list(base_url), encoding="utf-8")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield Served(base_url, feeds, publishers)
        finally:
            server.shutdown()
            server.server_close()
            server.hang_up()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # the threads end by hang_up; none is waited for
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._connections: set[socket.socket] = set()

    def process_request(self, request: socket.socket, client_address: tuple[str, int]) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that clients keep open, so that their threads end with the server."""
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: socket.socket, client_address: tuple[str, int]) -> None:
        """A client that went away is no news; anything else is a fault of ours and is printed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    publishers: Publishers
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # buffered, so that headers and a small body leave in one packet
    timeout = 60

    def do_GET(self) -> None:
        self._respond(with_body=True)

    def do_POST(self) -> None:
        self._respond(with_body=True)

    def do_HEAD(self) -> None:
        self._respond(with_body=False)

    def _respond(self, with_body: bool) -> None:
        parts = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )
        answer = self.publishers.handle(request)
        status, body, extra = answer.status, answer.body, {}
        if status == 200 and self._is_unchanged(answer):
            status, body = 304, b""
        elif status == 200 and self.headers.get("Range"):
            status, body, extra = _ranged(self.headers["Range"], answer.body)
        elif status == 503:
            extra = {"Retry-After": "120"}
        self.send_response(status)
        self.send_header("X-Made-World", "1")
        if status != 304:
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Accept-Ranges", "bytes")
        if answer.etag:
            self.send_header("ETag", answer.etag)
        if answer.last_modified:
            self.send_header("Last-Modified", format_datetime(answer.last_modified, usegmt=True))
        for name, value in {**answer.headers, **extra}.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body and body:
            self.wfile.write(body)
        self.wfile.flush()

    def _is_unchanged(self, answer: Answer) -> bool:
        """If-None-Match decides alone where it is sent; else If-Modified-Since, to the second."""
        if_none_match = self.headers.get("If-None-Match")
        if if_none_match is not None:
            tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
            return answer.etag is not None and (answer.etag in tags or "*" in tags)
        since = _http_date(self.headers.get("If-Modified-Since"))
        return since is not None and answer.last_modified is not None and answer.last_modified <= since

    def version_string(self) -> str:
        return "MadeWorld"

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the client's ledger tells what was asked."""


def _http_date(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text) if text else None
    except ValueError:
        return None


def _ranged(header: str, body: bytes) -> tuple[int, bytes, dict[str, str]]:
    """One byte range as asked for; 416 where it lies outside; the whole body where it is not understood."""
    unit, _, span = header.partition("=")
    first_text, dash, last_text = span.strip().partition("-")
    numeric = all(part.isdigit() or not part for part in (first_text, last_text))
    if unit.strip() != "bytes" or not dash or not numeric or not (first_text or last_text):
        return 200, body, {}
    if first_text:
        first = int(first_text)
        last = min(int(last_text), len(body) - 1) if last_text else len(body) - 1
    else:
        first, last = max(0, len(body) - int(last_text)), len(body) - 1
    if first >= len(body) or first > last:
        return 416, b"", {"Content-Range": f"bytes */{len(body)}"}
    return (206, body[first : last + 1], {"Content-Range": f"bytes {first}-{last}/{len(body)}"})
