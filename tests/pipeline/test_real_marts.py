"""The marts by actor on the real UCDP release 24.1, against dates and counts known from the release itself.

Here: first appearances, shares and truces of JNIM. Not here: sums of marts against facts (dbt's own tests).
"""

from datetime import date

from tests.served import RealHome, open_bi

JNIM = 6716
"""UCDP's own id of JNIM: the counts below go by it, and not by our registry."""


def test_jnim_is_first_seen_where_and_when_ucdp_has_it(real_home: RealHome) -> None:
    with open_bi(real_home.settings) as bi:
        first = dict(
            bi.execute(
                """select country_iso3, min(country_first_fatal_date) from marts.actor_territory
                   where actor_id = 'jnim' group by all"""
            ).fetchall()
        )
        units = bi.execute(
            """select admin1_name, first_date, evidence_grade, first_event_key from marts.actor_territory
               where actor_id = 'jnim' and is_first_in_country order by first_date"""
        ).fetchall()
        told = dict(bi.execute("select event_key, date_end from core.fct_event").fetchall())
    assert first == {"MLI": date(2017, 3, 5), "BEN": date(2020, 2, 9)}
    assert [(name, day, grade) for name, day, grade, _ in units] == [
        ("Mopti", date(2017, 3, 5), "A"),
        ("Alibori", date(2020, 2, 9), "A"),
    ]
    assert all(told[key] == day for _, day, _, key in units)


def test_a_share_is_what_one_counts_by_ucdps_own_ids(real_home: RealHome) -> None:
    with open_bi(real_home.settings) as bi:
        events, deaths, all_events, all_deaths = bi.execute(
            """select count(*) filter (where ? in (side_a_source_id, side_b_source_id)),
                   sum(fatalities_best) filter (where ? in (side_a_source_id, side_b_source_id)),
                   count(*), sum(fatalities_best)
               from core.fct_event
               where country_iso3 in ('MLI', 'BFA', 'NER') and date_end between date '2023-01-01' and date '2023-12-31'""",
            [JNIM, JNIM],
        ).fetchone()
        shares = {
            measure: (numerator, denominator, share)
            for measure, numerator, denominator, share in bi.execute(
                """select measure, numerator, denominator, share from marts.actor_share
                   where area_set = 'central_sahel' and period_kind = 'year' and period_start = date '2023-01-01'
                       and universe = 'organised_violence' and role = 'involved' and actor_scope = 'exact'
                       and ambiguous_rule = 'include' and actor_id = 'jnim'"""
            ).fetchall()
        }
    assert shares["events"] == (events, all_events, events / all_events)
    assert shares["deaths_best"] == (deaths, all_deaths, deaths / all_deaths)
    assert 0 < events < all_events


def test_shares_between_two_days_are_those_of_the_table_where_it_has_them(real_home: RealHome) -> None:
    compared = "area_kind, area_id, universe, measure, role, actor_scope, ambiguous_rule, actor_id, numerator, share_rank"
    table = (
        f"select {compared} from marts.actor_share where period_kind = 'year' and period_start = '2022-01-01'"
    )
    macro = f"select {compared} from marts.actor_share_between('2022-01-15', '2022-12-01')"
    with open_bi(real_home.settings) as bi:
        rows = bi.execute(f"select count(*) from ({table})").fetchone()[0]
        differing = bi.execute(
            f"select count(*) from (({table} except {macro}) union all ({macro} except {table}))"
        ).fetchone()[0]
        older = bi.execute(
            """select numerator from marts.actor_share_between('2012-01-01', '2012-12-31')
               where area_id = 'MLI' and universe = 'state_based' and measure = 'events' and role = 'involved'
                   and actor_scope = 'exact' and ambiguous_rule = 'include' and actor_id = 'government_of_mali'"""
        ).fetchone()[0]
        expected = bi.execute(
            """select count(*) from core.fct_event where country_iso3 = 'MLI' and violence_class = 'state_based'
               and year(date_end) = 2012 and 'Government of Mali' in (side_a_name, side_b_name)"""
        ).fetchone()[0]
    assert rows > 1000
    assert differing == 0
    assert older == expected > 0


def test_the_silence_of_jnim_and_the_islamic_state_in_mali_is_an_apparent_truce(real_home: RealHome) -> None:
    """Reports from the Mali-Niger border told of one in November 2023, after the fighting of that year."""
    with open_bi(real_home.settings) as bi:
        states = bi.execute(
            """select month, events, last_event_date, state from marts.dyad_month
               where actor_a_id = 'issp' and actor_b_id = 'jnim' and area_id = 'MLI' and month >= date '2023-07-01'
               order by month"""
        ).fetchall()
    assert [state for *_, state in states] == [
        "active",
        "active",
        "lull",
        "lull",
        "apparent_truce",
        "apparent_truce",
    ]
    assert {last for *_, last, _ in states} == {date(2023, 7, 27)}
    assert [events > 0 for _, events, *_ in states] == [True, False, False, False, False, False]


def test_the_counts_that_the_handbook_states(real_home: RealHome) -> None:
    """docs/actor_marts.md (points that are no place, JNIM in 2023) and docs/event_taxonomy.md (who attacks civilians)."""
    with open_bi(real_home.settings) as bi:
        points = bi.execute(
            "select count(*), count(*) filter (where is_coordinate_centroid) from core.fct_event where feed = 'ucdp'"
        ).fetchone()
        jnim = bi.execute(
            """select violence_class, count(*) filter (where ? in (side_a_source_id, side_b_source_id)), count(*)
               from core.fct_event
               where country_iso3 = 'MLI' and date_end between date '2023-01-01' and date '2023-12-31'
                   and violence_class in ('non_state', 'state_based')
               group by 1 order by 1""",
            [JNIM],
        ).fetchall()
        by_government = bi.execute(
            """select sum(events) filter (where perpetrator_id = 'government_of_mali'), sum(events),
                   sum(fatalities_best) filter (where perpetrator_id = 'government_of_mali'), sum(fatalities_best)
               from marts.civilian_targeting_month
               where source = 'ucdp' and country_iso3 = 'MLI' and month between date '2022-01-01' and date '2023-12-01'"""
        ).fetchone()
    assert points == (2846, 400)
    assert jnim == [("non_state", 31, 35), ("state_based", 141, 185)]
    assert by_government == (65, 203, 443, 1930)
