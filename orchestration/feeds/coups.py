"""The coups feed: Powell and Thyne's list from its authors' page, and the CAM list as a file by hand.

Here: fetching the list, telling the two dialects apart, and their rows. Not here: which list a mart prefers (dbt).
Neither list has a key of its own, so a coup's id is made of its dataset, country code, day and number of the day.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb

from expectations.contracts.context import COUP
from expectations.reference import countries_by_name, gw_to_iso3
from orchestration.feeds.base import Context, NotTheFormat, reach
from orchestration.feeds.context_files import (
    MAX_BYTES,
    Rows,
    as_text,
    insist_on_whole_series,
    known_fields,
    no_answer,
    nothing,
    read_rows,
    snapshot,
    store,
    store_file,
)
from orchestration.feeds.http import FetchError, HttpClient
from orchestration.records import Batch, Finding, LoadRequest, Parsed, Status
from orchestration.settings import Settings

PATH = "/~clthyn2/coup_data/powell_thyne_coups_final.txt"

_POWELL_THYNE = ("country", "ccode", "year", "month", "day", "coup")
_CAM = ("cowcode", "year", "country", "no", "coup", "successful", "date")
_COLUMNS = {"powell_thyne": (*_POWELL_THYNE, "version"), "cam": (*_CAM, "region", "combat")}
_REQUIRED = {"powell_thyne": _POWELL_THYNE, "cam": _CAM}
_ENDED_STATES = frozenset({265, 680, 817})
"""East Germany, South Yemen, South Vietnam: no country of today, so outside of every country scope."""
_DELIMITERS = {"powell_thyne": "\t", "cam": ","}


class CoupsFeed:
    """See ``base.Feed``. A stream per dataset; each file is the whole list."""

    key = "coups"
    tables = (COUP.table,)
    accepts = frozenset({"file"})

    def fetch(self, request: LoadRequest, context: Context) -> Iterator[Batch]:
        insist_on_whole_series(request, takes_file=True)
        if request.file is None:
            return iter([_from_page(context)])
        with_head = request.file.read_bytes()[:4096] if request.file.is_file() else b""
        dataset = _dataset(with_head) or "powell_thyne"
        payload = store_file(context, "coups", dataset, request.file)
        return iter([snapshot(context, COUP, dataset, [payload], within={"dataset": dataset})])

    def parse(
        self, batch: Batch, scratch: duckdb.DuckDBPyConnection, countries: tuple[str, ...] | None
    ) -> Parsed:
        """A country that cannot be told is quarantined, in or out of scope: nobody knows which it is."""
        (payload,) = batch.payloads
        dataset = batch.options["withdraws_within"]["dataset"]
        read = {"powell_thyne": _powell_thyne, "cam": _cam}[dataset]
        parsed = Rows(COUP)
        read_lines = read_rows(
            payload.path.read_bytes(),
            payload.url,
            required=_REQUIRED[dataset],
            delimiter=_DELIMITERS[dataset],
        )
        found = []
        for line, row in read_lines:
            parsed.extra_columns.update(known_fields(row, _COLUMNS[dataset]))
            try:
                found.append((line, row, read(row)))
            except ValueError as error:
                parsed.reject(payload, line, str(error), None, row)
        # Attempts of one day are numbered by their outcome, so that a list in another order has the same ids.
        found.sort(key=lambda entry: (entry[2]["ccode"], entry[2]["coup_date"], entry[2]["is_successful"]))
        of_day: Counter[tuple[int, date]] = Counter()
        for line, row, coup in found:
            if coup["ccode"] in _ENDED_STATES:
                parsed.out_of_scope += 1
                continue
            day = (coup["ccode"], coup["coup_date"])
            of_day[day] += 1
            coup_id = f"{dataset}-{coup['ccode']}-{coup['coup_date']}-{of_day[day]}"
            try:
                iso3 = _country(coup["ccode"], coup["country"])
            except ValueError as error:
                parsed.reject(payload, line, str(error), coup_id, row)
                continue
            if countries is not None and iso3 not in countries:
                parsed.out_of_scope += 1
                continue
            ours = {
                "coup_id": coup_id,
                "dataset": dataset,
                "country_iso3": iso3,
                "number_of_day": of_day[day],
            }
            parsed.add(payload, coup | ours)
        return parsed.write(scratch)

    def probe(self, settings: Settings, http: HttpClient) -> Iterator[Finding]:
        yield reach(http, self.key, settings.coups_url + PATH)


def _from_page(context: Context) -> Batch:
    try:
        answer = context.http.get(context.settings.coups_url + PATH, max_bytes=MAX_BYTES)
    except FetchError as error:
        return no_answer("coups", "powell_thyne", error)
    payload = store(context, "coups", "powell_thyne", answer, None)
    try:
        read_rows(answer.body or b"", answer.url, required=_POWELL_THYNE, delimiter="\t")
    except NotTheFormat as error:
        return nothing("coups", "powell_thyne", Status.REFUSED, str(error), [payload])
    return snapshot(context, COUP, "powell_thyne", [payload], within={"dataset": "powell_thyne"})


def _dataset(head: bytes) -> str | None:
    """Which list a file is, by its header."""
    first = as_text(head).splitlines()[:1]
    for dataset, required in _REQUIRED.items():
        names = next(csv.reader(first, delimiter=_DELIMITERS[dataset]), [])
        if set(required) <= {name.strip().lower() for name in names}:
            return dataset
    return None


def _powell_thyne(row: dict[str, Any]) -> dict[str, Any]:
    year, month, day = (_number(row, name) for name in ("year", "month", "day"))
    coup = _number(row, "coup")
    if coup not in (1, 2):
        raise ValueError(f"coup is {coup}; 1 (failed) and 2 (successful) are known")
    try:
        day_of_coup = date(year, month, day)
    except ValueError:
        raise ValueError(f"{year}-{month}-{day} is no date") from None
    return {
        "ccode": _number(row, "ccode"),
        "country": _name(row),
        "coup_date": day_of_coup,
        "is_successful": coup == 2,
        "version": (row.get("version") or "").strip() or None,
    }


def _cam(row: dict[str, Any]) -> dict[str, Any]:
    successful = _number(row, "successful")
    if successful not in (0, 1):
        raise ValueError(f"successful is {successful}; 0 and 1 are known")
    combat = (row.get("combat") or "").strip()
    if combat not in ("", "0", "1"):
        raise ValueError(f"combat is {combat[:40]!r}; 0, 1 and blank are known")
    try:
        day_of_coup = date.fromisoformat((row["date"] or "").strip())
    except ValueError:
        raise ValueError(f"date is {str(row['date'])[:40]!r}, not yyyy-mm-dd") from None
    return {
        "ccode": _number(row, "cowcode"),
        "country": _name(row),
        "coup_date": day_of_coup,
        "number_in_year": _number(row, "no"),
        "is_successful": successful == 1,
        "is_violent": combat == "1" if combat else None,
    }


def _number(row: dict[str, Any], name: str) -> int:
    text = (row.get(name) or "").strip()
    if not text.isdigit() or len(text) > 6:
        raise ValueError(f"{name} is {text[:40]!r}, not a whole number")
    return int(text)


def _name(row: dict[str, Any]) -> str:
    if not (name := (row.get("country") or "").strip()):
        raise ValueError("no country")
    return name


def _country(ccode: int, name: str) -> str:
    """ISO3 by the name, else by the code, which is Gleditsch and Ward's where the two systems agree.

    Where both are known and tell of two countries, neither is believed.
    """
    by_name, by_code = countries_by_name().get(name.casefold()), gw_to_iso3().get(ccode)
    if by_name and by_code and by_name != by_code:
        raise ValueError(f"the country is {name!r} ({by_name}) and its code {ccode} ({by_code})")
    if not (by_name or by_code):
        raise ValueError(
            f"no country is known as {name!r} or by the code {ccode}; add the name to country_alias.csv"
        )
    return by_name or by_code
