"""The dbt project as a whole, on a small made warehouse: empty, in steps, asked as of a date, and tampered with.

Here: what needs a database. The logic of single models is tested by dbt's own unit tests, which the first test
runs. Not here: real data (tests/pipeline).
"""

import shutil
import statistics
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
import yaml

from bench import change_points
from orchestration.settings import Settings
from orchestration.transform import NodeResult, manifest, run_dbt
from orchestration.warehouse.connection import STORAGE_VERSION, WAREHOUSE_CONFIG, prepare

ROOT = Path(__file__).resolve().parents[3]
DBT_PROJECT = ROOT / "dbt_project"
PUBLIC = ("core", "marts", "audit")
HISTORY = ("stg_gdelt__event", "stg_gdelt__mention", "stg_news__item_version")
"""Where the incremental models begin."""

pytestmark = pytest.mark.xdist_group("dbt_project")


class Warehouse:
    """A home's warehouse, built by dbt in this process, at one path for all tests of a file."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings.from_env(folder, environ={})
        self.folder = folder
        self.path = self.settings.warehouse

    def empty(self) -> None:
        self.path.unlink(missing_ok=True)
        with self.open() as connection:
            prepare(connection)

    def open(self, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
        config = {} if read_only else {"storage_compatibility_version": STORAGE_VERSION}
        return duckdb.connect(str(self.path), read_only=read_only, config=config)

    def rows(self, sql: str) -> list[tuple]:
        with self.open(read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def nodes(self, *command: str) -> list[NodeResult]:
        return run_dbt(self.settings, list(command))

    def dbt(self, *command: str) -> dict[str, str]:
        """Run dbt; status by node name. Raises if dbt could not run at all."""
        return {node.unique_id.split(".", 2)[2]: node.status for node in self.nodes(*command)}

    def build(self, *options: str) -> None:
        statuses = self.dbt("build", "--exclude-resource-type", "unit_test", *options)
        assert bad(statuses) == {}


def bad(statuses: dict[str, str]) -> dict[str, str]:
    return {name: status for name, status in statuses.items() if status not in ("success", "pass", "warn")}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return Warehouse(tmp_path_factory.mktemp("dbt"))


@pytest.fixture(scope="module")
def built(warehouse: Warehouse) -> Warehouse:
    """Three UCDP releases, two GDELT days, two articles, built once; tests that change it make a copy."""
    warehouse.empty()
    with warehouse.open() as connection:
        load_ucdp(connection)
        load_gdelt(connection, attempt=10, slots=["2025-01-06 00:15", "2025-01-07 00:15"])
        load_news(connection, attempt=12, titles={"1": "Mali votes", "2": "Niger and Chad sign"})
    warehouse.build()
    shutil.copy(warehouse.path, warehouse.folder / "built.duckdb")
    return warehouse


@pytest.fixture
def copy_of_built(built: Warehouse) -> Warehouse:
    shutil.copy(built.folder / "built.duckdb", built.path)
    return built


def insert(connection: duckdb.DuckDBPyConnection, table: str, **values: Any) -> None:
    names = ", ".join(values)
    marks = ", ".join("?" for _ in values)
    connection.execute(f"insert into {table} ({names}) values ({marks})", list(values.values()))


def ucdp_event(connection: duckdb.DuckDBPyConnection, key: int, attempt: int, **values: Any) -> None:
    """A version of an event; what is not given is plain: one death in Gao on 5 March 2024, JNIM against Mali."""
    released = {1: "2024-06-10", 2: "2025-06-10", 3: "2025-07-20"}[attempt]
    plain = {
        "id": key,
        "relid": f"MLI-{key}",
        "year": 2024,
        "code_status": "Clear",
        "type_of_violence": 1,
        "dyad_new_id": 15108,
        "dyad_name": "Government of Mali - JNIM",
        "side_a_new_id": 72,
        "side_a": "Government of Mali",
        "side_b_new_id": 6716,
        "side_b": "JNIM",
        "where_prec": 1,
        "adm_1": "Gao region",
        "latitude": 16.27,
        "longitude": -0.04,
        "country": "Mali",
        "country_id": 432,
        "event_clarity": 1,
        "date_prec": 1,
        "date_start": "2024-03-05",
        "date_end": "2024-03-05",
        "deaths_civilians": 0,
        "best": 1,
        "high": 1,
        "low": 1,
        "release": f"2{3 + attempt}.1",
        "stream": "ged",
        "payload_sha256": f"sha{attempt}",
        "released_at": released,
        "recorded_at": RECORDED[attempt],
        "attempt_id": attempt,
        "content_hash": f"{key}-{attempt}",
        "is_withdrawn": False,
    }
    insert(connection, "raw.ucdp_ged", **plain | values)


RECORDED = {1: "2025-01-01", 2: "2025-01-04", 3: "2025-01-06"}
"""When we recorded what UCDP released; the newest attempt of all is of 2025-01-08."""


def load_ucdp(connection: duckdb.DuckDBPyConnection) -> None:
    """Release 1 tells of events 1 to 3; release 2 revises 1 and withdraws 2; release 3 restores 2 and adds 4."""
    ucdp_event(connection, 1, 1, best=3, high=3)
    ucdp_event(connection, 2, 1)
    ucdp_event(
        connection, 3, 1, type_of_violence=3, side_b="Civilians", side_b_new_id=9999, deaths_civilians=1
    )
    ucdp_event(connection, 1, 2, best=5, high=9)
    ucdp_event(connection, 2, 2, is_withdrawn=True)
    ucdp_event(connection, 2, 3)
    ucdp_event(connection, 4, 3, date_start="2024-05-30", date_end="2024-06-02", adm_1=None, where_prec=6)
    # A long series of a known pattern, for the baselines of the trend.
    for week in range(60):
        # One, two and three events by turns, and one week of eight.
        for number in range(8 if week == 47 else 1 + week % 3):
            day = date(2022, 1, 3) + timedelta(days=7 * week + number % 7)
            ucdp_event(connection, 1000 + 10 * week + number, 1, date_start=day, date_end=day, year=day.year)
    for attempt, released in ((1, "2024-06-10"), (2, "2025-06-10"), (3, "2025-07-20")):
        insert(
            connection,
            "ledger.ucdp_release",
            release=f"2{3 + attempt}.1",
            kind="annual",
            period_start="2022-01-01",
            period_end="2024-12-31",
            released_at=released,
            payload_sha256=f"sha{attempt}",
            payload_key=f"2{3 + attempt}.1",
            attempt_id=attempt,
            recorded_at=RECORDED[attempt],
        )
        insert(
            connection,
            "ledger.coverage",
            feed="ucdp",
            source_release=f"2{3 + attempt}.1",
            country_iso3="MLI",
            period_start="2022-01-01",
            period_end="2024-12-31",
            is_final=True,
            recorded_at=RECORDED[attempt],
        )
        attempt_row(connection, attempt, "ucdp", "ged")


def attempt_row(
    connection: duckdb.DuckDBPyConnection, attempt: int, feed: str, stream: str, status: str = "ok"
) -> None:
    insert(
        connection,
        "ledger.load_attempt",
        attempt_id=attempt,
        run_id="run",
        feed=feed,
        stream=stream,
        partition_key="part",
        status=status,
        **dict.fromkeys(
            (
                "rows_parsed",
                "rows_loaded",
                "rows_unchanged",
                "rows_out_of_scope",
                "rows_quarantined",
                "rows_withdrawn",
            ),
            0,
        ),
        payloads=1,
        recorded_at="2025-01-08",
        started_at="2025-01-08",
        finished_at="2025-01-08",
    )


def load_gdelt(connection: duckdb.DuckDBPyConnection, attempt: int, slots: list[str]) -> None:
    """Two events in Mali and Niger and a mention of each, in every slot."""
    for slot in slots:
        instant = datetime.fromisoformat(slot)
        for place, fips in (("Gao, Gao, Mali", "ML"), ("Diffa, Diffa, Niger", "NG")):
            key = int(instant.timestamp()) + (fips == "NG")
            shared = {
                "global_event_id": key,
                "slot_at": instant,
                "is_translated": False,
                "payload_sha256": slot,
                "recorded_at": "2025-01-08",
                "is_withdrawn": False,
            }
            insert(
                connection,
                "raw.gdelt_event",
                sql_date=int(f"{instant:%Y%m%d}"),
                event_code="190",
                event_root_code="19",
                quad_class=4,
                date_added=int(f"{instant:%Y%m%d%H%M%S}"),
                action_geo_type=4,
                action_geo_full_name=place,
                action_geo_country_code=fips,
                source_url="https://example.org/a",
                attempt_id=attempt,
                **shared,
            )
            insert(
                connection,
                "raw.gdelt_mention",
                mention_time_date=int(f"{instant:%Y%m%d%H%M%S}"),
                mention_identifier="https://example.org/a",
                sentence_id=1,
                attempt_id=attempt + 1,
                **shared,
            )
        for stream in ("export", "mentions"):
            insert(
                connection,
                "ledger.gdelt_slot",
                slot_at=instant,
                stream=stream,
                state="fetched",
                checked_at="2025-01-08",
            )
    attempt_row(connection, attempt, "gdelt", "export")
    attempt_row(connection, attempt + 1, "gdelt", "mentions")


def load_news(connection: duckdb.DuckDBPyConnection, attempt: int, titles: dict[str, str]) -> None:
    for item, title in titles.items():
        insert(
            connection,
            "raw.news_item",
            feed_id="wire",
            item_id=item,
            url=f"https://example.org/{item}",
            title=title,
            published_at="2025-01-07 10:00",
            date_status="dated",
            publisher="Wire",
            language="en",
            reliability="high",
            payload_sha256="n",
            recorded_at="2025-01-08",
            attempt_id=attempt,
            content_hash=title,
            is_withdrawn=False,
        )
    attempt_row(connection, attempt, "news", "wire")


def contents(warehouse: Warehouse, table: str, without: str = "") -> list[tuple]:
    return warehouse.rows(
        f"select * exclude ({without}) from {table} order by all" if without else f"from {table} order by all"
    )


def test_dbt_opens_the_warehouse_with_the_configuration_of_the_loads() -> None:
    profile = yaml.safe_load((DBT_PROJECT / "profiles.yml").read_text(encoding="utf-8"))
    assert profile["sahel_monitor"]["outputs"]["warehouse"]["config_options"] == WAREHOUSE_CONFIG


def test_everything_builds_and_every_test_holds_on_an_empty_warehouse(warehouse: Warehouse) -> None:
    warehouse.empty()
    statuses = warehouse.dbt("build")
    assert bad(statuses) == {}
    assert len(statuses) > 350
    tables = warehouse.rows(
        "select schema_name || '.' || table_name from duckdb_tables() where schema_name = 'marts'"
    )
    assert len(tables) == len(list((DBT_PROJECT / "models" / "marts").glob("*.sql")))
    assert {warehouse.rows(f"select count(*) from {table}")[0][0] for (table,) in tables} == {0}


def test_events_as_known_follow_our_record(built: Warehouse) -> None:
    known = "select source_event_id, fatalities_best from core.events_as_known_on('{}') where source_event_id < '5' and length(source_event_id) = 1 order by 1"
    assert built.rows(known.format("2024-12-31")) == []
    assert built.rows(known.format("2025-01-01")) == [("1", 3), ("2", 1), ("3", 1)]
    assert built.rows(known.format("2025-01-05")) == [("1", 5), ("3", 1)]
    assert built.rows(known.format("2025-01-06")) == [("1", 5), ("2", 1), ("3", 1), ("4", 1)]


def test_events_as_published_follow_the_publisher(built: Warehouse) -> None:
    published = "select source_event_id from core.events_as_published_on(timestamp '{}') where length(source_event_id) = 1 order by 1"
    assert built.rows(published.format("2024-06-09")) == []
    assert built.rows(published.format("2024-12-31")) == [("1",), ("2",), ("3",)]
    assert built.rows(published.format("2025-06-11")) == [("1",), ("3",)]
    assert built.rows(published.format("2025-07-20")) == [("1",), ("2",), ("3",), ("4",)]


def test_known_today_is_fct_event(built: Warehouse) -> None:
    assert built.rows("select event_key from core.events_as_known_on('2099-01-01') order by 1") == built.rows(
        "select event_key from core.fct_event order by 1"
    )


def test_months_outside_the_coverage_have_no_row(built: Warehouse) -> None:
    found = built.rows(
        "select country_iso3, min(month), max(month), count(*) from marts.country_month group by 1"
    )
    assert found == [("MLI", date(2022, 1, 1), date(2024, 12, 1), 36)]
    assert built.rows("select events, provisional from marts.country_month where month = '2024-06-01'") == [
        (1, False)
    ]
    assert built.rows("select sum(events) from marts.admin1_month where admin1_id = 'MLI-unknown'") == [(1,)]


def test_baselines_agree_with_plain_python(built: Warehouse) -> None:
    """Every week of the series, against means and deviations computed without SQL."""
    found = built.rows(
        """select value, mean_4w, mean_52w, same_week_last_year, pct_change_4w, z_score, surge
           from marts.trend_week
           where area_kind = 'country' and area_id = 'MLI' and metric = 'events' and is_complete order by week"""
    )
    values = [row[0] for row in found]
    assert len(values) > 150
    for position, (value, mean_4w, mean_52w, last_year, change, z_score, surge) in enumerate(found):
        four, year, three_years = (values[max(0, position - weeks) : position] for weeks in (4, 52, 156))
        expected_4w = statistics.mean(four) if len(four) == 4 else None
        assert mean_4w == pytest.approx(expected_4w)
        assert mean_52w == pytest.approx(statistics.mean(year) if len(year) >= 39 else None)
        assert last_year == (values[position - 52] if position >= 52 else None)
        big_enough = expected_4w is not None and expected_4w >= 1
        assert change == pytest.approx(100 * (value / expected_4w - 1) if big_enough else None)
        assert surge == (None if expected_4w is None else big_enough and value >= 2 * expected_4w)
        deviation = statistics.stdev(three_years) if len(three_years) >= 117 else 0
        assert z_score == pytest.approx(
            (value - statistics.mean(three_years)) / deviation if deviation else None
        )
    assert any(row[6] for row in found) and any(row[5] for row in found)


def test_trends_of_years_are_those_reckoned_by_hand(copy_of_built: Warehouse) -> None:
    """Series that need a year of weeks or three; and the rules that the bench measures, against the table."""
    random = np.random.default_rng(5)
    series: dict[str, list[int | None]] = {
        "tripled": [1] * 52 + [3] * 4,
        "emerged": [0] * 52 + [1] * 4,
        # Mean 2 and deviation 1; the 99 lies more than 156 weeks back.
        "turns": [99] + [None] * 59 + [1, 3] * 58 + [2, 5],
        "flat": [2] * 117 + [5],
        "short": [1, 3] * 58 + [5],
        "stepped": [1] * 30 + [8] * 30,
        "stepped_in_the_lag": [1] * 30 + [8] * 30,
        "swinging": random.poisson(random.choice([0.5, 2, 8], 300)).tolist(),
    }
    rows = [
        (area, date(2015, 1, 5) + timedelta(weeks=number), value, area.endswith("lag") and number >= 30)
        for area, values in series.items()
        for number, value in enumerate(values)
        if value is not None
    ]
    with copy_of_built.open() as connection:
        connection.execute("delete from intermediate.int_trend__event_week")
        connection.executemany(
            """insert into intermediate.int_trend__event_week by name
               select 'ucdp' as source, 'MLI' as country_iso3, 'admin1' as area_kind, $1 as area_id,
                   $2::date as week, $3::bigint as events, $3::bigint as fatalities_best, true as is_complete,
                   $4::boolean as provisional, date '2025-01-01' as observed_until""",
            rows,
        )
    assert bad(copy_of_built.dbt("run", "--select", "int_trend__change_point", "trend_week")) == {}
    columns = "area_id, week, value, mean_52w, threat, pct_change_52w, change_class_52w, surge, z_score, z_score_weeks, is_change_point, change_point_ratio"
    table: dict[str, list[dict[str, Any]]] = {area: [] for area in series}
    for row in copy_of_built.rows(
        f"select {columns} from marts.trend_week where source = 'ucdp' and metric = 'events' and area_kind = 'admin1' order by week"
    ):
        told = dict(zip(columns.split(", "), row, strict=True))
        table[told["area_id"]].append(told)

    def last(area: str, column: str, weeks: int) -> list[Any]:
        return [row[column] for row in table[area][-weeks:]]

    # The month must have twice the year, which has seen a part of it: 2 against 1.038, then 2.5 against 1.077.
    assert last("tripled", "threat", 5) == [False, False, False, True, True]
    assert last("tripled", "mean_52w", 3) == pytest.approx([54 / 52, 56 / 52, 58 / 52])
    assert last("tripled", "pct_change_52w", 4)[:2] == pytest.approx([200, 100 * (3 * 52 / 54 - 1)])
    assert last("tripled", "change_class_52w", 5) == ["limited_change"] + ["large_increase"] * 4
    # Three quarters of a year are a baseline.
    assert [row["threat"] for row in table["tripled"][38:40]] == [None, False]
    # From nothing: not before a whole month has an event a week, and never a percentage.
    assert last("emerged", "threat", 4) == [False, False, False, True]
    assert set(last("emerged", "change_class_52w", 56)) == {None}
    assert [last(area, "z_score", 1)[0] for area in ("turns", "flat", "short")] == [
        pytest.approx(3),
        None,
        None,
    ]
    assert [last(area, "z_score_weeks", 1)[0] for area in ("turns", "flat", "short")] == [117, 117, 116]
    stepped = [
        (number, row["change_point_ratio"])
        for number, row in enumerate(table["stepped"])
        if row["is_change_point"]
    ]
    assert stepped == [(30, 8)]
    lagging = [row["is_change_point"] for row in table["stepped_in_the_lag"]]
    assert lagging == [False] * 30 + [None] * 30
    # The bench's rules in numpy, from where the longest baseline is whole.
    values = np.array(series["swinging"])
    expected = {name: rule(values)[156:].tolist() for name, rule in change_points.RULES.items()}
    found = table["swinging"][156:]
    assert [row["surge"] for row in found] == expected["surge"]
    assert [row["threat"] for row in found] == expected["threat"]
    assert [row["z_score"] >= 2 for row in found] == expected["z_score"]
    assert all(any(fires) and not all(fires) for fires in expected.values())


def test_a_build_in_steps_gives_what_a_full_build_gives(copy_of_built: Warehouse) -> None:
    """New rows of a new day and late rows of an old one, a rewritten headline, then nothing new."""
    warehouse = copy_of_built
    with warehouse.open() as connection:
        load_gdelt(connection, attempt=20, slots=["2025-01-06 12:00", "2025-01-08 00:15"])
        load_news(connection, attempt=22, titles={"2": "Niger signs alone"})
    tick = ("run", "--select", *(f"{name}+" for name in HISTORY))
    assert bad(warehouse.dbt(*tick)) == {}
    assert bad(warehouse.dbt(*tick)) == {}
    tables = {
        "intermediate.int_gdelt__country_day": "through_attempt_id",
        "intermediate.int_gdelt__mention_day": "through_attempt_id",
        "core.bridge_article_country": "",
        "marts.country_coverage_week": "",
        "marts.trend_week": "",
    }
    in_steps = {table: contents(warehouse, table, without) for table, without in tables.items()}
    assert warehouse.rows(
        "select slot_date, events from intermediate.int_gdelt__country_day where country_iso3 = 'NER' order by 1"
    ) == [
        (date(2025, 1, 6), 2),
        (date(2025, 1, 7), 1),
        (date(2025, 1, 8), 1),
    ]
    assert warehouse.rows(
        "select country_iso3 from core.bridge_article_country where article_id = 'wire:2'"
    ) == [("NER",)]
    assert bad(warehouse.dbt(*tick, "--full-refresh")) == {}
    assert {table: contents(warehouse, table, without) for table, without in tables.items()} == in_steps


def test_a_tick_reads_only_the_days_with_new_rows(copy_of_built: Warehouse) -> None:
    warehouse = copy_of_built
    with warehouse.open() as connection:
        load_gdelt(connection, attempt=20, slots=["2025-01-06 12:00"])
    warehouse.dbt("compile", "--select", "int_gdelt__country_day")
    models = warehouse.settings.dbt_work / "target" / "compiled" / "sahel_monitor" / "models"
    sql = (models / "intermediate" / "int_gdelt__country_day.sql").read_text(encoding="utf-8")
    assert "slot_at >= date '2025-01-06' and slot_at < date '2025-01-06' + interval 1 day" in sql
    assert "2025-01-07" not in sql


TAMPERING = {
    "country_months_add_up_to_events": "update marts.country_month set events = events + 1 where month = '2024-06-01'",
    "admin1_months_add_up_to_country_months": "delete from marts.admin1_month where admin1_id = 'MLI-unknown'",
    "trend_weeks_add_up_to_events": "update marts.trend_week set value = value + 1 where area_kind = 'actor' and metric = 'events'",
    "coverage_weeks_add_up_to_gdelt_days": "delete from marts.country_coverage_week where country_iso3 = 'MLI'",
    "every_event_has_two_sides": "delete from core.fct_event_actor where role = 'side_b' and event_key = 'ucdp:1'",
    "an_actor_stands_once_in_a_name": """insert into core.fct_event_version_actor
        select * replace ('Other' as actor_part_raw) from core.fct_event_version_actor where event_key = 'ucdp:1'""",
    "periods_of_a_scope_do_not_overlap": "insert into core.actor_scope_member values ('exact', 'jnim', 'jnim', '2020-01-01', null)",
    "every_event_has_one_current_version": "update core.fct_event_version set is_current = true where event_key = 'ucdp:1'",
    "what_is_known_now_is_what_the_marts_say": "update marts.actor_month set events = events + 1",
    "no_mart_row_lies_after_what_was_observed": "update marts.country_month set observed_until = '2023-01-01'",
    "units_of_admin1_months_are_known_or_marked_unknown": "update marts.admin1_month set admin1_id = 'ML-99' where admin1_id = 'ML-7'",
    "tactics_add_up_to_country_months": "update marts.tactics_targets_month set fatalities_best = 77 where month = '2024-06-01'",
    "perpetrators_add_up_to_country_months": "delete from marts.civilian_targeting_month where events > 0",
    "sets_of_events_are_what_marts_count": "delete from core.bridge_event_set where event_set = 'violence'",
    "actor_months_are_those_of_the_facts": "update marts.actor_month set ambiguous_events = ambiguous_events + 1",
    "actor_country_months_add_up_to_actor_months": "update marts.actor_country_month set events = events + 7",
    "shares_are_parts_of_the_events": "update marts.actor_share set denominator = denominator + 1",
    "territories_hold_the_precise_events": "update marts.actor_territory set first_date = first_date - 1",
    "footprints_hold_the_precise_events": "update marts.actor_footprint_month set southmost_latitude = 0",
    "attribution_is_judged_unless_a_person_joined": """insert into audit.source_agreement by name select
        'i-ucdp-3' as incident_id, date '2024-03-05' as date_start, 'ucdp, acled' as feeds, 2 as feed_count,
        0 as date_spread_days, false as is_deaths_disputed, false as is_class_disputed""",
    "every_event_tells_of_one_incident": "delete from core.bridge_incident_event where event_key = 'ucdp:3'",
    "no_score_joins_two_events_of_one_feed": "update core.bridge_incident_event set incident_id = 'i-ucdp-3', match_rule = 'score'",
    "dyad_months_add_up_to_events": "update marts.dyad_month set events = events + 1",
    "silences_are_those_of_dyad_months": "update marts.dyad_month set state = 'lull'",
    "first_events_are_those_of_territories": "update intermediate.int_actor__first_event set first_date = first_date - 1",
    "who_stands_for_an_alert_is_sent": "update marts.alert set suppressed_by = alert_id, suppression = 'covered'",
    # Of the tests in YAML, one of each kind.
    "estimates_are_ordered": "update core.fct_event set fatalities_low = 50 where event_key = 'ucdp:3'",
    "dates_are_ordered": "update core.fct_event set date_start = '2030-01-01' where event_key = 'ucdp:3'",
    "coordinates_are_on_earth": "update core.fct_event set latitude = 99 where event_key = 'ucdp:3'",
    "recorded_time_runs_forward": "update core.fct_event_version set recorded_to = '2000-01-01' where event_key = 'ucdp:1'",
    "classes_add_up_to_events": "update marts.country_month set events = events + 1 where month = '2024-06-01'",
    "nothing_read_is_null": "update marts.country_coverage_week set gdelt_events = null",
    "a_share_is_a_part_of_its_whole": "update marts.actor_share set numerator = denominator + 5",
    "quiet_states_keep_their_rule": "update marts.dyad_month set state = 'lull'",
    "weeks_begin_on_monday": "update marts.country_coverage_week set week = week + 1",
    "no_more_slots_than_expected": "update marts.country_coverage_week set slots_fetched = 10000",
    "unique_fct_event_event_key": "insert into core.fct_event from core.fct_event where event_key = 'ucdp:3'",
    "no_nulls_incident_evidence_weight__topic_weight": "update reference.incident_evidence set weight = null",
    "unique_together_country_month_source__country_iso3__month": "insert into marts.country_month from marts.country_month limit 1",
}


def test_every_check_on_sums_and_keys_can_fail(copy_of_built: Warehouse) -> None:
    warehouse = copy_of_built
    names = list(TAMPERING)
    before = warehouse.dbt("test", "--select", *names)
    tested = {check: name for name in names for check in before if check.split(".")[0] == name}
    assert set(tested.values()) == set(names)
    assert {before[check] for check in tested} == {"pass"}
    with warehouse.open() as connection:
        for statement in TAMPERING.values():
            connection.execute(statement)
    after = warehouse.dbt("test", "--select", *names)
    # A doubtful estimate is the source's own and warns; everything else is our mistake and stops the build.
    expected = {
        check: "warn" if name == "estimates_are_ordered" else "fail" for check, name in tested.items()
    }
    assert {check: after[check] for check in tested} == expected


def test_a_column_that_may_not_be_null_takes_none(built: Warehouse) -> None:
    """The contract's word is the table's own rule in the file, whatever writes to it."""
    promised = {
        (node["schema"], node["name"], column["name"])
        for node in manifest(built.settings)["nodes"].values()
        if node["resource_type"] == "model"
        for column in node["columns"].values()
        if "not_null" in {constraint["type"] for constraint in column["constraints"]}
    }
    kept = "select schema_name, table_name, column_name from duckdb_columns() where not is_nullable and not internal"
    found = {row for row in built.rows(kept) if row[0] in PUBLIC}
    assert len(promised) > 300
    assert found == promised


def test_a_null_where_none_may_be_fails_the_model_and_leaves_the_table_before(
    copy_of_built: Warehouse,
) -> None:
    warehouse = copy_of_built
    before = contents(warehouse, "core.dim_source")
    with warehouse.open() as connection:
        connection.execute("update reference.source set licence = null where feed = 'ucdp'")
    (node,) = warehouse.nodes("run", "--select", "dim_source")
    assert node.status == "error"
    assert "NOT NULL constraint failed" in node.message and "licence" in node.message
    assert contents(warehouse, "core.dim_source") == before


def test_every_published_table_and_column_is_described(built: Warehouse) -> None:
    models = [
        node
        for node in manifest(built.settings)["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] in PUBLIC
    ]
    assert len(models) == sum(len(list((DBT_PROJECT / "models" / schema).glob("*.sql"))) for schema in PUBLIC)
    assert all(model["config"]["contract"]["enforced"] for model in models)
    gaps = [model["name"] for model in models if not model["description"].strip()]
    gaps += [
        f"{model['name']}.{column['name']}"
        for model in models
        for column in model["columns"].values()
        if not column["description"].strip()
    ]
    assert gaps == []


def test_the_questions_run_on_an_empty_and_on_a_full_warehouse(copy_of_built: Warehouse) -> None:
    questions = sorted((ROOT / "queries").glob("*.sql"))
    answered = {path.stem: len(copy_of_built.rows(path.read_text(encoding="utf-8"))) for path in questions}
    # Two countries in two months, and one feed, have nothing to compare with; made and real homes answer these.
    assert {question for question, rows in answered.items() if not rows} == {
        "what_was_known",
        "what_sources_dispute",
        "first_appearances",
        "truces_and_rivalries",
        "where_next",
    }
