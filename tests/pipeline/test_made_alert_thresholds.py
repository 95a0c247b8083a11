"""Alerts on the made world: the coup's spike is found, and quiet countries are left in peace.

Here: thresholds on deaths and events. Not here: first appearances, truces and outages of the same world.
"""

from datetime import date

from tests.made import MadeHome
from tests.pipeline.test_made_marts import planted
from tests.served import open_bi

QUIET_EVENTS_A_YEAR = 10
QUIET_ALERTS_A_YEAR = 0.2
"""docs/alerts.md states it: of a country with fewer than ten events a year, at most one alert in five years."""
RULES = "('hdx_conflict', 'admin1_conflict', 'surge', 'threat', 'emerging_actor')"


def test_the_spike_after_the_coup_is_found_where_it_is(made_home: MadeHome) -> None:
    """Within ten days in the region whose attacks rise, again when it is at its worst, and as a threat to the country."""
    coup = planted(made_home, "coup_niger")
    with open_bi(made_home.settings) as bi:
        found = bi.execute(
            f"""select rule, level, area, alert_date, suppressed_by is null from marts.alert
                where country_iso3 = 'NER' and alert_date between ? and ? and rule in {RULES} order by alert_date""",
            [coup["from"], coup["spike_to"]],
        ).fetchall()
    there = [alert for alert in found if alert[2] == "Tillabéri (Niger)"]
    sent = [(rule, level, day) for rule, level, _, day, is_sent in there if is_sent]
    assert sent[0][0] == "admin1_conflict" and (sent[0][2] - coup["from"]).days <= 10
    assert ("admin1_conflict", "high") in {(rule, level) for rule, level, _ in sent}
    assert {("threat", "medium")} <= {(rule, level) for rule, level, *_ in there}
    assert ("threat", "medium") in {(rule, level) for rule, level, area, *_ in found if area == "Niger"}
    # What holds on many days is sent twice.
    assert len(there) > 15 and len(sent) == 2


def test_quiet_countries_alert_at_the_stated_rate_at_most(made_home: MadeHome) -> None:
    with open_bi(made_home.settings) as bi:
        quiet = bi.execute(
            f"""with years as (
                    select country_iso3, sum(events) as events,
                        date_diff('month', date '2021-07-01', max(month)) / 12 as years
                    from marts.country_month where source = 'ucdp' and month >= date '2021-07-01' group by country_iso3
                )
                select country_iso3, years, count(alert_id)
                from years left join marts.alert using (country_iso3)
                where events / years < {QUIET_EVENTS_A_YEAR}
                    and (alert_id is null or suppressed_by is null and rule in {RULES})
                group by all order by all"""
        ).fetchall()
        (loud,) = bi.execute(
            f"select count(*) from marts.alert where country_iso3 = 'MLI' and suppressed_by is null and rule in {RULES}"
        ).fetchone()
    assert len(quiet) >= 3
    assert sum(alerts for *_, alerts in quiet) <= QUIET_ALERTS_A_YEAR * sum(years for _, years, _ in quiet)
    assert loud / quiet[0][1] > 10


def test_alerts_keep_their_ids_when_the_next_releases_come(made_home: MadeHome) -> None:
    """The second visit brought releases: an alert whose events nobody touched is the same alert, known when it was."""
    with open_bi(made_home.settings) as bi:
        moments = bi.execute(
            """select count(distinct known_at), min(known_at), max(known_at), count(*) filter (where known_at < alert_date)
               from marts.alert where alert_kind = 'conflict' and source = 'ucdp'"""
        ).fetchone()
        ids = bi.execute(
            """select count(*) from marts.alert
               where alert_id <> concat_ws('/', rule, source, area_id, actor_id, other_actor_id,
                   strftime(alert_date, '%Y-%m-%d'))"""
        ).fetchone()
    assert moments[0] > 1 and moments[1].date() >= date(2021, 7, 1) and moments[3] == 0
    assert ids == (0,)
