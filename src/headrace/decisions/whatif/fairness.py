"""Equal treatment of groups: the ratio of approval rates, and of the good, who is approved.

The four-fifths rule: a group whose approval rate is below 80 % of that of the group with the
highest is a sign of adverse impact (29 CFR 1607.4 D). Equal opportunity compares the approval of
those who turned out good (Hardt, Price and Srebro 2016): it needs labels, which only cases that
were let through in history have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headrace.decisions.whatif.figures import Figure, Sums, figure, ratio, wilson
from headrace.decisions.whatif.numbers import SMALL

FOUR_FIFTHS = 0.8


@dataclass(frozen=True)
class Treated:
    """One group under one policy.

    Attributes:
        cases: In the group.
        approval_rate: With Wilson's interval.
        approval_ratio: To the rate of the reference group; None for that group itself.
        four_fifths: `below`, `above`, or `unsure` where the interval holds 0.8; empty for the
            reference group and where there is no ratio.
        good_approved: Of the good, the share approved; nothing without labels.
        good_difference: Less the same share of the reference group.
        small: Whether it has fewer than `SMALL` cases.
    """

    cases: int
    approval_rate: Figure
    approval_ratio: Figure
    four_fifths: str
    good_approved: Figure
    good_difference: Figure
    small: bool


@dataclass(frozen=True)
class Fairness:
    """The groups of one kind under both policies.

    Attributes:
        name: Of what tells them apart.
        values: Of each group; None where it is missing.
        reference_old: The place of the group with the highest approval rate that is not small;
            -1 where all are.
        reference_new: The same under the new policy.
        old: One a group.
        new: The same.
    """

    name: str
    values: tuple[str | None, ...]
    reference_old: int
    reference_new: int
    old: tuple[Treated, ...]
    new: tuple[Treated, ...]


def fairness(name: str, values: Sequence[str | None], old: Sums, new: Sums) -> Fairness:
    """Equal treatment of groups, from their sums under both policies."""
    references = _reference(old), _reference(new)
    return Fairness(
        name,
        tuple(values),
        *references,
        tuple(_treated(old, part, references[0]) for part in range(len(values))),
        tuple(_treated(new, part, references[1]) for part in range(len(values))),
    )


def _reference(sums: Sums) -> int:
    cases = sums.values["cases"]
    rates = np.where(cases >= SMALL, ratio(sums.values["approved"], cases), np.nan)
    return -1 if np.isnan(rates).all() else int(np.nanargmax(rates))


def _treated(sums: Sums, part: int, reference: int) -> Treated:
    of = {name: float(values[part]) for name, values in sums.values.items()}
    rate = wilson(of["approved"], of["cases"])
    good = wilson(of["good_approved"], of["good"])
    impact = opportunity = Figure(None)
    if reference not in {-1, part}:
        own, drawn = sums.ratio(part, "approved", "cases")
        top, tops = sums.ratio(reference, "approved", "cases")
        impact = figure(float(ratio(own, top)), ratio(drawn, tops))
        own, drawn = sums.ratio(part, "good_approved", "good")
        top, tops = sums.ratio(reference, "good_approved", "good")
        opportunity = figure(own - top, drawn - tops)
    small = of["cases"] < SMALL
    return Treated(int(of["cases"]), rate, impact, _judged(impact), good, opportunity, small)


def _judged(impact: Figure) -> str:
    if impact.value is None or impact.low is None or impact.high is None:
        return ""
    if impact.high < FOUR_FIFTHS:
        return "below"
    return "above" if impact.low >= FOUR_FIFTHS else "unsure"
