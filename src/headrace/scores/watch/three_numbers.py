"""What a choice about a score costs, in the three numbers of the house.

approval rate      批准率      who gets a loan
price              价格        what the borrowers who get one pay, a year
expected loss      预期损失    what the lender loses of each yuan lent
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from headrace.errors import InputError
from headrace.scores.validation.figures import LEVEL, Figure, z_of
from headrace.scores.watch.outcomes import Flags, Floats, Ints
from headrace.scores.watch.shares import Share, share


@dataclass(frozen=True)
class Lending:
    """What is lent to each applicant, and on which terms.

    Attributes:
        exposure: Lent if approved, in any unit of money, (n,), above 0.
        loss_given_default: Share of it lost at default, in [0, 1].
        price: Annual rate for probabilities of default, (k,) to (k,); None where it is not known.
    """

    exposure: Floats
    loss_given_default: float
    price: Callable[[Floats], Floats] | None = None

    def __post_init__(self) -> None:
        """Refuse amounts that are none.

        Raises:
            InputError: If an exposure is not above 0 or the loss is no share.
        """
        if not (self.exposure > 0).all() or not 0 <= self.loss_given_default <= 1:
            raise InputError(
                f"a loss given default of {self.loss_given_default}, exposures from "
                f"{self.exposure.min(initial=np.inf)}",
                remedy="a share between 0 and 1, and exposures above 0",
            )


@dataclass(frozen=True)
class ThreeNumbers:
    """What a way to approve comes to.

    Attributes:
        approval: Share of applicants approved, with its interval.
        price: Mean annual rate of those approved, by exposure; NaN where no price is known or
            nobody is approved.
        expected_loss: Share of what is lent that the score expects to lose; NaN if nothing is lent.
        defaulted: Share that did default of those approved whose outcome is known, with its
            interval.
        observed_loss: Share of what was lent to those that was lost; NaN where none is known.
        outcomes_unknown: Approved without a known outcome. Their loss is only an expectation.
    """

    approval: Share
    price: float
    expected_loss: float
    defaulted: Share
    observed_loss: float
    outcomes_unknown: int


@dataclass(frozen=True)
class Approved:
    """A way to approve.

    Attributes:
        probability: Of default, by the score that approves, (n,).
        approved: Whom it approves, (n,).
    """

    probability: Floats
    approved: Flags

    def check(self, y: Ints, lending: Lending) -> None:
        """Refuse outcomes and loans of other rows.

        Raises:
            InputError: If there is not one of each for every applicant.
        """
        sizes = [each.size for each in (self.probability, self.approved, y, lending.exposure)]
        if len(set(sizes)) > 1:
            raise InputError(
                f"{sizes[0]} probabilities, {sizes[1]} approvals, {sizes[2]} outcomes and "
                f"{sizes[3]} exposures",
                remedy="one of each for every applicant, in the same order",
            )


def three_numbers(way: Approved, y: Ints, lending: Lending) -> ThreeNumbers:
    """The three numbers of approving these applicants.

    Args:
        way: Whom, and by which probabilities.
        y: 1 default, 0 none, -1 not known, (n,).
        lending: What is lent.

    Raises:
        InputError: If there is not one of each for every applicant.
    """
    way.check(y, lending)
    approved = way.approved
    exposure, p, outcome = lending.exposure[approved], way.probability[approved], y[approved]
    known = outcome >= 0
    lost = lending.loss_given_default * outcome[known].astype(np.float64)
    price = lending.price
    return ThreeNumbers(
        approval=share(int(approved.sum()), approved.size),
        price=float("nan") if price is None else _mean(price(p), exposure),
        expected_loss=_mean(p * lending.loss_given_default, exposure),
        defaulted=share(int(outcome[known].sum()), int(known.sum())),
        observed_loss=_mean(lost, exposure[known]),
        outcomes_unknown=int((~known).sum()),
    )


def _mean(values: Floats, weight: Floats) -> float:
    return float(np.sum(values * weight) / weight.sum()) if weight.size else float("nan")


@dataclass(frozen=True)
class Changes:
    """Differences of one way to approve to another, on the same applicants, with intervals.

    NaN where either has nothing to divide by. `defaulted` and `observed_loss` are NaN too unless
    the outcome of everybody whom either approves is known: outcomes are known of those whom a
    policy approved, and on them alone whatever refuses more of them would seem better.

    Attributes:
        approval: Of the approval rate.
        price: Of the mean annual rate of those approved; NaN where no price is known.
        expected_loss: Of the share that is expected to be lost, each by its own probabilities.
        defaulted: Of the share that defaulted of those approved.
        observed_loss: Of the share that was lost of what was lent to them.
    """

    approval: Figure
    price: Figure
    expected_loss: Figure
    defaulted: Figure
    observed_loss: Figure


def changes(new: Approved, old: Approved, y: Ints, lending: Lending) -> Changes:
    """What changes if `new` takes the place of `old`.

    Args:
        new: Whom the new way approves.
        old: Whom the old way does.
        y: 1 default, 0 none, -1 not known, (n,).
        lending: What is lent.

    Raises:
        InputError: If there is not one of each for every applicant.
    """
    new.check(y, lending)
    old.check(y, lending)
    bad = (y == 1).astype(np.float64)
    told = bool((y[new.approved | old.approved] >= 0).all())
    price, loss = lending.price, lending.loss_given_default
    everybody = np.ones(y.size)
    above: dict[str, list[Floats]] = {}
    below: dict[str, list[Floats]] = {}
    for way in (new, old):
        lent = lending.exposure * way.approved
        chosen = way.approved.astype(np.float64)
        rate = np.full(y.size, np.nan) if price is None else price(way.probability)
        for name, top, bottom in (
            ("approval", chosen, everybody),
            ("price", np.where(way.approved, rate * lent, 0.0), lent),
            ("expected_loss", loss * way.probability * lent, lent),
            ("defaulted", bad * chosen, chosen * told),
            ("observed_loss", loss * bad * lent, lent * told),
        ):
            above.setdefault(name, []).append(top)
            below.setdefault(name, []).append(bottom)
    return Changes(**{name: _difference(above[name], below[name]) for name in above})


def _difference(above: list[Floats], below: list[Floats]) -> Figure:
    """Difference of two ratios of sums over the same applicants, with its interval.

    Variance by linearising each ratio (Cochran 1977, 6.4), so that what both have in common drops
    out.
    """
    if not all(each.sum() for each in below):
        return Figure(*[float("nan")] * 3)
    (first, pulls), (second, others) = (
        (float(top.sum() / bottom.sum()), (top - top.sum() / bottom.sum() * bottom) / bottom.mean())
        for top, bottom in zip(above, below, strict=True)
    )
    if pulls.size == 1:  # one applicant tells no variance
        return Figure(first - second, float("-inf"), float("inf"))
    half = z_of(LEVEL) * float((pulls - others).std(ddof=1) / np.sqrt(pulls.size))
    return Figure(first - second, first - second - half, first - second + half)


def safest(probability: Floats, portion: float) -> Flags:
    """The safest portion of applicants, (n,); of equal ones the earlier row first."""
    count = int(np.floor(portion * probability.size + 0.5))
    approved = np.zeros(probability.size, np.bool_)
    approved[np.argsort(probability, kind="stable")[:count]] = True
    return approved
