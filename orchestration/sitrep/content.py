"""What a situation report says: its scope, its questions to the published file, its sections.

Here: every sentence of the report and where its figures go, once for all forms. Not here: the queries (questions.py),
its look (html_page.py, markdown_page.py), what a figure means (docs/definitions.md, and the models that are read).
Figures of different sources stand side by side, never summed, and nothing here adds to what the file holds.
"""

import difflib
import re
import textwrap
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import duckdb

from expectations.report import MADE_BANNER
from orchestration.published import NotFound, dicts, plain
from orchestration.sitrep import questions
from orchestration.sitrep.document import (
    Column,
    Expected,
    Fan,
    Line,
    Part,
    Query,
    Report,
    Row,
    Section,
    Spark,
    Table,
    series,
    written,
)

SINCE_DAYS = 30
MOST_SUGGESTIONS = 4

SOURCE_NAMES = {
    "ucdp": "UCDP",
    "acled": "ACLED",
    "insecurity_insight": "Insecurity Insight",
    "gdelt": "GDELT",
    "news": "News",
    "reliefweb": "ReliefWeb",
    "worldbank": "World Bank",
    "unhcr": "UNHCR",
    "idmc": "IDMC",
    "coups": "the list of coups",
    "peacekeeping": "UN peacekeeping",
}
SHORT_NAMES = {"insecurity_insight": "Ins. Insight"}
METRICS = {
    "events": "events",
    "fatalities_best": "deaths",
    "gdelt_material_conflict_events": "conflict rows (media)",
    "articles": "articles (media)",
}
NOT_TOLD = {
    "ucdp": "Violence without deaths, and deaths of which no two sides are known",
    "acled": "Who of the two killed; and what its account may not see yet",
    "insecurity_insight": "What did not touch aid, health, education or protection",
    "gdelt": "Incidents: it counts what media say, as a machine reads it",
    "news": "What no outlet of the list wrote",
}
DYAD_STATES = {
    "renewed": "fighting again after a silence",
    "lull": "lull (60 days and more)",
    "apparent_truce": "apparent truce (120 days and more)",
}
TARGETS = {"all_violence": "All violence", "state_based": "State-based"}


class NoSuchCountry(NotFound):
    """No country of the file, or more than one, is meant; the message is one line with what may be meant."""


@dataclass(frozen=True)
class Scope:
    """What a report is of: one country, or all that the file monitors."""

    name: str
    country_iso3: str | None = None
    area_set: str | None = None
    """The named set whose members are the monitored countries, by which shares are asked of them all."""

    @property
    def slug(self) -> str:
        return self.country_iso3 or "all"

    def holds(self, column: str) -> str:
        """SQL that is true where ``column`` is a country of the scope."""
        if self.country_iso3:
            return f"{column} = '{self.country_iso3}'"
        return f"{column} in (select country_iso3 from core.dim_country where in_scope)"


def countries(reader: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The ISO3 codes of the countries that the file monitors."""
    return tuple(
        row["country_iso3"]
        for row in dicts(
            reader, "select country_iso3 from core.dim_country where in_scope order by country_iso3"
        )
    )


def find_scope(reader: duckdb.DuckDBPyConnection, country: str | None) -> Scope:
    """The scope that ``country`` means: an ISO3 or ISO2 code, an English or French name; none means all.

    Raises ``NoSuchCountry`` with what may be meant.
    """
    known = dicts(reader, questions.COUNTRIES)
    if country is None:
        monitored = {row["country_iso3"] for row in known if row["in_scope"]}
        sets = dicts(reader, questions.AREA_SETS)
        (area_set, *_) = [*(row["area_set"] for row in sets if set(row["members"]) == monitored), None]
        return Scope(f"{len(monitored)} monitored countries", area_set=area_set)
    wanted = _folded(country)
    names = ("country_iso3", "country_iso2", "country_name", "country_name_fr")
    # What the file monitors is meant before what it does not: two countries may share a name in part.
    for row in sorted(known, key=lambda row: not row["in_scope"]):
        if wanted and wanted in {_folded(row[name]) for name in names if row[name]}:
            if not row["in_scope"]:
                raise NoSuchCountry(
                    f"{row['country_iso3']} ({plain(row['country_name'])}) is not monitored here; SAHEL_COUNTRIES sets "
                    f"the scope, which is {', '.join(one['country_iso3'] for one in known if one['in_scope'])}"
                )
            return Scope(plain(row["country_name"]), country_iso3=row["country_iso3"])
    raise NoSuchCountry(f"no country is named {plain(country)!r}; {_suggestion(wanted, known)}")


def _suggestion(wanted: str, known: tuple[Row, ...]) -> str:
    by_name: dict[str, Row] = {}
    for row in known:
        for name in (row["country_name"], row["country_name_fr"], row["country_iso3"]):
            if name:
                by_name.setdefault(_folded(name), row)
    near = [name for name in by_name if len(wanted) > 2 and wanted in name]
    near += difflib.get_close_matches(wanted, by_name, n=MOST_SUGGESTIONS, cutoff=0.7)
    meant = {by_name[name]["country_iso3"]: by_name[name] for name in near}
    told = [f"{code} ({plain(row['country_name'])})" for code, row in list(meant.items())[:MOST_SUGGESTIONS]]
    if told:
        return f"did you mean {', '.join(told)}?"
    return f"monitored here: {', '.join(row['country_iso3'] for row in known if row['in_scope'])}"


def _folded(text: str) -> str:
    """A name without case, accents and signs."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(
        re.sub(r"[\W_]+", " ", "".join(s for s in letters if not unicodedata.combining(s))).split()
    )


# --- asking -------------------------------------------------------------------------------------


class _Asker:
    """Asks the file and keeps each query, as it was run, for the appendix."""

    def __init__(self, reader: duckdb.DuckDBPyConnection, scope: Scope, since: date) -> None:
        self.reader, self.scope, self.since = reader, scope, since
        self.queries: list[Query] = []
        self.tables = {
            row["name"]
            for row in dicts(
                reader,
                "select schema_name || '.' || table_name as name from duckdb_tables() where database_name = current_database()",
            )
        }

    def ask(self, title: str, sql: str, **parts: str) -> Query:
        """Run ``sql`` with the scope, the day and ``parts`` written into it."""
        for name, part in parts.items():
            sql = sql.replace(f"${name}$", part)
        sql = re.sub(r"\$holds\(([\w.]+)\)", lambda found: self.scope.holds(found[1]), sql)
        sql = textwrap.dedent(sql.replace("$since$", f"date '{self.since}'")).strip()
        query = Query(len(self.queries) + 1, title, sql, dicts(self.reader, sql))
        self.queries.append(query)
        return query

    def has(self, *tables: str) -> bool:
        return set(tables) <= self.tables


def read(
    reader: duckdb.DuckDBPyConnection, scope: Scope, since: date | None = None, is_made: bool = False
) -> Report:
    """The report on ``scope``; what changed is told from ``since`` on, else of the 30 days before the newest one."""
    observed = dicts(
        reader,
        f"select max(observed_until) as day from marts.country_month where {scope.holds('country_iso3')}",
    )
    loaded = dicts(reader, "select max(recorded_at) as data_as_of from audit.load_history")[0]["data_as_of"]
    newest = observed[0]["day"] or (loaded.date() if loaded else None)
    if newest is None:
        return Report(
            slug=scope.slug,
            title=f"Situation report: {scope.name}",
            about=(Line("Nothing has been loaded yet: “sahel run” loads what is published."),),
            warnings=tuple(_warnings((), is_made)),
            sections=(),
            queries=(),
            data_as_of=None,
        )
    start = since or newest - timedelta(days=SINCE_DAYS)
    asker = _Asker(reader, scope, start)
    months = asker.ask("Newest complete month of each source", questions.MONTHS)
    sources = tuple(row["source"] for row in months.rows)
    sections = [
        _what_changed(asker, months),
        _alerts(asker, observed[0]["day"]),
        _where(asker, sources),
        _who(asker, sources),
        _civilians(asker, sources),
        _forecasts(asker),
        _how_sure(asker),
        _cannot_see(asker),
    ]
    licences = asker.ask("Sources of these figures", questions.LICENCES)
    sections.append(_sources(licences))
    return Report(
        slug=scope.slug,
        title=f"Situation report: {scope.name}",
        about=_about(newest, start, loaded, bool(sources)),
        warnings=tuple(_warnings(licences.rows, is_made)),
        sections=tuple(section for section in sections if section),
        queries=tuple(asker.queries),
        data_as_of=loaded,
    )


def _about(newest: date, start: date, loaded: datetime | None, has_events: bool) -> tuple[Line, ...]:
    reach = f"events observed until {newest}" if has_events else "no source of events has observed it"
    known = f"data as of {loaded:%Y-%m-%d %H:%M} UTC" if loaded else "no load is on record"
    if loaded and start > loaded.date():
        known += ", so that nothing can be told of after that day"
    return (Line(f"Changes since {start}; {reach}; {known}. {NEVER_ADDED} “–” is not known, never zero."),)


NEVER_ADDED = (
    "Sources tell of the same incidents in their own ways: they stand side by side and are never added up."
)


def _warnings(licences: tuple[dict[str, Any], ...], is_made: bool) -> list[str]:
    told = [MADE_BANNER] if is_made else []
    closed = [row["source_name"] for row in licences if not row["redistribution_allowed"]]
    if closed:
        told.append(
            f"For your own use only: this report holds figures of {plain(', '.join(closed))}, whose terms do not allow "
            "passing its data on."
        )
    return told


# --- sections -----------------------------------------------------------------------------------


def _source(name: str) -> str:
    return SOURCE_NAMES.get(name, plain(name).replace("_", " "))


def _short(name: str) -> str:
    """A source as the head of a column, where its name stands beside those of others."""
    return SHORT_NAMES.get(name) or _source(name)


def _what_changed(asker: _Asker, months: Query) -> Section:
    weeks = asker.ask("Newest complete week of each source and metric", questions.WEEKS)
    last_weeks = asker.ask(f"The last {questions.SPARK_WEEKS} weeks", questions.SERIES)
    month_rows = tuple(dict(row, source_name=_source(row["source"])) for row in months.rows)
    week_rows = tuple(
        dict(row, told=f"{_source(row['source'])} {METRICS[row['metric']]}") for row in weeks.rows
    )
    parts: list[Part] = [
        Table(
            "Newest complete month, by source",
            months,
            (
                Column("Source", "{source_name}", is_number=False),
                Column("Month", "{month:month}", is_number=False),
                *([] if asker.scope.country_iso3 else [Column("countries", "{countries}")]),
                Column("Events", "{events}"),
                Column("month before / year before", "{events_month_before} / {events_year_before}"),
                Column("Deaths", "{deaths}"),
                Column("low to high", "{deaths_low} to {deaths_high}"),
                Column("year before", "{deaths_year_before}"),
                Column("of civilians", "{deaths_civilian}"),
                Column("Deaths in 12 months", "{deaths_12_months}"),
                Column("may still change", "{provisional}", is_number=False),
            ),
            month_rows,
            "No source of events has observed a whole month here. That is not peace: nobody was looking.",
        ),
        Table(
            "Newest complete week against its baselines (means by week)",
            weeks,
            (
                Column("Series", "{told}", is_number=False),
                Column("Week of", "{week}", is_number=False),
                Column("Value", "{value}"),
                Column("4 weeks before", "{mean_4w}"),
                Column("52 weeks before", "{mean_52w}"),
                Column("year ago", "{same_week_last_year}"),
                # Classes of change are of one area and do not add up.
                *(
                    [Column("against 4 weeks", "{change_class:words}", is_number=False)]
                    if asker.scope.country_iso3
                    else []
                ),
                Column("may still change", "{provisional}", is_number=False),
            ),
            week_rows,
            "No source has observed a whole week here.",
            sparks=tuple(_spark(row, last_weeks) for row in week_rows),
            spark_query=last_weeks,
        ),
    ]
    return Section("What changed", tuple(parts), is_wide=True)


def _spark(row: Row, last_weeks: Query) -> Spark | None:
    """The series of a row of the table of weeks, on the time axis that all of them share."""
    known = {
        point["week"]: point
        for point in last_weeks.rows
        if (point["source"], point["metric"]) == (row["source"], row["metric"])
    }
    if not known:
        return None
    newest = max(point["week"] for point in last_weeks.rows)
    axis = [newest - timedelta(weeks=back) for back in reversed(range(questions.SPARK_WEEKS))]
    nothing = {"value": None, "provisional": False}
    return Spark(row["told"], series({"week": week, **_of(known.get(week, nothing))} for week in axis))


def _of(row: Row) -> dict[str, Any]:
    return {"value": row["value"], "provisional": row["provisional"]}


def _alerts(asker: _Asker, newest: date | None) -> Section:
    title = f"New alerts since {asker.since}"
    if not asker.has("marts.alert", "marts.alert_rule_record"):
        return Section(title, (_not_there("alerts"),), is_wide=True)
    alerts = asker.ask("Alerts that became known since then, none that repeats another", questions.ALERTS)
    table = Table(
        "Raised by fixed rules. Borne out: the rule's record on history; base rate: the same outcome where no alert was",
        alerts,
        (
            Column("Level", "{level}", is_number=False),
            Column("Day", "{alert_date}", is_number=False),
            Column("What", "{summary}", is_number=False),
            Column("Known", "{known_at:day}", is_number=False),
            Column("Evidence", "{evidence_first} (1 of {evidence_events})", is_number=False),
            Column("Grade", "{evidence_grade}", is_number=False),
            Column("Rule", "{rule:words}", is_number=False),
            Column(
                "borne out; base rate",
                "{share_borne_out:percent} of {judged}; {base_rate:percent}",
                is_number=False,
            ),
        ),
        alerts.rows,
        f"No alert became known since {asker.since}. That is not peace: "
        + (f"events were observed until {newest}, and no further." if newest else "nobody was looking."),
    )
    older = asker.ask("Alerts of older days that became known since then", questions.OLDER_ALERTS)
    parts: list[Part] = [table]
    if older.rows and older.rows[0]["alerts"]:
        parts.append(
            _line(
                "{alerts} more became known since then and are of days before {before}: history that a release or a "
                "first load brought.",
                older,
            )
        )
    return Section(title, tuple(parts), is_wide=True)


def _line(text: str, query: Query, row: Row | None = None) -> Line:
    return Line(written(text, row or query.rows[0]), query)


def _list(
    head: str, text: str, query: Query, empty: str, shown: Callable[[Row], Row] = lambda row: row
) -> Line:
    """The rows of a query in one sentence, and how many more there are; ``empty`` where there are none."""
    if not query.rows:
        return Line(empty, query)
    told = "; ".join(written(text, shown(row)) for row in query.rows)
    more = query.rows[0]["rows_in_all"] - len(query.rows)
    return Line(f"{head}: {told}{f'; and {more} more' if more else ''}.", query)


def _not_there(what: str) -> Line:
    return Line(
        f"This published file holds no {what}: it was made by an older version. “sahel build” and “sahel publish” renew it."
    )


def _where(asker: _Asker, sources: tuple[str, ...]) -> Section:
    if asker.scope.country_iso3:
        unit, mart, name = "admin1_id", "marts.admin1_month", "admin1_name"
    else:
        unit, mart, name = "country_iso3", "marts.country_month", "country_name"
    areas = asker.ask(
        "Areas with the most events in the newest complete month of each source",
        questions.AREAS,
        unit=unit,
        mart=mart,
        name=name,
        columns=_beside(sources, "events", "deaths", "events_mean"),
    )
    parts: list[Part] = [
        Table(
            "Newest complete month: events (mean of the 12 months before), deaths",
            areas,
            (
                Column("Area", "{area}", is_number=False),
                *_of_each(
                    {source: _short(source) for source in sources},
                    Column("* events", "{*_events} ({*_events_mean})"),
                    Column("deaths", "{*_deaths}"),
                ),
            ),
            areas.rows,
            "No event in a complete month that a source observed.",
        )
    ]
    signals = asker.ask(
        "Admin1 units rising fast in the last four complete weeks of a source", questions.SIGNALS
    )
    if signals.rows or areas.rows:
        parts.append(
            _list(
                "Flagged in a week (its events; mean of 4 weeks, of 52)",
                "{admin1_name} ({country_iso3}), {signal}, {source_name}, week of {week}: {value} ({mean_4w}, {mean_52w})",
                signals,
                "No surge and no threat flag in the last four complete weeks of any source.",
                lambda row: dict(row, source_name=_source(row["source"])),
            )
        )
    return Section("Where", tuple(parts))


def _beside(sources: tuple[str, ...], *measures: str) -> str:
    """Columns of a query that sets sources side by side; without a source, one that is null."""
    told = [
        f"max(figure.{measure}) filter (where figure.source = '{source}') as {source}_{measure}"
        for source in sources
        for measure in measures
    ]
    return ",\n        ".join(told or ["null as no_source"])


def _of_each(names: Mapping[str, str], *columns: Column) -> Iterator[Column]:
    """The columns of each source or target in turn: ``*`` is its name in a label, its key in a text."""
    for key, name in names.items():
        for column in columns:
            yield replace(column, label=column.label.replace("*", name), text=column.text.replace("*", key))


def _who(asker: _Asker, sources: tuple[str, ...]) -> Section:
    scope = asker.scope
    share = (
        f"area_kind = 'country' and area_id = '{scope.country_iso3}'"
        if scope.country_iso3
        else f"area_kind = 'area_set' and area_id = '{scope.area_set}'"
        if scope.area_set
        else "false"
    )
    actors = asker.ask(
        "Actors: events and deaths in the newest complete month, share of organised violence in twelve months",
        questions.ACTORS,
        mart="marts.actor_country_month" if scope.country_iso3 else "marts.actor_month",
        where=scope.holds("country_iso3") if scope.country_iso3 else "true",
        share=share,
        columns=_beside(sources, "events", "deaths", "share"),
    )
    table = Table(
        "Newest complete month: events, deaths in them, whoever killed; share of 12 months",
        actors,
        (
            Column("Actor", "{actor_name}", is_number=False),
            *_of_each(
                {source: _short(source) for source in sources},
                Column("* events / deaths", "{*_events} / {*_deaths}"),
                Column("share", "{*_share:percent}"),
            ),
        ),
        actors.rows,
        "No actor is named in an event of a complete month.",
        note="Share: of the source's events of organised violence, states' included, those that name the actor on any "
        "side, doubtful ones too; an event counts for all in it. Involved is not responsible.",
    )
    arrivals = asker.ask("Actors first seen in a unit within twelve months", questions.ARRIVALS)
    new_ground = _list(
        "New ground in twelve months (grade of evidence)",
        "{actor_name} in {admin1_name} ({country_iso3}), {first_date}, {sources_told} ({evidence_grade})",
        arrivals,
        "No actor was seen in a unit for the first time within twelve months.",
        lambda row: dict(row, sources_told=", ".join(_source(name) for name in row["sources"].split(", "))),
    )
    dyads = asker.ask("Pairs that fell silent or fight again, newest complete month", questions.DYADS)
    pairs = _list(
        "Pairs of actors (an apparent truce is no proof of an agreement)",
        "{actor_a_name} and {actor_b_name} ({country_iso3}, {source_name}): {told}, last event {last_event_date}",
        dyads,
        "In the newest complete month no pair is in a lull or apparent truce, or fights again after one.",
        lambda row: dict(row, source_name=_source(row["source"]), told=DYAD_STATES[row["state"]]),
    )
    return Section("Who", (table, new_ground, pairs))


def _civilians(asker: _Asker, sources: tuple[str, ...]) -> Section:
    perpetrators = asker.ask(
        "One-sided violence by perpetrator, twelve months and the twelve before",
        questions.PERPETRATORS,
        columns=_beside(sources, "events", "events_before", "deaths"),
    )
    table = Table(
        "Violence against civilians in 12 months: events (12 months before), deaths",
        perpetrators,
        (
            Column("Perpetrator", "{perpetrator_name}", is_number=False),
            *_of_each(
                {source: _short(source) for source in sources},
                Column("* events", "{*_events} ({*_events_before})"),
                Column("deaths", "{*_deaths}"),
            ),
        ),
        perpetrators.rows,
        "No event of one-sided violence in twelve observed months.",
    )
    return Section("Civilians", (table,))


def _forecasts(asker: _Asker) -> Section:
    title = "What to expect"
    if not asker.has("marts.forecast", "marts.forecast_score"):
        return Section(title, (_not_there("forecasts"),))
    if asker.scope.country_iso3 is None:
        return Section(title, (_forecast_countries(asker),))
    forecast = asker.ask(
        "Forecast of the recommended model, with its scores in the back-test", questions.FORECAST
    )
    told = {row["target"] for row in forecast.rows}
    targets = {target: name for target, name in TARGETS.items() if target in told}
    by_month: dict[date, dict[str, Any]] = {}
    for row in forecast.rows:
        month = by_month.setdefault(row["target_month"], {"target_month": row["target_month"]})
        month |= {f"{row['target']}_{name}": row[name] for name in FORECAST_MEASURES}
    nothing = {f"{target}_{name}": None for target in targets for name in FORECAST_MEASURES}
    parts: list[Part] = [
        Table(
            "UCDP deaths by month: mean, eight cases of ten, chance of 25 and more",
            forecast,
            (
                Column("Month", "{target_month:month}", is_number=False),
                *_of_each(
                    targets,
                    Column("*: mean", "{*_mean}"),
                    Column("10–90 %", "{*_p10} to {*_p90}"),
                    Column("≥ 25", "{*_p_ge_25:chance}"),
                ),
            ),
            tuple(nothing | by_month[month] for month in sorted(by_month)),
            "No forecast: a country needs complete months of UCDP for one.",
            note=TOO_LOW if any(row["provisional"] for row in forecast.rows) else "",
        )
    ]
    for target, name in targets.items():
        (first, *_) = [row for row in forecast.rows if row["target"] == target]
        parts.append(_line(SCORES, forecast, dict(first, target_name=name)))
    expected = [row for row in forecast.rows if row["target"] == "all_violence"]
    if expected:
        past = asker.ask("Deaths by month as UCDP tells them", questions.PAST_MONTHS)
        fan = Fan(
            "UCDP deaths by month: recorded, and forecast with the interval of eight cases in ten",
            past,
            series(past.rows, "month"),
            tuple(
                Expected(row["target_month"], float(row["mean"]), float(row["p10"]), float(row["p90"]))
                for row in expected
            ),
        )
        parts.insert(1, fan)
    return Section(title, tuple(parts))


FORECAST_MEASURES = ("mean", "p10", "p90", "p_ge_25")
SCORES = (
    "{target_name}: {model}, issued after {issued_month:month}; back-test of {windows} origins over all countries: CRPS "
    "{crps:score}, IGN {ign:score}, MIS {mis:score} (lower is better), skill against conflictology "
    "{skill_vs_conflictology:score}; in this country alone CRPS {own_crps:score}, MIS {own_mis:score}, skill {own_skill:score}."
)
TOO_LOW = "It rests on months that may still grow; then it is too low."


def _forecast_countries(asker: _Asker) -> Table:
    forecast = asker.ask(
        "Forecasts of the next month, by country, with their scores in the back-test",
        questions.FORECAST_COUNTRIES,
    )
    return Table(
        "UCDP deaths of all violence in the next month, by country",
        forecast,
        (
            Column("Country", "{country_name}", is_number=False),
            Column("Month", "{target_month:month}", is_number=False),
            Column("Mean", "{mean}"),
            Column("10–90 %", "{p10} to {p90}"),
            Column("≥ 25", "{p_ge_25:chance}"),
            Column("12 months before", "{fatalities_12m}"),
            Column(
                "Model; CRPS / IGN / MIS of all countries",
                "{model}; {crps:score} / {ign:score} / {mis:score}",
                is_number=False,
            ),
        ),
        forecast.rows,
        "No forecast: a country needs complete months of UCDP for one.",
        note=(f"{TOO_LOW} " if any(row["provisional"] for row in forecast.rows) else "")
        + "A sum over countries would need their joint distribution, and is not given.",
    )


def _how_sure(asker: _Asker) -> Section:
    sure = asker.ask("How settled each source is, and what it changed since then", questions.HOW_SURE)
    rows = tuple(dict(row, source_name=_source(row["source"])) for row in sure.rows)
    parts: list[Part] = [
        Table(
            "By source",
            sure,
            (
                Column("Source", "{source_name}", is_number=False),
                Column("Observed until", "{observed_until}", is_number=False),
                Column("may change from", "{provisional_from:month}", is_number=False),
                Column("newest month known", "{share_known:percent}"),
                Column("vague places", "{share_low_precision:percent}"),
                Column("revised / withdrawn", "{revised} / {withdrawn}"),
            ),
            rows,
            "There is no source of events to judge.",
            note="Newest month known: the part of a month's final events known at this age, by our own record; vague places: "
            "events of 12 months whose point is that of a province or country; revised, withdrawn: events of which a "
            f"change was recorded since {asker.since}.",
        )
    ]
    agreement = asker.ask("What the sources agree on, incidents of twelve months", questions.AGREEMENT)
    if agreement.rows and agreement.rows[0]["incidents"]:
        parts.append(
            _line(
                "Of {incidents} incidents since {first_day}, {shared} are told of by more than one source; of these, "
                "deaths are disputed in {deaths_disputed}, who did it in {attribution_disputed}, the class of violence "
                "in {class_disputed}.",
                agreement,
            )
        )
    else:
        parts.append(Line("No incident in twelve months, so that there is nothing to compare.", agreement))
    return Section("How sure", tuple(parts))


def _cannot_see(asker: _Asker) -> Section:
    feeds = asker.ask("How each feed was read", questions.FEEDS)
    rows = tuple(
        dict(row, feed_name=_source(row["feed"]), not_told=NOT_TOLD.get(row["feed"])) for row in feeds.rows
    )
    parts: list[Part] = [
        Table(
            f"Feeds that were read; failed loads since {asker.since}",
            feeds,
            (
                Column("Feed", "{feed_name}", is_number=False),
                Column("Observed until", "{observed_until}", is_number=False),
                Column("days behind", "{days_behind}"),
                Column("failed loads", "{failures}"),
                Column("What it does not tell", "{not_told}", is_number=False),
            ),
            rows,
            "No feed has been read.",
        )
    ]
    never = asker.ask("Feeds that were never loaded", questions.NEVER_LOADED)
    if never.rows[0]["feeds"]:
        parts.append(
            _line(
                "Never loaded here, so that nothing of them is known: {feed_names}.",
                never,
                dict(
                    never.rows[0],
                    feed_names=", ".join(_source(feed) for feed in never.rows[0]["feeds"].split(", ")),
                ),
            )
        )
    gaps = asker.ask("Holes in the news and media that were read", questions.GAPS)
    row = gaps.rows[0]
    holes = [
        text
        for text, has_holes in (
            (
                "GDELT: {slots_missing} of {slots_expected} slots since {since} were not read.",
                row["slots_missing"],
            ),
            ("News: {news_failing} of {news_feeds} outlets fail now.", row["news_failing"]),
        )
        if has_holes
    ]
    if holes:
        parts.append(_line(" ".join(holes), gaps))
    if asker.has("marts.alert"):
        alarms = asker.ask("Data alarms: feeds that sleep, have holes or tell far less", questions.ALARMS)
        parts.append(
            _list(
                "Data alarms (level, day)",
                "{summary} ({level}, {alert_date})",
                alarms,
                f"No data alarm since {asker.since}.",
            )
        )
    return Section("What we cannot see", tuple(parts))


def _sources(licences: Query) -> Section:
    table = Table(
        "Whose figures stand above",
        licences,
        (
            Column("Source", "{source_name}", is_number=False),
            Column("Licence", "{licence}", is_number=False),
            Column("Cite as", "{attribution:whole}", is_number=False),
            Column("May be passed on", "{redistribution_allowed}", is_number=False),
        ),
        licences.rows,
        "No source has been loaded.",
    )
    return Section("Sources and licences", (table,), is_wide=True, is_appendix=True)
