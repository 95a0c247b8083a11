"""The IDMC feed: internal displacement by conflict and violence per country and year, through HDX.

Here: finding a country's file in HDX's catalogue (CKAN), fetching it, and its rows. Not here: displacement by
disasters (another file of the same dataset), IDMC's own API, which needs an account, and other publishers' counts.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import duckdb

from expectations.contracts.context import IDMC_DISPLACEMENT
from expectations.reference import countries as all_countries
from orchestration.feeds.base import Context, NotTheFormat, reach
from orchestration.feeds.context_files import (
    MAX_BYTES,
    MAX_FAILURES,
    Rows,
    insist_on_whole_series,
    known_fields,
    no_answer,
    nothing,
    read_json,
    read_rows,
    snapshot,
    store,
    whole_number,
)
from orchestration.feeds.http import FetchError, HttpClient, NotFoundError, masked
from orchestration.records import Batch, Finding, LoadRequest, Parsed, Status
from orchestration.settings import Settings, is_loopback

STORAGE = "amazonaws.com"
"""Where HDX keeps files and sends a download on to. Wide, since bucket and region are HDX's to change: the first
address must be HDX's own, nothing of ours goes along, only public addresses are asked, and a file that is not
the country's table is refused."""

_COUNTS = (
    "new_displacement",
    "new_displacement_rounded",
    "total_displacement",
    "total_displacement_rounded",
)
_REQUIRED = ("iso3", "year", "new_displacement", "total_displacement")


class IdmcFeed:
    """See ``base.Feed``. A stream per country, as HDX has a file per country."""

    key = "idmc"
    tables = (IDMC_DISPLACEMENT.table,)
    accepts: frozenset[str] = frozenset()

    def fetch(self, request: LoadRequest, context: Context) -> Iterator[Batch]:
        insist_on_whole_series(request)
        return _streams(context)

    def parse(
        self, batch: Batch, scratch: duckdb.DuckDBPyConnection, countries: tuple[str, ...] | None
    ) -> Parsed:
        (payload,) = batch.payloads
        country = batch.options["withdraws_within"]["country_iso3"]
        parsed = Rows(IDMC_DISPLACEMENT)
        for line, row in read_rows(payload.path.read_bytes(), payload.url, required=_REQUIRED):
            parsed.extra_columns.update(known_fields(row, (*_REQUIRED, *_COUNTS, "country_name")))
            iso3 = (row["iso3"] or "").strip()
            if iso3 == country and countries is not None and country not in countries:
                parsed.out_of_scope += 1
                continue
            try:
                parsed.add(payload, _row(row, iso3, country))
            except ValueError as error:
                parsed.reject(payload, line, str(error), iso3, row)
        return parsed.write(scratch)

    def probe(self, settings: Settings, http: HttpClient) -> Iterator[Finding]:
        yield reach(http, self.key, _catalogue(settings, "MLI"))


def _streams(context: Context) -> Iterator[Batch]:
    scope = context.settings.countries
    asked = sorted(scope if scope is not None else (country.country_iso3 for country in all_countries()))
    failures = 0
    for done, country in enumerate(asked, start=1):
        batch = _ask(country, context)
        context.progress(done, len(asked), country)
        failures = failures + 1 if batch.attempts[0].status is Status.FAILED else 0
        yield batch
        if failures >= MAX_FAILURES:
            return


def _ask(country: str, context: Context) -> Batch:
    """A country's file. HDX has none for a country without displacement by conflict, which is no error."""
    try:
        listed = context.http.get(_catalogue(context.settings, country), max_bytes=MAX_BYTES)
        found = _resource(listed.body or b"", listed.url, country)
        if found is None:
            return nothing(
                "idmc", country, Status.MISSING, f"{listed.url}: no file on conflict for {country}"
            )
        url, changed = found
        _insist_on_hdx(url, context.settings)
        answer = context.http.get(
            url, max_bytes=MAX_BYTES, allowed_hosts=frozenset({_host(context.settings.idmc_url), STORAGE})
        )
    except NotFoundError as error:
        told = f"{error.url}: HDX has none; IDMC counts no displacement by conflict in {country}, or HDX renamed it"
        return nothing("idmc", country, Status.MISSING, told)
    except FetchError as error:
        return no_answer("idmc", country, error)
    except NotTheFormat as error:
        return nothing("idmc", country, Status.REFUSED, str(error))
    payload = store(context, "idmc", country, answer, changed)
    return snapshot(context, IDMC_DISPLACEMENT, country, [payload], within={"country_iso3": country})


def _catalogue(settings: Settings, country: str) -> str:
    return f"{settings.idmc_url}/api/3/action/package_show?id=idmc-idp-data-{country.lower()}"


def _resource(body: bytes, where: str, country: str) -> tuple[str, datetime | None] | None:
    """(address, last change) of the one file on conflict; None where there is none."""
    data = read_json(body, where)
    if not isinstance(data, dict) or data.get("success") is not True:
        told = data.get("error") if isinstance(data, dict) else None
        words = told.get("message") if isinstance(told, dict) else told
        raise NotTheFormat(
            f"{where}: HDX refuses it: {' '.join(str(words or 'no reason given').split())[:300]}"
        )
    result = data.get("result")
    resources = result.get("resources") if isinstance(result, dict) else None
    if not isinstance(resources, list):
        raise NotTheFormat(f"{where}: no list of resources in the answer; load again")
    name = re.compile(rf"internal-displacements-new-displacements-idps_{country}\.csv", re.IGNORECASE)
    files = [
        resource
        for resource in resources
        if isinstance(resource, dict) and name.search(str(resource.get("url") or ""))
    ]
    if len(files) > 1:
        raise NotTheFormat(
            f"{where}: {len(files)} files on conflict for {country} where one was due; report it"
        )
    return (str(files[0]["url"]), _instant(files[0].get("last_modified"))) if files else None


def _insist_on_hdx(url: str, settings: Settings) -> None:
    """An address that a catalogue names may be anybody's; the first one asked is HDX's or its storage's."""
    host, hdx = _host(url), _host(settings.idmc_url)
    if (
        host != hdx
        and not host.endswith((f".{hdx}", f".{STORAGE}"))
        and not (is_loopback(host) and is_loopback(hdx))
    ):
        raise NotTheFormat(f"{masked(url)}: HDX names a file at a host that is not its own; report it to HDX")


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def _instant(text: Any) -> datetime | None:
    """CKAN's stamps are UTC without saying so."""
    try:
        instant = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def _row(row: dict[str, Any], iso3: str, country: str) -> dict[str, Any]:
    if iso3 != country:
        raise ValueError(f"a row of {iso3[:40]!r} stands in the file of {country}")
    if None in row or None in row.values():
        raise ValueError("too few or too many fields")
    year = whole_number(row["year"], "year")
    if year is None:
        raise ValueError("no year")
    counts = {name: whole_number(row.get(name), name) for name in _COUNTS}
    name = (row.get("country_name") or "").strip() or None
    return {"country_iso3": country, "country_name": name, "year": year, **counts}
