"""`sahel demo`: the whole way on the made world, offline, so that a stranger can ask a question in minutes.

Two visits to the made publishers, three months apart, so that edits, deletions and withdrawals are there to see.
Here: which feeds and visits the demo has, and what it prints of them. Not here: what the publishers tell
(``made_world``), and how loads, builds and answers come about (``steps``, ``cli``, ``diff``).
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from expectations.report import MADE_BANNER
from orchestration.made_world import WORLD_END, Publishers, World, serve
from orchestration.settings import DEFAULT_FEEDS, MADE_MARKER, Settings, SettingsError

FEEDS = (*DEFAULT_FEEDS, "insecurity_insight", "worldbank", "acled")
"""What needs no account, and ACLED to see two sources side by side. The others' made publishers are for the tests."""
QUESTIONS = {
    "Where were most people killed in the last twelve months that UCDP has observed?": """
select any_value(source) as source, country_name, sum(events) as events, sum(fatalities_best) as deaths,
    sum(fatalities_civilian) as civilians
from marts.country_month
where source = 'ucdp' and month > (select max(month) from marts.country_month where source = 'ucdp') - interval 12 month
group by country_name order by deaths desc limit 5""",
    "Who was fighting then, and in how many countries?": """
select any_value(source) as source, actor_name, count(distinct country_iso3) as countries, sum(events) as events,
    sum(fatalities_best) as deaths
from marts.actor_country_month
where source = 'ucdp' and month > (select max(month) from marts.country_month where source = 'ucdp') - interval 12 month
    and events > 0
group by actor_name order by events desc limit 5""",
    "What do two sources say of Mali, side by side? (They are never added up.)": """
select month, u.fatal_events as ucdp_fatal_events, a.fatal_events as acled_fatal_events,
    u.fatalities_low as ucdp_low, u.fatalities_best as ucdp_best, u.fatalities_high as ucdp_high,
    a.fatalities_best as acled_deaths
from (from marts.country_month where source = 'ucdp' and country_iso3 = 'MLI') as u
full join (from marts.country_month where source = 'acled' and country_iso3 = 'MLI') as a using (month)
order by month desc limit 6""",
    "Is JNIM behind more than half of all violence in the central Sahel? That is a matter of definition.": """
select source, measure, role, numerator, denominator, round(share, 2) as share
from marts.actor_share
where actor_id = 'jnim' and area_id = 'central_sahel' and period_kind = 'rolling_12_months'
    and source in ('ucdp', 'acled') and universe = 'organised_violence' and actor_scope = 'lineage' and ambiguous_rule = 'include'
    and measure in ('events', 'deaths_best') and role in ('involved', 'perpetrator')
order by source, measure, role""",
    "How many incidents do several sources tell of, and what do they dispute?": """
select feeds, count(*) as incidents, count(*) filter (where date_spread_days > 0) as days,
    count(*) filter (where distance_spread_km > 25) as places, count(*) filter (where is_deaths_disputed) as deaths,
    count(*) filter (where is_attribution_disputed) as actors
from audit.source_agreement group by feeds order by incidents desc""",
    "What has risen, come or gone quiet of late? (The newest alerts of medium level and above.)": """
select source, alert_date, known_at::date as known, level, rule, area, actor_name as actor, other_actor_name as other,
    value, baseline
from marts.alert
where suppressed_by is null and alert_kind = 'conflict' and level <> 'low'
order by known_at desc, alert_id limit 6""",
    "Where are most deaths to be expected in the next six months, and how right was that model so far?": """
select area_name as area, round(sum(mean)) as deaths, round(avg(p10)) || ' to ' || round(avg(p90)) as eight_of_ten_months,
    model, any_value(round(crps, 2)) as crps, any_value(round(skill_vs_conflictology, 3)) as skill
from marts.forecast where area_kind = 'country' and target = 'all_violence' and is_best
group by all order by deaths desc limit 5""",
    "What did the publishers change after the fact?": """
select feed, change_kind, count(*) as versions, min(recorded_from)::date as first, max(recorded_from)::date as last
from core.fct_event_version group by feed, change_kind order by feed, versions desc""",
}


@dataclass(frozen=True)
class Visit:
    """One visit to the made publishers, and how many days of GDELT it asks for."""

    at: datetime
    gdelt_days: float

    @property
    def window(self) -> tuple[datetime, datetime]:
        return self.at - timedelta(days=self.gdelt_days), self.at


VISITS = (Visit(at=WORLD_END - timedelta(days=92), gdelt_days=3), Visit(at=WORLD_END, gdelt_days=14))


def run_demo(home: Path, *, seed: int, out: Console, progress: Callable[[str], Any]) -> int:
    """Build the made world in ``home`` and print a few answers. Returns the exit code.

    Raises ``SettingsError`` if ``home`` holds anything but an earlier demo.
    """
    from orchestration import steps
    from orchestration.records import LoadRequest

    _clear(home)
    out.print("making a world: five years of made incidents in 17 countries (nothing in it happened)")
    publishers = Publishers(
        World(seed=seed), as_of=VISITS[0].at, gdelt_windows=tuple(visit.window for visit in VISITS)
    )
    with serve(publishers) as served:
        # Loads from nowhere else, whatever the shell sets.
        made = replace(Settings.from_env(home, environ=served.environment()), feeds=FEEDS)
        for visit in VISITS:
            # The press is read twice, hours apart: outlets change their headlines soon or never.
            publishers.as_of = visit.at - timedelta(hours=12)
            earlier = replace(made, fixed_now=publishers.as_of)
            steps.load(steps.Run(earlier), LoadRequest("news"))
            publishers.as_of = visit.at
            settings = replace(made, fixed_now=visit.at)
            for feed in settings.feeds:
                window = (visit.window[0].date(), visit.at.date()) if feed == "gdelt" else (None, None)
                request = LoadRequest(feed=feed, date_from=window[0], date_to=window[1])
                with progress(f"{visit.at:%Y-%m-%d} {feed}") as tell:
                    report = steps.load(steps.Run(settings, progress=tell), request)
                out.print(f"{visit.at:%Y-%m-%d}  {feed}: {_told(report)}")
    with progress("dbt build"):
        built = steps.build(steps.Run(settings))
    for node in built.failed_nodes:
        out.print(f"  failed: {node.name}: {node.message}", markup=False)
    if built.failed:
        return 1
    published = steps.publish(steps.Run(settings))
    _show_answers(settings, out)
    _show_difference(settings, out)
    _say_what_next(published.path, _most_told(settings), home, out)
    return 0


def _told(report: Any) -> str:
    withdrawn = sum(outcome.rows_withdrawn for outcome in report.outcomes)
    return f"{report.rows_loaded - withdrawn:,} new rows" + (
        f", {withdrawn:,} withdrawn" if withdrawn else ""
    )


def _clear(home: Path) -> None:
    """Start anew, but never over anything that is not an earlier demo."""
    if home.exists() and any(home.iterdir()):
        if not (home / MADE_MARKER).is_file():
            raise SettingsError(f"{home} holds data that no demo made; choose another folder with --home")
        shutil.rmtree(home)
    home.mkdir(parents=True, exist_ok=True)
    (home / MADE_MARKER).write_text(
        "Everything in this folder comes from the made world. Nothing here happened.\n"
    )


def _show_answers(settings: Settings, out: Console) -> None:
    from orchestration.cli import answer

    for question, sql in QUESTIONS.items():
        out.print(f"\n{question}")
        answer(settings, sql, "table")


def _show_difference(settings: Settings, out: Console) -> None:
    """What `sahel diff` begins with."""
    from orchestration import diff
    from orchestration.warehouse.connection import open_published

    then, now = (visit.at.date().isoformat() for visit in VISITS)
    with open_published(settings.bi_file) as reader:
        answered = diff.compare(reader, diff.question(then, now, settings.now(), None, None))
        attributions = diff.attributions(reader, {row["feed"] for row in answered.country_sums})
    out.print(f"\nWhat changed between the two visits? (sahel diff {then} {now})")
    out.print(MADE_BANNER)
    out.print("\n".join([diff.heading(answered), *diff.summary(answered), *attributions]), markup=False)


def _most_told(settings: Settings) -> str:
    """The incident that most feeds and records tell of."""
    from orchestration.warehouse.connection import open_published

    with open_published(settings.bi_file) as reader:
        (incident_id,) = reader.execute(
            "select incident_id from core.fct_incident order by feed_count desc, event_count desc, incident_id limit 1"
        ).fetchone()
    return incident_id


def _say_what_next(path: Path, incident_id: str, home: Path, out: Console) -> None:
    then, now = (f"{visit.at:%Y-%m-%d}" for visit in VISITS)
    for line in (
        f"\nThe BI file: {path}",
        f"Ask more:    .venv/bin/sahel query --home {home} is_it_rising     (or any SQL)",
        f"A report:    .venv/bin/sahel report --home {home} --country MLI     (Markdown; --format html --out FILE)",
        f"Alerts:      .venv/bin/sahel alerts --home {home}",
        f"An actor:    .venv/bin/sahel actor --home {home} gsim     (under any of its names)",
        f"An incident: .venv/bin/sahel incident --home {home} {incident_id}     (who said what, linked how)",
        f"Each change: .venv/bin/sahel diff --home {home} {then} {now} --country MLI",
        f"Look at it:  .venv/bin/sahel ui --home {home}",
        "Real data:   .venv/bin/sahel run      (needs a network, no key)",
        "Not public:  `sahel publish --public` refuses here: ACLED's licence lets no row be passed on, made ones included",
    ):
        # A command that is broken over two lines cannot be copied.
        out.print(line, soft_wrap=True)
