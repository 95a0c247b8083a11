"""The history itself: the same for the same seed, plausible, and with what was planted in it."""

import gzip
import json
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta

import pytest

from orchestration.made_world import WORLD_END, WORLD_START, Publishers, World
from orchestration.made_world.geography import actors, countries, places, theatres
from orchestration.made_world.world import BLOCKADE, COUP_DATE, TRUCE, TRUCE_DYAD_ID


def test_same_seed_same_history_and_another_seed_another(world: World, made_again: Publishers) -> None:
    assert made_again.world.incidents == world.incidents
    assert World(seed=8, scale=0.05).incidents != World(seed=7, scale=0.05).incidents


def test_history_does_not_depend_on_the_process() -> None:
    """Python salts the hashes of text anew in each process; no draw may depend on them."""
    script = (
        "from orchestration.made_world import World; import hashlib;"
        "print(hashlib.sha256(repr(World(7, 0.05).incidents).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": salt},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for salt in ("1", "2")
    }
    assert len(digests) == 1


def test_scale_multiplies_what_happens() -> None:
    whole, tenth = len(World(7).incidents), len(World(7, 0.1).incidents)
    assert 0.08 < tenth / whole < 0.16  # the planted days happen at any scale


@pytest.mark.parametrize(
    "wrong", [{"scale": 0}, {"scale": -1}, {"rows_per_slot": 1_501}, {"rows_per_slot": -1}]
)
def test_nonsense_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=r"scale|rows_per_slot"):
        World(**wrong)


def test_incidents_lie_in_the_five_years_and_have_ids_in_order(world: World) -> None:
    ids = [incident.incident_id for incident in world.incidents]
    assert len(set(ids)) == len(ids) and ids == sorted(ids)
    for incident in world.incidents:
        assert WORLD_START <= incident.date_start <= incident.date_end < WORLD_END.date()
        assert incident.place.country_iso3 == incident.country_iso3


def test_deaths_are_heavy_tailed(world: World) -> None:
    deaths = sorted(incident.best for incident in world.incidents if incident.is_fatal)
    count = len(deaths)
    assert 4_000 < count < 8_000
    assert 0.05 < deaths.count(0) / count < 0.2
    assert 2 <= deaths[count // 2] <= 4
    assert deaths[int(count * 0.99)] > 10 * deaths[count // 2]
    assert deaths[-1] > 150


def test_the_rains_are_quieter_than_the_dry_season(world: World) -> None:
    months = Counter(incident.date_start.month for incident in world.incidents if incident.is_fatal)
    assert months[8] < 0.8 * months[3]


def test_coup_and_its_spike(world: World) -> None:
    coup = [incident for incident in world.incidents if incident.kind == "coup"]
    assert {(one.country_iso3, one.place.name) for one in coup} == {("NER", "Niamey")}
    assert min(one.date_start for one in coup) == COUP_DATE

    def fatal_between(first: date, last: date) -> int:
        return sum(
            incident.is_fatal and incident.country_iso3 == "NER" and first <= incident.date_start <= last
            for incident in world.incidents
        )

    eight_weeks = timedelta(weeks=8)
    after = fatal_between(COUP_DATE + timedelta(days=1), COUP_DATE + eight_weeks)
    before = fatal_between(COUP_DATE - eight_weeks, COUP_DATE - timedelta(days=1))
    later = fatal_between(COUP_DATE + eight_weeks * 2, COUP_DATE + eight_weeks * 3)
    assert after > 2 * before and after > 2 * later


def test_truce_is_silent_between_two_loud_times(world: World) -> None:
    days = [
        (incident.date_start, incident.date_end)
        for incident in world.incidents
        if incident.theatre and incident.theatre.dyad_id == TRUCE_DYAD_ID
    ]
    assert not [one for one in days if one[1] >= TRUCE[0] and one[0] <= TRUCE[1]]
    assert sum(TRUCE[0] - timedelta(days=180) <= end < TRUCE[0] for _, end in days) > 10
    assert sum(TRUCE[1] < start <= TRUCE[1] + timedelta(days=180) for start, _ in days) > 10


def test_first_appearances_are_the_planted_ones(world: World) -> None:
    first = world.first_appearances()
    for fact in world.planted_facts:
        if fact.kind == "first_appearance":
            assert first[(fact.details["actor"], fact.country_iso3)] == fact.date_from
    assert ("JNIM", "GMB") not in first


def test_nothing_happens_in_a_theatre_outside_its_time(world: World) -> None:
    for incident in world.incidents:
        if incident.theatre:
            assert incident.date_start >= incident.theatre.first_date
            assert incident.date_start <= (incident.theatre.last_date or incident.date_start)


def test_blockade_burns_much_and_kills_few(world: World) -> None:
    convoys = [incident for incident in world.incidents if incident.planted == "blockade_western_mali"]
    assert len(convoys) > 50
    assert all(BLOCKADE[0] <= one.date_start <= BLOCKADE[1] for one in convoys)
    assert 0 < sum(one.is_fatal for one in convoys) < len(convoys) / 5


def test_reference_files_agree_with_each_other() -> None:
    units = {(place.country_iso3, place.adm1) for place in places()}
    for theatre in theatres():
        assert theatre.country_iso3 in countries()
        for adm1 in theatre.adm1s:
            assert (theatre.country_iso3, adm1) in units, f"dyad {theatre.dyad_id} names {adm1}"
    for place in places():
        assert place.adm1_gdelt.startswith(countries()[place.country_iso3].fips)
    states = [actor for actor in actors().values() if actor.is_state]
    assert {actor.gwno_location[0] for actor in states} == {country.gw for country in countries().values()}


def test_towns_lie_in_their_countries(shared_data) -> None:
    """Against Natural Earth's outlines, which are coarse: a town on a coast may miss its country by a little."""
    with gzip.open(shared_data / "reference" / "ne_50m_admin_0_countries.slim.geojson.gz") as file:
        outlines = {one["properties"]["iso3"]: one["geometry"] for one in json.load(file)["features"]}
    outside = {
        place.name
        for place in places()
        if not _inside(place.longitude, place.latitude, outlines[place.country_iso3])
    }
    assert outside <= {"Lagos", "Banjul"}  # on an island, and on a spit


def _inside(x: float, y: float, geometry: dict) -> bool:
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return any(_in_ring(x, y, polygon[0]) for polygon in polygons)


def _in_ring(x: float, y: float, ring: list) -> bool:
    odd = False
    for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            odd = not odd
    return odd
