"""The protocols of five publishers of context: World Bank, UNHCR, HDX (for IDMC), a university page, the UN's hub.

What belongs here: paths, parameters, paging, envelopes and how each publisher says that something is wrong. What
does not: the figures, which are passed in as a function of the instant that is asked about (context). ``fault``
makes an API answer as a broken publisher would, one kind for all requests until it is set back to None.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from orchestration.made_world.publishers import Answer, Request

WEB_PAGE = b"<!DOCTYPE html><html><body><h1>Made outage page</h1></body></html>"
POWELL_THYNE_PATH = "/~clthyn2/coup_data/powell_thyne_coups_final.txt"
FATALITIES_PATH = "/public/data/DPPADPOSS-FATALITIES/json"


class _Api:
    """What a broken publisher of any kind does."""

    def __init__(self) -> None:
        self.fault: str | None = None
        self.asked: list[Request] = []

    def handle(self, request: Request, as_of: datetime) -> Answer:
        self.asked.append(request)
        if self.fault == "down":
            return Answer(b"made outage", "text/plain", status=500)
        if self.fault == "web_page":
            return Answer(WEB_PAGE, "text/html")
        return self._answer(request, as_of)

    def _answer(self, request: Request, as_of: datetime) -> Answer:
        raise NotImplementedError


# --- World Bank -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Series:
    """An indicator as it stands: values by (ISO3, year), and those of regions, which are no countries."""

    last_updated: date
    values: Mapping[tuple[str, int], float | None]
    iso2: Mapping[str, str] = field(default_factory=dict)
    aggregates: Mapping[tuple[str, int], float] = field(default_factory=dict)
    name: str = "Population, total"
    indicator: str = "SP.POP.TOTL"


class WorldBankApi(_Api):
    """Indicators API v2. Faults: down, web_page, error, nothing, null_rows, short (a row is lost) and moved
    (another total on page 2)."""

    def __init__(self, series: Callable[[datetime], Series]) -> None:
        super().__init__()
        self.series = series

    def _answer(self, request: Request, as_of: datetime) -> Answer:
        parts = request.path.strip("/").split("/")
        if len(parts) != 5 or parts[:2] != ["v2", "country"] or parts[3] != "indicator":
            return Answer(b"not found", "text/plain", status=404)
        if request.query.get("format") != "json":
            return Answer(b"<wb:error>made: ask for format=json</wb:error>", "text/xml")
        series = self.series(as_of)
        codes = None if parts[2] == "all" else parts[2].split(";")
        known = {iso3 for iso3, _ in series.values}
        if self.fault == "error" or parts[4] != series.indicator or (codes and set(codes) - known):
            return _json(
                [
                    {
                        "message": [
                            {
                                "id": "120",
                                "key": "Invalid value",
                                "value": "The provided parameter value is not valid",
                            }
                        ]
                    }
                ]
            )
        told = {**series.aggregates, **series.values} if codes is None else series.values
        rows = [
            self._row(series, iso3, year, value)
            for (iso3, year), value in sorted(told.items(), key=lambda item: (item[0][0], -item[0][1]))
            if codes is None or iso3 in codes
        ]
        page, per_page = int(request.query.get("page", 1)), int(request.query.get("per_page", 50))
        total = len(rows) + (1 if self.fault == "moved" and page > 1 else 0)
        about = {
            "page": page,
            "pages": max(1, -(-len(rows) // per_page)),
            "per_page": per_page,
            "total": total,
            "sourceid": "2",
            "lastupdated": series.last_updated.isoformat(),
        }
        shown: list[dict] | None = rows[(page - 1) * per_page : page * per_page]
        if self.fault == "nothing":
            about, shown = about | {"pages": 0, "total": 0}, None
        elif self.fault == "null_rows":
            shown = None
        elif self.fault == "short":
            shown = shown[1:]
        return _json([about, shown])

    def _row(self, series: Series, iso3: str, year: int, value: float | None) -> dict:
        return {
            "indicator": {"id": series.indicator, "value": series.name},
            "country": {"id": series.iso2.get(iso3, "1X"), "value": f"Made {iso3}"},
            "countryiso3code": "" if (iso3, year) in series.aggregates and len(iso3) != 3 else iso3,
            "date": str(year),
            "value": value,
            "unit": "",
            "obs_status": "",
            "decimal": 0,
        }


# --- UNHCR ------------------------------------------------------------------------------------------

Flows = Mapping[tuple[int, str, str], Mapping[str, int | str | None]]
"""Counts by (year, origin ISO3, asylum ISO3)."""
UNHCR_COUNTS = (
    "refugees", "asylum_seekers", "returned_refugees", "idps", "returned_idps", "stateless", "ooc", "oip", "hst",
)  # fmt: skip


class UnhcrApi(_Api):
    """Population API v1. Faults: down, web_page, sums_only, no_items, short (the last page but one is cut), with_sums."""

    def __init__(self, flows: Callable[[datetime], Flows], declares_total: bool = False) -> None:
        super().__init__()
        self.flows = flows
        self.declares_total = declares_total

    def _answer(self, request: Request, as_of: datetime) -> Answer:
        if request.path.rstrip("/") != "/population/v1/population":
            return Answer(b'{"error": "made: no such path"}', "application/json", status=404)
        query = request.query
        first, last = int(query.get("yearFrom", as_of.year)), int(query.get("yearTo", as_of.year))
        by_iso = query.get("cf_type") == "ISO"
        items = [
            self._item(year, origin, asylum, counts)
            for (year, origin, asylum), counts in sorted(self.flows(as_of).items())
            if first <= year <= last
            and ("coo" not in query or (by_iso and query["coo"] == origin))
            and ("coa" not in query or (by_iso and query["coa"] == asylum))
        ]
        if self.fault == "sums_only" or not {"coo_all", "coa_all"} & query.keys():
            items = self._sums(items)
        elif self.fault == "with_sums":
            items += self._sums(items)
        limit, page = int(query.get("limit", 100)), int(query.get("page", 1))
        shown = items[(page - 1) * limit : page * limit]
        pages = -(-len(items) // limit)
        if self.fault == "short" and page == pages - 1:
            shown = shown[1:]
        answer = {
            "page": page,
            "short-url": "made",
            "maxPages": pages,
            "total": len(items) if self.declares_total else [],
            "items": shown,
        }
        if self.fault == "no_items":
            del answer["items"]
        return _json(answer)

    def _item(self, year: int, origin: str, asylum: str, counts: Mapping[str, int | str | None]) -> dict:
        # As the publisher does it: some numbers as numbers, some as text, and "-" for nothing.
        told = {name: counts.get(name, 0) for name in UNHCR_COUNTS}
        told |= {"stateless": str(told["stateless"]), "oip": "-" if told["oip"] == 0 else str(told["oip"])}
        told["hst"] = counts.get("hst")
        return {
            "year": year,
            "coo_id": 1,
            "coo_name": f"Made {origin}",
            "coo": origin,
            "coo_iso": origin,
            "coa_id": 2,
            "coa_name": f"Made {asylum}",
            "coa": asylum,
            "coa_iso": asylum,
            **told,
        }

    def _sums(self, items: list[dict]) -> list[dict]:
        sums = []
        for year in sorted({item["year"] for item in items}):
            refugees = sum(item["refugees"] for item in items if item["year"] == year)
            dash = dict.fromkeys(
                ("coo_id", "coo_name", "coo", "coo_iso", "coa_id", "coa_name", "coa", "coa_iso"), "-"
            )
            counts = dict.fromkeys(UNHCR_COUNTS, 0) | {"refugees": refugees}
            sums.append({"year": year, **dash, **counts})
        return sums


# --- HDX, for IDMC ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Displacement:
    """A country's file: (year, new displacement, total displacement) rows, and when HDX last changed it."""

    changed_at: datetime
    rows: Iterable[tuple[int, int | None, int | None]]


class HdxApi(_Api):
    """CKAN's package_show, and downloads that are sent on to a storage.

    ``prefix`` is the first part of the path under which it is served, since its catalogue names whole
    addresses. Faults: down, web_page, error, two_files, elsewhere (a file at a host that is not HDX's), web_file.
    """

    def __init__(self, files: Callable[[datetime], Mapping[str, Displacement]], prefix: str = "idmc") -> None:
        super().__init__()
        self.files = files
        self.prefix = prefix

    def _answer(self, request: Request, as_of: datetime) -> Answer:
        files = {iso3.lower(): file for iso3, file in self.files(as_of).items()}
        base = f"http://{request.headers.get('host', '127.0.0.1')}/{self.prefix}"
        if request.path == "/api/3/action/package_show":
            return self._package(request.query.get("id", ""), files, base)
        parts = request.path.strip("/").split("/")
        iso3 = parts[-1].rpartition("_")[2].removesuffix(".csv")
        if iso3 not in files:
            return Answer(b"not found", "text/plain", status=404)
        if parts[0] == "dataset":
            return Answer(b"", "text/plain", status=302, headers={"Location": f"{base}/storage/{parts[-1]}"})
        if self.fault == "web_file":
            return Answer(WEB_PAGE, "text/html")
        return Answer(self._table(iso3.upper(), files[iso3]), "text/csv")

    def _package(self, name: str, files: Mapping[str, Displacement], base: str) -> Answer:
        iso3 = name.removeprefix("idmc-idp-data-")
        if self.fault == "error":
            return _json({"success": False, "error": {"message": "made: Access denied"}})
        if iso3 not in files:
            return _json({"success": False, "error": {"__type": "Not Found Error"}}, status=404)
        host = "https://files.made.example" if self.fault == "elsewhere" else base
        download = f"{host}/dataset/made/resource/made/download"
        conflict = {
            "url": f"{download}/internal-displacements-new-displacements-idps_{iso3}.csv",
            "last_modified": files[iso3].changed_at.astimezone(UTC).replace(tzinfo=None).isoformat(),
            "format": "CSV",
        }
        disasters = {
            "url": f"{download}/internal-displacements-new-displacements-associated-with-disasters_{iso3}.csv",
            "format": "CSV",
        }
        resources = [disasters, conflict] + ([conflict] if self.fault == "two_files" else [])
        return _json({"success": True, "result": {"name": name, "resources": resources}})

    def _table(self, iso3: str, file: Displacement) -> bytes:
        lines = [
            "iso3,country_name,year,new_displacement,new_displacement_rounded,total_displacement,total_displacement_rounded",
            "#country+code,#country+name,#date+year,#affected+idps+new,,#affected+idps+total,",
        ]
        for year, new, total in file.rows:
            cells = [_cell(new), _cell(_rounded(new)), _cell(total), _cell(_rounded(total))]
            lines.append(",".join([iso3, f"Made {iso3}", str(year), *cells]))
        return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


def _rounded(count: int | None) -> int | None:
    return None if count is None else round(count, -2)


def _cell(count: int | None) -> str:
    return "" if count is None else str(count)


# --- Powell and Thyne's page ------------------------------------------------------------------------


@dataclass(frozen=True)
class Coup:
    country: str
    ccode: int
    day: date
    is_successful: bool


@dataclass(frozen=True)
class CoupList:
    changed_at: datetime
    version: str
    coups: Iterable[Coup]


class CoupsApi(_Api):
    """One tab-separated file on a university page. Faults: down, web_page, other_columns."""

    def __init__(self, listed: Callable[[datetime], CoupList]) -> None:
        super().__init__()
        self.listed = listed

    def _answer(self, request: Request, as_of: datetime) -> Answer:
        if request.path != POWELL_THYNE_PATH:
            return Answer(b"not found", "text/html", status=404)
        listed = self.listed(as_of)
        header = "country\tccode\tyear\tmonth\tday\tcoup\tversion"
        if self.fault == "other_columns":
            header = "state\tcode\ty\tm\td\tcoup\tversion"
        lines = [header] + [
            f'"{coup.country}"\t{coup.ccode}\t{coup.day.year}\t{coup.day.month}\t{coup.day.day}'
            f"\t{2 if coup.is_successful else 1}\t{listed.version}"
            for coup in listed.coups
        ]
        return Answer("\n".join(lines).encode(), "text/plain", last_modified=listed.changed_at)


# --- the UN's Peace and Security Data Hub -----------------------------------------------------------


class PeacekeepingApi(_Api):
    """A JSON array of deaths, numbered anew at each request. Faults: down, web_page, message, other_fields."""

    def __init__(self, deaths: Callable[[datetime], Iterable[Mapping[str, str | None]]]) -> None:
        super().__init__()
        self.deaths = deaths

    def _answer(self, request: Request, as_of: datetime) -> Answer:
        if request.path != FATALITIES_PATH:
            return Answer(b'{"message": "made: no such dataset"}', "application/json", status=404)
        if self.fault == "message":
            return _json({"message": "made: dataset is being refreshed"})
        if self.fault == "other_fields":
            return _json([{"id": 1, "died_on": "2020-01-01"}])
        return _json(
            [{"id": len(self.asked) * 1000 + number, **row} for number, row in enumerate(self.deaths(as_of))]
        )


def _json(data: object, status: int = 200) -> Answer:
    return Answer(json.dumps(data).encode(), "application/json; charset=utf-8", status=status)
