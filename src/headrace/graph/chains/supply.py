"""Tiers, the second tier, and how much of a firm's trade ends at or comes from a core."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from headrace.errors import InputError
from headrace.graph.chains.model import NOWHERE, Floats, Ints, steps

Longs = NDArray[np.int64]
ROUNDS_MAX = 500
CLOSE = 1e-12


@dataclass(frozen=True)
class Supply:
    """Who sells to whom, in one period.

    Attributes:
        firms: How many there are.
        supplier: int32 (m,).
        customer: int32 (m,).
        amount: float64 (m,): minor units, more than 0.
        sales: float64 (n,): all sales of a firm, seen or not; NaN or None: what is seen is all.
        purchases: float64 (n,): all purchases, likewise.

    Raises:
        InputError: A party is not there, or an amount is not more than 0.
    """

    firms: int
    supplier: Ints
    customer: Ints
    amount: Floats
    sales: Floats | None = None
    purchases: Floats | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        ends = np.concatenate((self.supplier, self.customer))
        if len(ends) and not 0 <= ends.min() <= ends.max() < self.firms:
            raise InputError(
                "a firm is not there", where="supply", remedy=f"codes 0 to {self.firms - 1}"
            )
        wrong = np.flatnonzero(~(self.amount > 0))
        if len(wrong):
            raise InputError(
                f"amount {self.amount[wrong[0]]}",
                where=f"supply, edge {wrong[0]}",
                remedy="more than 0: net red letters first, leave out what was returned",
            )

    def turned(self) -> "Supply":
        """The same trade seen from the customers: purchases for sales."""
        return Supply(self.firms, self.customer, self.supplier, self.amount,
                      self.purchases, self.sales)  # fmt: skip


@dataclass(frozen=True)
class Tiers:
    """How far upstream of a core every firm stands.

    Attributes:
        tier: int32 (n,): 0 for cores, 1 for their suppliers, 2 for those behind; -1: not upstream.
        toward: int64 (n,): the edge by which a firm is where it is: its largest to the tier
            below; -1 for cores and who is not upstream.
    """

    tier: Ints
    toward: Longs


def tiers(supply: Supply, cores: Ints) -> Tiers:
    """Least number of sales between a firm and any core; loops are no difficulty."""
    tier = steps(supply.customer, supply.supplier, cores, supply.firms)
    edge = np.flatnonzero(
        (tier[supply.customer] >= 0) & (tier[supply.supplier] == tier[supply.customer] + 1)
    )
    order = edge[np.argsort(supply.amount[edge], kind="stable")]
    toward = np.full(supply.firms, NOWHERE, np.int64)
    toward[supply.supplier[order]] = order
    return Tiers(tier, toward)


def path_to_core(supply: Supply, found: Tiers, firm: int) -> Longs:
    """int64: the edges from a firm down to a core; none where it is not upstream."""
    edges = []
    while found.toward[firm] != NOWHERE:
        edges.append(found.toward[firm])
        firm = int(supply.customer[found.toward[firm]])
    return np.array(edges, np.int64)


@dataclass(frozen=True)
class Dependence:
    """Parts of a firm's trade that are with cores, at once and through others.

    Attributes:
        direct: float64 (n, cores): part of the firm's trade that is with the core itself, 0..1.
        low: float64 (n, cores): with what goes through others, as far as trade is known.
        high: float64 (n, cores): if all that is not known went to that core, too.
    """

    direct: Floats
    low: Floats
    high: Floats


def sales_dependence(supply: Supply, cores: Ints) -> Dependence:
    """Which part of a firm's sales ends at each core, through any number of customers.

    x_ic = s_ic + sum over customers j that are no core: s_ij x_jc

    with s the shares of the firm's sales: the chance that a yuan of sales, followed from customer
    to customer in proportion to their sales, first meets core c (absorption in a Markov chain;
    the Leontief inverse of the shares, Miller and Blair 2009, ch. 2 and 12). It assumes that
    every sale of a customer needs its suppliers alike. The least solution is reached from 0 in
    rounds; what is still under way after a round, m_i of a yuan, bounds the error, so a circle
    that sells almost only to itself gives an interval instead of a wrong number. A core's own
    sales are not followed.

    Args:
        supply: The trade.
        cores: int32: different firms; each is followed for itself.
    """
    n, k = supply.firms, len(cores)
    seen = np.bincount(supply.supplier, supply.amount, n).astype(np.float64)
    total = seen if supply.sales is None else np.fmax(supply.sales, seen)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = supply.amount / total[supply.supplier]
        unknown = np.where(total > 0, 1.0 - seen / total, 0.0)
    number = np.full(n, NOWHERE, np.int64)
    number[cores] = np.arange(k)
    is_core = number >= 0
    to_core = is_core[supply.customer]
    direct = np.zeros((n, k))
    np.add.at(direct, (supply.supplier[to_core], number[supply.customer[to_core]]), share[to_core])
    direct[is_core] = 0.0
    on = ~to_core & ~is_core[supply.supplier]
    passing = csr_array((share[on], (supply.supplier[on], supply.customer[on])), shape=(n, n))
    unknown[is_core] = 0.0
    arrives = np.column_stack((direct, unknown))
    found, step = arrives.copy(), arrives
    under_way = _reaches(passing, arrives).astype(np.float64)
    for _ in range(ROUNDS_MAX):
        step, under_way = passing @ step, passing @ under_way
        found += step
        if step.max(initial=0.0) == 0.0:
            under_way[:] = 0.0
        if under_way.max(initial=0.0) < CLOSE:
            break
    low, left = found[:, :k], np.where(is_core, 0.0, found[:, k] + under_way)
    return Dependence(direct, low, np.minimum(low + left[:, None], 1.0))


def _reaches(passing: csr_array, arrives: Floats) -> NDArray[np.bool_]:
    """Whether anything of a firm's can still arrive: not so in a circle without a way out."""
    n = passing.shape[0]
    ends = np.flatnonzero(arrives.sum(1) > 0).astype(np.int32)
    edges = passing.tocoo()
    return steps(edges.col, edges.row, ends, n) >= 0


def purchase_dependence(supply: Supply, cores: Ints) -> Dependence:
    """Which part of a firm's purchases comes from each core, through any number of suppliers."""
    return sales_dependence(supply.turned(), cores)


@dataclass(frozen=True)
class SecondTier:
    """Who stands behind the suppliers of a core: one row per firm and way.

    Attributes:
        firm: int32 (m,): the supplier's supplier.
        through: int32 (m,): the supplier.
        first: int64 (m,): edge from firm to supplier.
        last: int64 (m,): edge from supplier to core.
        amount: float64 (m,): what the firm sells to the supplier, minor units.
        attributed: float64 (m,): of it what ends at the core, if the supplier's purchases serve
            its sales alike.
    """

    firm: Ints
    through: Ints
    first: Longs
    last: Longs
    amount: Floats
    attributed: Floats


def second_tier(supply: Supply, core: int) -> SecondTier:
    """Suppliers of the suppliers of a core, the largest attributed amount first.

    A firm that is a supplier of the core as well is there, too; the core itself is not.
    """
    last = np.flatnonzero(supply.customer == core)
    at = np.full(supply.firms, NOWHERE, np.int64)
    whole = np.bincount(supply.supplier, supply.amount, supply.firms)
    part = np.bincount(supply.supplier[last], supply.amount[last], supply.firms)
    order = last[np.argsort(supply.amount[last], kind="stable")]
    at[supply.supplier[order]] = order  # of parallel edges the largest
    at[core] = NOWHERE
    first = np.flatnonzero((at[supply.customer] != NOWHERE) & (supply.supplier != core))
    through = supply.customer[first]
    attributed = supply.amount[first] * part[through] / whole[through]
    order = np.lexsort((first, -attributed))
    first, through = first[order], through[order]
    return SecondTier(
        supply.supplier[first], through, first, at[through], supply.amount[first],
        attributed[order],
    )  # fmt: skip


@dataclass(frozen=True)
class Positions:
    """Where each firm stands to each core (1+N²): one row per firm and core with a tie.

    Attributes:
        firm: int32 (m,).
        core: int32 (m,).
        tier: int32 (m,): steps upstream (supplier side) of the core; -1: none.
        downstream: int32 (m,): steps downstream (distributor side); -1: none.
        sales: float64 (m,): part of its sales that ends at the core, known part (low).
        purchases: float64 (m,): part of its purchases that comes from it, known part.
        edge: int64 (m,): the edge by which the nearer side holds.
    """

    firm: Ints
    core: Ints
    tier: Ints
    downstream: Ints
    sales: Floats
    purchases: Floats
    edge: Longs


def positions(supply: Supply, cores: Ints) -> Positions:
    """Every firm's places in every core's chain, by firm, then core."""
    turned = supply.turned()
    up = [tiers(supply, cores[at : at + 1]) for at in range(len(cores))]
    down = [tiers(turned, cores[at : at + 1]) for at in range(len(cores))]
    if not up:
        none = np.empty(0, np.int32)
        nothing = np.empty(0)
        return Positions(none, none, none, none, nothing, nothing, np.empty(0, np.int64))
    tier, lower = (np.stack([each.tier for each in side], 1) for side in (up, down))
    tied = (tier > 0) | (lower > 0)
    firm, which = np.nonzero(tied)
    above, below = tier[firm, which], lower[firm, which]
    toward, back = (np.stack([each.toward for each in side], 1)[firm, which] for side in (up, down))
    nearer = (above > 0) & ((below <= 0) | (above <= below))
    return Positions(
        firm.astype(np.int32), cores[which], above, below,
        sales_dependence(supply, cores).low[firm, which],
        purchase_dependence(supply, cores).low[firm, which],
        np.where(nearer, toward, back),
    )  # fmt: skip


def total_position(found: Positions, firms: int) -> tuple[Floats, Floats, Ints]:
    """Of each firm over all cores: part of sales, part of purchases, and how many cores.

    The parts add up because every yuan is followed to the first core that it meets only.
    """
    sales = np.bincount(found.firm, found.sales, firms).astype(np.float64)
    purchases = np.bincount(found.firm, found.purchases, firms).astype(np.float64)
    return sales, purchases, np.bincount(found.firm, minlength=firms).astype(np.int32)
