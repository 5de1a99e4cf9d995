"""Figures by group, each with its interval; no verdict over all of them.

Equal calibration and equal error rates cannot both hold where base rates differ (Kleinberg,
Mullainathan and Raghavan 2017; Chouldechova 2017), so that no single number says fair. What is
shown is what people ask for, with what the data can tell, and small groups are called small.

The four-fifths ratio (29 CFR 1607.4 D) is a rule of thumb of United States employment law. It is
shown because many know it, not because a lending law elsewhere asks for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np
from scipy.special import stdtrit

from headrace.errors import InputError
from headrace.scores.validation.figures import LEVEL, Figure, auc_interval
from headrace.scores.watch.outcomes import Flags, Floats, Ints, refuse_rows
from headrace.scores.watch.shares import Share, ratio, share

FOUR_FIFTHS = 0.8
ROWS_MIN = 100
CASES_MIN = 10
"""Fewer rows, or fewer of either outcome, make a group small: its figures are mostly chance."""

NAMES = {
    "rows": ("applicants", "申请人数"),
    "approval": ("approval rate", "批准率"),
    "ratio": ("ratio of approval rates", "批准率之比"),
    "bad_refused": ("share of later defaults refused", "违约者被拒比例"),
    "good_refused": ("share of good applicants refused", "守约者被拒比例"),
    "expected": ("mean stated probability", "平均预测违约概率"),
    "observed": ("share that defaulted", "实际违约率"),
    "auc": ("AUC within the group", "组内 AUC"),
    "price": ("mean annual rate", "平均年利率"),
    "small": ("too small for firm figures", "样本过小，数字仅供参考"),
}
"""What each figure is called, in English and Chinese."""


class FourFifths(Enum):
    """Where the ratio of approval rates lies, its interval taken into account."""

    BELOW = "below"
    NOT_BELOW = "not_below"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True)
class Applicants:
    """Whom a score and a policy spoke about.

    Attributes:
        probability: Of default, (n,), in (0, 1).
        approved: (n,).
        y: 1 default, 0 none, -1 not known, (n,).
        group: Number of the group, 0 to `names` - 1, (n,); -1 where it is not known.
        names: Of the groups.
        price: Annual rate offered, (n,), NaN where none was; None where it is not known.
    """

    probability: Floats
    approved: Flags
    y: Ints
    group: Ints
    names: tuple[str, ...]
    price: Floats | None = None

    def __post_init__(self) -> None:
        """Refuse rows that do not fit together.

        Raises:
            InputError: Naming the first such row.
        """
        columns = [self.probability, self.approved, self.y, self.group]
        columns += [] if self.price is None else [self.price]
        if any(each.shape != (self.y.size,) for each in columns):
            raise InputError(
                f"columns of {[each.size for each in columns]} rows",
                remedy="one probability, approval, outcome, group (and price) for every applicant",
            )
        members = int((self.group >= 0).sum())
        if len(set(self.names)) < len(self.names) or not members:
            raise InputError(
                f"groups named {', '.join(self.names)}, with {members} members",
                remedy="names that differ, and applicants whose group is known",
            )
        p = self.probability
        refuse_rows(~((p > 0) & (p < 1)), "a probability between 0 and 1, both left out")
        refuse_rows(~np.isin(self.y, (-1, 0, 1)), "1 default, 0 none, -1 not known")
        refuse_rows((self.group < -1) | (self.group >= len(self.names)), "a group that is named")


@dataclass(frozen=True)
class Group:
    """Figures of one group. Shares of nobody are NaN, from 0 to 1.

    Attributes:
        name: Of the group.
        rows: Applicants.
        known: Of them, with a known outcome.
        defaults: Of those, defaulted.
        small: Whether the figures are mostly chance.
        approval: Share approved.
        ratio: Its approval rate to that of the reference group; 1 for that group itself.
        four_fifths: Where that ratio lies.
        bad_refused: Share refused of those known to default (true positive rate at the cut-off).
        good_refused: Share refused of those known not to (false positive rate).
        expected: Mean stated probability of those with a known outcome; NaN where there are none.
        observed: Share of them that defaulted.
        auc: Within the group; None where one outcome is missing.
        price: Mean annual rate of those approved with a price; None where there are none.
    """

    name: str
    rows: int
    known: int
    defaults: int
    small: bool
    approval: Share
    ratio: Figure
    four_fifths: FourFifths
    bad_refused: Share
    good_refused: Share
    expected: float
    observed: Share
    auc: Figure | None
    price: Figure | None


def by_group(
    applicants: Applicants, reference: str | None = None, level: float = LEVEL
) -> tuple[Group, ...]:
    """Figures of every group that has applicants, in the order of their names.

    Args:
        applicants: With groups.
        reference: Group with which approval rates are compared; None for the one with the highest
            rate among those that are not small, or of all where all are.
        level: Of the intervals.

    Raises:
        InputError: If the reference has no applicants.
    """
    approvals = {}
    for code, name in enumerate(applicants.names):
        approved = applicants.approved[applicants.group == code]
        if approved.size:
            approvals[name] = share(int(approved.sum()), approved.size, level)
    if reference is None:
        reference = _highest(applicants, approvals)
    if reference not in approvals:
        raise InputError(
            f"nobody is of the group {reference!r}", remedy=f"one of {', '.join(approvals)}"
        )
    found = []
    for name, approval in approvals.items():
        against = Figure(1.0, 1.0, 1.0)
        if name != reference:
            against = ratio(approval, approvals[reference], level)
        found.append(_group(applicants, name, approval, against, level))
    return tuple(found)


def _highest(applicants: Applicants, approvals: Mapping[str, Share]) -> str:
    """The group with the highest approval rate, small ones last."""

    def rank(name: str) -> tuple[bool, float]:
        y = applicants.y[applicants.group == applicants.names.index(name)]
        return not _is_small(y), approvals[name].value

    return max(approvals, key=rank)


def _is_small(y: Ints) -> bool:
    cases = min(int((y == 1).sum()), int((y == 0).sum()))
    return y.size < ROWS_MIN or cases < CASES_MIN


def _group(
    applicants: Applicants, name: str, approval: Share, against: Figure, level: float
) -> Group:
    rows = applicants.group == applicants.names.index(name)
    y, refused, p = applicants.y[rows], ~applicants.approved[rows], applicants.probability[rows]
    bad, good = y == 1, y == 0
    labelled = bad | good
    return Group(
        name=name,
        rows=int(rows.sum()),
        known=int(labelled.sum()),
        defaults=int(bad.sum()),
        small=_is_small(y),
        approval=approval,
        ratio=against,
        four_fifths=_four_fifths(against),
        bad_refused=share(int(refused[bad].sum()), int(bad.sum()), level),
        good_refused=share(int(refused[good].sum()), int(good.sum()), level),
        expected=float(p[labelled].mean()) if labelled.any() else float("nan"),
        observed=share(int(bad.sum()), int(labelled.sum()), level),
        auc=_auc(y[labelled], p[labelled], level),
        price=_price(applicants, rows & applicants.approved, level),
    )


def _four_fifths(against: Figure) -> FourFifths:
    if against.high < FOUR_FIFTHS:
        return FourFifths.BELOW
    return FourFifths.NOT_BELOW if against.low >= FOUR_FIFTHS else FourFifths.CANNOT_TELL


def _auc(y: Ints, probability: Floats, level: float) -> Figure | None:
    if min(int(y.sum()), int(y.size - y.sum())) < 2:
        return None
    return auc_interval(y, probability, level=level)


def _price(applicants: Applicants, rows: Flags, level: float) -> Figure | None:
    """Mean with Student's interval."""
    if applicants.price is None:
        return None
    offered = applicants.price[rows]
    offered = offered[~np.isnan(offered)]
    if not offered.size:
        return None
    mean = float(offered.mean())
    if offered.size == 1:
        return Figure(mean, float("-inf"), float("inf"))
    half = float(stdtrit(offered.size - 1, 0.5 + level / 2) * offered.std(ddof=1))
    half /= float(np.sqrt(offered.size))
    return Figure(mean, mean - half, mean + half)
