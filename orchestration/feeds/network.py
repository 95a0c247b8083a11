"""The guarded network under the HTTP client: which addresses may be connected to, and for how long.

Belongs here: address checks at the moment of connecting, deadlines on every wait, the choice of a
proxy. Does not belong here: anything of HTTP that a publisher could tell, such as redirects, retries
and errors (``http.py``).
"""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import httpcore
import httpx

from orchestration.settings import is_loopback

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Deadline:
    """The time left of one call. Starts with its first slot, so that queueing behind others is free."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._began: float | None = None

    def start(self) -> None:
        if self._began is None:
            self._began = time.monotonic()

    def spent(self) -> float:
        return 0.0 if self._began is None else time.monotonic() - self._began

    def left(self) -> float:
        return self._seconds - self.spent()


class AddressRefused(Exception):
    """A connection that must not be made."""


class Network(httpcore.NetworkBackend):
    """Connects to addresses that it has itself resolved and checked, and ends every wait at the deadline.

    Checking the address that is connected to, rather than the name beforehand, leaves nothing to DNS
    rebinding. The call's deadline is kept per thread, as a pooled connection serves many calls.
    """

    def __init__(
        self, resolve: Callable[[str, int], list[str]], trusted_hosts: frozenset[str] = frozenset()
    ) -> None:
        self._resolve = resolve
        self._trusted_hosts = trusted_hosts
        self._system = httpcore.SyncBackend()
        self._call = threading.local()

    def begin(self, deadline: Deadline, *, allow_loopback: bool) -> None:
        self._call.deadline = deadline
        self._call.allow_loopback = allow_loopback

    def bounded(self, timeout: float | None) -> float:
        left = self._call.deadline.left()
        if left <= 0:
            raise httpcore.ReadTimeout("deadline")
        return left if timeout is None else min(timeout, left)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        try:
            addresses = self._resolve(host, port)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} does not resolve ({error.strerror or error})") from error
        if host not in self._trusted_hosts:
            for address in addresses:
                check_address(address, host, allow_loopback=self._call.allow_loopback)
        failure: Exception = httpcore.ConnectError(f"the name {host} has no address")
        for address in addresses:
            try:
                wait = self.bounded(timeout)
                return _Stream(
                    self._system.connect_tcp(address, port, wait, local_address, socket_options), self
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _Stream(httpcore.NetworkStream):
    """A connection whose every wait is bounded by the deadline of the call that uses it."""

    def __init__(self, stream: httpcore.NetworkStream, network: Network) -> None:
        self._stream = stream
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._network.bounded(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._network.bounded(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._network.bounded(timeout))
        return _Stream(stream, self._network)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that this machine trusts, read once a process: it takes longer than most requests."""
    return httpx.create_ssl_context()


class Transport(httpx.BaseTransport):
    """httpx over connection pools that use ``Network``, which httpx's own transport does not let one choose.

    With HTTPS_PROXY set the proxy resolves the names, so only literal addresses are checked; requests
    to this machine never go through it. Neither the proxy's address nor that of ``trusted_host`` is checked: the user
    has named them, and they may well be of the user's own network.
    """

    def __init__(
        self, resolve: Callable[[str, int], list[str]], proxy: str | None, trusted_host: str | None = None
    ) -> None:
        proxy_url = httpx.URL(proxy if "://" in proxy else f"http://{proxy}") if proxy else None
        trusted = (trusted_host, proxy_url.host if proxy_url else None)
        self.network = Network(resolve, frozenset(host for host in trusted if host))
        options: dict[str, Any] = {
            "ssl_context": _trusted(),
            "network_backend": self.network,
            "max_connections": None,
            "max_keepalive_connections": 20,
            "keepalive_expiry": 15.0,
        }
        self._direct = httpcore.ConnectionPool(**options)
        self._proxied = None
        if proxy_url:
            login = (proxy_url.username, proxy_url.password) if proxy_url.username else None
            address = str(proxy_url.copy_with(username=None, password=None))
            self._proxied = httpcore.HTTPProxy(address, proxy_auth=login, **options)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        pool = self._direct if self._proxied is None or is_loopback(url.host) else self._proxied
        answer = pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer.stream), extensions=answer.extensions
        )

    def close(self) -> None:
        self._direct.close()
        if self._proxied:
            self._proxied.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        self._stream.close()


def check_address(text: str, host: str, *, allow_loopback: bool) -> None:
    """Only public addresses, or loopback where the call began there; an IPv4 inside an IPv6 counts."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped or address.sixtofour:
            address = address.ipv4_mapped or address.sixtofour
        elif address in _NAT64:
            address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if allow_loopback and address.is_loopback:
        return
    if not address.is_global or address.is_multicast:
        raise AddressRefused(f"{host} is at {text}, which is not a public address")


def resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))
