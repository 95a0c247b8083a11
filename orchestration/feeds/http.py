"""The one polite HTTP client of all feeds: bounded, identified, patient, and distrustful of where it is sent.

Belongs here: what is true of every publisher: time and size limits, redirects, retries, spacing, which
addresses may be asked, how a failure is named. Does not belong here: what a body means, where it is
kept, or which address to ask; those are the feeds' and the store's.
"""

import hashlib
import ipaddress
import logging
import random
import re
import ssl
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from importlib import metadata
from io import BytesIO
from json import dumps
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpcore
import httpx
import tenacity

from orchestration.feeds.network import (
    AddressRefused,
    Deadline,
    Transport,
    check_address,
    resolve as system_resolve,
)
from orchestration.feeds.secrecy import hidden
from orchestration.settings import Settings, is_loopback, machine_now

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 20.0
MAX_REDIRECTS = 5
MAX_ATTEMPTS = 4
BACKOFF_BASE_S = 1.0
BACKOFF_CAP_S = 20.0
RETRY_BUDGET_S = 60.0
"""Longest that one call waits between attempts; a longer Retry-After is left to the caller to honour."""
PER_HOST = 4
BREAKER_FAILURES = 5
BREAKER_REST_S = 30.0
EXCERPT_BYTES = 4096

_CHUNK = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TRANSIENT = frozenset({408, 425, 429})
_SECRET_NAME = re.compile(r"key(?!word)|token|passw|secret|appname|signature|^sig$|^auth", re.IGNORECASE)
_LATER = "it is tried again at the next load"
_BROKEN = (httpcore.NetworkError, httpcore.RemoteProtocolError, httpcore.ProxyError, zlib.error)

# At INFO both write each URL, query and all, so a key in a query would reach every log.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class FetchError(Exception):
    """A request that brought nothing. The message is one line, without secrets, and ends with the remedy."""

    def __init__(
        self,
        message: str,
        url: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        body: bytes = b"",
    ) -> None:
        super().__init__(message)
        self.url = masked(url)
        self.status = status
        self.retry_after = retry_after
        self.body = body
        """The first bytes of the answer, for a feed that knows its publisher's words; shown to nobody as they are."""

    def hide(self, secrets: tuple[str, ...]) -> None:
        """Take out what a server repeated of the request: in where it sent us, or in the words of its status."""
        self.args = (hidden(str(self), secrets),)
        self.url = hidden(self.url, secrets)


class TransientError(FetchError):
    """It may work later: no connection, a timeout, 408, 425, 429, 5xx, a body cut short."""


class PermanentError(FetchError):
    """Asking again changes nothing: the other 4xx, an answer that makes no sense."""


class NotFoundError(PermanentError):
    """404 or 410: the publisher does not have it."""


class RefusedError(PermanentError):
    """We refuse: too large, too many redirects, or sent to a host, scheme or address that is not allowed."""


@dataclass(frozen=True)
class Response:
    """An answer: 2xx with a body in memory or in ``path``, or 304 with neither.

    ``url`` is where the answer came from. It and the headers hold no secret, even where the server repeated one;
    of the body only its feed can say what may be done with it (``secrecy.repeats``). ``sha256`` and ``md5`` are of the body as
    stored (any gzip content coding undone). ``media_type`` is without parameters; the charset is in
    ``headers["content-type"]`` (header names are case-insensitive).
    """

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    path: Path | None
    size: int
    sha256: str
    md5: str
    etag: str | None
    last_modified: str | None
    media_type: str | None
    elapsed_s: float


@dataclass(frozen=True, repr=False)
class _Ask:
    """What one call asks for, through all its redirects and attempts. It shows nothing of itself: it holds secrets."""

    method: str
    url: httpx.URL
    headers: dict[str, str]
    conditions: dict[str, str]
    max_bytes: int
    deadline_s: float
    allowed_hosts: frozenset[str] | None
    directory: Path | None
    content: bytes | None = None
    secrets: tuple[str, ...] = ()
    """What it carries that may stand nowhere: what the settings hold, and what was issued on it."""
    trusted_host: str | None = None
    wants_body: bool = True

    @property
    def from_loopback(self) -> bool:
        return is_loopback(self.url.host)


@dataclass
class _Received:
    """A body as it comes in."""

    body: bytes | None = None
    path: Path | None = None
    size: int = 0
    sha256: Any = field(default_factory=hashlib.sha256)
    md5: Any = field(default_factory=lambda: hashlib.md5(usedforsecurity=False))


class HttpClient:
    """Thread-safe; use as a context manager. ``sleep``, ``jitter`` and ``resolve`` are replaced in tests.

    A call takes a slot of its host for each attempt (``per_host`` at a time, started at least
    ``spacing_s`` apart). Its ``deadline_s`` runs from the first slot and covers redirects, retries and
    waits. ``allowed_hosts`` bounds redirects: each name allows itself and its subdomains; None allows
    any public host. ``trusted_host`` may be on a private network: a service of the user's own, never a publisher.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        resolve: Callable[[str, int], list[str]] | None = None,
        user_agent: str | None = None,
        per_host: int = PER_HOST,
        spacing_s: float = 0.0,
        read_timeout_s: float = READ_TIMEOUT_S,
        max_attempts: int = MAX_ATTEMPTS,
        trusted_host: str | None = None,
    ) -> None:
        self._sleep = sleep
        self._jitter = jitter
        self._user_agent = user_agent or _user_agent(settings.contact)
        self._per_host = per_host
        self._spacing_s = spacing_s
        self._max_attempts = max_attempts
        self._secrets = settings.secrets
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()
        self._trusted_host = trusted_host
        self._transport = Transport(resolve or system_resolve, settings.https_proxy, trusted_host)
        self._timeout = httpx.Timeout(
            read_timeout_s, connect=min(CONNECT_TIMEOUT_S, read_timeout_s)
        ).as_dict()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()

    def get(
        self,
        url: str,
        *,
        max_bytes: int,
        deadline_s: float = 60.0,
        headers: Mapping[str, str] | None = None,
        etag: str | None = None,
        last_modified: str | None = None,
        byte_range: str | None = None,
        allowed_hosts: frozenset[str] | None = None,
    ) -> Response:
        """A small body, in memory. ``byte_range`` is e.g. ``-65536`` or ``1000-``; 200 may answer it too."""
        conditions = (etag, last_modified, byte_range)
        return self._call(_ask("GET", url, headers, conditions, max_bytes, deadline_s, allowed_hosts))

    def download(
        self,
        url: str,
        destination_dir: Path,
        *,
        max_bytes: int,
        deadline_s: float = 900.0,
        headers: Mapping[str, str] | None = None,
        etag: str | None = None,
        last_modified: str | None = None,
        byte_range: str | None = None,
        allowed_hosts: frozenset[str] | None = None,
    ) -> Response:
        """A body into a new file in ``destination_dir``, never whole in memory. The file is the caller's."""
        conditions = (etag, last_modified, byte_range)
        return self._call(
            _ask("GET", url, headers, conditions, max_bytes, deadline_s, allowed_hosts, destination_dir)
        )

    def post(
        self,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        json: Any = None,
        max_bytes: int,
        deadline_s: float = 60.0,
        headers: Mapping[str, str] | None = None,
        wants_body: bool = True,
    ) -> Response:
        """A small answer to a form or a JSON body. No redirect is followed: what is sent may be a credential.

        Without ``wants_body`` the answer ends with its headers.
        """
        content = urlencode(form).encode() if form is not None else dumps(json).encode()
        kind = "application/x-www-form-urlencoded" if form is not None else "application/json"
        headers = {"content-type": kind, **(headers or {})}
        ask = _ask("POST", url, headers, (None, None, None), max_bytes, deadline_s, None)
        issued = (value for name, value in (form or {}).items() if _SECRET_NAME.search(name))
        secrets = (*ask.secrets, *issued)
        return self._call(replace(ask, content=content, secrets=secrets, wants_body=wants_body))

    def head(
        self,
        url: str,
        *,
        deadline_s: float = 60.0,
        headers: Mapping[str, str] | None = None,
        allowed_hosts: frozenset[str] | None = None,
    ) -> Response:
        """Headers only; ``size`` is 0, the declared length is in the headers."""
        return self._call(_ask("HEAD", url, headers, (None, None, None), 0, deadline_s, allowed_hosts))

    def _call(self, ask: _Ask) -> Response:
        ask = replace(ask, secrets=(*self._secrets, *ask.secrets), trusted_host=self._trusted_host)
        host = self._host(ask.url.netloc.decode("ascii"))
        host.admit(str(ask.url))
        deadline = Deadline(ask.deadline_s)

        def attempt() -> Response:
            with host.slot(self._sleep):
                deadline.start()
                return self._follow(ask, deadline)

        retrying = tenacity.Retrying(
            sleep=self._sleep,
            retry=tenacity.retry_if_exception_type(TransientError),
            wait=self._wait,
            stop=lambda state: (
                state.attempt_number >= self._max_attempts
                or state.idle_for + state.upcoming_sleep > RETRY_BUDGET_S
                or state.upcoming_sleep >= deadline.left()
            ),
            reraise=True,
        )
        try:
            response = retrying(attempt)
        except TransientError as error:
            host.failed()
            error.hide(ask.secrets)
            raise
        except FetchError as error:
            host.answered()
            error.hide(ask.secrets)
            raise
        host.answered()
        return response

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """Full jitter, on top of what the publisher asked for: many clients must not come back together."""
        backoff = min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2 ** (state.attempt_number - 1)) * self._jitter()
        error = state.outcome.exception() if state.outcome else None
        return (getattr(error, "retry_after", None) or 0.0) + backoff

    def _host(self, name: str) -> "_Host":
        with self._lock:
            return self._hosts.setdefault(name, _Host(self._per_host, self._spacing_s))

    def _follow(self, ask: _Ask, deadline: Deadline) -> Response:
        """One attempt: the request and its redirects, each hop checked before it is asked."""
        url = ask.url
        for _ in range(MAX_REDIRECTS + 1):
            _check_hop(ask, url)
            with self._stream(ask, url, deadline) as answer:
                if answer.status_code not in _REDIRECTS or "location" not in answer.headers:
                    return _received(ask, answer, url, deadline)
                if ask.content is not None:
                    raise RefusedError(
                        f"{masked(url)} redirects what was sent to it; set the address that it ends at",
                        str(url),
                        status=answer.status_code,
                    )
                try:
                    url = url.join(answer.headers["location"])
                except (httpx.InvalidURL, ValueError):
                    raise RefusedError(
                        f"{masked(url)} redirects to no readable address; report it to the publisher",
                        str(url),
                        status=answer.status_code,
                    ) from None
        raise RefusedError(
            f"more than {MAX_REDIRECTS} redirects from {masked(ask.url)}; use the address that it ends at",
            str(ask.url),
        )

    @contextmanager
    def _stream(self, ask: _Ask, url: httpx.URL, deadline: Deadline) -> Iterator[httpx.Response]:
        """An open answer; failures of the network while it is open become ``FetchError``."""
        headers = {
            "user-agent": self._user_agent,
            "accept": "*/*",
            "accept-encoding": "gzip",
        } | ask.conditions
        # What the caller adds may be a credential, and belongs to the origin it was meant for alone.
        if (url.scheme, url.host, url.port) == (ask.url.scheme, ask.url.host, ask.url.port):
            headers |= ask.headers
        elif "accept" in ask.headers:
            headers["accept"] = ask.headers["accept"]
        self._transport.network.begin(deadline, allow_loopback=ask.from_loopback)
        where = masked(url)
        try:
            # Not through httpx.Client: it would keep cookies, and read redirects before they are checked.
            request = httpx.Request(
                ask.method, url, headers=headers, content=ask.content, extensions={"timeout": self._timeout}
            )
            with closing(self._transport.handle_request(request)) as answer:
                yield answer
        except AddressRefused as error:
            raise RefusedError(
                f"{where}: {error}; only public addresses are asked, so use the publisher's own", str(url)
            ) from None
        except httpcore.TimeoutException:
            raise TransientError(
                f"{where} gave no complete answer in {deadline.spent():.0f} s; {_LATER}",
                str(url),
            ) from None
        except _BROKEN as error:
            if why := _distrust(error):
                raise PermanentError(
                    f"{where}: certificate not trusted ({why}); check this machine's clock and SSL_CERT_FILE",
                    str(url),
                ) from None
            raise TransientError(
                f"{where}: {_reason(error)}; check the network if other feeds fail too", str(url)
            ) from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpcore.LocalProtocolError) as error:
            raise PermanentError(f"{where}: {_reason(error)}; correct the address", str(url)) from None


class _Host:
    """Politeness towards one host: slots, spacing, and a rest after failures in a row."""

    def __init__(self, slots: int, spacing_s: float) -> None:
        self._slots = threading.Semaphore(slots)
        self._lock = threading.Lock()
        self._spacing_s = spacing_s
        self._next_at = 0.0
        self._failures = 0
        self._rests_until = 0.0

    @contextmanager
    def slot(self, sleep: Callable[[float], None]) -> Iterator[None]:
        with self._slots:
            with self._lock:
                now = time.monotonic()
                wait = max(0.0, self._next_at - now)
                self._next_at = now + wait + self._spacing_s
            if wait:
                sleep(wait)
            yield

    def admit(self, url: str) -> None:
        """Refuse at once while the host rests; after that, let one call through to see."""
        with self._lock:
            if self._failures < BREAKER_FAILURES:
                return
            now = time.monotonic()
            if now < self._rests_until:
                raise TransientError(
                    f"{masked(url)} not asked: its host failed {self._failures} times in a row and rests for "
                    f"{self._rests_until - now:.0f} s; {_LATER}",
                    url,
                    retry_after=self._rests_until - now,
                )
            self._rests_until = now + BREAKER_REST_S

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            self._rests_until = time.monotonic() + BREAKER_REST_S

    def answered(self) -> None:
        with self._lock:
            self._failures = 0


def masked(url: str | httpx.URL) -> str:
    """The URL as it may be shown or kept: no user information, no value of a query field that is a secret."""
    try:
        parts = urlsplit(str(url))
    except ValueError:
        return "(unreadable address)"
    netloc = parts.netloc.rpartition("@")[2]
    query = parts.query
    fields = parse_qsl(query, keep_blank_values=True)
    if any(_SECRET_NAME.search(name) for name, _ in fields):
        shown = [(name, "***" if _SECRET_NAME.search(name) else value) for name, value in fields]
        query = urlencode(shown, safe="*")
    return urlunsplit((parts.scheme, netloc, parts.path, query, ""))


def _ask(
    method: str,
    url: str,
    headers: Mapping[str, str] | None,
    conditions: tuple[str | None, str | None, str | None],
    max_bytes: int,
    deadline_s: float,
    allowed_hosts: frozenset[str] | None,
    directory: Path | None = None,
) -> _Ask:
    etag, last_modified, byte_range = conditions
    try:
        parsed = httpx.URL(url.strip())
    except (httpx.InvalidURL, ValueError) as error:
        raise RefusedError(f"{masked(url)} is not an address ({error}); correct it", url) from None
    fields = {"if-none-match": etag, "if-modified-since": last_modified}
    if byte_range:
        # A range of a compressed body is of no use.
        fields |= {"range": f"bytes={byte_range}", "accept-encoding": "identity"}
    return _Ask(
        method=method,
        url=parsed,
        headers={name.lower(): value for name, value in (headers or {}).items()},
        conditions={name: value for name, value in fields.items() if value},
        max_bytes=max_bytes,
        deadline_s=deadline_s,
        allowed_hosts=allowed_hosts,
        directory=directory,
        # Without the scheme before a token: "Bearer" is no secret.
        secrets=tuple(
            value.rpartition(" ")[2] for name, value in (headers or {}).items() if _SECRET_NAME.search(name)
        ),
    )


def _check_hop(ask: _Ask, url: httpx.URL) -> None:
    """Scheme, host and literal address of a hop; the addresses of names are checked on connecting."""
    host = url.host.lower().rstrip(".")
    if url == ask.url:
        sent, remedy = masked(url), "use an https address of the publisher"
    else:
        sent = f"{masked(ask.url)} redirects to {masked(url)}"
        remedy = "if that is where the publisher moved, set its address"

    def refuse(reason: str) -> RefusedError:
        return RefusedError(f"{sent}: {reason}; {remedy}", str(url))

    if not host:
        raise refuse("no host")
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(host) and ask.from_loopback):
        raise refuse(f"{url.scheme or 'no'} scheme (https only; http on this machine alone)")
    if is_loopback(host) and not ask.from_loopback:
        raise refuse("an address of this machine")
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        literal = None
    if literal is not None and host != ask.trusted_host:
        try:
            check_address(host, host, allow_loopback=ask.from_loopback)
        except AddressRefused as error:
            raise refuse(str(error)) from None
    if url.host != ask.url.host and ask.allowed_hosts is not None and not _within(host, ask.allowed_hosts):
        raise refuse("a host that is not of this feed")


def _within(host: str, allowed: frozenset[str]) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in allowed)


def _received(ask: _Ask, answer: httpx.Response, url: httpx.URL, deadline: Deadline) -> Response:
    """The answer at the end of the redirects: its body, or the error that its status stands for."""
    status = answer.status_code
    if status != 304 and not 200 <= status < 300:
        raise _status_error(answer, url)
    if status == 304 or ask.method == "HEAD" or not ask.wants_body:
        return _response(ask, answer, url, deadline, _Received())
    declared = answer.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > ask.max_bytes:
        raise _too_large(ask, url, f"{int(declared):,}")
    got = _Received()
    if ask.directory is None:
        buffer = BytesIO()
        _copy(ask, answer, url, buffer, got)
        got.body = buffer.getvalue()
        return _response(ask, answer, url, deadline, got)
    ask.directory.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=ask.directory, prefix="download-", suffix=".part")
    got.path = Path(name)
    try:
        with open(handle, "wb") as file:
            _copy(ask, answer, url, file, got)
    except BaseException:
        got.path.unlink(missing_ok=True)
        raise
    return _response(ask, answer, url, deadline, got)


def _copy(ask: _Ask, answer: httpx.Response, url: httpx.URL, sink: IO[bytes], got: "_Received") -> None:
    for block in _decoded(answer, url):
        got.size += len(block)
        if got.size > ask.max_bytes:
            raise _too_large(ask, url, f"over {ask.max_bytes:,}")
        sink.write(block)
        got.sha256.update(block)
        got.md5.update(block)


def _decoded(answer: httpx.Response, url: httpx.URL) -> Iterator[bytes]:
    """The body in small blocks. Gzip is undone here, not by httpx, so that a bomb grows a block at a time
    and a coding cut short is seen."""
    coding = answer.headers.get("content-encoding", "identity").strip().lower()
    if coding in ("", "identity"):
        yield from answer.iter_raw(_CHUNK)
        return
    if coding not in ("gzip", "x-gzip"):
        raise PermanentError(
            f"{masked(url)} answers in content coding {coding!r} though only gzip was offered; report it",
            str(url),
            status=answer.status_code,
        )
    inflate = zlib.decompressobj(wbits=31)
    for chunk in answer.iter_raw(_CHUNK):
        while chunk and not inflate.eof:
            yield inflate.decompress(chunk, _CHUNK)
            chunk = inflate.unconsumed_tail
    if not inflate.eof:
        raise zlib.error("the gzip coding is cut short")


def _response(
    ask: _Ask,
    answer: httpx.Response,
    url: httpx.URL,
    deadline: Deadline,
    got: "_Received",
) -> Response:
    headers = httpx.Headers(
        [(name, hidden(value, ask.secrets)) for name, value in answer.headers.multi_items()]
    )
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return Response(
        status=answer.status_code,
        url=hidden(masked(url), ask.secrets),
        headers=headers,
        body=got.body,
        path=got.path,
        size=got.size,
        sha256=got.sha256.hexdigest(),
        md5=got.md5.hexdigest(),
        etag=headers.get("etag"),
        last_modified=headers.get("last-modified"),
        media_type=media_type or None,
        elapsed_s=deadline.spent(),
    )


def _status_error(answer: httpx.Response, url: httpx.URL) -> FetchError:
    status = answer.status_code
    said = f"{status} {answer.reason_phrase}".strip()
    where = masked(url)
    body = _excerpt(answer, url)
    if status in _TRANSIENT or status >= 500:
        retry_after = _retry_after(answer.headers.get("retry-after"))
        wait = f" (asks to wait {retry_after:.0f} s)" if retry_after else ""
        return TransientError(
            f"{where} answered {said}{wait}; {_LATER}",
            str(url),
            status=status,
            retry_after=retry_after,
            body=body,
        )
    if status in (404, 410):
        return NotFoundError(
            f"{where} answered {said}; check the address if it should exist",
            str(url),
            status=status,
            body=body,
        )
    remedy = "correct the address or the request"
    if status in (401, 403):
        remedy = "check the account or key if the feed needs one, else say who asks with SAHEL_CONTACT"
    return PermanentError(f"{where} answered {said}; {remedy}", str(url), status=status, body=body)


def _excerpt(answer: httpx.Response, url: httpx.URL) -> bytes:
    """The first bytes of a refusal; it is one already, so that what is wrong with its body does not matter."""
    got = b""
    with suppress(FetchError, zlib.error, *_BROKEN, httpcore.TimeoutException):
        for block in _decoded(answer, url):
            got += block
            if len(got) >= EXCERPT_BYTES:
                break
    return got[:EXCERPT_BYTES]


def _retry_after(text: str | None) -> float | None:
    """Seconds from now, of either form of the header; None where absent or unreadable."""
    if not text:
        return None
    if text.strip().isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - machine_now()).total_seconds())


def _too_large(ask: _Ask, url: httpx.URL, size: str) -> RefusedError:
    return RefusedError(
        f"{masked(url)} is too large ({size} bytes, {ask.max_bytes:,} allowed); see what it is in a browser",
        str(url),
    )


def _distrust(error: BaseException | None) -> str | None:
    """Why a certificate was not accepted, if that is what lies at the bottom of the failure."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return getattr(error, "verify_message", None) or "verification failed"
        error = error.__cause__ or error.__context__
    return None


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return re.sub(r"https?://\S+", "the address", text) or type(error).__name__


def _user_agent(contact: str | None) -> str:
    try:
        version = metadata.version("sahel-monitor")
    except metadata.PackageNotFoundError:
        version = "0"
    who = " ".join(contact.split()) if contact else "set SAHEL_CONTACT to add yours"
    return f"sahel-monitor/{version} (open conflict-data pipeline; {who})".encode("ascii", "replace").decode()
