"""Forecasts, their scores and the back-test, against values worked out by hand and against slow direct formulas.

Here: orchestration.forecasting on arrays. Not here: which events make a month (dbt's unit tests) and the record on
real data (tests/pipeline/test_real_forecasts.py).
"""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats

from orchestration import forecasting
from orchestration.forecasting import MEMORY, MODELS, SAMPLES, Origin, back_test, forecast, levels, score

RNG = np.random.default_rng(5)


def some_history(areas: int = 40, months: int = MEMORY) -> np.ndarray:
    """Quiet, small, large and erratic areas, with fractions from events that last over months."""
    mean = RNG.choice([0, 0.1, 1, 20, 300], (areas, 1))
    deaths = RNG.poisson(mean * RNG.gamma(0.5, 2, (areas, months))).astype(float)
    deaths[::7] += 0.25
    return deaths


# Scores


def test_scores_of_four_samples_by_hand() -> None:
    samples = np.array([[0.0, 0.0, 2.0, 4.0]])
    found = score(samples, np.array([0, 0]), np.array([1.0, 10.0]))
    # Mean distance to 1: (1 + 1 + 1 + 3) / 4; between samples: 2 (2 + 4 + 2 + 4 + 2) / 16, and half of it.
    assert found.crps == pytest.approx([1.5 - 0.875, (10 + 10 + 8 + 6) / 4 - 0.875])
    # One sample lies in (0.5, 2.5], none in (5.5, 10.5]; eleven bins.
    assert found.ign == pytest.approx([-math.log2(2 / 15), -math.log2(1 / 15)])
    # The interval from 0 to 2 + 0.85 (4 - 2); the second misses by 6.3, twenty times.
    assert found.mis == pytest.approx([3.7, 3.7 + 20 * 6.3])
    assert found.is_covered.tolist() == [True, False]


@pytest.mark.parametrize(
    ("deaths", "in_bin"),
    [(0, 0), (0.5, 0), (0.51, 1), (2.5, 1), (3, 2), (1000.5, 9), (1001, 10), (1e6, 10)],
)
def test_a_bin_holds_its_upper_end(deaths: float, in_bin: int) -> None:
    one_a_bin = np.array([[0, 1, 3, 6, 11, 26, 51, 101, 251, 501, 1001]], dtype=float)
    without = np.delete(one_a_bin, in_bin, axis=1)
    hit, miss = (score(them, np.zeros(1, int), np.array([deaths])).ign[0] for them in (one_a_bin, without))
    assert hit == pytest.approx(-math.log2(2 / 22))
    assert miss == pytest.approx(-math.log2(1 / 21))


@settings(max_examples=60, deadline=None)
@given(
    samples=st.lists(st.floats(0, 1500, width=32), min_size=2, max_size=30),
    outcomes=st.lists(st.one_of(st.floats(0, 2000, width=32), st.just(0.5)), min_size=1, max_size=5),
)
def test_scores_are_those_of_the_direct_formulas(samples: list[float], outcomes: list[float]) -> None:
    x = np.sort(np.array(samples))
    found = score(np.stack([x * 0, x]), np.ones(len(outcomes), int), np.array(outcomes))
    edges = [-np.inf, 0.5, 2.5, 5.5, 10.5, 25.5, 50.5, 100.5, 250.5, 500.5, 1000.5, np.inf]
    low, high = np.quantile(x, 0.05), np.quantile(x, 0.95)
    for number, y in enumerate(outcomes):
        crps = np.mean([abs(a - y) for a in x]) - np.mean([abs(a - b) for a in x for b in x]) / 2
        (lower, upper) = next((a, b) for a, b in pairwise(edges) if a < y <= b)
        ign = -math.log2((sum(lower < a <= upper for a in x) + 1) / (len(x) + 11))
        mis = high - low + 20 * max(low - y, 0) + 20 * max(y - high, 0)
        assert found.crps[number] == pytest.approx(crps, abs=1e-6)
        assert found.ign[number] == pytest.approx(ign)
        assert found.mis[number] == pytest.approx(mis, abs=1e-6)


def test_scores_of_unsorted_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="ascend"):
        score(np.array([[2.0, 1.0]]), np.zeros(1, int), np.zeros(1))


# Distributions and models


def test_quantiles_are_those_of_scipy() -> None:
    mean = np.concatenate([[0.001, 0.01, 1, 7.5, 300, 999], RNG.gamma(0.4, 60, 60) + 0.01])
    size = np.concatenate([[0.1, 1e6, 1, 0.05, 12, 1e6], RNG.gamma(0.7, 4, 60) + 0.02])
    found = forecasting.negative_binomial(mean, size, 97)
    expected = stats.nbinom.ppf(levels(97), size[:, None], (size / (size + mean))[:, None])
    assert (found == expected).all()


def test_large_means_are_counted_in_larger_units() -> None:
    mean, size = np.array([50_000.0, 2e6, 3000.0]), np.array([2.0, 0.5, 1e6])
    found = forecasting.negative_binomial(mean, size, 999)
    expected = stats.nbinom.ppf(levels(999), size[:, None], (size / (size + mean))[:, None])
    assert found[:2] == pytest.approx(expected[:2], rel=0.02, abs=mean[1] / 1000)
    assert found[2].mean() == pytest.approx(3000, rel=0.01)
    assert set(found[1] % 2000) == {0}, "tables of a thousand times 2,000 deaths, not of millions"


@pytest.mark.parametrize(("mean", "size"), [(-1, 1), (np.nan, 1), (1, 0), (np.inf, 1)])
def test_impossible_distributions_are_refused(mean: float, size: float) -> None:
    with pytest.raises(ValueError):
        forecasting.negative_binomial(np.array([mean]), np.array([size]), 10)


@pytest.mark.parametrize("model", MODELS)
def test_each_model_gives_a_thousand_ascending_samples_the_same_each_time(model: str) -> None:
    history = some_history()
    samples = forecast(model, history)
    assert samples.shape == (len(history), SAMPLES)
    assert (np.diff(samples, axis=1) >= 0).all() and (samples >= 0).all()
    assert (forecast(model, history) == samples).all()


@pytest.mark.parametrize("model", [model for model in MODELS if model != "bootstrap_12"])
def test_an_area_is_forecast_from_its_own_last_months(model: str) -> None:
    history = some_history()
    longer = np.concatenate([RNG.poisson(9, (len(history), 5)), history], axis=1)
    order = RNG.permutation(len(history))
    assert (forecast(model, longer[order]) == forecast(model, history)[order]).all()


def test_conflictology_holds_each_of_the_last_months_as_often() -> None:
    history = np.arange(MEMORY, dtype=float)[None]
    for months in (12, 24):
        values, counts = np.unique(forecast(f"conflictology_{months}", history), return_counts=True)
        assert values.tolist() == list(range(MEMORY - months, MEMORY))
        assert counts.max() - counts.min() <= 1


def test_the_last_month_is_the_mean_of_a_poisson() -> None:
    history = np.zeros((2, MEMORY))
    history[:, -1] = 3, 0
    found = forecast("last_poisson", history)
    assert (found[0] == stats.poisson.ppf(levels(SAMPLES), 3)).all()
    assert not found[1].any()


def test_the_pool_is_the_last_year_of_the_panel_that_an_area_is_of() -> None:
    history = np.zeros((3, MEMORY))
    history[0, -12:], history[1, -13] = 6, 99
    found = forecast("bootstrap_12", history)
    assert found.mean(axis=1) == pytest.approx([2, 2, 2], abs=0.01)
    apart = forecast("bootstrap_12", history, np.array([0, 1, 1]))
    assert apart.mean(axis=1) == pytest.approx([6, 0, 0])


def test_the_decayed_mean_and_variance_by_hand() -> None:
    history = np.zeros((1, MEMORY))
    history[0, -1], history[0, -2] = 10, 20
    newest = 0.15 / (1 - 0.85**36)
    mean, variance = forecasting.decayed_moments(history)
    assert mean[0] == pytest.approx(newest * (10 + 0.85 * 20))
    assert variance[0] == pytest.approx(newest * (100 + 0.85 * 400) - mean[0] ** 2)
    p = mean[0] / variance[0]
    expected = stats.nbinom.ppf(levels(SAMPLES), mean[0] * p / (1 - p), p)
    assert (forecast("decayed_nb", history)[0] == expected).all()


def test_a_decayed_variance_below_the_mean_is_a_poisson_and_silence_has_its_floor() -> None:
    steady = forecast("decayed_nb", np.full((1, MEMORY), 4.0))
    assert (steady[0] == stats.poisson.ppf(levels(SAMPLES), 4)).all()
    silent = forecast("decayed_nb", np.zeros((1, MEMORY)))
    assert (silent >= 1).sum() == 10


def test_the_mixture_is_what_its_formula_says() -> None:
    """Ours, month by month and level by level, with scipy's distributions."""
    for history in np.minimum(some_history(12), 900):
        samples: list[float] = []
        for months, each in ((12, 28), (24, 14)):
            recent = history[-months:]
            spread = 0.9 * months**-0.2 * recent.std() / recent.mean() if recent.any() else 0
            bandwidth = max(round(min(spread, 1), 2), 0.01)
            for deaths in recent:
                size = bandwidth**-2
                samples += (
                    list(stats.nbinom.ppf(levels(each), size, size / (size + deaths)))
                    if deaths
                    else [0] * each
                )
        (mean,), (variance,) = forecasting.decayed_moments(history[None])
        mean = max(mean, 0.01)
        size = mean**2 / (variance - mean) if variance > mean * (1 + mean / 1e6) else 1e6
        samples += list(stats.nbinom.ppf(levels(328), size, size / (size + mean)))
        assert forecast("smoothed_mixture", history[None])[0] == pytest.approx(sorted(samples))


def test_ours_never_calls_violence_impossible_nor_likely_after_three_quiet_years() -> None:
    samples = forecast("smoothed_mixture", np.zeros((1, MEMORY)))
    assert 0 < forecasting.share_of_at_least(samples, 1)[0] < 0.01


@pytest.mark.parametrize(
    "history", [np.zeros((1, MEMORY - 1)), np.full((1, MEMORY), np.nan), np.full((1, MEMORY), -1.0)]
)
def test_a_history_that_is_short_or_broken_is_refused(history: np.ndarray) -> None:
    with pytest.raises(ValueError, match="history"):
        forecast("zero", history)


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(KeyError):
        forecast("oracle", np.zeros((1, MEMORY)))


# Back-test


def test_windows_train_to_october_and_are_judged_on_the_next_year() -> None:
    windows = forecasting.views_windows(first_month=1989 * 12, final_months=35 * 12)
    january_2018 = (2018 - 1989) * 12
    assert windows[0] == Origin(january_2018 - 2, january_2018, january_2018 + 11)
    assert [window.first - january_2018 for window in windows] == [0, 12, 24, 36, 48, 60]
    # A year that is not final to December is not judged, nor one with less than a memory before its October.
    assert forecasting.views_windows(2000 * 12 + 3, 60)[-1].last < 60
    assert forecasting.views_windows(2000 * 12, 36 + 13) == []
    assert [window.end for window in forecasting.views_windows(2000 * 12, 60)] == [46]


def test_origins_as_issued_are_every_third_month_of_six_years() -> None:
    origins = forecasting.as_issued(final_months=200)
    assert len(origins) == 24
    assert origins[-1] == Origin(194, 194, 199)
    assert {b.end - a.end for a, b in pairwise(origins)} == {3}
    assert [origin.end for origin in forecasting.as_issued(final_months=48)] == [36, 39, 42]


def test_a_back_test_by_hand() -> None:
    """Three deaths in every month, and once nine: conflictology says three, and is right or six off."""
    panel = np.full((1, 60), 3.0)
    panel[0, 50] = 9
    found = back_test(panel, [Origin(48, 48, 53)])["conflictology_12"]
    assert found.months_ahead.tolist() == [1, 2, 3, 4, 5, 6]
    assert found.outcome.tolist() == [3, 3, 9, 3, 3, 3]
    assert found.scores.crps == pytest.approx([0, 0, 6, 0, 0, 0])
    hit, miss = -math.log2(1001 / 1011), -math.log2(1 / 1011)
    assert found.scores.ign == pytest.approx([hit, hit, miss, hit, hit, hit])
    assert found.scores.mis == pytest.approx([0, 0, 120, 0, 0, 0])


def test_what_came_changes_no_forecast() -> None:
    panel = some_history(30, 80)
    other = panel.copy()
    other[:, 50:] = some_history(30, 30)
    one, two = (back_test(deaths, [Origin(50, 52, 63)]) for deaths in (panel, other))
    for model in MODELS:
        assert (one[model].p_ge_1 == two[model].p_ge_1).all()
    assert (one["zero"].scores.crps != two["zero"].scores.crps).any()


def test_a_back_test_is_each_forecast_scored_alone() -> None:
    panel = some_history(25, 90)
    origins = forecasting.as_issued(90)
    found = back_test(panel, origins)
    for model in MODELS:
        alone = []
        for origin in origins:
            samples = forecast(model, panel[:, : origin.end])
            for area, outcomes in enumerate(panel[:, origin.first : origin.last + 1]):
                alone.append(score(samples[[area]], np.zeros(6, int), outcomes))
        for name in ("crps", "ign", "mis", "is_covered"):
            expected = np.concatenate([getattr(one, name) for one in alone])
            assert getattr(found[model].scores, name) == pytest.approx(expected)


def test_areas_count_where_their_memory_and_outcomes_are_there() -> None:
    panel = some_history(3, 60)
    panel[1, 15], panel[2, 52] = np.nan, np.nan
    found = back_test(panel, [Origin(48, 48, 53), Origin(54, 54, 59)])["zero"]
    assert sorted(set(zip(found.row.tolist(), found.origin.tolist(), strict=True))) == [
        (0, 0),
        (0, 1),
        (1, 1),
    ]
    assert back_test(np.full((2, 60), np.nan), [Origin(48, 48, 53)]) == {}


# Tables


def rows_of(
    panel: dict[tuple[str, str, str], np.ndarray], final_months: int | None = None
) -> dict[str, np.ndarray]:
    """Rows of int_forecast__month from January 2010 on; NaN months have none."""
    names = (
        "target",
        "area_kind",
        "area_id",
        "country_iso3",
        "month",
        "deaths",
        "is_final",
        "observed_until",
    )
    columns: dict[str, list] = {name: [] for name in names}
    for (target, area_kind, area_id), deaths in panel.items():
        for number, value in enumerate(deaths):
            if np.isnan(value):
                continue
            month = np.datetime64("2010-01", "M") + number
            is_final = final_months is None or number < final_months
            told = (
                target,
                area_kind,
                area_id,
                area_id[:3],
                month,
                value,
                is_final,
                np.datetime64("2020-01-31"),
            )
            for name, one in zip(names, told, strict=True):
                columns[name].append(one)
    order = RNG.permutation(len(columns["month"]))
    return {name: np.array(values)[order] for name, values in columns.items()}


@pytest.mark.parametrize("function", [forecasting.predictions, forecasting.score_table])
def test_no_rows_make_empty_tables_of_the_same_columns(function) -> None:
    nothing = {name: np.array([]) for name in rows_of({("state_based", "country", "MLI"): np.ones(1)})}
    empty = function(nothing)
    full = function(rows_of({("state_based", "country", "MLI"): some_history(1, 60)[0]}))
    assert empty.keys() == full.keys()
    assert all(len(column) == 0 for column in empty.values())
    assert all(len(column) > 0 for column in full.values())
    assert [empty[name].dtype.kind in "UO" for name in empty] == [
        full[name].dtype.kind in "UO" for name in full
    ]


def test_predictions_are_of_the_six_months_after_each_series_own_last_month() -> None:
    history = some_history(3, 60)
    history[1, 50:] = np.nan
    history[2, :30] = np.nan
    keys = [("state_based", "country", name) for name in ("MLI", "BFA", "NER")]
    found = forecasting.predictions(rows_of(dict(zip(keys, history, strict=True)), final_months=55))
    assert set(found["area_id"]) == {"MLI", "BFA"}, "30 months are no memory"
    for name, deaths, end, provisional in (("MLI", history[0], 60, True), ("BFA", history[1], 50, False)):
        some = (found["area_id"] == name) & (found["model"] == "smoothed_mixture")
        issued = np.datetime64("2010-01", "M") + end - 1
        assert (found["issued_month"][some].astype("datetime64[M]") == issued).all()
        assert sorted(found["target_month"][some].astype("datetime64[M]") - issued) == list(range(1, 7))
        samples = forecast("smoothed_mixture", deaths[None, :end])
        assert found["mean"][some] == pytest.approx(samples.mean())
        assert found["p90"][some] == pytest.approx(np.quantile(samples, 0.9))
        assert found["p_ge_25"][some] == pytest.approx((samples >= 25).mean())
        assert found["fatalities_12m"][some] == pytest.approx(deaths[end - 12 : end].sum())
        assert set(found["provisional"][some]) == {provisional}


def test_scores_are_means_over_all_by_month_ahead_and_by_area() -> None:
    panel = {
        ("state_based", "admin1", f"ML-{number}"): deaths for number, deaths in enumerate(some_history(8, 90))
    }
    found = forecasting.score_table(rows_of(panel))
    assert set(found["protocol"]) == {"as_issued", "views_windows"}
    for model in MODELS:
        some = (found["model"] == model) & (found["protocol"] == "as_issued")
        everything = some & (found["area_id"] == "all") & (found["months_ahead"] == 0)
        by_month = some & (found["months_ahead"] > 0)
        by_area = some & (found["area_id"] != "all")
        assert everything.sum() == 1 and by_month.sum() == 6 and by_area.sum() == 8
        assert set(found["windows"][some]) == {17}
        assert found["forecasts"][everything][0] == 17 * 6 * 8
        for name in ("crps", "ign", "mis"):
            whole = found[name][everything][0]
            assert found[name][by_month].mean() == pytest.approx(whole)
            assert found[name][by_area].mean() == pytest.approx(whole)
        conflictology = everything_of(found, "conflictology_12")["crps"]
        skill = found["skill_vs_conflictology"][everything][0]
        assert skill == pytest.approx(1 - found["crps"][everything][0] / conflictology)


def everything_of(found: dict[str, np.ndarray], model: str) -> dict[str, float]:
    some = (found["model"] == model) & (found["protocol"] == "as_issued")
    some &= (found["area_id"] == "all") & (found["months_ahead"] == 0)
    return {name: column[some][0] for name, column in found.items()}


def test_fewer_than_three_origins_are_no_record() -> None:
    key = ("state_based", "country", "MLI")
    two, three = (forecasting.score_table(rows_of({key: np.ones(months)})) for months in (47, 48))
    assert len(two["crps"]) == 0
    assert set(three["windows"]) == {3}


def test_an_area_that_came_late_is_no_record_of_its_setting() -> None:
    old, late = ("state_based", "country", "MLI"), ("state_based", "admin1", "ML-1")
    young = np.where(np.arange(90) < 43, np.nan, 1.0)  # of the panel's origins, two have a memory
    found = forecasting.score_table(rows_of({old: np.ones(90), late: young}))
    assert set(found["area_kind"]) == {"country"}


def test_months_that_are_not_final_are_neither_learnt_from_nor_judged() -> None:
    key = ("state_based", "country", "MLI")
    deaths = some_history(4, 70)[3]
    changed = deaths.copy()
    changed[60:] = 999
    one, two = (forecasting.score_table(rows_of({key: them}, final_months=60)) for them in (deaths, changed))
    assert (one["crps"] == two["crps"]).all() and len(one["crps"])
    assert not len(forecasting.score_table(rows_of({key: deaths}, final_months=0))["crps"])
