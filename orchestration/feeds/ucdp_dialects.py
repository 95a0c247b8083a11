"""The dialects that UCDP's event and actor files come in, and how to tell them from anything else.

Here: the header names, the form of dates, the marks that a spreadsheet leaves; plain Python over the
head of a file. Not here: reading the rows, which ``ucdp`` does in DuckDB, and fetching.
"""

import csv
import io
import re
from dataclasses import dataclass

from expectations.contracts.ucdp import UCDP_ACTOR, UCDP_GED
from orchestration.feeds.base import NotTheFormat

HEAD_BYTES = 256 * 1024
_SAMPLE = 60
FRESH_COPY = (
    "download it again from https://ucdp.uu.se/downloads/ and load it without opening it in a spreadsheet"
)

_BULK = tuple(column.name for column in UCDP_GED.publisher_columns)
_LATER_THAN_19 = (
    *("relid", "code_status", "conflict_dset_id", "dyad_dset_id", "side_a_dset_id", "side_b_dset_id"),
    "where_description",
)
_OLD = tuple(name for name in _BULK if name not in _LATER_THAN_19)
_RENAMED = {"best_est": "best", "high_est": "high", "low_est": "low"}
_TO_PAGE = {new: old for old, new in _RENAMED.items()}
_ACTOR = (
    *("ActorId", "NameData", "NameOrig", "NameOrigFull", "NameOrigFullEng", "NameChange", "NewName"),
    *("NewNameFullMotherTongue", "NewNameFullEng", "Org", "ConflictId", "DyadId", "PrimaryParty", "OSID"),
    *("OSCoalition", "OSCoalitionID", "NSID", "NSCoalition", "NSCoalitionID", "Splinter", "NamePrev"),
    *("ActorIdPrev", "SplitTemp", "NameSplitTemp", "ActorIdSplitTemp", "Alliance", "NameAlliance"),
    *(
        "ActorIdAlliance",
        "JoinGroup",
        "GroupName",
        "ActorIdGroup",
        "Location",
        "GWNOLoc",
        "Region",
        "Version",
    ),
)


@dataclass(frozen=True)
class Dialect:
    """A form of the file. ``names`` are its header's, lower-case; ``columns`` the contract's, in that order.

    ``date_pattern`` is what a date must look like as a whole, ``date_format`` how its first ten characters
    read. ``is_whole`` is false where the file can only be a part of a release (one country).
    """

    name: str
    table: str
    names: tuple[str, ...]
    columns: tuple[str | None, ...]
    date_pattern: str = r"\d{4}-\d\d-\d\d([ T]00:00:00(\.0{1,9})?)?"
    date_format: str = "%Y-%m-%d"
    date_told: str = "a day of the form 2024-12-31 00:00:00.000"
    is_whole: bool = True
    has_trailing_comma: bool = False


BULK = Dialect("bulk download", "ucdp_ged", _BULK, _BULK)
COUNTRY_PAGE = Dialect(
    "country page",
    "ucdp_ged",
    names=tuple(_TO_PAGE.get(name, name) for name in _BULK if not name.startswith("gwno")),
    columns=tuple(name for name in _BULK if not name.startswith("gwno")),
    date_pattern=r"\d\d/\d\d/\d{4} 00:00:00",
    date_format="%m/%d/%Y",
    date_told="a day of the form 12/31/2024 00:00:00",
    is_whole=False,
    has_trailing_comma=True,
)
GED_19 = Dialect("GED 19.1", "ucdp_ged", _OLD, _OLD)
HDX = Dialect("HDX", "ucdp_ged", (*_OLD, "iso3"), (*_OLD, None), is_whole=False)
ACTOR_LIST = Dialect(
    "actor list",
    "ucdp_actor",
    tuple(name.lower() for name in _ACTOR),
    tuple(column.name for column in UCDP_ACTOR.publisher_columns),
)
DIALECTS = (BULK, COUNTRY_PAGE, GED_19, HDX, ACTOR_LIST)
_KNOWN = {
    table: frozenset(name for dialect in DIALECTS if dialect.table == table for name in dialect.names)
    for table in ("ucdp_ged", "ucdp_actor")
}
_OTHER_DATASETS = {
    frozenset(
        {"actorid", "namedata"}
    ): "the UCDP actor list (load that with --release actor-22.1, its own version)",
    frozenset(
        {"conflict_id", "incompatibility"}
    ): "a UCDP conflict-year dataset, not the georeferenced events",
    frozenset(
        {"conflict_id", "bd_best"}
    ): "the UCDP battle-related deaths dataset, not the georeferenced events",
    frozenset(
        {"conflict_id", "best_fatality_estimate"}
    ): "a UCDP actor-year dataset, not the georeferenced events",
    frozenset({"event_id_cnty"}): "an ACLED export",
}


@dataclass(frozen=True)
class Layout:
    """How one file is laid out. ``columns`` are the fields' contract columns, None for one not used."""

    dialect: Dialect
    columns: tuple[str | None, ...]
    skip: int
    has_records: bool
    extra: tuple[str, ...] = ()


def recognise(head: bytes, name: str, table: str) -> Layout:
    """The layout of the file that begins with ``head``. Raises ``NotTheFormat`` naming what was found."""
    _refuse_other_media(head, name)
    text = _text(head, name)
    records = _records(text)
    if len(head) >= HEAD_BYTES and len(records) < _SAMPLE:
        records = records[:-1]  # cut in the middle
    if not records:
        raise _refusal(name, "line 1 is no header (an open quote, or no end)", FRESH_COPY)
    names = [field.strip().lower() for field in records[0]]
    if table == "ucdp_ged" and _proves_bulk(records):
        return Layout(BULK, BULK.columns, skip=0, has_records=True)
    dialect = next((dialect for dialect in DIALECTS if _fits(dialect, names, table)), None)
    if dialect is None:
        raise _refusal(name, *_misfit(records[0], names, table))
    columns = [dict(zip(dialect.names, dialect.columns, strict=True)).get(field) for field in names]
    first = records[1] if len(records) > 1 else []
    if dialect.has_trailing_comma and len(first) == len(names) + 1 and not first[-1]:
        columns.append(None)
    has_tags = any(field.startswith("#") for field in first) and all(
        not f or f.startswith("#") for f in first
    )
    skip = 2 if has_tags else 1
    return Layout(
        dialect=dialect,
        columns=tuple(columns),
        skip=skip,
        has_records=any(records[skip:]),
        extra=tuple(field for field in names if field not in dialect.names),
    )


def _records(text: str) -> list[list[str]]:
    """The first records, up to one that cannot be read."""
    records = []
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        while len(records) < _SAMPLE and (record := next(reader, None)) is not None:
            records.append(record)
    except csv.Error:
        pass
    return records


def spreadsheet_mark(dtype: str, value: str, dialect: Dialect) -> str | None:
    """What a spreadsheet did to a value that does not fit its column, if it was one; else None."""
    if value.startswith("#"):
        return "an error value of a spreadsheet"
    if dtype != "DATE":
        if re.fullmatch(r"-?\d+([.,]\d+)?[eE][+-]?\d+", value):
            return "a number in scientific notation, with digits lost"
        if dtype == "DOUBLE" and re.fullmatch(r"-?\d+,\d+", value):
            return "a number with a decimal comma"
        return None
    if re.fullmatch(r"\d{4,6}([.,]\d+)?", value):
        return "a date turned into a serial number"
    if re.fullmatch(r"\d{1,2}:\d\d(:\d\d)?([.,]\d+)?( [AaPp][Mm])?", value):
        return "a date cut down to a time"
    if re.fullmatch(dialect.date_pattern, value):
        # Only the order of day and month can be wrong in a date of the right form: 26/05/2016 is no US date.
        month, day = value[:2], value[3:5]
        turned = dialect is COUNTRY_PAGE and int(month) > 12 and int(day) <= 12
        return "a date with day and month exchanged" if turned else None
    if re.fullmatch(r"\d{1,2}[-/. ](\d{1,2}|[^\W\d]{3,9}\.?)[-/. ](\d\d|\d{4})( .*)?", value):
        return "a date rewritten in another form"
    return None


def _refuse_other_media(head: bytes, name: str) -> None:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:16]
    if not start:
        raise _refusal(name, "the file is empty", FRESH_COPY)
    if start.startswith(b"<"):
        raise _refusal(
            name, "line 1 begins a web page or XML, not CSV", "download the CSV itself, not its page"
        )
    if start.startswith((b"{", b"[")):
        raise _refusal(
            name, "line 1 begins JSON, not CSV", "download the CSV from https://ucdp.uu.se/downloads/"
        )
    if start.startswith(b"PK"):
        raise _refusal(name, "a zip or a workbook where CSV is expected", FRESH_COPY)
    if start.startswith((b"\xd0\xcf\x11\xe0", b"{\\rtf", b"%PDF")) or b"\0" in head.partition(b"\n")[0]:
        raise _refusal(name, "binary or UTF-16 content, not UTF-8 CSV", FRESH_COPY)


def _text(head: bytes, name: str) -> str:
    first_line = head.partition(b"\n")[0]
    try:
        first_line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refusal(name, f"line 1, byte {error.start + 1} is not UTF-8", FRESH_COPY) from None
    return head.decode("utf-8-sig", errors="replace")


def _fits(dialect: Dialect, names: list[str], table: str) -> bool:
    """All of the dialect's names, each once, and none that another dialect of the table knows.

    Without the second half a bulk file that lost a column would pass for an older, narrower dialect.
    """
    given = set(names)
    return (
        dialect.table == table
        and "" not in given
        and len(given) == len(names)
        and given & _KNOWN[table] == set(dialect.names)
    )


def _misfit(header: list[str], names: list[str], table: str) -> tuple[str, str]:
    """What is wrong with a header that fits no dialect, and the remedy."""
    line = ",".join(header)
    for mark, delimiter in ((";", "semicolons"), ("\t", "tabs")):
        if line.count(mark) > 5 and line.count(mark) > len(header):
            return f"line 1 is separated by {delimiter}, as spreadsheets write it, not by commas", FRESH_COPY
    dialects = [dialect for dialect in DIALECTS if dialect.table == table]
    nearest = max(dialects, key=lambda dialect: len(set(dialect.names) & set(names)))
    if len(set(nearest.names) & set(names)) < len(nearest.names) / 2:
        for marks, told in _OTHER_DATASETS.items():
            if marks <= set(names):
                return (
                    f"line 1 is the header of {told}",
                    "give a file of the UCDP georeferenced event dataset (GED)",
                )
        found = ", ".join(header[:6])[:120]
        return f"line 1 is no header that UCDP writes ({len(names)} columns, first: {found})", FRESH_COPY
    missing = [name for name in nearest.names if name not in names]
    unknown = [name or "(no name)" for name in names if name not in _KNOWN[table]]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    parts = [
        f"column{'s' if len(found) > 1 else ''} {told} {', '.join(found)}"
        for told, found in (("missing:", missing), ("not known:", unknown), ("given twice:", twice))
        if found
    ]
    known = f"nearest to the {nearest.name} dialect"
    return (
        f"line 1 fits no known dialect ({known}; {'; '.join(parts) or 'columns of several dialects mixed'})",
        f"if UCDP changed the file, report it so that the dialect can be added; if not, {FRESH_COPY}",
    )


def _proves_bulk(records: list[list[str]]) -> bool:
    """Whether these are data of the bulk dialect from line 1 on: candidate 24.0.1 came without a header."""
    return all(
        len(record) == len(_BULK) and _is_event(dict(zip(_BULK, record, strict=True))) for record in records
    )


def _is_event(row: dict[str, str]) -> bool:
    whole = ("id", "year", "type_of_violence", "dyad_new_id", "where_prec", "country_id")
    counts = ("deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown", "best", "high", "low")
    return (
        all(re.fullmatch(r"\d+", row[name]) for name in (*whole, *counts))
        and all(re.fullmatch(BULK.date_pattern, row[name]) for name in ("date_start", "date_end"))
        and all(re.fullmatch(r"-?\d+(\.\d+)?", row[name]) for name in ("latitude", "longitude"))
        and row["geom_wkt"].upper().startswith("POINT")
    )


def _refusal(name: str, found: str, remedy: str) -> NotTheFormat:
    return NotTheFormat(f"ucdp: {name}: {' '.join(found.split())}; {remedy}")
