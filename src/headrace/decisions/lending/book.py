"""A book: who is lent how much at which rate, what it adds up to, and what it must keep to."""

import math
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.lending.offers import Ints, Offers
from headrace.money import round_half_even

LOSS_RATE_TOLERANCE = 1e-9
UNKNOWN_INDUSTRY = "-"


@dataclass(frozen=True)
class Constraints:
    """What a book must keep to besides the budget, which always holds.

    Attributes:
        approvals_min: At least so many loans.
        mean_rate_max: Mean yearly rate, weighted by limit; None for no cap.
        loss_rate_max: Expected loss over expected drawn; None for no cap.
        industry_share_max: Limits of any one industry over the whole budget; None for no cap.
    """

    approvals_min: int = 0
    mean_rate_max: Decimal | None = None
    loss_rate_max: Decimal | None = None
    industry_share_max: Decimal | None = None


@dataclass(frozen=True)
class Totals:
    """What a book adds up to. Money is rounded half to even, once, after adding up.

    Attributes:
        applicants: Everybody who applied.
        approvals: Of whom are offered a loan.
        limit_minor: All limits; never above the budget.
        drawn_minor: Expected to be taken up.
        interest_minor: Expected interest.
        loss_minor: Expected loss.
        funding_minor: Cost of the money.
        profit_minor: interest - loss - funding, of the rounded amounts, so that they add up.
        mean_rate: Weighted by limit; None without a loan.
        loss_rate: Expected loss over expected drawn; None if nothing is drawn.
    """

    applicants: int
    approvals: int
    limit_minor: int
    drawn_minor: int
    interest_minor: int
    loss_minor: int
    funding_minor: int
    profit_minor: int
    mean_rate: float | None
    loss_rate: float | None

    @property
    def approval_rate(self) -> float:
        """Approvals over applicants; 0 if nobody applied."""
        return self.approvals / self.applicants if self.applicants else 0.0


@dataclass(frozen=True)
class Proof:
    """How good a book is known to be.

    Attributes:
        method: `milp` or `greedy`.
        status: What the solver said, `optimal` within the gap or `stopped` at its node limit.
        bound: No book within the constraints is expected to earn more, in minor units.
        gap: (bound - profit) / |profit| before rounding to minor units.
        nodes: Branch-and-bound nodes searched.
    """

    method: str
    status: str
    bound: float
    gap: float
    nodes: int


@dataclass(frozen=True, eq=False)
class Book:
    """Every applicant's limit and rate.

    Attributes:
        offers: What it was chosen from.
        limit_minor: int64 [applicants], 0 where nothing is lent.
        rate_index: int64 [applicants], the column of `offers.rates`, -1 where nothing is lent.
        totals: What it adds up to.
        proof: How good it is known to be; None for a book that was not optimised.
    """

    offers: Offers
    limit_minor: Ints
    rate_index: Ints
    totals: Totals
    proof: Proof | None = None

    @property
    def lent(self) -> NDArray[np.bool_]:
        """Who is offered a loan."""
        return self.rate_index >= 0

    def rate(self, position: int) -> Decimal | None:
        """The yearly rate offered; None where nothing is lent."""
        index = int(self.rate_index[position])
        return None if index < 0 else self.offers.rates[index]

    def chosen(self, coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
        """A coefficient of `offers` at each applicant's rate; 0 where nothing is lent."""
        rows = np.arange(len(self.rate_index))
        return np.where(self.lent, coefficients[rows, self.rate_index], 0.0)


def make_book(offers: Offers, steps: Ints, rate_index: Ints, proof: Proof | None = None) -> Book:
    """A book of limits in steps and columns of rates, totalled.

    Raises:
        AssertionError: If it breaks the budget, a bound or a cap: that would be a bug.
    """
    lent = rate_index >= 0
    economics = offers.economics
    limit = steps * economics.limit_step_minor
    held = (
        limit.sum() <= economics.budget_minor
        and (limit[~lent] == 0).all()
        and (limit[lent] >= economics.limit_min_minor).all()
        and (steps <= offers.cap_steps).all()
    )
    if not held:
        raise AssertionError("a book must keep to the budget and to every limit's bounds")
    return Book(offers, limit, rate_index, _totals(offers, limit, rate_index), proof)


def _totals(offers: Offers, limit: Ints, rate_index: Ints) -> Totals:
    rows = np.flatnonzero(rate_index >= 0)
    columns, lent = rate_index[rows], limit[rows]

    def total(coefficients: NDArray[np.float64]) -> float:
        return math.fsum(coefficients[rows, columns] * lent)  # exact, so in any order

    drawn, loss = total(offers.take_up), total(offers.loss)
    interest_minor, loss_minor, funding_minor = (
        round_half_even(value) for value in (total(offers.interest), loss, total(offers.funding))
    )
    weighted = sum(
        offers.rates[column] * int(amount) for column, amount in zip(columns, lent, strict=True)
    )
    return Totals(
        applicants=len(rate_index),
        approvals=len(rows),
        limit_minor=int(lent.sum()),
        drawn_minor=round_half_even(drawn),
        interest_minor=interest_minor,
        loss_minor=loss_minor,
        funding_minor=funding_minor,
        profit_minor=interest_minor - loss_minor - funding_minor,
        mean_rate=float(weighted / int(lent.sum())) if len(rows) else None,
        loss_rate=loss / drawn if drawn > 0 else None,
    )


def industries(offers: Offers) -> tuple[str, ...]:
    """Each applicant's industry; the unknown share one name, so that a cap holds for them too."""
    return tuple(industry or UNKNOWN_INDUSTRY for industry in offers.applicants.industry)


def broken(book: Book, constraints: Constraints) -> tuple[str, ...]:
    """Names of the constraints that a book does not keep to, in the order of their fields."""
    offers, lent = book.offers, book.limit_minor
    names = []
    if book.totals.approvals < constraints.approvals_min:
        names.append("approvals_min")
    if constraints.mean_rate_max is not None:
        above = sum(
            (offers.rates[index] - constraints.mean_rate_max) * int(amount)
            for index, amount in zip(book.rate_index, lent, strict=True)
            if index >= 0
        )
        names += ["mean_rate_max"] * (above > 0)
    if constraints.loss_rate_max is not None and book.totals.loss_rate is not None:
        allowed = float(constraints.loss_rate_max) + LOSS_RATE_TOLERANCE
        names += ["loss_rate_max"] * (book.totals.loss_rate > allowed)
    if constraints.industry_share_max is not None:
        most = constraints.industry_share_max * offers.economics.budget_minor
        names_of = np.array(industries(offers))
        sums = [int(lent[names_of == name].sum()) for name in sorted(set(names_of))]
        names += ["industry_share_max"] * any(amount > most for amount in sums)
    return tuple(names)


def greedy(offers: Offers, constraints: Constraints | None = None) -> Book:
    """The book of a lender without a solver: best profit per yuan first, filled to the cap.

    Each firm gets its own best rate; firms that would lose money get nothing; filling stops where
    the budget, or the cap on the firm's industry, leaves less than the smallest loan. The other
    constraints are not looked at: ask `broken`.
    """
    economics = offers.economics
    step = economics.limit_step_minor
    low, left = economics.limit_min_minor // step, economics.budget_minor // step
    share = None if constraints is None else constraints.industry_share_max
    room = left if share is None else int(share * economics.budget_minor // step)
    names = industries(offers)
    rooms = dict.fromkeys(names, room)
    best = np.where(offers.eligible[:, None], offers.profit, -np.inf)
    rate = best.argmax(axis=1)
    worth = best.max(axis=1)
    order = sorted(range(len(names)), key=lambda i: (-worth[i], offers.applicants.party[i]))
    steps, index = np.zeros(len(names), np.int64), np.full(len(names), -1, np.int64)
    for firm in order:
        amount = min(int(offers.cap_steps[firm]), left, rooms[names[firm]])
        if worth[firm] > 0 and amount >= low:
            steps[firm], index[firm] = amount, rate[firm]
            left -= amount
            rooms[names[firm]] -= amount
    return make_book(offers, steps, index)


def greedy_reaching(offers: Offers, approvals_min: int) -> Book:
    """The same lender where it must reach so many firms: the smallest loan to each first.

    The firms of the best profit per yuan get the smallest loan, as many as asked for and as the
    budget allows, even at a loss; then the best are filled up to their caps.
    """
    economics = offers.economics
    step = economics.limit_step_minor
    low, left = economics.limit_min_minor // step, economics.budget_minor // step
    best = np.where(offers.eligible[:, None], offers.profit, -np.inf)
    rate, worth = best.argmax(axis=1), best.max(axis=1)
    party = offers.applicants.party
    order = sorted(np.flatnonzero(offers.eligible), key=lambda i: (-worth[i], party[i]))
    steps, index = np.zeros(len(party), np.int64), np.full(len(party), -1, np.int64)
    reached = min(approvals_min, len(order), left // low)
    for place, firm in enumerate(order):
        if left >= low and (place < reached or worth[firm] > 0):
            # What the firms still to be reached need is kept back for them.
            owed = low * max(0, reached - place - 1)
            steps[firm] = min(int(offers.cap_steps[firm]), left - owed) if worth[firm] > 0 else low
            index[firm] = rate[firm]
            left -= int(steps[firm])
    return make_book(offers, steps, index)
