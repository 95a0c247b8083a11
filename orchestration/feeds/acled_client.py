"""Talking to ACLED: the login, its token, the pages of an answer, and what a refusal means in plain words.

Here: the protocol, and the proof that a page is what it claims to be. Not here: what is asked for and in which
order (``acled``), and reading rows (``acled_rows``). User name, password and tokens live in this module's memory
only; no message, address or payload holds them.
"""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from orchestration.feeds.base import NotTheFormat
from orchestration.feeds.http import FetchError, HttpClient, Response, TransientError
from orchestration.settings import Settings

EVENTS = "/api/acled/read"
DELETIONS = "/api/deleted/read"
PAGE_ROWS = 5000
"""ACLED's own maximum."""
MAX_PAGES = 2000
MAX_PAGE_BYTES = 64 * 1024**2
PAGE_DEADLINE_S = 300.0
MAX_TOKEN_BYTES = 1024**2
TOKEN_MARGIN_S = 300.0
"""A token this close to its end is renewed first: a walk of many pages takes minutes."""

NO_RIGHT = (
    "this account has no right to the event API (403 Access denied; the Open tier has weekly aggregates only); "
    "accept the terms and complete the profile at acleddata.com, or ask there for research access"
)
BLOCKED = (
    "the client was blocked before ACLED saw it (403, Cloudflare error 1010); "
    "set SAHEL_CONTACT to an address or a page that says who asks"
)
WRONG_PASSWORD = "user name or password not accepted; check ACLED_USERNAME and ACLED_PASSWORD"
NOT_A_FORM = (
    "the login was answered with 415 (media type), as where scope=authenticated is left out; "
    "report it, the login form may have changed"
)
TOKEN_REFUSED = (
    "a token that ACLED had just given was refused (401), also after logging in once more; "
    "log in at acleddata.com to see whether the account is active, and try again later"
)


class NotServed(Exception):
    """ACLED answered and will not serve this to the account. The message is for the user."""


class NotLetIn(NotServed):
    """It will not serve this account or client anything: the login was refused, or the client is blocked."""


@dataclass(frozen=True)
class Embargo:
    """How recent the events are that the account may see."""

    ends: date
    span: str

    def __str__(self) -> str:
        return f"your ACLED access ends at {self.ends} ({self.span}); nothing newer is visible, which is not peace"


@dataclass(frozen=True)
class Page:
    """A page that is what it claims to be. ``next_cursor`` is None at the end of the walk."""

    rows: tuple[dict[str, Any], ...]
    next_cursor: str | None
    embargo: Embargo | None


class AcledClient:
    """One account for one load. Logs in when first needed, and once more when a token is refused."""

    def __init__(self, settings: Settings, http: HttpClient) -> None:
        self._settings = settings
        self._http = http
        self._access: str | None = None
        self._refresh: str | None = None
        self._ends_at = 0.0

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no answer may hold that is kept."""
        issued = (value for value in (self._access, self._refresh) if value)
        return (*self._settings.secrets, *issued)

    def ask(self, path: str, query: Mapping[str, str]) -> Response:
        """One page as it comes. Raises ``NotServed``, or ``FetchError`` where it is the network or the server."""
        url = f"{self._settings.acled_url}{path}?{urlencode(query)}"
        try:
            return self._get(url)
        except FetchError as error:
            if error.status != 401:
                raise _told(error) from None
        # Tokens have been seen to serve one request only, so this is not yet a verdict on the account.
        self._access = None
        try:
            return self._get(url)
        except FetchError as error:
            if error.status == 401:
                raise NotLetIn(TOKEN_REFUSED) from None
            raise _told(error) from None

    def _get(self, url: str) -> Response:
        headers = {"authorization": f"Bearer {self._token()}", "accept": "application/json"}
        return self._http.get(url, headers=headers, max_bytes=MAX_PAGE_BYTES, deadline_s=PAGE_DEADLINE_S)

    def _token(self) -> str:
        if self._access and time.monotonic() < self._ends_at:
            return self._access
        if self._access and self._refresh:
            form = {"refresh_token": self._refresh, "grant_type": "refresh_token", "client_id": "acled"}
            self._access = self._refresh = None
            try:
                return self._grant(form)
            except NotLetIn:
                pass  # a refresh token ends too; the password still counts
        return self._grant(
            {
                "username": self._settings.acled_username or "",
                "password": self._settings.acled_password or "",
                "grant_type": "password",
                "client_id": "acled",
                "scope": "authenticated",
            }
        )

    def _grant(self, form: Mapping[str, str]) -> str:
        url = f"{self._settings.acled_url}/oauth/token"
        try:
            answer = self._http.post(url, form=form, max_bytes=MAX_TOKEN_BYTES)
        except FetchError as error:
            raise _login_told(error) from None
        try:
            told = json.loads(answer.body or b"")
            access, refresh = told["access_token"], told.get("refresh_token")
            lasts_s = float(told.get("expires_in", 0))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            access = refresh = None
        if not isinstance(access, str) or not re.fullmatch(r"[\x21-\x7e]+", access):
            raise NotLetIn(
                "the login was answered without a token; try again later, and report it if it stays"
            )
        self._access, self._refresh = access, refresh if isinstance(refresh, str) else None
        self._ends_at = time.monotonic() + lasts_s - TOKEN_MARGIN_S
        return access


def read_page(body: bytes, rows_asked: int, secrets: tuple[str, ...] = ()) -> Page:
    """The page that a body holds. Raises ``NotTheFormat`` where its envelope does not hold together."""
    try:
        envelope = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotTheFormat(
            f"not JSON ({type(error).__name__}); open acleddata.com in a browser to see whether it is up"
        ) from None
    if not isinstance(envelope, dict):
        raise NotTheFormat("no envelope around the rows; the API has changed, report it")
    for name in ("error", "message"):
        if said := envelope.get(name):
            raise NotTheFormat(
                f"an error instead of rows: {_shown(said, secrets)}; it is asked again next time"
            )
    if str(envelope.get("status")) != "200" or str(envelope.get("success")).lower() != "true":
        said = _shown(envelope.get("messages") or "it does not say why", secrets)
        raise NotTheFormat(
            f"status {_shown(envelope.get('status'), ())}, success {_shown(envelope.get('success'), ())}: {said}; "
            "it is asked again next time"
        )
    rows = envelope.get("data")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise NotTheFormat("data is no list of rows; the API has changed, report it")
    if str(envelope.get("count")) != str(len(rows)):
        raise NotTheFormat(
            f"count says {_shown(envelope.get('count'), ())} and {len(rows)} rows came; it is asked again next time"
        )
    return Page(tuple(rows), _next_cursor(envelope, len(rows), rows_asked), _embargo(envelope))


def _next_cursor(envelope: dict[str, Any], rows: int, rows_asked: int) -> str | None:
    """A stated null ends the walk, also on a full page; a short page without the key ends it too."""
    if "next_cursor" not in envelope:
        if rows >= rows_asked:
            raise NotTheFormat(
                f"a full page of {rows} rows without next_cursor, so that the rest could not be asked for; "
                "ACLED's paging has changed, report it"
            )
        return None
    cursor = envelope["next_cursor"]
    if cursor is None or cursor == "null":
        return None
    if isinstance(cursor, bool) or not isinstance(cursor, int | str) or not str(cursor).strip():
        raise NotTheFormat(
            "next_cursor is neither a number nor a text; ACLED's paging has changed, report it"
        )
    return str(cursor)


def _embargo(envelope: dict[str, Any]) -> Embargo | None:
    restrictions = envelope.get("data_query_restrictions")
    recency = restrictions.get("date_recency") if isinstance(restrictions, dict) else None
    if not recency:
        return None
    try:
        ends = date.fromisoformat(str(recency["date"])[:10])
        return Embargo(ends, _shown(f"{recency['quantity']} {recency['unit']}", ()))
    except (TypeError, KeyError, ValueError):
        # Without its date, the end of what is visible would pass for the end of the violence.
        raise NotTheFormat(
            f"date_recency {_shown(recency, ())} cannot be read, so how far the account sees is not known; report it"
        ) from None


def _told(error: FetchError) -> Exception:
    """What a failed request means: a refusal in plain words, or the failure as it is."""
    if isinstance(error, TransientError):
        return error
    if _is_blocked(error):
        return NotLetIn(BLOCKED)
    if error.status == 403:
        return NotServed(NO_RIGHT)
    return NotServed(str(error)) if error.status != 401 else error


def _login_told(error: FetchError) -> Exception:
    if isinstance(error, TransientError):
        return error
    if _is_blocked(error):
        return NotLetIn(BLOCKED)
    if error.status == 415:
        return NotLetIn(NOT_A_FORM)
    if error.status in (400, 401):
        return NotLetIn(WRONG_PASSWORD)
    return NotLetIn(f"login: {error}")


def _is_blocked(error: FetchError) -> bool:
    return (
        error.status == 403
        and re.search(rb"error[ _]?code\W{0,6}1010", error.body, re.IGNORECASE) is not None
    )


def _shown(said: Any, secrets: tuple[str, ...]) -> str:
    """A publisher's words, short, on one line, and without what nobody may read."""
    text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False, default=str)
    for secret in secrets:
        text = text.replace(secret, "***")
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:160]
