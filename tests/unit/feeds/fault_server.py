"""A loopback HTTP server that answers by script, faults included, for tests of whatever asks over HTTP.

Belongs here: what can go wrong on the wire. Does not belong here: any publisher's wire format.
"""

import socket
import struct
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from email.message import Message
from http.client import parse_headers
from socketserver import StreamRequestHandler, TCPServer, ThreadingMixIn
from typing import Self


@dataclass(frozen=True)
class Answer:
    """One answer. ``length`` overrides the true Content-Length; ``cut`` ends the body after so many bytes,
    with a reset of the connection if ``reset``; ``drip_s`` waits between single bytes of the body, or of
    the headers if ``drip_headers``; ``hang_s`` waits before anything is said."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    cut: int | None = None
    reset: bool = False
    drip_s: float = 0.0
    drip_headers: bool = False
    hang_s: float = 0.0


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    headers: Message
    at: float
    body: bytes = b""


class FaultServer:
    """``script`` answers by path; each path gives its answers in turn and then repeats the last."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.asked: list[Asked] = []
        self.busy = 0
        self.most_busy = 0
        self._scripts: dict[str, list[Answer]] = defaultdict(lambda: [Answer(status=404)])
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        owner = self

        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                owner._handle(self)

        class Server(ThreadingMixIn, TCPServer):
            allow_reuse_address = True
            daemon_threads = True
            block_on_close = False
            request_queue_size = 128

            def handle_error(self, *_: object) -> None:
                """A client that goes away early is what some tests are about."""

        self._server = Server((host, 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def base(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host}:{port}"

    def script(self, path: str, *answers: Answer) -> str:
        """Set the answers of a path and return its URL."""
        self._scripts[path] = list(answers)
        return self.base + path

    def count(self, path: str) -> int:
        return sum(asked.path.partition("?")[0] == path for asked in self.asked)

    def _handle(self, handler: StreamRequestHandler) -> None:
        line = handler.rfile.readline().decode("latin-1").split()
        if len(line) < 2:
            return
        headers = parse_headers(handler.rfile)
        path = line[1].partition("?")[0]
        sent = headers.get("content-length", "0")
        body = handler.rfile.read(int(sent)) if sent.isdigit() else b""
        with self._lock:
            self.asked.append(Asked(line[0], line[1], headers, time.monotonic(), body))
            script = self._scripts[path]
            answer = script.pop(0) if len(script) > 1 else script[0]
            self.busy += 1
            self.most_busy = max(self.most_busy, self.busy)
        self._stopping.wait(answer.hang_s)
        # Before a byte is sent: a client that has its answer may be back before this thread goes on.
        with self._lock:
            self.busy -= 1
        if not self._stopping.is_set():
            self._answer(handler, answer, with_body=line[0] != "HEAD")

    def _answer(self, handler: StreamRequestHandler, answer: Answer, with_body: bool) -> None:
        fields = {"Content-Length": str(len(answer.body)), "Connection": "close"} | answer.headers
        if answer.length is not None:
            fields["Content-Length"] = str(answer.length)
        head = f"HTTP/1.1 {answer.status} Scripted\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value) + "\r\n"
        self._write(handler, head.encode("latin-1"), answer.drip_s if answer.drip_headers else 0.0)
        if with_body:
            body = answer.body[: answer.cut] if answer.cut is not None else answer.body
            self._write(handler, body, 0.0 if answer.drip_headers else answer.drip_s)
        if answer.reset:
            # Closing with a zero linger sends RST instead of FIN; the pause lets the bytes arrive first.
            time.sleep(0.05)
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()

    def _write(self, handler: StreamRequestHandler, data: bytes, drip_s: float) -> None:
        if not drip_s:
            handler.wfile.write(data)
            return
        for value in data:
            handler.wfile.write(bytes([value]))
            if self._stopping.wait(drip_s):
                return
