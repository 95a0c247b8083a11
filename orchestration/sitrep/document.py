"""What a situation report is made of: queries with their rows, and the tables, lines and charts that show them.

Here: the parts, and how a value is written. Not here: what is asked (content.py), how a part looks (html_page.py,
markdown_page.py). A part holds no figure of its own: all that it shows is a value of a row of the query that it names.
"""

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from orchestration.published import plain

Row = Mapping[str, Any]

NOTHING = "–"
"""Shown for null: not observed, not told, or too little to compare with. Never shown for zero."""
INSTANTS = {"day": "%Y-%m-%d", "month": "%Y-%m"}
LONGEST, LONGEST_WHOLE = 200, 1_000


@dataclass(frozen=True)
class Query:
    """A query of the appendix, as it was run: it has no parameters and runs as it stands."""

    number: int
    title: str
    sql: str
    rows: tuple[dict[str, Any], ...]

    @property
    def anchor(self) -> str:
        return f"q{self.number}"


@dataclass(frozen=True)
class Point:
    """One period of a series. ``value`` is null where the source did not look."""

    at: date
    value: float | None
    is_provisional: bool = False


@dataclass(frozen=True)
class Spark:
    """A small series in a cell: columns by week, the provisional ones lighter."""

    title: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Expected:
    """One month of a forecast."""

    at: date
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Fan:
    """Months as recorded, and months as forecast with their interval. ``query`` made the recorded ones."""

    title: str
    query: Query
    past: tuple[Point, ...]
    future: tuple[Expected, ...]


@dataclass(frozen=True)
class Column:
    """A column of a table: ``text`` is a format string over the row, as ``{events} / {deaths}``."""

    label: str
    text: str
    is_number: bool = True


@dataclass(frozen=True)
class Table:
    """``empty`` is what is said where there are no rows; ``sparks`` stand in a column of their own, row by row."""

    title: str
    query: Query
    columns: tuple[Column, ...]
    rows: tuple[dict[str, Any], ...]
    empty: str
    note: str = ""
    sparks: tuple[Spark | None, ...] = ()
    spark_query: Query | None = None

    def cells(self, row: Row) -> list[str]:
        return [written(column.text, row) for column in self.columns]

    @property
    def more(self) -> int:
        """Rows that there are and that are not shown."""
        return (self.rows[0].get("rows_in_all", len(self.rows)) - len(self.rows)) if self.rows else 0


@dataclass(frozen=True)
class Line:
    """A sentence; its figures are of ``query``, which is none only where it holds no figure."""

    text: str
    query: Query | None = None


Part = Table | Line | Fan


@dataclass(frozen=True)
class Section:
    title: str
    parts: tuple[Part, ...]
    is_wide: bool = False
    is_appendix: bool = False
    """What follows the page: it begins a new one on paper."""


@dataclass(frozen=True)
class Report:
    """A report on one country, or on all that are monitored."""

    slug: str
    title: str
    about: tuple[Line, ...]
    """What it is of, from when, and how far the sources reach."""
    warnings: tuple[str, ...]
    """Said before all else: made data, figures that may not be passed on."""
    sections: tuple[Section, ...]
    queries: tuple[Query, ...]
    data_as_of: datetime | None
    """When the newest load was recorded: the report's date. The reader's clock has no part in it."""

    @property
    def stem(self) -> str:
        """The name of its files."""
        return f"sitrep_{self.slug}_{f'{self.data_as_of:%Y-%m-%d}' if self.data_as_of else 'empty'}"


class _Writer(string.Formatter):
    """Format strings over rows: ``{share:percent}``, ``{month:month}``; all else by the value's type."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> tuple[Any, str]:
        # A name is a column and nothing else: no attributes, no indices.
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        return value_text(value, format_spec)


def written(text: str, row: Row) -> str:
    """``text`` with the row's values. Where no value at all is known, only the dash."""
    names = [name for _, name, _, _ in string.Formatter().parse(text) if name]
    if names and all(row[name] is None for name in names):
        return NOTHING
    return _Writer().vformat(text, (), dict(row))


def value_text(value: Any, kind: str = "") -> str:
    """A value as the report shows it."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:{INSTANTS.get(kind, '%Y-%m-%d %H:%M')}}"
    if isinstance(value, date):
        return f"{value:%Y-%m}" if kind == "month" else value.isoformat()
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    if kind == "percent":
        return _percent(value)
    if kind == "chance":
        # Of a thousand samples: none is not never, and all is not for certain.
        return _percent(min(max(value, 0.001), 0.999))
    if kind == "score":
        return f"{value:.2f}"
    if isinstance(value, float):
        return _decimal(value)
    if isinstance(value, int):
        return f"{value:,}"
    if kind == "words":
        value = str(value).replace("_", " ")
    # A citation is not to be cut.
    return shortened(plain(str(value)), LONGEST_WHOLE if kind == "whole" else LONGEST)


def shortened(text: str, most: int = LONGEST) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _decimal(value: float) -> str:
    if 0 < value < 0.05:
        return "below 0.1"
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:,.1f}"


def _percent(value: float) -> str:
    """A share of one. What is not nought and not all is not rounded to it."""
    if 0 < value < 0.01:
        return "below 1 %"
    if 0.99 < value < 1:
        return "above 99 %"
    return f"{100 * value:.0f} %"


def series(rows: Iterable[Row], at: str = "week") -> tuple[Point, ...]:
    """Rows with ``at``, ``value`` and ``provisional`` as points."""
    return tuple(
        Point(row[at], None if row["value"] is None else float(row["value"]), bool(row["provisional"]))
        for row in rows
    )
