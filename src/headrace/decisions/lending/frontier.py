"""The frontier of approval rate, price and expected loss: what each costs in the others.

A lender cannot have many approvals, low prices and low losses at once. So the book is solved not
once but on a grid: for several caps on the mean rate, the minimum number of loans rises from what
profit alone would give to the most that still earns a tenth of the best profit. Every point is a
whole book.
"""

from dataclasses import dataclass, replace
from decimal import ROUND_UP, Decimal

import numpy as np

from headrace.decisions.lending.book import Book, Constraints
from headrace.decisions.lending.offers import Offers
from headrace.decisions.lending.optimise import (
    NO_CONSTRAINTS,
    RATE_UNIT,
    most_approvals,
    optimise,
    profit_bound,
)

POINTS_PER_CAP = 5
WORTHWHILE = 0.1  # of the best profit: books that may not earn this are not drawn
CAP_FRACTIONS = (Decimal("0.75"), Decimal("0.5"), Decimal("0.25"))


@dataclass(frozen=True, eq=False)
class FrontierPoint:
    """One book of the grid.

    Attributes:
        constraints: What it was solved under.
        book: The book, with its totals and its proof.
        dominated: Another point has as many approvals, as low a mean rate, as low a loss rate and
            as much profit, and is better in one of them.
    """

    constraints: Constraints
    book: Book
    dominated: bool = False

    @property
    def measures(self) -> tuple[float, float, float, int]:
        """What is better when greater: approval rate, - mean rate, - loss rate, profit_minor.

        A book without loans has neither price nor loss: both count as 0.
        """
        totals = self.book.totals
        price, loss = totals.mean_rate or 0.0, totals.loss_rate or 0.0
        return totals.approval_rate, -price, -loss, totals.profit_minor


def frontier(
    offers: Offers,
    constraints: Constraints = NO_CONSTRAINTS,
    *,
    mean_rate_caps: tuple[Decimal, ...] | None = None,
) -> tuple[FrontierPoint, ...]:
    """At most 5 points for no cap and for each cap on the mean rate, in that order.

    Args:
        offers: What can be offered to whom.
        constraints: What every book must keep to; its `approvals_min` is where the sweep starts at
            the earliest, its `mean_rate_max` takes the place of "no cap".
        mean_rate_caps: Lower caps; None for three between the lowest rate on offer and the mean
            rate of the most profitable book.

    Raises:
        InfeasibleError: If not even the first book is feasible.
    """
    best = optimise(offers, constraints)
    floor = WORTHWHILE * best.totals.profit_minor
    caps = _default_caps(best) if mean_rate_caps is None else mean_rate_caps
    points = _sweep(offers, constraints, best, floor)
    for cap in caps:
        capped = replace(constraints, mean_rate_max=cap)
        if most_approvals(offers, capped) >= constraints.approvals_min:
            points += _sweep(offers, capped, optimise(offers, capped), floor)
    return tuple(replace(point, dominated=_is_dominated(point, points)) for point in points)


def choose(points: tuple[FrontierPoint, ...], *, profit_share_min: float = 0.95) -> FrontierPoint:
    """The lender's dial: give up a little profit, and lend to more firms, more cheaply.

    Among the points that keep `profit_share_min` of the best profit: the highest approval rate,
    then the lowest mean rate, then the lowest loss rate, then the highest profit. If the best
    profit is not positive, a share of it says nothing and only the best profit is kept.

    Raises:
        ValueError: If there are no points.
    """
    most = max(point.book.totals.profit_minor for point in points)
    least = most * profit_share_min if most > 0 else most
    kept = [point for point in points if point.book.totals.profit_minor >= least]
    return max(kept, key=lambda point: point.measures)


def _sweep(
    offers: Offers, constraints: Constraints, first: Book, floor: float
) -> list[FrontierPoint]:
    """From the profit-optimal number of loans to the most that is worthwhile, evenly."""
    fewest = max(first.totals.approvals, constraints.approvals_min)
    most = _most_worthwhile(offers, constraints, fewest, floor)
    counts = np.unique(np.linspace(fewest, most, POINTS_PER_CAP).round().astype(int))
    points = [FrontierPoint(constraints, first)]
    for count in counts[1:]:
        asked = replace(constraints, approvals_min=int(count))
        points.append(FrontierPoint(asked, optimise(offers, asked)))
    return points


def _most_worthwhile(offers: Offers, constraints: Constraints, fewest: int, floor: float) -> int:
    """The most loans a book can have that may still earn the floor; `fewest` if none can."""
    most = max(most_approvals(offers, constraints), fewest)
    low, high = fewest, most + 1
    while high - low > 1:
        count = (low + high) // 2
        if profit_bound(offers, replace(constraints, approvals_min=count)) >= floor:
            low = count
        else:
            high = count
    return low


def _default_caps(best: Book) -> tuple[Decimal, ...]:
    lowest = best.offers.rates[0]
    if best.totals.mean_rate is None or best.totals.mean_rate <= lowest:
        return ()
    width = Decimal(best.totals.mean_rate) - lowest
    caps = ((lowest + width * share).quantize(RATE_UNIT, ROUND_UP) for share in CAP_FRACTIONS)
    return tuple(sorted(set(caps), reverse=True))


def _is_dominated(point: FrontierPoint, points: list[FrontierPoint]) -> bool:
    mine = point.measures
    return any(
        all(its >= my for its, my in zip(other.measures, mine, strict=True))
        and other.measures != mine
        for other in points
    )


def reach(
    offers: Offers, points: tuple[FrontierPoint, ...], *, profit_share_min: float = 0.95
) -> FrontierPoint:
    """The dial, set exactly: the most loans that keep the share of profit, not only on the grid.

    From the point that `choose` gives, under the same caps, the minimum number of loans is raised
    by bisection as long as the profit keeps to the share; profit falls as more loans are asked for.

    Args:
        offers: What the points were chosen from.
        points: The frontier.
        profit_share_min: Share of the best profit to keep.

    Raises:
        ValueError: If there are no points.
    """
    best = choose(points, profit_share_min=profit_share_min)
    most = max(point.book.totals.profit_minor for point in points)
    if most <= 0:
        return best
    enough, too_many = best.book.totals.approvals, most_approvals(offers, best.constraints) + 1
    while too_many - enough > 1:
        count = (enough + too_many) // 2
        asked = replace(best.constraints, approvals_min=count)
        found = FrontierPoint(asked, optimise(offers, asked))
        if found.book.totals.profit_minor >= most * profit_share_min:
            best, enough = found, max(count, found.book.totals.approvals)
        else:
            too_many = count
    return best
