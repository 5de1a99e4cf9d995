"""Which features enter a card, and a record of why the others do not.

Everything here is learnt from the rows it is given: fitting calls it again on the rows of each
inner fold, and a validation calls fitting again on each outer one, so that no choice sees a row it
is judged on. Ties go by the order of the columns: equal rows give equal cards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.scores.binning.bins import Bins

Floats = NDArray[np.float64]


class Rule(Enum):
    """Why a feature is not in a card."""

    ONE_BIN = "one bin"
    INFORMATION = "information value"
    CORRELATION = "correlation"
    VARIANCE_INFLATION = "variance inflation"
    LOG_LOSS = "log loss"
    SIGN = "sign"


@dataclass(frozen=True)
class Selection:
    """What a feature must be to enter.

    Attributes:
        iv_least: Least information value beyond chance, see `chance`. Siddiqi (2006, ch. 6) calls
            less than 0.02 unpredictive; beside others, under signs and a penalty, less still helps.
        correlation_most: Two columns of WOE further correlated than this are one cluster, of which
            the one with the highest information value stays; 1 keeps all.
        vif_most: Largest variance inflation factor, 1 / (1 - R²) of a column of WOE on the others;
            infinity keeps all.
        forward: Whether features enter one by one, each time the one that lowers the
            cross-validated log loss most, until none lowers it by `forward_gain`.
        forward_gain: Of the log loss, as a share.
    """

    iv_least: float = 0.0
    correlation_most: float = 1.0
    vif_most: float = float("inf")
    forward: bool = False
    forward_gain: float = 1e-4

    def __post_init__(self) -> None:
        """Raise InputError naming the number that cannot be meant."""
        ranges = {
            "iv_least": (-1e3, 1e3),
            "correlation_most": (0.0, 1.0),
            "vif_most": (1.0, float("inf")),
            "forward_gain": (0.0, 1.0),
        }
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise InputError(
                    f"{name} is {getattr(self, name)}",
                    where="selection",
                    remedy=f"it should be between {low:g} and {high:g}",
                )


@dataclass(frozen=True)
class Dropped:
    """A feature that was offered and is not in the card.

    Attributes:
        feature: Its name.
        rule: That it broke.
        value: What was found.
        limit: What the rule allows.
        beside: The feature that stays in its place; empty where there is none.
    """

    feature: str
    rule: Rule
    value: float
    limit: float
    beside: str = ""

    @property
    def said(self) -> tuple[str, str]:
        """The reason in English and Chinese."""
        value, limit, beside = f"{self.value:.4g}", f"{self.limit:.4g}", self.beside
        match self.rule:
            case Rule.ONE_BIN:
                return "every row has the same WOE", "所有样本的 WOE 相同"
            case Rule.INFORMATION:
                return (
                    f"information value {value} beyond chance is below {limit}",
                    f"扣除偶然后的信息值 {value} 低于 {limit}",
                )
            case Rule.CORRELATION:
                return (
                    f"correlation {value} with {beside} is above {limit}",
                    f"与 {beside} 的相关系数 {value} 高于 {limit}",
                )
            case Rule.VARIANCE_INFLATION:
                return (
                    f"variance inflation factor {value} is above {limit}",
                    f"方差膨胀因子 {value} 高于 {limit}",
                )
            case Rule.LOG_LOSS:
                return (
                    f"lowers the cross-validated log loss by {value} of it, less than {limit}",
                    f"交叉验证对数损失仅降低 {value}，少于 {limit}",
                )
            case Rule.SIGN:
                return (
                    "beside the others its best coefficient under the signs is 0",
                    "与其他特征并用时，符号约束下的最优系数为 0",
                )


def chance(bins: Bins, goods: float, bads: float) -> float:
    """The information value to be expected where a feature says nothing.

    With b bins that hold rows, IV / (1 / goods + 1 / bads) is then distributed about as chi-squared
    with b - 1 degrees of freedom (Yurdakul and Naranjo 2020, of the population stability index,
    the same sum). Bins that were chosen to tell the outcomes apart do better still by chance.

    Args:
        bins: Of the feature.
        goods: Rows without default; with weights, the effective number (Kish 1965, sec. 8.2).
        bads: Defaults, the same.
    """
    filled = sum(good + bad > 0 for good, bad in zip(bins.good, bins.bad, strict=True))
    return (filled - 1) * (1 / goods + 1 / bads)


def select(
    names: Sequence[str], iv: Sequence[float], z: Floats, w: Floats, rules: Selection
) -> tuple[tuple[int, ...], tuple[Dropped, ...]]:
    """The places of the columns that stay, rising, and the record of the others.

    Args:
        names: Of the columns.
        iv: Information value of each beyond chance.
        z: WOE, (n, k).
        w: Weights, (n,).
        rules: What a feature must be.
    """
    dropped: list[Dropped] = []
    kept = []
    for place, name in enumerate(names):
        if not np.ptp(z[:, place]):
            dropped.append(Dropped(name, Rule.ONE_BIN, 0.0, 0.0))
        elif iv[place] < rules.iv_least:
            dropped.append(Dropped(name, Rule.INFORMATION, float(iv[place]), rules.iv_least))
        else:
            kept.append(place)
    if len(kept) > 1 and (rules.correlation_most < 1 or rules.vif_most < float("inf")):
        correlation = _correlation(z[:, kept], w)
        value = [iv[place] for place in kept]
        called = [names[place] for place in kept]
        leaders, clustered = _clusters(called, value, correlation, rules.correlation_most)
        chosen, inflated = _deflate(called, value, correlation, (leaders, rules.vif_most))
        dropped += [*clustered, *inflated]
        kept = [kept[place] for place in chosen]
    return tuple(kept), tuple(dropped)


def _correlation(z: Floats, w: Floats) -> Floats:
    share = w / w.sum()
    centred = z - np.einsum("n,ni->i", share, z, optimize=False)
    covariance = np.einsum("ni,n,nj->ij", centred, share, centred, optimize=False)
    deviation = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / np.outer(deviation, deviation))


def _clusters(
    names: Sequence[str], iv: Sequence[float], correlation: Floats, most: float
) -> tuple[list[int], list[Dropped]]:
    """Leaders of the clusters: by falling information value, each that no leader is too near to."""
    leaders: list[int] = []
    dropped = []
    for place in sorted(range(len(names)), key=lambda each: (-iv[each], each)):
        near = [(abs(float(correlation[place, leader])), -leader) for leader in leaders]
        closest, leader = max(near, default=(0.0, 0))
        if closest > most:
            dropped.append(Dropped(names[place], Rule.CORRELATION, closest, most, names[-leader]))
        else:
            leaders.append(place)
    return sorted(leaders), dropped


def _deflate(
    names: Sequence[str],
    iv: Sequence[float],
    correlation: Floats,
    start: tuple[list[int], float],
) -> tuple[list[int], list[Dropped]]:
    """Drop the most inflated column until none is above the limit; of equals the poorer one."""
    kept, most = list(start[0]), start[1]
    dropped = []
    while len(kept) > 1 and most < float("inf"):
        block = correlation[np.ix_(kept, kept)]
        # A column that others determine exactly has an infinite factor; a hair of ridge says so.
        factors = np.diag(np.linalg.inv(block + 1e-12 * np.eye(len(kept))))
        worst = max(
            range(len(kept)), key=lambda each: (round(float(factors[each]), 9), -iv[kept[each]])
        )
        if factors[worst] <= most:
            break
        place = kept.pop(worst)
        dropped.append(Dropped(names[place], Rule.VARIANCE_INFLATION, float(factors[worst]), most))
    return kept, dropped
