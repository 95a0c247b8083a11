"""UCDP's API as its documentation and its clients describe it: a token, versions, zero-based pages.

What belongs here: the protocol, and how a row of a file looks in it. What does not: the rows themselves,
which whoever makes the API passes in (``told_by`` for those of the made world), and HTTP (server).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from orchestration.made_world.publishers import Answer, Request
from orchestration.made_world.ucdp import Ucdp

Rows = Sequence[Mapping[str, Any]]

DEFAULT_PAGE_SIZE = 100
TOKEN_REQUIRED = "API token required. Add header: x-ucdp-access-token: <your-token>"
_TEXTS = (
    "conflict_dset_id", "dyad_dset_id", "side_a_dset_id", "side_b_dset_id", "gwnoa", "gwnob",
)  # fmt: skip
"""Columns of numbers that the API tells as text."""


class UcdpApi:
    """``releases`` gives the rows of a version at an instant, None where there is no such version.

    Below ``/<prefix>``. The rest is for tests to turn: ``throttle`` numbers requests (the first is 1) that
    are answered with 400; ``unknown_is_empty`` answers an unknown version with no events instead of 404.
    """

    def __init__(
        self, releases: Callable[[str, datetime], Rows | None], token: str, prefix: str = "ucdp_api"
    ) -> None:
        self.releases = releases
        self.token = token
        self.prefix = prefix
        self.throttle: set[int] = set()
        self.unknown_is_empty = False
        self.asked: list[Request] = []

    def handle(self, request: Request, as_of: datetime) -> Answer:
        """What it answers: the token comes first, whatever is asked for."""
        self.asked.append(request)
        if request.headers.get("x-ucdp-access-token") != self.token:
            return Answer(TOKEN_REQUIRED.encode(), "text/plain; charset=utf-8", status=401)
        if len(self.asked) in self.throttle:
            return Answer(b"", "text/plain", status=400)
        _, _, version = request.path.strip("/").partition("api/gedevents/")
        rows = self.releases(version, as_of) if version else None
        if rows is None and not (version and self.unknown_is_empty):
            return Answer(b"", "text/plain", status=404)
        body = self._page(request, version, rows or ())
        return Answer(json.dumps(body, ensure_ascii=False).encode(), "application/json; charset=utf-8")

    def _page(self, request: Request, version: str, rows: Rows) -> dict[str, Any]:
        asked = {name.lower(): value for name, value in request.query.items()}
        size, number = int(asked.get("pagesize", DEFAULT_PAGE_SIZE)), int(asked.get("page", 0))
        chosen = [row for row in rows if _is_chosen(row, asked)]
        pages = -(-len(chosen) // size)
        resource = f"http://{request.headers.get('host', '')}/{self.prefix}/api/gedevents/{version}"

        def address(page: int) -> str:
            return f"{resource}?pagesize={size}&page={page}" if 0 <= page < pages else ""

        return {
            "TotalCount": len(chosen),
            "TotalPages": pages,
            "PreviousPageUrl": address(number - 1),
            "NextPageUrl": address(number + 1),
            "Result": [as_told(row) for row in chosen[number * size : (number + 1) * size]],
        }


def told_by(ucdp: Ucdp) -> Callable[[str, datetime], Rows | None]:
    """The made world's releases as the API has them: those that are published at that instant."""

    def releases(version: str, as_of: datetime) -> Rows | None:
        try:
            release = ucdp.release(version)
        except KeyError:
            return None
        return ucdp.rows_as_of(release, as_of) if ucdp.published_at(release, as_of) else None

    return releases


def as_told(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row in the API's types: a truth value, instants, and ids of older datasets as text."""
    told = {
        name: f"{value.isoformat()}T00:00:00" if isinstance(value, date) else value
        for name, value in row.items()
    }
    told["active_year"] = bool(row["active_year"])
    return told | {name: None if row[name] is None else str(row[name]) for name in _TEXTS}


def _is_chosen(row: Mapping[str, Any], asked: Mapping[str, str]) -> bool:
    """By the parameters that it knows; any other is ignored without a word."""
    end = row["date_end"].isoformat()
    codes = {"country": row["country_id"], "id": row["id"], "typeofviolence": row["type_of_violence"]}
    return (
        asked.get("startdate", "") <= end <= asked.get("enddate", "9999-12-31")
        and all(str(value) in asked[name].split(",") for name, value in codes.items() if name in asked)
    )  # fmt: skip
