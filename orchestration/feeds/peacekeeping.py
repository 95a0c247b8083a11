"""The peacekeeping feed: deaths in UN peace operations, from the UN Peace and Security Data Hub.

Here: fetching the list (JSON, or CSV as a file by hand), the country of a mission, and its rows. A death is
placed at the country of the mission's headquarters, for the list tells of no place. Not here: who died; the
gender that the list tells is not loaded, and names are not in it.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from typing import Any

import duckdb

from expectations.contracts.context import PEACEKEEPER_FATALITY
from expectations.reference import read_seed
from orchestration.feeds.base import Context, NotTheFormat, reach
from orchestration.feeds.context_files import (
    MAX_BYTES,
    Rows,
    insist_on_whole_series,
    known_fields,
    no_answer,
    nothing,
    read_json,
    read_rows,
    snapshot,
    store,
    store_file,
)
from orchestration.feeds.http import FetchError, HttpClient
from orchestration.records import Batch, Finding, LoadRequest, Parsed, Payload, Status
from orchestration.settings import Settings, naive

PATH = "/public/data/DPPADPOSS-FATALITIES/json"
"""UNVERIFIED: pieced together from public scrapers. Where it is wrong, the list can be downloaded from
https://psdata.un.org/dataset/DPPADPOSS-FATALITIES and loaded with --file."""

STREAM = "fatalities"

_REQUIRED = ("incident_date", "casualty_id", "mission_acronym")
_TEXTS = (
    "type_of_casualty",
    "casualty_nationality",
    "casualty_personnel_type",
    "type_of_incident",
    "isocode3",
)
# ``id`` is a row number that changes from day to day; the gender is a person's own.
_NOT_LOADED = ("id", "gender")


class PeacekeepingFeed:
    """See ``base.Feed``."""

    key = "peacekeeping"
    tables = (PEACEKEEPER_FATALITY.table,)
    accepts = frozenset({"file"})

    def fetch(self, request: LoadRequest, context: Context) -> Iterator[Batch]:
        insist_on_whole_series(request, takes_file=True)
        if request.file is not None:
            return iter([_snapshot(context, store_file(context, "peacekeeping", STREAM, request.file))])
        try:
            answer = context.http.get(context.settings.peacekeeping_url + PATH, max_bytes=MAX_BYTES)
        except FetchError as error:
            return iter([no_answer("peacekeeping", STREAM, error)])
        return iter([_snapshot(context, store(context, "peacekeeping", STREAM, answer, None))])

    def parse(
        self, batch: Batch, scratch: duckdb.DuckDBPyConnection, countries: tuple[str, ...] | None
    ) -> Parsed:
        (payload,) = batch.payloads
        missions = _missions()
        parsed = Rows(PEACEKEEPER_FATALITY)
        known = (*_REQUIRED, *_TEXTS, *_NOT_LOADED, "m49_code", "last_update")
        for line, row in _read(payload):
            parsed.extra_columns.update(known_fields(row, known))
            iso3 = missions.get(_text(row, "mission_acronym") or "")
            if countries is not None and iso3 not in countries:
                parsed.out_of_scope += 1
                continue
            try:
                death = _death(row)
            except ValueError as error:
                kept = {name: value for name, value in row.items() if name not in _NOT_LOADED}
                parsed.reject(payload, line, str(error), _text(row, "casualty_id"), kept)
                continue
            parsed.add(payload, {**death, "country_iso3": iso3}, death["last_update"])
        return parsed.write(scratch)

    def probe(self, settings: Settings, http: HttpClient) -> Iterator[Finding]:
        yield reach(http, self.key, settings.peacekeeping_url + PATH)


def _snapshot(context: Context, payload: Payload) -> Batch:
    try:
        rows = _read(payload)
    except NotTheFormat as error:
        return nothing("peacekeeping", STREAM, Status.REFUSED, str(error), [payload])
    unknown = {_text(row, "mission_acronym") for _, row in rows} - _missions().keys() - {None}
    remark = None
    if unknown:
        remark = (
            f"peacekeeping: no country is known for the missions {', '.join(sorted(unknown)[:20])}, whose deaths are "
            "left out of a country scope; add them to peacekeeping_mission.csv"
        )
    return snapshot(context, PEACEKEEPER_FATALITY, STREAM, [payload], within={}, remark=remark)


@cache
def _missions() -> dict[str, str]:
    """Acronym -> ISO3 of the country of the mission's headquarters."""
    return {row["mission_acronym"]: row["country_iso3"] for row in read_seed("peacekeeping_mission")}


def _read(payload: Payload) -> list[tuple[int, dict[str, Any]]]:
    """(number or line, row) by lower-case field name, of a JSON array or a CSV. Raises ``NotTheFormat``."""
    body = payload.path.read_bytes()
    if not body.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"[", b"{")):
        return read_rows(body, payload.url, required=_REQUIRED)
    data = read_json(body, payload.url)
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        told = str(data.get("message") or data.get("error") or "")[:200] if isinstance(data, dict) else ""
        raise NotTheFormat(
            f"{payload.url}: not a list of deaths{f' ({told})' if told else ''}; if the address changed, download the "
            "list from https://psdata.un.org and load it with --file"
        )
    rows = [{name.strip().lower(): value for name, value in row.items()} for row in data]
    if rows and (absent := [name for name in _REQUIRED if name not in rows[0]]):
        raise NotTheFormat(
            f"{payload.url}: the rows have no {', '.join(absent)}; the UN changed the list, report it"
        )
    return list(enumerate(rows, start=1))


def _death(row: dict[str, Any]) -> dict[str, Any]:
    casualty_id, mission = _text(row, "casualty_id"), _text(row, "mission_acronym")
    if not casualty_id or not mission:
        raise ValueError("no casualty_id" if not casualty_id else "no mission_acronym")
    return {
        "casualty_id": casualty_id,
        "incident_date": _day(row),
        "mission_acronym": mission,
        **{name: _text(row, name) for name in _TEXTS},
        "m49_code": _m49(row),
        "last_update": _stamp(row),
    }


def _text(row: dict[str, Any], name: str) -> str | None:
    value = row.get(name)
    return (str(value).strip() or None) if value is not None else None


def _day(row: dict[str, Any]) -> date:
    text = _text(row, "incident_date") or ""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise ValueError(f"incident_date is {text[:40]!r}, not yyyy-mm-dd") from None


def _m49(row: dict[str, Any]) -> str | None:
    """The code arrives as a float ("466.0", "4.0") or blank."""
    text = re.sub(r"\.0*$", "", _text(row, "m49_code") or "")
    if not text:
        return None
    if not text.isdigit() or len(text) > 3:
        raise ValueError(f"m49_code is {text[:40]!r}, not a number of up to three digits")
    return text.zfill(3)


def _stamp(row: dict[str, Any]) -> datetime | None:
    """A stamp that cannot be read is left out: it says when the row was published, not what happened."""
    try:
        instant = datetime.fromisoformat(_text(row, "last_update") or "")
    except ValueError:
        return None
    return naive(instant)
