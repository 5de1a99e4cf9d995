"""One feature beside the outcome: how well it ranks alone, and what its values or gaps give away.

Thresholds are about how much a feature gives away and not about whether it does: an honest strong
feature is significant too. What real features reach is in docs/concepts/leakage.md.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.scores.leakage.findings import Leak
from headrace.scores.leakage.sample import (
    Floats,
    Ints,
    Sample,
    codes,
    halves,
    is_text,
    missing,
    numbers,
)
from headrace.scores.validation.comparing import best_by_luck
from headrace.scores.validation.figures import auc, like_groups

Flags = NDArray[np.bool_]
SUSPICIOUS_AUC = 0.95
"""A single feature that ranks this well alone is more often a leak than a discovery."""
LUCK = 0.01  # chance that the best of so many useless features ranks as well
PARTS = 20  # groups that a number is cut into, to find a relation that does not rise or fall
REPEATED = 5  # rows that a value must have before it is said to occur with one outcome only
HALF = 0.5  # share of an outcome that values give away
GAP_REFUSED, GAP_WARNED = 0.8, 0.4  # between the shares missing of the two outcomes


def declared(sample: Sample) -> list[Leak]:
    """Features that their schema marks as formed after the outcome."""
    return [
        Leak(
            name,
            "known_after_outcome",
            f"{name} was formed after the loan ended, so it nearly is the outcome",
            f"{name} 形成于贷款结束之后，几乎就是结果本身",
        )
        for name in sample.table.column_names
        if name in sample.known_after_outcome
    ]


def near_perfect(sample: Sample, name: str, tried: int) -> list[Leak]:
    """A feature that alone ranks nearly as well as the outcome itself.

    Args:
        sample: Both outcomes in it.
        name: Of the feature.
        tried: Features looked at: the best of many useless ones may rank well among few rows.
    """
    column = sample.column(name)
    known = ~missing(column)
    y = sample.y[known]
    bad = int(y.sum())
    if not 0 < bad < y.size:
        return []
    found = strength(column.filter(known), y)
    if found < SUSPICIOUS_AUC or found <= best_by_luck(tried, bad, y.size - bad, LUCK):
        return []
    return [
        Leak(
            name,
            "near_perfect_alone",
            f"{name} alone ranks the outcomes with AUC {found:.3f}",
            f"仅凭 {name} 一项排序的 AUC 就达 {found:.3f}",
            (("auc", found),),
        )
    ]


def strength(column: pa.Array, y: Ints) -> float:
    """How well a column alone ranks outcomes, 0.5 and more: an AUC.

    The largest of three: as it stands, rising or falling, texts by alphabet (as ratings are named);
    and by the share of bad of its values, or of twentieths of a number, each row by the share among
    the other half of the rows, so that a value which occurs once says nothing.

    Args:
        column: Arrow array without missing values, (n,).
        y: 1 bad, 0 good, both of them, (n,).
    """
    group = codes(column)
    values = group.astype(np.float64) if is_text(column) else numbers(column)
    if not is_text(column):
        group = like_groups(values, np.ones(values.size), PARTS)
    straight = auc(y, values)
    return max(straight, 1 - straight, auc(y, share_elsewhere(group, y, halves(y.size))))


def share_elsewhere(group: Ints, y: Ints, half: Flags) -> Floats:
    """Share of bad of the same group in the other half of the rows, drawn to the mean, (n,).

    The mean counts as one row, so that a group with none in the other half has the mean.

    Args:
        group: Number of the group of each row, from 0, (n,).
        y: 1 bad, 0 good, (n,).
        half: Which half each row is in, (n,): without regard to its outcome.
    """
    share = np.empty(group.size)
    size = int(group.max()) + 1
    for own in (True, False):
        other = half != own
        count = np.bincount(group[other], minlength=size)
        bad = np.bincount(group[other], y[other], size)
        rate = (bad + y.mean()) / (count + 1)
        share[~other] = rate[group[~other]]
    return share


def one_outcome(sample: Sample, name: str) -> list[Leak]:
    """Values that occur often and with one outcome only: D is always a default.

    Counted are values of `REPEATED` rows or more whose being all of one outcome is no chance: p at
    most 0.001 among all values of the feature (Bonferroni). It refuses where they hold half of the
    rarer outcome: an honest value is not half of the defaults and nothing else. That a value is
    always good, where most rows are good, says nothing.

    Of numbers, those that occur less often are looked at together, too: an amount recovered is 0
    for those who repaid, and a different one for each who did not.
    """
    value = codes(sample.column(name))
    leaks = _of_one_outcome(sample, name, value)
    if leaks or is_text(sample.column(name)):
        return leaks
    return _of_one_outcome(sample, name, _rare_together(value))


def _of_one_outcome(sample: Sample, name: str, value: Ints) -> list[Leak]:
    known = value >= 0
    if not known.any():
        return []
    count = np.bincount(value[known])
    bad = np.bincount(value[known], sample.y[known])
    share_bad = float(sample.y.mean())
    leaks = []
    for outcome, of_it, share in ((1, bad, share_bad), (0, count - bad, 1 - share_bad)):
        if share > HALF:
            continue
        pure = (count >= REPEATED) & (of_it == count)
        chance = np.where(pure, share ** count.astype(np.float64), 1.0) * (count > 0).sum()
        told = pure & (chance <= 1e-3)
        held = float(of_it[told].sum() / max(1.0, share * sample.y.size))
        if held < HALF:
            continue
        rows = known & told[np.maximum(value, 0)]
        number = np.unique(codes(sample.column(name))[rows]).size
        en = f"{number} value(s) of {name} occur only with "
        en += f"{'default' if outcome else 'repayment'} and hold {held:.0%} of it"
        zh = f"{name} 有 {number} 个取值只出现在{'违约' if outcome else '未违约'}样本中，"
        zh += f"占其 {held:.0%}"
        leaks.append(Leak(name, "one_outcome_only", en, zh, (("share_held", held),)))
    return leaks


def _rare_together(value: Ints) -> Ints:
    """0 for every value of fewer than `REPEATED` rows, -1 for all others and for missing."""
    known = value >= 0
    if not known.any():
        return value
    is_rare = np.bincount(value[known]) < REPEATED
    return np.where(known & is_rare[np.maximum(value, 0)], 0, -1)


def gap_tells(sample: Sample, name: str) -> list[Leak]:
    """Whether a value is missing tells the outcome: only a loan that ended badly has it."""
    gone = missing(sample.column(name))
    bad, good = float(gone[sample.y == 1].mean()), float(gone[sample.y == 0].mean())
    apart = abs(bad - good)
    if apart < GAP_WARNED or _z_of_shares(gone, sample.y) < 5:
        return []
    en = f"{name} is missing for {bad:.1%} of defaults and {good:.1%} of the others"
    zh = f"{name} 在违约样本中缺失 {bad:.1%}，在其他样本中缺失 {good:.1%}"
    evidence = (("missing_of_bad", bad), ("missing_of_good", good))
    return [Leak(name, "missing_tells", en, zh, evidence, apart >= GAP_REFUSED)]


def _z_of_shares(flag: Flags, y: Ints) -> float:
    """Standard deviations between two shares, pooled."""
    bad = y == 1
    pooled = float(flag.mean())
    spread = np.sqrt(pooled * (1 - pooled) * (1 / bad.sum() + 1 / (~bad).sum()))
    apart = abs(float(flag[bad].mean()) - float(flag[~bad].mean()))
    return float(apart / spread) if spread > 0 else 0.0
