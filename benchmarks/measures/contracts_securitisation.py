"""Securitisation: AbsBox's stored deals to the cent, a grid of scenarios, a pool of many loans.

    python benchmarks/measures/contracts_securitisation.py [--quick]

There is no peer that runs here: AbsBox needs its server, so its stored responses are the answer.
"""

import gzip
import hashlib
import json
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    sys.path.insert(0, str(Path(__file__).parents[1] / "peers"))

import numpy as np
from measures.found import DisagreementError, Found

from headrace.contracts.securitisation.absbox import compare, from_absbox
from headrace.contracts.securitisation.dates import day_number
from headrace.contracts.securitisation.deal_data import read_deal
from headrace.contracts.securitisation.engine import run
from headrace.contracts.securitisation.projection import (
    ABSBOX,
    PLANS,
    Assumptions,
    LoanLines,
    project,
)
from headrace.contracts.securitisation.sensitivity import (
    Pool,
    Scenario,
    first_loss,
    grid,
    scenarios,
)
from headrace.contracts.securitisation.trace import trace

DATA = Path(__file__).parents[3] / "shared" / "data" / "absbox_china_tests"
ASSUMED = Assumptions((0.01,), (0.1,))
RATES = {"LPR5Y": [(date(2000, 1, 1), 40_000)]}
DEALS = 6
AS_OF = date(2026, 1, 1)


def _read(name: str) -> Any:
    return json.loads(gzip.decompress((DATA / f"{name}.json.gz").read_bytes()))


def absbox() -> Found | None:
    """Six deals against stored responses, cell by cell; None where they are absent."""
    if not DATA.is_dir():
        return None
    cells = wrong = statements = equal = 0
    seconds = 0.0
    digest = hashlib.sha256()
    for number in range(1, DEALS + 1):
        request, response = _read(f"test{number:02}.request"), _read(f"test{number:02}.response")
        began = time.perf_counter()
        read = from_absbox(request)
        flows = project(read.lines, ASSUMED, read.as_of, RATES, ABSBOX)
        done = run(read.deal, flows, RATES)
        seconds += time.perf_counter() - began
        found = compare(done, response)
        cells += sum(found.cells.values())
        wrong += len(found.differences)
        statements += len(found.cells)
        equal += len(found.equal())
        digest.update(trace(done)["amount"].to_numpy().tobytes())
    figures = {
        "cells": cells,
        "cells_equal_share": 1 - wrong / cells,
        "statements": statements,
        "statements_equal_share": equal / statements,
        "seconds": seconds,
    }
    return Found(figures, digest.hexdigest())


def _deal(periods: int) -> Any:
    """One account, a senior class of 85 %, an equity; a fee on the pool."""
    return read_deal(
        {
            "name": "网格",
            "dates": {
                "cutoff": AS_OF,
                "closing": AS_OF,
                "first_collection": "2026-01-31",
                "collection": "month_end",
                "first_payment": "2026-02-10",
                "payment": "day_of_month:10",
                "maturity": date(2026 + periods // 12 + 4, 12, 31),
            },
            "account": [{"name": "收款户"}],
            "collect": dict.fromkeys(("interest", "principal", "prepayment", "recovery"), "收款户"),
            "fee": [{"name": "服务费", "kind": "annual", "start": AS_OF, "base": "pool_balance",
                     "rate": 0.005}],
            "bond": [
                {"name": "优先", "rank": 1, "balance": 85_000_000, "rate": 0.035},
                {"name": "次级", "rank": 2, "balance": 15_000_000, "rate": 0,
                 "amortisation": "equity"},
            ],
            "waterfall": {
                "normal": [
                    {"step": "pay_fee", "from": "收款户", "to": "服务费"},
                    {"step": "pay_interest", "from": "收款户", "to": "优先"},
                    {"step": "pay_principal", "from": "收款户", "to": ["优先", "次级"],
                     "in_order": True},
                    {"step": "pay_residual", "from": "收款户", "to": "次级"},
                ]
            },
        }
    )  # fmt: skip


def _loans(count: int, terms: int) -> LoanLines:
    """Level-pay loans that sum to 100,000,000.00, from a seed."""
    rng = np.random.default_rng(6)
    balances = np.full(count, 10_000_000_000 // count, dtype=np.int64)
    balances[0] += 10_000_000_000 - int(balances.sum())
    left = rng.integers(2, terms + 1, count)
    return LoanLines(
        balances,
        rng.integers(400, 1200, count) * 100,
        left + rng.integers(0, 12, count),
        left,
        day_number(AS_OF) - rng.integers(0, 28, count),
        np.full(count, PLANS["level"], dtype=np.int64),
        np.full(count, -1, dtype=np.int64),
    )


def sensitivities(points: int, terms: int) -> Found:
    """A grid of scenarios on one line of loans, run twice: it is the same both times."""
    one = (10_000_000_000, 72_000, terms, terms, day_number(AS_OF), PLANS["level"], -1)
    lines = LoanLines(*(np.array([value], dtype=np.int64) for value in one))
    pool, deal = Pool(lines, AS_OF, {}), _deal(terms)
    asked = scenarios(np.linspace(0.0, 0.3, points).tolist(), [0.0, 0.1, 0.2], [0, 400_000])
    began = time.perf_counter()
    found = grid(deal, pool, asked)
    seconds = time.perf_counter() - began
    if not found.equals(grid(deal, pool, asked)):
        raise DisagreementError("securitisation: a grid differs from itself")
    began = time.perf_counter()
    level = first_loss(deal, pool, "优先", Scenario("base", ASSUMED))
    figures = {
        "scenarios": len(asked),
        "seconds": seconds,
        "scenarios_per_second": len(asked) / seconds,
        "first_loss_seconds": time.perf_counter() - began,
        "first_loss": -1.0 if level is None else level,
    }
    amounts = found["received"].to_numpy()
    return Found(figures, hashlib.sha256(amounts.tobytes()).hexdigest())


def projection(count: int, terms: int) -> Found:
    """Many loans projected at once."""
    lines = _loans(count, terms)
    project(_loans(10, terms), ASSUMED, AS_OF)
    began = time.perf_counter()
    flows = project(lines, ASSUMED, AS_OF)
    seconds = time.perf_counter() - began
    paid = int((flows.principal + flows.prepayment + flows.default).sum())
    if paid != flows.opening:
        raise DisagreementError("securitisation: a pool does not pay what it owes")
    figures = {"loans": count, "seconds": seconds, "lines_per_second": count / seconds}
    return Found(figures, hashlib.sha256(flows.principal.tobytes()).hexdigest())


def main() -> None:
    """Print every figure."""
    quick = "--quick" in sys.argv
    for name, found in (
        ("absbox", absbox()),
        ("sensitivities", sensitivities(3 if quick else 10, 36)),
        ("projection", projection(500 if quick else 20_000, 60)),
    ):
        if found is not None:
            print(name, {key: float(f"{value:.6g}") for key, value in found.figures.items()},
                  found.hash[:16])  # fmt: skip


if __name__ == "__main__":
    main()
