"""The integer program behind a book, and a solver for it that proves how good its answer is.

Each loan i takes at most one option j and a whole number of steps x, low <= x <= cap_i, or nothing:

    maximise   sum value_ij * x_i + per_loan      over the loans made
    subject to sum use_kij * x_i + use_per_loan_k <= bound_k      for every constraint k

For any prices p >= 0 of the constraints, no answer is worth more than

    L(p) = sum_k p_k * bound_k + sum_i max(0, max_jx (value_ij - sum_k p_k use_kij) x + fee(p))

(Lagrangian relaxation; Geoffrion 1974), where the inner maximum lies at x = low or x = cap because
it is linear in x. The best prices are the duals of the linear program over those extreme options.
An answer with a choice worth more than d less than its loan's best is worth at most L(p) - d.
So choices can be set aside at the price of one term in the bound: with v* the bound of the integer
program over the choices that were kept,

    bound = min(L(p), max(v*, L(p) - d)).

The number of constraints is small, so almost every loan sits at an extreme option, L(p) is close,
and few choices have to be kept.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_matrix, vstack

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

NODES_MAX = 20_000
KEEP_SHARE = 1e-5  # of L(p): how far below its loan's best a choice may be in the first round
KEEP_GROWTH = 8
KEPT_MANY = 2_000
PRICES_TOLERANCE = 1e-6
SOLVER_SHARE = 0.8  # of the gap for the integer search, the rest for what was set aside
INFEASIBLE = 2  # the status of scipy's linprog and milp


@dataclass(frozen=True, eq=False)
class Program:
    """The program in the module's notation.

    Attributes:
        value: float64 [loans, options], per step.
        per_loan: Worth of a loan as such.
        low: The fewest steps of a loan.
        cap: int64 [loans], the most, each >= low.
        use: float64 [constraints, loans, options], per step.
        use_per_loan: float64 [constraints].
        bound: float64 [constraints].
    """

    value: Floats
    per_loan: float
    low: int
    cap: Ints
    use: Floats
    use_per_loan: Floats
    bound: Floats


@dataclass(frozen=True, eq=False)
class Answer:
    """A feasible choice and how good it is known to be.

    Attributes:
        option: int64 [loans], -1 for no loan.
        steps: int64 [loans], 0 for no loan.
        worth: The objective.
        bound: No feasible choice is worth more.
        proven: False if the node limit stopped the search before the gap was reached.
        nodes: Branch-and-bound nodes.
    """

    option: Ints
    steps: Ints
    worth: float
    bound: float
    proven: bool
    nodes: int

    @property
    def gap(self) -> float:
        """(bound - worth) / |worth|; 0 where both are 0."""
        return relative_gap(self.bound, self.worth)


def relative_gap(bound: float, worth: float) -> float:
    """How far the bound lies above, relative to the worth; 0 if it does not."""
    return 0.0 if bound <= worth else (bound - worth) / max(abs(worth), 1e-12)


def solve(program: Program, gap_max: float) -> Answer | None:
    """The best choice up to a relative gap; None if no choice is feasible.

    Raises:
        RuntimeError: If the solver gives up without an answer.
    """
    if len(program.cap) == 0:
        return _nothing(program)
    useful = undominated(program)
    duals = dual_prices(program, useful)
    if duals is None:
        return None
    upper, loan_best = relax(program, duals.prices)
    keep, last = KEEP_SHARE * (abs(upper) + loan_best.sum()), False
    while True:
        kept = near_best(program, duals.prices, useful, keep)
        if kept.count > KEPT_MANY:  # many tie: first try those that the linear program combines
            answer = _solve_kept(program, _all_of(program, duals.support), SOLVER_SHARE * gap_max)
            if answer is not None and relative_gap(upper, answer.worth) <= gap_max:
                return _with_bound(answer, upper, gap_max)
        answer = _solve_kept(program, kept, SOLVER_SHARE * gap_max)
        if answer is None and kept.whole:
            return None
        if answer is None:
            keep *= KEEP_GROWTH
            continue
        bound = answer.bound if kept.whole else max(answer.bound, upper - keep)
        answer = _with_bound(answer, min(upper, bound), gap_max)
        if kept.whole or last or answer.proven:
            return answer
        keep, last = (upper - answer.worth) * (1 + 1e-9), True


def undominated(program: Program) -> Bools:
    """Options that no other of the same loan beats or equals in worth and in every use.

    Setting the others aside loses nothing: swapping a dominated option for the one that dominates
    it, at the same number of steps, keeps every constraint and loses no worth. Of equal options the
    first, the lowest rate, stays.
    """
    varying = [use for use in program.use if (use != use[:, :1]).any()]
    no_worse = program.value[:, None, :] >= program.value[:, :, None]
    for use in varying:
        no_worse &= use[:, None, :] <= use[:, :, None]
    options = np.arange(program.value.shape[1])
    earlier = options[None, :] < options[:, None]
    equal = no_worse & no_worse.transpose(0, 2, 1)
    dominated = (no_worse & (~equal | earlier)).any(axis=2)
    return np.asarray(~dominated, dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class Duals:
    """What the linear program over extreme choices says.

    Attributes:
        prices: float64 [constraints], >= 0.
        loan_prices: float64 [loans].
        worth: Of its solution.
        support: bool [loans, options], those it uses.
    """

    prices: Floats
    loan_prices: Floats
    worth: float
    support: Bools


def dual_prices(program: Program, useful: Bools) -> Duals | None:
    """Prices of the constraints that make L(p) nearly least; None if no choice is feasible.

    They are the duals of the linear program over extreme choices, found by column generation: it
    starts from a few choices a loan and adds those that the prices so far make attractive.
    Whatever the tolerance, prices >= 0 give a true bound.
    """
    free = _ends(program, np.zeros(len(program.bound)))
    active = np.zeros(free.shape, dtype=np.bool_)
    active[:, :, 0] = True  # the lowest rate, useful or not, leaves most room
    _add_best(active, np.where(useful, free, -np.inf))
    while True:
        found = _priced(program, active)
        if found is None and active[:, useful].all():
            return None
        if found is None:
            active |= useful
            continue
        upper, _ = relax(program, found.prices)
        if upper - found.worth <= PRICES_TOLERANCE * abs(upper) or active[:, useful].all():
            return found
        ends = np.where(useful & ~active, _ends(program, found.prices), -np.inf)
        gains = ends - found.loan_prices[:, None]
        if not (gains > 0).any():
            return found
        _add_best(active, np.where(gains > 0, gains, -np.inf))


def _add_best(active: Bools, worth: Floats) -> None:
    """Marks, for either end, the best option of every loan that has one."""
    best = worth.argmax(axis=2)
    end, loan = np.nonzero(worth.max(axis=2) > -np.inf)
    active[end, loan, best[end, loan]] = True


def _priced(program: Program, active: Bools) -> Duals | None:
    """The linear program over some extreme choices."""
    end, loan, option = np.nonzero(active)
    steps = np.where(end == 0, program.low, program.cap[loan])
    worth = program.value[loan, option] * steps + program.per_loan
    uses = program.use[:, loan, option] * steps + program.use_per_loan[:, None]
    loans = len(program.cap)
    once = csr_matrix((np.ones(len(loan)), (loan, np.arange(len(loan)))), (loans, len(loan)))
    found = linprog(
        -worth,
        A_ub=vstack([csr_matrix(uses), once], format="csc"),
        b_ub=np.concatenate([program.bound, np.ones(loans)]),
        method="highs-ds",
        options={"presolve": False},  # it finds nothing here and costs a fifth of the time
    )
    if found.status == INFEASIBLE:
        return None
    if found.status != 0:
        raise RuntimeError(found.message)
    prices: Floats = np.maximum(-found.ineqlin.marginals, 0.0)
    support = np.zeros(program.value.shape, dtype=np.bool_)
    used = found.x > 1e-9
    support[loan[used], option[used]] = True
    return Duals(prices[:-loans], prices[-loans:], -float(found.fun), support)


def relax(program: Program, prices: Floats) -> tuple[float, Floats]:
    """At these prices: L(p), and what each loan is worth at its best, at least 0."""
    best = _ends(program, prices).max(axis=0)
    loan_best = np.maximum(best.max(axis=1, initial=-np.inf), 0.0)
    return float(prices @ program.bound + loan_best.sum()), loan_best


def _ends(program: Program, prices: Floats) -> Floats:
    """Worth net of prices of every option at the fewest and at the most steps, float64 [2, ...]."""
    net = program.value - np.tensordot(prices, program.use, axes=1)
    fee = program.per_loan - prices @ program.use_per_loan
    return np.stack([net * program.low, net * program.cap[:, None]]) + fee


@dataclass(frozen=True, eq=False)
class Kept:
    """What is not set aside: steps from `low` to `high` of an option, none where high < low.

    Attributes:
        low: int64 [loans, options].
        high: int64 [loans, options].
        must: bool [loans], those for whom no loan at all was set aside.
        whole: Nothing was set aside but dominated options.
    """

    low: Ints
    high: Ints
    must: Bools
    whole: bool

    @property
    def count(self) -> int:
        """How many options are left."""
        return int((self.high >= self.low).sum())


def near_best(program: Program, prices: Floats, useful: Bools, keep: float) -> Kept:
    """The choices worth at most `keep` less, net of prices, than the best of the same loan."""
    ends = _ends(program, prices)
    _, loan_best = relax(program, prices)
    slack = keep - (loan_best[:, None] - ends)  # >= 0 where that end is kept
    low = np.full(useful.shape, program.low, dtype=np.int64)
    high = np.broadcast_to(program.cap[:, None], useful.shape).copy()
    slope = np.abs(ends[1] - ends[0]) / np.maximum(high - low, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.minimum(np.nan_to_num(slack.max(axis=0) / slope, nan=np.inf), high - low)
    span = np.ceil(np.maximum(reach, 0)).astype(np.int64)
    rising = ends[1] > ends[0]
    must = loan_best > keep
    whole = bool((slack[:, useful] >= 0).all() and not must.any())
    kept = useful & (slack.max(axis=0) >= 0)
    return Kept(
        low=np.where(rising, high - span, low),
        high=np.where(kept, np.where(rising, high, low + span), low - high - 1),
        must=must,
        whole=whole,
    )


def _all_of(program: Program, options: Bools) -> Kept:
    """Some options with all their steps, nobody forced."""
    low = np.full(options.shape, program.low, dtype=np.int64)
    high = np.where(options, program.cap[:, None], low - 1)
    return Kept(low, high, np.zeros(len(program.cap), dtype=np.bool_), whole=False)


def _solve_kept(program: Program, kept: Kept, gap: float) -> Answer | None:
    """The integer program over what was kept.

    Variables: for every kept option whether it is taken, and the steps above its `low`.
    """
    loan, option = np.nonzero(kept.high >= kept.low)
    count = len(loan)
    if count == 0:
        return _nothing(program)
    low = kept.low[loan, option]
    above = (kept.high[loan, option] - low).astype(np.float64)
    worth = program.value[loan, option]
    use = program.use[:, loan, option]
    column = np.arange(count)
    once = csr_matrix((np.ones(count), (loan, column)), (len(program.cap), 2 * count))
    only_if_taken = csr_matrix(
        (np.concatenate([-above, np.ones(count)]), (np.tile(column, 2), np.arange(2 * count))),
        (count, 2 * count),
    )
    uses = np.hstack([use * low + program.use_per_loan[:, None], use])
    found = milp(
        -np.concatenate([worth * low + program.per_loan, worth]),
        integrality=np.ones(2 * count),
        bounds=Bounds(0, np.concatenate([np.ones(count), above])),
        constraints=[
            LinearConstraint(csr_matrix(uses), -np.inf, program.bound),
            LinearConstraint(once, kept.must.astype(np.float64), 1.0),
            LinearConstraint(only_if_taken, -np.inf, 0.0),
        ],
        options={"mip_rel_gap": gap, "node_limit": NODES_MAX},  # no time limit: not repeatable
    )
    if found.status == INFEASIBLE:
        return None
    if found.x is None:
        raise RuntimeError(found.message)
    taken = np.flatnonzero(found.x[:count] > 0.5)
    options, steps = np.full(len(kept.must), -1, np.int64), np.zeros(len(kept.must), np.int64)
    options[loan[taken]] = option[taken]
    steps[loan[taken]] = low[taken] + np.rint(found.x[count + taken]).astype(np.int64)
    total = float(worth[taken] @ steps[loan[taken]]) + program.per_loan * len(taken)
    bound = max(-float(found.mip_dual_bound), total)
    return Answer(options, steps, total, bound, proven=True, nodes=int(found.mip_node_count))


def _nothing(program: Program) -> Answer | None:
    """The empty choice, where the constraints allow it."""
    if (program.bound < 0).any():
        return None
    none = np.full(len(program.cap), -1, np.int64)
    return Answer(none, np.zeros(len(program.cap), np.int64), 0.0, 0.0, proven=True, nodes=0)


def _with_bound(answer: Answer, bound: float, gap_max: float) -> Answer:
    bound = max(bound, answer.worth)
    gap = relative_gap(bound, answer.worth)
    proven = gap <= max(gap_max, 1e-9)
    return Answer(answer.option, answer.steps, answer.worth, bound, proven, answer.nodes)
