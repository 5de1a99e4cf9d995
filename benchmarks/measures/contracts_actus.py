"""Contracts a second by the ACTUS conventions, beside JACTUS on the loans it takes the same way.

python benchmarks/measures/contracts_actus.py [CONTRACTS]
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    sys.path.insert(0, str(Path(__file__).parents[1] / "peers"))

import numpy as np
import pyarrow as pa
from measures.found import DisagreementError, Found
from workloads import contracts as workload

from headrace.contracts.actus.engine import cash_flows
from headrace.contracts.actus.observed import Observed

JACTUS = Path(__file__).parents[1] / "peers" / ".venv-jactus" / "bin" / "python"
PEER_TYPES = ("PAM", "LAM", "NAM", "ANN")
CENT = 0.01


def rate(contracts: int, times: int) -> Found:
    """Contracts a second of one thread: the table read, checked and evaluated into a table.

    The best of some runs; compiling is over by then. A table and a list of mappings must give the
    same events.
    """
    records = workload.book(contracts)
    table = workload.columns(records)
    observed = Observed.of(workload.market(), workload.happenings(records))
    threads = pa.cpu_count()
    pa.set_cpu_count(1)
    try:
        cash_flows(table.slice(0, min(contracts, 2_000)), observed, horizon=workload.HORIZON)
        walls, cpus = [], []
        for _ in range(times):
            wall, cpu = time.perf_counter(), time.process_time()
            found = cash_flows(table, observed, horizon=workload.HORIZON)
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() - cpu)
        began = time.process_time()
        other = cash_flows(records, observed, horizon=workload.HORIZON)
        from_records = time.process_time() - began
    finally:
        pa.set_cpu_count(threads)
    if found.refusals or not other.events.equals(found.events):
        raise DisagreementError("contracts: a table and mappings give other events")
    return Found(
        {
            "per_second": contracts / min(walls),
            "per_cpu_second": contracts / min(cpus),
            "events_per_cpu_second": found.events.num_rows / min(cpus),
            "from_records_per_cpu_second": contracts / from_records,
            "events": float(found.events.num_rows),
        },
        _hash(found.events),
    )


def beside_jactus(contracts: int, one_by_one: int) -> Found | None:
    """The plain loans of a book, and JACTUS on them: in its array mode, and some one by one.

    Rates are fixed, for its observers are another thing. How often its payoffs are the same to the
    cent, or near (events within a millionth of the largest loan, totals within a hundred-thousandth
    of their own), is a figure, not a condition: it computes in single precision.
    """
    if not JACTUS.exists():
        return None
    chosen = [
        each
        for each in workload.book(4 * contracts)
        if each["contractType"] in PEER_TYPES and "cycleOfRateReset" not in each
    ][:contracts]
    table = workload.columns(chosen)
    cash_flows(table.slice(0, 200))
    began = time.perf_counter()
    found = cash_flows(table)
    ours = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "contracts.json"
        path.write_text(json.dumps(chosen, default=str))
        script = Path(__file__).parents[1] / "peers" / "jactus_cash_flows.py"
        command = [JACTUS, script, path, str(one_by_one)]
        double = {**os.environ, "JAX_ENABLE_X64": "1"}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=double)
    theirs = json.loads(done.stdout.splitlines()[-1])
    whose = found.events["contract"].to_numpy()
    payoff = found.events["payoff"].to_numpy()
    totals = np.bincount(whose, payoff, len(chosen))
    apart = np.abs(totals - np.array(theirs["totals"]))
    largest = np.array([each["notionalPrincipal"] for each in chosen])
    near = [
        [_agrees(found.events, at, rows, within) for at, rows in enumerate(theirs["events"])]
        for within in (CENT, 1e-6 * largest.max())
    ]
    return Found(
        {
            "per_second": len(chosen) / ours,
            "jactus_per_second": len(chosen) / theirs["array_seconds"],
            "jactus_scalar_per_second": one_by_one / theirs["scalar_seconds"],
            "same_total_share": float(np.mean(apart <= CENT)),
            "near_total_share": float(np.mean(apart <= 1e-5 * largest)),
            "same_events_share": float(np.mean(near[0])),
            "near_events_share": float(np.mean(near[1])),
            "contracts": float(len(chosen)),
        },
        _hash(found.events),
    )


def _agrees(events: pa.Table, contract: int, theirs: list[list[Any]], within: float) -> bool:
    """Whether the same events of one contract pay the same, within an amount, on the same days."""
    whose = events["contract"].to_numpy()
    mine = events.slice(
        int(np.searchsorted(whose, contract)), int((whose == contract).sum())
    ).to_pylist()
    ours = {(str(e["time"])[:10], e["type"]): e["payoff"] for e in mine if abs(e["payoff"]) > CENT}
    other = {(day, kind): paid for day, kind, paid in theirs if abs(paid) > CENT}
    return ours.keys() == other.keys() and all(abs(ours[k] - other[k]) <= within for k in ours)


def _hash(events: pa.Table) -> str:
    """Of the events, payoffs to the hundredth of a cent, so that no rounding shows."""
    paid = np.rint(events["payoff"].to_numpy() * 10_000)
    parts = (events["contract"].to_numpy(), events["time"].cast(pa.int64()).to_numpy(), paid + 0.0)
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    for each in (rate(size, 3), beside_jactus(min(size, 500), 20)):
        print(each)
