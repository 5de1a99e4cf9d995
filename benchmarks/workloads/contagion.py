"""A generated economy for contagion: chains of suppliers, banks, guarantee circles, pyramids.

Everything here is drawn from one seed; no firm in it exists. Firms sit in tiers of a supply chain
and owe their suppliers; all borrow from a few banks; circles of three to six guarantee each other;
one firm in four belongs to a small pyramid; sales depend on large customers.
"""

from dataclasses import dataclass

import numpy as np

from headrace.graph.contagion.days import Cash, Payables
from headrace.graph.contagion.network import Debts, Guarantees, Holdings, Needs, Network

BANKS = 20
TIERS = 5
HORIZON_DAYS = 180


@dataclass(frozen=True)
class Economy:
    """A network, what its parties have, and their industry.

    The banks are the first parties; firm 20 is the largest core enterprise.
    """

    network: Network
    external: np.ndarray
    group: np.ndarray
    payables: Payables
    cash: Cash


def economy(firms: int, seed: int = 11) -> Economy:
    """An economy of so many firms and twenty banks."""
    rng = np.random.default_rng(seed)
    n = firms + BANKS
    size = np.concatenate((np.zeros(BANKS), rng.lognormal(13.0, 1.4, firms)))
    size[BANKS] = size.max() * 5
    tier = np.concatenate((np.full(BANKS, -1), rng.integers(0, TIERS, firms)))
    tier[BANKS] = 0
    buyer, seller, owed = _trade(rng, size, tier)
    borrower = np.arange(BANKS, n)
    loan = size[borrower] * rng.uniform(0.05, 0.6, firms)
    debts = Debts(
        np.concatenate((buyer, borrower)).astype(np.int32),
        np.concatenate((seller, rng.integers(0, BANKS, firms))).astype(np.int32),
        np.rint(np.concatenate((owed, loan))),
    )
    guarantees = _circles(rng, debts, len(buyer), firms)
    company = rng.choice(np.arange(BANKS, n), firms // 4, replace=False).astype(np.int32)
    holder = (BANKS + (company - BANKS + rng.integers(1, 50, len(company))) % firms).astype(
        np.int32
    )
    holdings = Holdings(holder, company, rng.uniform(0.2, 0.9, len(company)))
    needs = Needs(seller.astype(np.int32), buyer.astype(np.int32), np.rint(0.1 * owed))
    network = Network(n, debts, guarantees, holdings, needs)
    due, claimed = (np.bincount(each, debts.amount, n) for each in (debts.borrower, debts.lender))
    buffer = size * rng.uniform(0.1, 0.9, n)
    external = np.rint(np.maximum(due - claimed, 0.0) + buffer)
    external[:BANKS] = np.rint(claimed[:BANKS] * 0.08)
    trade = Payables(debts.borrower[: len(buyer)], debts.lender[: len(buyer)],
                     debts.amount[: len(buyer)], rng.integers(0, 120, len(buyer)))  # fmt: skip
    spent, got = (np.bincount(each, trade.amount, n) for each in (trade.payer, trade.payee))
    held = np.rint(np.maximum(spent - got, 0.0) + 0.3 * spent + 0.05 * size)
    return Economy(
        network, external, rng.integers(0, 30, n).astype(np.int32), trade, Cash(held, np.zeros(n))
    )


def _trade(rng, size, tier):
    """Every firm owes about four suppliers, most of them one tier further up."""
    buyers, sellers = [], []
    for level in range(TIERS):
        of = np.flatnonzero(tier == level)
        above = np.flatnonzero(tier == min(level + 1, TIERS - 1))
        count = rng.poisson(4, len(of))
        buyers.append(np.repeat(of, count))
        sellers.append(rng.choice(above, int(count.sum())))
        core = rng.random(len(buyers[-1])) < 0.03
        if level == 0:
            buyers[-1][core] = BANKS
    buyer, seller = np.concatenate(buyers), np.concatenate(sellers)
    kept = buyer != seller
    buyer, seller = buyer[kept], seller[kept]
    share = rng.uniform(0.02, 0.12, len(buyer))
    return buyer, seller, np.rint(share * np.sqrt(size[buyer] * size[seller])) + 1


def _circles(rng, debts, loans_from, firms):
    """Circles in which each guarantees the next one's bank loan."""
    members = rng.permutation(firms)[: firms // 10]
    guarantor, guaranteed = [], []
    at = 0
    while at + 3 <= len(members):
        circle = members[at : at + int(rng.integers(3, 7))]
        guarantor += (circle + BANKS).tolist()
        guaranteed += (loans_from + np.roll(circle, -1)).tolist()
        at += len(circle)
    debt = np.array(guaranteed, np.int64)
    kept = np.array(guarantor) != debts.borrower[debt]
    return Guarantees(
        np.array(guarantor, np.int32)[kept], debt[kept], np.rint(0.8 * debts.amount[debt][kept])
    )
