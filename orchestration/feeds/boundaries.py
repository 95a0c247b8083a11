"""The boundaries feed: polygons of administrative units from a GeoJSON file that a person downloaded.

Here: telling what a file calls a unit, its code, its country and its level (OCHA's COD-AB, geoBoundaries, GADM, Natural
Earth and files like them), and geometry that can be trusted. Not here: any address, since every publisher has its own
licence to agree to; and which unit of ours a polygon is (dbt). A file is a snapshot of each country that it holds.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import duckdb

from expectations.contracts.boundaries import ADMIN_BOUNDARY
from expectations.reference import countries as known_countries, countries_by_name
from orchestration.feeds.base import Context, NotTheFormat
from orchestration.feeds.context_files import Rows, nothing, read_json, snapshot, store_file
from orchestration.feeds.http import HttpClient
from orchestration.records import Batch, Finding, LoadRequest, Parsed, Payload, Status
from orchestration.settings import Settings
from orchestration.spatial import REMEDY, SpatialMissing, load_spatial, spatial_extension

LEVELS = (1, 2)
_LANGUAGES = ("name", "fr", "en", "pt", "es", "ar")
"""French before English: most countries here publish in French, and their aliases are spelled so."""

_COUNTRY = (
    *("adm0_pcode", "adm0_a3", "adm0_iso3", "iso3", "iso_3", "iso_a3", "country_iso3", "shapegroup", "gid_0"),
    *("iso2", "iso_a2", "country_code", "iso_n3", "parentcountryid"),
    *(f"adm0_{language}" for language in _LANGUAGES),
    *("admin0name", "admin", "country", "country_name", "parentcountryname"),
)
"""Properties that may hold the country, codes first; the first that is a country counts."""


@dataclass(frozen=True)
class Unit:
    """A feature as the file tells of it. ``line`` is its number in the file."""

    line: int
    country_iso3: str | None
    level: int
    name: str | None
    code: str | None
    parent_name: str | None
    parent_code: str | None
    geometry: Any


class BoundariesFeed:
    """See ``base.Feed``. A stream per kind of file, country and level."""

    key = "boundaries"
    tables = (ADMIN_BOUNDARY.table,)
    accepts = frozenset({"file"})

    def fetch(self, request: LoadRequest, context: Context) -> Iterator[Batch]:
        if request.file is None:
            raise ValueError(
                "boundaries: has no address to ask; download polygons of regions as GeoJSON (docs/places.md says "
                "where) and load them: sahel load boundaries --file PATH"
            )
        if request.date_from or request.date_to or request.release:
            raise ValueError("boundaries: loads a file whole; leave out --from, --to and --release")
        if spatial_extension() is None:
            raise ValueError(f"boundaries: polygons need DuckDB's spatial extension; {REMEDY}")
        _refuse_other_formats(request.file)
        payload = store_file(context, self.key, "polygons", request.file)
        try:
            kind, units = _read(payload.path, payload.url)
        except NotTheFormat as error:
            return iter([nothing(self.key, "file", Status.REFUSED, str(error), [payload])])
        return iter(_by_country(context, payload, kind, units))

    def parse(
        self, batch: Batch, scratch: duckdb.DuckDBPyConnection, countries: tuple[str, ...] | None
    ) -> Parsed:
        """The polygons of the batch's country and level; a feature that is no polygon is quarantined."""
        (payload,) = batch.payloads
        within = batch.options["withdraws_within"]
        wanted = (within["country_iso3"], within["admin_level"])
        parsed = Rows(ADMIN_BOUNDARY)
        _, units = _read(payload.path, payload.url)
        keys = Counter(_key(unit) for unit in units if (unit.country_iso3, unit.level) == wanted)
        for unit in units:
            if (unit.country_iso3, unit.level) != wanted:
                continue
            key = _key(unit)
            try:
                if not unit.name:
                    raise ValueError("the unit has no name")
                if keys[key] > 1:
                    raise ValueError(
                        f"{keys[key]} features are called {key}; join them into one MultiPolygon"
                    )
                text, vertices, box = _polygon(unit.geometry)
            except ValueError as error:
                parsed.reject(
                    payload, unit.line, str(error), key, {"unit": key, "country": unit.country_iso3}
                )
                continue
            south, west, north, east = box
            parsed.add(
                payload,
                {
                    "unit_name": unit.name,
                    "unit_code": unit.code,
                    "parent_name": unit.parent_name,
                    "parent_code": unit.parent_code,
                    "geometry": text,
                    "country_iso3": unit.country_iso3,
                    "admin_level": unit.level,
                    "unit_key": key,
                    "vertices": vertices,
                    "south": south,
                    "west": west,
                    "north": north,
                    "east": east,
                },
            )
        written = parsed.write(scratch)
        try:
            load_spatial(scratch)
        except SpatialMissing as error:
            # A rebuild where the extension is gone: the file is as good as it was, and waits for the next one.
            raise NotTheFormat(str(error)) from None
        scratch.execute(
            f"update {ADMIN_BOUNDARY.table} set is_valid = st_isvalid(st_geomfromgeojson(geometry))"
        )
        return written

    def probe(self, settings: Settings, http: HttpClient) -> Iterator[Finding]:
        """Nobody to ask; whether the extension is there is all that can be told."""
        there = spatial_extension() is not None
        yield Finding(
            "ok" if there else "note",
            "spatial extension",
            "installed" if there else f"not installed; only polygons need it: {REMEDY}",
        )


# --- the file -------------------------------------------------------------------------------------


def _refuse_other_formats(path: Path) -> None:
    if not path.is_file():
        return  # store_file says so better
    with path.open("rb") as file:
        head = file.read(64)
    told = None
    if head.startswith(b"PK"):
        told = "a zip archive; unpack it and load the .geojson inside, or convert its shapefile"
    elif head.startswith(b"\x00\x00\x27\x0a"):
        told = "a shapefile; convert it"
    elif head.startswith(b"SQLite format 3"):
        told = "a GeoPackage; convert it"
    elif head.startswith(b"\x1f\x8b"):
        told = "compressed; unpack it with gunzip first"
    if told:
        raise ValueError(
            f"boundaries: {path.name} is {told} (GeoJSON: ogr2ogr -f GeoJSON -t_srs EPSG:4326 out.geojson INPUT)"
        )


@lru_cache(maxsize=1)
def _read(path: Path, where: str) -> tuple[str, tuple[Unit, ...]]:
    """What kind of file it is, and its units. Cached, because each country of a file is a batch of its own."""
    document = read_json(path.read_bytes(), where)
    kind = document.get("type") if isinstance(document, dict) else type(document).__name__
    if kind == "Topology":
        raise NotTheFormat(f"{where}: TopoJSON; convert it to GeoJSON (mapshaper: -o format=geojson)")
    if kind != "FeatureCollection" or not isinstance(document.get("features"), list):
        raise NotTheFormat(f"{where}: not a GeoJSON FeatureCollection (its type is {str(kind)[:40]!r})")
    _insist_on_degrees(document, where)
    features = document["features"]
    if not features:
        raise NotTheFormat(f"{where}: no features in it")
    if not all(isinstance(one, dict) and isinstance(one.get("properties"), dict) for one in features):
        raise NotTheFormat(f"{where}: a feature without properties; nothing says which unit it is")
    properties = [{str(name).lower(): value for name, value in one["properties"].items()} for one in features]
    level = _level(properties, where)
    units = tuple(
        _unit(number, level, told, feature)
        for number, (told, feature) in enumerate(zip(properties, features, strict=True), start=1)
    )
    names = ", ".join(sorted(properties[0])[:20])
    if not any(unit.name for unit in units):
        raise NotTheFormat(
            f"{where}: no property is the name of a unit (they are {names}); rename one to name, or to adm{level}_name"
        )
    if not any(unit.country_iso3 for unit in units):
        raise NotTheFormat(
            f"{where}: no property is a country (they are {names}); add one called iso3 with its three letters"
        )
    return _kind(properties[0]), units


def _insist_on_degrees(document: dict[str, Any], where: str) -> None:
    crs = json.dumps(document.get("crs") or "")
    if crs != '""' and not re.search(r"CRS84|EPSG:{1,2}4326", crs):
        raise NotTheFormat(
            f"{where}: its coordinates are of another system ({crs[:80]}); convert it: "
            "ogr2ogr -f GeoJSON -t_srs EPSG:4326 out.geojson INPUT"
        )


def _level(properties: list[dict[str, Any]], where: str) -> int:
    """The level that the properties speak of; 1 where they speak of none. Raises ``NotTheFormat`` for another."""
    told = {str(one["shapetype"]).upper() for one in properties if one.get("shapetype")}
    found = {int(kind[3:]) for kind in told if re.fullmatch(r"ADM\d", kind)}
    # No suffix of two letters is enough: Natural Earth's adm0_sr is a rank, and its units are regions.
    leveled = rf"(?:adm|admin)([0-5])_?(?:pcode|pcod|{'|'.join(_LANGUAGES)})|(?:name|gid)_([0-5])"
    for name in properties[0]:
        if match := re.fullmatch(leveled, name):
            found.add(int(match[1] or match[2]))
    level = max(found, default=1)
    if level not in LEVELS or (told and len(found) > 1):
        raise NotTheFormat(
            f"{where}: units of level {' and '.join(map(str, sorted(found) if told else [level]))}; "
            "levels 1 and 2 are of use, "
            "one level a file"
        )
    return level


def _unit(number: int, level: int, told: dict[str, Any], feature: dict[str, Any]) -> Unit:
    name, code = _name(told, level), _code(told, level)
    return Unit(
        line=number,
        country_iso3=_country(told),
        level=level,
        name=name or _first(told, "shapename", "name", "name_fr", "name_en"),
        code=code or _first(told, "shapeiso", "iso_3166_2", "shapeid") or _first(feature, "id"),
        parent_name=_name(told, 1) if level == 2 else None,
        parent_code=_code(told, 1) if level == 2 else None,
        geometry=feature.get("geometry"),
    )


def _name(told: dict[str, Any], level: int) -> str | None:
    names = [f"adm{level}_{language}" for language in _LANGUAGES]
    return _first(told, *names, f"admin{level}name", f"name_{level}")


def _code(told: dict[str, Any], level: int) -> str | None:
    return _first(
        told, f"adm{level}_pcode", f"admin{level}pcod", f"iso_{level}", f"hasc_{level}", f"gid_{level}"
    )


def _first(told: dict[str, Any], *names: str) -> str | None:
    """The first of these properties that says anything; GADM writes NA for nothing."""
    for name in names:
        text = str(told.get(name) if told.get(name) is not None else "").strip()
        if text and text not in ("NA", "-99", "None"):
            return text
    return None


def _country(told: dict[str, Any]) -> str | None:
    for name in _COUNTRY:
        text = _first(told, name)
        if text and (iso3 := _countries().get(text.casefold())):
            return iso3
    return None


@cache
def _countries() -> dict[str, str]:
    """ISO3 code by any code of ISO 3166-1 and by name."""
    codes = {
        code.casefold(): country.country_iso3
        for country in known_countries()
        for code in (country.country_iso3, country.country_iso2, country.country_numeric)
    }
    return countries_by_name() | codes


def _kind(told: dict[str, Any]) -> str:
    """Whose file it is by its properties: a file of another kind may have other units, and fewer."""
    if any(name.endswith("_pcode") for name in told):
        return "cod"
    if "shapegroup" in told:
        return "geoboundaries"
    return "gadm" if "gid_0" in told else "other"


def _by_country(context: Context, payload: Payload, kind: str, units: Iterable[Unit]) -> Iterator[Batch]:
    units = tuple(units)
    scope = context.settings.countries
    there = sorted({(unit.country_iso3, unit.level) for unit in units if unit.country_iso3})
    wanted = [one for one in there if scope is None or one[0] in scope]
    if not wanted:
        told = ", ".join(sorted({iso3 for iso3, _ in there})[:8])
        yield nothing(
            "boundaries",
            "file",
            Status.REFUSED,
            f"{payload.url}: polygons of {told}, none of SAHEL_COUNTRIES; add a country there, or load another file",
            [payload],
        )
        return
    strangers = sum(unit.country_iso3 is None for unit in units)
    remark = f"{strangers} features of no known country were left out" if strangers else None
    for iso3, level in wanted:
        within = {"country_iso3": iso3, "admin_level": level}
        batch = snapshot(context, ADMIN_BOUNDARY, f"{iso3}-{level}", [payload], within=within, remark=remark)
        # Rows are compared with earlier ones of the same kind of file; what is there now is of the country.
        stream = f"{kind}-{iso3}-{level}"
        yield replace(
            batch,
            stream=stream,
            attempts=tuple(replace(attempt, stream=stream) for attempt in batch.attempts),
        )


def _key(unit: Unit) -> str:
    return unit.code or unit.name or f"feature {unit.line}"


# --- geometry -------------------------------------------------------------------------------------


def _polygon(geometry: Any) -> tuple[str, int, tuple[float, float, float, float]]:
    """(GeoJSON text without heights, points, south west north east). Raises ``ValueError``."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise ValueError(f"the geometry is {str(kind or 'empty')[:40]}, not a Polygon or MultiPolygon")
    parts = geometry.get("coordinates")
    parts = [parts] if kind == "Polygon" else parts
    if not isinstance(parts, list) or not parts:
        raise ValueError("the geometry has no rings")
    kept = [[_ring(ring) for ring in _rings(part)] for part in parts]
    points = [point for part in kept for ring in part for point in ring]
    longitudes, latitudes = [point[0] for point in points], [point[1] for point in points]
    text = json.dumps(
        {"type": kind, "coordinates": kept[0] if kind == "Polygon" else kept}, separators=(",", ":")
    )
    return text, len(points), (min(latitudes), min(longitudes), max(latitudes), max(longitudes))


def _rings(part: Any) -> list[Any]:
    if not isinstance(part, list) or not part:
        raise ValueError("a polygon has no rings")
    return part


def _ring(ring: Any) -> list[tuple[float, float]]:
    if not isinstance(ring, list) or len(ring) < 4:
        raise ValueError("a ring has fewer than four points")
    points = [_point(point) for point in ring]
    if points[0] != points[-1]:
        raise ValueError("a ring is not closed")
    return points


def _point(point: Any) -> tuple[float, float]:
    numbers = point[:2] if isinstance(point, list) else []
    if len(numbers) != 2 or not all(type(one) in (int, float) for one in numbers):
        raise ValueError(f"a point is {str(point)[:40]}, not longitude and latitude")
    longitude, latitude = numbers
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise ValueError(f"a point lies at {str(numbers)[1:60]}: not degrees; convert the file to EPSG:4326")
    return float(longitude), float(latitude)
