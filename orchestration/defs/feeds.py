"""The feeds as Dagster runs them: one entry each, from which assets, jobs, schedules, checks and sensors follow.

Here: which tables a run of a feed loads and in which order, by which partitions, how often it is asked, and how
long it may be silent. Not here: what a feed is (``feeds.registry``), what its tables hold (``expectations``), and
what is made of an entry (the modules beside this one). To add a feed, add its entry to ``INGESTIONS``.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import dagster as dg

from expectations.contracts import TableContract, contract_for
from expectations.reference import read_seed
from orchestration.defs.partitions import GDELT_DAY, UCDP_ACTOR_LIST, UCDP_RELEASE
from orchestration.records import LoadRequest
from orchestration.settings import Settings


@dataclass(frozen=True)
class Ingested:
    """A table of a feed as assets. Freshness is how long the pipeline may go without promoting it."""

    table: str
    freshness: dg.FreshnessPolicy
    partitions: dg.PartitionsDefinition | None = None
    streams: tuple[str, ...] = ()
    """The parts of the feed that fill it; none where the feed has this table only."""
    after: str | None = None
    """A raw table that must be there before this one can be landed."""
    may_be_refused: bool = False
    """Whether what comes after goes on where the publisher refuses this one: not every account may read it."""

    @property
    def contract(self) -> TableContract:
        return contract_for(self.table)

    @property
    def landing(self) -> dg.AssetKey:
        return dg.AssetKey(["landing", self.table])

    @property
    def raw(self) -> dg.AssetKey:
        return dg.AssetKey(["raw", self.table])

    def request(self, partition: str | None) -> LoadRequest:
        feed, streams = self.contract.feed, self.streams or None
        if isinstance(self.partitions, dg.DailyPartitionsDefinition):
            day = date.fromisoformat(partition)
            return LoadRequest(feed, date_from=day, date_to=day, streams=streams)
        return LoadRequest(feed, release=partition, streams=streams)

    def is_partition(self, key: str | None) -> bool:
        """Whether Dagster would know the key: a release, a day, or none where there are no partitions."""
        if self.partitions is None:
            return key is None
        if isinstance(self.partitions, dg.DailyPartitionsDefinition):
            return bool(key) and len(key) == len("2015-02-18")
        return bool(key)


@dataclass(frozen=True)
class Cadence:
    """When a feed without partitions is asked. ``word`` ends the schedule's name; ``told`` describes a run."""

    word: str
    cron: str
    told: str


@dataclass(frozen=True)
class Rhythm:
    """How a feed's records lie in time."""

    table: str
    least: timedelta
    """The shortest silence that may be one."""
    sql: str | None = None
    """The instants between $since and $now that have records; left out, the event dates in raw."""
    has_embargo: bool = False
    """Whether the publisher may show only what is older than some time, which ledger.coverage then tells."""

    @property
    def instants(self) -> str:
        if self.sql:
            return self.sql
        column = contract_for(self.table).event_date_column
        return (
            f"select distinct date_trunc('hour', cast({column} as timestamp)) from raw.{self.table} "
            f"where {column} between $since and $now"
        )


@dataclass(frozen=True)
class Ingestion:
    """What one job loads of a feed."""

    feed: str
    what: str
    tables: tuple[Ingested, ...]
    job_name: str | None = None
    hours: float = 1
    """After how long a run is taken for hung."""
    cadence: Cadence | None = None
    rhythm: Rhythm | None = None
    """None where silence says nothing: yearly figures, a list of past coups."""
    ledger: tuple[str, ...] = ()
    """Ledger tables that tell of this feed and few others; those that no feed names tell of all."""

    @property
    def job(self) -> str:
        return self.job_name or f"ingest_{self.feed}"

    @property
    def watched(self) -> Ingested:
        """The table that the checks on the feed are shown at."""
        name = self.rhythm.table if self.rhythm else self.tables[-1].table
        return next(one for one in self.tables if one.table == name)


def fresh(warn: timedelta, fail: timedelta) -> dg.FreshnessPolicy:
    """Late after ``warn``, stale after ``fail``. How old the publisher's own news may be is its rhythm."""
    return dg.FreshnessPolicy.time_window(fail_window=fail, warn_window=warn)


def rhythm_of(feed: str, table: str, sql: str | None = None) -> Rhythm:
    """Of the seed feed_rhythm, where alerts on feeds read it too."""
    (row,) = [row for row in read_seed("feed_rhythm") if row["feed"] == feed]
    return Rhythm(table, timedelta(hours=int(row["silent_hours"])), sql, row["has_embargo"] == "true")


def not_enabled(feed: str, settings: Settings) -> str | None:
    """Why a feed is not asked by itself, or None if it is."""
    return None if feed in settings.feeds else f"{feed} is not among SAHEL_FEEDS"


QUARTER_HOURLY = fresh(timedelta(hours=1), timedelta(hours=6))
HALF_HOURLY = fresh(timedelta(hours=2), timedelta(hours=12))
HOURLY = fresh(timedelta(hours=3), timedelta(hours=24))
WEEKLY = fresh(timedelta(days=8), timedelta(days=15))
MONTHLY = fresh(timedelta(days=35), timedelta(days=65))

INGESTIONS = (
    Ingestion(
        "ucdp",
        "A UCDP event release",
        (
            Ingested(
                "ucdp_ged",
                fresh(timedelta(days=50), timedelta(days=75)),
                UCDP_RELEASE,
                ("ged", "candidate", "file"),
            ),
        ),
        hours=2,
        rhythm=rhythm_of("ucdp", "ucdp_ged"),
        ledger=("ucdp_release", "coverage"),
    ),
    Ingestion(
        "ucdp",
        "A UCDP actor list",
        (
            Ingested(
                "ucdp_actor", fresh(timedelta(days=500), timedelta(days=730)), UCDP_ACTOR_LIST, ("actor",)
            ),
        ),
        job_name="ingest_ucdp_actors",
    ),
    Ingestion(
        "gdelt",
        "A day of GDELT",
        (
            Ingested("gdelt_event", QUARTER_HOURLY, GDELT_DAY, ("export", "translation.export")),
            Ingested(
                "gdelt_mention",
                QUARTER_HOURLY,
                GDELT_DAY,
                ("mentions", "translation.mentions"),
                # Mentions carry no country: those of events that raw knows are kept.
                after="gdelt_event",
            ),
        ),
        hours=2,
        rhythm=rhythm_of(
            "gdelt",
            "gdelt_event",
            "select distinct slot_at from ledger.gdelt_slot where stream in ('export', 'translation.export') "
            "and state in ('fetched', 'empty') and slot_at between $since and $now",
        ),
        ledger=("gdelt_slot",),
    ),
    Ingestion(
        "news",
        "Every outlet of the feed list",
        (Ingested("news_item", HALF_HOURLY),),
        cadence=Cadence(
            "every_30_minutes",
            "3,33 * * * *",
            "Every outlet; those that did not change answer so in a few bytes.",
        ),
        rhythm=rhythm_of("news", "news_item"),
    ),
    Ingestion(
        "acled",
        "What ACLED has deleted, then what is new or edited",
        (
            Ingested("acled_deletion", WEEKLY, streams=("deletions",), may_be_refused=True),
            # The other way round, an event that was deleted and issued anew would be withdrawn.
            Ingested("acled_event", WEEKLY, streams=("events",), after="acled_deletion"),
        ),
        # The first load asks year by year from 1997 on.
        hours=12,
        cadence=Cadence(
            "daily",
            "20 5 * * *",
            "ACLED releases on Monday or Tuesday and corrects on any day; nothing new is two small answers.",
        ),
        rhythm=rhythm_of("acled", "acled_event"),
        ledger=("coverage",),
    ),
    Ingestion(
        "reliefweb",
        "ReliefWeb's reports and disasters, new and edited",
        (
            Ingested("reliefweb_report", HOURLY, streams=("reports",)),
            Ingested("reliefweb_disaster", HOURLY, streams=("disasters",)),
        ),
        cadence=Cadence("hourly", "25 * * * *", "Reports and disasters changed since the last time."),
        rhythm=rhythm_of("reliefweb", "reliefweb_report"),
        ledger=("coverage",),
    ),
    Ingestion(
        "insecurity_insight",
        "Insecurity Insight's incidents, each topic whole",
        (Ingested("insecurity_insight_incident", WEEKLY),),
        cadence=Cadence(
            "weekly", "10 4 * * 1", "Each topic whole; the publisher adds to them about once a month."
        ),
        rhythm=rhythm_of("insecurity_insight", "insecurity_insight_incident"),
        ledger=("coverage",),
    ),
    Ingestion(
        "worldbank",
        "The World Bank's population series",
        (Ingested("worldbank_indicator", MONTHLY),),
        cadence=Cadence("monthly", "20 4 2 * *", "The whole series; it is revised a few times a year."),
    ),
    Ingestion(
        "unhcr",
        "UNHCR's population figures",
        (Ingested("unhcr_population", MONTHLY),),
        cadence=Cadence("monthly", "20 4 3 * *", "All years; they are revised twice a year."),
    ),
    Ingestion(
        "idmc",
        "IDMC's displacement figures",
        (Ingested("idmc_displacement", MONTHLY),),
        cadence=Cadence("monthly", "20 4 4 * *", "All years of each country; they are revised each May."),
    ),
    Ingestion(
        "coups",
        "The list of coups",
        (Ingested("coup", MONTHLY),),
        cadence=Cadence("monthly", "20 4 5 * *", "The whole list; an unchanged one is not loaded again."),
    ),
    Ingestion(
        "peacekeeping",
        "Deaths in UN peace operations",
        (Ingested("peacekeeper_fatality", MONTHLY),),
        cadence=Cadence("monthly", "20 4 6 * *", "The whole list; the UN updates it monthly."),
    ),
)

TABLES = tuple(table for ingestion in INGESTIONS for table in ingestion.tables)
