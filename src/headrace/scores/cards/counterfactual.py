"""What would have to change: the smallest changes of an applicant that reach a cut-off.

Exact, because points add up: each feature that may change offers the bins it may reach, and the
cheapest set of at most so many changes is found by dynamic programming (`knapsack`). Effort is the
share of applicants between the two bins, as they were in the training rows, times the feature's
stated effort: moving past half of all applicants is harder than past a tenth (the percentile shift
of Ustun, Spangher and Liu 2019, "Actionable recourse in linear classification"). It is no promise:
a card knows what goes with default, not what causes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from headrace.errors import InputError
from headrace.scores.binning.bins import BinKind, Bins, Kind
from headrace.scores.cards.knapsack import Option, Plan, plans
from headrace.scores.cards.points_card import Line, PointsCard

FINE = 1_000_000  # efforts are compared in millionths, as whole numbers: equal ones are equal


class Direction(Enum):
    """Which way a value can go."""

    FIXED = "fixed"  # age, sex, origin, history: nobody can act on it
    UP = "up"
    DOWN = "down"
    ANY = "any"


@dataclass(frozen=True)
class Ease:
    """How a feature may change.

    Attributes:
        direction: Of a number. Of a text, ANY: every category of the card, or those in `reach`.
        effort: Of moving past all applicants, or to another category, above 0.
        name: What the customer knows it by, in English and Chinese; empty: the feature's name.
        reach: Categories that can be reached; None: all.
        supply: Whether a missing value can be supplied.
    """

    direction: Direction = Direction.FIXED
    effort: float = 1.0
    name: tuple[str, str] = ("", "")
    reach: tuple[str, ...] | None = None
    supply: bool = True

    def __post_init__(self) -> None:
        """Raise InputError where the effort cannot be meant."""
        if not 0 < self.effort <= 1e6:
            raise InputError(
                f"the effort is {self.effort}", where="ease", remedy="above 0, at most a million"
            )


@dataclass(frozen=True)
class Change:
    """One feature in another bin.

    Attributes:
        feature: Its name.
        before: The bin it is in.
        after: The bin it would be in.
        gain: Points.
        effort: As the module says.
        text: In English and Chinese.
    """

    feature: str
    before: int
    after: int
    gain: int
    effort: float
    text: tuple[str, str]


@dataclass(frozen=True)
class Way:
    """Changes that together reach the cut-off.

    Attributes:
        changes: In the order of the card.
        points: In all, once they are made.
        effort: In all.
        text: In English and Chinese, for the customer: what to change, and nothing of points.
    """

    changes: tuple[Change, ...]
    points: int
    effort: float
    text: tuple[str, str]


def ways_to(
    card: PointsCard,
    applicant: Mapping[str, Any],
    cutoff: int,
    ease: Mapping[str, Ease],
    *,
    changes_max: int = 3,
    answers: int = 3,
) -> tuple[Way, ...]:
    """The easiest ways to reach a cut-off, each with other features than those before it.

    No answer changes all the features of an earlier one, so that answers differ in kind.

    Args:
        card: That scores.
        applicant: Value by feature; None where missing.
        cutoff: Points to reach.
        ease: How features may change; those that are not named may not.
        changes_max: Features that may change together.
        answers: How many ways at most.

    Returns:
        Easiest first; empty where the cut-off is reached already, or cannot be.

    Raises:
        InputError: A value is not there or of another kind, or a feature is none of the card's.
    """
    _check(card, ease, changes_max, answers)
    codes = [int(code[0]) for code in card.codes(_row(card, applicant))]
    points = card.base + sum(
        line.points[code] for line, code in zip(card.lines, codes, strict=True)
    )
    if points >= cutoff:
        return ()
    offered = [
        _options(line, code, ease.get(line.feature, Ease()))
        for line, code in zip(card.lines, codes, strict=True)
    ]
    found = plans(offered, cutoff - points, changes_max=changes_max, answers=answers)
    return tuple(_way(card, codes, points, plan, ease) for plan in found)


def _row(card: PointsCard, applicant: Mapping[str, Any]) -> dict[str, Any]:
    absent = [name for name in card.features if name not in applicant]
    if absent:
        raise InputError(
            f"there is no value of {', '.join(absent)}",
            where="applicant",
            remedy="a number or a text, or None where it is missing",
        )
    return {name: [applicant[name]] for name in card.features}


def _check(card: PointsCard, ease: Mapping[str, Ease], changes_max: int, answers: int) -> None:
    strange = [name for name in ease if name not in card.features]
    if strange:
        raise InputError(
            f"the card has no feature {', '.join(strange)}",
            where="ease",
            remedy=f"it has: {', '.join(card.features)}",
        )
    if not (1 <= changes_max <= 10 and 1 <= answers <= 6):
        raise InputError(
            f"{changes_max} changes and {answers} answers",
            remedy="1 to 10 changes, and 1 to 6 answers",
        )


# --- what may change ------------------------------------------------------------------------------


def _options(line: Line, code: int, ease: Ease) -> list[Option]:
    bins = line.bins
    reachable = _reachable(bins, code, ease)
    return [
        Option(target, gain, round(FINE * ease.effort * _share(line, code, target)))
        for target in reachable
        if (gain := line.points[target] - line.points[code]) > 0
    ]


def _reachable(bins: Bins, code: int, ease: Ease) -> list[int]:
    """Ordinary bins that the value may move to; what a special value means, nobody can tell."""
    if ease.direction is Direction.FIXED or bins.kinds[code] is BinKind.SPECIAL:
        return []
    every = range(bins.ordinary)
    if bins.kinds[code] is BinKind.MISSING and not ease.supply:
        return []
    if bins.kind is Kind.CATEGORICAL:
        wanted = set(ease.reach) if ease.reach is not None else None
        return [at for at in every if wanted is None or wanted & set(bins.groups[at])]
    if bins.kinds[code] is BinKind.MISSING:
        return list(every)
    match ease.direction:
        case Direction.UP:
            return list(range(code + 1, bins.ordinary))
        case Direction.DOWN:
            return list(range(code))
    return [at for at in every if at != code]


def _share(line: Line, code: int, target: int) -> float:
    """Share of the ordinary training rows between the middles of two bins; 1 for categories."""
    bins, rows = line.bins, line.rows
    if bins.kind is Kind.CATEGORICAL or bins.kinds[code] is not BinKind.ORDINARY:
        return 1.0
    low, high = min(code, target), max(code, target)
    between = rows[low] / 2 + sum(rows[low + 1 : high]) + rows[high] / 2
    return between / sum(rows[: bins.ordinary])


# --- in words -------------------------------------------------------------------------------------


def _way(
    card: PointsCard, codes: Sequence[int], points: int, plan: Plan, ease: Mapping[str, Ease]
) -> Way:
    changes = tuple(
        _change(card.lines[place], codes[place], option, ease[card.lines[place].feature])
        for place, option in plan.chosen
    )
    english = "; ".join(change.text[0] for change in changes)
    chinese = "；".join(change.text[1] for change in changes)
    return Way(
        changes=changes,
        points=points + plan.gain,
        effort=plan.cost / FINE,
        text=(f"{english[:1].upper()}{english[1:]}.", f"{chinese}。"),
    )


def _change(line: Line, code: int, option: Option, ease: Ease) -> Change:
    return Change(
        feature=line.feature,
        before=code,
        after=option.key,
        gain=option.gain,
        effort=option.cost / FINE,
        text=_said(line, code, option.key, ease),
    )


def _said(line: Line, code: int, target: int, ease: Ease) -> tuple[str, str]:
    bins, points = line.bins, line.points
    english, chinese = (name or line.feature for name in ease.name)
    if bins.kind is Kind.CATEGORICAL:
        named = [e for e in bins.groups[target] if ease.reach is None or e in ease.reach]
        return f"{english}: {' or '.join(named)}", f"{chinese}：{'或'.join(named)}"
    low, high = (None, *bins.edges, None)[target : target + 2]
    if bins.kinds[code] is BinKind.MISSING:
        spans = _span(low, high)
        return f"supply {english}: {spans[0]}", f"提供{chinese}：{spans[1].strip()}"
    # Where going further loses points again, the far end is said, too.
    if target > code:
        if min(points[target : bins.ordinary]) == points[target]:
            high = None
        verbs = f"raise {english} to ", f"{chinese}提高到"
    else:
        if min(points[: target + 1]) == points[target]:
            low = None
        verbs = f"lower {english} to ", f"{chinese}降低到"
    spans = _span(low, high)
    return verbs[0] + spans[0], verbs[1] + spans[1]


def _span(low: float | None, high: float | None) -> tuple[str, str]:
    match low, high:
        case None, None:
            return "any number", "任意数值"
        case None, _:
            return f"less than {high:,.15g}", f" {high:,.15g} 以下（不含）"
        case _, None:
            return f"{low:,.15g} or more", f" {low:,.15g} 或以上"
    return (
        f"{low:,.15g} or more but less than {high:,.15g}",
        f" {low:,.15g} 至 {high:,.15g}（不含）",
    )
