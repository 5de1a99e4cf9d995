"""The merging of pieces with the largest information value, or the settings that forbid any."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from headrace.scores.binning import kernels
from headrace.scores.binning.columns import Floats
from headrace.scores.binning.problem import BinningError, Settings, Trend

DIRECTIONS = {
    Trend.NONE: (0, 2),
    Trend.ASCENDING: (1, 2),
    Trend.DESCENDING: (-1, 2),
    Trend.PEAK: (1, -1),
    Trend.VALLEY: (-1, 1),
}
"""Of the default rate, before and after the turn, as `kernels.solve` takes them."""

_MONOTONE = (Trend.ASCENDING, Trend.DESCENDING)
_TURNED = (Trend.PEAK, Trend.VALLEY)


@dataclass(frozen=True)
class Merging:
    """Bins: what they weigh, in units of `kernels.UNIT`, and the first piece of each."""

    units: int
    starts: tuple[int, ...]


@dataclass(frozen=True)
class Task:
    """Pieces to be merged.

    Attributes:
        feature: The column.
        good: float64 (n,): rows without default in each piece.
        bad: float64 (n,): defaults in each.
        goods: Rows without default of the whole column, specials and missing too.
        bads: Defaults of the same.
        floor: Rows that every bin holds, whatever the limits: `prebin_share` of categories.
        settings: What is asked.
    """

    feature: str
    good: Floats
    bad: Floats
    goods: float
    bads: float
    floor: float
    settings: Settings

    @cached_property
    def ordinary(self) -> tuple[float, float]:
        """Rows without default, and defaults, in the pieces."""
        return math.fsum(self.good.tolist()), math.fsum(self.bad.tolist())


def merge(task: Task, trend: Trend) -> tuple[int, ...]:
    """First piece of each bin of the best merging; see `Settings` for what is asked.

    Raises:
        BinningError: Naming the settings that cannot be met together.
    """
    if sum(task.ordinary) == 0:
        return (0,)  # nothing to merge and nothing to limit: one bin, which holds no row
    found = _best(task, task.settings.limits, trend)
    if found is None:
        raise _refusal(task, trend)
    return found.starts


def _best(task: Task, limits: Mapping[str, float], trend: Trend) -> Merging | None:
    """The best merging of a trend; of AUTO as `Settings.turn_gain` says."""
    weighed = _weigh(task, limits)
    if trend is not Trend.AUTO:
        return _solve(weighed, limits, trend)
    monotone = _heaviest(_solve(weighed, limits, each) for each in _MONOTONE)
    turned = _heaviest(_solve(weighed, limits, each) for each in _TURNED)
    if monotone is None or turned is None:
        return monotone or turned
    gain = 1.0 + task.settings.turn_gain
    return turned if _value(turned) > gain * _value(monotone) else monotone


def _heaviest(found: Iterable[Merging | None]) -> Merging | None:
    """The first of those that weigh most."""
    return max((each for each in found if each), key=lambda each: each.units, default=None)


def _value(merging: Merging) -> int:
    """Its information value in units, without what bins cost."""
    return merging.units + kernels.COST * len(merging.starts)


Weighed = tuple[NDArray[np.int64], Floats, Floats]


def _weigh(task: Task, limits: Mapping[str, float]) -> Weighed:
    n, total = len(task.good), task.goods + task.bads
    min_rows = max(limits.get("min_rows", 0.0), limits.get("min_share", 0.0) * total, task.floor)
    max_rows = min(limits.get("max_rows", math.inf), limits.get("max_share", math.inf) * total)
    weights, rows, bad = np.empty((n, n), np.int64), np.empty((n, n)), np.empty((n, n))
    kernels.weigh(
        task.good, task.bad, (task.goods, task.bads), task.settings.pure_rows,
        (float(min_rows), float(max_rows), float(limits.get("min_goods", 0.0)),
         float(limits.get("min_bads", 0.0))),
        weights, rows, bad,
    )  # fmt: skip
    return weights, rows, bad


def _solve(weighed: Weighed, limits: Mapping[str, float], trend: Trend) -> Merging | None:
    n = len(weighed[0])
    most = int(limits.get("max_bins", 0))
    largest_p = limits.get("max_p", 1.0)
    starts = np.empty(n, np.int64)
    units, bins = kernels.solve(
        *weighed, DIRECTIONS[trend],
        (int(limits.get("min_bins", 1)), 0 if most >= n else most),
        (float(limits.get("min_gap", 0.0)), float(-ndtri(largest_p / 2))),
        starts,
    )  # fmt: skip
    return Merging(int(units), tuple(starts[:bins].tolist())) if bins else None


def _refusal(task: Task, trend: Trend) -> BinningError:
    """Which settings are in conflict.

    One after the other is dropped, and stays dropped where there are still no bins without it.
    What is left has bins as soon as any one more of it is dropped (the deletion filter of
    Chinneck and Dravnieks, 1991).
    """
    asked: dict[str, float | Trend] = {"trend": trend} if trend is not Trend.NONE else {}
    asked |= task.settings.limits
    for name in list(asked):
        rest = {each: value for each, value in asked.items() if each != name}
        if _possible(task, rest) is None:
            asked = rest
    good, bad = task.ordinary
    facts = f"its {len(task.good)} pieces hold {good:g} good and {bad:g} bad rows"
    if "min_bins" in asked:
        rest = {each: value for each, value in asked.items() if each != "min_bins"}
        most = max(
            (bins for bins in range(1, int(task.settings.min_bins or 1))
             if _possible(task, {**rest, "min_bins": bins})), default=0,
        )  # fmt: skip
        facts += f", and without min_bins there are {most} bins at most"
    said = [f"{name} = {getattr(value, 'value', value)}" for name, value in asked.items()]
    return BinningError(
        f"no bins satisfy {' and '.join(said)}",
        feature=task.feature,
        conflict=tuple(asked),
        remedy=f"{facts}; relax " + ("it" if len(said) == 1 else f"one of {', '.join(asked)}"),
    )


def _possible(task: Task, asked: Mapping[str, float | Trend]) -> Merging | None:
    trend = asked.get("trend", Trend.NONE)
    limits = {name: value for name, value in asked.items() if not isinstance(value, Trend)}
    return _best(task, limits, trend if isinstance(trend, Trend) else Trend.NONE)
