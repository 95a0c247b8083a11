"""How ACLED and Insecurity Insight depart from what happened: at the stated rates, never across a planted fact.

Here: the departures, the calibration against what is known of the real feeds, and the hard cases. Not here: the wire
formats (test_made_acled, test_made_insecurity_insight) and how pairs follow from it (test_truth).
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from orchestration.made_world import WORLD_END, Publishers, Truth, World
from orchestration.made_world.acled import Telling
from orchestration.made_world.geography import countries, km_between, places, villages_of
from orchestration.made_world.retelling import NOISE, SUMMED_KM, TOWN_OFFSET_KM, own_coordinates
from orchestration.made_world.world import HARD_CASES, HARD_CASES_EACH, TRUCE, Incident

VIOLENT = ("Battles", "Explosions/Remote violence", "Violence against civilians")
Row = dict[str, Any]


@pytest.fixture(scope="module")
def publishers(world: World) -> Publishers:
    return Publishers(world, gdelt_windows=())


@pytest.fixture(scope="module")
def by_id(world: World) -> dict[str, Incident]:
    return {incident.incident_id: incident for incident in world.incidents}


@pytest.fixture(scope="module")
def tellings(publishers: Publishers) -> dict[str, Telling]:
    return publishers.acled.tellings


@pytest.fixture(scope="module")
def whole(tellings: dict[str, Telling], by_id: dict[str, Incident]) -> list[tuple[Telling, Incident]]:
    """What ACLED tells of usual fatal single-day incidents in a known place, one event each."""
    found = []
    for told in tellings.values():
        incident = by_id[told.incident_ids[0]] if len(told.incident_ids) == 1 else None
        if (
            incident
            and incident.is_fatal
            and not incident.planted
            and incident.date_start == incident.date_end
        ):
            found.append((told, incident))
    assert len(found) > 2_000
    return found


def share(found: list[Any], condition: Any) -> float:
    return sum(map(condition, found)) / len(found)


def day_of(row: Row) -> date:
    return date.fromisoformat(row["event_date"])


# --- rates -------------------------------------------------------------------------------------------


def test_acled_misses_a_tenth(world: World, tellings: dict[str, Telling]) -> None:
    told = {incident_id for one in tellings.values() for incident_id in one.incident_ids}
    usual = [one for one in world.incidents if one.theatre and one.is_fatal and not one.planted]
    assert share(usual, lambda one: one.incident_id not in told) == pytest.approx(NOISE.missing, abs=0.015)
    assert all(one.incident_id in told for one in world.incidents if one.planted)


def test_acled_days_differ(whole: list[tuple[Telling, Incident]]) -> None:
    days = [abs((day_of(told.row) - incident.date_end).days) for told, incident in whole]
    assert share(days, lambda one: one == 1) == pytest.approx(NOISE.one_day_off, abs=0.02)
    assert share(days, lambda one: one in (2, 3)) == pytest.approx(NOISE.days_off, abs=0.01)
    assert max(days) == 3
    assert all("misdated" in told.note for (told, _), off in zip(whole, days, strict=True) if off)
    far = [told for (told, _), off in zip(whole, days, strict=True) if off > 1]
    assert all(told.row["time_precision"] == 2 for told in far)


def test_acled_places_differ(whole: list[tuple[Telling, Incident]]) -> None:
    known = [(told, incident) for told, incident in whole if incident.where_precision == 1]
    spots = Counter(told.row["geo_precision"] for told, _ in known)
    assert spots[2] / len(known) == pytest.approx(NOISE.neighbour, abs=0.025)
    assert spots[3] / len(known) == pytest.approx(NOISE.imprecise, abs=0.015)
    for told, incident in known:
        far = km_between(incident.latitude, incident.longitude, told.row["latitude"], told.row["longitude"])
        if told.row["geo_precision"] == 1:
            assert 0 < far <= TOWN_OFFSET_KM + 0.1
            assert told.row["location"] == incident.place.name
        elif told.row["geo_precision"] == 2:
            assert 4 <= far <= 20
            assert told.row["location"] in {one.name for one in villages_of(incident.place)}
        else:
            assert told.row["admin2"] == ""


def test_a_town_has_coordinates_of_acleds_own_the_same_every_time(
    whole: list[tuple[Telling, Incident]],
) -> None:
    spots: dict[tuple[str, str], Counter[tuple[float, float]]] = defaultdict(Counter)
    for told, incident in whole:
        if incident.where_precision == 1:
            spots[told.row["country"], told.row["location"]][told.row["latitude"], told.row["longitude"]] += 1
    assert max(sum(counts.values()) for counts in spots.values()) > 20
    assert all(len(counts) == 1 for counts in spots.values())
    for place in places():
        assert own_coordinates(place) != (place.latitude, place.longitude)


def test_acled_tolls_differ_and_are_mostly_the_lower_or_round(
    whole: list[tuple[Telling, Incident]],
) -> None:
    other = [(told.row["fatalities"], incident.best) for told, incident in whole
             if told.row["event_type"] in VIOLENT and told.row["fatalities"] != incident.best]  # fmt: skip
    assert len(other) / len(whole) == pytest.approx(NOISE.other_toll, abs=0.03)
    assert share(other, lambda one: one[0] < one[1]) > 0.5
    large = [toll for toll, best in other if best >= 10]
    assert share(large, lambda toll: toll in (10, 12, 20, 30, 50, 100)) > 0.3


def test_acled_actors_differ(whole: list[tuple[Telling, Incident]]) -> None:
    notes = Counter(word for told, _ in whole for word in told.note.split())
    assert notes["unidentified"] / len(whole) == pytest.approx(NOISE.unidentified, abs=0.015)
    assert notes["wrong_actor"] / len(whole) == pytest.approx(NOISE.wrong_actor, abs=0.01)
    assert notes["compound"] / len(whole) == pytest.approx(NOISE.compound, abs=0.01)
    for told, _ in whole:
        names = f"{told.row['actor1']} {told.row['actor2']}"
        assert ("Unidentified Armed Group" in names) >= ("unidentified" in told.note)
        assert ("JNIM: Group for Support of Islam and Muslims and/or " in names) == ("compound" in told.note)
    associates = Counter(told.row[name] for told, _ in whole for name in ("assoc_actor_1", "assoc_actor_2"))
    for name in ("VDP: Volunteer for Defense of Homeland", "Wagner Group", "Africa Corps", "Katiba Macina"):
        assert associates[name] > 10, name


def test_forces_carry_the_regime_of_the_day(tellings: dict[str, Telling]) -> None:
    seen: dict[str, list[date]] = defaultdict(list)
    for told in tellings.values():
        for name in ("actor1", "actor2"):
            if told.row[name].startswith("Military Forces of Burkina Faso"):
                seen[told.row[name]].append(day_of(told.row))
    # Names are chosen by the day before it is misdated, by three days at most.
    slack = timedelta(days=3)
    assert max(seen["Military Forces of Burkina Faso (2015-2022)"]) < date(2022, 1, 24) + slack
    assert min(seen["Military Forces of Burkina Faso (2022-)"]) >= date(2022, 9, 30) - slack
    assert len(seen) == 3


def test_an_incident_of_several_days_is_told_in_parts_within_them(
    tellings: dict[str, Telling], by_id: dict[str, Incident]
) -> None:
    parts: dict[str, list[Telling]] = defaultdict(list)
    for told in tellings.values():
        if "split" in told.note.split():
            parts[told.incident_ids[0]].append(told)
    long = [one for one in by_id.values() if one.is_fatal and one.date_start < one.date_end]
    assert len(parts) / len(long) == pytest.approx(NOISE.split * (1 - NOISE.missing), abs=0.05)
    for incident_id, told in parts.items():
        incident = by_id[incident_id]
        days = [day_of(one.row) for one in told]
        assert len(days) == len(set(days)) > 1
        assert all(incident.date_start <= day <= incident.date_end for day in days)
    same_toll = [sum(one.row["fatalities"] for one in told) == by_id[key].best for key, told in parts.items()]
    assert sum(same_toll) / len(parts) > 0.6


def test_a_sum_is_of_two_incidents_of_one_day_and_dyad_near_each_other(
    tellings: dict[str, Telling], by_id: dict[str, Incident]
) -> None:
    sums = [told for told in tellings.values() if len(told.incident_ids) == 2]
    assert len(sums) > HARD_CASES_EACH
    for told in sums:
        one, other = (by_id[incident_id] for incident_id in told.incident_ids)
        assert (one.date_start, one.theatre) == (other.date_start, other.theatre)
        assert km_between(one.latitude, one.longitude, other.latitude, other.longitude) <= SUMMED_KM
        assert "sum" in told.note.split()
    all_ids = [key for told in tellings.values() if "split" not in told.note for key in told.incident_ids]
    assert len(all_ids) == len(set(all_ids))


def test_insecurity_insight_is_coarse_and_often_does_not_know_who(publishers: Publishers) -> None:
    insight = publishers.insecurity_insight
    rows = [row for topic in insight.told for row in insight.rows(topic, WORLD_END) or ()]
    names = Counter(row["Reported Perpetrator Name"] for row in rows)
    nameless = (names["No Information"], names["Unidentified Armed Actor"])
    assert sum(nameless) / len(rows) == pytest.approx(NOISE.unnamed_perpetrator, abs=0.04)
    assert min(nameless) > 0.1 * len(rows)
    precision = Counter(row["Geo Precision"].strip() for row in rows)
    assert precision.most_common(1)[0][0] == "(2) 25 km precision"
    views = insight.views
    usual = [one for one in publishers.world.incidents if one.incident_id in views and not one.planted]
    off = [abs((views[one.incident_id].day - one.date_start).days) for one in usual]
    assert share(off, lambda days: days == 1) == pytest.approx(NOISE.one_day_off, abs=0.03)


# --- calibration -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ucdp_rows(publishers: Publishers) -> list[Row]:
    """Precise single-day events of the central Sahel that stand at the end."""
    newest = ["26.1", "26.01.26.03", "26.0.4", "26.0.5"]
    rows = publishers.ucdp.current_after(newest).values()
    central = ("Mali", "Burkina Faso", "Niger")
    return [
        one for one in rows if one["where_prec"] == 1 and one["date_prec"] == 1 and one["country"] in central
    ]


def candidates(ucdp_rows: list[Row], publishers: Publishers, days: int, km: float) -> Iterator[int]:
    """How many violent ACLED events stand within so many days and km of each."""
    by_day: dict[date, list[Row]] = defaultdict(list)
    for row in publishers.acled.events(WORLD_END):
        if row["event_type"] in VIOLENT:
            by_day[day_of(row)].append(row)
    for one in ucdp_rows:
        around = range(-days, days + 1)
        yield sum(
            km_between(one["latitude"], one["longitude"], row["latitude"], row["longitude"]) <= km
            for offset in around
            for row in by_day[one["date_start"] + timedelta(days=offset)]
        )


def test_candidates_are_as_many_as_of_the_real_feeds(ucdp_rows: list[Row], publishers: Publishers) -> None:
    """Of the real ones: about six in ten on the day within 5 km, eight in ten within a day and 25 km, many several."""
    assert len(ucdp_rows) > 500
    same_day = list(candidates(ucdp_rows, publishers, 0, 5))
    within_a_day = list(candidates(ucdp_rows, publishers, 1, 25))
    assert share(same_day, bool) == pytest.approx(0.6, abs=0.05)
    assert share(within_a_day, bool) == pytest.approx(0.8, abs=0.07)
    assert share(within_a_day, lambda count: count > 1) > 0.12


# --- what must hold in every feed --------------------------------------------------------------------


def test_no_version_of_acled_breaks_the_truce(publishers: Publishers) -> None:
    seen = Counter()
    for versions in publishers.acled.histories.values():
        for row in (version.row for version in versions if version.row):
            sides = (row["actor1"], row["actor2"])
            if any("JNIM" in one for one in sides) and any(one.startswith("Islamic State") for one in sides):
                seen[TRUCE[0] <= day_of(row) <= TRUCE[1]] += 1
    assert not seen[True] and seen[False] > 50


def test_insecurity_insight_does_not_break_the_truce(
    publishers: Publishers, by_id: dict[str, Incident]
) -> None:
    for incident_id, view in publishers.insecurity_insight.views.items():
        theatre = by_id[incident_id].theatre
        if theatre and theatre.dyad_id == 16207:
            assert not TRUCE[0] <= view.day <= TRUCE[1]


def test_no_group_appears_in_a_country_before_its_first_day(
    world: World, tellings: dict[str, Telling]
) -> None:
    first = world.first_appearances()
    names = {"JNIM": "JNIM: Group for Support of Islam and Muslims", "RSF": "Rapid Support Forces"}
    seen: dict[tuple[str, str], date] = {}
    for told in tellings.values():
        country = told.row["country"]
        for name, full in names.items():
            if any(full in told.row[side] for side in ("actor1", "actor2")):
                day = day_of(told.row)
                seen[name, country] = min(day, seen.get((name, country), day))
    for name, iso3, country in (
        ("JNIM", "GHA", "Ghana"), ("JNIM", "NGA", "Nigeria"), ("JNIM", "TGO", "Togo"), ("JNIM", "BEN", "Benin"),
        ("RSF", "SDN", "Sudan"),
    ):  # fmt: skip
        assert seen[name, country] >= first[name, iso3], (name, country)
    assert seen["JNIM", "Ghana"] == first["JNIM", "GHA"]
    assert seen["JNIM", "Nigeria"] == first["JNIM", "NGA"]


# --- hard cases --------------------------------------------------------------------------------------


def test_every_hard_case_is_planted_and_told_by_both(publishers: Publishers) -> None:
    world = publishers.world
    planted = world.hard_cases()
    assert {name: len(times) for name, times in planted.items()} == dict.fromkeys(HARD_CASES, HARD_CASES_EACH)
    truth = Truth(publishers)
    ucdp = {record.incident_id: record.note for record in truth.ucdp_records()}
    acled = {record.incident_id: record.note for record in truth.acled_records()}
    for name, times in planted.items():
        for incident_id in (one for ids in times for one in ids):
            assert ucdp[incident_id] == f"hard:{name}"
            assert f"hard:{name}" in acled[incident_id].split()
    facts = {fact.name: fact for fact in world.planted_facts}
    assert all(facts[name].details["incident_ids"] == times for name, times in planted.items())


def test_hard_cases_are_what_they_are_called(
    world: World, by_id: dict[str, Incident], tellings: dict[str, Telling]
) -> None:
    by_incident = {key: told for told in tellings.values() for key in told.incident_ids}
    for name, times in world.hard_cases().items():
        for ids in times:
            incidents = [by_id[incident_id] for incident_id in ids]
            one, other = incidents[0], incidents[-1]
            days = (other.date_start - one.date_start).days
            is_same_dyad = one.theatre == other.theatre
            far = km_between(one.latitude, one.longitude, other.latitude, other.longitude)
            if name in ("told_unlike", "border_town"):
                assert len(ids) == 1
                row = by_incident[ids[0]].row
                if name == "border_town":
                    assert row["country"] in {country.name for country in countries().values()}
                    assert row["country"] != countries()[one.country_iso3].name
                    assert "other_country" in by_incident[ids[0]].note
                    continue
                assert day_of(row) != one.date_start
                assert row["location"] != one.place.name
                assert row["fatalities"] != one.best
                assert (
                    "Unidentified" in row["actor1"] + row["actor2"]
                    or " and/or " in row["actor1"] + row["actor2"]
                )
                continue
            assert len(ids) == 2
            if name == "same_place_other_dyad":
                assert (days, far, is_same_dyad) == (0, 0, False)
            elif name == "morning_and_night":
                assert (days, far, is_same_dyad) == (0, 0, True)
                assert abs(one.minute_of_day - other.minute_of_day) > 10 * 60
            elif name == "next_village_next_day":
                assert (abs(days), is_same_dyad) == (1, True) and 5 < far < 15
            elif name == "tit_for_tat":
                assert (days, far, is_same_dyad) == (1, 0, False)
                assert (
                    one.theatre.side_a == other.theatre.side_b
                )  # the attacker of one day is struck on the next
            else:
                assert (days, is_same_dyad) == (0, True) and 5 < far < 15
                assert by_incident[ids[0]] is by_incident[ids[1]]


def test_planting_hard_cases_leaves_the_ids_of_the_others(world: World) -> None:
    numbers = [int(one.incident_id[1:]) for one in world.incidents if not one.hard_case]
    assert numbers == list(range(1, len(numbers) + 1))
