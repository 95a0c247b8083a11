"""The `sahel` command: arguments in, the steps called, what they did printed. No pipeline logic here.

Exit codes: 0 success, 1 the work failed, 2 wrong usage. Errors are one line with the remedy.
"""

import csv
import json
import math
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime, time
from decimal import Decimal
from functools import wraps
from pathlib import Path
from typing import Any

import click
import duckdb
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from expectations.report import MADE_BANNER
from orchestration.published import NotFound, source_lines
from orchestration.settings import BY_HAND, FEEDS, Settings, SettingsError
from orchestration.transform import DbtFailed
from orchestration.warehouse.connection import (
    WarehouseBusy,
    WarehouseDamaged,
    WarehouseMissing,
    is_interrupt,
    open_published,
)
from orchestration.warehouse.publish import QUERIES, PublishRefused
from orchestration.warehouse.status import NOTHING_YET, read_status


class _Console(Console):
    """Rich would make a failure (exit code 1) of a reader of ours that has had enough."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


out = _Console(highlight=False, soft_wrap=True)
err = _Console(stderr=True, highlight=False, soft_wrap=True)


class PublishedCannotTell(RuntimeError):
    """There is no published file, or it is older than what is asked of it; the message is one line with the remedy."""


EXPECTED_ERRORS = (
    WarehouseBusy,
    WarehouseDamaged,
    WarehouseMissing,
    PublishRefused,
    DbtFailed,
    NotFound,
    PublishedCannotTell,
    OSError,
    duckdb.Error,
)
INTERRUPTED = "interrupted; run the command again, it goes on from what is stored"
WIDEST_CELL, WIDEST_TABLE = 48, 1_000
MOST_WARNINGS = 5
HOME = click.option(
    "--home",
    type=click.Path(path_type=Path),
    help="Where everything lives (else SAHEL_HOME, else ./data).",
)


class _OneLine(click.Group):
    """Click's own complaints in one line too, as every other error of ours."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        try:
            code = super().main(*arguments, **{**options, "standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(2)
        except click.UsageError as error:
            context = error.ctx.command_path if error.ctx else "sahel"
            _complain(f"{error.format_message().rstrip('.')}; see `{context} --help`")
            sys.exit(2)
        except (click.Abort, KeyboardInterrupt):
            _complain(INTERRUPTED)
            sys.exit(130)
        sys.exit(code if isinstance(code, int) else 0)


@click.group("sahel", cls=_OneLine, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sahel-monitor")
def main() -> None:
    """Sahel Monitor: conflict-event and news feeds, audited, modelled and published as one DuckDB file."""


def command(function: Callable[..., int | None]) -> click.Command:
    """A command with --home, its settings read, and expected errors told in one line."""

    @HOME
    @wraps(function)
    def wrapped(home: Path | None, **arguments: Any) -> None:
        try:
            settings = Settings.from_env(home)
            with _interruptible():
                code = function(settings, **arguments)
        except click.ClickException:
            raise
        except SettingsError as error:
            _complain(str(error))
            sys.exit(2)
        except BrokenPipeError:
            # Who read our output (`| head`) has had enough; nothing more may be flushed into it.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        except (Exception, KeyboardInterrupt) as error:
            if is_interrupt(error):
                _complain(INTERRUPTED)
                sys.exit(130)
            _complain_of(error)
            sys.exit(1)
        sys.exit(code or 0)

    return main.command()(wrapped)


@command
@click.option(
    "--feed", "feeds", multiple=True, type=click.Choice(FEEDS), help="Only this feed (may be repeated)."
)
def run(settings: Settings, feeds: tuple[str, ...]) -> int:
    """Load every enabled feed up to now, build, audit, publish."""
    from orchestration import steps
    from orchestration.records import LoadRequest

    failed = False
    for feed in feeds or settings.feeds:
        try:
            with _progress(feed) as progress:
                report = steps.load(steps.Run(settings, progress=progress), LoadRequest(feed=feed))
        except SettingsError:
            raise
        except ValueError as error:
            # What is wrong with one feed (its list, its account) does not stop the others.
            _complain(str(error))
            failed = True
            continue
        _tell_load(report)
        failed = failed or report.failed
    if _build(settings):
        return 1
    with steps.session(steps.Run(settings)) as connection:
        is_waiting = steps.waits_for_publication(connection, settings)
    if is_waiting:
        _publish(settings)
    return 1 if failed else 0


@command
@click.argument("feed", type=click.Choice((*FEEDS, *BY_HAND)))
@click.option(
    "--from", "date_from", type=click.DateTime(["%Y-%m-%d"]), help="First day (UTC), e.g. 2025-01-01."
)
@click.option("--to", "date_to", type=click.DateTime(["%Y-%m-%d"]), help="Last day, included.")
@click.option("--release", help="A UCDP release: 24.1, 26.01.26.06, 26.0.8 or actor-22.1.")
@click.option(
    "--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file you downloaded."
)
def load(
    settings: Settings,
    feed: str,
    date_from: datetime | None,
    date_to: datetime | None,
    release: str | None,
    file: Path | None,
) -> int:
    """Load one feed: a window, a release, or a file you downloaded."""
    from orchestration import steps
    from orchestration.feeds.registry import FEEDS as REGISTERED, feed_for
    from orchestration.records import LoadRequest

    for given, part, options in (
        (date_from or date_to, "dates", "--from and --to"),
        (release, "release", "--release"),
        (file, "file", "--file"),
    ):
        if given and part not in feed_for(feed).accepts:
            able = ", ".join(sorted(key for key, other in REGISTERED.items() if part in other.accepts))
            raise click.UsageError(f"{options}: not for {feed}, only for {able}")
    if date_from and date_to and date_from > date_to:
        raise click.UsageError("--from is after --to")
    request = LoadRequest(
        feed=feed, date_from=_day(date_from), date_to=_day(date_to), release=release, file=file
    )
    with _progress(feed) as progress:
        try:
            report = steps.load(steps.Run(settings, progress=progress), request)
        except SettingsError:
            raise
        except ValueError as error:
            raise click.UsageError(str(error)) from error
    _tell_load(report)
    return 1 if report.failed else 0


@command
@click.option("--full", is_flag=True, help="Build every model anew, also those that only add what is new.")
def build(settings: Settings, full: bool) -> int:
    """Build the dbt models and run their tests."""
    if _has_no_warehouse(settings):
        return 1
    return _build(settings, everything=full)


@command
@click.option("--public", is_flag=True, help="Refuse if a feed's licence forbids redistribution.")
def publish(settings: Settings, public: bool) -> int:
    """Publish core, marts and audit as the BI file, Parquet and manifest."""
    if _has_no_warehouse(settings):
        return 1
    _publish(settings, public=public)
    return 0


@command
def rebuild(settings: Settings) -> int:
    """Make the warehouse anew from the payload store, offline, and build it."""
    from orchestration import steps

    with _progress("rebuild") as progress:
        outcomes = steps.rebuild(steps.Run(settings, progress=progress))
    out.print(f"rebuilt from {len(outcomes)} loads in the payload store")
    return _build(settings, everything=True)


@command
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def status(settings: Settings, as_json: bool) -> int:
    """Per feed: last success, newest record, lag, failures, rows; per mart: rows, built at."""
    known = read_status(settings.home)
    if as_json:
        click.echo(json.dumps(known or NOTHING_YET, indent=1))
        return 0
    if known is None:
        out.print(
            f"nothing loaded yet in {settings.home}; start with `sahel run`, or `sahel demo` for made data"
        )
        return 0
    _label(known["is_made"])
    _print_table("feeds", _feed_rows(known["feeds"], settings.now()))
    remarks = [
        f"{item['feed']} {item['stream']}: {item['last_error']}"
        for item in known["feeds"]
        if item["last_error"]
    ]
    for remark in remarks[:MOST_WARNINGS]:
        out.print(f"  {remark}", markup=False)
    if len(remarks) > MOST_WARNINGS:
        out.print(f"  … and {len(remarks) - MOST_WARNINGS} more; see audit.load_history")
    slots = known["gdelt_slots"]
    if slots["fetched"] or slots["open_gaps"]:
        out.print(
            f"gdelt slots: {slots['fetched']} fetched, {slots['open_gaps']} missing and asked for again"
        )
    if last := known["last_build"]:
        out.print(f"last build: {last['status']} at {last['finished_at'][:19]}Z ({last['nodes']} nodes)")
        _print_table(
            "tables",
            [{"table": f"{m['schema_name']}.{m['table_name']}", "rows": m["rows"]} for m in known["marts"]],
        )
    else:
        out.print("not built yet; run `sahel build`")
    return 0


@command
@click.argument("question")
@click.option(
    "--format", "style", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True
)
def query(settings: Settings, question: str, style: str) -> int:
    """A promised question by NAME, or SQL, on the published file."""
    return answer(settings, question, style)


@command
@click.argument("since", metavar="DATE")
@click.argument("until", metavar="DATE")
@click.option(
    "--feed", type=click.Choice(FEEDS), metavar="FEED", help="Only this feed's events, e.g. ucdp or acled."
)
@click.option(
    "--country", metavar="ISO3", help="Only events that were in this country at either date, e.g. MLI."
)
@click.option(
    "--format", "style", type=click.Choice(["text", "csv", "json"]), default="text", show_default=True
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="How many of the largest changes the text lists; csv and json have all.",
)
def diff(
    settings: Settings, since: str, until: str, feed: str | None, country: str | None, style: str, limit: int
) -> int:
    """What changed between two dates in what the published file knew, and why.

    DATE is a day such as 2026-03-01 (its end, UTC) or an instant such as 2026-03-01T12:00. An event has appeared,
    was withdrawn, or was revised, the old against the new; each with the release or sync that made it so.
    """
    from orchestration import diff as changes

    try:
        asked = changes.question(since, until, settings.now(), feed, country)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    with _published(settings) as reader:
        answered = changes.compare(reader, asked)
        attributions = changes.attributions(reader, {row["feed"] for row in answered.country_sums})
    rows = [{name: row[name] for name in changes.CHANGE_COLUMNS} for row in answered.changes]
    # A file holds rows and nothing else; what must be said beside them goes where people read it.
    beside = out if style == "text" else err
    if settings.is_made:
        beside.print(MADE_BANNER)
    if style == "json":
        told = [{name: _json_value(value) for name, value in row.items()} for row in rows]
        click.echo(json.dumps(told, indent=1, ensure_ascii=False))
    elif style == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\r\n")
        writer.writerow(changes.CHANGE_COLUMNS)
        writer.writerows([_inert_unless_number(value) for value in row.values()] for row in rows)
    if style == "text" or not rows:
        beside.print("\n".join([changes.heading(answered), *changes.summary(answered)]), markup=False)
    if style == "text" and rows:
        if sums := changes.country_rows(answered):
            _print_table("", sums)
        out.print("\n".join(["the largest changes:", *changes.event_lines(answered, limit)]), markup=False)
        if (more := len(answered.events) - limit) > 0:
            out.print(f"… {more:,} more; --limit lists more of them, --format csv every field of all")
    for line in attributions:
        beside.print(line, markup=False)
    return 0


@command
@click.argument("name")
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table", show_default=True)
def actor(settings: Settings, name: str, style: str) -> int:
    """An actor by id, UCDP number or any of its names: names, lineage in time, figures by source.

    Case, accents and the years of a regime do not count. Figures of different sources stand side by side: they tell of
    the same incidents and are never added up.
    """
    from orchestration import actor_page

    if not name.strip():
        raise click.UsageError("an empty NAME; write e.g. jnim")
    return _page(
        settings, style, lambda reader: actor_page.read(reader, actor_page.find(reader, name)), _show_actor
    )


@command
@click.argument("incident_id", metavar="ID")
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table", show_default=True)
def incident(settings: Settings, incident_id: str, style: str) -> int:
    """An incident: who said what, when, how each record was linked, and how to undo or make a link.

    ID is an incident (i-ucdp-123), an event (ucdp:123, acled:MLI12) or a publisher's own id, if only one incident has
    it. An incident's id stays good: it leads to the incident that its first record tells of today.
    """
    from orchestration import incident_page

    if not incident_id.strip():
        raise click.UsageError("an empty ID; write e.g. i-ucdp-123 or acled:MLI12")
    today = settings.now().date()
    return _page(
        settings,
        style,
        lambda reader: incident_page.read(reader, incident_page.find(reader, incident_id)),
        lambda page: _show_incident(page, today),
    )


@command
@click.option("--country", metavar="COUNTRY", help="Only alerts of this country, e.g. MLI or Mali.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    help="All about what happened since this day; else what is news: known for 90 days at most, about the last 550.",
)
@click.option(
    "--kind", type=click.Choice(["conflict", "data"]), help="About the conflict, or about the data."
)
@click.option("--all", "everything", is_flag=True, help="Also suppressed alerts, and those of lower levels.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", "json", "markdown"]),
    default="table",
    show_default=True,
)
@click.option(
    "--deliver",
    is_flag=True,
    help="Tell what is new, as SAHEL_WEBHOOK_URL, SAHEL_ALERT_FILES, SAHEL_REPORT_FILES say.",
)
@click.option("--trial", is_flag=True, help="Post a trial message to SAHEL_WEBHOOK_URL, and no alert.")
def alerts(
    settings: Settings,
    country: str | None,
    since: datetime | None,
    kind: str | None,
    everything: bool,
    style: str,
    deliver: bool,
    trial: bool,
) -> int:
    """The alerts of the published file, the newest first; or tell the new ones to a webhook and into files.

    Level and above: SAHEL_ALERT_LEVEL (medium). An alert is told once; `sahel run && sahel alerts --deliver` suits cron.
    """
    from orchestration import alert_page, delivery

    if deliver or trial:
        chosen = (country, since, kind, everything or None, None if style == "table" else style)
        if any(chosen) or (deliver and trial):
            raise click.UsageError(
                f"{'--deliver' if deliver else '--trial'} stands alone: what is told is set in the environment"
            )
        return _deliver(settings) if deliver else _try_webhook(settings)
    try:
        asked = alert_page.question(
            delivery.clock(settings), settings.alert_level, country, _day(since), kind, everything
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    _must_be_published(settings)
    try:
        page = alert_page.read(settings, asked)
    except (duckdb.CatalogException, duckdb.BinderException):
        _complain(delivery.TOO_OLD)
        return 1
    if style == "json":
        if settings.is_made:
            err.print(MADE_BANNER)
        click.echo(json.dumps(_json_value(page.as_records()), indent=1, ensure_ascii=False))
    elif style == "markdown":
        click.echo(alert_page.markdown(page))
    else:
        _label(settings.is_made)
        _show_sections(alert_page.sections(page))
    if not page.alerts:
        (out if style == "table" else err).print(alert_page.nothing(page), markup=False)
    return 0


@command
@click.option(
    "--country", metavar="COUNTRY", help="ISO code or name, e.g. MLI or Mali (else all that are monitored)."
)
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="What changed is told from this day on (else of the last 30 days that a source observed).",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["markdown", "html", "both"]),
    help="markdown by default, or what the file of --out is called; both needs a folder.",
)
@click.option(
    "--out",
    "target",
    type=click.Path(path_type=Path),
    help="A file (.md, .html) or a folder; else it is printed. A report that is there is replaced.",
)
def report(
    settings: Settings, country: str | None, since: datetime | None, style: str | None, target: Path | None
) -> int:
    """A one-page situation report: what changed, where, who, how sure, what we cannot see.

    Each figure names the query that gave it, and the queries stand at the end. The same published file gives the same
    report, whenever it is asked.
    """
    from orchestration import sitrep

    forms = {suffix: form for form, (suffix, _) in sitrep.FORMS.items()}
    is_file = target is not None and target.suffix in forms and not target.is_dir()
    if country is not None and not country.strip():
        raise click.UsageError("--country: an empty name; write e.g. MLI or Mali")
    if since and since.date() > settings.now().date():
        raise click.UsageError(
            f"--since: {since:%Y-%m-%d} is in the future; write {settings.now():%Y-%m-%d} at the latest"
        )
    if style == "both" and (target is None or is_file):
        raise click.UsageError("--format both: writes two files; name a folder, e.g. --out reports")
    if is_file and style not in (None, forms[target.suffix]):
        raise click.UsageError(
            f"--out: {target.name} is not the name of a file in {style}; leave --format out"
        )
    if target is not None and target.suffix and not is_file and not target.is_dir():
        raise click.UsageError(f"--out: {target.name}: write .md or .html, or name a folder without a dot")
    with _published(settings) as reader:
        made = sitrep.make(reader, country, since.date() if since else None, settings.is_made)
    if target is None:
        click.echo(sitrep.text_of(made, style or "markdown"), nl=False)
        return 0
    wanted = list(forms.values()) if style == "both" else [style or forms.get(target.suffix, "markdown")]
    for suffix, form in forms.items():
        if form in wanted:
            path = target if is_file else target / f"{made.stem}{suffix}"
            try:
                sitrep.write(made, form, path)
            except OSError as error:
                if not error.strerror:
                    raise
                _complain(f"{path} cannot be written ({error.strerror}); name another place with --out")
                return 1
            out.print(f"wrote {path}", markup=False)
    return 0


@command
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def doctor(settings: Settings, as_json: bool) -> int:
    """Settings, versions, reachability of each enabled feed, warehouse health. Never prints a secret."""
    from orchestration.doctor import examine

    findings = examine(settings)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        marks = {"ok": "ok  ", "note": "note", "problem": "FAIL"}
        for finding in findings:
            out.print(f"{marks[finding.level]}  {finding.subject}: {finding.finding}", markup=False)
    return 1 if any(finding.level == "problem" for finding in findings) else 0


@command
@click.option("--port", default=3000, show_default=True)
def ui(settings: Settings, port: int) -> int:
    """The Dagster UI, bound to this machine, with its daemon."""
    from orchestration.ui import serve

    out.print(f"Dagster UI at http://127.0.0.1:{port} (Ctrl-C stops it)")
    return serve(settings, port)


@command
@click.option("--seed", default=1, show_default=True, help="Seed of the made world.")
def demo(settings: Settings, seed: int) -> int:
    """Build everything from the built-in made world, offline, in ./data/demo."""
    from orchestration.demo import run_demo

    home = settings.home if _home_was_given() else settings.home / "demo"
    return run_demo(home, seed=seed, out=out, progress=_progress)


def answer(settings: Settings, question: str, style: str, most_rows: int | None = None) -> int:
    """Print the answer to a promised question or SQL. Returns the exit code."""
    sql = _question(question)
    with _published(settings) as reader:
        try:
            cursor = reader.execute(sql)
            columns = _distinct([column[0] for column in cursor.description or []])
            rows = cursor.fetchall()
        except duckdb.CatalogException as error:
            _complain(f"{_first_part(error)} There are: {_tables(reader)}")
            return 1
        except duckdb.Error as error:
            _complain(_first_part(error))
            return 1
        attributed = _attributions(reader, columns, rows)
    if style == "json":
        answers = [dict(zip(columns, map(_json_value, row), strict=True)) for row in rows]
        click.echo(json.dumps(answers, indent=1, ensure_ascii=False))
    elif style == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\r\n")
        writer.writerow(columns)
        writer.writerows([_inert(value) for value in row] for row in rows)
    else:
        _label(settings.is_made)
        _print_table("", [dict(zip(columns, row, strict=True)) for row in rows[:most_rows]], columns)
        if most_rows is not None and len(rows) > most_rows:
            out.print(f"… {len(rows) - most_rows} more rows")
    for line in attributed:
        # Where figures go, it goes; but not into what a program reads.
        (out if style == "table" else err).print(line, markup=False)
    return 0


# --- inside -------------------------------------------------------------------------------------


def _must_be_published(settings: Settings) -> None:
    if not settings.bi_file.is_file():
        raise PublishedCannotTell(
            f"nothing is published at {settings.bi_file}; run `sahel run` or `sahel demo` first"
        )


@contextmanager
def _published(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file, open. A table or column that it lacks means that an older version made it."""
    _must_be_published(settings)
    with open_published(settings.bi_file) as reader:
        try:
            yield reader
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise PublishedCannotTell(
                f"{_first_part(error)} The published file is too old: `sahel build` and `sahel publish` renew it"
            ) from error


def _page(
    settings: Settings,
    style: str,
    read: Callable[[duckdb.DuckDBPyConnection], Any],
    show: Callable[[Any], None],
) -> int:
    """Read a page of the published file and show it. Returns the exit code."""
    with _published(settings) as reader:
        page = read(reader)
    if style == "json":
        if settings.is_made:
            err.print(MADE_BANNER)
        click.echo(json.dumps(_json_value(page.as_record()), indent=1, ensure_ascii=False))
    else:
        _label(settings.is_made)
        show(page)
    return 0


def _deliver(settings: Settings) -> int:
    from orchestration import delivery

    if not delivery.is_configured(settings):
        raise SettingsError(f"nobody is to be told; {delivery.HOW}")
    _must_be_published(settings)
    try:
        delivered = delivery.deliver(settings)
    except (*delivery.EXPECTED, delivery.PublishedTooOld) as error:
        if isinstance(error, OSError):
            raise
        _complain(str(error))
        return 1
    _label(settings.is_made)
    for line in delivered.lines():
        out.print(line, markup=False)
    return 0


def _try_webhook(settings: Settings) -> int:
    from orchestration.delivery import webhook

    if settings.webhook_url is None:
        raise SettingsError("SAHEL_WEBHOOK_URL is not set; see docs/alerts_delivery.md for how to get one")
    try:
        webhook.post(settings, webhook.trial(settings))
    except webhook.WebhookFailed as error:
        _complain(str(error))
        return 1
    out.print("webhook: the trial was taken; look whether it has arrived")
    return 0


def _show_sections(sections: Iterable[tuple[str, list[str]]]) -> None:
    """Titles with their lines; a title without lines is left out."""
    for title, lines in sections:
        if lines:
            out.print("\n".join([*(["", f"{title}:"] if title else []), *lines]), markup=False)


def _show_actor(page: Any) -> None:
    from orchestration import actor_page

    out.print("\n".join(actor_page.heading(page)), markup=False)
    _show_sections(
        (
            ("names, by who uses them", actor_page.name_lines(page)),
            ("regimes", actor_page.regime_lines(page)),
            ("history", actor_page.relation_lines(page)),
            ("who else counts for it under the scope lineage", actor_page.lineage_lines(page)),
        )
    )
    out.print()
    if not page.figures:
        out.print("no event of the published file names it")
        return
    for title, rows in (
        ("events and the deaths in them, whoever killed", page.figures),
        ("by country", page.countries),
        ("by year", page.years),
    ):
        _print_table(title, list(rows))
    out.print(
        "\n".join(["figures of different sources are never added up:", *source_lines(page.sources)]),
        markup=False,
    )


def _show_incident(page: Any, today: date) -> None:
    from orchestration import incident_page

    out.print("\n".join(incident_page.heading(page)), markup=False)
    if isinstance(page, incident_page.Withdrawn):
        out.print("\n".join(incident_page.withdrawn_lines(page)), markup=False)
    else:
        _show_sections(
            (
                ("", incident_page.incident_lines(page)),
                ("who said what, and how it was linked", incident_page.record_lines(page)),
                ("what the sources dispute", incident_page.dispute_lines(page)),
                ("what persons decided", incident_page.decision_lines(page)),
                ("to undo or make a link", incident_page.remedy_lines(page, today)),
            )
        )
    _show_sections([("sources, whose figures are never added up", source_lines(page.sources))])


def _has_no_warehouse(settings: Settings) -> bool:
    """Whether there is nothing to work on, and the user has been told. A journal without it is another matter."""
    if settings.warehouse.exists() or settings.payloads.exists():
        return False
    _complain(f"nothing is loaded in {settings.home}; run `sahel run` first, or `sahel demo` for made data")
    return True


def _home_was_given() -> bool:
    context = click.get_current_context()
    return context.params.get("home") is not None or bool(os.environ.get("SAHEL_HOME"))


def _build(settings: Settings, *, everything: bool = False) -> int:
    from orchestration import steps

    with _progress("build") as progress:
        report = steps.build(steps.Run(settings, progress=progress), everything=everything)
    if report.skipped:
        out.print(f"build: {report.skipped}")
        return 0
    tests = [node for node in report.nodes if node.resource_type == "test"]
    warned = [node for node in tests if node.status == "warn"]
    out.print(
        f"build: {len(report.nodes) - len(tests)} models and seeds, {len(tests)} tests, {len(warned)} warnings"
    )
    for node in warned:
        err.print(f"  warning: {node.name}: {_failing(node)}", markup=False)
    for node in report.failed_nodes:
        err.print(f"  failed: {node.name}: {_failing(node)}", markup=False)
    return 1 if report.failed else 0


def _failing(node: Any) -> str:
    """What a dbt test found, or why a model could not be built."""
    return f"{node.failures} rows" if node.failures else " ".join((node.message or node.status).split())


def _publish(settings: Settings, *, public: bool = False) -> None:
    from orchestration import steps

    published = steps.publish(steps.Run(settings), public=public)
    rows = sum(published.tables.values())
    out.print(
        f"published {published.path} ({len(published.tables)} tables, {rows:,} rows, {published.queries} queries checked)"
    )


def _tell_load(report: Any) -> None:
    counted: dict[str, int] = {}
    for attempt in report.attempts:
        counted[attempt["status"]] = counted.get(attempt["status"], 0) + 1
    told = ", ".join(f"{count} {status}" for status, count in sorted(counted.items())) or "nothing to do"
    withdrawn = sum(outcome.rows_withdrawn for outcome in report.outcomes)
    quarantined = sum(outcome.rows_quarantined for outcome in report.outcomes)
    done = f"{report.rows_loaded - withdrawn:,} new rows"
    done += f", {withdrawn:,} withdrawn" if withdrawn else ""
    done += f", {quarantined:,} quarantined" if quarantined else ""
    out.print(f"{report.feed}: {done} ({told})")
    problems = report.problems
    for line in problems[:MOST_WARNINGS]:
        err.print(f"  warning: {line}", markup=False)
    if len(problems) > MOST_WARNINGS:
        err.print(f"  … and {len(problems) - MOST_WARNINGS} more; `sahel status` tells of each")


def _question(text: str) -> str:
    known = {path.stem: path for path in QUERIES.glob("*.sql")}
    if text in known:
        return known[text].read_text(encoding="utf-8")
    if len(text.split()) < 2:
        raise click.UsageError(f"no question named {text!r}; use SQL, or one of: {', '.join(sorted(known))}")
    return text


def _attributions(reader: Any, columns: list[str], rows: list[tuple[Any, ...]]) -> list[str]:
    """The attributions that an answer needs: of the sources that it names, or where it names none, of all."""
    from orchestration.diff import attributions

    named = [position for position, column in enumerate(columns) if column in ("source", "feed")]
    feeds = {str(row[position]) for row in rows for position in named} if named else None
    try:
        return attributions(reader, feeds) if rows else []
    except duckdb.Error:
        return []  # A file that somebody made by hand has no sources to name.


def _distinct(names: list[str]) -> list[str]:
    """Column names as they are, a repeated one numbered: `select 1 as a, 2 as a` has two answers."""
    seen: dict[str, int] = {}
    told = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        told.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return told


def _tables(reader: duckdb.DuckDBPyConnection) -> str:
    rows = reader.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where schema_name in ('core', 'marts') order by 1"
    ).fetchall()
    return ", ".join(name for (name,) in rows)


def _first_part(error: duckdb.Error) -> str:
    """DuckDB's sentence without the picture of the line, which does not survive being one line."""
    return " ".join(str(error).split("\n\nLINE ")[0].split())


def _json_value(value: Any) -> Any:
    """A value as JSON has it: numbers as numbers, times as ISO 8601; JSON knows no NaN and no infinity."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_json_value(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _json_value(item) for key, item in value.items()}
    return value if value is None or isinstance(value, str | int) else str(value)


def _inert(value: Any) -> Any:
    """A CSV cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _inert_unless_number(value: Any) -> Any:
    """As ``_inert``, where columns hold values of many kinds as text: a longitude of -1.5 is no formula."""
    is_number = isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value, re.ASCII)
    return value if is_number else _inert(value)


def _feed_rows(feeds: list[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "feed": item["feed"],
            "stream": item["stream"],
            "last success": _short(item["last_success_at"]),
            "newest record": _short(item["newest_record_at"]),
            "lag": _lag(item["newest_record_at"], now),
            "failing since": _short(item["failing_since"]),
            "rows": item["rows_loaded"],
            "quarantined": item["rows_quarantined"],
        }
        for item in feeds
    ]


def _short(instant: str | None) -> str:
    return instant[:16].replace("T", " ") if instant else "-"


def _lag(instant: str | None, now: datetime) -> str:
    if not instant:
        return "-"
    hours = (now - datetime.fromisoformat(instant)).total_seconds() / 3600
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.0f} d"


def _print_table(title: str, rows: list[dict[str, Any]], columns: list[str] | None = None) -> None:
    names = columns or (list(rows[0]) if rows else [])
    if not rows:
        out.print(f"{title or 'answer'}: no rows")
        return
    table = Table(title=title or None, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in names:
        numeric = all(isinstance(row[name], int | float | Decimal) or row[name] is None for row in rows)
        table.add_column(name, justify="right" if numeric else "left", no_wrap=True, max_width=WIDEST_CELL)
    for row in rows:
        table.add_row(*(Text(_cell(row[name])) for name in names))
    # A wide answer runs over the edge, as in psql: folded into slivers nobody could read it.
    wanted = Measurement.get(out, out.options.update(max_width=WIDEST_TABLE), table).maximum
    _Console(width=max(wanted, out.width), highlight=False).print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1_000 else f"{value:.0f}"
    return str(value)


def _label(is_made: bool) -> None:
    if is_made:
        out.print(MADE_BANNER)


@contextmanager
def _interruptible() -> Iterator[None]:
    """The first Ctrl-C waits for downloads on their way, the second for nothing; neither loses anything."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []

    def interrupt(number: int, _: Any) -> None:
        pressed.append(number)
        if len(pressed) > 1:
            os._exit(130)
        # The second one is the system's: Python would not see it while the main thread begins to wait for a lock.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        _complain("stopping; press Ctrl-C again to stop at once")
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)


def _complain_of(error: BaseException) -> None:
    """An error in one line: its own words where it was expected, else with how to report it."""
    if isinstance(error, OSError) and error.strerror:
        _complain(
            f"{error.filename or 'the system'}: {error.strerror}; is the home a folder with space to write?"
        )
    elif isinstance(error, EXPECTED_ERRORS):
        _complain(str(error))
    elif os.environ.get("SAHEL_TRACEBACK"):
        raise error
    else:
        _complain(
            f"{type(error).__name__}: {error}; set SAHEL_TRACEBACK=1 to see where, and please report it"
        )


def _complain(message: str) -> None:
    err.print(f"sahel: {' '.join(message.split())}", markup=False)


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int | None, str], None]]:
    """A progress bar on a terminal; elsewhere a line at most every ten seconds."""
    if not err.is_terminal:
        yield _quiet_progress(title)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(title, total=None, note="")
        yield lambda done, total, note: bar.update(task, completed=done, total=total, note=note[:60])


def _quiet_progress(title: str) -> Callable[[int, int | None, str], None]:
    from time import monotonic

    last = [monotonic()]

    def tell(done: int, total: int | None, note: str) -> None:
        if monotonic() - last[0] >= 10:
            last[0] = monotonic()
            err.print(f"{title}: {done}{f' of {total}' if total else ''} {note}", markup=False)

    return tell
