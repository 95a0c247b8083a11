"""The situation report of the published file: one page on a country, or on all that are monitored.

Here: making reports and writing them to files. Not here: what they say (content.py), their look (html_page.py,
markdown_page.py), the command `sahel report` (cli.py).
"""

import os
from datetime import date
from pathlib import Path

import duckdb

from orchestration.settings import Settings
from orchestration.sitrep import content, html_page, markdown_page
from orchestration.sitrep.content import NoSuchCountry
from orchestration.sitrep.document import Report
from orchestration.warehouse.connection import open_published

__all__ = ["FORMS", "NoReport", "NoSuchCountry", "Report", "make", "text_of", "write", "write_reports"]

FORMS = {"markdown": (".md", markdown_page.page), "html": (".html", html_page.page)}


class NoReport(OSError):
    """A file that is there is no report of ours, and is left alone."""


def make(
    reader: duckdb.DuckDBPyConnection,
    country: str | None = None,
    since: date | None = None,
    is_made: bool = False,
) -> Report:
    """The report on ``country``, or on all that are monitored. Raises ``NoSuchCountry``."""
    return content.read(reader, content.find_scope(reader, country), since, is_made)


def text_of(report: Report, form: str) -> str:
    return FORMS[form][1](report)


def write(report: Report, form: str, path: Path) -> Path:
    """Write a report. One that is there is replaced whole; a file that is none is not."""
    if path.exists() and not _is_report(path):
        raise NoReport(f"{path} is there and is no situation report; name another file, or move it away")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text_of(report, form), encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path


def write_reports(settings: Settings, folder: Path, since: date | None = None) -> list[Path]:
    """A report on all monitored countries and one on each, in both forms, under names that stay.

    For who publishes them after each build: `sitrep_all.html`, `sitrep_MLI.md` and so on.
    """
    written = []
    with open_published(settings.bi_file) as reader:
        for country in (None, *content.countries(reader)):
            report = make(reader, country, since, settings.is_made)
            written += [
                write(report, form, folder / f"sitrep_{report.slug}{suffix}")
                for form, (suffix, _) in FORMS.items()
            ]
    return written


def _is_report(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        start = file.read(1_000)
    return start.startswith(markdown_page.HEADING) or f'content="{html_page.GENERATOR}"' in start
