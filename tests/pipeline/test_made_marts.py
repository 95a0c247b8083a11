"""What the made world planted (a truce, arrivals in new countries), found again in the marts by actor."""

from datetime import date, timedelta
from typing import Any

from tests.made import MadeHome
from tests.served import open_bi


def planted(home: MadeHome, name: str) -> dict[str, Any]:
    (fact,) = [fact for fact in home.served.publishers.world.planted_facts if fact.name == name]
    return {"from": fact.date_from, "to": fact.date_to, "country_iso3": fact.country_iso3, **fact.details}


def month_end(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def test_the_planted_truce_is_found_and_ends(made_home: MadeHome) -> None:
    truce = planted(made_home, "truce_jnim_is")
    with open_bi(made_home.settings) as bi:
        months = bi.execute(
            """select month, events, last_event_date, state from marts.dyad_month
               where actor_a_id = 'issp' and actor_b_id = 'jnim' and area_id = 'MLI' and source = 'ucdp'
               order by month"""
        ).fetchall()
        (fights,) = bi.execute(
            "select count(*) from core.fct_event where dyad_id = ? and date_end between ? and ?",
            [truce["dyad_id"], truce["from"], truce["to"]],
        ).fetchone()
    assert fights == 0
    last = max(day for _, _, day, _ in months if day < truce["from"])
    silent = {month: state for month, _, day, state in months if day == last and month > last}
    assert silent
    for month, state in silent.items():
        quiet = (month_end(month) - last).days
        assert state == ("active" if quiet < 60 else "lull" if quiet < 120 else "apparent_truce"), month
    assert "apparent_truce" in silent.values()
    after = [(month, state) for month, events, *_, state in months if month > max(silent) and events]
    assert after[0][1] == "renewed"
    assert after[0][0] >= truce["to"].replace(day=1)
    assert after[1][1] == "active"


def test_planted_arrivals_are_first_appearances(made_home: MadeHome) -> None:
    for name in ("jnim_in_ghana", "jnim_in_nigeria"):
        arrival = planted(made_home, name)
        with open_bi(made_home.settings) as bi:
            found = bi.execute(
                """select first_date, evidence_grade, is_first_in_country from marts.actor_territory
                   where actor_id = 'jnim' and country_iso3 = ? and first_date = country_first_date""",
                [arrival["country_iso3"]],
            ).fetchall()
        assert found == [(arrival["from"], "A", True)], name
