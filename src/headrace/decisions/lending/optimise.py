"""Chooses the whole book: the most profitable one within the budget and the constraints."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from typing import Any

import numpy as np

from headrace.decisions.lending.book import (
    Book,
    Constraints,
    Proof,
    broken,
    greedy,
    industries,
    make_book,
)
from headrace.decisions.lending.offers import Ints, Offers
from headrace.decisions.lending.program import (
    Answer,
    Program,
    dual_prices,
    relative_gap,
    relax,
    solve,
    undominated,
)
from headrace.errors import InfeasibleError
from headrace.money import format_minor

GAP_MAX = 1e-3
COUNT_GAP = 0.02
BASIS_POINTS = 1e4  # per 1: the program counts money in ten-thousandths of a step, rates in points
LOSS_SCALE = 1000.0  # makes the solver's tolerance of 1e-6 less than 1e-9 of a loss rate
RATE_UNIT = Decimal("0.0001")
SHARE_UNIT = Decimal("0.001")

NO_CONSTRAINTS = Constraints()


def optimise(
    offers: Offers, constraints: Constraints = NO_CONSTRAINTS, *, gap_max: float = GAP_MAX
) -> Book:
    """The book with the highest expected profit, and the proof of how good it is.

    It earns at least what `greedy` does wherever the greedy book keeps to the constraints: of the
    two the better is returned, with the same bound.

    Every eligible applicant gets at most one rate and a limit that is a multiple of the step from
    the smallest loan to its own cap. The limits never exceed the budget even if everybody accepts.
    Applicants are taken in the order of their party, whatever the order of `offers`; among
    applicants alike in everything, the larger limit goes to the first.

    Args:
        offers: What can be offered to whom.
        constraints: What the book must keep to.
        gap_max: The search stops at this relative gap; 0 asks for the best book there is.

    Raises:
        InfeasibleError: Naming the constraint that cannot be met and the nearest value that can.
    """
    _check_reachable(offers, constraints)
    choice = _Choice.of(offers)
    answer = solve(_program(choice, constraints), gap_max)
    if answer is None:
        raise _infeasible(offers, constraints)
    book = _book(choice, answer)
    baseline = greedy(offers, constraints)
    if not broken(baseline, constraints) and _earned(baseline) > _earned(book):
        proof = replace(_proof(answer, _earned(baseline), offers), method="greedy")
        book = replace(baseline, proof=proof)
    missed = broken(book, constraints)
    if missed:
        raise AssertionError(f"the optimised book breaks {', '.join(missed)}")
    return book


def most_approvals(offers: Offers, constraints: Constraints = NO_CONSTRAINTS) -> int:
    """The most loans that the budget and the constraints allow, whatever they earn.

    Raises:
        InfeasibleError: If a cap is below what any single loan could meet.
    """
    _check_reachable(offers, constraints)
    return _most_approvals(offers, constraints)


def profit_bound(offers: Offers, constraints: Constraints = NO_CONSTRAINTS) -> float:
    """No book within the constraints is expected to earn more, in minor units: a quick bound.

    That of the linear program; minus infinity if no book is feasible.
    """
    choice = _Choice.of(offers)
    program = _program(choice, constraints)
    if not len(choice.rows):
        return 0.0 if constraints.approvals_min <= 0 else -math.inf
    duals = dual_prices(program, undominated(program))
    if duals is None:
        return -math.inf
    upper, _ = relax(program, duals.prices)
    return float(upper * offers.economics.limit_step_minor / BASIS_POINTS)


@dataclass(frozen=True)
class ShadowPrices:
    """What room in a book is worth at its margin, by the linear program behind it.

    Attributes:
        budget: Profit that one minor unit of the budget brings there; at least 0.
        per_loan: Profit, minor units, given up to reach one more firm; at least 0.
    """

    budget: float
    per_loan: float


def shadow_prices(offers: Offers, constraints: Constraints = NO_CONSTRAINTS) -> ShadowPrices | None:
    """The duals of the budget and of `approvals_min`; None if no book is feasible.

    A loan of L at profit p per unit is worth making in this book where (p - budget) * L + per_loan
    is positive: all loans of the linear program's book are, but for the few at its margin that it
    splits (Dantzig 1957), at most one for each constraint.
    """
    choice = _Choice.of(offers)
    if not len(choice.rows):
        return ShadowPrices(0.0, 0.0) if constraints.approvals_min <= 0 else None
    program = _program(choice, constraints)
    duals = dual_prices(program, undominated(program))
    if duals is None:
        return None
    per_step = 1 / BASIS_POINTS  # the program's worth is in ten-thousandths of a step
    step = offers.economics.limit_step_minor
    fee = -float(duals.prices @ program.use_per_loan)
    return ShadowPrices(float(duals.prices[0]) * per_step, fee * per_step * step)


def _most_approvals(offers: Offers, constraints: Constraints) -> int:
    """Exact: a count is known once the bound is less than one loan above it."""
    program = _count_program(offers, constraints)
    answer = solve(program, COUNT_GAP)
    if answer is not None and answer.bound >= answer.worth + 1:
        answer = solve(program, 0.999 / (answer.worth + 1))
    return 0 if answer is None else round(answer.worth)


def _allows(offers: Offers, constraints: Constraints, approvals: int) -> bool:
    """Whether so many loans are possible; the exact count only where a rough one does not tell."""
    rough = solve(_count_program(offers, constraints), COUNT_GAP)
    if rough is None or rough.bound < approvals:
        return False
    return rough.worth >= approvals or _most_approvals(offers, constraints) >= approvals


def _count_program(offers: Offers, constraints: Constraints) -> Program:
    program = _program(_Choice.of(offers), replace(constraints, approvals_min=0))
    return replace(program, value=np.zeros_like(program.value), per_loan=1.0)


@dataclass(frozen=True, eq=False)
class _Choice:
    """The eligible rows of the offers in the order of their party, and money in steps."""

    offers: Offers
    rows: Ints
    low: int
    budget: int

    @classmethod
    def of(cls, offers: Offers) -> "_Choice":
        party = offers.applicants.party
        rows = sorted(np.flatnonzero(offers.eligible), key=party.__getitem__)
        economics = offers.economics
        step = economics.limit_step_minor
        low, budget = economics.limit_min_minor // step, economics.budget_minor // step
        return cls(offers, np.array(rows, dtype=np.int64), low, budget)


def _program(choice: _Choice, constraints: Constraints) -> Program:
    """The expected profit under the constraints, as a program."""
    offers, rows = choice.offers, choice.rows
    shape = (len(rows), len(offers.rates))
    limits = [(np.ones(shape), 0.0, float(choice.budget))]  # use of a step, of a loan, bound
    if constraints.approvals_min > 0:
        limits.append((np.zeros(shape), -1.0, -float(constraints.approvals_min)))
    if constraints.mean_rate_max is not None:
        rates = np.array([float(rate - constraints.mean_rate_max) for rate in offers.rates])
        limits.append((np.broadcast_to(rates * BASIS_POINTS, shape), 0.0, 0.0))
    if constraints.loss_rate_max is not None:
        allowed = offers.take_up[rows] * float(constraints.loss_rate_max)
        limits.append(((offers.loss[rows] - allowed) * LOSS_SCALE, 0.0, 0.0))
    if constraints.industry_share_max is not None:
        names = np.array(industries(offers))[rows]
        room = float(_industry_room(offers, constraints.industry_share_max))
        members = [(names == name)[:, None] * 1.0 for name in sorted(set(names))]
        limits += [(np.broadcast_to(member, shape), 0.0, room) for member in members]
    return Program(
        value=offers.profit[rows] * BASIS_POINTS,
        per_loan=0.0,
        low=choice.low,
        cap=offers.cap_steps[rows],
        use=np.array([use for use, _, _ in limits]),
        use_per_loan=np.array([fee for _, fee, _ in limits]),
        bound=np.array([bound for _, _, bound in limits]),
    )


def _book(choice: _Choice, answer: Answer) -> Book:
    """The answer as a book; applicants alike in everything have theirs dealt out in order."""
    offers, count = choice.offers, len(choice.offers.applicants)
    names = industries(offers)
    alike: dict[tuple[object, ...], list[int]] = {}
    for place, row in enumerate(choice.rows):
        coefficients = (offers.profit[row].tobytes(), offers.loss[row].tobytes())
        key = (int(offers.cap_steps[row]), names[row], *coefficients)
        alike.setdefault(key, []).append(place)
    steps, rate_index = np.zeros(count, np.int64), np.full(count, -1, np.int64)
    for places in alike.values():
        dealt = sorted(places, key=lambda place: (-answer.steps[place], answer.option[place]))
        for place, source in zip(places, dealt, strict=True):
            steps[choice.rows[place]] = answer.steps[source]
            rate_index[choice.rows[place]] = answer.option[source]
    book = make_book(offers, steps, rate_index)
    return replace(book, proof=_proof(answer, _earned(book), offers))


def _proof(answer: Answer, earned: float, offers: Offers) -> Proof:
    scale = offers.economics.limit_step_minor / BASIS_POINTS
    bound = max(float(answer.bound) * scale, earned)
    status = "optimal" if answer.proven else "stopped"
    return Proof("milp", status, bound, relative_gap(bound, earned), answer.nodes)


def _earned(book: Book) -> float:
    """Expected profit in minor units before rounding."""
    return math.fsum(book.chosen(book.offers.profit) * book.limit_minor)


def _industry_room(offers: Offers, share: Decimal) -> int:
    economics = offers.economics
    return int(share * economics.budget_minor // economics.limit_step_minor)


def _check_reachable(offers: Offers, constraints: Constraints) -> None:
    """Caps that no single loan on offer could meet are refused, though an empty book would."""
    if not offers.eligible.any():
        if constraints.approvals_min > 0:
            raise _refusal("approvals_min", constraints.approvals_min, "0: nobody is eligible")
        return
    lowest = offers.rates[0]
    if constraints.mean_rate_max is not None and constraints.mean_rate_max < lowest:
        raise _refusal("mean_rate_max", constraints.mean_rate_max, f"{lowest}, the lowest rate")
    pd_min = float(offers.applicants.pd[offers.eligible].min())
    safest = _round_up(pd_min * float(offers.economics.lgd), RATE_UNIT)
    wanted = constraints.loss_rate_max
    if wanted is not None and float(wanted) < pd_min * float(offers.economics.lgd):
        raise _refusal("loss_rate_max", wanted, f"{safest}, lending to the safest applicant only")


def _infeasible(offers: Offers, constraints: Constraints) -> InfeasibleError:
    """Why no book has so many loans: the most there can be, and what else would make room.

    Without a minimum of loans the empty book is feasible, so it is always the minimum that cannot
    be met together with the rest.
    """
    wanted = constraints.approvals_min
    nearest = [f"{_most_approvals(offers, constraints)} with everything else as it is"]
    step, currency = offers.economics.limit_step_minor, offers.economics.currency

    def budget(units: int) -> bool:
        economics = offers.economics.with_budget(units * step)
        return _allows(replace(offers, economics=economics), constraints, wanted)

    units = _least(budget, offers.economics.budget_minor // step, int(offers.cap_steps.sum()))
    if units is not None:
        nearest.append(f"or budget {format_minor(units * step, currency)}")
    for name, unit, most in (
        ("mean_rate_max", RATE_UNIT, offers.rates[-1]),
        ("loss_rate_max", RATE_UNIT, Decimal(1)),
        ("industry_share_max", SHARE_UNIT, Decimal(1)),
    ):
        now = getattr(constraints, name)

        def loosened(units: int, name: str = name, unit: Decimal = unit) -> bool:
            value: Any = units * unit
            return _allows(offers, replace(constraints, **{name: value}), wanted)

        units = None if now is None else _least(loosened, int(now / unit), int(most / unit))
        if units is not None:
            nearest.append(f"or {name} {units * unit}")
    return _refusal("approvals_min", wanted, ", ".join(nearest))


def _least(holds: Callable[[int], bool], low: int, high: int) -> int | None:
    """The least whole number above `low`, up to `high`, from which on it holds; None if none."""
    if high <= low or not holds(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _round_up(value: float, unit: Decimal) -> Decimal:
    return (Decimal(value) / unit).to_integral_value(ROUND_CEILING) * unit


def _refusal(name: str, wanted: object, nearest: str) -> InfeasibleError:
    problem = f"No book meets {name} = {wanted}"
    return InfeasibleError(problem, where=name, remedy=f"The nearest that can be met is {nearest}")
