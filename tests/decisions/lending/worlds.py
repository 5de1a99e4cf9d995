"""Small lenders for the tests of decisions. The churn is that of CUMCM 2020 C at six rates."""

from decimal import Decimal

import numpy as np
import pyarrow as pa

from headrace.decisions.lending.economics import Economics, churn_curve
from headrace.decisions.lending.offers import applicants, price_offers

RESPONSE = pa.table(
    {
        "rate": [0.04, 0.0505, 0.0705, 0.0945, 0.1105, 0.15],
        "churn_a": [0.0, 0.2246, 0.4976, 0.6948, 0.7982, 0.9221],
        "churn_b": [0.0, 0.2066, 0.4583, 0.6356, 0.7429, 0.8859],
        "churn_c": [0.0, 0.1813, 0.4572, 0.6430, 0.7111, 0.8952],
    }
)
CURVE = churn_curve(RESPONSE)
YUAN = 100


def economics(budget_yuan: int = 100_000_000, **changes) -> Economics:
    values = {
        "currency": "CNY",
        "budget_minor": budget_yuan * YUAN,
        "limit_min_minor": 100_000 * YUAN,
        "limit_max_minor": 1_000_000 * YUAN,
        "limit_step_minor": 10_000 * YUAN,
        "rate_min": Decimal("0.04"),
        "rate_max": Decimal("0.15"),
    }
    return Economics(**values | changes)


def people(rows: list[tuple]):
    """Applicants from (party, pd, rating, cap in yuan, industry)."""
    names = ("party", "pd", "rating", "cap_minor", "industry")
    kinds = (pa.string(), pa.float64(), pa.string(), pa.int64(), pa.string())
    columns = list(zip(*rows, strict=True)) or [()] * 5
    columns[3] = [None if cap is None else cap * YUAN for cap in columns[3]]
    return applicants(
        pa.table({n: pa.array(c, k) for n, c, k in zip(names, columns, kinds, strict=True)})
    )


def random_people(count: int, seed: int, industries: int = 5):
    """Firms whose PDs are drawn from a Beta with mean 0.2; the riskier, the worse the class."""
    rng = np.random.default_rng(seed)
    pds = rng.beta(1.2, 4.8, count)
    caps = rng.integers(10, 101, count) * 10_000
    names = rng.integers(0, industries, count)
    return people(
        [
            (f"E{i:03d}", float(pd), "ABC"[min(int(pd * 6), 2)], int(cap), f"I{name}")
            for i, (pd, cap, name) in enumerate(zip(pds, caps, names, strict=True))
        ]
    )


def random_offers(count: int, seed: int, budget_yuan: int):
    return price_offers(random_people(count, seed), economics(budget_yuan), CURVE)
