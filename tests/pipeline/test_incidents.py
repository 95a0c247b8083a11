"""Incidents over time and in real records: what is loaded again is matched again, and names and decisions stay.

Here: a made home at two visits, a rebuild, decisions of persons, and the real files of UCDP and Insecurity Insight. Not
here: the rules one by one (tests/unit/dbt/test_incident_membership.py), and how good the links are (bench).
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest

from orchestration import steps
from orchestration.made_world import WORLD_END, Publishers, World, serve
from orchestration.records import LoadRequest
from orchestration.settings import MADE_MARKER, Settings
from orchestration.steps import batches
from tests.served import rows_of
from tests.shortcuts import VersionModels, no_checks

FEEDS = ("ucdp", "acled", "insecurity_insight")
FIRST_VISIT = WORLD_END - timedelta(days=61)
BRIDGE = "from core.bridge_incident_event order by event_key"
EVENTS = """select event_key, date_start, date_end, fatalities_best, latitude, longitude, first_recorded_at
            from core.fct_event"""

Told = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Visit:
    """What stood in the warehouse after a build: the bridge and the events, by event_key."""

    links: Told
    events: Told

    @cached_property
    def incidents(self) -> dict[str, set[str]]:
        found = defaultdict(set)
        for key, link in self.links.items():
            found[link["incident_id"]].add(key)
        return dict(found)

    def name_of(self, key: str) -> str:
        return self.links[key]["incident_id"]


def told(settings: Settings, sql: str) -> Told:
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        answer = connection.execute(sql)
        names = [column[0] for column in answer.description]
        return {
            row["event_key"]: row for row in (dict(zip(names, one, strict=True)) for one in answer.fetchall())
        }


def look(settings: Settings) -> Visit:
    return Visit(told(settings, BRIDGE), told(settings, EVENTS))


def decision(a: str, b: str) -> str:
    return f"""select '{a}' as event_key_a, '{b}' as event_key_b, 'A. Person' as decided_by,
               date '2026-06-01' as decided_date, 'a made decision' as reason"""


@dataclass(frozen=True)
class History:
    settings: Settings
    first: Visit
    second: Visit
    rebuilt: Visit
    confirmed: tuple[str, str]
    denied: tuple[str, str]
    decided: tuple[Visit, Visit]
    """Both visits once more, with a decision of each kind that was taken at the first."""


@pytest.fixture(scope="module")
def history(incident_models: VersionModels, tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    home = tmp_path_factory.mktemp("incidents")
    (home / MADE_MARKER).write_text("made\n")
    publishers = Publishers(World(seed=5, scale=0.25, rows_per_slot=2), as_of=FIRST_VISIT, gdelt_windows=())
    with serve(publishers) as served, mock.patch.object(batches.gx_audit, "run", no_checks):
        environment = {**served.environment(), "SAHEL_FEEDS": ",".join(FEEDS)}

        def load(at: datetime) -> Settings:
            publishers.as_of = at
            settings = replace(Settings.from_env(home, environ=environment), fixed_now=at)
            for feed in FEEDS:
                report = steps.load(steps.Run(settings), LoadRequest(feed))
                assert not report.failed, report.problems
            return settings

        def build(**seeds: str) -> Visit:
            incident_models.build(settings, seeds)
            return look(settings)

        settings = load(FIRST_VISIT)
        first = build()
        confirmed, denied = to_confirm(first), to_deny(first)
        decisions = {
            "incident_links_confirmed": decision(*confirmed),
            # The other way round than the model has it.
            "incident_links_denied": decision(*reversed(denied)),
        }
        decided = [build(**decisions)]
        settings = load(WORLD_END)
        decided.append(build(**decisions))
        second = build()
        steps.rebuild(steps.Run(settings))
        yield History(settings, first, second, build(), confirmed, denied, (decided[0], decided[1]))


def to_confirm(visit: Visit) -> tuple[str, str]:
    """Two UCDP events that are incidents of their own, years apart: nothing but a person would join them."""
    alone = sorted(
        (visit.events[key]["date_start"], key)
        for keys in visit.incidents.values()
        if len(keys) == 1
        for key in keys
        if key.startswith("ucdp:")
    )
    return alone[0][1], alone[-1][1]


def to_deny(visit: Visit) -> tuple[str, str]:
    """The best link between UCDP and ACLED."""
    link = max(
        (one for one in visit.links.values() if one["match_rule"] == "score" and one["feed"] == "acled"),
        key=lambda one: (one["match_weight"], one["event_key"]),
    )
    return link["linked_event_key"], link["event_key"]


def test_every_event_is_in_one_incident_at_each_visit(history: History) -> None:
    for visit in (history.first, history.second):
        assert visit.links.keys() == visit.events.keys()
        assert {link["feed"] for link in visit.links.values()} == set(FEEDS)
    rules = Counter(link["match_rule"] for link in history.second.links.values())
    assert rules.keys() >= {"anchor", "score", "part"}
    assert len(history.second.links) > len(history.first.links) > 500


def test_an_incident_keeps_its_name_while_the_record_that_gave_it_stands(history: History) -> None:
    """Unless a revision brings that record to an incident that was known before it."""
    first, second = history.first, history.second
    kept, joined = 0, 0
    for name, keys in first.incidents.items():
        anchor = next(key for key in keys if first.links[key]["match_rule"] == "anchor")
        if anchor not in second.links:
            continue
        if second.name_of(anchor) == name:
            kept += 1
            continue
        joined += 1
        members = second.incidents[second.name_of(anchor)]
        other = next(key for key in members if second.links[key]["match_rule"] == "anchor")
        order = {"ucdp": 1, "acled": 2, "insecurity_insight": 3}
        known = [
            (first.events[key]["first_recorded_at"], order[key.split(":")[0]], key) for key in (other, anchor)
        ]
        assert known == sorted(known), f"{anchor} lost its name to {other}"
    assert kept > 50 * joined
    for name, keys in first.incidents.items():
        if second.incidents.get(name, set()) >= keys and keys <= second.events.keys():
            assert {second.name_of(key) for key in keys} == {name}


def test_a_revised_record_is_matched_by_what_it_says_now(history: History) -> None:
    first, second = history.first, history.second
    claims = ("date_start", "date_end", "fatalities_best", "latitude", "longitude")
    revised = {
        key
        for key in first.events.keys() & second.events.keys()
        if any(first.events[key][claim] != second.events[key][claim] for claim in claims)
    }
    assert len(revised) > 10
    seen = 0
    for key in revised:
        link = second.links[key]
        if link["days_apart"] is None:
            continue
        a, b = second.events[key], second.events[link["linked_event_key"]]
        seen += 1
        apart = max(0, (a["date_start"] - b["date_end"]).days, (b["date_start"] - a["date_end"]).days)
        assert link["days_apart"] == apart
        equal = a["fatalities_best"] == b["fatalities_best"]
        if link["deaths_level"] not in ("part", "exceeds", "unknown"):
            assert link["deaths_level"].startswith(("equal", "nobody")) == equal or (
                link["deaths_level"] == "nobody_or_some"
            )
    assert seen > 3
    changed = {
        key for key in revised if first.links[key]["match_weight"] != second.links[key]["match_weight"]
    }
    assert changed, "no revision weighed anything"


def test_a_withdrawn_event_leaves_its_incident_and_the_others_stay(history: History) -> None:
    first, second = history.first, history.second
    gone = first.events.keys() - second.events.keys()
    withdrawn = {key for key in gone if key.startswith("ucdp:")}
    assert withdrawn
    assert not gone & second.links.keys()
    assert not gone & {link["linked_event_key"] for link in second.links.values()}
    left = {key for one in withdrawn for key in first.incidents[first.name_of(one)]} - gone
    assert left, "no withdrawn event had an incident with others"
    names = {"i-" + key.replace(":", "-") for key in gone}
    assert not names & second.incidents.keys()


def test_a_rebuild_gives_the_same_incidents(history: History) -> None:
    assert history.rebuilt.links == history.second.links


def test_decisions_take_effect_and_hold_when_more_is_loaded(history: History) -> None:
    for plain, decided in zip((history.first, history.second), history.decided, strict=True):
        a, b = history.confirmed
        assert plain.name_of(a) != plain.name_of(b)
        assert decided.name_of(a) == decided.name_of(b)
        assert "confirmed" in {decided.links[a]["match_rule"], decided.links[b]["match_rule"]}
        a, b = history.denied
        assert plain.name_of(a) == plain.name_of(b)
        assert decided.name_of(a) != decided.name_of(b)


def test_a_decision_changes_no_other_incident(history: History) -> None:
    plain, decided = history.first, history.decided[0]
    changed = {name for name in plain.incidents if plain.incidents[name] != decided.incidents.get(name)}
    # Those of the four records, and of records that pair anew with one that was denied its partner.
    assert 0 < len(changed) <= 6
    assert {plain.name_of(key) for key in history.denied} <= changed


# --- real records -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(
    shared_data: Path, incident_models: VersionModels, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """UCDP 24.1 of five countries and Insecurity Insight's education file."""
    ucdp = shared_data / "mirror/ucdp/downloads/ged/ged241-csv.zip"
    insecurity_insight = shared_data / "insecurity_insight/education.json"
    if not ucdp.is_file() or not insecurity_insight.is_file():
        pytest.skip("no real UCDP and Insecurity Insight files beside the project (../shared/data)")
    settings = replace(
        Settings.from_env(tmp_path_factory.mktemp("real_incidents"), environ={}),
        feeds=("ucdp", "insecurity_insight"),
        fixed_now=datetime(2024, 7, 1, tzinfo=UTC),
    )
    with mock.patch.object(batches.gx_audit, "run", no_checks):
        for request in (
            LoadRequest("ucdp", file=ucdp, release="24.1"),
            LoadRequest("insecurity_insight", file=insecurity_insight),
        ):
            report = steps.load(steps.Run(settings), request)
            assert not report.failed, report.problems
    incident_models.build(settings)
    return settings


def test_real_events_that_share_day_point_and_dyad_stay_distinct(real: Settings) -> None:
    alike = rows_of(
        real.warehouse,
        """select event_key, incident_id from core.bridge_incident_event where event_key in (
               select event_key from core.fct_event where feed = 'ucdp'
               qualify count(*) over (partition by date_start, latitude, longitude, dyad_id) > 1)""",
    )
    assert len(alike) == 113
    assert len({incident_id for _, incident_id in alike}) == 113
    events, incidents = rows_of(
        real.warehouse,
        "select count(*), count(distinct incident_id) from core.bridge_incident_event where feed = 'ucdp'",
    )[0]
    assert events == incidents == 2846


def test_real_links_are_explained_and_within_what_both_state(real: Settings) -> None:
    """The two that there are were read: Soumouni, 13 February 2023 (a school director killed by the army and Wagner), and
    Markakoungo, 2 January 2023 (a teacher killed and an ambulance taken in JNIM's attack)."""
    links = rows_of(
        real.warehouse,
        """select bridge.event_key, bridge.linked_event_key, bridge.match_rule, bridge.match_score,
                  bridge.days_apart, bridge.km_apart, a.radius_km + b.radius_km, a.slack_days + b.slack_days,
                  columns('^(time|distance|place_name|actors|class|deaths)_(level|weight)$')
           from core.bridge_incident_event as bridge
           inner join intermediate.int_incident__record as a on bridge.event_key = a.event_key
           inner join intermediate.int_incident__record as b on bridge.linked_event_key = b.event_key
           order by bridge.event_key""",
    )
    assert [sorted(link[:2]) for link in links] == [
        ["insecurity_insight:education:36565", "ucdp:459385"],
        ["insecurity_insight:education:38104", "ucdp:467715"],
    ]
    for _, _, rule, score, days, km, reach, slack, *parts in links:
        assert rule == "score"
        assert 0.5 <= score <= 1
        assert days <= max(3, slack)
        assert km <= reach + 10
        assert len(parts) == 12
        assert None not in parts


def test_what_the_real_sources_dispute_is_told(real: Settings) -> None:
    """Both feeds tell of one class and side at Soumouni; at Markakoungo UCDP sees a clash, the other an attack."""
    assert rows_of(
        real.warehouse,
        """select incident_id, date_spread_days, is_class_disputed, is_deaths_disputed, fatalities_ucdp,
                  fatalities_insecurity_insight from audit.source_agreement order by incident_id""",
    ) == [("i-ucdp-459385", 0, True, False, 5, 1), ("i-ucdp-467715", 0, False, False, 5, 1)]
