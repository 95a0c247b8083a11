"""A situation report as Markdown that reads well as plain text and on a forge.

Here: tables, sparklines of block signs, and the escaping of text that is not ours. Not here: what is said (content.py).
"""

import re

from orchestration.sitrep.document import NOTHING, Fan, Line, Point, Query, Report, Section, Table, value_text

HEADING = "# Situation report"
QUERIES_HEAD = (
    'Each figure above names the query that gave it. Each runs as it stands on the published file: `sahel query "…"` with '
    "the query between the double quotes, or any DuckDB client."
)
MOST_POINTS = 26
BLOCKS = "▁▂▃▄▅▆▇█"
UNKNOWN = "·"
FIRST_PROVISIONAL = "┊"


def page(report: Report) -> str:
    """The whole file as text."""
    blocks = [f"# {escaped(report.title)}"]
    blocks += [f"> **{escaped(warning)}**" for warning in report.warnings]
    blocks += [_line(line) for line in report.about]
    for section in report.sections:
        blocks += _section(section)
    if report.queries:
        blocks += ["## Queries", QUERIES_HEAD]
    for query in report.queries:
        blocks += [f"### {query.anchor}", escaped(query.title), f"```sql\n{query.sql}\n```"]
    return "\n\n".join(blocks) + "\n"


def escaped(text: str) -> str:
    """Text as text: nothing in it makes markup, a link, a table cell, a formula or a mention."""
    text = re.sub(r"([\\`*\[\]<>|~#$])", r"\\\1", text)
    text = re.sub(r"&(?=#?\w+;)", r"\\&", text)
    # Within a word an underscore is plain, and names of columns are full of them.
    text = re.sub(r"(?<!\w)_|_(?!\w)", r"\\_", text)
    text = re.sub(r"@(?=\w)", "@\u2060", text)
    return re.sub(r"^(\s*)([-+=]|\d+(?=[.)](?:\s|$)))", lambda found: f"{found[1]}{_start(found[2])}", text)


def _start(sign: str) -> str:
    """What would begin a list, so that it does not."""
    return f"{sign}\u2060" if sign.isdigit() else f"\\{sign}"


def _link(query: Query) -> str:
    return f"[{query.anchor}](#{query.anchor})"


def _line(line: Line) -> str:
    return escaped(line.text) + (f" {_link(line.query)}" if line.query else "")


def _section(section: Section) -> list[str]:
    blocks = [f"## {escaped(section.title)}"]
    lines: list[str] = []
    for part in section.parts:
        if isinstance(part, Line):
            lines.append(f"- {_line(part)}")
            continue
        if lines:
            blocks.append("\n".join(lines))
            lines = []
        blocks += _table(part) if isinstance(part, Table) else [_fan(part)]
    if lines:
        blocks.append("\n".join(lines))
    return blocks


def _table(table: Table) -> list[str]:
    if not table.rows:
        return [f"{escaped(table.empty)} {_link(table.query)}"]
    head = [escaped(column.label) for column in table.columns]
    rule = ["---:" if column.is_number else "---" for column in table.columns]
    rows = [[escaped(cell) for cell in table.cells(row)] for row in table.rows]
    if table.spark_query:
        head.insert(1, f"{MOST_POINTS} weeks {_link(table.spark_query)}")
        rule.insert(1, "---")
        for cells, spark in zip(rows, table.sparks, strict=True):
            cells.insert(1, sparkline(spark.points[-MOST_POINTS:]) if spark else NOTHING)
    blocks = [f"{escaped(table.title)} {_link(table.query)}".strip()]
    blocks.append("\n".join(f"| {' | '.join(cells)} |" for cells in [head, rule, *rows]))
    if table.more > 0:
        blocks.append(f"and {table.more} more, which the query gives without its limit")
    if table.spark_query:
        blocks.append(
            f"Blocks from nought to the most of the series; after {FIRST_PROVISIONAL} they may still change, "
            f"{UNKNOWN} was not observed."
        )
    if table.note:
        blocks.append(escaped(table.note))
    return blocks


def sparkline(points: tuple[Point, ...]) -> str:
    """A series as block signs."""
    most = max((point.value or 0 for point in points), default=0)
    signs = []
    has_mark = False
    for point in points:
        if point.is_provisional and not has_mark:
            signs.append(FIRST_PROVISIONAL)
            has_mark = True
        if point.value is None:
            signs.append(UNKNOWN)
        else:
            signs.append(BLOCKS[round((len(BLOCKS) - 1) * point.value / most) if most else 0])
    return "".join(signs)


def _fan(fan: Fan) -> str:
    past = fan.past[-MOST_POINTS:]
    recorded = (
        f"recorded {past[0].at:%Y-%m} to {past[-1].at:%Y-%m} {sparkline(past)}" if past else "none recorded"
    )
    expected = ", ".join(
        f"{one.at:%Y-%m} {value_text(one.mean)} ({value_text(one.low)} to {value_text(one.high)})"
        for one in fan.future
    )
    return f"{escaped(fan.title)}: {recorded} {_link(fan.query)}; forecast {expected}."
