"""Small UCDP files for tests, made: three invented events told in each dialect, and how to parse them.

Nothing here asserts. The invented events have ids above 900000, which UCDP has not reached.
"""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from expectations.contracts.ucdp import UCDP_GED
from orchestration.feeds.ucdp import UcdpFeed
from orchestration.records import Batch, Parsed, Payload

FIXTURES = Path(__file__).parents[2] / "fixtures" / "feeds" / "ucdp"
BULK = tuple(column.name for column in UCDP_GED.publisher_columns)
RELEASED_AT = datetime(2025, 6, 8, 9, 30, tzinfo=UTC)

_FIRST = {
    "id": "900001",
    "relid": "MLI-2024-1-900-1",
    "year": "2024",
    "active_year": "1",
    "code_status": "Clear",
    "type_of_violence": "1",
    "conflict_dset_id": "11347",
    "conflict_new_id": "11347",
    "conflict_name": "Mali: Government",
    "dyad_dset_id": "90001",
    "dyad_new_id": "90001",
    "dyad_name": "Government of Mali - JNIM",
    "side_a_dset_id": "72",
    "side_a_new_id": "72",
    "side_a": "Government of Mali",
    "side_b_dset_id": "6716",
    "side_b_new_id": "6716",
    "side_b": "JNIM",
    "number_of_sources": "2",
    "source_article": '"Made Wire,2024-03-04,Made headline";"Made Herald,2024-03-05,Une dépêche inventée"',
    "source_office": "Made Wire;Made Herald",
    "source_date": "2024-03-04;2024-03-05",
    "source_headline": "Made headline;Une dépêche inventée",
    "source_original": "made witness",
    "where_prec": "1",
    "where_coordinates": "Made town",
    "where_description": "Made town,\nnear the made river",
    "adm_1": "Gao region",
    "adm_2": "Ansongo cercle",
    "latitude": "15.660000",
    "longitude": "0.500000",
    "geom_wkt": "POINT (0.5 15.66)",
    "priogrid_gid": "152282",
    "country": "Mali",
    "country_id": "432",
    "region": "Africa",
    "event_clarity": "1",
    "date_prec": "1",
    "date_start": "2024-03-04 00:00:00.000",
    "date_end": "2024-03-04 00:00:00.000",
    "deaths_a": "1",
    "deaths_b": "2",
    "deaths_civilians": "0",
    "deaths_unknown": "0",
    "best": "3",
    "high": "5",
    "low": "2",
    "gwnoa": "432",
    "gwnob": "",
}
EVENTS = (
    _FIRST,
    _FIRST
    | {
        # An actor not yet coded, an estimate above its high, days above twelve.
        "id": "900002",
        "relid": "BEN-2024-1-900-2",
        "code_status": "Check dyad",
        "side_b": "XXX1234",
        "dyad_name": "Government of Benin - XXX1234",
        "country": "Benin",
        "country_id": "434",
        "latitude": "12.1",
        "longitude": "-0.25",
        "date_start": "2024-05-26 00:00:00.000",
        "date_end": "2024-05-29 00:00:00.000",
        "best": "9",
        "high": "4",
        "deaths_unknown": "6",
        "number_of_sources": "-1",
    },
    _FIRST
    | {
        "id": "900003",
        "type_of_violence": "3",
        "side_b": "Civilians",
        "active_year": "0",
        "country": "Nigeria",
        "country_id": "475",
        "date_start": "2024-12-31 00:00:00.000",
        "date_end": "2024-12-31 00:00:00.000",
        "best": "0",
        "low": "0",
        "conflict_name": "",
    },
)


def many(count: int) -> list[dict[str, str]]:
    """``count`` events, alike but for their ids."""
    return [_FIRST | {"id": str(910000 + number)} for number in range(count)]


def as_csv(
    rows: Any = EVENTS, names: tuple[str, ...] = BULK, *, header: bool = True, newline: str = "\r\n"
) -> str:
    """Rows as the publisher writes CSV: quotes only where needed."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=newline)
    if header:
        writer.writerow(names)
    writer.writerows([[row.get(name, "") for name in names] for row in rows])
    return text.getvalue()


def parse(
    path: Path,
    scratch: duckdb.DuckDBPyConnection,
    countries: tuple[str, ...] | None = None,
    *,
    table: str = "ucdp_ged",
    release: str = "25.1",
    kind: str = "annual",
    stream: str = "ged",
) -> Parsed:
    """Parse a file as the batch that fetch would make of it."""
    payload = Payload(
        sha256="ab" * 32,
        size=path.stat().st_size,
        path=path,
        url="https://ucdp.example/file",
        fetched_at=datetime(2025, 7, 1, tzinfo=UTC),
        http_status=200,
        feed="ucdp",
        key=release,
        released_at=RELEASED_AT,
    )
    options = {
        "release": release,
        "kind": kind,
        "name": path.name,
        "withdraws": kind in ("annual", "cumulative"),
    }
    batch = Batch("ucdp", stream, release, (), table, (payload,), options)
    return UcdpFeed().parse(batch, scratch, countries)


def rows(scratch: duckdb.DuckDBPyConnection, columns: str = "*", table: str = "parsed_rows") -> list[tuple]:
    return scratch.execute(f"select {columns} from {table} order by all").fetchall()
