"""Approval against expected loss: what can be had by approving the safest first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.program.columns import Bools
from headrace.decisions.whatif.cases import Cases, Terms

Floats = NDArray[np.float64]
POINTS = 200


@dataclass(frozen=True)
class Point:
    """Where a rule of approving sits.

    Attributes:
        approval_rate: Share of the cases that are approved.
        expected_loss_share: pd * lgd * exposure over exposure of the approved.
        riskiest: The highest pd * lgd among them.
    """

    approval_rate: float
    expected_loss_share: float
    riskiest: float


@dataclass(frozen=True)
class Frontier:
    """Approving in order of expected loss.

    Attributes:
        points: From fewest approved to all that can be: to whom nothing may be lent, nobody can.
        cases: That can be put in order: pd and exposure are known.
        left_out: Others.
        old: Where the old policy sits among those cases; None where it approves none of them.
        new: The new one.
    """

    points: tuple[Point, ...]
    cases: int
    left_out: int
    old: Point | None
    new: Point | None


def frontier(cases: Cases, old: Terms, new: Terms) -> Frontier:
    """Approval rate against expected loss, and where two policies sit.

    The exposure of a case is that under the new policy, also for the point of the old one: the
    two differ in whom they approve here, and in nothing else.
    """
    known = np.flatnonzero(~np.isnan(cases.pd) & new.exposed)
    share = (cases.pd * cases.lgd)[known]
    exposure = new.exposure_minor[known].astype(np.float64)
    order = np.argsort(share, kind="stable")
    order = order[exposure[order] > 0]  # what nothing can be lent to cannot be approved
    count = len(known)
    sums = np.cumsum(exposure[order]), np.cumsum((share * exposure)[order])
    last = len(order) - 1
    ends = np.unique(np.linspace(0, last, min(POINTS, last + 1)).astype(np.int64))
    points = tuple(
        Point((at + 1) / count, float(sums[1][at] / sums[0][at]), float(share[order[at]]))
        for at in ends.tolist()
    )
    sits = [_point(share, exposure, side.approved[known]) for side in (old, new)]
    return Frontier(points, count, len(cases) - count, *sits)


def _point(share: Floats, exposure: Floats, approved: Bools) -> Point | None:
    total = float(exposure[approved].sum())
    if not total:
        return None
    loss = float((share * exposure)[approved].sum())
    return Point(float(approved.mean()), loss / total, float(share[approved].max()))
