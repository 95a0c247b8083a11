"""The models of the optional feeds on one small made warehouse: from raw rows, with the real seeds, to core and marts.

Here: what holds across models and with the seeds as they are (labels, spellings, coverage). The logic of single
models is tested by dbt's own unit tests. Not here: the curated events' versions and marts (test_dbt_project.py), and
the feeds themselves.
"""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.reference import read_seed
from tests.unit.dbt.test_dbt_project import Warehouse, attempt_row, insert

WANTED = (
    "int_ucdp__event_version_located",
    "int_acled__event_version_located",
    "int_insecurity_insight__event_version_located",
    "int_event__version",
    "int_context__population_month",
    "country_coverage_week",
    "fct_article_version",
    "fct_disaster",
    "fct_displacement",
    "fct_coup",
    "fct_peacekeeper_fatality",
    "dim_source",
)

pytestmark = pytest.mark.xdist_group("dbt_project")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    warehouse = Warehouse(Path(tmp_path_factory.mktemp("dbt_feeds")))
    warehouse.empty()
    with warehouse.open() as connection:
        load_acled(connection)
        load_incidents(connection)
        load_reliefweb(connection)
        load_context(connection)
    warehouse.build("--select", *(f"+{name}" for name in WANTED), "--indirect-selection", "buildable")
    return warehouse


def recorded(attempt: int, **values: Any) -> dict[str, Any]:
    """Provenance of a row that the attempt recorded: one attempt a day, beginning on 1 November 2025."""
    return {
        "payload_sha256": f"sha{attempt}",
        "recorded_at": datetime(2025, 11, attempt, 10),
        "attempt_id": attempt,
        "content_hash": f"hash{attempt}",
        "is_withdrawn": False,
    } | values


def acled_event(connection: duckdb.DuckDBPyConnection, key: str, attempt: int, **values: Any) -> None:
    """A version of a made event; what is not given is plain: a clash of rebels and soldiers in Gao."""
    plain = {
        "event_id_cnty": key,
        "event_date": "2025-10-05",
        "year": 2025,
        "time_precision": 1,
        "disorder_type": "Political violence",
        "event_type": "Battles",
        "sub_event_type": "Armed clash",
        "actor1": "JNIM: Group for Support of Islam and Muslims",
        "inter1": "Rebel group",
        "actor2": "Military Forces of Mali (2021-)",
        "inter2": "State forces",
        "iso": 466,
        "country": "Mali",
        "admin1": "Gao",
        "location": "Made Place",
        "latitude": 16.27,
        "longitude": -0.04,
        "geo_precision": 1,
        "source": "Made Radio; Made Agency",
        "notes": "Made text.",
        "fatalities": 3,
        "timestamp": 1762000000 + attempt,
        "country_iso3": "MLI",
    }
    insert(connection, "raw.acled_event", **plain | recorded(attempt) | values)


def acled_types() -> list[dict[str, str]]:
    return [row for row in read_seed("event_type") if row["feed"] == "acled"]


def load_acled(connection: duckdb.DuckDBPyConnection) -> None:
    """One event that is edited and then deleted; one of each label of a side; a region before and after a reform."""
    acled_event(connection, "MLI1", 1)
    acled_event(connection, "MLI1", 2, fatalities=5)
    acled_event(connection, "MLI1", 3, fatalities=5, is_withdrawn=True)
    for number, row in enumerate(read_seed("acled_actor_kind")):
        acled_event(connection, f"MLI{100 + number}", 1, inter2=row["inter_label"].upper())
    for number, row in enumerate(acled_types()):
        names = {"event_type": row["source_event_category"], "sub_event_type": row["source_event_type"]}
        acled_event(connection, f"MLI{200 + number}", 1, **names)
    for key, day in (("BFO1", "2025-07-01"), ("BFO2", "2025-07-02")):
        acled_event(connection, key, 1, event_date=day, country_iso3="BFA", iso=854, admin1="Soum")
    for attempt, status in ((1, "ok"), (2, "ok"), (3, "empty"), (9, "refused")):
        attempt_row(connection, attempt, "acled", "events", status)
    connection.execute(
        "update ledger.load_attempt set recorded_at = make_timestamp(2025, 11, attempt_id, 10, 0, 0)"
    )


def load_incidents(connection: duckdb.DuckDBPyConnection) -> None:
    """One incident that two topics tell of."""
    for dataset in ("education", "aid_workers"):
        insert(
            connection,
            "raw.insecurity_insight_incident",
            dataset=dataset,
            event_id=7,
            event_date="2024-03-01",
            country_iso3="BFA",
            country_name="Burkina Faso",
            admin_1="Upper-Basins",
            geo_precision=2,
            perpetrator_kind="NSA",
            people_killed=1,
            details="{}",
            **recorded(4),
        )


def load_reliefweb(connection: duckdb.DuckDBPyConnection) -> None:
    """A report that RSS told of first and the API then, edited once; one about Mali and the world; a news item."""
    shared = {"url": "https://reliefweb.int/node/1", "url_alias": "https://reliefweb.int/report/mali/a"}
    for attempt, values in {
        5: {"report_key": "/report/mali/a", "title": "Mali: A", "channel": "rss"},
        6: {"report_key": "1", "report_id": 1, "title": "A", "channel": "api", "source_names": "OCHA"},
        7: {
            "report_key": "1",
            "report_id": 1,
            "title": "A, revised",
            "channel": "api",
            "source_names": "OCHA",
        },
    }.items():
        insert(
            connection,
            "raw.reliefweb_report",
            country_iso3s="MLI;NER",
            date_created="2025-11-04 09:00",
            **shared,
            **values,
            **recorded(attempt),
        )
    insert(
        connection,
        "raw.reliefweb_report",
        report_key="2",
        report_id=2,
        title="B",
        channel="api",
        url="https://reliefweb.int/node/2",
        country_iso3s="MLI;WLD",
        language_codes="en;fr",
        date_original="2025-11-10 08:00",
        date_created="2025-11-11 08:00",
        **recorded(6),
    )
    for iso3 in ("MLI", "NER"):
        insert(
            connection,
            "ledger.coverage",
            feed="reliefweb",
            source_release="reports",
            country_iso3=iso3,
            period_start="2025-11-03",
            period_end="2025-11-12",
            recorded_at="2025-11-12 10:00",
        )
    insert(
        connection,
        "raw.news_item",
        feed_id="wire",
        item_id="1",
        title="Mali votes",
        published_at="2025-11-04 10:00",
        date_status="dated",
        publisher="Wire",
        language="en",
        reliability="high",
        **recorded(5),
    )
    insert(
        connection,
        "raw.reliefweb_disaster",
        disaster_key="51",
        disaster_id=51,
        name="Mali: Floods",
        channel="api",
        url="https://reliefweb.int/node/51",
        date_event="2025-08-01 00:00",
        **recorded(6),
    )


def load_context(connection: duckdb.DuckDBPyConnection) -> None:
    for year, value in ((2023, 23000000.0), (2024, 24000000.0)):
        insert(
            connection,
            "raw.worldbank_indicator",
            country_iso3="MLI",
            indicator="SP.POP.TOTL",
            year=year,
            value=value,
            last_updated="2025-07-01",
            **recorded(8),
        )
    insert(
        connection,
        "raw.unhcr_population",
        year=2024,
        country_origin_iso3="MLI",
        country_asylum_iso3="MRT",
        refugees=10,
        **recorded(8),
    )
    insert(
        connection,
        "raw.coup",
        coup_id="cam-432-2012-03-21-1",
        ccode=432,
        country="Mali",
        coup_date="2012-03-21",
        number_of_day=1,
        is_successful=True,
        dataset="cam",
        country_iso3="MLI",
        **recorded(8),
    )
    insert(
        connection,
        "raw.peacekeeper_fatality",
        casualty_id="MINUSMA-2014-01-00001",
        incident_date="2014-01-20",
        mission_acronym="MINUSMA",
        country_iso3="MLI",
        **recorded(8),
    )


def test_the_version_models_of_all_event_feeds_have_the_same_columns(built: Warehouse) -> None:
    columns = {
        feed: set(
            built.rows(
                f"""select column_name, data_type from duckdb_columns()
                    where schema_name = 'intermediate' and table_name = 'int_{feed}__event_version_located'"""
            )
        )
        for feed in ("ucdp", "acled", "insecurity_insight")
    }
    # UCDP's also has the country as UCDP spells it.
    assert columns["ucdp"] - columns["acled"] == {("country_name_raw", "VARCHAR")}
    assert columns["acled"] == columns["insecurity_insight"]
    assert columns["acled"] < columns["ucdp"]


def test_an_edited_and_deleted_acled_event_keeps_its_versions(built: Warehouse) -> None:
    assert built.rows(
        """select attempt_id, fatalities_best, is_withdrawn, admin1_id, source_reports, violence_class
           from intermediate.int_event__version where event_key = 'acled:MLI1' order by 1"""
    ) == [
        (1, 3, False, "ML-7", 2, "state_based"),
        (2, 5, False, "ML-7", 2, "state_based"),
        (3, 5, True, "ML-7", 2, "state_based"),
    ]


def test_every_label_of_a_side_is_a_kind(built: Warehouse) -> None:
    found = dict(
        built.rows(
            """select source_event_id, side_b_kind from intermediate.int_acled__event_version_located
               where source_event_id between 'MLI100' and 'MLI199'"""
        )
    )
    assert found == {
        f"MLI{100 + number}": row["actor_kind"] for number, row in enumerate(read_seed("acled_actor_kind"))
    }


def test_every_sub_type_of_a_clash_with_soldiers_has_its_class(built: Warehouse) -> None:
    found = built.rows(
        """select source_event_category, violence_class, count(*)
           from intermediate.int_acled__event_version_located
           where source_event_id between 'MLI200' and 'MLI299' group by all order by all"""
    )
    assert found == [
        ("Battles", "state_based", 3),
        ("Explosions/Remote violence", "state_based", 6),
        ("Protests", "demonstration", 2),
        ("Protests", "one_sided", 1),
        ("Riots", "demonstration", 1),
        ("Riots", "riot_mob", 1),
        ("Strategic developments", "strategic", 8),
        ("Violence against civilians", "one_sided", 3),
    ]


def test_a_spelling_means_the_unit_of_the_day(built: Warehouse) -> None:
    """Soum became a region on 2 July 2025; before, its area was in the Sahel region."""
    assert built.rows(
        """select source_event_id, admin1_id from intermediate.int_event__version
           where feed = 'acled' and country_iso3 = 'BFA' order by 1"""
    ) == [("BFO1", "BF-12"), ("BFO2", "BF-soum")]
    assert built.rows(
        "select distinct admin1_id from intermediate.int_event__version where feed = 'insecurity_insight'"
    ) == [("BF-09",)]


def test_an_incident_of_two_topics_is_an_event_in_each(built: Warehouse) -> None:
    assert built.rows(
        """select event_key, source_event_category, violence_class, side_b_name
           from intermediate.int_insecurity_insight__event_version_located order by 1"""
    ) == [
        ("insecurity_insight:aid_workers:7", "aid_workers", "one_sided", "Civilians"),
        ("insecurity_insight:education:7", "education", "one_sided", "Civilians"),
    ]


def test_a_report_is_one_article_with_its_versions(built: Warehouse) -> None:
    assert built.rows(
        """select title, change_kind, is_current from core.fct_article_version
           where article_id = 'reliefweb:1' order by version_number"""
    ) == [("Mali: A", "new", False), ("A", "revised", False), ("A, revised", "revised", True)]
    assert built.rows(
        """select article_id, feed, publisher, language, published_at, versions, first_seen_at
           from core.fct_article order by 1"""
    ) == [
        ("reliefweb:1", "reliefweb", "OCHA", None, datetime(2025, 11, 4, 9), 3, datetime(2025, 11, 5, 10)),
        (
            "reliefweb:2",
            "reliefweb",
            "ReliefWeb",
            "en",
            datetime(2025, 11, 10, 8),
            1,
            datetime(2025, 11, 6, 10),
        ),
        ("wire:1", "news", "Wire", "en", datetime(2025, 11, 4, 10), 1, datetime(2025, 11, 5, 10)),
    ]


def test_reports_are_counted_beside_articles_where_reliefweb_was_asked(built: Warehouse) -> None:
    assert built.rows(
        """select country_iso3, week, reports, articles from marts.country_coverage_week
           where country_iso3 in ('MLI', 'NER', 'BEN') order by all"""
    ) == [
        ("BEN", date(2025, 11, 3), None, None),
        ("BEN", date(2025, 11, 10), None, None),
        ("MLI", date(2025, 11, 3), 1, None),
        ("MLI", date(2025, 11, 10), 1, None),
        ("NER", date(2025, 11, 3), 1, None),
        ("NER", date(2025, 11, 10), 0, None),
    ]


def test_population_of_a_later_month_tells_its_year(built: Warehouse) -> None:
    asked = "select population, population_year from intermediate.int_context__population_month where month = '{}'"
    assert built.rows(asked.format("2022-12-01")) == []
    assert built.rows(asked.format("2023-12-01")) == [(23000000, 2023)]
    assert built.rows(asked.format("2025-11-01")) == [(24000000, 2024)]


def test_context_reaches_core(built: Warehouse) -> None:
    assert built.rows(
        "select country_iso3, population_type, value from core.fct_displacement order by all"
    ) == [("MLI", "refugees_from", 10), ("MRT", "refugees_hosted", 10)]
    assert built.rows("select coup_date, is_successful from core.fct_coup") == [(date(2012, 3, 21), True)]
    assert built.rows("select mission_acronym from core.fct_peacekeeper_fatality") == [("MINUSMA",)]
    assert built.rows("select disaster_key, event_date from core.fct_disaster") == [
        ("reliefweb:51", date(2025, 8, 1))
    ]


def test_the_attribution_has_the_day_of_the_newest_good_load(built: Warehouse) -> None:
    told = "ACLED (Armed Conflict Location & Event Data), www.acleddata.com, accessed 2025-11-03"
    assert built.rows("select attribution from core.dim_source where feed = 'acled'") == [(told,)]
    assert built.rows("select feed from core.dim_source where attribution is not null order by 1") == [
        ("acled",),
        ("geonames",),
    ]


def test_the_seed_of_acled_types_is_acleds_list() -> None:
    types = [row["source_event_category"] for row in acled_types()]
    assert {name: types.count(name) for name in types} == {
        "Battles": 3,
        "Explosions/Remote violence": 6,
        "Protests": 3,
        "Riots": 2,
        "Strategic developments": 8,
        "Violence against civilians": 3,
    }
