"""A situation report as one HTML file: no script, nothing fetched, readable on a phone, in the dark and on paper.

Here: the look, and the small charts as SVG. Not here: what is said (content.py). The page is built as a tree of
elements, so that no text of a publisher can be taken for markup: it is escaped wherever it stands.
"""

import re
from xml.etree import ElementTree

from orchestration.sitrep.document import (
    NOTHING,
    Fan,
    Line,
    Point,
    Query,
    Report,
    Section,
    Spark,
    Table,
    value_text,
)

Element = ElementTree.Element

GENERATOR = "sahel report"
QUERIES_HEAD = (
    "Each figure above names the query that gave it. Each runs as it stands on the published file: between double quotes "
    "after sahel query, or in any DuckDB client."
)
SHORT, LONG = 10, 40
SPARK_WIDTH, SPARK_HEIGHT = 168, 24
FAN_WIDTH, FAN_HEIGHT, FAN_FOOT = 380, 96, 14

_STYLE = """
:root{color-scheme:light dark;--ink:#1c2126;--soft:#565e66;--line:#d4d8dc;--paper:#fff;--shade:#f3f5f7;
--bar:#2f6690;--maybe:#9fc0d9;--band:#e9c46a;--mean:#9a5b00;--link:#1f5f99;--warn:#8a1c1c;--warnbg:#fdf0ef}
@media (prefers-color-scheme:dark){:root{--ink:#e3e6e8;--soft:#a3abb2;--line:#3b4248;--paper:#15191c;--shade:#1f2528;
--bar:#7db4dd;--maybe:#41637c;--band:#6b5a2a;--mean:#f0c674;--link:#8ec1ec;--warn:#ffb4ab;--warnbg:#3a1b1a}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:76rem;padding:1rem;font:14px/1.4 system-ui,sans-serif;color:var(--ink);
background:var(--paper)}
h1{font-size:1.4rem;margin:0 0 .2rem}
h2{font-size:1rem;margin:0 0 .25rem;border-bottom:2px solid var(--bar);padding-bottom:.1rem}
h3{font-size:.95rem;margin:1rem 0 .2rem}
p{margin:.2rem 0}
.about,.note,.caption,.more,figcaption{color:var(--soft);font-size:.9em}
.warn{color:var(--warn);background:var(--warnbg);border:1px solid currentColor;padding:.3rem .6rem;font-weight:600;
margin:.3rem 0}
section{margin:.8rem 0 0;break-inside:avoid}
.columns{columns:2 26rem;column-gap:1.6rem;margin-top:.8rem}
.columns section{margin:0 0 .8rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:.25rem 0;font-size:.93em;font-variant-numeric:tabular-nums}
td.long{min-width:14rem}
th,td{text-align:left;padding:.12rem .5rem .12rem 0;border-bottom:1px solid var(--line);vertical-align:top}
thead th{font-weight:600;color:var(--soft);vertical-align:bottom}
tbody th{font-weight:500}
.n{text-align:right}
td.n,.short{white-space:nowrap}
ul{margin:.25rem 0;padding-left:1.1rem;font-size:.93em}
li{margin:.1rem 0}
a{color:var(--link)}
a.q{font-size:.78em;text-decoration:none;white-space:nowrap}
svg{display:block;max-width:100%;height:auto}
td svg{height:1.45em;width:auto;max-width:none}
svg text{fill:var(--soft);font-size:9px}
.bar{fill:var(--bar)}.maybe{fill:var(--maybe)}.none{fill:var(--line)}.base{stroke:var(--line)}
.band{fill:var(--band);opacity:.75}.mean{fill:none;stroke:var(--mean);stroke-width:1.6}.dot{fill:var(--mean)}
figure{margin:.3rem 0}
pre{background:var(--shade);padding:.5rem;overflow-x:auto;font-size:.8em;white-space:pre-wrap}
@media print{@page{size:A4;margin:7mm 8mm}
:root{color-scheme:light;--ink:#000;--soft:#444;--line:#c4c8cc;--paper:#fff;--shade:#fff;
--bar:#2f6690;--maybe:#9fc0d9;--band:#e9c46a;--mean:#9a5b00;--link:#1f5f99;--warn:#8a1c1c;--warnbg:#fff}
body{font-size:6.4pt;line-height:1.15;padding:0;max-width:none}
h1{font-size:11pt}h2{font-size:8pt;border-width:1px}h3{margin-top:4pt}
section{margin-top:3pt}
.columns{columns:2;column-gap:10pt;margin-top:3pt}.columns section{margin:0 0 3pt;break-inside:auto}
.scroll,li,figure{break-inside:avoid}h2,.caption{break-after:avoid}
table{margin:1pt 0}th,td{padding:.4pt 3pt .4pt 0}td.long{min-width:0}.scroll{overflow:visible}
.warn{padding:1pt 4pt;margin:1pt 4pt 1pt 0;display:inline-block}
p,li{margin:.5pt 0}ul{margin:1pt 0}
figure svg{height:46pt;width:auto}
.appendix{break-before:page;break-inside:auto}#queries{break-inside:auto}
pre{font-size:6pt;padding:0}a{text-decoration:none}}
"""


def page(report: Report) -> str:
    """The whole file as text."""
    root = Element("html", lang="en")
    head = _add(root, "head")
    _add(head, "meta", charset="utf-8")
    _add(head, "title", report.title)
    _add(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    _add(head, "meta", name="generator", content=GENERATOR)
    _add(head, "style", _STYLE.strip())
    body = _add(root, "body")
    top = _add(body, "header")
    _add(top, "h1", report.title)
    for warning in report.warnings:
        _add(top, "p", warning, cls="warn", role="note")
    for line in report.about:
        _add(top, "p", line.text, cls="about")
    main = _add(body, "main")
    columns: Element | None = None
    for section in report.sections:
        if section.is_wide:
            columns = None
            _section(main, section)
        else:
            columns = columns if columns is not None else _add(main, "div", cls="columns")
            _section(columns, section)
    if report.queries:
        _appendix(body, report.queries)
    return "<!doctype html>\n" + ElementTree.tostring(root, encoding="unicode", method="html") + "\n"


def _add(
    parent: Element, tag: str, text: str | None = None, cls: str | None = None, **attributes: object
) -> Element:
    """A child element; ``cls`` is its class, an underscore in a name of an attribute a hyphen."""
    element = ElementTree.SubElement(
        parent, tag, {name.replace("_", "-"): str(value) for name, value in attributes.items()}
    )
    if cls:
        element.set("class", cls)
    element.text = text
    return element


def _link(parent: Element, query: Query) -> None:
    """After the text of an element, the query that gave its figures."""
    parent.text = f"{parent.text or ''} "
    _add(parent, "a", f"[{query.anchor}]", cls="q", href=f"#{query.anchor}", title=query.title)


def _section(parent: Element, section: Section) -> None:
    box = _add(parent, "section", cls="appendix" if section.is_appendix else None)
    _add(box, "h2", section.title)
    lines: Element | None = None
    for part in section.parts:
        if isinstance(part, Line):
            lines = lines if lines is not None else _add(box, "ul")
            item = _add(lines, "li", part.text)
            if part.query:
                _link(item, part.query)
            continue
        lines = None
        (_table if isinstance(part, Table) else _fan)(box, part)


def _table(box: Element, table: Table) -> None:
    if not table.rows:
        _link(_add(box, "p", table.empty), table.query)
        return
    # Beside the table and not its caption: on a phone the table scrolls, and its title does not.
    title = _add(box, "p", table.title, cls="caption", id=f"title-{table.query.anchor}")
    _link(title, table.query)
    named = f"title-{table.query.anchor}"
    scroll = _add(box, "div", cls="scroll", tabindex=0, role="region", aria_labelledby=named)
    grid = _add(scroll, "table", aria_labelledby=named)
    head = _add(_add(grid, "thead"), "tr")
    for number, column in enumerate(table.columns):
        _add(head, "th", column.label, cls="n" if column.is_number else None, scope="col")
        if not number and table.spark_query:
            _link(_add(head, "th", f"{_length(table)} weeks", scope="col"), table.spark_query)
    body = _add(grid, "tbody")
    for position, row in enumerate(table.rows):
        _row(_add(body, "tr"), table, position, table.cells(row))
    if table.more > 0:
        _add(box, "p", f"and {table.more} more, which the query gives without its limit", cls="more")
    if table.spark_query:
        _add(
            box, "p", "Columns from nought to the most of the series; pale ones may still change, dots were not observed.",
            cls="note",
        )  # fmt: skip
    if table.note:
        _add(box, "p", table.note, cls="note")


def _row(line: Element, table: Table, position: int, cells: list[str]) -> None:
    _add(line, "th", cells[0], cls="short" if len(cells[0]) <= SHORT else None, scope="row")
    if table.spark_query:
        cell, spark = _add(line, "td"), table.sparks[position]
        if spark is None:
            cell.text = NOTHING
        else:
            _spark(cell, spark)
    for column, text in list(zip(table.columns, cells, strict=True))[1:]:
        # A day is not broken over two lines, and a sentence not over twenty.
        cls = (
            "n"
            if column.is_number
            else "short"
            if len(text) <= SHORT
            else "long"
            if len(text) >= LONG
            else None
        )
        _add(line, "td", text, cls=cls)


def _length(table: Table) -> int:
    return max((len(spark.points) for spark in table.sparks if spark), default=0)


def _appendix(body: Element, queries: tuple[Query, ...]) -> None:
    box = _add(body, "section", id="queries")
    _add(box, "h2", "Queries")
    _add(box, "p", QUERIES_HEAD)
    for query in queries:
        one = _add(box, "article", id=query.anchor)
        _add(one, "h3", f"{query.anchor}: {query.title}")
        _add(_add(one, "pre", tabindex=0), "code", query.sql)


# --- charts -------------------------------------------------------------------------------------


def _picture(parent: Element, width: float, height: float, label: str) -> Element:
    picture = _add(
        parent, "svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width} {height}", width=width, height=height,
        role="img", aria_label=label,
    )  # fmt: skip
    _add(picture, "title", label)
    return picture


def _spark(parent: Element, spark: Spark) -> None:
    picture = _picture(parent, SPARK_WIDTH, SPARK_HEIGHT, told(spark.title, "week", spark.points))
    most = max((point.value or 0 for point in spark.points), default=0)
    _columns(picture, spark.points, most, SPARK_WIDTH, SPARK_HEIGHT)


def _columns(picture: Element, points: tuple[Point, ...], most: float, width: float, height: float) -> None:
    step = width / max(len(points), 1)
    _add(picture, "line", cls="base", x1=0, x2=_short(width), y1=height - 0.5, y2=height - 0.5)
    for number, point in enumerate(points):
        left = number * step + step * 0.1
        if point.value is None:
            _add(picture, "circle", cls="none", cx=_short(left + step * 0.4), cy=height - 3, r=0.9)
            continue
        tall = (height - 1) * point.value / most if most else 0
        _add(
            picture, "rect", cls="maybe" if point.is_provisional else "bar", x=_short(left), y=_short(height - 0.5 - tall),
            width=_short(step * 0.8), height=_short(tall),
        )  # fmt: skip


def _fan(box: Element, fan: Fan) -> None:
    figure = _add(box, "figure")
    label = (
        told(fan.title, "month", fan.past)
        + f" Forecast until {fan.future[-1].at:%Y-%m}: "
        + "; ".join(
            f"{one.at:%Y-%m} {value_text(one.mean)} ({value_text(one.low)} to {value_text(one.high)})"
            for one in fan.future
        )
    )
    picture = _picture(figure, FAN_WIDTH, FAN_HEIGHT + FAN_FOOT, label)
    most = max(
        1.0, *(point.value or 0 for point in fan.past), *(max(one.mean, one.high) for one in fan.future)
    )
    count = len(fan.past) + len(fan.future)
    step = FAN_WIDTH / count
    _columns(picture, fan.past, most, step * len(fan.past), FAN_HEIGHT)

    def at(number: int, value: float) -> str:
        across = (len(fan.past) + number + 0.5) * step
        return f"{_short(across)},{_short(FAN_HEIGHT - (FAN_HEIGHT - 1) * value / most)}"

    edge = [at(number, one.high) for number, one in enumerate(fan.future)]
    edge += [at(number, one.low) for number, one in reversed(list(enumerate(fan.future)))]
    _add(picture, "polygon", cls="band", points=" ".join(edge))
    means = [at(number, one.mean) for number, one in enumerate(fan.future)]
    _add(picture, "polyline", cls="mean", points=" ".join(means))
    for mean in means:
        across, up = mean.split(",")
        _add(picture, "circle", cls="dot", cx=across, cy=up, r=1.8)
    foot = FAN_HEIGHT + FAN_FOOT - 4
    if fan.past:
        _add(picture, "text", f"{fan.past[0].at:%Y-%m}", x=0, y=foot)
    _add(
        picture,
        "text",
        f"{fan.future[0].at:%Y-%m}",
        x=_short(len(fan.past) * step),
        y=foot,
        text_anchor="middle",
    )
    _add(picture, "text", f"{fan.future[-1].at:%Y-%m}", x=FAN_WIDTH, y=foot, text_anchor="end")
    _add(picture, "text", value_text(most), x=0, y=8)
    _link(_add(figure, "figcaption", fan.title), fan.query)


def told(title: str, period: str, points: tuple[Point, ...]) -> str:
    """A series in words, for who cannot see it."""
    known = [point for point in points if point.value is not None]
    if not known:
        return f"{title}: no {period} was observed."
    values = [point.value for point in known]
    newest = known[-1]
    return (
        f"{title} by {period}, {known[0].at} to {newest.at}: between {value_text(min(values))} and "
        f"{value_text(max(values))}, newest {value_text(newest.value)}"
        f"{', which may still change' if newest.is_provisional else ''}; {len(points) - len(known)} not observed."
    )


def _short(value: float) -> str:
    return re.sub(r"\.?0+$", "", f"{value:.2f}")
