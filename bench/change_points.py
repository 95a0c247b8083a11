"""Rules for "it is rising" against made series whose jumps are planted, and how often they fire in real events.

Here: the made series, the rules of marts.trend_week in numpy (tests/unit/dbt/test_dbt_project.py holds them against
the table), and the scores. Not here: the search for change points itself (int_trend__change_point), tables (``report``).
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import numpy as np

from bench.dbt_models import load_model

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared" / "data" / "mirror" / "ucdp"
"""UCDP GED 24.1 as the tests have it; without it, made series only."""
MODEL = "int_trend__change_point"

WEEKS_OF_A_SERIES = 312
LEVELS = (0.5, 2.0, 6.0)
"""Events a week: a unit with some attacks, a hot region, a country at war."""
FACTORS = (1.5, 2.0, 3.0, 5.0, 1 / 3)
SERIES = 60
"""Of each level and factor; three times as many without a jump."""
OVERDISPERSION = 1.6
"""Variance over mean of weekly events that have one level; UCDP's years in the Sahel have 1.5 to 2, with their changes."""
DRIFT, MEMORY = 0.25, 0.8
"""Deviation of the slow swing of the rate (of its logarithm), and its correlation from week to week."""
DEADLIER_EVENTS, DEADLIER_WEEKS = 1.2, 1.0
"""Deviations of the logarithm of deaths: of an event within its week, and of the weeks."""
PENALTIES = {"events": (3.0, 4.0, 5.0, 7.0), "fatalities_best": (12.0, 16.0, 20.0, 25.0)}
TOLD_OF_PENALTIES = ("recall", "precision", "about_precision", "false_alarms_a_year")
NEAR, ABOUT, SOON = 2, 8, 13
ONE_ALARM = 4
"""A rule that fires again within so many weeks has not raised another alarm."""
FALSE_ALARMS_ALLOWED = 0.02
"""A year, in a quiet series: with 70 units 1.4 in all."""


# --- made series -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Series:
    """Weekly values; ``jump`` is the first week of the new level, none in a quiet series."""

    values: np.ndarray
    jump: int | None
    level: float
    factor: float


def made_series(
    random: np.random.Generator,
    metric: str,
    level: float,
    factor: float = 1.0,
    weeks: int = WEEKS_OF_A_SERIES,
) -> Series:
    """Negative binomial counts around a rate that swings slowly, and jumps once unless ``factor`` is 1."""
    jump = int(random.integers(180, weeks - 52)) if factor != 1 else None
    swing = np.empty(weeks)
    swing[0] = random.normal(0, DRIFT)
    for week, push in enumerate(random.normal(0, DRIFT * (1 - MEMORY**2) ** 0.5, weeks - 1), start=1):
        swing[week] = MEMORY * swing[week - 1] + push
    rate = level * np.exp(swing - DRIFT**2 / 2)
    if jump is not None:
        rate[jump:] *= factor
    events = random.poisson(random.gamma(rate / (OVERDISPERSION - 1), OVERDISPERSION - 1))
    if metric == "events":
        return Series(events, jump, level, factor)
    # Few die in most events, dozens in some, and some weeks are deadlier than others.
    deadliness = random.normal(0.5, DEADLIER_WEEKS, weeks)
    deaths = [
        int(np.floor(1 + random.lognormal(mean, DEADLIER_EVENTS, count)).sum())
        for mean, count in zip(deadliness, events, strict=True)
    ]
    return Series(np.array(deaths), jump, level, factor)


def all_series(metric: str) -> Iterator[Series]:
    random = np.random.default_rng(2024)
    for level in LEVELS:
        for factor in FACTORS:
            for _ in range(SERIES):
                yield made_series(random, metric, level, factor)
        for _ in range(3 * SERIES):
            yield made_series(random, metric, level)


# --- the rules ---------------------------------------------------------------------------------------


def before(values: np.ndarray, weeks: int, ends_before: int = 1) -> np.ndarray:
    """Rows: the ``weeks`` values that end ``ends_before`` weeks before each week, where all of them are there."""
    reach = weeks + ends_before - 1
    rows = np.full((len(values), weeks), np.nan)
    if len(values) > reach:
        windows = np.lib.stride_tricks.sliding_window_view(np.asarray(values, dtype=float), weeks)
        rows[reach:] = windows[: len(values) - reach]
    return rows


def surge(values: np.ndarray) -> np.ndarray:
    """At least twice the mean of the four weeks before, which is at least 1."""
    mean = before(values, 4).mean(axis=1)
    return (mean >= 1) & (values >= 2 * mean)


def threat(values: np.ndarray) -> np.ndarray:
    """The four weeks that end with this one: in the mean at least 1, and twice the mean of the 52 before."""
    mean = before(values, 4, 0).mean(axis=1)
    return (mean >= 1) & (mean >= 2 * before(values, 52).mean(axis=1))


def high_z(values: np.ndarray) -> np.ndarray:
    """Two standard deviations or more above the mean of the 156 weeks before."""
    window = before(values, 156)
    deviation = window.std(axis=1, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (deviation > 0) & ((values - window.mean(axis=1)) / deviation >= 2)


RULES: dict[str, Callable[[np.ndarray], np.ndarray]] = {"surge": surge, "threat": threat, "z_score": high_z}


def alarms(fires: np.ndarray) -> list[int]:
    """First weeks of each alarm."""
    weeks = [int(week) for week in np.flatnonzero(fires)]
    return [
        week
        for last, week in zip([None, *weeks], weeks, strict=False)
        if last is None or week - last > ONE_ALARM
    ]


# --- scores ------------------------------------------------------------------------------------------


@dataclass
class Score:
    """Counts over jumped and quiet series: alarms near a jump (within two weeks), about one (eight), soon (known in 13)."""

    jumps: int = 0
    near: int = 0
    soon: int = 0
    raised: int = 0
    right: int = 0
    about_right: int = 0
    quiet_years: float = 0.0
    false_alarms: int = 0

    def __post_init__(self) -> None:
        self.delays: list[int] = []

    def told(self) -> dict[str, Any]:
        return {
            "jumps": self.jumps,
            "recall": self.near / self.jumps if self.jumps else None,
            "soon": self.soon / self.jumps if self.jumps else None,
            "precision": self.right / self.raised if self.raised else None,
            "about_precision": self.about_right / self.raised if self.raised else None,
            "delay": median(self.delays) if self.delays else None,
            "false_alarms_a_year": self.false_alarms / self.quiet_years if self.quiet_years else None,
        }


def score_rule(rule: Callable[[np.ndarray], np.ndarray], series: Series, score: Score) -> None:
    """A rule tells of a jump when it fires: where it is and when it is known are one."""
    # The first three years are the longest baseline's.
    found = [week for week in alarms(rule(series.values)) if week >= 156]
    _count(series, found, score, known=lambda near: min(near), judged_weeks=len(series.values) - 156)


def score_change_points(search: Callable[[np.ndarray], list[int]], series: Series, score: Score) -> None:
    """A change point lies where it lies, and is known once enough weeks of the new level have passed."""
    found = search(series.values)

    def known(near: list[int]) -> int:
        for week in range(series.jump, len(series.values)):
            if any(abs(position - series.jump) <= NEAR for position in search(series.values[: week + 1])):
                return week
        raise AssertionError("found in the whole series, and never while it grew")

    _count(series, found, score, known, judged_weeks=len(series.values))


def _count(
    series: Series, found: list[int], score: Score, known: Callable[[list[int]], int], judged_weeks: int
) -> None:
    if series.jump is None:
        score.quiet_years += judged_weeks * 7 / 365.25
        score.false_alarms += len(found)
        return
    near = [week for week in found if abs(week - series.jump) <= NEAR]
    score.jumps += 1
    score.near += bool(near)
    score.right += len(near)
    score.about_right += sum(abs(week - series.jump) <= ABOUT for week in found)
    score.raised += len(found)
    if near:
        delay = max(known(near) - series.jump, 0)
        score.delays.append(delay)
        score.soon += delay <= SOON


def measure_made() -> dict[str, Any]:
    """Scores of each rule by metric, all in one, rises alone and by factor; and of other penalties."""
    model = load_model(MODEL)
    scores: dict[str, Any] = {}
    for metric, penalty in model.PENALTIES.items():
        made = list(all_series(metric))

        def search(values: np.ndarray, penalty: float = penalty) -> list[int]:
            return [position for position, _ in model.change_points(values, penalty)]

        rows: dict[str, Any] = {}
        for name in (*RULES, "is_change_point"):
            by_factor = {factor: Score() for factor in FACTORS}
            by_level = {level: Score() for level in LEVELS}
            rises = Score()
            for series in made:
                of_it = [rises] if series.jump is None or series.factor > 1 else []
                of_it += [by_factor[series.factor]] if series.jump is not None else []
                of_it += [by_level[series.level]] if series.jump is None else []
                for score in of_it:
                    if name in RULES:
                        score_rule(RULES[name], series, score)
                    else:
                        score_change_points(search, series, score)
            rows[name] = {
                "rises": rises.told(),
                "by_factor": {f"{factor:.2g}": score.told() for factor, score in by_factor.items()},
                "quiet_by_level": {
                    f"{level:g}": score.told()["false_alarms_a_year"] for level, score in by_level.items()
                },
            }
        penalties = {}
        for other in PENALTIES[metric]:
            score = Score()
            for series in made:
                if series.jump is None or series.factor > 1:
                    found = [position for position, _ in model.change_points(series.values, other)]
                    _count(series, found, score, min, judged_weeks=len(series.values))
            told = score.told()
            penalties[f"{other:g}"] = {name: told[name] for name in TOLD_OF_PENALTIES}
        scores[metric] = {"penalty": penalty, "rules": rows, "penalties": penalties}
    return scores


# --- real events -------------------------------------------------------------------------------------


def build_real(folder: Path) -> Path | None:
    """UCDP's real events loaded and built, in an empty folder; none without the data."""
    from orchestration import steps
    from orchestration.records import LoadRequest
    from orchestration.settings import Settings

    file = next(iter(sorted(REAL.rglob("ged241*.zip"))), None) if REAL.is_dir() else None
    if file is None:
        return None
    settings = Settings.from_env(folder / "home", environ={"SAHEL_FEEDS": "ucdp", "SAHEL_NOW": "2025-07-01"})
    report = steps.load(steps.Run(settings), LoadRequest("ucdp", file=file, release="24.1"))
    if report.failed:
        raise SystemExit(f"UCDP could not be loaded: {report.problems}")
    report = steps.build(steps.Run(settings))
    if report.failed:
        raise SystemExit(f"the build failed: {[node.name for node in report.failed_nodes]}")
    return settings.warehouse


RATES = """
    with judged as (
        select
            area_kind,
            area_id,
            week,
            surge,
            threat,
            z_score >= 2 as z_score,
            is_change_point,
            mean_52w
        from marts.trend_week
        where source = 'ucdp' and metric = ? and is_complete and not provisional
            and week >= date '2014-01-01' and area_kind in ('country', 'admin1', 'actor')
    ),

    fired as (
        unpivot (
            select
                area_kind, area_id, week, mean_52w,
                coalesce(surge, false) as surge,
                coalesce(threat, false) as threat,
                coalesce(z_score, false) as z_score,
                coalesce(is_change_point, false) as is_change_point
            from judged
        )
        on surge, threat, z_score, is_change_point into name rule value fires
    ),

    alarms as (
        select
            *,
            fires and not coalesce(
                bool_or(fires) over (
                    partition by area_kind, area_id, rule order by week
                    range between interval 28 day preceding and interval 7 day preceding
                ), false
            ) as is_alarm
        from fired
    )

    select
        area_kind,
        rule,
        count(distinct area_id) as areas,
        count(*) filter (fires) as weeks_fired,
        count(*) as weeks,
        count(*) filter (fires and mean_52w >= 0.5) as active_weeks_fired,
        count(*) filter (mean_52w >= 0.5) as active_weeks,
        count(*) filter (is_alarm) as alarms,
        count(distinct week) * 7 / 365.25 as years
    from alarms
    group by area_kind, rule
    order by area_kind, rule
"""


def measure_real(folder: Path) -> dict[str, Any] | None:
    """How often each rule fires in UCDP's real events since 2014, by kind of area."""
    warehouse = None
    with suppress(FileNotFoundError):
        warehouse = build_real(folder)
    if warehouse is None:
        return None
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rates = {}
        for metric in ("events", "fatalities_best"):
            answer = connection.execute(RATES, [metric])
            columns = [column[0] for column in answer.description]
            rates[metric] = [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]
    shutil.rmtree(folder / "home", ignore_errors=True)
    return rates
