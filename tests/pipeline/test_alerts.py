"""Alerts on the real UCDP release 24.1: the conflict rule of HDX Signals against a plain program, surges against trends.

Here: whether the rules find in real data what they state, to the day. Not here: hand-computed cases (dbt's unit tests of
each rule), who suppresses whom (tests/unit/dbt/test_alert_suppression.py).
"""

import csv
import io
import zipfile
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path

from tests.served import RealHome, open_bi

EXPECTED = Path(__file__).resolve().parents[1] / "fixtures" / "alerts" / "hdx_conflict_ucdp_24_1.csv"
"""What the program below finds in UCDP GED 24.1 (Sundberg and Melander 2013, CC BY 4.0) for the five countries of the
test data: dates and levels of alerts, no rows of the data set."""
ISO3 = {"Mali": "MLI", "Benin": "BEN", "Ivory Coast": "CIV", "Senegal": "SEN", "Guinea-Bissau": "GNB"}
COVERED_FROM, OBSERVED_UNTIL = date(1989, 1, 1), date(2023, 12, 31)

Alert = tuple[str, date, str, int]
"""Country, day, level, deaths in 30 days."""


def daily_deaths(shared_data: Path) -> dict[str, Counter[date]]:
    """Deaths by country and last day of the event, from the publisher's file, with nothing of this project between."""
    found: dict[str, Counter[date]] = defaultdict(Counter)
    with zipfile.ZipFile(shared_data / "mirror/ucdp/downloads/ged/ged241-csv.zip") as archive:
        text = archive.read(archive.namelist()[0]).decode("utf-8-sig")
    for row in csv.DictReader(io.StringIO(text, newline="")):
        found[ISO3[row["country"]]][date.fromisoformat(row["date_end"][:10])] += int(row["best"])
    return found


def hdx_signals(country: str, deaths: Counter[date]) -> tuple[list[Alert], list[Alert]]:
    """The rule as it is published, over a series with every day in it: all days on which it holds, and those kept."""
    first = min(min(deaths), max(COVERED_FROM, date(2018, 1, 1)))
    days = [first + timedelta(days=n) for n in range((OBSERVED_UNTIL - first).days + 1)]
    series = [deaths[day] for day in days]
    sums = [sum(series[max(0, n - 29) : n + 1]) for n in range(len(series))]
    found: list[Alert] = []
    for n, value in enumerate(sums):
        if value < 100 or value < max(sums[max(0, n - 365) : n + 1]):
            continue
        level = "high" if value >= max(sums[max(0, n - 1095) : n + 1]) else "medium"
        found.append((country, days[n], level, value))
    kept: list[Alert] = []
    for alert in found:
        if not any(
            1 <= (alert[1] - one[1]).days <= 180 and (one[2] == "high" or alert[2] == "medium")
            for one in kept
        ):
            kept.append(alert)
    return found, kept


def expected() -> list[Alert]:
    with EXPECTED.open(encoding="utf-8", newline="") as file:
        return [
            (row["country_iso3"], date.fromisoformat(row["alert_date"]), row["level"], int(row["deaths"]))
            for row in csv.DictReader(file)
        ]


def test_the_plain_program_finds_what_the_file_holds(shared_data: Path) -> None:
    kept = [alert for item in daily_deaths(shared_data).items() for alert in hdx_signals(*item)[1]]
    assert sorted(kept) == expected()
    assert len(kept) > 20


def test_the_conflict_rule_of_hdx_signals_is_kept_to_the_day_and_level(
    real_home: RealHome, shared_data: Path
) -> None:
    with open_bi(real_home.settings) as bi:
        ours = bi.execute(
            """select country_iso3, alert_date, level, cast(value as integer), suppressed_by is null
               from marts.alert where rule = 'hdx_conflict' and source = 'ucdp' order by all"""
        ).fetchall()
    found = [alert for item in daily_deaths(shared_data).items() for alert in hdx_signals(*item)[0]]
    assert [alert[:4] for alert in ours] == sorted(found)
    assert [alert[:4] for alert in ours if alert[4]] == expected()
    # Plateaus: most days on which the rule holds repeat the day before.
    assert len(ours) > 10 * len(expected())


def test_nothing_is_claimed_of_days_that_nobody_looked_at(real_home: RealHome) -> None:
    with open_bi(real_home.settings) as bi:
        late = bi.execute(
            """select count(*) from marts.alert
               inner join (select source, country_iso3, max(observed_until) as last_date
                           from marts.country_month group by all) using (source, country_iso3)
               where alert_kind = 'conflict' and alert_date > last_date"""
        ).fetchone()
        kinds = bi.execute(
            "select alert_kind, count(*), min(alert_date), max(alert_date) from marts.alert group by 1 order by 1"
        ).fetchall()
    assert late == (0,)
    assert kinds[0][0] == "conflict" and kinds[0][1] > 1000 and kinds[0][3] <= OBSERVED_UNTIL


def test_each_alert_can_be_known_when_its_release_was_there(real_home: RealHome) -> None:
    """One release, and so one moment: that at which its publisher dated it."""
    with open_bi(real_home.settings) as bi:
        moments = bi.execute(
            """select distinct known_at, source_release from marts.alert
               where source = 'ucdp' and alert_kind = 'conflict'"""
        ).fetchall()
        released = bi.execute(
            "select distinct coalesce(released_at, recorded_at) from core.feed_coverage where feed = 'ucdp'"
        ).fetchall()
    assert moments == [(released[0][0], "24.1")]


def test_evidence_is_of_the_area_and_the_days_and_makes_the_figure(real_home: RealHome) -> None:
    with open_bi(real_home.settings) as bi:
        wrong, alerts = bi.execute(
            """with evidence as (
                   select alert.*, unnest(string_split(evidence, ', ')) as event_key
                   from marts.alert where rule in ('hdx_conflict', 'admin1_conflict', 'surge', 'threat')
               )
               select
                   count(*) filter (where event.event_key is null
                       or event.date_end not between window_start_date and alert_date
                       or case area_kind when 'country' then event.country_iso3 else event.admin1_id end <> area_id),
                   count(distinct alert_id)
               from evidence left join core.fct_event as event using (event_key)"""
        ).fetchone()
        (short,) = bi.execute(
            """with evidence as (
                   select alert_id, value, unnest(string_split(evidence, ', ')) as event_key
                   from marts.alert where rule in ('hdx_conflict', 'admin1_conflict') and evidence_events <= 10
               )
               select count(*) from (
                   select alert_id from evidence inner join core.fct_event using (event_key)
                   group by alert_id, value having sum(fatalities_best) <> value
               )"""
        ).fetchone()
    assert (wrong, short) == (0, 0)
    assert alerts > 1000


def test_surges_and_threats_are_those_of_the_trend(real_home: RealHome) -> None:
    """Two models reckon the same means; where one of them changes, they part."""
    with open_bi(real_home.settings) as bi:
        for rule in ("surge", "threat"):
            weeks = bi.execute(
                f"""select source, area_kind, area_id, week + 6, value, mean_4w, mean_52w from marts.trend_week
                    where {rule} and metric = 'events' and area_kind in ('country', 'admin1') and source = 'ucdp'
                    order by all"""
            ).fetchall()
            alerts = bi.execute(
                """select source, area_kind, area_id, alert_date, value, baseline from marts.alert
                   where rule = ? order by all""",
                [rule],
            ).fetchall()
            assert [alert[:4] for alert in alerts] == [week[:4] for week in weeks]
            baseline = 5 if rule == "surge" else 6
            assert [alert[5] for alert in alerts] == [week[baseline] for week in weeks]
            if rule == "surge":
                assert [alert[4] for alert in alerts] == [week[4] for week in weeks]
            assert len(alerts) > 150
