"""Forecasts of monthly deaths as samples, their scores, and the back-test that earns them.

Here: the models (``MODELS``), CRPS, IGN and MIS, the two protocols of the back-test, as pure functions on arrays.
Not here: which events make a month (dbt's int_forecast__month) and what is shown (marts.forecast). What each model
says in words, and its record, is in docs/forecasts.md.

Shapes. A history is (areas, months) of deaths, the oldest month first; a forecast is (areas, ``SAMPLES``) of deaths,
each row ascending. A model looks at the last ``MEMORY`` months and says the same of every month ahead. Nothing is
drawn at random: a forecast is the quantiles of its distribution at (i - 0.5) / n, so that it is the same tomorrow.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

SAMPLES = 1000
"""Of each forecast; the number that VIEWS asks for."""
MEMORY = 36
"""Months of history that the longest model looks at; an area with fewer has no forecast."""
HORIZON = 6
"""Months ahead that are forecast."""
MINIMUM_WINDOWS = 3
"""A back-test of fewer origins is no record, and without a record nothing is forecast."""

CONFLICTOLOGY = "conflictology_12"
"""The model that skill is told against: first of 17 on CRPS in the VIEWS challenge of 2024-25."""

BINS = np.array([0.5, 2.5, 5.5, 10.5, 25.5, 50.5, 100.5, 250.5, 500.5, 1000.5])
"""Upper ends of all but the last bin of IGN, which belong to their bin: 0.5 deaths (a share of an event) are bin 0."""
INTERVAL = 0.9
"""Level of the interval that MIS judges."""

DECAY, NB_FLOOR = 0.85, 0.01
"""The decayed negative binomial: weight of a month against the next, and its smallest mean in deaths a month."""
_SHARES = {12: 336, 24: 336}
"""Samples of the mixture that come from the last 12 and the last 24 months, 28 and 14 a month; the rest is the
negative binomial's. Thirds, as near as whole samples a month allow."""
_POISSON = 1e6
"""A size at which a negative binomial is a Poisson distribution for all that counts here."""
_COUNTED = 1000.0
"""Means above this many deaths are counted in larger units, so that no table of probabilities grows without end."""
_SMALLEST_LOG = -600.0
"""Of a probability that can still be multiplied up; below, logarithms are summed."""
_CELLS = 500_000
"""Cells of a table of probabilities held at once."""

Model = Callable[[np.ndarray], np.ndarray]


def levels(count: int) -> np.ndarray:
    """(i - 0.5) / count for i = 1..count: the probabilities at which ``count`` samples stand."""
    return (np.arange(count) + 0.5) / count


def negative_binomial(mean: np.ndarray, size: np.ndarray, count: int) -> np.ndarray:
    """(rows, count) ascending quantiles of negative binomials with these means and sizes (variance mean + mean²/size).

    By summing the probabilities of 0, 1, 2, .. in a table. Raises ValueError for a negative or infinite mean or size.
    """
    mean, size = np.broadcast_arrays(np.asarray(mean, float), np.asarray(size, float))
    if not (np.isfinite(mean).all() and np.isfinite(size).all() and (mean >= 0).all() and (size > 0).all()):
        raise ValueError("means must be zero or more, sizes positive, and all finite")
    samples = np.zeros((len(mean), count))
    unit = np.maximum(mean / _COUNTED, 1.0)
    spread = np.sqrt(mean / unit * (1 + mean / unit / size))
    table_length = (mean / unit + 8 * spread + 10).astype(int)
    waiting = np.flatnonzero(mean > 0)
    while len(waiting):
        waiting = waiting[np.argsort(table_length[waiting], kind="stable")]
        too_short = []
        for rows in _blocks(waiting, table_length[waiting]):
            found, reached = _summed(
                mean[rows] / unit[rows], size[rows], table_length[rows[-1]], levels(count)
            )
            samples[rows[reached]] = found[reached] * unit[rows[reached], None]
            too_short.append(rows[~reached])
        waiting = np.concatenate(too_short)
        table_length[waiting] *= 3
    return samples


def _blocks(rows: np.ndarray, lengths: np.ndarray) -> Iterator[np.ndarray]:
    """Rows, of ascending lengths, in blocks whose table of rows x longest stays small."""
    start = 0
    while start < len(rows):
        many = np.arange(1, len(rows) - start + 1) * lengths[start:]
        stop = start + max(1, int(np.searchsorted(many, _CELLS, side="right")))
        yield rows[start:stop]
        start = stop


def _summed(mean: np.ndarray, size: np.ndarray, length: int, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles at the levels ``at`` from tables of 0..length-1, and which rows' tables were long enough."""
    mean, size, k = mean[:, None], size[:, None], np.arange(1, length)
    steps = np.empty((len(mean), length))
    none = -size * np.log1p(mean / size)
    np.multiply((k - 1 + size) / k, mean / (size + mean), out=steps[:, 1:])
    if none.min() > _SMALLEST_LOG:
        steps[:, :1] = np.exp(none)
        np.cumprod(steps, axis=1, out=steps)
    else:
        steps[:, :1] = none
        np.log(steps[:, 1:], out=steps[:, 1:])
        np.exp(np.cumsum(steps, axis=1), out=steps)
    below = np.minimum(np.cumsum(steps, axis=1), 1.0)
    # One search over all rows: each row's probabilities stand between its number and the next.
    lift = 2.0 * np.arange(len(mean))[:, None]
    found = np.searchsorted((below + lift).ravel(), (at + lift).ravel()).reshape(len(mean), -1)
    return found - length * np.arange(len(mean))[:, None], below[:, -1] >= at[-1]


# --- models: (areas, MEMORY) deaths -> (areas, SAMPLES) samples -----------------------------------------------------


def zero(history: np.ndarray) -> np.ndarray:
    """No deaths, whatever was."""
    return np.zeros((len(history), SAMPLES))


def last_poisson(history: np.ndarray) -> np.ndarray:
    """Poisson with the last month's deaths as its mean."""
    means, row = np.unique(history[:, -1], return_inverse=True)
    return negative_binomial(means, np.full(len(means), _POISSON), SAMPLES)[row]


def conflictology(months: int) -> Model:
    """The area's own last months, each as likely as the others (VIEWS' benchmark, with 12)."""

    def model(history: np.ndarray) -> np.ndarray:
        taken = (levels(SAMPLES) * months).astype(int)
        return np.sort(history[:, -months:], axis=1)[:, taken]

    return model


def decayed_moments(history: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of each area's last MEMORY months, weighted by DECAY to the power of their age."""
    recent = history[:, -MEMORY:]
    weights = DECAY ** np.arange(recent.shape[1])[::-1]
    weights /= weights.sum()
    mean = recent @ weights
    return mean, (recent - mean[:, None]) ** 2 @ weights


def _decayed_nb(history: np.ndarray, count: int) -> np.ndarray:
    mean, variance = decayed_moments(history)
    mean = np.maximum(mean, NB_FLOOR)
    excess = variance - mean
    size = np.where(excess > mean**2 / _POISSON, mean**2 / np.maximum(excess, mean**2 / _POISSON), _POISSON)
    return negative_binomial(mean, size, count)


def decayed_nb(history: np.ndarray) -> np.ndarray:
    """Negative binomial with the decayed mean (at least NB_FLOOR) and variance; Poisson where the variance is less."""
    return _decayed_nb(history, SAMPLES)


def _smoothed(history: np.ndarray, months: int, count: int) -> np.ndarray:
    """The last months, each spread out: a negative binomial with the month's deaths as its mean, zero staying zero.

    A month of x deaths gets the relative bandwidth b of Silverman's rule of thumb, 0.9 n^(-1/5) times the area's own
    standard deviation over its mean in these n months, and at most 1: variance x + (b x)².
    """
    recent = history[:, -months:]
    mean = recent.mean(axis=1)
    relative = np.divide(recent.std(axis=1), mean, out=np.zeros(len(mean)), where=mean > 0)
    bandwidth = np.clip(0.9 * months**-0.2 * relative, _POISSON**-0.5, 1.0)
    # The same bandwidth to a hundredth is the same distribution, which then is worked out once.
    size = np.round(bandwidth, 2).clip(0.01) ** -2
    pairs = np.stack([recent, np.broadcast_to(size[:, None], recent.shape)], axis=-1).reshape(-1, 2)
    told, which = _distinct(pairs)
    each = count // months
    return negative_binomial(told[:, 0], told[:, 1], each)[which].reshape(len(history), months * each)


def smoothed_mixture(history: np.ndarray) -> np.ndarray:
    """Ours: a third each of the last 12 months and the last 24, smoothed, and of the decayed negative binomial."""
    parts = [_smoothed(history, months, count) for months, count in _SHARES.items()]
    parts.append(_decayed_nb(history, SAMPLES - sum(_SHARES.values())))
    return np.sort(np.concatenate(parts, axis=1), axis=1)


MODELS: dict[str, Model | None] = {
    "zero": zero,
    "last_poisson": last_poisson,
    "conflictology_12": conflictology(12),
    "conflictology_24": conflictology(24),
    "bootstrap_12": None,
    "decayed_nb": decayed_nb,
    "smoothed_mixture": smoothed_mixture,
}
"""By name. ``bootstrap_12`` looks at all areas at once: the last 12 months of the whole panel (``bootstrap``)."""


def bootstrap(history: np.ndarray) -> np.ndarray:
    """(1, SAMPLES): the last 12 months of all areas, one as likely as another."""
    pool = np.sort(history[:, -12:].ravel())
    return pool[(levels(SAMPLES) * len(pool)).astype(int)][None]


def _distinct(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct rows of a (n, k) array, and for each row which of them it is."""
    order = np.lexsort(rows.T)
    is_new = np.ones(len(rows), dtype=bool)
    is_new[1:] = (rows[order[1:]] != rows[order[:-1]]).any(axis=1)
    which = np.empty(len(rows), dtype=int)
    which[order] = np.cumsum(is_new) - 1
    return rows[order[is_new]], which


def forecast(model: str, history: np.ndarray, pool: np.ndarray | None = None) -> np.ndarray:
    """(areas, SAMPLES) samples of a model of MODELS.

    ``pool`` says of each area which panel it belongs to, for bootstrap_12; without it all are one. Raises KeyError for
    an unknown model, ValueError for a history shorter than MEMORY or with a missing or negative month.
    """
    function = MODELS[model]
    if history.shape[1] < MEMORY:
        raise ValueError(f"a forecast needs {MEMORY} months of history, not {history.shape[1]}")
    if not (history >= 0).all():
        raise ValueError("a history holds months that are missing or negative")
    if function is not None:
        return function(history[:, -MEMORY:])
    pool = np.zeros(len(history), dtype=int) if pool is None else pool
    samples = np.empty((len(history), SAMPLES))
    for one in np.unique(pool):
        samples[pool == one] = bootstrap(history[pool == one])
    return samples


# --- scores ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scores:
    """Of pairs of a forecast and what came, one value each; lower is better in the first three.

    ``crps`` in deaths: mean |x - y| - half the mean |x - x'| over samples x. ``ign`` in bits: -log2 of the share of
    samples in the bin of y, each of the 11 bins given one sample more. ``mis`` in deaths: the width of the interval
    of INTERVAL, and 20 times what it misses y by. ``is_covered``: y within the interval.
    """

    crps: np.ndarray
    ign: np.ndarray
    mis: np.ndarray
    is_covered: np.ndarray


def score(samples: np.ndarray, row: np.ndarray, outcome: np.ndarray) -> Scores:
    """Scores of the pairs (``samples[row[i]]``, ``outcome[i]``). The rows of samples ascend; raises ValueError if not."""
    count = samples.shape[1]
    if (np.diff(samples, axis=1) < 0).any():
        raise ValueError("samples must ascend")
    sums = np.cumsum(samples, axis=1)
    total = sums[:, -1]
    ranks = 2 * np.arange(1, count + 1) - count - 1
    half_spread = samples @ ranks / count**2

    # Each row lifted above the one before, so that one search finds places in all of them.
    lift = (samples[:, -1].max(initial=0) + outcome.max(initial=0) + BINS[-1] + 1) * np.arange(len(samples))
    flat = (samples + lift[:, None]).ravel()

    def not_above(value: np.ndarray, of: np.ndarray) -> np.ndarray:
        return np.searchsorted(flat, value + lift[of], side="right") - count * of

    at_most = not_above(outcome, row)
    sum_at_most = np.where(at_most > 0, sums[row, np.maximum(at_most - 1, 0)], 0.0)
    distance = (outcome * (2 * at_most - count) + total[row] - 2 * sum_at_most) / count

    every = np.repeat(np.arange(len(samples)), len(BINS))
    up_to = not_above(np.tile(BINS, len(samples)), every).reshape(len(samples), len(BINS))
    in_bin = np.diff(up_to, axis=1, prepend=0, append=count)
    share = (in_bin[row, np.searchsorted(BINS, outcome)] + 1) / (count + len(BINS) + 1)

    outside = (1 - INTERVAL) / 2
    low, high = (quantile(samples, level)[row] for level in (outside, 1 - outside))
    missed = np.maximum(low - outcome, 0) + np.maximum(outcome - high, 0)
    return Scores(
        crps=distance - half_spread[row],
        ign=-np.log2(share),
        mis=high - low + missed / outside,
        is_covered=(low <= outcome) & (outcome <= high),
    )


def quantile(samples: np.ndarray, level: float) -> np.ndarray:
    """(areas,) quantiles of ascending samples, between two samples in proportion (as numpy's default)."""
    place = level * (samples.shape[1] - 1)
    below = int(place)
    above = min(below + 1, samples.shape[1] - 1)
    return samples[:, below] + (place - below) * (samples[:, above] - samples[:, below])


# --- back-test ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Origin:
    """A moment of a back-test: models see the months before ``end``, and are judged on months ``first`` to ``last``.

    All are numbers of columns of a panel; the month ahead of column c is c - end + 1.
    """

    end: int
    first: int
    last: int


def views_windows(first_month: int, final_months: int, years: int = 6) -> list[Origin]:
    """VIEWS' windows: trained to October of the year before, January to December predicted (3 to 14 months ahead).

    ``first_month`` is the month number of column 0 (year * 12 + month - 1), ``final_months`` the number of columns
    whose deaths are final. The last ``years`` whole years, oldest first, as far as there is a memory before them.
    """
    ends = range((-first_month) % 12, final_months - 11, 12)
    return [Origin(january - 2, january, january + 11) for january in ends if january - 2 >= MEMORY][-years:]


def as_issued(final_months: int, origins: int = 24, every: int = 3) -> list[Origin]:
    """As the forecasts are issued: 1 to HORIZON months ahead, from every third month of the last six years."""
    last = final_months - HORIZON
    ends = [last - every * number for number in range(origins)]
    return [Origin(end, end, end + HORIZON - 1) for end in reversed(ends) if end >= MEMORY]


@dataclass(frozen=True)
class BackTest:
    """Pairs of forecast and outcome of one model: panel row, origin number, months ahead, outcome, scores, p_ge_*."""

    row: np.ndarray
    origin: np.ndarray
    months_ahead: np.ndarray
    outcome: np.ndarray
    scores: Scores
    p_ge_1: np.ndarray
    p_ge_25: np.ndarray


def back_test(
    panel: np.ndarray, origins: list[Origin], group: np.ndarray | None = None, models: tuple[str, ...] = ()
) -> dict[str, BackTest]:
    """Every model (or those named) from every origin, judged on what came, in one go.

    ``panel`` is (areas, months) of deaths, NaN where nobody had looked; an area counts from an origin if its memory and
    all months judged are there. ``group`` parts the areas into panels, for bootstrap_12.
    """
    group = np.zeros(len(panel), dtype=int) if group is None else group
    rows, numbers, memories, outcomes = [], [], [], []
    for number, origin in enumerate(origins):
        memory, judged = panel[:, origin.end - MEMORY : origin.end], panel[:, origin.first : origin.last + 1]
        there = np.flatnonzero(~np.isnan(memory).any(axis=1) & ~np.isnan(judged).any(axis=1))
        rows.append(there)
        numbers.append(np.full(len(there), number))
        memories.append(memory[there])
        outcomes.append(judged[there])
    if not sum(map(len, rows)):
        return {}
    row, number, memory, outcome = (np.concatenate(part) for part in (rows, numbers, memories, outcomes))
    ahead = np.arange(origins[0].first, origins[0].last + 1) - origins[0].end + 1
    pool = number * (group.max() + 1) + group[row]
    answer = {}
    for model in models or MODELS:
        parts = []
        for some in (
            np.array_split(np.arange(len(row)), len(row) // 8000 + 1) if model != "bootstrap_12" else [None]
        ):
            parts.append(_judged(model, memory, outcome, pool, some))
        crps, ign, mis, covered, ge_1, ge_25 = (np.concatenate(part) for part in zip(*parts, strict=True))
        months = outcome.shape[1]
        answer[model] = BackTest(
            row=np.repeat(row, months),
            origin=np.repeat(number, months),
            months_ahead=np.tile(ahead, len(row)),
            outcome=outcome.ravel(),
            scores=Scores(crps, ign, mis, covered),
            p_ge_1=ge_1,
            p_ge_25=ge_25,
        )
    return answer


def _judged(
    model: str, memory: np.ndarray, outcome: np.ndarray, pool: np.ndarray, some: np.ndarray | None
) -> tuple[np.ndarray, ...]:
    """Scores and probabilities of a model, flat over areas and months. Equal memories are forecast once."""
    if some is None:
        told, which = np.unique(pool, return_inverse=True)
        samples = np.concatenate([bootstrap(memory[pool == one]) for one in told])
    else:
        outcome = outcome[some]
        told, which = _distinct(memory[some])
        samples = forecast(model, told)
    months = outcome.shape[1]
    pairs = np.stack([np.repeat(which, months), outcome.ravel()], axis=1)
    told, back = _distinct(pairs)
    scores = score(samples, told[:, 0].astype(int), told[:, 1])
    flat = (scores.crps, scores.ign, scores.mis, scores.is_covered)
    at_least = [np.repeat(share_of_at_least(samples, deaths)[which], months) for deaths in (1, 25)]
    return (*(part[back] for part in flat), *at_least)


def share_of_at_least(samples: np.ndarray, deaths: float) -> np.ndarray:
    """(areas,) share of samples with at least so many deaths."""
    return (samples >= deaths).mean(axis=1)


# --- tables: columns of int_forecast__month in, columns of the two tables out ---------------------------------------

Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Panel:
    """The monthly rows as an array: ``deaths`` (series, months), NaN where none is; ``is_final`` likewise.

    A series is an area and a target. ``first_month`` is the month number of column 0.
    """

    target: np.ndarray
    area_kind: np.ndarray
    area_id: np.ndarray
    country_iso3: np.ndarray
    observed_until: np.ndarray
    deaths: np.ndarray
    is_final: np.ndarray
    first_month: int


def panel_of(rows: Columns) -> Panel | None:
    """The panel of the rows of int_forecast__month, series in the order of their names; None without rows."""
    if not len(rows["month"]):
        return None
    told = {name: np.asarray(rows[name], dtype=object) for name in ("target", "area_kind", "area_id")}
    codes = np.stack([np.unique(column, return_inverse=True)[1] for column in told.values()], axis=1)
    series, which = _distinct(codes)
    months = np.asarray(rows["month"]).astype("datetime64[M]").astype(int) + 1970 * 12
    deaths = np.full((len(series), int(np.ptp(months)) + 1), np.nan)
    is_final = np.zeros(deaths.shape, dtype=bool)
    deaths[which, months - months.min()] = rows["deaths"]
    is_final[which, months - months.min()] = rows["is_final"]
    first = np.zeros(len(series), dtype=int)
    first[which[::-1]] = np.arange(len(which))[::-1]
    return Panel(
        **{name: column[first] for name, column in told.items()},
        country_iso3=np.asarray(rows["country_iso3"], dtype=object)[first],
        observed_until=np.asarray(rows["observed_until"]).astype("datetime64[D]")[first],
        deaths=deaths,
        is_final=is_final,
        first_month=int(months.min()),
    )


def predictions(rows: Columns) -> Columns:
    """The forecasts from each series' last month, as columns. A series without a whole memory before it has none."""
    panel = panel_of(rows)
    names = ("model", "target", "area_kind", "area_id", "country_iso3")
    numbers = ("mean", "p10", "p50", "p90", "p_ge_1", "p_ge_25", "fatalities_12m")
    parts: dict[str, list[np.ndarray]] = {
        **{name: [np.empty(0, dtype="str")] for name in names},
        **{name: [np.empty(0, dtype="datetime64[s]")] for name in ("issued_month", "target_month")},
        "months_ahead": [np.empty(0, dtype=int)],
        **{name: [np.empty(0)] for name in numbers},
        "provisional": [np.empty(0, dtype=bool)],
        "observed_until": [np.empty(0, dtype="datetime64[s]")],
    }
    if panel is None:
        return {name: part[0] for name, part in parts.items()}
    there = ~np.isnan(panel.deaths)
    ends = there.shape[1] - there[:, ::-1].argmax(axis=1)
    setting = _settings(panel)[1]
    for end in np.unique(ends):
        some = np.flatnonzero((ends == end) & there[:, max(end - MEMORY, 0) : end].all(axis=1))
        if end < MEMORY or not len(some):
            continue
        memory = panel.deaths[some, end - MEMORY : end]
        is_final = panel.is_final[some, end - MEMORY : end].all(axis=1)
        issued = panel.first_month + int(end) - 1
        for model in MODELS:
            samples = forecast(model, memory, setting[some])
            told = {
                "model": np.full(len(some), model, dtype=object),
                **{name: getattr(panel, name)[some] for name in names[1:]},
                "mean": samples.mean(axis=1),
                **{f"p{level}": quantile(samples, level / 100) for level in (10, 50, 90)},
                "p_ge_1": share_of_at_least(samples, 1),
                "p_ge_25": share_of_at_least(samples, 25),
                "fatalities_12m": memory[:, -12:].sum(axis=1),
                "provisional": ~is_final,
                "observed_until": panel.observed_until[some].astype("datetime64[s]"),
                "issued_month": np.full(len(some), _month(issued)),
            }
            for ahead in range(1, HORIZON + 1):
                for name, values in told.items():
                    parts[name].append(values)
                parts["months_ahead"].append(np.full(len(some), ahead))
                parts["target_month"].append(np.full(len(some), _month(issued + ahead)))
    return {name: np.concatenate(part[1:] or part) for name, part in parts.items()}


def score_table(rows: Columns) -> Columns:
    """The back-tests of the panel, as columns: means over all areas, by months ahead, and by area.

    ``months_ahead`` is 0 where all are taken together, ``area_id`` 'all'; skill is NaN where conflictology's CRPS is 0.
    Models learn from final months and are judged on final months. Fewer than MINIMUM_WINDOWS origins leave no row.
    """
    names = ("model", "target", "area_kind", "area_id", "protocol")
    counts, numbers = (
        ("months_ahead", "windows", "forecasts"),
        ("crps", "ign", "mis", "skill_vs_conflictology"),
    )
    parts: dict[str, list[np.ndarray]] = {
        **{name: [np.empty(0, dtype="str")] for name in names},
        **{name: [np.empty(0, dtype=int)] for name in counts},
        **{name: [np.empty(0)] for name in numbers},
    }
    panel = panel_of(rows)
    for protocol, tested in _back_tests(panel).items() if panel else ():
        settings, setting = _settings(panel)
        for number, (target, area_kind) in enumerate(settings):
            of_setting = setting == number
            for model, pairs in tested.items():
                some = of_setting[pairs.row]
                windows = len(np.unique(pairs.origin[some]))
                if windows < MINIMUM_WINDOWS:
                    continue
                # Three ways to take them together: all, by months ahead, by area.
                ahead = np.unique(pairs.months_ahead[some])
                areas = np.unique(pairs.row[some])
                keys = (
                    (
                        np.array(["all"], dtype=object),
                        np.zeros(1, dtype=int),
                        np.zeros(some.sum(), dtype=int),
                    ),
                    (
                        np.full(len(ahead), "all", dtype=object),
                        ahead,
                        np.searchsorted(ahead, pairs.months_ahead[some]),
                    ),
                    (
                        panel.area_id[areas],
                        np.zeros(len(areas), dtype=int),
                        np.searchsorted(areas, pairs.row[some]),
                    ),
                )
                for area_id, months_ahead, key in keys:
                    many = np.bincount(key)
                    seen = _distinct(np.stack([key, pairs.origin[some]], axis=1))[0][:, 0]
                    means = {
                        name: np.bincount(key, getattr(pairs.scores, name)[some]) / many
                        for name in numbers[:3]
                    }
                    benchmark = np.bincount(key, tested[CONFLICTOLOGY].scores.crps[some]) / many
                    skill = np.full(len(many), np.nan)
                    np.divide(benchmark - means["crps"], benchmark, out=skill, where=benchmark > 0)
                    told = {
                        **dict.fromkeys(names, None),
                        "model": model,
                        "target": target,
                        "area_kind": area_kind,
                        "protocol": protocol,
                    }
                    for name, value in told.items():
                        parts[name].append(np.full(len(many), value, dtype=object))
                    parts["area_id"][-1] = area_id
                    parts["months_ahead"].append(months_ahead)
                    parts["windows"].append(np.bincount(seen))
                    parts["forecasts"].append(many)
                    for name, values in (*means.items(), ("skill_vs_conflictology", skill)):
                        parts[name].append(values)
    return {name: np.concatenate(part[1:] or part) for name, part in parts.items()}


def _back_tests(panel: Panel) -> dict[str, dict[str, BackTest]]:
    """Both protocols on the final months of a panel."""
    final_months = panel.is_final.shape[1] - int(panel.is_final.any(axis=0)[::-1].argmax())
    if not panel.is_final.any():
        return {}
    deaths = np.where(panel.is_final, panel.deaths, np.nan)
    origins = {
        "views_windows": views_windows(panel.first_month, final_months),
        "as_issued": as_issued(final_months),
    }
    return {
        protocol: back_test(deaths, some, _settings(panel)[1])
        for protocol, some in origins.items()
        if len(some) >= MINIMUM_WINDOWS
    }


def _settings(panel: Panel) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of target and area kind that there are, and which of them each series is of."""
    pairs = np.stack([panel.target, panel.area_kind], axis=1).astype(str)
    told, which = np.unique(pairs, axis=0, return_inverse=True)
    return told, which.ravel()


def _month(number: int) -> np.datetime64:
    return np.datetime64(number - 1970 * 12, "M").astype("datetime64[s]")
