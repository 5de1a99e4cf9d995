"""Is one score better than another, and is the best of many better than luck?"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from headrace.errors import InputError
from headrace.scores.validation.figures import (
    LEVEL,
    Checked,
    Figure,
    Floats,
    Ints,
    Measure,
    Placements,
    checked,
    drawn,
    interval_of_auc,
    placements,
    z_of,
)


@dataclass(frozen=True)
class Compared:
    """Two scores of the same rows.

    Attributes:
        one: AUC of the one, with its interval.
        other: AUC of the other.
        difference: One less other, with its interval: narrower than the two intervals suggest,
            for both are wrong about the same rows.
        p_value: Chance of a difference as large, either way, if there were none.
    """

    one: Figure
    other: Figure
    difference: Figure
    p_value: float


def compare(
    y: ArrayLike,
    one: ArrayLike,
    other: ArrayLike,
    w: ArrayLike | None = None,
    level: float = LEVEL,
    groups: ArrayLike | None = None,
) -> Compared:
    """DeLong's test of two AUCs on the same rows (DeLong, DeLong and Clarke-Pearson 1988).

    With groups the interval is of groups, as that of `figures.auc_interval`.

    Raises:
        InputError: If the arrays do not fit; see `figures.checked`.
    """
    first, second = (placements(checked(y, each, w, groups)) for each in (one, other))
    apart = first.minus(second)
    value, spread = apart.auc, float(np.sqrt(apart.variance))
    reach = z_of(level) * spread
    return Compared(
        one=interval_of_auc(first, level),
        other=interval_of_auc(second, level),
        difference=Figure(value, value - reach, value + reach),
        p_value=_two_sided(value, spread),
    )


def _two_sided(value: float, spread: float) -> float:
    if spread == 0:  # the two scores put every row where the other does, or part all of them
        return 1.0 if value == 0 else 0.0
    return float(2 * ndtr(-abs(value) / spread))


def bootstrap_difference(
    one: Checked, other: Checked, measure: Measure, seed: int, draws: int = 2000
) -> Figure:
    """Any figure of one score less that of another, 95 % interval over rows drawn for both.

    Drawn as `figures.bootstrap` draws, by the groups of the first.

    Raises:
        InputError: If the two are not of the same rows.
    """
    if not (np.array_equal(one.y, other.y) and np.array_equal(one.w, other.w)):
        raise InputError(
            "the two scores are not of the same rows", remedy="outcomes and weights that are equal"
        )
    rng = np.random.default_rng(seed)

    def apart(at: Ints) -> float:
        return measure(one.y[at], one.score[at], one.w[at]) - measure(
            other.y[at], other.score[at], other.w[at]
        )

    found = [apart(drawn(one, rng)) for _ in range(draws)]
    low, high = np.quantile(found, (0.5 - LEVEL / 2, 0.5 + LEVEL / 2))
    return Figure(apart(np.arange(one.y.size)), float(low), float(high))


def holm(p_values: ArrayLike) -> Floats:
    """Adjusted so that one false finding among all of them is as rare as each says (Holm 1979)."""
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    raised = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty(p.size)
    adjusted[order] = np.minimum(raised, 1.0)
    return adjusted


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """Adjusted so that the share of false ones among those taken is at most what each says.

    Benjamini and Hochberg 1995; right for tests that are independent or positively dependent.
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(-p, kind="stable")
    lowered = np.minimum.accumulate(p[order] * p.size / np.arange(p.size, 0, -1))
    adjusted = np.empty(p.size)
    adjusted[order] = np.minimum(lowered, 1.0)
    return adjusted


@dataclass(frozen=True)
class Tried:
    """How many were tried, and whether the best of them is better than luck.

    Attributes:
        count: Challengers tried, those put away included.
        best: Name of the best.
        difference: Its AUC less the champion's, with the interval it would have if it had been the
            only one tried.
        p_alone: One-sided, as if it had been the only one tried.
        p_best_of_all: Chance that the best of so many would come out as far ahead if none of them
            were better than the champion (White 2000, the reality check).
        en: All of that, one sentence.
        zh: The same in Chinese.
    """

    count: int
    best: str
    difference: Figure
    p_alone: float
    p_best_of_all: float
    en: str
    zh: str


def tried(
    y: ArrayLike,
    champion: ArrayLike,
    challengers: Mapping[str, ArrayLike],
    seed: int,
    draws: int = 4000,
) -> Tried:
    """Compare every challenger that was tried with the champion, and the best of them with luck.

    The reality check draws the rows' contributions to all differences anew together, so that
    challengers which are nearly the same count as nearly one.

    Args:
        y: 1 bad, 0 good, (n,).
        champion: The score in use, (n,).
        challengers: Every score that was tried, by name.
        seed: Of the draws.
        draws: How many.

    Raises:
        InputError: If there is no challenger, or arrays do not fit.
    """
    if not challengers:
        raise InputError("no challenger to compare", remedy="every score that was tried, by name")
    base = placements(checked(y, champion))
    apart = [placements(checked(y, each)).minus(base) for each in challengers.values()]
    ahead = np.array([each.auc for each in apart])
    best = int(np.argmax(ahead))
    luck = _best_by_draw(apart, seed, draws)
    p_all = float((1 + np.count_nonzero(luck >= ahead[best])) / (1 + draws))
    spread = float(np.sqrt(apart[best].variance))
    reach, value = z_of(LEVEL) * spread, float(ahead[best])
    p_alone = float(ndtr(-value / spread)) if spread > 0 else float(value <= 0)
    name, count = list(challengers)[best], len(challengers)
    en = f"{count} tried; the best, {name}, is {value:+.4f} AUC from the champion: p = "
    en += f"{p_alone:.3f} alone, {p_all:.3f} as the best of {count}"
    zh = f"共尝试 {count} 个；最好的 {name} 与现用模型 AUC 相差 {value:+.4f}："
    zh += f"单独看 p = {p_alone:.3f}，作为 {count} 个中最好的看 p = {p_all:.3f}"
    difference = Figure(value, value - reach, value + reach)
    return Tried(count, name, difference, p_alone, p_all, en, zh)


def _best_by_draw(apart: list[Placements], seed: int, draws: int) -> Floats:
    """Largest difference of each draw when every true difference is 0, (draws,)."""
    rng = np.random.default_rng(seed)
    sides = (np.array([each.bad for each in apart]), np.array([each.good for each in apart]))
    centred = [rows - rows.mean(axis=1, keepdims=True) for rows in sides]
    largest = np.zeros(draws)
    for draw in range(draws):
        total = np.zeros(len(apart))
        for off in centred:
            at = rng.integers(0, off.shape[1], off.shape[1])
            total += off @ (np.bincount(at, minlength=off.shape[1]) / off.shape[1])
        largest[draw] = total.max()
    return largest


def best_by_luck(count: int, bad: int, good: int, chance: float = 0.05) -> float:
    """AUC that the best of `count` features that say nothing exceeds with this chance.

    For independent features: each AUC, turned to above one half, is about |normal| around 0.5 with
    the variance of Mann and Whitney (1947), (bad + good + 1) / (12 bad good).

    Args:
        count: Features tried, 1 or more.
        bad: Rows.
        good: Rows.
        chance: Of being exceeded.

    Raises:
        InputError: If nothing was tried, or rows of an outcome are wanting.
    """
    if min(count, bad, good) < 1:
        raise InputError(
            f"{count} features tried on {bad} bad and {good} good rows", remedy="1 or more of each"
        )
    spread = np.sqrt((bad + good + 1) / (12 * bad * good))
    below = (1 - chance) ** (1 / count)
    return float(min(1.0, 0.5 + spread * ndtri((1 + below) / 2)))
