"""The feeds beyond the default ones, the whole way: made publishers over HTTP, the command line, the published file.

Here: that each loads, builds and publishes, what the marts then say and leave unsaid, what licences forbid, and that
a rebuild gives the same. Not here: how each feed reads and fails (tests/unit/feeds), and Dagster (test_dagster_feeds).
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bench import incidents
from expectations.reference import read_seed
from orchestration.cli import main as command_line
from orchestration.made_world import WORLD_END, Publishers, World, serve
from orchestration.made_world.acled_api import AcledApi
from orchestration.made_world.insecurity_insight import TOPICS, MadeInsecurityInsight, event_id
from orchestration.made_world.truth import Truth
from orchestration.settings import DEFAULT_FEEDS, FEEDS, MADE_MARKER
from tests.pipeline.test_crash import digests
from tests.served import rows_of

OPTIONAL = tuple(feed for feed in FEEDS if feed not in DEFAULT_FEEDS)
COUNTRIES = ("BFA", "MLI", "NER", "NGA")
FIRST_VISIT = WORLD_END - timedelta(days=61)
NOWHERE = "http://127.0.0.1:9"


@dataclass
class Home:
    """A home, the publishers that it asks, and the command line as its user has it."""

    path: Path
    publishers: Publishers
    environment: dict[str, str]
    told: dict[str, str] = field(default_factory=dict)
    """What the visits printed."""

    def sahel(self, *arguments: str, code: int = 0, **environment: str) -> Result:
        now = self.publishers.as_of.isoformat()
        given = {**self.environment, "SAHEL_HOME": str(self.path), "SAHEL_NOW": now, **environment}
        result = CliRunner().invoke(command_line, list(arguments), env=given)
        assert result.exit_code == code, result.output
        return result

    def bi(self, sql: str) -> list[tuple]:
        return rows_of(self.path / "published" / "sahel.duckdb", sql)

    def ledger(self, sql: str) -> list[tuple]:
        return rows_of(self.path / "warehouse.duckdb", sql)


NOT_BY_GROUPS = ("Protests", "Riots", "Strategic developments")
"""ACLED's events that are counted beside violence, not in it."""


def made_home(path: Path, feeds: tuple[str, ...], served: Any) -> Home:
    path.mkdir(parents=True, exist_ok=True)
    (path / MADE_MARKER).write_text("made\n")
    environment = {
        **served.environment(),
        "SAHEL_FEEDS": ",".join(feeds),
        "SAHEL_COUNTRIES": " ".join(COUNTRIES),
    }
    return Home(path, served.publishers, environment)


@pytest.fixture(scope="module")
def publishers() -> Publishers:
    return Publishers(World(seed=1, scale=0.25, rows_per_slot=2), as_of=FIRST_VISIT, gdelt_windows=())


@pytest.fixture(scope="module")
def home(publishers: Publishers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """UCDP and every optional feed: each loaded at a first visit, and all of `sahel run` at a second."""
    with serve(publishers) as served:
        home = made_home(tmp_path_factory.mktemp("optional"), ("ucdp", *OPTIONAL), served)
        home.told["first"] = "".join(home.sahel("load", feed).output for feed in ("ucdp", *OPTIONAL))
        publishers.as_of = WORLD_END
        home.told["second"] = home.sahel("run").output
        yield home


def acled_events(publishers: Publishers, until: str = "9999") -> list[dict[str, Any]]:
    """What the made ACLED tells now of the countries in scope."""
    codes = {466, 854, 562, 566}
    events = publishers.apis["acled"].records.events(publishers.as_of)
    return [row for row in events if row["iso"] in codes and row["event_date"] <= until]


def test_each_feed_is_loaded_and_says_so(home: Home) -> None:
    for told in home.told.values():
        lines = told.splitlines()
        assert [feed for feed in OPTIONAL if not any(line.startswith(f"{feed}: ") for line in lines)] == []
    loaded = dict(home.ledger("select feed, sum(rows_loaded) from ledger.load_attempt group by feed"))
    assert {feed for feed, rows in loaded.items() if rows} == {"ucdp", *OPTIONAL}
    bad = home.ledger(
        "select feed, stream, status, error from ledger.load_attempt where status in ('failed', 'refused')"
    )
    assert bad == []


def test_the_published_events_are_those_that_the_publishers_tell_of_now(
    home: Home, publishers: Publishers
) -> None:
    published = home.bi("select feed, source_event_id from core.fct_event")
    by_feed = {feed: {key for owner, key in published if owner == feed} for feed, _ in published}
    assert by_feed["acled"] == {row["event_id_cnty"] for row in acled_events(publishers)}
    made = MadeInsecurityInsight(publishers.world)
    told = {
        str(event_id(one.incident))
        for topic in TOPICS
        for one in made.told[topic]
        if one.appears_at <= WORLD_END
        and not (one.removed_at and one.removed_at <= WORLD_END)
        and one.incident.country_iso3 in COUNTRIES
    }
    # An incident may be told in several topics; its id is the same in each.
    assert {key.rpartition("/")[2] for key in by_feed["insecurity_insight"]} == told
    assert len(told) > 20


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("core.fct_population", "population"),
        ("core.fct_coup", "is_successful"),
        ("core.fct_displacement", "value"),
        ("core.fct_peacekeeper_fatality", "mission_acronym"),
        ("core.fct_disaster", "disaster_name"),
    ],
)
def test_what_counts_no_violence_has_tables_of_its_own(home: Home, table: str, column: str) -> None:
    columns = {name for name, *_ in home.bi(f"describe {table}")}
    assert column in columns, columns
    assert home.bi(f"select count({column}) from {table}")[0][0] > 0


def test_an_acled_month_has_one_count_of_deaths_and_no_range(home: Home, publishers: Publishers) -> None:
    rows = home.bi(
        """select country_iso3, month, events, fatalities_best from marts.country_month
           where source = 'acled' and fatalities_low is null and fatalities_high is null"""
    )
    all_rows = home.bi("select count(*) from marts.country_month where source = 'acled'")[0][0]
    assert len(rows) == all_rows > 0
    iso = {466: "MLI", 854: "BFA", 562: "NER", 566: "NGA"}
    deaths: Counter[tuple[str, date]] = Counter()
    for row in acled_events(publishers):
        if row["event_type"] in NOT_BY_GROUPS:
            continue
        month = date.fromisoformat(row["event_date"]).replace(day=1)
        deaths[iso[row["iso"]], month] += row["fatalities"]
    assert {(iso3, month): best for iso3, month, _, best in rows if best} == {
        key: count for key, count in deaths.items() if count
    }


def test_insecurity_insight_has_months_of_its_own(home: Home) -> None:
    rows = home.bi(
        "select country_iso3, sum(events) from marts.country_month where source = 'insecurity_insight' group by all"
    )
    events = home.bi(
        "select country_iso3, count(*) from core.fct_event where feed = 'insecurity_insight' group by all"
    )
    assert dict(rows) == {**dict.fromkeys(COUNTRIES, 0), **dict(events)}


def test_deaths_per_inhabitant_say_of_which_year_the_inhabitants_are(
    home: Home, publishers: Publishers
) -> None:
    told = publishers.apis["worldbank"].series(WORLD_END).values
    rows = home.bi(
        """select source, country_iso3, month, fatalities_best, population, population_year, fatalities_per_100k
           from marts.country_month where month >= date '2021-07-01' and fatalities_best > 0"""
    )
    assert {source for source, *_ in rows} == {"ucdp", "acled", "insecurity_insight"}
    for _, iso3, month, deaths, population, year, rate in rows:
        # The newest year that is told stands for those after it.
        assert year == min(month.year, max(told_year for _, told_year in told))
        assert population == told[iso3, year]
        assert rate == pytest.approx(deaths * 100_000 / population)


def test_edits_and_deletions_between_the_visits_are_versions(home: Home) -> None:
    kinds = home.bi("select feed, change_kind, count(*) from core.fct_event_version group by all")
    seen = {(feed, kind) for feed, kind, _ in kinds}
    assert {(feed, "revised") for feed in ("ucdp", "acled", "insecurity_insight")} <= seen
    assert ("acled", "withdrawn") in seen
    then, now = (f"{at:%Y-%m-%d}" for at in (FIRST_VISIT, WORLD_END))
    told = home.sahel("diff", then, now, "--feed", "acled").output
    deleted = next(count for feed, kind, count in kinds if (feed, kind) == ("acled", "withdrawn"))
    assert f"{deleted} " in told and "withdrawn" in told


# --- incidents ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def known(home: Home, publishers: Publishers) -> incidents.Known:
    """The truth of the records that were published."""
    published = home.bi(
        "select feed, source_event_id from core.fct_event where feed in ('ucdp', 'acled', 'insecurity_insight')"
    )
    return incidents.Known.of(Truth(publishers)).within(published)


def test_the_incidents_are_those_of_the_truth(home: Home, known: incidents.Known) -> None:
    """The floors lie a little below what bench/RESULTS.md tells of larger worlds."""
    found = incidents.scores(known, incidents.incidents_found(home.path / "published" / "sahel.duckdb"))
    precision, recall, _ = incidents.precision_recall_f1(found["all"])
    assert found["all"]["wanted"] > 1000
    assert precision >= 0.95, found["all"]
    assert recall >= 0.9, found["all"]
    assert found["b_cubed"]["precision"] >= 0.98
    assert found["b_cubed"]["recall"] >= 0.95
    for feeds, counts in found["by_feeds"].items():
        assert min(incidents.precision_recall_f1(counts)) >= 0.8, (feeds, counts)


def test_the_incidents_are_nearer_to_the_truth_than_the_plain_rule(
    home: Home, known: incidents.Known
) -> None:
    published = home.path / "published" / "sahel.duckdb"
    ours = incidents.scores(known, incidents.incidents_found(published))
    near = incidents.plain_pairs(published)
    for pairs in (set(near), incidents.one_to_one(near)):
        plain = incidents.scores(known, incidents.components(known.incidents, pairs), pairs)
        for mine, other in zip(
            incidents.precision_recall_f1(ours["all"]),
            incidents.precision_recall_f1(plain["all"]),
            strict=True,
        ):
            assert mine > other, (ours["all"], plain["all"])
        assert ours["b_cubed"]["precision"] > plain["b_cubed"]["precision"]
        assert ours["b_cubed"]["recall"] > plain["b_cubed"]["recall"]


# --- licences ----------------------------------------------------------------------------------------


def test_every_optional_feed_says_under_which_licence_it_comes() -> None:
    known = {row["feed"]: row for row in read_seed("source")}
    for feed in OPTIONAL:
        assert known[feed]["licence"] and known[feed]["citation"], feed


def test_a_public_file_is_refused_with_acled_enabled(home: Home) -> None:
    before = (home.path / "published" / "manifest.json").read_bytes()
    told = home.sahel("publish", "--public", code=1).stderr
    assert "acled" in told and "redistribution" in told and len(told.splitlines()) == 1
    assert (home.path / "published" / "manifest.json").read_bytes() == before


def test_a_public_file_is_refused_with_acled_loaded_and_no_longer_enabled(home: Home) -> None:
    told = home.sahel("publish", "--public", code=1, SAHEL_FEEDS="ucdp,worldbank").stderr
    assert "holds rows of" in told and "acled" in told


def test_who_is_to_be_named_goes_with_the_figures(home: Home) -> None:
    manifest = json.loads((home.path / "published" / "manifest.json").read_text())
    named = {row["feed"]: row["attribution"] for row in manifest["sources"] if row["attribution"]}
    # The gazetteer comes with the installation: it is named, without a day of access.
    assert named.pop("geonames").startswith("GeoNames")
    assert set(named) == {"ucdp", *OPTIONAL}
    accessed = f"{WORLD_END:%Y-%m-%d}"
    assert all(accessed in words for words in named.values()), named
    assert "acleddata.com" in named["acled"]
    asked = "select source, sum(events) as events from marts.country_month group by source"
    assert named["acled"] in home.sahel("query", asked).stdout
    as_csv = home.sahel("query", asked, "--format", "csv")
    assert named["acled"] in as_csv.stderr and named["acled"] not in as_csv.stdout
    of_one = home.sahel("query", f"select * from ({asked}) where source = 'ucdp'")
    assert named["acled"] not in of_one.output


# --- an embargo --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def embargoed(publishers: Publishers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home of ACLED alone, of an account that sees nothing yet, at the end of the history."""
    apart = publishers.at(WORLD_END)
    whole = publishers.apis["acled"]
    # An embargo that begins before ACLED does.
    apart.apis = {
        "acled": AcledApi(whole.records, whole.accounts, tier="research", embargo_months=30 * 12),
        "worldbank": publishers.apis["worldbank"],
    }
    with serve(apart) as served:
        yield made_home(tmp_path_factory.mktemp("embargoed"), ("acled",), served)


def test_an_embargo_that_hides_everything_is_told_and_makes_no_zero(embargoed: Home) -> None:
    ends = date(WORLD_END.year - 30, WORLD_END.month, WORLD_END.day)
    told = embargoed.sahel("load", "acled")
    assert "acled: 0 new rows" in told.stdout
    assert f"your ACLED access ends at {ends}" in told.stderr
    assert "which is not peace" in told.stderr
    statuses = embargoed.ledger("select distinct status from ledger.load_attempt")
    assert statuses == [("empty",)]
    assert embargoed.ledger("select count(*) from ledger.coverage") == [(0,)]


def test_after_the_day_of_an_embargo_there_is_no_row_and_no_zero(
    embargoed: Home, publishers: Publishers
) -> None:
    """The account may see more now, and still not the last year."""
    embargoed.publishers.apis["acled"].embargo_months = 12
    ends = date(WORLD_END.year - 1, WORLD_END.month, WORLD_END.day)
    told = embargoed.sahel("run")
    assert f"your ACLED access ends at {ends} (12 Months)" in told.stderr
    visible = acled_events(publishers.at(WORLD_END), until=ends.isoformat())
    assert embargoed.bi("select count(*) from core.fct_event") == [(len(visible),)]
    first, last, until, ended = embargoed.bi(
        """select min(month), max(month), max(observed_until), min(observed_until)
           from marts.country_month where source = 'acled'"""
    )[0]
    assert (until, ended) == (ends, ends)
    assert first == date(1997, 1, 1)
    assert last == ends.replace(day=1)
    later = embargoed.bi(
        f"select count(*) from marts.trend_week where source = 'acled' and week > date '{ends}'"
    )
    assert later == [(0,)]


def test_doctor_tells_of_the_embargo_and_status_of_no_failure(embargoed: Home) -> None:
    found = embargoed.sahel("doctor", "--json")
    notes = {row["subject"]: row["finding"] for row in json.loads(found.stdout)}
    assert "with an embargo" in notes["account acled"] and "which is not peace" in notes["account acled"]
    told = json.loads(embargoed.sahel("status", "--json").stdout)
    feeds = {(row["feed"], row["stream"]): row for row in told["feeds"]}
    assert feeds["acled", "events"]["failing_since"] is None


def test_a_table_of_the_embargoed_country_ends_where_its_rows_end(embargoed: Home) -> None:
    answer = embargoed.sahel(
        "query",
        "select max(month) as newest, max(observed_until) as until from marts.country_month where country_iso3 = 'MLI'",
        "--format",
        "json",
    )
    (row,) = json.loads(answer.stdout)
    assert row["until"] == f"{WORLD_END.year - 1}-{WORLD_END:%m-%d}"
    assert row["newest"] <= row["until"]


# --- again, and offline ------------------------------------------------------------------------------


@pytest.mark.usefixtures("without_audit", "without_data_tests")
def test_a_rebuild_without_publishers_or_accounts_gives_the_same_tables(home: Home) -> None:
    before = digests(home.path)
    addresses = {name: NOWHERE for name in home.environment if name.endswith("_URL")}
    forgotten = dict.fromkeys(("ACLED_USERNAME", "ACLED_PASSWORD", "RELIEFWEB_APPNAME"), "")
    home.sahel("rebuild", **addresses, **forgotten)
    home.sahel("publish", **addresses, **forgotten)
    after = digests(home.path)
    assert [table for table in before if before[table] != after.get(table)] == []
    assert set(before) == set(after)
    assert {"raw.acled_event", "core.fct_event_version", "marts.country_month"} <= set(before)


@pytest.mark.usefixtures("without_audit")
def test_what_is_loaded_again_at_the_same_hour_brings_nothing(home: Home) -> None:
    # A feed may note that it has looked again; how far it has seen stays.
    seen = "select feed, country_iso3, min(period_start), max(period_end) from ledger.coverage group by all order by all"
    before, reach = digests(home.path), home.ledger(seen)
    for feed in OPTIONAL:
        assert f"{feed}: 0 new rows" in home.sahel("load", feed).output
    assert digests(home.path) == before
    assert home.ledger(seen) == reach
