"""A book of loans as a bank's retail and small-business desk writes them, from a seed."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa

METHODS = ("equal_instalment", "equal_principal", "interest_first", "bullet", "irregular")
SHARES = (0.5, 0.2, 0.15, 0.1, 0.05)
DAYS = ("MONTHS_360", "ACTUAL_360", "ACTUAL_365", "THIRTY_360")
MONTHS = (6, 12, 24, 36, 60)
RATE = pa.decimal128(12, 10)
FIRST_DAY = date(2023, 1, 1)
RESET_SHARE = 0.3


@dataclass(frozen=True)
class Book:
    """Loans of 6 to 60 months as `loans_from` reads them, and what they are made of.

    Attributes:
        table: One row a loan.
        mix: In words.
    """

    table: pa.Table
    mix: str


def book(loans: int, seed: int = 11) -> Book:
    """Half equal instalments; three in ten with a rate that is reset each 1 January."""
    rng = np.random.default_rng(seed)
    method = rng.choice(len(METHODS), loans, p=SHARES)
    first = np.datetime64(FIRST_DAY, "M") + rng.integers(0, 12, loans)
    of_month = rng.integers(0, 28, loans)
    start = first.astype("datetime64[D]") + of_month
    months = rng.choice(MONTHS, loans)
    maturity = (first + months).astype("datetime64[D]") + of_month
    principal = np.round(np.exp(rng.normal(16.0, 1.2, loans))).astype(np.int64) + 10_000
    rate = rng.integers(300, 1_200, loans)
    floating = rng.random(loans) < RESET_SHARE
    changes = [
        [
            {"day": date(2023 + year, 1, 1), "rate": _rate(int(rate[k]) - 15 * year)}
            for year in range(
                1, 1 + (int(months[k]) + int(start[k].astype(object).month) - 1) // 12
            )
        ]
        if floating[k]
        else None
        for k in range(loans)
    ]
    plan = [
        [{"day": _middle(start[k], maturity[k]), "amount": int(principal[k]) // 2}]
        if method[k] == METHODS.index("irregular")
        else None
        for k in range(loans)
    ]
    table = pa.table(
        {
            "principal": principal,
            "start": pa.array(start, pa.date32()),
            "maturity": pa.array(maturity, pa.date32()),
            "rate": pa.array([_rate(int(each)) for each in rate], RATE),
            "method": pa.array(np.array(METHODS)[method]),
            "days": pa.array(np.array(DAYS)[rng.integers(0, len(DAYS), loans)]),
            "rates": pa.array(changes, _listed("rate", RATE)),
            "plan": pa.array(plan, _listed("amount", pa.int64())),
        }
    )
    mix = ", ".join(f"{share:.0%} {name}" for name, share in zip(METHODS, SHARES, strict=True))
    return Book(table, f"{loans:,} loans of 6 to 60 months: {mix}; 30% reset yearly")


def _rate(bp: int) -> Decimal:
    return Decimal(bp).scaleb(-4)


def _middle(start: np.datetime64, end: np.datetime64) -> date:
    return (start + (end - start) // 2).astype(object)


def _listed(name: str, kind: pa.DataType) -> pa.DataType:
    return pa.list_(pa.struct([("day", pa.date32()), (name, kind)]))
