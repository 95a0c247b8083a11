"""What the promised questions about actors answer on the real UCDP release, against counts made anew from the events."""

import json
from datetime import date
from typing import Any

import pytest

from tests.queries.test_promised_questions import ask
from tests.served import RealHome, open_bi


@pytest.fixture
def answer(real_home: RealHome) -> Any:
    return lambda name: json.loads(ask(real_home.settings.home, name))


def test_more_than_half_depends_on_the_definition(answer: Any, real_home: RealHome) -> None:
    rows = [row for row in answer("share_of_violence") if row["source"] == "ucdp"]
    assert {row["role"] for row in rows} == {"involved", "side_a", "perpetrator"}
    for row in rows:
        assert row["share"] == round(row["numerator"] / row["denominator"], 4)
        assert 0 <= row["lowest_share"] <= row["share"] <= row["highest_share"] <= 1
        assert row["is_above_half"] == (row["numerator"] * 2 > row["denominator"])
        assert row["definitions"] == len(rows)
        assert row["definitions_above_half"] == sum(other["is_above_half"] for other in rows)
    assert len({row["is_above_half"] for row in rows}) == 2
    with open_bi(real_home.settings) as bi:
        expected = bi.execute(
            """select count(*) filter (where is_perpetrator), count(*)
               from core.fct_event left join core.fct_event_actor as jnim
                   on fct_event.event_key = jnim.event_key and jnim.actor_id = 'jnim'
               where country_iso3 in ('MLI', 'BFA', 'NER') and year(date_end) = 2023 and violence_class = 'one_sided'"""
        ).fetchone()
    (found,) = [
        (row["numerator"], row["denominator"])
        for row in rows
        if (row["universe"], row["measure"], row["role"]) == ("one_sided", "events", "perpetrator")
    ]
    assert found == expected


def test_jnim_came_to_benin_after_mali(answer: Any) -> None:
    rows = [row for row in answer("first_appearances") if row["actor_id"] == "jnim"]
    assert [(row["country_iso3"], row["first_date"][:10], row["first_admin1_name"]) for row in rows] == [
        ("BEN", "2020-02-09", "Alibori")
    ]
    assert rows[0]["evidence_grade"] == "A"
    assert rows[0]["distance_to_previous_footprint_km"] > 100


def test_jnim_spread_south(answer: Any, real_home: RealHome) -> None:
    rows = {row["month"][:4]: row for row in answer("how_fast_it_spreads") if row["actor_id"] == "jnim"}
    assert set(rows) == {str(year) for year in range(2017, 2024)}
    assert rows["2017"]["countries"] == 1
    assert rows["2023"]["countries"] == 2
    assert rows["2023"]["southmost_latitude"] < rows["2018"]["southmost_latitude"]
    with open_bi(real_home.settings) as bi:
        (cells,) = bi.execute(
            """select count(distinct (floor(round(latitude * 10, 6)), floor(round(longitude * 10, 6))))
               from core.fct_event join core.fct_event_actor using (event_key)
               where actor_id = 'jnim' and year(date_end) = 2023 and where_precision <= 3"""
        ).fetchone()
    assert rows["2023"]["cells"] == cells
    entered = sum(row["new_admin1_units"] for row in rows.values())
    assert entered >= max(row["admin1_units"] for row in rows.values())


def test_the_silence_between_jnim_and_the_islamic_state_comes_first(answer: Any) -> None:
    rows = answer("truces_and_rivalries")
    first = rows[0]
    assert (first["actor_a_id"], first["actor_b_id"], first["country_iso3"]) == ("issp", "jnim", "MLI")
    assert first["state_reached"] == "apparent_truce"
    assert first["is_current"] and first["renewed_month"] is None
    assert (
        first["days_quiet"] == (date(2023, 12, 31) - date.fromisoformat(first["last_event_date"][:10])).days
    )
    ended = [row for row in rows if row["renewed_month"]]
    assert ended
    assert all(row["renewed_month"] > row["last_quiet_month"] for row in ended)


def test_opponents_of_jnim_are_told_by_kind(answer: Any, real_home: RealHome) -> None:
    rows = answer("who_fights_this_actor")
    with open_bi(real_home.settings) as bi:
        expected = dict(
            bi.execute(
                """select other.actor_id, count(distinct event_key)
                   from core.fct_event join core.fct_event_actor as me using (event_key)
                   join core.fct_event_actor as other using (event_key)
                   where me.actor_id = 'jnim' and other.side <> me.side and other.actor_id not in ('civilians', 'jnim')
                       and year(date_end) = 2023 group by all"""
            ).fetchall()
        )
    assert {row["opponent_id"]: row["events"] for row in rows} == expected
    assert expected["government_of_mali"] > 0
    for row in rows:
        assert row["events_of_kind"] >= row["events"]
    assert "wagner" in next(row["partners"] for row in rows if row["opponent_id"] == "government_of_mali")


def test_the_groups_that_made_jnim_count_for_its_lineage(answer: Any) -> None:
    rows = answer("mergers_and_lineage")
    made_of = {
        row["actor_id"]: row
        for row in rows
        if row["other_actor_id"] == "jnim" and row["relation"] in ("member_of", "merged_into")
    }
    assert {"ansar_dine", "al_murabitun", "katiba_macina", "aqim_sahara"} <= set(made_of)
    assert all(row["counts_in_lineage"] for row in made_of.values())
    assert made_of["ansar_dine"]["first_event_date"][:10] < "2017-03-02"
    allies = [row for row in rows if (row["other_actor_id"], row["relation"]) == ("jnim", "allied_with")]
    assert allies and not any(row["counts_in_lineage"] for row in allies)
    assert all(row["counts_in_alliance"] for row in allies)
