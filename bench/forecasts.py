"""The record of the forecasting models on the public test data: UCDP 24.1, five countries, windows 2018 to 2023.

Here: the panels of that release, the published figures of the same protocol, and what is measured against them. Not
here: the models, scores and back-test (orchestration.forecasting), which a home's own back-test uses as well.
"""

import tempfile
import zipfile
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb
import numpy as np

from orchestration import forecasting
from orchestration.forecasting import MODELS, BackTest, Origin

ROOT = Path(__file__).resolve().parents[1]
RELEASE = ROOT.parent / "shared" / "data" / "mirror" / "ucdp" / "downloads" / "ged" / "ged241-csv.zip"
"""Not part of this project: beside it, where it is there at all."""
FIRST_YEAR, LAST_YEAR = 1989, 2023
TEST_YEARS = range(2018, 2024)
"""The windows that the published figures are of. No number in a model was fitted to them."""
EARLIER_YEARS = range(1993, 2018)
"""All windows before, from the first that has a memory on."""
SETTINGS = (
    ("country", "state_based"),
    ("country", "all_violence"),
    ("admin1", "state_based"),
    ("admin1", "all_violence"),
)

Setting = tuple[str, str]

STATED: dict[Setting, dict[str, tuple[float, float, float]]] = {
    ("country", "state_based"): {
        "zero": (14.44, 2.51, 289),
        "last_poisson": (9.53, 1.81, 165),
        "conflictology_12": (6.70, 0.885, 59.9),
        "conflictology_24": (6.82, 0.863, 71.1),
        "bootstrap_12": (12.83, 1.60, 160),
        "decayed_nb": (6.89, 0.803, 64.8),
    },
    ("country", "all_violence"): {
        "zero": (30.99, 2.62, 620),
        "last_poisson": (17.26, 1.65, 309),
        "conflictology_12": (13.23, 0.958, 182),
        "conflictology_24": (13.22, 0.894, 150),
        "bootstrap_12": (27.35, 1.68, 323),
        "decayed_nb": (13.58, 0.828, 159),
    },
    ("admin1", "state_based"): {
        "zero": (1.337, 0.873, 26.7),
        "last_poisson": (1.519, 0.844, 26.6),
        "conflictology_12": (1.025, 0.545, 13.7),
        "conflictology_24": (1.014, 0.463, 13.1),
        "bootstrap_12": (1.297, 0.658, 25.1),
        "decayed_nb": (1.010, 0.424, 13.05),
    },
    ("admin1", "all_violence"): {
        "zero": (2.868, 1.088, 57.4),
        "last_poisson": (2.770, 0.950, 49.2),
        "conflictology_12": (1.950, 0.599, 25.5),
        "conflictology_24": (1.940, 0.554, 25.1),
        "bootstrap_12": (2.772, 0.802, 52.5),
        "decayed_nb": (1.921, 0.493, 24.1),
    },
}
"""CRPS, IGN, MIS as stated for the same release, windows and protocol, by samples drawn at random."""


def public_panels(release: Path = RELEASE) -> dict[Setting, np.ndarray]:
    """Deaths by area and month, January 1989 to December 2023, of each setting; multi-month events split evenly.

    The 54 admin1 areas are the pairs of country and ``adm_1`` as the release writes them, events without an ``adm_1``
    being an area of their own in each country (Benin has none).
    """
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(release) as archive:
        file = archive.extract(archive.namelist()[0], folder)
        events = duckdb.execute(
            """select country, coalesce(adm_1, '') as unit, type_of_violence = '1' as is_state_based,
                      best::double / (date_diff('month', date_start::date, date_end::date) + 1) as deaths,
                      (year(date_start::date) - ?) * 12 + month(date_start::date) - 1 as first,
                      (year(date_end::date) - ?) * 12 + month(date_end::date) - 1 as last
               from read_csv(?, header = true, all_varchar = true)""",
            [FIRST_YEAR, FIRST_YEAR, file],
        ).fetchall()
    panels = {}
    for area_kind, target in SETTINGS:
        areas = sorted({event[: 1 if area_kind == "country" else 2] for event in events})
        number = {area: row for row, area in enumerate(areas)}
        panel = np.zeros((len(areas), (LAST_YEAR - FIRST_YEAR + 1) * 12))
        for *area, is_state_based, deaths, first, last in events:
            if is_state_based or target == "all_violence":
                panel[number[tuple(area[: 1 if area_kind == "country" else 2])], first : last + 1] += deaths
        panels[area_kind, target] = panel
    return panels


def windows_of(years: range) -> list[Origin]:
    """VIEWS' windows of these years."""
    windows = forecasting.views_windows(FIRST_YEAR * 12, (LAST_YEAR - FIRST_YEAR + 1) * 12, years=100)
    return [one for one in windows if one.first // 12 + FIRST_YEAR in years]


def means(tested: BackTest) -> dict[str, float]:
    """Mean scores, coverage of the 90 % interval, and Brier scores of the probabilities of 1 and of 25 deaths."""
    scores = tested.scores
    return {
        "crps": float(scores.crps.mean()),
        "ign": float(scores.ign.mean()),
        "mis": float(scores.mis.mean()),
        "covered": float(scores.is_covered.mean()),
        "brier_1": float(np.mean((tested.p_ge_1 - (tested.outcome >= 1)) ** 2)),
        "brier_25": float(np.mean((tested.p_ge_25 - (tested.outcome >= 25)) ** 2)),
    }


def sampling_noise(panel: np.ndarray, origins: list[Origin], model: str, seeds: int = 10) -> list[float]:
    """Standard deviations of the mean scores when a thousand samples are drawn at random from the model's own."""
    drawn = []
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        found: list[list[np.ndarray]] = [[], [], []]
        for origin in origins:
            samples = forecasting.forecast(model, panel[:, : origin.end])
            some = np.sort(
                np.take_along_axis(samples, random.integers(0, samples.shape[1], samples.shape), axis=1)
            )
            outcome = panel[:, origin.first : origin.last + 1]
            scores = forecasting.score(
                some, np.repeat(np.arange(len(panel)), outcome.shape[1]), outcome.ravel()
            )
            for part, values in zip(found, (scores.crps, scores.ign, scores.mis), strict=True):
                part.append(values)
        drawn.append([float(np.concatenate(part).mean()) for part in found])
    return [float(value) for value in np.std(drawn, axis=0, ddof=1)]


def record(release: Path = RELEASE) -> dict[str, Any]:
    """All that RESULTS.md tells of the public data; empty where the release is not there."""
    if not release.is_file():
        return {"seconds": 0.0, "settings": {}}
    panels = public_panels(release)
    started = perf_counter()
    for panel in panels.values():
        forecasting.forecast("smoothed_mixture", panel)
    seconds = perf_counter() - started
    started = perf_counter()
    settings: dict[str, Any] = {}
    for (area_kind, target), panel in panels.items():
        test, earlier = (
            forecasting.back_test(panel, windows_of(years)) for years in (TEST_YEARS, EARLIER_YEARS)
        )
        issued = forecasting.back_test(panel, forecasting.as_issued(panel.shape[1]))
        settings[f"{area_kind} {target}"] = {
            "areas": len(panel),
            **{
                name: {model: means(tested) for model, tested in found.items()}
                for name, found in (("test", test), ("earlier", earlier), ("issued", issued))
            },
        }
    back_test_seconds = perf_counter() - started
    for (area_kind, target), panel in panels.items():
        settings[f"{area_kind} {target}"]["noise"] = {
            model: sampling_noise(panel, windows_of(TEST_YEARS), model) for model in MODELS
        }
    return {"seconds": seconds, "back_test_seconds": back_test_seconds, "settings": settings}


def made_world_of_areas(countries: int = 200, units: int = 2500, months: int = 144) -> dict[str, np.ndarray]:
    """Rows of int_forecast__month for a made world: three in ten areas have violence, some of it for a while."""
    random = np.random.default_rng(1)
    kinds = [("country", countries), ("admin1", units)]
    columns: dict[str, list[np.ndarray]] = {}
    month = np.datetime64("2012-01", "M") + np.arange(months)
    for target in ("state_based", "all_violence"):
        for area_kind, many in kinds:
            mean = np.where(random.random(many) < 0.3, random.gamma(0.3, 60, many), 0)[:, None]
            deaths = random.poisson(mean * random.gamma(0.4, 2.5, (many, months)))
            names = np.array([f"{area_kind}-{number}" for number in range(many)], dtype=object)
            told = {
                "target": np.full(many * months, target, dtype=object),
                "area_kind": np.full(many * months, area_kind, dtype=object),
                "area_id": np.repeat(names, months),
                "country_iso3": np.repeat(names, months),
                "month": np.tile(month, many),
                "deaths": deaths.ravel().astype(float),
                "is_final": np.ones(many * months, dtype=bool),
                "observed_until": np.full(many * months, np.datetime64("2023-12-31")),
            }
            for name, values in told.items():
                columns.setdefault(name, []).append(values)
    return {name: np.concatenate(values) for name, values in columns.items()}


def world() -> dict[str, Any]:
    """Seconds for every forecast of a made world of countries and units, and for its back-test."""
    rows = made_world_of_areas()
    started = perf_counter()
    predicted = forecasting.predictions(rows)
    forecast_seconds = perf_counter() - started
    started = perf_counter()
    scored = forecasting.score_table(rows)
    return {
        "seconds": forecast_seconds,
        "back_test_seconds": perf_counter() - started,
        "forecasts": len(predicted["mean"]),
        "scores": len(scored["crps"]),
    }
