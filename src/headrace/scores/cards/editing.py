"""A card changed by hand, one change at a time, each with a record of who, when, why and what.

Bins change as `binning.edits` has it: merged, cut, moved, within the limits they were fitted under
unless the person names the limit. A bin that holds what it held keeps its points; one that is new
gets them from its weight of evidence, by the coefficient and scale of the card. Points may be set,
too. What the card knows of its fit (coefficients, intercept) stays.
"""

from dataclasses import dataclass, replace

import numpy as np

from headrace.errors import InputError
from headrace.scores.binning.edits import By, Edited, edit
from headrace.scores.binning.edits import Edit as BinEdit
from headrace.scores.cards.points_card import POINTS_MOST, Edit, Line, PointsCard
from headrace.scores.cards.scale import BasePoints
from headrace.scores.cards.table import line_rows


@dataclass(frozen=True)
class SetPoints:
    """A bin gives other points.

    Attributes:
        bin: Its number.
        to: Whole points.
    """

    bin: int
    to: int


def edit_card(card: PointsCard, feature: str, change: BinEdit | SetPoints, by: By) -> PointsCard:
    """The card after one more change, with its record.

    Raises:
        InputError: The card has no such feature or bin, or nobody is said to have done it and why.
        BinningError: The bins cannot be changed so, or a limit would break that `by.despite` does
            not name.
    """
    if feature not in card.features:
        raise InputError(
            f"the card has no feature {feature!r}", remedy=f"it has: {', '.join(card.features)}"
        )
    if not by.who.strip() or not by.why.strip():
        raise InputError(
            "a change needs who makes it and why",
            where=f"feature {feature}",
            remedy="the name of a person, and a reason in a few words",
        )
    at = card.features.index(feature)
    before = card.lines[at]
    if isinstance(change, SetPoints):
        after = _with_points(before, change)
    else:
        bins = edit(Edited(before.bins), change, by).bins
        after = _with_bins(card, before, replace(before, bins=bins, points=(0,) * len(bins)))
    if after == before:
        raise InputError(
            "the change leaves everything as it was",
            where=f"feature {feature}",
            remedy="other bins or points",
        )
    record = Edit(feature, _said(before, after), _said(after, before), by.who, by.why, by.when)
    lines = (*card.lines[:at], after, *card.lines[at + 1 :])
    return replace(card, lines=lines, edits=(*card.edits, record))


def _with_points(line: Line, change: SetPoints) -> Line:
    if not 0 <= change.bin < len(line.points):
        raise InputError(
            f"there is no bin {change.bin}",
            where=f"feature {line.feature}",
            remedy=f"0 to {len(line.points) - 1}",
        )
    if abs(change.to) > POINTS_MOST:
        raise InputError(
            "points beyond measure",
            where=f"feature {line.feature}",
            remedy=f"at most {POINTS_MOST:,} either way",
        )
    points = list(line.points)
    points[change.bin] = change.to
    return replace(line, points=tuple(points))


def _with_bins(card: PointsCard, before: Line, after: Line) -> Line:
    known = dict(zip(_contents(before), zip(before.bins.woe, before.points, strict=True),
                     strict=True))  # fmt: skip
    scale = card.scale
    everybody = 0.0
    if card.fitted is not None and scale.base_points is BasePoints.SPREAD:
        everybody = float(scale.points(card.fitted.intercept)) / len(card.lines)
    exact = everybody - scale.factor * after.coefficient * np.array(after.bins.woe)
    fresh = scale.rounding.whole(exact).tolist()
    points = []
    for content, woe, anew in zip(_contents(after), after.bins.woe, fresh, strict=True):
        same_woe, same_points = known.get(content, (None, 0))
        points.append(same_points if same_woe == woe else anew)
    return replace(after, points=tuple(points))


def _contents(line: Line) -> list[tuple[object, ...]]:
    rows = line_rows(line)
    return [(row.kind, row.low, row.high, row.categories, _name(row.kind, row.label))
            for row in rows]  # fmt: skip


def _name(kind: str, label: str) -> str:
    return label if kind == "special" else ""


def _said(line: Line, other: Line) -> str:
    """The bins that are not in the other line as they are here, with their points."""
    known = {(row.label, row.points) for row in line_rows(other)}
    told = [f"{row.label}: {row.points}" for row in line_rows(line)
            if (row.label, row.points) not in known]  # fmt: skip
    return "; ".join(told)
