"""The UNHCR feed: refugees, asylum seekers and others of concern by country of origin, of asylum, and year.

Here: asking the population API for each country of the scope twice, as asylum and as origin, and its rows.
Traps of this publisher: the declared total may be an empty list, numbers come as text or "-", and rows with
"-" for a country are sums of the others. Not here: sums over countries (dbt), and IDMC's own count of the
internally displaced (``idmc``).
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import duckdb

from expectations.contracts.context import UNHCR_POPULATION
from orchestration.feeds.base import Context, NotTheFormat, reach
from orchestration.feeds.context_files import (
    MAX_BYTES,
    MAX_FAILURES,
    Rows,
    insist_on_whole_series,
    known_fields,
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

PATH = "/population/v1/population/"
FIRST_YEAR = 1951
LIMIT = 10_000
MAX_PAGES = 100

_COUNTS = (
    "refugees",
    "asylum_seekers",
    "returned_refugees",
    "idps",
    "returned_idps",
    "stateless",
    "ooc",
    "oip",
    "hst",
)
_COUNTRY = ("coo_id", "coo_name", "coo", "coo_iso", "coa_id", "coa_name", "coa", "coa_iso")
_SIDES = {
    "asylum": ("coa", "coo_all", "country_asylum_iso3"),
    "origin": ("coo", "coa_all", "country_origin_iso3"),
}


class UnhcrFeed:
    """See ``base.Feed``. A stream tells all of one country on one side, so what it omits is withdrawn there."""

    key = "unhcr"
    tables = (UNHCR_POPULATION.table,)
    accepts: frozenset[str] = frozenset()

    def fetch(self, request: LoadRequest, context: Context) -> Iterator[Batch]:
        insist_on_whole_series(request)
        return _streams(context)

    def parse(
        self, batch: Batch, scratch: duckdb.DuckDBPyConnection, countries: tuple[str, ...] | None
    ) -> Parsed:
        """Rows of the scope on either side; sums over countries ("-") count as out of scope."""
        parsed = Rows(UNHCR_POPULATION)
        sums = 0
        for payload in batch.payloads:
            _, items = _page(payload.path.read_bytes(), payload.url)
            for number, item in enumerate(items, start=1):
                parsed.extra_columns.update(known_fields(item, ("year", *_COUNTRY, *_COUNTS)))
                origin, asylum = (str(item.get(side) or "").strip() for side in ("coo_iso", "coa_iso"))
                if "-" in (origin, asylum):
                    parsed.out_of_scope += 1
                    sums += 1
                    continue
                if countries is not None and not {origin, asylum} & set(countries):
                    parsed.out_of_scope += 1
                    continue
                try:
                    parsed.add(payload, _row(item, origin, asylum, batch.options["withdraws_within"]))
                except ValueError as error:
                    parsed.reject(payload, number, str(error), asylum, item)
        if sums and not parsed.rows and not parsed.rejects and sums == parsed.out_of_scope:
            raise NotTheFormat(
                f"{batch.payloads[0].url}: only sums over countries came, so UNHCR no longer understands how it is "
                "asked; report it"
            )
        return parsed.write(scratch)

    def probe(self, settings: Settings, http: HttpClient) -> Iterator[Finding]:
        yield reach(http, self.key, f"{settings.unhcr_url}{PATH}?limit=1&year=2020&coa=MLI&cf_type=ISO")


def _streams(context: Context) -> Iterator[Batch]:
    """One walk per country and side; for the world one walk, since every row has a country of asylum."""
    scope = context.settings.countries
    asked = (
        [(ALL_COUNTRIES, None)]
        if scope is None
        else [(country, side) for country in sorted(scope) for side in _SIDES]
    )
    failures = 0
    for done, (country, side) in enumerate(asked, start=1):
        stream = f"{side}-{country}" if side else country
        batch = _ask(stream, country, side, context)
        context.progress(done, len(asked), stream)
        failures = failures + 1 if batch.attempts[0].status is Status.FAILED else 0
        yield batch
        if failures >= MAX_FAILURES:
            return


def _ask(stream: str, country: str, side: str | None, context: Context) -> Batch:
    payloads: list[Payload] = []
    try:
        rows = _walk(stream, country, side, context, payloads)
    except FetchError as error:
        return no_answer("unhcr", stream, error)
    except NotTheFormat as error:
        return nothing("unhcr", stream, Status.REFUSED, str(error), payloads)
    if not rows:
        return no_rows(context, "unhcr", stream, payloads)
    within = {_SIDES[side][2]: country} if side else {}
    return snapshot(context, UNHCR_POPULATION, stream, payloads, within=within)


def _walk(stream: str, country: str, side: str | None, context: Context, payloads: list[Payload]) -> int:
    """Ask for every page, and prove as far as this publisher lets us that none is short. Returns the rows."""
    pages, sizes, declared = 1, [], None
    while len(sizes) < pages:
        number = len(sizes) + 1
        answer = context.http.get(_url(country, side, number, context), max_bytes=MAX_BYTES)
        payloads.append(store(context, "unhcr", f"{stream}.{number:03d}", answer, None))
        about, items = _page(answer.body or b"", answer.url)
        if about["page"] != number or (sizes and about["maxPages"] != pages):
            raise NotTheFormat(
                f"{answer.url}: page {about['page']} of {about['maxPages']} came where page {number} of {pages} was "
                "due; load again"
            )
        pages, declared = max(about["maxPages"], 1), about["total"]
        if pages > MAX_PAGES:
            raise NotTheFormat(f"{answer.url}: {pages} pages; more than {MAX_PAGES} are not asked for")
        sizes.append(len(items))
    # The total is an empty list at times; then only a short page in the middle can give a loss away.
    if declared is not None and declared != sum(sizes):
        raise NotTheFormat(
            f"unhcr: {sum(sizes)} rows of {stream} came and {declared} were declared; load again"
        )
    if len(sizes) > 1 and (len(set(sizes[:-1])) > 1 or not 0 < sizes[-1] <= sizes[0]):
        raise NotTheFormat(
            f"unhcr: pages of {stream} came with {sizes} rows, so some are cut short; load again"
        )
    return sum(sizes)


def _url(country: str, side: str | None, page: int, context: Context) -> str:
    years = {"yearFrom": FIRST_YEAR, "yearTo": context.now.year}
    if side:
        given, all_of, _ = _SIDES[side]
        asked = {given: country, all_of: "true"}
    else:
        asked = {"coo_all": "true", "coa_all": "true"}
    query = urlencode({"limit": LIMIT, "page": page, **years, **asked, "cf_type": "ISO"})
    return f"{context.settings.unhcr_url}{PATH}?{query}"


def _page(body: bytes, where: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What a page says of itself, and its rows. Raises ``NotTheFormat``."""
    data = read_json(body, where)
    items = data.get("items") if isinstance(data, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise NotTheFormat(
            f"{where}: no list of items in the answer; load again, and report it if it stays so"
        )
    try:
        total = whole_number(data.get("total"), "total") if not isinstance(data.get("total"), list) else None
        about = {"page": int(data["page"]), "maxPages": int(data["maxPages"]), "total": total}
    except (KeyError, TypeError, ValueError):
        raise NotTheFormat(
            f"{where}: page or maxPages is missing, so that nobody can tell whether it is whole; load again"
        ) from None
    return about, items


def _row(item: dict[str, Any], origin: str, asylum: str, within: dict[str, str]) -> dict[str, Any]:
    for name, code in (("coo_iso", origin), ("coa_iso", asylum)):
        if not re.fullmatch("[A-Z]{3}", code):
            raise ValueError(f"{name} is {code[:40]!r}, not a code of three letters")
    row = {"country_origin_iso3": origin, "country_asylum_iso3": asylum}
    for column, country in within.items():
        if row[column] != country:
            raise ValueError(f"a row of {row[column]} came where only {country} was asked for")
    year = whole_number(item.get("year"), "year")
    if year is None:
        raise ValueError("no year")
    return {"year": year, **row, **{name: whole_number(item.get(name), name) for name in _COUNTS}}
