"""Ownership and control of a whole registry, of one company, after one change; beside other ways.

No library was found that computes control, or ownership through loops, so the peers are the ways
one would program it: LU of the whole matrix, a power series, a walk up from one company.
"""

import hashlib
import time
import tracemalloc
from fractions import Fraction

import numpy as np
from measures.found import DisagreementError, Found
from scipy.sparse import csc_array, csr_array, eye_array
from scipy.sparse.linalg import splu
from workloads import ownership as workload

from headrace.graph.ownership.control import Control, control
from headrace.graph.ownership.integrated import (
    Owners,
    Ownership,
    holders_of,
    solve,
    ultimate_holders,
)
from headrace.graph.ownership.live import Holding, LiveOwnership
from headrace.graph.ownership.shares import Holdings, read_shares
from headrace.graph.ownership.votes import no_agreements, read_votes

THRESHOLD = 0.25
PUSHED_WITHIN = 1e-7
"""The walk that pushes shares along drops what is small; above a large web that shows."""


def holdings_of(registry: workload.Registry) -> Holdings:
    numbers = np.arange(len(registry.subject))
    return Holdings(registry.subject, registry.object, registry.low, registry.high, numbers)


def warm() -> None:
    """Load what is compiled, so that it is not in the figures."""
    small = workload.registry(workload.SLICE, 1)
    answered(small)
    live = LiveOwnership(holdings_of(small), no_agreements(), small.persons)
    live.withdraw(int(small.object[0]), 0)


def answered(registry: workload.Registry) -> tuple[Owners, Control, Ownership, dict[str, float]]:
    """Everybody with a quarter or more of any company, everybody who controls any; the times."""
    began, cpu = time.perf_counter(), time.process_time()
    shares = read_shares(holdings_of(registry), registry.persons)
    read = time.perf_counter()
    ownership = solve(shares)
    owners = ultimate_holders(ownership).at_least(THRESHOLD)
    owned = time.perf_counter()
    controlled = control(read_votes(shares, no_agreements()))
    controlled.ultimate()
    done = time.perf_counter()
    times = {"seconds": done - began, "cpu_seconds": time.process_time() - cpu,
             "read_seconds": read - began, "integrated_seconds": owned - read,
             "control_seconds": done - owned}  # fmt: skip
    return owners, controlled, ownership, times


def whole(size: workload.Size, rounds: int) -> Found:
    """All ultimate owners and all controllers of a registry; the median run, by its time."""
    warm()
    registry = workload.registry(size, 1)
    runs, digests = [], set()
    for _ in range(rounds):
        owners, controlled, ownership, times = answered(registry)
        runs.append(times)
        digests.add(digest(owners, controlled))
    if len(digests) != 1:
        raise DisagreementError("ownership: runs disagree")
    check(registry, controlled)
    figures = sorted(runs, key=lambda run: run["seconds"])[len(runs) // 2]
    figures |= {
        "holdings": float(len(registry.subject)),
        "loops": float((np.diff(ownership.at) > 1).sum()),
        "loop_companies_max": float(np.diff(ownership.at).max()),
        "owners": float(len(owners.company)),
        "controlled_pairs": float(controlled.certain.sum()),
    }
    return Found(figures, digests.pop())


def digest(owners: Owners, controlled: Control) -> str:
    """Of owners with shares to nine digits, and of pairs of control."""
    order = np.lexsort((owners.holder, owners.company))
    low = np.round(owners.low[order] * 1e9).astype(np.int64)
    found = hashlib.sha256()
    for each in (owners.company[order], owners.holder[order], low, controlled.controller,
                 controlled.controlled, controlled.certain):  # fmt: skip
        found.update(np.ascontiguousarray(each).tobytes())
    return found.hexdigest()


def check(registry: workload.Registry, controlled: Control) -> None:
    """Planted controllers are found, and what only looks like one is not."""
    parties = len(registry.persons)
    sure = controlled.rows(controlled.certain)
    pairs = sure.controller.astype(np.int64) * parties + sure.controlled
    truth, decoys = (
        each[:, 0].astype(np.int64) * parties + each[:, 1]
        for each in (registry.truth, registry.decoys)
    )
    if not np.isin(truth, pairs).all() or np.isin(decoys, pairs).any():
        raise DisagreementError("ownership: planted controllers are not the ones found")


def slice_of_a_registry() -> Found:
    """852 parties, 1,013 holdings, 39 loops: time, and memory at its highest."""
    warm()
    registry = workload.registry(workload.SLICE, 1)
    times = []
    for _ in range(5):
        owners, controlled, _, found = answered(registry)
        times.append(found["seconds"])
    tracemalloc.start()
    answered(registry)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    figures = {"seconds": float(np.median(times)), "peak_megabytes": peak / 1e6}
    return Found(figures, digest(owners, controlled))


def changed(size: workload.Size, count: int) -> Found:
    """One holding changed, added or withdrawn, until owners and controllers are known again."""
    warm()
    registry = workload.registry(size, 1)
    live = LiveOwnership(holdings_of(registry), no_agreements(), registry.persons)
    rng = np.random.default_rng(7)
    times, digests = [], hashlib.sha256()
    parties = len(registry.persons)
    for number, edge in enumerate(rng.integers(0, len(registry.subject), count).tolist()):
        company, low = int(registry.object[edge]), float(registry.low[edge])
        holder = int(rng.integers(0, parties))
        began = time.perf_counter()
        if number % 3 == 0:
            change = live.withdraw(company, edge)
        elif number % 3 == 1:
            change = live.put(Holding(edge, int(registry.subject[edge]), company, low / 2, low / 2))
        else:
            change = live.put(Holding(10**9 + number, holder, company, 0.01, 0.01))
        times.append(time.perf_counter() - began)
        digests.update(repr((change.companies.size, sorted(change.gained))).encode())
    p50, p99, most = np.percentile(times, (50, 99, 100)).tolist()
    figures = {"p50_seconds": p50, "p99_seconds": p99, "max_seconds": most}
    return Found(figures, digests.hexdigest())


def one_company(size: workload.Size, count: int, series_count: int) -> Found:
    """All holders of one company: ours, a walk in plain Python, a power series; answers agree."""
    warm()
    registry = workload.registry(size, 1)
    _, _, ownership, _ = answered(registry)
    shares = ownership.shares
    companies = np.random.default_rng(3).integers(0, size.companies, count).tolist()
    matrix = csr_array(
        (shares.share, (shares.holder, shares.company)), shape=(shares.parties, shares.parties)
    )
    above = _above(ownership)
    times: dict[str, list[float]] = {"ours": [], "push": [], "series": []}
    digests = hashlib.sha256()
    for number, company in enumerate(companies):
        began = time.perf_counter()
        held = holders_of(ownership, company)
        times["ours"].append(time.perf_counter() - began)
        ours = dict(zip(held.party.tolist(), held.walks.tolist(), strict=True))
        began = time.perf_counter()
        pushed = push(above, company)
        times["push"].append(time.perf_counter() - began)
        _same(ours, pushed, PUSHED_WITHIN)
        if number < series_count:
            began = time.perf_counter()
            summed = series(matrix, company)
            times["series"].append(time.perf_counter() - began)
            _same(ours, {int(party): float(summed[party]) for party in np.flatnonzero(summed)})
        digests.update(repr([(p, round(v, 9)) for p, v in sorted(ours.items())]).encode())
    figures = {f"{name}_p50_seconds": float(np.median(each)) for name, each in times.items()}
    figures["ours_p99_seconds"] = float(np.percentile(times["ours"], 99))
    return Found(figures, digests.hexdigest())


def whole_matrix(size: workload.Size) -> Found:
    """LU of the whole I - A, at a size where it ends, and what it gives beside ours."""
    warm()
    registry = workload.registry(size, 1)
    _, _, ownership, times = answered(registry)
    shares = ownership.shares
    began = time.perf_counter()
    matrix = csc_array(
        (shares.share, (shares.holder, shares.company)), shape=(shares.parties, shares.parties)
    )
    factors = splu(csc_array(eye_array(shares.parties) - matrix))
    seconds = time.perf_counter() - began
    for company in range(0, size.companies, max(size.companies // 20, 1)):
        unit = np.zeros(shares.parties)
        unit[company] = 1.0
        held = holders_of(ownership, company)
        found = factors.solve(unit)
        found[company] -= 1.0
        ours = dict(zip(held.party.tolist(), held.walks.tolist(), strict=True))
        _same(ours, {int(party): float(found[party]) for party in np.flatnonzero(found > 1e-14)})
    figures = {"ours_seconds": times["integrated_seconds"], "splu_factor_seconds": seconds}
    return Found(figures, hashlib.sha256(shares.share.tobytes()).hexdigest())


def exact(graphs: int, companies: int) -> Found:
    """The greatest difference to exact rational arithmetic on random graphs full of loops."""
    worst, digests = 0.0, hashlib.sha256()
    for seed in range(graphs):
        rng = np.random.default_rng(seed)
        outside = 10.0 ** -rng.uniform(0.3, 6.0, companies)
        share = (rng.dirichlet(np.full(companies, 0.3), companies) * (1 - outside[:, None])).T
        share[rng.random(share.shape) < 0.3] = 0.0
        holder, company = np.nonzero(share)
        low = share[holder, company]
        numbers = np.arange(len(low))
        codes = holder.astype(np.int32), company.astype(np.int32)
        ownership = solve(
            read_shares(Holdings(*codes, low, low, numbers), np.zeros(companies, np.bool_))
        )
        walks = _inverse_in_fractions(share)
        truth = walks / np.diag(walks)[:, None]
        for number in range(companies):
            held = holders_of(ownership, number)
            found = np.zeros(companies)
            found[held.party] = held.low
            found[number] = truth[number, number]
            worst = max(worst, float(np.abs(found - truth[:, number]).max()))
        digests.update(np.round(truth * 1e9).astype(np.int64).tobytes())
    return Found({"error_max": worst}, digests.hexdigest())


def push(above: dict[int, list[tuple[int, float]]], company: int) -> dict[int, float]:
    """Walk up from a company, passing on what arrived, until nothing to speak of is on its way."""
    total: dict[int, float] = {}
    waiting = {company: 1.0}
    while waiting:
        party, value = waiting.popitem()
        for holder, share in above.get(party, ()):
            total[holder] = total.get(holder, 0.0) + value * share
            if value * share > 1e-13:
                waiting[holder] = waiting.get(holder, 0.0) + value * share
    return total


def series(matrix: csr_array, company: int) -> np.ndarray:
    """A + A A + A A A + ..., for one company, over all parties at once."""
    term = np.zeros(matrix.shape[0])
    term[company] = 1.0
    total = np.zeros(matrix.shape[0])
    while True:
        term = matrix @ term
        if term.max() < 1e-14:
            return total
        total += term


def _above(ownership: Ownership) -> dict[int, list[tuple[int, float]]]:
    shares = ownership.shares
    above: dict[int, list[tuple[int, float]]] = {}
    rows = zip(shares.company.tolist(), shares.holder.tolist(), shares.share.tolist(), strict=True)
    for company, holder, share in rows:
        above.setdefault(company, []).append((holder, share))
    return above


def _same(one: dict[int, float], other: dict[int, float], within: float = 1e-9) -> None:
    for party in one.keys() | other.keys():
        if abs(one.get(party, 0.0) - other.get(party, 0.0)) > within:
            raise DisagreementError(f"ownership: shares of {party} differ")


def _inverse_in_fractions(share: np.ndarray) -> np.ndarray:
    size = len(share)
    rows = [
        [Fraction(int(i == j)) - Fraction(float(share[i, j])) for j in range(size)]
        + [Fraction(int(i == j)) for j in range(size)]
        for i in range(size)
    ]
    for at in range(size):
        rows[at] = [value / rows[at][at] for value in rows[at]]
        for row in range(size):
            if row != at:
                factor = rows[row][at]
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[at], strict=True)]
    return np.array([[float(value) for value in row[size:]] for row in rows])
