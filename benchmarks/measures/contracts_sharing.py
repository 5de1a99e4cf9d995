"""Losses of a guarantee pool shared in many scenarios, beside the same waterfall claim by claim.

The peer is `waterfall.allocate`, what one would write in plain Python; both must agree to the fen.

    python benchmarks/measures/contracts_sharing.py [--quick]
"""

import hashlib
import sys
import time
from datetime import date
from decimal import Decimal
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    sys.path.insert(0, str(Path(__file__).parents[1] / "peers"))

import numpy as np
from measures.found import DisagreementError, Found

from headrace.contracts.sharing.book import shipped
from headrace.contracts.sharing.scenarios import Borne, Claims, Draw, Exposures, draw, share
from headrace.contracts.sharing.scheme import Layer, Scheme, Share
from headrace.contracts.sharing.waterfall import Usage, allocate

DAY = date(2024, 1, 1)


def book(loans: int) -> Exposures:
    """Loans of 0.1 to 10 million yuan."""
    chance = np.random.default_rng(1)
    return Exposures(
        tuple(f"L{k}" for k in range(loans)),
        np.exp(chance.uniform(np.log(1e7), np.log(1e9), loans)).astype(np.int64),
        chance.uniform(0.005, 0.08, loans),
        chance.uniform(0.3, 0.8, loans),
    )


def scheme(loans: Exposures) -> Scheme:
    """First loss, then the national fund's shares up to its ceiling of the year, then the bank."""
    first = Layer(
        "first", "首损", "first", (Share("partner", Decimal(1)),), cap_pool_rate=Decimal("0.01")
    )
    base = int(loans.exposure.sum())
    return shipped().scheme("national_fund", DAY).with_first(first).bound(base)


def by_claim(loans: Exposures, agreed: Scheme, claims: Claims, scenarios: int) -> list[list[int]]:
    """The first scenarios, claim by claim."""
    rows = []
    for at in range(scenarios):
        usage, row = Usage(), dict.fromkeys(agreed.parties, 0)
        for k in range(claims.at[at], claims.at[at + 1]):
            on = date(DAY.year + int(claims.year[k]), 6, 1)
            name, amount = loans.loans[claims.loan[k]], int(claims.amount[k])
            allocation, usage = allocate(agreed, usage, name, on, amount)
            for piece in allocation.pieces:
                row[piece.party] += piece.amount
        rows.append(list(row.values()))
    return rows


def shared(count: int, scenarios: int, alone: int) -> Found:
    """Claims a second, ours and claim by claim."""
    loans = book(count)
    agreed = scheme(loans)
    claims = draw(loans, Draw(scenarios, 3, 0.1), np.random.default_rng(2))
    share(loans, agreed, claims)  # compiles
    began = time.perf_counter()
    found: Borne = share(loans, agreed, claims)
    ours = time.perf_counter() - began
    began = time.perf_counter()
    rows = by_claim(loans, agreed, claims, alone)
    peer = time.perf_counter() - began
    if found.by_scenario[:alone].tolist() != rows:
        raise DisagreementError("sharing: the kernel and the waterfall disagree")
    if int(found.by_scenario.sum()) != int(claims.amount.sum()):
        raise DisagreementError("sharing: fen are lost")
    figures = {
        "claims_per_second": len(claims.loan) / ours,
        "by_claim_claims_per_second": int(claims.at[alone]) / peer,
    }
    return Found(figures, hashlib.sha256(found.by_scenario.tobytes()).hexdigest())


if __name__ == "__main__":
    print(shared(200, 200, 20) if "--quick" in sys.argv else shared(2_000, 10_000, 20))
