"""Alerts on real data: where JNIM came when, and the weeks in which GDELT published nothing.

UCDP 24.1 of five countries and GDELT of the first half of 2025, on 1 July 2025. Not here: thresholds on real series.
"""

from datetime import date

import pytest

from orchestration.settings import Settings
from tests.served import RealHome, open_bi, rows_of


@pytest.fixture(scope="module")
def real(real_home: RealHome) -> Settings:
    return real_home.settings


def ask(real: Settings, sql: str) -> list[tuple]:
    with open_bi(real) as bi:
        return bi.execute(sql).fetchall()


def test_jnim_appears_in_mali_and_in_benin_known_with_the_release(real: Settings) -> None:
    found = ask(
        real,
        """select country_iso3, alert_date, level, evidence_grade, provisional, source_release, suppressed_by
           from marts.alert where rule = 'first_appearance_country' and actor_id = 'jnim' order by alert_date""",
    )
    assert found == [
        # Those who merged into it had been in Mali; in Benin nobody had.
        ("MLI", date(2017, 3, 5), "medium", "A", False, "24.1", None),
        ("BEN", date(2020, 2, 9), "high", "A", False, "24.1", None),
    ]
    ((released_at,),) = rows_of(
        real.warehouse, "select released_at from ledger.ucdp_release where release = '24.1'"
    )
    assert released_at is not None
    known = ask(
        real,
        """select distinct known_at from marts.alert where rule = 'first_appearance_country' and actor_id = 'jnim'""",
    )
    assert known == [(released_at,)]


def test_what_came_with_jnim_is_told_once(real: Settings) -> None:
    """The units on the first days of a country belong to the country's alert."""
    units = ask(
        real,
        """select area_id, alert_date, suppression, suppressed_by from marts.alert
           where rule = 'first_appearance_admin1' and actor_id = 'jnim' and alert_date in ('2017-03-05', '2020-02-09')
           order by alert_date""",
    )
    assert [row[2:] for row in units] == [
        ("covered", "first_appearance_country/ucdp/MLI/jnim/2017-03-05"),
        ("covered", "first_appearance_country/ucdp/BEN/jnim/2020-02-09"),
    ]


def test_nobody_appears_in_the_first_year_of_the_release(real: Settings) -> None:
    first_record, first_alert = ask(
        real,
        """select (select min(date_end) from core.fct_event where feed = 'ucdp'),
               (select min(alert_date) from marts.alert
                where rule in ('first_appearance_country', 'first_appearance_admin1', 'new_dyad'))""",
    )[0]
    assert first_alert >= first_record.replace(year=first_record.year + 1)


def test_the_silence_of_jnim_and_the_islamic_state_is_told_to_the_day(real: Settings) -> None:
    """Their last event of that year is of 27 July 2023; reports from the border told of a truce in November."""
    found = ask(
        real,
        """select rule, alert_date, level, window_start_date from marts.alert
           where area_id = 'MLI' and actor_id = 'issp' and other_actor_id = 'jnim' and alert_date >= '2023-07-28'
           order by alert_date""",
    )
    assert found == [
        ("lull", date(2023, 9, 25), "low", date(2023, 7, 28)),
        ("apparent_truce", date(2023, 11, 24), "medium", date(2023, 7, 28)),
    ]


def test_the_outage_of_gdelt_in_june_2025_is_one_gap(real: Settings) -> None:
    """Nothing was published from 15 June on. The mirror has one file a day, so that a day is no gap."""
    found = ask(
        real,
        """select area_id, alert_date, level, provisional, suppressed_by, cast(known_at as date)
           from marts.alert where rule = 'feed_gap' and area_id = 'gdelt'""",
    )
    assert found == [("gdelt", date(2025, 6, 15), "high", True, None, date(2025, 7, 1))]


def test_a_feed_of_which_the_newest_record_is_old_sleeps(real: Settings) -> None:
    found = ask(
        real,
        """select area_id, alert_date, window_start_date, suppressed_by from marts.alert
           where rule = 'feed_asleep' order by area_id""",
    )
    # GDELT's gap says it already. UCDP's newest event is of 31 December 2023, and 85 days may pass.
    assert found[0][0] == "gdelt"
    assert found[0][3] == "feed_gap/gdelt/gdelt/2025-06-15"
    assert found[1] == ("ucdp", date(2024, 3, 25), date(2023, 12, 31), None)
