"""A card from a user's rows: the leakage check, honest validation, then the fit on all of them.

The order is fixed. Nothing is fitted before the check has passed or was told to stand aside, which
is then said. Everything that looks at outcomes (bins, selection, penalty, calibration) is done anew
in each fold, so that the figures are of rows that no choice has seen.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import expit, logit

from headrace.errors import InputError
from headrace.scores.cards.fitting import CardSettings, fit_card
from headrace.scores.cards.points_card import PointsCard
from headrace.scores.leakage.check import check
from headrace.scores.leakage.findings import Leak, refuse
from headrace.scores.leakage.folds import check_folds, copies
from headrace.scores.leakage.sample import Sample
from headrace.scores.rating import RatingScale
from headrace.scores.validation.nested import (
    Functions,
    OutOfFold,
    Quality,
    Rows,
    out_of_fold,
    quality,
)
from headrace.scores.validation.splits import Days, Splits, SplitSettings, split
from headrace.workflows.card_names import protected
from headrace.workflows.card_rows import CardRows

Floats = NDArray[np.float64]
Tick = Callable[[float], None]


@dataclass(frozen=True)
class Dated:
    """What is known of dates, for the check.

    Attributes:
        after: Columns known only after the outcome.
        decided: Day of the decision, (n,); None: the rows' times.
        ended: Day of the outcome, (n,), or None.
        counted: Columns counted back from one date.
        reference: That date, (n,), or None.
    """

    after: tuple[str, ...] = ()
    decided: Days | None = None
    ended: Days | None = None
    counted: tuple[str, ...] = ()
    reference: Days | None = None


@dataclass(frozen=True)
class Plan:
    """How a card is built.

    Attributes:
        card: What it is made of.
        seed: Deals rows to folds.
        allow_leakage: Go on where the check would refuse, and say so.
    """

    card: CardSettings
    seed: int = 7
    allow_leakage: bool = False


@dataclass(frozen=True, eq=False)
class Checked:
    """Rows that were looked at before any fit.

    Attributes:
        leaks: What the leakage check found, in columns and in the split.
        splits: What will be held out.
    """

    leaks: tuple[Leak, ...]
    splits: Splits

    @property
    def refuses(self) -> bool:
        """Whether anything stops a fit."""
        return any(leak.refuses for leak in self.leaks)


@dataclass(frozen=True)
class ClassCount:
    """A class of the rating scale, on rows that the card has not seen.

    Attributes:
        name: Of the class.
        pd_max: Its highest probability of default.
        points: Least points of the class; None: no total of the card is in it.
        rows: Held-out rows.
        bad: Of them.
        expected: Mean probability of default; None without rows.
    """

    name: str
    pd_max: float
    points: int | None
    rows: int
    bad: int
    expected: float | None


@dataclass(frozen=True, eq=False)
class Built:
    """A card and everything that was found on the way.

    Attributes:
        card: Fitted on all rows.
        quality: On rows that the folds held out.
        splits: What was held out.
        findings: Of the leakage check.
        classes: Safest first.
        named: Features of the card whose headings name a protected attribute, and which.
    """

    card: PointsCard
    quality: Quality
    splits: Splits
    findings: tuple[Leak, ...]
    classes: tuple[ClassCount, ...]
    named: tuple[tuple[str, str], ...]


def findings(rows: CardRows, dated: Dated, *, with_days: bool) -> tuple[Leak, ...]:
    """What the leakage check says of the columns.

    Args:
        rows: That were read.
        dated: What is known of dates.
        with_days: Whether columns of days are looked at, too, which never enter a card.

    Raises:
        InputError: A column that is named is no feature.
    """
    table = rows.table
    for name in rows.days.column_names if with_days else ():
        table = table.append_column(name, rows.days[name])
    for option, names in (("--after", dated.after), ("--counted", dated.counted)):
        strange = [name for name in names if name not in table.column_names]
        if strange:
            raise InputError(
                f"{strange[0]!r} is no feature",
                where=option,
                remedy=f"one of {', '.join(table.column_names)}; it may have been left out already",
            )
    sample = Sample(
        table,
        rows.y,
        known_after_outcome=frozenset(dated.after),
        decided=rows.times if dated.decided is None else dated.decided,
        ended=dated.ended,
        durations=frozenset(dated.counted),
        reference=dated.reference,
        cohort=None if rows.times is None else _years(rows.times),
    )
    return check(sample)


def _years(times: Days) -> NDArray[np.int64]:
    return times.astype("datetime64[Y]").astype(np.int64)


def held_out(rows: CardRows, settings: SplitSettings) -> tuple[Splits, tuple[Leak, ...]]:
    """The split that the rows call for, and what lets its training see its test.

    Equal rows are warned of and not refused: where columns are few and coarse, two applicants may
    be alike.
    """
    splits = split(rows.y, rows.times, rows.groups, settings)
    numbers = copies(rows.table.append_column("outcome", pa.array(rows.y)))
    found = check_folds(splits, rows.groups, rows.times, numbers)
    return splits, tuple(
        replace(leak, refuses=False) if leak.rule == "copy_in_both" else leak for leak in found
    )


def checked(rows: CardRows, dated: Dated, settings: SplitSettings) -> Checked:
    """The leakage check of the columns that would enter a card, and of the split."""
    found = findings(rows, dated, with_days=False)
    splits, of_folds = held_out(rows, settings)
    return Checked((*found, *of_folds), splits)


def build(rows: CardRows, looked: Checked, plan: Plan, tick: Tick) -> Built:
    """Validate, then fit; nothing of it where the check refuses.

    Args:
        rows: That were read.
        looked: What `checked` said of the same rows.
        plan: How the card is built.
        tick: Told what part is done, 0 to 1.

    Raises:
        LeakageError: The check refuses, unless the plan says to go on.
        InputError: Rows are too few, or nothing tells the outcomes apart.
    """
    if not plan.allow_leakage:
        refuse(looked.leaks)
    steps = len(looked.splits.folds) + 1
    done = 0

    def fitting(part: Rows) -> PointsCard:
        nonlocal done
        # Held-out rows are of the sample: the stated rate moves the finished card alone.
        settings = replace(plan.card, central_tendency=None)
        card = fit_card(part.x, part.y, settings, seed=plan.seed)
        done += 1
        tick(done / steps)
        return card

    procedure = Functions(fitting, lambda card, x: card.probability(x))
    whole = Rows(rows.table, rows.y, times=rows.times, groups=rows.groups)
    tested = out_of_fold(procedure, whole, looked.splits)
    card = fit_card(rows.table, rows.y, plan.card, seed=plan.seed)
    tick(1.0)
    named = ((name, protected(name)) for name in card.features)
    return Built(
        card=card,
        quality=quality(tested),
        splits=looked.splits,
        findings=looked.leaks,
        classes=classes_of(card, tested, _moved(rows, plan.card.central_tendency)),
        named=tuple((name, key) for name, key in named if key),
    )


def _moved(rows: CardRows, target: float | None) -> float:
    return 0.0 if target is None else float(logit(target) - logit(rows.y.mean()))


def classes_of(card: PointsCard, tested: OutOfFold, moved: float) -> tuple[ClassCount, ...]:
    """The rating scale with held-out rows counted in it.

    Args:
        card: Whose scale.
        tested: What the folds predicted.
        moved: Log odds between the rate of the rows and the stated one.
    """
    p = expit(logit(np.clip(tested.mean, 1e-12, 1 - 1e-12)) + moved)
    rated = card.rating.rate(p)
    least = least_points(card)
    found = []
    for name, pd_max in zip(card.rating.classes, card.rating.pd_max, strict=True):
        own = rated == name
        rows = int(own.sum())
        found.append(
            ClassCount(
                name=name,
                pd_max=pd_max,
                points=least.get(name),
                rows=rows,
                bad=int(tested.y[own].sum()),
                expected=float(p[own].mean()) if rows else None,
            )
        )
    return tuple(found)


def least_points(card: PointsCard) -> dict[str, int]:
    """The least total of each class that the card can give."""
    found: dict[str, int] = {}
    above = card.highest + 1
    for name, pd_max in zip(card.rating.classes, card.rating.pd_max, strict=True):
        least = max(card.lowest, _least_total(card, pd_max))
        if least < above:
            found[name] = above = least
    return found


def _least_total(card: PointsCard, pd_max: float) -> int:
    """The least whole number of points whose probability is not above a bound."""
    if not 0 < pd_max < 1:
        return card.lowest if pd_max >= 1 else card.highest + 1
    near = math.floor(float(card.scale.points(logit(pd_max))))
    totals = np.arange(near - 2, near + 4)
    return int(totals[card.scale.probability(totals) <= pd_max].min())


def points_for(card: PointsCard, wanted: str) -> int:
    """The least total that reaches a class or a number of points.

    Raises:
        InputError: It is neither, or the card cannot reach it.
    """
    rating: RatingScale = card.rating
    if wanted in rating.classes:
        better = rating.classes[: rating.classes.index(wanted) + 1]
        found = [points for name, points in least_points(card).items() if name in better]
        if found:
            return min(found)
    else:
        try:
            points = int(wanted)
        except ValueError as error:
            raise InputError(
                f"{wanted!r} is neither a class nor whole points",
                where="--reach",
                remedy=f"one of {', '.join(rating.classes)}, or points such as 620",
            ) from error
        if points <= card.highest:
            return points
    raise InputError(
        f"no total of the card reaches {wanted}",
        where="--reach",
        remedy=f"its totals run from {card.lowest} to {card.highest}, "
        f"class {card.rating.rate(card.scale.probability(np.array([card.highest])))[0]}",
    )
