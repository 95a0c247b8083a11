"""What the published forecasts say on the real UCDP release, against the release itself read anew.

Here: the way from the release to the marts and the question. Not here: the models and their record on the public data
(tests/pipeline/test_real_forecasts.py).
"""

import json
from datetime import date
from typing import Any

import numpy as np
import pytest

from bench.forecasts import TEST_YEARS, public_panels, windows_of
from orchestration.forecasting import MEMORY, back_test, forecast
from tests.queries.test_promised_questions import ask
from tests.served import RealHome, open_bi, rows_of

COUNTRIES = ("BEN", "GNB", "CIV", "MLI", "SEN")
"""In the order of the release's names: Benin, Guinea-Bissau, Ivory Coast, Mali, Senegal."""


@pytest.fixture(scope="module")
def panels(shared_data) -> dict[tuple[str, str], np.ndarray]:
    return public_panels(shared_data / "mirror" / "ucdp" / "downloads" / "ged" / "ged241-csv.zip")


def asked(home: RealHome, sql: str) -> list[tuple[Any, ...]]:
    with open_bi(home.settings) as bi:
        return bi.execute(sql).fetchall()


@pytest.mark.parametrize("target", ["state_based", "all_violence"])
def test_the_monthly_deaths_are_those_of_the_release(
    real_home: RealHome, panels: dict[tuple[str, str], np.ndarray], target: str
) -> None:
    rows = rows_of(
        real_home.settings.warehouse,
        f"""select area_id, list(deaths order by month), min(month), max(month)
            from intermediate.int_forecast__month
            where area_kind = 'country' and target = '{target}' group by area_id""",
    )
    assert {area for area, *_ in rows} == set(COUNTRIES), "the others have no events in this release"
    for area, deaths, first, last in rows:
        assert (first, last) == (date(2012, 1, 1), date(2023, 12, 1))
        assert deaths == pytest.approx(panels["country", target][COUNTRIES.index(area), -144:])


def test_units_hold_the_deaths_of_the_country_that_have_a_unit(real_home: RealHome) -> None:
    differing = rows_of(
        real_home.settings.warehouse,
        """select country_iso3, target,
               sum(deaths) filter (where area_kind = 'admin1') as of_units,
               sum(deaths) filter (where area_kind = 'country') as of_country
           from intermediate.int_forecast__month group by all""",
    )
    assert all(of_units <= of_country + 1e-6 for *_, of_units, of_country in differing)
    mali = {
        target: units / country for country_iso3, target, units, country in differing if country_iso3 == "MLI"
    }
    assert all(0.9 < share <= 1 for share in mali.values())


def test_the_record_beside_the_forecasts_is_that_of_the_public_data(
    real_home: RealHome, panels: dict[tuple[str, str], np.ndarray]
) -> None:
    found = {
        (target, model): (crps, ign, mis, windows)
        for target, model, crps, ign, mis, windows in asked(
            real_home,
            """select target, model, crps, ign, mis, windows from marts.forecast_score
               where area_kind = 'country' and area_id = 'all' and protocol = 'views_windows' and months_ahead is null""",
        )
    }
    for target in ("state_based", "all_violence"):
        for model, tested in back_test(panels["country", target], windows_of(TEST_YEARS)).items():
            scores = tested.scores
            expected = (scores.crps.mean(), scores.ign.mean(), scores.mis.mean(), 6)
            assert found[target, model] == pytest.approx(expected), model


def test_each_forecast_is_the_models_beside_its_models_record(
    real_home: RealHome, panels: dict[tuple[str, str], np.ndarray]
) -> None:
    rows = asked(
        real_home,
        """select model, target, area_id, mean, p90, p_ge_25, list(target_month order by target_month), any_value(issued_month)
           from marts.forecast where area_kind = 'country' group by all""",
    )
    assert len(rows) == 7 * 2 * 5
    for model, target, area, mean, p90, p_ge_25, months, issued in rows:
        samples = forecast(model, panels["country", target][:, -MEMORY:])[COUNTRIES.index(area)]
        assert (mean, p90, p_ge_25) == pytest.approx(
            (samples.mean(), np.quantile(samples, 0.9), (samples >= 25).mean()), abs=0.001
        )
        assert issued == date(2023, 12, 1)
        assert months == [date(2024, month, 1) for month in range(1, 7)]
    (without,) = asked(
        real_home, "select count(*) from marts.forecast where crps is null or windows is null"
    )[0]
    assert without == 0


def test_ours_is_recommended_where_its_record_is_the_best(real_home: RealHome) -> None:
    best = asked(real_home, "select distinct area_kind, target, model from marts.forecast where is_best")
    assert sorted(best) == [
        (area_kind, target, "smoothed_mixture")
        for area_kind in ("admin1", "country")
        for target in ("all_violence", "state_based")
    ]


def test_where_next_names_the_wars_and_leaves_the_quiet_out(real_home: RealHome) -> None:
    rows = json.loads(ask(real_home.settings.home, "where_next"))
    countries = {
        row["area_id"]: row
        for row in rows
        if (row["area_kind"], row["target"]) == ("country", "all_violence")
    }
    assert set(countries) == {"MLI", "BEN"}
    mali = countries["MLI"]
    ((deaths,),) = asked(
        real_home,
        """select sum(fatalities_best) / 12 from marts.country_month
           where source = 'ucdp' and country_iso3 = 'MLI' and year(month) = 2023""",
    )
    assert mali["last_12m_per_month"] == pytest.approx(deaths, rel=0.02), (
        "but for parts of events from December to January"
    )
    assert mali["p10"] < mali["p50"] < mali["p90"] and mali["p_ge_25"] > 0.95
    assert mali["expected_change"] == pytest.approx(
        mali["expected_per_month"] - mali["last_12m_per_month"], abs=0.11
    )
    changes = [
        row["expected_change"]
        for row in rows
        if (row["area_kind"], row["target"]) == ("admin1", "all_violence")
    ]
    assert changes == sorted(changes, reverse=True) and len(changes) > 5
