"""Who else sells the same, how concentrated that is, and the neighbourhood of one firm."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.graph.chains.model import Floats, Ints
from headrace.graph.chains.supply import Supply

Longs = NDArray[np.int64]


@dataclass(frozen=True)
class Offers:
    """What firms sell: one row per firm and product.

    Attributes:
        firm: int32 (m,).
        node: int32 (m,): node of the chain.
        region: int32 (m,): of the firm.
        amount: float64 (m,): sales of the product, minor units, 0 or more; NaN: not known.
    """

    firm: Ints
    node: Ints
    region: Ints
    amount: Floats


@dataclass(frozen=True)
class Substitutes:
    """The market that each offer is part of: same node, same region.

    Attributes:
        market: int64 (m,): number of the market.
        others: int32 (m,): how many other firms sell there.
        herfindahl: float64 (m,): sum of squared market shares, 0..1; 1: one seller; NaN where an
            amount of the market is not known (Hirschman 1945, Herfindahl 1950).
        share: float64 (m,): of the offer in its market; NaN likewise.
    """

    market: Longs
    others: Ints
    herfindahl: Floats
    share: Floats


def substitutes(offers: Offers) -> Substitutes:
    """Of each offer, who could step in. A firm with few is hard to replace, and can hold out."""
    key = np.stack((offers.node, offers.region), 1)
    _, market = np.unique(key, axis=0, return_inverse=True)
    market = market.reshape(-1).astype(np.int64)
    pairs = np.unique(np.stack((market, offers.firm.astype(np.int64)), 1), axis=0)
    sellers = np.bincount(pairs[:, 0])
    whole = np.bincount(market, offers.amount)  # NaN where any amount is
    with np.errstate(invalid="ignore", divide="ignore"):
        share = offers.amount / whole[market]
    of_firm = np.zeros(len(pairs))
    at = np.searchsorted(_single(pairs), _single(np.stack((market, offers.firm), 1)))
    np.add.at(of_firm, at, share)
    herfindahl = np.bincount(pairs[:, 0], of_firm**2).astype(np.float64)
    return Substitutes(market, (sellers[market] - 1).astype(np.int32), herfindahl[market], share)


def _single(pairs: NDArray[np.int64]) -> Longs:
    """Two codes as one number that sorts alike."""
    found: Longs = pairs[:, 0] << 32 | pairs[:, 1]
    return found


def who_else(offers: Offers, row: int) -> Ints:
    """int32: the other firms with the same node and region as an offer, by amount."""
    same = (offers.node == offers.node[row]) & (offers.region == offers.region[row])
    at = np.flatnonzero(same & (offers.firm != offers.firm[row]))
    ordered = at[np.argsort(-offers.amount[at], kind="stable")]
    seen: dict[int, None] = dict.fromkeys(offers.firm[ordered].tolist())
    return np.array(list(seen), np.int32)


def concentration(supply: Supply) -> tuple[Floats, Floats]:
    """float64 (n,) each: Herfindahl index of a firm's customers, and of its suppliers.

    NaN: it has none that is seen. Parallel edges to one partner count as one.
    """
    return _of_partners(supply), _of_partners(supply.turned())


def _of_partners(supply: Supply) -> Floats:
    pairs, which = np.unique(
        _single(np.stack((supply.supplier, supply.customer), 1).astype(np.int64)),
        return_inverse=True,
    )
    amount = np.bincount(which, supply.amount, len(pairs))
    firm = pairs >> 32
    whole = np.bincount(firm, amount, supply.firms)
    squares = np.bincount(firm, amount**2, supply.firms)
    found: Floats = np.full(supply.firms, np.nan)
    return np.divide(squares, whole**2, out=found, where=whole > 0)


@dataclass(frozen=True)
class Neighbourhood:
    """A firm at the centre (1+N²): its partners, and theirs.

    Attributes:
        customers: int32: N: who buys from it.
        suppliers: int32: N: who sells to it.
        beyond: int32: N²: partners of partners, the firm and its partners left out.
        edges: int64: the edges of both rings, by position.
    """

    customers: Ints
    suppliers: Ints
    beyond: Ints
    edges: Longs


def neighbourhood(supply: Supply, centre: int) -> Neighbourhood:
    """What lies around one firm, whichever core it belongs to."""
    sells, buys = supply.supplier == centre, supply.customer == centre
    customers, suppliers = np.unique(supply.customer[sells]), np.unique(supply.supplier[buys])
    ring = np.zeros(supply.firms, np.bool_)
    ring[customers] = ring[suppliers] = ring[centre] = True
    near = ring[supply.supplier] | ring[supply.customer]
    both = np.concatenate((supply.supplier[near], supply.customer[near]))
    beyond = np.setdiff1d(both, np.flatnonzero(ring))
    return Neighbourhood(customers, suppliers, beyond.astype(np.int32), np.flatnonzero(near))
