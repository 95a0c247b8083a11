"""Insecurity Insight's API as a made publisher: each topic whole, as one JSON list, without key or pages.

What belongs here: the protocol, and the ways in which such a server fails. What does not: which incidents there
are (``insecurity_insight`` for the made world's; a test passes its own), and sockets (server).
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from orchestration.made_world.publishers import Answer, Request
from orchestration.made_world.world import MADE_LABEL

Incident = dict[str, Any]
FAULTS = ("html", "error", "truncated", "third", "empty")


class InsecurityInsightApi:
    """``rows`` gives a topic's incidents at an instant, None where there is no such topic.

    ``faults`` maps a topic to how it fails until that is taken out again: html (a page with status 200), error (an
    object with status 200), truncated (the list breaks off), third (only a third of the incidents), empty.
    """

    def __init__(self, rows: Callable[[str, datetime], list[Incident] | None]) -> None:
        self.rows = rows
        self.faults: dict[str, str] = {}

    def handle(self, request: Request, as_of: datetime) -> Answer:
        topic = request.path.removeprefix("/hdx/v1/")
        wants_overview = topic.endswith("Overview")
        topic = topic.removesuffix("Overview")
        known = request.method in ("GET", "HEAD") and request.path.startswith("/hdx/v1/")
        incidents = self.rows(topic, as_of) if known else None
        if incidents is None:
            return _page(404, f"Cannot {request.method} this path")
        if wants_overview:
            return _json(_overview(incidents))
        fault = self.faults.get(topic)
        if fault is None:
            return _json(incidents)
        if fault == "html":
            return _page(200, "Application error")
        if fault == "error":
            return _json({"error": "made failure", "message": "the query did not end"})
        if fault == "truncated":
            whole = _json(incidents).body
            return Answer(whole[: len(whole) * 2 // 3], "application/json; charset=utf-8")
        if fault in ("third", "empty"):
            return _json(incidents[: len(incidents) // 3] if fault == "third" else [])
        raise ValueError(f"unknown fault {fault!r}; use one of {', '.join(FAULTS)}")


def _overview(incidents: list[Incident]) -> list[Incident]:
    """How many incidents a country had in a year."""
    counts = Counter((row["Country"], row["Country ISO"], str(row["Date"])[:4]) for row in incidents)
    return [
        {"Country": name, "Year": year, "Country ISO": iso3, "Number Of Events": str(count)}
        for (name, iso3, year), count in sorted(counts.items())
    ]


def _json(told: Any) -> Answer:
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return Answer(body, "application/json; charset=utf-8", etag=tag)


def _page(status: int, text: str) -> Answer:
    body = f"<!DOCTYPE html>\n<html><head><title>{MADE_LABEL}</title></head><body><pre>{text}</pre></body></html>\n"
    return Answer(body.encode(), "text/html; charset=utf-8", status=status)
