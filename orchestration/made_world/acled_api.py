"""ACLED's API as a server speaks it: login, tokens, filters, cursor paging, tiers and embargo, and its failures.

Here: the protocol over whatever records there are. Not here: what happened (``acled``), or sockets (``server``).
``AcledRecords`` is a plain state for tests to insert into, edit and delete from; ``AcledApi`` asks its records
anew at each request, so that they may change while it is served.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import parse_qsl

from orchestration.made_world.publishers import Answer, Request

COLUMNS = (
    "event_id_cnty", "event_date", "year", "time_precision", "disorder_type", "event_type", "sub_event_type",
    "actor1", "assoc_actor_1", "inter1", "actor2", "assoc_actor_2", "inter2", "interaction", "civilian_targeting",
    "iso", "region", "country", "admin1", "admin2", "admin3", "location", "latitude", "longitude", "geo_precision",
    "source", "source_scale", "notes", "fatalities", "tags", "timestamp",
)  # fmt: skip
POPULATION = ("population_1km", "population_2km", "population_5km", "population_best")
MOST_ROWS = 5000
TOKEN_S, REFRESH_S = 86_400, 14 * 86_400
_NUMERIC = frozenset(
    ("year", "time_precision", "iso", "latitude", "longitude", "geo_precision", "fatalities", "timestamp")
) | {"deleted_timestamp"}
_EXACT = frozenset(("event_date", "inter1", "inter2", "interaction")) | _NUMERIC


class Records(Protocol):
    """What the API serves: all events as they stand, and all deletions, at an instant."""

    def events(self, as_of: datetime) -> Iterable[Mapping[str, Any]]: ...

    def deletions(self, as_of: datetime) -> Iterable[Mapping[str, Any]]: ...


class AcledRecords:
    """Events by id and deletions in order, kept by hand. Each change carries the publisher's own stamp."""

    def __init__(self, rows: Iterable[Mapping[str, Any]] = ()) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.deleted: list[dict[str, Any]] = []
        for row in rows:
            self.put(row)

    def put(self, row: Mapping[str, Any]) -> None:
        """Insert an event, edit it, or issue a deleted id anew: its stamp is the row's own."""
        self.rows[row["event_id_cnty"]] = dict(row)

    def delete(self, event_id: str, stamp: int) -> None:
        self.rows.pop(event_id, None)
        self.deleted.append({"event_id_cnty": event_id, "deleted_timestamp": stamp})

    def events(self, as_of: datetime) -> Iterable[Mapping[str, Any]]:
        return list(self.rows.values())

    def deletions(self, as_of: datetime) -> Iterable[Mapping[str, Any]]:
        return list(self.deleted)


@dataclass
class Fault:
    """A failure that the next ``times`` requests to an endpoint get, after ``skip`` good ones.

    ``endpoint``: token, events or deletions. ``kind``: 401, 403, 1010, 415, 503; or what is wrong with an
    otherwise good page: no_cursor, same_cursor, repeated_row, stray_country, wrong_count, not_ok, message, html,
    token_missing, blind_embargo.
    """

    endpoint: str
    kind: str
    times: int = 1
    skip: int = 0


@dataclass
class AcledApi:
    """The server. ``tier`` is open, research (with an embargo) or partner; ``page_rows`` caps a page."""

    records: Records
    accounts: dict[str, str] = field(default_factory=dict)
    tier: str = "partner"
    embargo_months: int = 12
    page_rows: int = MOST_ROWS
    has_deletions: bool = True
    token_s: int = TOKEN_S
    faults: list[Fault] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Endpoint and query (for tokens: the kind of grant and the names of the fields) of every request, in order."""
    _tokens: dict[str, datetime] = field(default_factory=dict)
    _refresh_tokens: dict[str, datetime] = field(default_factory=dict)
    _issued: int = 0

    def handle(self, request: Request, as_of: datetime) -> Answer:
        if request.headers.get("user-agent", "").startswith("Python-urllib"):
            return _blocked()
        if request.path == "/oauth/token" and request.method == "POST":
            return self._token(request, as_of)
        endpoint = {"/api/acled/read": "events", "/api/deleted/read": "deletions"}.get(request.path)
        if endpoint is None or request.method != "GET":
            return _json({"message": "Not found"}, 404)
        return self._read(endpoint, request, as_of)

    # Login

    def _token(self, request: Request, as_of: datetime) -> Answer:
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        self.asked.append(
            ("token", {"grant_type": form.get("grant_type", ""), "fields": " ".join(sorted(form))})
        )
        kind = self._fault("token")
        if kind == "token_missing":
            return _json({"token_type": "Bearer", "expires_in": self.token_s})
        if kind:
            return _failure(kind)
        is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        if form.get("grant_type") == "refresh_token":
            ends = self._refresh_tokens.pop(form.get("refresh_token", ""), None)
            if ends is None or ends <= as_of:
                return _grant_refused("The refresh token is invalid.")
            return self._issue(as_of)
        if not is_form or form.get("scope") != "authenticated":
            return _failure("415")
        password = self.accounts.get(form.get("username", ""))
        if form.get("client_id") != "acled" or password is None or password != form.get("password"):
            return _grant_refused("The user credentials were incorrect.")
        return self._issue(as_of)

    def _issue(self, as_of: datetime) -> Answer:
        self._issued += 1
        access, refresh = f"made-access-{self._issued}", f"made-refresh-{self._issued}"
        self._tokens[access] = as_of + timedelta(seconds=self.token_s)
        self._refresh_tokens[refresh] = as_of + timedelta(seconds=REFRESH_S)
        told = {"token_type": "Bearer", "expires_in": self.token_s, "access_token": access}
        return _json({**told, "refresh_token": refresh})

    def revoke_tokens(self) -> None:
        """All that was issued counts no more, though it had not ended."""
        self._tokens.clear()
        self._refresh_tokens.clear()

    # Reading

    def _read(self, endpoint: str, request: Request, as_of: datetime) -> Answer:
        query = dict(request.query)
        self.asked.append((endpoint, query))
        kind = self._fault(endpoint)
        if kind in ("401", "403", "1010", "415", "503"):
            return _failure(kind)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer":
            return _failure("403")
        if self._tokens.get(token, as_of) <= as_of:
            return _failure("401")
        if self.tier == "open" or (endpoint == "deletions" and not self.has_deletions):
            return _failure("403")
        if endpoint == "deletions":
            rows = [dict(row) for row in self.records.deletions(as_of)]
            rows.sort(key=lambda row: (-int(row["deleted_timestamp"]), row["event_id_cnty"]))
            columns, embargo = ("event_id_cnty", "deleted_timestamp"), None
        else:
            rows = [dict(row) for row in self.records.events(as_of)]
            embargo = _months_before(as_of.date(), self.embargo_months) if self.tier == "research" else None
            if embargo:
                rows = [row for row in rows if row["event_date"] <= embargo.isoformat()]
            rows.sort(key=lambda row: row["event_id_cnty"])
            rows.sort(key=lambda row: row["event_date"], reverse=True)
            columns = (*COLUMNS, *(POPULATION if query.get("population") == "full" else ()))
        for name in columns:
            if name in query:
                rows = [row for row in rows if _passes(row, name, query)]
        return self._page(rows, columns, query, kind, embargo, as_of)

    def _page(
        self,
        rows: list[dict[str, Any]],
        columns: tuple[str, ...],
        query: dict[str, str],
        fault: str | None,
        embargo: date | None,
        as_of: datetime,
    ) -> Answer:
        wanted = int(query.get("limit") or MOST_ROWS) or MOST_ROWS
        size = min(wanted, self.page_rows, MOST_ROWS)
        start = int(query.get("cursor") or 0)
        shown = rows[start : start + size]
        if fault == "repeated_row" and start:
            # What a page shows twice when rows are added while it is walked.
            shown = [rows[start - 1], *shown]
        if fault == "stray_country":
            other = next((row for row in self.records.events(as_of) if row not in rows), None)
            shown = [*shown, dict(other)] if other else shown
        # Numbers and all come as texts, blanks as empty ones.
        data = [{name: _wire(row.get(name)) for name in columns} for row in shown]
        envelope: dict[str, Any] = {
            "status": 200,
            "success": True,
            "last_update": 0,
            "count": len(data),
            "messages": [],
            "data": data,
            "filename": "made",
            "data_query_restrictions": {},
            "next_cursor": start + size if start + size < len(rows) else None,
        }
        if embargo:
            recency = {"quantity": self.embargo_months, "unit": "Months", "date": embargo.isoformat()}
            envelope["data_query_restrictions"] = {"date_recency": recency}
        return _spoilt(envelope, fault, start)

    def _fault(self, endpoint: str) -> str | None:
        for fault in self.faults:
            if fault.endpoint != endpoint or fault.times == 0:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            return fault.kind
        return None


def _spoilt(envelope: dict[str, Any], fault: str | None, start: int) -> Answer:
    if fault == "html":
        return Answer(b"<!DOCTYPE html><html><body>Made maintenance page</body></html>", "text/html")
    if fault == "no_cursor":
        del envelope["next_cursor"]
    elif fault == "same_cursor":
        envelope["next_cursor"] = start
    elif fault == "wrong_count":
        envelope["count"] += 1
    elif fault == "not_ok":
        envelope |= {"status": 500, "success": False, "messages": ["made trouble"]}
    elif fault == "message":
        envelope["message"] = "made trouble"
    elif fault == "blind_embargo":
        envelope["data_query_restrictions"] = {"date_recency": {"quantity": 12, "unit": "Months"}}
    return _json(envelope)


def _passes(row: Mapping[str, Any], name: str, query: Mapping[str, str]) -> bool:
    """Whether a row is what a filter asks for, under its operator or the column's own."""
    default = ">=" if "timestamp" in name else "=" if name in _EXACT else "LIKE"
    operator = query.get(f"{name}_where", default)
    wanted = [_comparable(name, text) for text in query[name].split("|")]
    value = _comparable(name, str(row.get(name) or ""))
    if operator == "BETWEEN":
        return wanted[0] <= value <= wanted[-1]
    if operator == "LIKE":
        return any(str(text).lower() in str(value).lower() for text in wanted)
    compare = {
        "=": lambda other: value == other,
        ">": lambda other: value > other,
        "<": lambda other: value < other,
        ">=": lambda other: value >= other,
        "<=": lambda other: value <= other,
    }[operator]
    return any(compare(other) for other in wanted)


def _comparable(name: str, text: str) -> float | str:
    if "timestamp" in name and "-" in text:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    return float(text or 0) if name in _NUMERIC else text


def _wire(value: Any) -> str:
    return "" if value is None else str(value)


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def _grant_refused(why: str) -> Answer:
    return _json({"error": "invalid_grant", "error_description": why}, 400)


def _failure(kind: str) -> Answer:
    if kind == "1010":
        return _blocked()
    said = {
        "401": "The resource owner or authorization server denied the request.",
        "403": "Access denied",
        "415": "Unsupported media type",
        "503": "Made outage",
    }[kind]
    return _json({"message": said}, int(kind))


def _blocked() -> Answer:
    return _json({"title": "Error 1010: Access denied", "status": 403, "error_code": 1010}, 403)


def _json(told: Any, status: int = 200) -> Answer:
    return Answer(json.dumps(told, ensure_ascii=False).encode(), "application/json", status=status)
