"""The World Bank feed: population by country and year (Indicators API, version 2), no key.

Here: asking for the indicator page by page, what the answers mean, its rows. Traps of this publisher: errors
come with status 200, regions and income groups stand among the countries, and whole series are revised a few
times a year. Not here: carrying a population forward to months without one (dbt).
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb

from expectations.contracts.context import WORLDBANK_INDICATOR
from expectations.reference import countries as all_countries
from orchestration.feeds.base import Context, NotTheFormat, reach
from orchestration.feeds.context_files import (
    MAX_BYTES,
    Rows,
    insist_on_whole_series,
    known_fields,
    midnight,
    no_answer,
    no_rows,
    nothing,
    read_json,
    snapshot,
    store,
    whole_number,
)
from orchestration.feeds.http import FetchError, HttpClient
from orchestration.records import Batch, Finding, LoadRequest, Parsed, Payload, Status
from orchestration.settings import ALL_COUNTRIES, Settings

INDICATORS = ("SP.POP.TOTL",)
"""Ids are case-sensitive: sp.pop.totl is an error."""
PER_PAGE = 1000
MAX_PAGES = 200

_FIELDS = ("indicator", "country", "countryiso3code", "date", "value", "unit", "obs_status", "decimal")


class WorldBankFeed:
    """See ``base.Feed``."""

    key = "worldbank"
    tables = (WORLDBANK_INDICATOR.table,)
    accepts: frozenset[str] = frozenset()

    def fetch(self, request: LoadRequest, context: Context) -> Iterator[Batch]:
        insist_on_whole_series(request)
        return (_series(indicator, context) for indicator in INDICATORS)

    def parse(
        self, batch: Batch, scratch: duckdb.DuckDBPyConnection, countries: tuple[str, ...] | None
    ) -> Parsed:
        """A row of what is no country (regions, income groups) counts as out of scope: it repeats the others."""
        known = {country.country_iso3 for country in all_countries()}
        scope = known if countries is None else known & set(countries)
        of_iso2 = {country.country_iso2: country.country_iso3 for country in all_countries()}
        parsed = Rows(WORLDBANK_INDICATOR)
        for payload in batch.payloads:
            about, items = _page(payload.path.read_bytes(), payload.url)
            for number, item in enumerate(items, start=1):
                iso3 = item.get("countryiso3code") or ""
                parsed.extra_columns.update(known_fields(item, _FIELDS))
                try:
                    if not iso3 and _part(item, "country") in of_iso2:
                        iso3 = of_iso2[_part(item, "country")]
                        raise ValueError("countryiso3code is blank for a country")
                    if iso3 not in scope:
                        parsed.out_of_scope += 1
                        continue
                    parsed.add(payload, _row(item, iso3, about["last_updated"]))
                except ValueError as error:
                    parsed.reject(payload, number, str(error), iso3, item)
        return parsed.write(scratch)

    def probe(self, settings: Settings, http: HttpClient) -> Iterator[Finding]:
        yield reach(
            http,
            self.key,
            f"{settings.worldbank_url}/v2/country/MLI/indicator/{INDICATORS[0]}?format=json&mrv=1",
        )


def _series(indicator: str, context: Context) -> Batch:
    """All pages of an indicator as one batch."""
    payloads: list[Payload] = []
    try:
        _walk(indicator, context, payloads)
    except FetchError as error:
        return no_answer("worldbank", indicator, error)
    except NotTheFormat as error:
        return nothing("worldbank", indicator, Status.REFUSED, str(error), payloads)
    if not payloads:
        return no_rows(context, "worldbank", indicator)
    return snapshot(context, WORLDBANK_INDICATOR, indicator, payloads, within={"indicator": indicator})


def _walk(indicator: str, context: Context, payloads: list[Payload]) -> None:
    """Ask for every page, and prove that together they are all there is. Stored pages go into ``payloads``."""
    first: dict[str, Any] | None = None
    number, rows = 1, 0
    while first is None or number <= first["pages"]:
        answer = context.http.get(_url(indicator, number, context.settings), max_bytes=MAX_BYTES)
        key = f"{indicator}.{number:03d}"
        try:
            about, items = _page(answer.body or b"", answer.url)
        except NotTheFormat:
            payloads.append(store(context, "worldbank", key, answer, None))
            raise
        if first is None and about["total"] == 0:
            return
        payloads.append(store(context, "worldbank", key, answer, midnight(about["last_updated"])))
        first = first or about
        if about["page"] != number or any(about[name] != first[name] for name in first if name != "page"):
            raise NotTheFormat(
                f"{answer.url}: page {about['page']} of {about['pages']} with {about['total']} rows, updated "
                f"{about['last_updated']}, where page {number} of {first['pages']} with {first['total']} rows, updated "
                f"{first['last_updated']}, was due: the series changed while it was read; load again"
            )
        if about["pages"] > MAX_PAGES:
            raise NotTheFormat(
                f"{answer.url}: {about['pages']} pages; more than {MAX_PAGES} are not asked for"
            )
        rows += len(items)
        context.progress(number, about["pages"], indicator)
        number += 1
    if rows != first["total"]:
        raise NotTheFormat(
            f"worldbank: {rows} rows of {indicator} came and {first['total']} were declared; load again"
        )


def _url(indicator: str, page: int, settings: Settings) -> str:
    scope = ALL_COUNTRIES if settings.countries is None else ";".join(sorted(settings.countries))
    return (
        f"{settings.worldbank_url}/v2/country/{scope}/indicator/{indicator}"
        f"?format=json&per_page={PER_PAGE}&page={page}"
    )


def _page(body: bytes, where: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What a page says of itself, and its rows. An error, which comes with status 200, is told in its words."""
    data = read_json(body, where)
    if not isinstance(data, list) or not data or not isinstance(data[0], dict):
        raise NotTheFormat(f"{where}: not the array of two that the Indicators API answers with; load again")
    about, items = data[0], data[1] if len(data) > 1 else None
    if "message" in about:
        raise NotTheFormat(
            f"{where}: the World Bank refuses it: {_words(about['message'])}; if it is a country that it does not "
            "know, leave that out of SAHEL_COUNTRIES"
        )
    try:
        read = {name: int(about[name]) for name in ("page", "pages", "per_page", "total")}
        read["last_updated"] = date.fromisoformat(about["lastupdated"])
    except (KeyError, TypeError, ValueError):
        raise NotTheFormat(
            f"{where}: its first part lacks page, pages, per_page, total or lastupdated, so that nobody can tell "
            "whether it is whole; load again, and report it if it stays so"
        ) from None
    if items is None and read["total"] == 0:
        items = []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise NotTheFormat(f"{where}: no rows (null) where {read['total']} are declared; load again")
    return read, items


def _words(message: Any) -> str:
    """The publisher's own words, in one line."""
    parts = message if isinstance(message, list) else [message]
    told = [
        " ".join(str(part.get(name)) for name in ("id", "key", "value") if part.get(name))
        if isinstance(part, dict)
        else str(part)
        for part in parts
    ]
    return " ".join("; ".join(told).split())[:300] or "no reason given"


def _part(item: dict[str, Any], name: str) -> str | None:
    """The id in ``{"id": …, "value": …}``."""
    part = item.get(name)
    return part.get("id") if isinstance(part, dict) else None


def _row(item: dict[str, Any], iso3: str, last_updated: date) -> dict[str, Any]:
    value, year = item.get("value"), str(item.get("date"))
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError(f"value is {str(value)[:40]!r}, not a number")
    if not (len(year) == 4 and year.isdigit()):
        raise ValueError(f"date is {year[:40]!r}, not a year")
    if not (indicator := _part(item, "indicator")):
        raise ValueError("no indicator id")
    return {
        "country_iso3": iso3,
        "indicator": indicator,
        "year": int(year),
        "value": value,
        "indicator_name": item["indicator"].get("value"),
        "obs_status": item.get("obs_status") or None,
        "decimal_places": whole_number(item.get("decimal"), "decimal"),
        "last_updated": last_updated,
    }
