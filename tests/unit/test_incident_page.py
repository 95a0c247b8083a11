"""`sahel incident`: which incident an id means, what its page says, and what a beginner is told who asks in vain.

Here: the page over published files made by hand, the command, and the rule on persons' decisions. Not here: which
records make one incident (dbt unit tests).
"""

import csv
import io
import json
import re
from datetime import date
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from orchestration import cli, incident_page

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = "Ko\x1b[31mna\n,\x07 \u202etown"

VERSIONS = [
    # event, id, name, number, change, day recorded, withdrawn, release, place, days after 2024-03-01, deaths
    ("ucdp:1", "1", "MLI-1", 1, "new", 1, False, "24.0.1", HOSTILE, 0, (3, 5, 8)),
    ("ucdp:1", "1", "MLI-1", 2, "superseded", 2, False, "24.0.2", HOSTILE, 0, (3, 6, 8)),
    ("ucdp:1", "1", "MLI-1", 3, "revised", 3, False, "24.0.3", HOSTILE, 0, (3, 5, 8)),
    ("ucdp:1", "1", "MLI-1", 4, "reissued", 4, False, "24.1", HOSTILE, 0, (3, 5, 8)),
    ("acled:MLI2", "MLI2", None, 1, "new", 2, False, None, "Kona", 1, (None, 1200, None)),
    ("insecurity_insight:education:7", "7", None, 1, "new", 3, False, None, None, 0, (None, None, None)),
    ("insecurity_insight:health:7", "7", None, 1, "new", 3, False, None, None, 0, (None, 1, None)),
    ("acled:MLI3", "MLI3", None, 1, "new", 5, False, None, "Douentza", 40, (None, 0, None)),
    ("ucdp:9", "9", None, 1, "new", 1, False, "24.0.1", "Kona", 2, (0, 1, 1)),
    ("ucdp:9", "9", None, 2, "withdrawn", 3, True, "24.0.3", "Kona", 2, (0, 1, 1)),
    ("ucdp:9", "9", None, 3, "reissued", 4, True, "24.1", "Kona", 2, (0, 1, 1)),
    ("insecurity_insight:health:1", "1", None, 1, "new", 3, False, None, None, 300, (None, 0, None)),
    ("insecurity_insight:aid_workers:9", "9", None, 1, "new", 3, False, None, None, 300, (None, 0, None)),
]
BRIDGE = [
    # incident, event, rule, linked, evidence: (level, weight) of time, distance, place name, actors, class, deaths
    ("i-ucdp-1", "ucdp:1", "anchor", None, None),
    (
        *("i-ucdp-1", "acled:MLI2", "score", "ucdp:1"),
        [("one_day_off", -1.0), ("near", 1.5), ("same", 1.0), ("both", 1.5), ("same", 1.0), ("far", -4.0)],
    ),
    ("i-ucdp-1", "insecurity_insight:education:7", "confirmed", "acled:MLI2", None),
    ("i-ucdp-1", "insecurity_insight:health:7", "publisher_id", "insecurity_insight:education:7", None),
    ("i-acled-MLI3", "acled:MLI3", "anchor", None, None),
    ("i-insecurity_insight-health-1", "insecurity_insight:health:1", "anchor", None, None),
    ("i-insecurity_insight-aid_workers-9", "insecurity_insight:aid_workers:9", "anchor", None, None),
]
SIDES = [
    # event, version, role, raw, part, actor, method, ambiguous
    ("ucdp:1", 4, "side_a", "JNIM and/or IS", None, "jnim", "alias", True),
    ("ucdp:1", 4, "side_a", "JNIM and/or IS", None, "islamic_state", "split_rule", True),
    ("ucdp:1", 4, "side_b", "Gov\x1b[2Jernment", None, "army", "ucdp_id", False),
    ("acled:MLI2", 1, "side_a", "Masked men", "men", None, "none", False),
    ("acled:MLI2", 1, "side_b", None, None, "civilians", "source_kind", True),
    ("acled:MLI2", 1, "associate_a", "GATIA, MSA", None, "gatia", "alias_normalised", False),
    ("acled:MLI2", 1, "associate_a", "GATIA, MSA", None, "msa", "ucdp_list", False),
    ("ucdp:9", 3, "side_a", "JNIM", None, "jnim", "alias", False),
]
DECISIONS = [
    (
        "confirmed",
        "acled:MLI2",
        "insecurity_insight:education:7",
        "R. \x1b[1mReader",
        "One\nschool",
        "in_force",
    ),
    ("confirmed", "ucdp:1", "ucdp:404", "R. Reader", "mistyped", "unknown_event"),
    ("denied", "ucdp:9", "ucdp:1", "R. Reader", "two raids", "withdrawn_event"),
    ("confirmed", "ucdp:1", "acled:MLI3", "R. Reader", "kept apart", "overruled"),
    ("denied", "acled:MLI3", "ucdp:5", "S", "not of this page", "in_force"),
]


def publish(home: Path, then: str | None = None, rows: bool = True) -> Path:
    """A published file with this history; ``then`` is SQL that makes it different."""
    path = home / "published" / "sahel.duckdb"
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(TABLES)
        if rows:
            fill(connection)
        connection.execute(EVENTS)
        if then:
            connection.execute(then)
    return path


def fill(connection: duckdb.DuckDBPyConnection) -> None:
    for event, own_id, name, number, change, day, gone, release, place, after, deaths in VERSIONS:
        feed = event.partition(":")[0]
        connection.execute(
            """insert into version select
                   $event || ':' || $number, $event, $number, $change, date '2024-06-01' + $day, $gone, $feed, $own_id,
                   $name, $release, date '2024-03-01' + $after, date '2024-03-01' + $after + $span, $place,
                   case when $place is not null then 14.9 + $after / 100 end, case when $place is not null then -3.9 end,
                   $low, $best, $high, cast($day as bigint), date '2024-06-01' + $first""",
            {
                **{
                    "event": event,
                    "number": number,
                    "change": change,
                    "day": day,
                    "gone": gone,
                    "feed": feed,
                },
                **{"own_id": own_id, "name": name, "release": release, "place": place, "after": after},
                **dict(zip(("low", "best", "high"), deaths, strict=True)),
                "span": 1 if event == "ucdp:1" else 0,
                "first": next(row[5] for row in VERSIONS if row[0] == event),
            },
        )
    for incident, event, rule, linked, evidence in BRIDGE:
        levels = [cell for pair in evidence or [(None, None)] * 6 for cell in pair]
        weight = 1 + sum(weight for _, weight in evidence) if evidence else None
        connection.execute(
            f"insert into core.bridge_incident_event values ({', '.join('?' * 21)})",
            [
                *(incident, event, event.partition(":")[0], rule, evidence and 0.667, linked, weight),
                *(*levels, evidence and 1, evidence and 1.234),
            ],
        )
    for row in SIDES:
        connection.execute("insert into side values (?, ?, ?, ?, ?, ?, ?, ?)", row)
    for row in DECISIONS:
        connection.execute(
            "insert into audit.incident_decision values (?, ?, ?, ?, date '2026-01-05', ?, ?)", row
        )


TABLES = """
    create schema core; create schema audit;
    create table version (
        event_version_key varchar, event_key varchar, version_number bigint, change_kind varchar, recorded_from timestamp,
        is_withdrawn boolean, feed varchar, source_event_id varchar, source_event_name varchar, source_release varchar,
        date_start date, date_end date, place_name varchar, latitude double, longitude double, fatalities_low integer,
        fatalities_best integer, fatalities_high integer, attempt_id bigint, first_recorded_at timestamp);
    create table side (
        event_key varchar, version_number bigint, role varchar, actor_name_raw varchar, actor_part_raw varchar,
        actor_id varchar, match_method varchar, is_ambiguous boolean);
    create table core.bridge_incident_event (
        incident_id varchar, event_key varchar, feed varchar, match_rule varchar, match_score double,
        linked_event_key varchar, match_weight double, time_level varchar, time_weight double, distance_level varchar,
        distance_weight double, place_name_level varchar, place_name_weight double, actors_level varchar,
        actors_weight double, class_level varchar, class_weight double, deaths_level varchar, deaths_weight double,
        days_apart bigint, km_apart double);
    create table audit.incident_decision (
        decision varchar, event_key_a varchar, event_key_b varchar, decided_by varchar, decided_date date,
        reason varchar, outcome varchar);
    create table core.dim_actor as
    select unnest(['jnim', 'islamic_state', 'army', 'civilians', 'gatia', 'msa']) as actor_id,
        unnest(['JNIM', 'Islamic State', 'Army', 'Civilians', 'GATIA', 'MSA']) as actor_name;
    create table core.dim_incident_evidence (part varchar, level varchar, meaning varchar);
    insert into core.dim_incident_evidence values
        ('prior', 'any_pair', 'Any two records'), ('time', 'one_day_off', 'A day apart'),
        ('distance', 'near', 'Near'), ('deaths', 'far', 'Many more');
    create table core.dim_source as
    select unnest(['ucdp', 'acled', 'gdelt', 'insecurity_insight']) as feed,
        unnest(['UCDP', 'ACLED', 'GDELT', 'SiND']) as source_name,
        unnest(['CC BY 4.0', 'no redistribution', 'open', 'CC BY-SA']) as licence,
        unnest(['Cite UCDP.', 'Cite ACLED.', 'Cite GDELT.', null]) as attribution;
    create table audit.load_history as select cast(2 as bigint) as attempt_id, 'sync of 2024-06-03' as partition_key;
"""
EVENTS = """
    create table core.fct_event_version as
    select *, recorded_from as released_at, 'MLI' as country_iso3, 'Mopti' as admin1_name, 1 as date_precision, 1 as where_precision,
        event_key = 'acled:MLI2' as is_coordinate_centroid,
        case when feed <> 'insecurity_insight' then 'one_sided' end as violence_class,
        case when feed = 'acled' then 'attack_on_civilians' end as tactic, null as target_class,
        case when feed = 'acled' then 'Attack' end as source_event_type, 'Told.' as event_description
    from version;
    create table core.fct_event as
    select arg_max(v, v.version_number) as v from core.fct_event_version as v group by v.event_key;
    create or replace table core.fct_event as select unnest(v) from core.fct_event where not v.is_withdrawn;
    create table core.fct_event_version_actor as
    select event_key || ':' || version_number as event_version_key, * exclude (event_key, version_number),
        false as is_joint, false as is_perpetrator
    from side;
    create table core.fct_event_actor as
    select event_key, * exclude (event_key, version_number), false as is_joint, false as is_perpetrator
    from side where event_key in (select event_key from core.fct_event);
    create table core.fct_incident as
    select
        bridge.incident_id,
        any_value(event.date_start) filter (where match_rule = 'anchor') as date_start,
        any_value(event.date_end) filter (where match_rule = 'anchor') as date_end,
        any_value(event.event_key) filter (where match_rule = 'anchor') as date_event_key,
        'MLI' as country_iso3, 'Mopti' as admin1_name,
        any_value(event.place_name) filter (where match_rule = 'anchor') as place_name,
        any_value(event.latitude) filter (where match_rule = 'anchor') as latitude,
        any_value(event.longitude) filter (where match_rule = 'anchor') as longitude,
        25 as radius_km, false as is_coordinate_centroid, date_event_key as place_event_key,
        'one_sided' as violence_class, date_event_key as class_event_key,
        count(distinct event.feed) as feed_count, string_agg(distinct event.feed, '; ') as feeds, count(*) as event_count,
        max(fatalities_low) filter (where event.feed = 'ucdp') as fatalities_ucdp_low,
        max(fatalities_best) filter (where event.feed = 'ucdp') as fatalities_ucdp,
        max(fatalities_high) filter (where event.feed = 'ucdp') as fatalities_ucdp_high,
        max(fatalities_best) filter (where event.feed = 'acled') as fatalities_acled,
        max(fatalities_best) filter (where event.feed = 'insecurity_insight') as fatalities_insecurity_insight,
        min(event.first_recorded_at) as first_recorded_at, max(event.recorded_from) as recorded_at
    from core.bridge_incident_event as bridge inner join core.fct_event as event using (event_key)
    group by bridge.incident_id;
    create table audit.source_agreement as
    select incident_id, 2 as date_spread_days, 7.25 as distance_spread_km, true as is_deaths_disputed,
        1200 as fatalities_acled, 3 as fatalities_ucdp_low, 8 as fatalities_ucdp_high, true as is_class_disputed,
        true as is_attribution_disputed, 'jnim' as actors_ucdp, 'Masked ' || chr(27) || 'men' as actors_acled,
        cast(null as varchar) as actors_insecurity_insight
    from core.fct_incident where feed_count > 1;
"""


def ask(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["incident", *arguments, "--home", str(home)])


@pytest.fixture(autouse=True)
def at_home(home: Path, frozen_now) -> None:
    """Every command here works on an empty home at a fixed time."""


@pytest.fixture
def told(home: Path) -> str:
    publish(home)
    result = ask(home, "i-ucdp-1")
    assert result.exit_code == 0, result.output
    return result.stdout


# What an id means


@pytest.mark.parametrize(
    ("asked", "event_key", "incident_id"),
    [
        ("i-ucdp-1", "ucdp:1", "i-ucdp-1"),
        ("ucdp:1", "ucdp:1", "i-ucdp-1"),
        (" I-UCDP-1 ", "ucdp:1", "i-ucdp-1"),
        ("mli-1", "ucdp:1", "i-ucdp-1"),
        ("acled:mli2", "acled:MLI2", "i-ucdp-1"),
        ("MLI2", "acled:MLI2", "i-ucdp-1"),
        ("i-acled-MLI2", "acled:MLI2", "i-ucdp-1"),
        ("insecurity_insight:health:7", "insecurity_insight:health:7", "i-ucdp-1"),
        ("i-insecurity_insight-education-7", "insecurity_insight:education:7", "i-ucdp-1"),
        ("7", "insecurity_insight:education:7", "i-ucdp-1"),
        ("9", "insecurity_insight:aid_workers:9", "i-insecurity_insight-aid_workers-9"),
        ("ucdp:9", "ucdp:9", None),
        ("i-ucdp-9", "ucdp:9", None),
    ],
)
def test_an_id_leads_to_the_incident_that_its_record_tells_of_today(
    home: Path, asked: str, event_key: str, incident_id: str | None
) -> None:
    with duckdb.connect(str(publish(home)), read_only=True) as reader:
        found = incident_page.find(reader, asked)
    assert (found.event_key, found.incident_id) == (event_key, incident_id)


def test_an_id_that_several_publishers_use_is_not_guessed(home: Path) -> None:
    publish(home)
    result = ask(home, "1")
    assert result.exit_code == 1
    assert result.stderr == (
        "sahel: '1' may mean insecurity_insight:health:1, ucdp:1; ask for one of them by its event key\n"
    )


def test_of_many_meanings_some_are_named(home: Path) -> None:
    publish(home, "update core.fct_event_version set source_event_id = 'x'")
    with duckdb.connect(str(home / "published" / "sahel.duckdb"), read_only=True) as reader:
        known = reader.execute(
            "select count(distinct event_key) from core.fct_event_version semi join core.bridge_incident_event using (event_key)"
        ).fetchone()[0]
    more = known - incident_page.MOST_MEANT
    assert more > 0
    assert f"or {more} more; ask for one of them" in ask(home, "x").stderr


@pytest.mark.parametrize(
    "asked", ["nope", "i-ucdp-404", "i-", "ucdp", "'; drop table core.fct_event; --", "\x1b[2J"]
)
def test_an_unknown_id_is_told_in_one_line_with_where_to_find_one(home: Path, asked: str) -> None:
    publish(home)
    result = ask(home, asked)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"sahel: no event or incident is called {incident_page.plain(asked)!r}; write an id such as acled:MLI2, "
        "and find one with `sahel query one_incident_many_reports`\n"
    )
    assert "\x1b" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_without_any_incident_it_says_how_to_come_by_some(home: Path) -> None:
    publish(home, rows=False)
    result = ask(home, "ucdp:1")
    assert result.exit_code == 1
    assert "holds no incident; load events first" in result.stderr


@pytest.mark.parametrize("asked", ["", "  "])
def test_an_empty_id_is_wrong_usage(home: Path, asked: str) -> None:
    result = ask(home, asked)
    assert result.exit_code == 2
    assert "an empty ID; write e.g. i-ucdp-123" in result.stderr


def test_wrong_usage_is_told_before_anything_is_read(home: Path) -> None:
    assert ask(home).exit_code == 2
    assert ask(home, "ucdp:1", "acled:MLI2").exit_code == 2
    assert ask(home, "ucdp:1", "--format", "xml").exit_code == 2


def test_without_a_published_file_it_says_the_same_as_a_query(home: Path) -> None:
    result = ask(home, "ucdp:1")
    query = CliRunner().invoke(cli.main, ["query", "select 1", "--home", str(home)])
    assert (result.exit_code, result.stderr) == (1, query.stderr)
    assert "nothing is published" in result.stderr


def test_a_file_from_before_there_were_incidents_is_told_to_be_renewed(home: Path) -> None:
    publish(home, "drop table audit.incident_decision")
    result = ask(home, "ucdp:1")
    assert result.exit_code == 1
    assert "incident_decision" in result.stderr
    assert "too old: `sahel build` and `sahel publish` renew it" in result.stderr
    assert len(result.stderr.splitlines()) == 1


# The page


def test_what_is_held_to_be_so_names_the_records_that_it_is_from(told: str) -> None:
    assert told.splitlines()[:7] == [
        "i-ucdp-1",
        "  days    2024-03-01 to 2024-03-02, as ucdp:1 says",
        "  place   Ko [31mna , town, Mopti, MLI (14.9000, -3.9000), up to 25 km off, as ucdp:1 says",
        "  class   one_sided, as ucdp:1 says",
        "  actors  Army (army); Civilians (civilians); Islamic State (islamic_state); JNIM (jnim)",
        "  deaths  UCDP 5 (3 to 8) | ACLED 1,200 | Insecurity Insight, of its topics only, 1",
        "  told    by 4 records of 3 feeds; first recorded 2024-06-02 00:00, newest version 2024-06-05 00:00",
    ]


def test_nothing_in_it_steers_a_terminal(told: str) -> None:
    assert all(sign.isprintable() or sign == "\n" for sign in told)
    assert "\u202e" not in told


def test_another_id_of_the_incident_is_told_to_be_of_it(home: Path) -> None:
    publish(home)
    lines = ask(home, "i-acled-MLI2").stdout.splitlines()
    assert lines[:2] == [
        "i-ucdp-1",
        "asked for i-acled-MLI2: the record acled:MLI2 tells of this incident",
    ]


def test_each_record_says_what_its_source_says(told: str) -> None:
    first = told.partition("  ucdp:1  (ucdp, its id 1)\n")[2].partition("\n\n")[0].splitlines()
    assert first == [
        "    days         2024-03-01 to 2024-03-02",
        "    place        Ko [31mna , town, Mopti, MLI (14.9000, -3.9000), the chosen point",
        '    side A       "JNIM and/or IS" is Islamic State (islamic_state, an umbrella, told apart by area and date) '
        "or JNIM (jnim, by the name)",
        '    side B       "Gov [2Jernment" is Army (army, by the UCDP id)',
        "    deaths       5 (3 to 8)",
        "    kind         one_sided; tactic not told",
        "    recorded     2024-06-02 00:00; 3 versions, last revised 2024-06-04 00:00 by ucdp (24.0.3)",
        "    link         none: the first that we knew, by which the incident is named",
    ]
    assert (
        "    place        Kona, Mopti, MLI (14.9100, -3.9000), 1.1 km from the chosen point (a centroid, no place)"
        in told
    )
    assert '    side A       "Masked men" is nobody whom the registry knows (men)' in told
    assert (
        '    side B       "(no name)" is Civilians (civilians, by the kind that the source states) or another'
        in told
    )
    assert (
        '    with side A  "GATIA, MSA" is GATIA (gatia, by the name, spelt otherwise) and MSA (msa, only on the UCDP'
        " actor list)" in told
    )
    assert "    kind         one_sided; tactic attack_on_civilians; its source's type: Attack" in told
    assert "    place        Mopti, MLI, without coordinates" in told
    assert "    deaths       no number" in told


def test_a_link_claims_no_more_than_the_evidence() -> None:
    link = {
        "match_rule": "score",
        "linked_event_key": "ucdp:1",
        "match_score": 0.5,
        "match_weight": 0,
        "evidence": [],
    }
    assert incident_page.link_lines(link) == [
        "    link         to ucdp:1: the evidence is as much for one incident as against it, and nothing fits better",
        "                 probability 0.500, weight +0 = the sum of",
    ]
    assert (
        "probability above 0.999, weight +16"
        in incident_page.link_lines(link | {"match_score": 1 - 2**-16, "match_weight": 16})[1]
    )
    assert (
        "probability 0.985" in incident_page.link_lines(link | {"match_score": 0.9846, "match_weight": 6})[1]
    )


def test_each_link_says_by_what_rule_and_what_spoke_for_it(told: str) -> None:
    link = told.partition("    link         to ucdp:1: ")[2].partition("\n\n")[0].splitlines()
    assert link == [
        "the evidence is rather for one incident than against it",
        "                 probability 0.667, weight +1 = the sum of",
        "                    +1  prior: Any two records",
        "                    -4  deaths: Many more",
        "                  +1.5  distance: Near (1.2 km)",
        "                  +1.5  actors: both",
        "                    -1  time: A day apart (1 day apart)",
        "                    +1  place name: same",
        "                    +1  class: same",
    ]
    assert (
        "    link         to acled:MLI2: a person found them to be one incident\n"
        "                 R. [1mReader, 2026-01-05: One school\n"
        "                 not compared by score\n" in told
    )
    assert (
        "to insecurity_insight:education:7: their publisher gives both the same id, in several topics" in told
    )


def test_what_the_sources_dispute_is_said_by_kind(told: str, home: Path) -> None:
    lines = told.partition("what the sources dispute:\n")[2].partition("\n\n")[0].splitlines()
    assert lines == [
        "  days: up to 2 days apart",
        "  place: up to 7.2 km apart",
        "  deaths: ACLED's 1,200 lies outside UCDP's 3 to 8",
        "  class of violence: acled one_sided, insecurity_insight unclassified, ucdp one_sided",
        "  who: ucdp names jnim | acled names Masked men",
    ]
    assert "what the sources dispute:\n  only one feed tells of it\n" in ask(home, "acled:MLI3").stdout


def test_agreement_is_said_too(home: Path) -> None:
    publish(
        home,
        """update audit.source_agreement set date_spread_days = 0, distance_spread_km = null, is_deaths_disputed = false,
               is_class_disputed = null, is_attribution_disputed = false""",
    )
    assert (
        "dispute:\n  nothing that we compare: days, place, deaths, class, sides\n"
        in ask(home, "ucdp:1").stdout
    )


def test_decisions_on_its_records_are_told_also_where_they_do_nothing(told: str) -> None:
    lines = told.partition("what persons decided:\n")[2].partition("\n\n")[0].splitlines()
    assert lines == [
        "  confirmed: acled:MLI2 and insecurity_insight:education:7, R. [1mReader, 2026-01-05: One school",
        "  confirmed: ucdp:1 and acled:MLI3, R. Reader, 2026-01-05: kept apart "
        "(without effect: a denied pair keeps the two apart)",
        "  confirmed: ucdp:1 and ucdp:404, R. Reader, 2026-01-05: mistyped "
        "(without effect: no feed loaded here ever told of one of the two)",
        "  denied: ucdp:9 and ucdp:1, R. Reader, 2026-01-05: two raids (without effect: one of the two was withdrawn)",
    ]


def test_it_says_how_to_undo_each_link_in_lines_that_the_lists_take(told: str, frozen_now) -> None:
    lines = told.partition("to undo or make a link:\n")[2].partition("\n\n")[0].splitlines()
    day = frozen_now.date()
    denied = f"acled:MLI2,YOUR-NAME,{day},WHY"
    assert (
        lines[0]
        == "  to keep two of them apart, add its line to dbt_project/seeds/incident_links_denied.csv:"
    )
    assert lines[1] == f"    ucdp:1,{denied}"
    assert lines[3] == (
        "  to undo what a person confirmed, delete its line from dbt_project/seeds/incident_links_confirmed.csv:"
    )
    assert lines[4] == "    acled:MLI2,insecurity_insight:education:7,…"
    for path in (incident_page.DENIED, incident_page.CONFIRMED):
        header = (ROOT / path).read_text(encoding="utf-8").splitlines()[0].split(",")
        (row,) = csv.reader(io.StringIO(lines[1].strip()))
        named = dict(zip(header, row, strict=True))
        assert (named["event_key_a"], named["event_key_b"]) == ("ucdp:1", "acled:MLI2")
        assert date.fromisoformat(named["decided_date"]) == day
    assert f"    ucdp:1,ITS-EVENT-KEY,YOUR-NAME,{day},WHY" in lines


def test_an_incident_of_one_record_has_nothing_to_undo(home: Path) -> None:
    publish(home)
    lines = ask(home, "acled:MLI3").stdout.partition("to undo or make a link:\n")[2].splitlines()
    assert lines[0].startswith("  to join a record that is missing here")


def test_its_sources_are_attributed_and_no_others(told: str) -> None:
    assert told.endswith(
        "sources, whose figures are never added up:\n"
        "  acled: ACLED, no redistribution. Cite ACLED.\n"
        "  insecurity_insight: SiND, CC BY-SA\n"
        "  ucdp: UCDP, CC BY 4.0. Cite UCDP.\n"
    )


def test_what_is_imprecise_or_not_known_is_said_so(home: Path) -> None:
    publish(
        home,
        """update core.fct_incident set is_coordinate_centroid = true, latitude = null, fatalities_acled = null,
               place_name = null, admin1_name = null, country_iso3 = null, violence_class = null;
           delete from core.fct_event_actor""",
    )
    told = ask(home, "acled:MLI3").stdout
    assert "  place   no place, without coordinates, the middle of an area, no place: up to 25 km off" in told
    assert "  class   unclassified" in told
    assert "  actors  none that the registry knows" in told
    assert "  deaths  no source gives a number" in told


# Withdrawn


def test_a_withdrawn_anchor_says_when_by_what_and_what_it_said_last(home: Path) -> None:
    publish(home)
    result = ask(home, "i-ucdp-9")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[:2] == [
        "ucdp:9 was withdrawn by ucdp (24.0.3), as we recorded on 2024-06-04 00:00; no incident holds it now",
        "asked for i-ucdp-9, which means that event",
    ]
    assert "    days         2024-03-03" in lines
    assert '    side A       "JNIM" is JNIM (jnim, by the name)' in lines
    assert "    deaths       1 (0 to 1)" in lines
    assert (
        "    recorded     2024-06-02 00:00; 3 versions, last withdrawn 2024-06-04 00:00 by ucdp (24.0.3)"
        in lines
    )
    near = result.stdout.partition("what others tell of within 3 days and 50 km:\n")[2].splitlines()[0]
    assert near.startswith("  i-ucdp-1  2024-03-01 to 2024-03-02, ")
    assert "2.2 km from it" in near
    assert "i-acled-MLI3" not in result.stdout


def test_a_withdrawn_event_with_nothing_near_says_no_more(home: Path) -> None:
    publish(home, "update core.fct_incident set date_end = date_start - 100, date_start = date_start - 100")
    told = ask(home, "ucdp:9").stdout
    assert "asked for" not in told
    assert "what others tell" not in told


def test_a_withdrawal_without_a_release_is_named_by_its_sync(home: Path) -> None:
    publish(
        home,
        "update core.fct_event_version set source_release = null, attempt_id = 2 where event_key = 'ucdp:9'",
    )
    assert ask(home, "ucdp:9").stdout.startswith(
        "ucdp:9 was withdrawn by ucdp (sync of 2024-06-03), as we recorded on"
    )
    publish_again = home / "published" / "sahel.duckdb"
    with duckdb.connect(str(publish_again)) as connection:
        connection.execute("delete from audit.load_history")
    assert ask(home, "ucdp:9").stdout.startswith("ucdp:9 was withdrawn, as we recorded on 2024-06-04")


# For machines


def test_json_holds_all_of_the_page(home: Path) -> None:
    publish(home)
    page = json.loads(ask(home, "acled:MLI2", "--format", "json").stdout)
    assert (page["asked"], page["event_key"], page["incident"]["incident_id"]) == (
        "acled:MLI2",
        "acled:MLI2",
        "i-ucdp-1",
    )
    assert [record["event_key"] for record in page["records"]] == [row[1] for row in BRIDGE[:4]]
    link = page["records"][1]["link"]
    assert (link["match_rule"], link["match_weight"], link["linked_event_key"]) == ("score", 1.0, "ucdp:1")
    assert sum(part["weight"] for part in link["evidence"]) == pytest.approx(link["match_weight"])
    assert page["records"][0]["place_name"] == HOSTILE
    assert page["agreement"]["date_spread_days"] == 2
    assert page["decisions"][0]["outcome"] == "in_force"
    assert json.loads(ask(home, "ucdp:9", "--format", "json").stdout)["incident"] is None


def test_made_data_say_so(home: Path) -> None:
    publish(home)
    (home / "MADE_WORLD.txt").write_text("made\n", encoding="utf-8")
    assert ask(home, "ucdp:1").stdout.startswith("Made data")
    result = ask(home, "ucdp:1", "--format", "json")
    assert result.stderr.startswith("Made data")
    assert json.loads(result.stdout)


# Persons' decisions


@pytest.mark.parametrize(
    ("confirmed", "denied", "twice"),
    [
        ([("a", "b")], [("a", "c")], []),
        ([("a", "b")], [("a", "b")], [("a", "b", 2)]),
        ([("b", "a")], [("a", "b")], [("a", "b", 2)]),
        ([("b", "a"), ("a", "b")], [], [("a", "b", 2)]),
        ([], [], []),
    ],
)
def test_a_pair_cannot_be_confirmed_and_denied(confirmed: list, denied: list, twice: list) -> None:
    sql = (ROOT / "dbt_project/tests/no_pair_of_events_is_decided_twice.sql").read_text(encoding="utf-8")
    with duckdb.connect() as connection:
        for name, pairs in (("incident_links_confirmed", confirmed), ("incident_links_denied", denied)):
            connection.execute(f"create table {name} (event_key_a varchar, event_key_b varchar)")
            for pair in pairs:
                connection.execute(f"insert into {name} values (?, ?)", pair)
        assert connection.execute(re.sub(r"\{\{ ref\('(\w+)'\) \}\}", r"\1", sql)).fetchall() == twice
