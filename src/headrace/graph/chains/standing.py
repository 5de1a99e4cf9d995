"""How far upstream of a core each firm stands: by its trade where that is seen, else by the map."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.graph.chains.model import NOWHERE, ChainMap, Ints, steps_upstream
from headrace.graph.chains.placing import OnChain
from headrace.graph.chains.supply import Longs, Supply, tiers


@dataclass(frozen=True)
class Standing:
    """Tiers with what they rest on.

    Attributes:
        tier: int32 (n,): 0 for cores; -1: neither trade nor map leads to a core.
        by_trade: bool (n,): whether trade says so; otherwise the map: a firm that could supply,
            of which no sale towards the core is seen. A candidate, no fact.
        edge: int64 (n,): of trade, the edge towards the core; -1: none.
        placement: int64 (n,): of the map, the row of `placed`; -1: none.
    """

    tier: Ints
    by_trade: NDArray[np.bool_]
    edge: Longs
    placement: Longs


def standing(supply: Supply, chain: ChainMap, placed: OnChain, cores: Ints) -> Standing:
    """Tiers of all firms towards some cores.

    On the map a firm's tier is the least number of inputs between a product of a core and a
    product of the firm, at least 1: who makes what the core makes is a competitor, not upstream.

    Args:
        supply: Who sells to whom.
        chain: The map.
        placed: Firms on its nodes; firms as in `supply`.
        cores: int32.
    """
    found = tiers(supply, cores)
    made = np.unique(placed.node[np.isin(placed.firm, cores)])
    away = steps_upstream(chain, made)[placed.node]
    row = np.flatnonzero(away > 0)
    row = row[np.lexsort((row, away[row]))[::-1]]  # the nearest is written last
    placement = np.full(supply.firms, NOWHERE, np.int64)
    placement[placed.firm[row]] = row
    by_trade = found.tier >= 0
    placement[by_trade] = NOWHERE
    tier = np.where(placement >= 0, away[placement] if len(away) else NOWHERE, NOWHERE)
    return Standing(
        np.where(by_trade, found.tier, tier).astype(np.int32), by_trade, found.toward, placement
    )
