"""The forecasting models on the public test data (UCDP 24.1, five countries), against published figures.

Here: the record that docs/forecasts.md and bench/RESULTS.md tell. Not here: the scores themselves
(tests/unit/test_forecasting.py) and what a home publishes (tests/queries/test_forecast_question.py).
"""

from pathlib import Path

import numpy as np
import pytest

from bench.forecasts import (
    EARLIER_YEARS,
    SETTINGS,
    STATED,
    TEST_YEARS,
    Setting,
    means,
    public_panels,
    windows_of,
)
from orchestration.forecasting import back_test

OURS = "smoothed_mixture"
Means = dict[str, dict[str, float]]


@pytest.fixture(scope="module")
def panels(shared_data: Path) -> dict[Setting, np.ndarray]:
    return public_panels(shared_data / "mirror" / "ucdp" / "downloads" / "ged" / "ged241-csv.zip")


@pytest.fixture(scope="module")
def record(panels: dict[Setting, np.ndarray]) -> dict[Setting, Means]:
    windows = windows_of(TEST_YEARS)
    return {
        setting: {model: means(tested) for model, tested in back_test(panel, windows).items()}
        for setting, panel in panels.items()
    }


def test_the_panel_is_that_of_the_published_figures(panels: dict[Setting, np.ndarray]) -> None:
    assert {setting: panel.shape for setting, panel in panels.items()} == {
        (area_kind, target): ({"country": 5, "admin1": 54}[area_kind], 420) for area_kind, target in SETTINGS
    }
    for target in ("state_based", "all_violence"):
        country, admin1 = panels["country", target], panels["admin1", target]
        assert country.sum(axis=0) == pytest.approx(admin1.sum(axis=0))


@pytest.mark.parametrize("setting", SETTINGS, ids=" ".join)
def test_published_figures_are_reached_within_sampling_noise(
    setting: Setting, record: dict[Setting, Means]
) -> None:
    """They come of samples drawn at random, to three digits; bench/RESULTS.md has the noise of each."""
    for model, (crps, ign, mis) in STATED[setting].items():
        found, noise = record[setting][model], 0.01 if model.startswith("conflictology") else 0.015
        assert found["crps"] == pytest.approx(crps, rel=noise), model
        assert found["ign"] == pytest.approx(ign, rel=noise), model
        assert found["mis"] == pytest.approx(mis, rel=0.03), model


@pytest.mark.parametrize("setting", SETTINGS, ids=" ".join)
def test_ours_beats_what_it_has_to_beat(setting: Setting, record: dict[Setting, Means]) -> None:
    """Both as measured here and as published."""
    ours, stated = record[setting][OURS], STATED[setting]
    conflictology, decayed = (
        [record[setting][name], *_named(stated[name])] for name in ("conflictology_12", "decayed_nb")
    )
    for other in (*conflictology, *decayed):
        assert ours["ign"] < other["ign"]
    if setting[0] == "admin1":
        for other in (*conflictology, *decayed):
            assert ours["crps"] < other["crps"]
    else:
        assert all(ours["crps"] < 1.01 * other["crps"] for other in conflictology)


def _named(figures: tuple[float, float, float]) -> list[dict[str, float]]:
    return [dict(zip(("crps", "ign", "mis"), figures, strict=True))]


@pytest.mark.parametrize("setting", SETTINGS, ids=" ".join)
def test_ours_beats_them_on_the_windows_before_as_well(
    setting: Setting, panels: dict[Setting, np.ndarray]
) -> None:
    """Twenty-five windows that no published figure is of."""
    models = (OURS, "conflictology_12", "decayed_nb")
    found = back_test(panels[setting], windows_of(EARLIER_YEARS), models=models)
    ours, *others = (means(found[model]) for model in models)
    for other in others:
        assert ours["crps"] < other["crps"]
        assert ours["ign"] < other["ign"]


@pytest.mark.parametrize("setting", SETTINGS, ids=" ".join)
def test_nine_in_ten_outcomes_lie_within_nine_tenths(setting: Setting, record: dict[Setting, Means]) -> None:
    """Or more: where most months have no deaths, no interval holds just nine tenths."""
    assert 0.9 <= record[setting][OURS]["covered"] <= 0.99
