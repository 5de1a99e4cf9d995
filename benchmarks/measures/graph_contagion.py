"""Contagion at full size, beside plain ways to the same numbers, which must be the same.

No open package clears guarantees, holdings and dependence with debts. Peers are therefore the
linear program of Eisenberg and Noe (HiGHS through scipy) on debts alone, and whole sweeps with
scipy's sparse matrices on everything: what one would write with numpy at hand.

    python benchmarks/measures/graph_contagion.py [--quick]
"""

import hashlib
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    sys.path.insert(0, str(Path(__file__).parents[1] / "peers"))

import numpy as np
from measures.found import DisagreementError, Found
from scipy.optimize import linprog
from scipy.sparse import csr_array, eye_array
from workloads.contagion import BANKS, HORIZON_DAYS, Economy, economy

from headrace.graph.contagion.clearing import Estate, clear
from headrace.graph.contagion.days import delayed, pay_by_day
from headrace.graph.contagion.losses import attribute, losses
from headrace.graph.contagion.network import Network
from headrace.graph.contagion.sampling import Shocks, simulate
from headrace.graph.contagion.spreading import default_probabilities

ESTATE = Estate(own=0.7, network=0.9)
CORE = BANKS


def shocks_of(world: Economy) -> Shocks:
    """A fifth of the variance common, a tenth by industry; banks are not shocked."""
    exposed = world.external.copy()
    exposed[:BANKS] = 0.0
    return Shocks(-0.02 * exposed, 0.22 * exposed, 0.2, 0.1, world.group)


def scenarios(firms: int, count: int, by_sweeps: int) -> Found:
    """Many scenarios over every kind of edge; some of them by whole sweeps, too."""
    world = economy(firms)
    shocks, network = shocks_of(world), world.network
    base = clear(network, world.external, estate=ESTATE)
    simulate(network, base, shocks, np.random.default_rng(0), 1)  # compiles
    began = time.perf_counter()
    found = simulate(network, base, shocks, np.random.default_rng(1), count)
    ours = time.perf_counter() - began
    drawn = base.external + shocks.draw(by_sweeps, np.random.default_rng(2))
    fast = [clear(network, each, estate=ESTATE) for each in drawn]
    began = time.perf_counter()
    slow = [sweeps(network, each) for each in drawn]
    peer = (time.perf_counter() - began) / by_sweeps
    for one, (rate, equity, failed) in zip(fast, slow, strict=True):
        scale = 1e-6 * np.abs(world.external).max()
        if (one.failed != failed).any() or not np.allclose(one.rate, rate, atol=1e-8):
            raise DisagreementError("contagion: sweeps fail other parties")
        if not np.allclose(one.equity, equity, rtol=1e-7, atol=scale):
            raise DisagreementError("contagion: sweeps give other equities")
    edges = len(network.debts.amount) + len(network.guarantees.amount)
    edges += len(network.holdings.share) + len(network.needs.amount)
    return Found(
        {
            "seconds": ours,
            "scenarios_per_second": count / ours,
            "sweeps_scenarios_per_second": 1 / peer,
            "edges": float(edges),
            "failures_mean": found.failures.mean,
            "failures_error": found.failures.error,
        },
        _hash(np.rint(found.default_rate * count)),
    )


def sweeps(network: Network, external: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same map by whole sweeps of sparse products, from the top."""
    n, debts, promised = network.parties, network.debts, network.guarantees
    held, needs = network.holdings, network.needs
    shares = csr_array((held.share, (held.holder, held.company)), shape=(n, n))
    due = np.bincount(debts.borrower, debts.amount, n)
    cover = np.bincount(promised.debt, promised.amount, len(debts.amount))
    part = np.divide(promised.amount, cover[promised.debt])
    rate, failed = np.ones(n), np.zeros(n, bool)
    full = np.maximum(external + np.bincount(debts.lender, debts.amount, n), 0.0)
    equity = full.copy()
    for _ in range(200):
        equity = full + shares @ equity
    equity *= 1 + 1e-9
    for _ in range(100_000):
        missing = debts.amount * (1 - rate[debts.borrower])
        call = part * np.minimum(missing, cover)[promised.debt]
        own = external - np.bincount(needs.subject, needs.amount * failed[needs.object], n)
        receipts = np.bincount(debts.lender, debts.amount - missing, n) + shares @ equity
        receipts += np.bincount(debts.lender[promised.debt], call * rate[promised.guarantor], n)
        owed = due + np.bincount(promised.guarantor, call, n)
        fails = owed - own - receipts > 1e-12 * owed
        left = np.maximum(own * np.where(own > 0, ESTATE.own, 1.0) + ESTATE.network * receipts, 0.0)
        pays = np.where(
            fails & (owed > 0), np.minimum(left / np.where(owed > 0, owed, 1.0), 1.0), 1.0
        )
        worth = np.where(
            fails, np.maximum(left - owed, 0.0), np.maximum(own + receipts - owed, 0.0)
        )
        change = np.abs(pays - rate).max() + np.abs((worth - equity) / (1 + equity)).max()
        rate, equity, failed = pays, worth, fails
        if change < 1e-12:
            return rate, equity, failed
    raise DisagreementError("contagion: the sweeps did not settle")


def linear_program(firms: int) -> Found:
    """Debts alone against the linear program of Eisenberg and Noe."""
    world = economy(firms)
    debts, n = world.network.debts, world.network.parties
    network = Network(n, debts)
    external = 0.55 * world.external
    clear(network, external)
    began = time.perf_counter()
    found = clear(network, external)
    ours = time.perf_counter() - began
    due = np.bincount(debts.borrower, debts.amount, n)
    weights = debts.amount / due[debts.borrower]
    shares = csr_array((weights, (debts.lender, debts.borrower)), shape=(n, n))
    began = time.perf_counter()
    solved = linprog(
        -np.ones(n), A_ub=(eye_array(n) - shares).tocsc(), b_ub=external,
        bounds=np.column_stack((np.zeros(n), due)), method="highs",
    )  # fmt: skip
    peer = time.perf_counter() - began
    paid = found.rate * due
    if not np.allclose(paid, solved.x, rtol=1e-6, atol=1e-5 * due.max()):
        raise DisagreementError("contagion: the linear program pays otherwise")
    return Found({"seconds": ours, "linprog_seconds": peer, "failed": float(found.failed.sum())},
                 _hash(np.rint(paid)))  # fmt: skip


def attributed(firms: int) -> Found:
    """The loss of all banks in one crash, put down to edges and to where it began."""
    world = economy(firms)
    network = world.network
    before = clear(network, world.external, estate=ESTATE)
    external = np.where(world.group < 3, 0.4, 1.0) * world.external
    after = clear(network, external, estate=ESTATE)
    began = time.perf_counter()
    found = losses(network, before, after)
    traced = attribute(found, np.arange(BANKS))
    seconds = time.perf_counter() - began
    loss = max(traced.loss, 1.0)
    return Found(
        {
            "seconds": seconds,
            "edges_gap": abs(traced.arrived.sum() + traced.own.sum() - traced.loss) / loss,
            "origins_gap": abs(traced.origin.sum() - traced.loss) / loss,
            "losing_edges": float(len(found.amount)),
        },
        _hash(np.rint(traced.origin)),
    )


def core_pays_late(firms: int, days: int = 60) -> Found:
    """The largest core enterprise pays 60 days late: who is short of cash, and for how long."""
    world = economy(firms)
    pay_by_day(world.payables, world.cash, 1)  # compiles
    began = time.perf_counter()
    as_agreed = pay_by_day(world.payables, world.cash, HORIZON_DAYS)
    late = pay_by_day(
        delayed(world.payables, np.array([CORE], np.int32), days), world.cash, HORIZON_DAYS
    )
    seconds = time.perf_counter() - began
    newly = (late.first_short >= 0) & (as_agreed.first_short < 0)
    return Found(
        {
            "seconds": seconds,
            "newly_short": float(newly.sum()),
            "short_days_more": float((late.short_days - as_agreed.short_days).sum()),
        },
        _hash(np.rint(late.amount_days - as_agreed.amount_days)),
    )


def worlds(firms: int, count: int) -> Found:
    """Default probabilities by sampled worlds over all debts."""
    world = economy(firms)
    debts, n = world.network.debts, world.network.parties
    own = np.full(n, 0.02)
    edges = (debts.borrower, debts.lender, np.full(len(debts.amount), 0.05))
    default_probabilities(own, edges, np.random.default_rng(0), 1)  # compiles
    began = time.perf_counter()
    found = default_probabilities(own, edges, np.random.default_rng(1), count)
    seconds = time.perf_counter() - began
    return Found({"seconds": seconds, "worlds_per_second": count / seconds},
                 _hash(np.rint(found.probability * count)))  # fmt: skip


def _hash(values: np.ndarray) -> str:
    return hashlib.sha256(values.astype(np.int64).tobytes()).hexdigest()


def main() -> None:
    """Print every figure."""
    quick = "--quick" in sys.argv
    firms = 1_000 if quick else 10_000
    for name, found in (
        ("scenarios", scenarios(firms, 50 if quick else 1_000, 2 if quick else 10)),
        ("linear_program", linear_program(500 if quick else 5_000)),
        ("attributed", attributed(firms)),
        ("core_pays_late", core_pays_late(firms)),
        ("worlds", worlds(firms, 200 if quick else 10_000)),
    ):
        print(name, {key: float(f"{value:.4g}") for key, value in found.figures.items()},
              found.hash[:16])  # fmt: skip


if __name__ == "__main__":
    main()
