"""Clearing: what everybody pays and is worth when everybody pays what it can.

With r the rates, E the equities and f the failures, party i has and owes

    own_i      = external_i - sum of needs of i on parties that failed
    receipts_i = sum over claims d on b:  D_d r_b + sum over its guarantees k: call_k r_g(k)
                 + sum over holdings:     share x E_company
    call_k     = G_k min(1, D_d (1 - r_b) / sum of G on d)
    owed_i     = sum of its debts + sum of calls on its guarantees

It fails when own + receipts < owed; then own_left = own x alpha (where positive) and
receipts x beta remain, r_i = remains / owed (or the fixed recovery) and E_i = 0. Otherwise
r_i = 1 and E_i = own + receipts - owed.

*The fixed point.* Order states by (r, E, not f), componentwise. The map is monotone: own and
the terms in E and r_g rise with the state, owed falls with it (calls fall as r_b rises), and
on one debt the borrower's and the guarantors' payments together rise with r_b, because its
slope is D_d (1 - sum G_k r_g / sum G_k) >= 0 while guarantees are partly called and D_d where
they are called in full. So by Knaster and Tarski a greatest fixed point exists: the one in
which nobody fails without need.

*Convergence.* We begin at a state T with F(T) <= T (all pay in full; equities solve
E = max(external + full receipts, 0) + share' E) and re-evaluate parties whose inputs changed.
By monotonicity every such step lowers the state and keeps it above every fixed point; a
decreasing bounded sequence converges, and the limit is a fixed point because F is continuous
from above: a party that meets owed in every step meets it in the limit, one that failed once
stays failed. A chaotic (queue) order reaches the same limit as whole sweeps (Cousot 1977).
It stops when no rate would change by more than 1e-13 and no equity by more than 1e-13 of the
party's assets and debts; along a loop that passes on the part q of a change that is an error
of at most about 1e-13 / (1 - q).

Special cases: debts only, alpha = beta = 1: Eisenberg and Noe, Management Science 47 (2001);
alpha, beta < 1: Rogers and Veraart, Management Science 59 (2013); a fixed recovery: Furfine,
Journal of Money, Credit and Banking 35 (2003); holdings without debts: Elliott, Golub, Jackson,
AER 104 (2014). NEVA (Barucca et al. 2020) has the first and the third as special cases, too; it
has no guarantees.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array
from scipy.sparse.linalg import spsolve

from headrace.errors import HeadraceError, InputError
from headrace.graph.contagion import kernels
from headrace.graph.contagion.network import Floats, Network, Wiring, wired

Bools = NDArray[np.bool_]
REVIEWS_MAX = 20_000  # of each party
REVIEWS_SMALL = 5_000_000  # and these in any case: a second
EXACT = 1e-13
SAMPLED = 1e-9  # far within the error of sampling


@dataclass(frozen=True)
class Estate:
    """What becomes of a party that fails.

    Attributes:
        own: Part of its own assets that reaches creditors, 0..1; Rogers and Veraart's alpha.
        network: Part of what it gets from others that does, 0..1; their beta.
        recovery: The rate it pays whatever is left, as in Furfine's cascade; None: it pays what is
            left.
    """

    own: float = 1.0
    network: float = 1.0
    recovery: float | None = None

    def __post_init__(self) -> None:
        """Refuse what is not a part."""
        parts = (self.own, self.network, 0.0 if self.recovery is None else self.recovery)
        if not all(0 <= part <= 1 for part in parts):
            raise InputError(
                "a part of an estate lies outside 0..1", where=str(self), remedy="parts from 0 to 1"
            )

    def values(self) -> Floats:
        """As the kernels read it."""
        recovery = np.nan if self.recovery is None else self.recovery
        return np.array([self.own, self.network, recovery])


EISENBERG_NOE = Estate()
"""Nothing is lost by failing: Eisenberg and Noe (2001)."""


@dataclass(frozen=True)
class Cleared:
    """A state that stands.

    Attributes:
        external: float64 (n,): the assets outside the network that it was cleared with.
        forced: bool (n,): failed whatever it had.
        estate: What became of those that failed.
        rate: float64 (n,): the part of its obligations that a party pays, 0..1.
        equity: float64 (n,): what is left to its owners, minor units, 0 or more.
        failed: bool (n,): whether it owes more than it has, or was made to fail.
        assets: float64 (n,): before any cost of failing.
        owed: float64 (n,): debts and guarantees called.
        reviews: How often a party was looked at.
    """

    external: Floats
    forced: Bools
    estate: Estate
    rate: Floats
    equity: Floats
    failed: Bools
    assets: Floats
    owed: Floats
    reviews: int


class UnsettledError(HeadraceError):
    """A loop of debts or holdings leaks too little to settle in the reviews allowed."""


def clear(
    network: Network,
    external: Floats,
    *,
    estate: Estate = EISENBERG_NOE,
    forced: Bools | None = None,
) -> Cleared:
    """What everybody pays and is worth: the greatest fixed point of the clearing map.

    The map, the proof that the fixed point exists and is reached, and the models it holds as
    special cases are in the docstring of this module.

    A guarantor that paid may turn to the borrower, whose estate is shared out already: recourse
    is worth nothing here. Co-guarantors do not step in for each other.

    Args:
        network: The edges.
        external: float64 (n,): cash, goods and income of the horizon, less what is owed outside
            the network and first; minor units, may be negative.
        estate: What becomes of a party that fails.
        forced: bool (n,): parties that fail whatever they have; None: none.

    Raises:
        InputError: A value is missing, or a circle of companies owns all of itself.
        UnsettledError: It did not settle.
    """
    wiring = wired(network)
    external = np.ascontiguousarray(external, np.float64)
    made_to = np.zeros(network.parties, np.bool_) if forced is None else forced
    if len(external) != network.parties or len(made_to) != network.parties:
        raise InputError(
            "one value per party is needed", where="external, forced", remedy="arrays of length n"
        )
    if not np.isfinite(external).all():
        missing = int(np.flatnonzero(~np.isfinite(external))[0])
        raise InputError(
            "assets are missing", where=f"party {missing}", remedy="an estimate; 0 is one, too"
        )
    return cleared_from(wiring, external, made_to, estate)


def cleared_from(wiring: Wiring, external: Floats, forced: Bools, estate: Estate) -> Cleared:
    """`clear` for a network that is wired already and values that are checked."""
    n = len(external)
    rate, failed = np.ones(n), np.zeros(n, np.bool_)
    equity = _highest_equity(wiring, external)
    assets, owed = np.empty(n), np.empty(n)
    line, waiting = np.empty(n + 2, np.int64), np.zeros(n, np.bool_)
    within, values = allowed(n, EXACT), estate.values()
    reviews = kernels.settle(
        wiring, external, forced, values, rate, equity, failed, assets, owed, line, waiting, within
    )
    if reviews > within[1]:
        raise UnsettledError(
            f"clearing did not settle in {reviews:,} reviews",
            where="a circle of debts or holdings",
            remedy="net the debts of a circle that owes almost only itself",
        )
    return Cleared(external, forced, estate, rate, equity, failed, assets, owed, int(reviews))


def allowed(parties: int, tolerance: float) -> Floats:
    """The change too small to tell others of, and the most reviews, for the kernels."""
    return np.array([tolerance, float(REVIEWS_SMALL + REVIEWS_MAX * parties)])


def _highest_equity(wiring: Wiring, external: Floats) -> Floats:
    """Equities no clearing can exceed: all debts paid in full, nothing owed."""
    n = len(external)
    value: Floats = np.maximum(external + wiring.claimed, 0.0)
    if not len(wiring.share):
        return value
    held = csr_array((wiring.share, (wiring.holder, wiring.company)), shape=(n, n))
    _refuse_closed_circles(wiring, n)
    solved: Floats = spsolve((eye_array(n) - held).tocsc(), value)
    return np.maximum(solved, value) * (1 + 1e-12)


def _refuse_closed_circles(wiring: Wiring, n: int) -> None:
    """Companies of which nobody outside their own circle holds anything have no finite value."""
    whole = np.bincount(wiring.company, wiring.share, n)
    open_ended = whole < 1 - 1e-9
    while True:  # a company whose holder is open-ended leaks through it
        leaks = open_ended.copy()
        leaks[wiring.company[open_ended[wiring.holder] & (wiring.share > 0)]] = True
        if (leaks == open_ended).all():
            break
        open_ended = leaks
    if not open_ended.all():
        raise InputError(
            "a circle of companies owns all of itself",
            where=f"holdings, company {int(np.flatnonzero(~open_ended)[0])}",
            remedy="at least one owner outside the circle",
        )
