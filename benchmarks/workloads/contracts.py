"""A bank's book of contracts by their ACTUS terms, made from a seed; no contract in it exists.

Nineteen in twenty are loans, most of them five years with a payment a month; the rest are the
other eleven types. `MIX` is the mix.
"""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

MIX = {
    "ANN": 0.30, "LAM": 0.20, "PAM": 0.20, "NAM": 0.08, "LAX": 0.05, "CLM": 0.07, "UMP": 0.05,
    "CSH": 0.008, "STK": 0.005, "COM": 0.005, "FXOUT": 0.005, "SWPPV": 0.005, "SWAPS": 0.005,
    "CAPFL": 0.003, "OPTNS": 0.004, "FUTUR": 0.004, "CEG": 0.003, "CEC": 0.003,
}  # fmt: skip
LOANS = ("PAM", "LAM", "LAX", "NAM", "ANN", "CLM", "UMP")
STATUS = date(2024, 1, 1)
HORIZON = date(2031, 12, 31)
PRIME = "CNY.LPR1Y"
FIRST_OF_MONTH = [date(2024 + m // 12, m % 12 + 1, 1) for m in range(96)]


def market() -> dict[str, list[tuple[date, float]]]:
    """The prime rate by month, and prices of what is traded."""
    rates = [(day, 0.0345 - 0.0002 * (at % 7)) for at, day in enumerate(FIRST_OF_MONTH)]
    prices = [(day, 70.0 + at % 30) for at, day in enumerate(FIRST_OF_MONTH)]
    return {PRIME: rates, "GOLD": prices, "SHARE": prices, "DIVIDEND": prices,
            "EUR/CNY": [(day, 7.8) for day in FIRST_OF_MONTH]}  # fmt: skip


def happenings(contracts: list[dict[str, Any]]) -> list[tuple[str, date, str, Any]]:
    """Call loans are called, and what some guarantees cover defaults."""
    called = [
        (each["contractID"], date(2025, 6, 1 + at % 28), "XD", 0)
        for at, each in enumerate(contracts)
        if each["contractType"] == "CLM"
    ]
    covered = [
        (part["object"]["contractID"], date(2026, 3, 15), "CE", "DF")
        for each in contracts
        if each["contractType"] in {"CEG", "CEC"}
        for part in each["contractStructure"][:1]
    ]
    return called + covered[::2]


def book(contracts: int, seed: int = 7) -> list[dict[str, Any]]:
    """So many contracts, mixed."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice(list(MIX), contracts, p=np.array(list(MIX.values())) / sum(MIX.values()))
    return [_contract(str(kind), at, rng) for at, kind in enumerate(kinds)]


def columns(contracts: list[dict[str, Any]]) -> pa.Table:
    """The same as a table, a column a term."""
    names = dict.fromkeys(name for each in contracts for name in each)
    return pa.table({name: pa.array([each.get(name) for each in contracts]) for name in names})


def _contract(kind: str, at: int, rng: np.random.Generator) -> dict[str, Any]:
    starts = STATUS + timedelta(days=int(rng.integers(1, 366)))
    common = {
        "contractType": kind, "contractID": f"{kind}{at:07d}", "statusDate": STATUS,
        "contractRole": "RPA", "currency": "CNY",
    }  # fmt: skip
    if kind in LOANS:
        return {**common, **_loan(kind, starts, rng)}
    return {**common, **_other(kind, at, starts, rng)}


def _months_on(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, 28))


def _loan(kind: str, starts: date, rng: np.random.Generator) -> dict[str, Any]:
    years = int(rng.choice([3, 5, 5, 5, 7])) if kind != "CLM" else 5
    amount = float(rng.integers(10, 1000)) * 10_000
    first = _months_on(starts, 1)
    terms: dict[str, Any] = {
        "initialExchangeDate": starts, "notionalPrincipal": amount,
        "nominalInterestRate": float(rng.integers(300, 900)) / 10_000,
        "dayCountConvention": str(rng.choice(["A365", "A360", "30E360", "AA"])),
        "businessDayConvention": str(rng.choice(["NOS", "SCF", "CSMF"])),
        "calendar": str(rng.choice(["NC", "MF"])), "endOfMonthConvention": "SD",
    }  # fmt: skip
    matures = _months_on(first, 12 * years - 1)
    interest = {"cycleAnchorDateOfInterestPayment": first, "cycleOfInterestPayment": "P1ML1"}
    if kind != "LAX":
        terms |= interest
    if kind not in {"CLM", "UMP"}:
        terms["maturityDate"] = matures
    if kind in {"LAM", "NAM", "ANN"}:
        terms |= {
            "cycleAnchorDateOfPrincipalRedemption": first,
            "cycleOfPrincipalRedemption": "P1ML1",
        }
    if kind in {"LAM", "NAM"}:
        terms["nextPrincipalRedemptionPayment"] = (
            amount / (12 * years) * (1.2 - 0.2 * (kind == "LAM"))
        )
    if kind == "LAX":
        later = _months_on(first, 12)
        terms |= {
            "arrayCycleAnchorDateOfInterestPayment": [first],
            "arrayCycleOfInterestPayment": ["P1ML1"],
            "arrayCycleAnchorDateOfPrincipalRedemption": [first, later],
            "arrayCycleOfPrincipalRedemption": ["P1ML1", "P3ML1"],
            "arrayNextPrincipalRedemptionPayment": [amount / 100, amount / 20],
            "arrayIncreaseDecrease": ["DEC", "DEC"],
        }
    elif rng.random() < 0.4:
        terms |= {
            "cycleAnchorDateOfRateReset": _months_on(starts, 12), "cycleOfRateReset": "P1YL1",
            "marketObjectCodeOfRateReset": PRIME, "rateSpread": 0.01,
        }  # fmt: skip
    if kind == "CLM":
        terms["xDayNotice"] = "P1M"
    return terms


def _plain(name: str, kind: str, starts: date, amount: float) -> dict[str, Any]:
    """A loan inside another contract."""
    terms: dict[str, Any] = {
        "contractType": kind, "contractID": name, "initialExchangeDate": starts,
        "notionalPrincipal": amount, "nominalInterestRate": 0.045, "dayCountConvention": "A365",
        "maturityDate": _months_on(starts, 48), "cycleOfInterestPayment": "P3ML1",
        "cycleAnchorDateOfInterestPayment": _months_on(starts, 3), "contractRole": "RPA",
        "statusDate": STATUS, "currency": "CNY",
    }  # fmt: skip
    return terms


def _other(kind: str, at: int, starts: date, rng: np.random.Generator) -> dict[str, Any]:
    amount = float(rng.integers(10, 1000)) * 10_000
    ends = _months_on(starts, 36)
    traded = {"purchaseDate": starts, "priceAtPurchaseDate": 50.0}
    plain = _plain(f"part{at:07d}", "PAM", starts, amount)
    floating = {
        "cycleAnchorDateOfRateReset": _months_on(starts, 3), "cycleOfRateReset": "P3ML1",
        "marketObjectCodeOfRateReset": PRIME, "rateSpread": 0.01,
    }  # fmt: skip
    part = {"object": plain, "referenceType": "CNT"}
    price = {"object": {"marketObjectCode": "GOLD"}, "referenceType": "MOC", "referenceRole": "UDL"}
    gold = {"contractType": "COM", "contractID": f"gold{at}", "marketObjectCode": "GOLD",
            "quantity": 1000.0}  # fmt: skip
    pledged = {"object": gold, "referenceType": "CNT", "referenceRole": "COVI"}
    covered = {**part, "referenceRole": "COVE"}
    legs = [
        {**part, "referenceRole": "FIL"},
        {"object": {**plain, **floating}, "referenceType": "CNT", "referenceRole": "SEL"},
    ]
    return {
        "CSH": {"notionalPrincipal": amount},
        "STK": {
            **traded, "cycleAnchorDateOfDividend": _months_on(starts, 6),
            "cycleOfDividend": "P1YL1", "marketObjectCodeOfDividends": "DIVIDEND",
        },
        "COM": {**traded, "quantity": 3.0, "terminationDate": ends, "priceAtTerminationDate": 60.0},
        "FXOUT": {
            "currency2": "EUR", "notionalPrincipal": amount, "notionalPrincipal2": amount / 7.8,
            "maturityDate": ends, "deliverySettlement": "D",
        },
        "SWPPV": {
            "initialExchangeDate": starts, "maturityDate": ends, "notionalPrincipal": amount,
            "nominalInterestRate": 0.04, "nominalInterestRate2": 0.035, **floating,
            "dayCountConvention": "A365", "cycleOfInterestPayment": "P3ML1",
            "cycleAnchorDateOfInterestPayment": _months_on(starts, 3), "contractRole": "RFL",
            "deliverySettlement": "D",
        },
        "SWAPS": {"contractRole": "RFL", "contractStructure": legs, "deliverySettlement": "D"},
        "CAPFL": {
            "contractRole": "BUY", "lifeCap": 0.044,
            "contractStructure": [{**legs[1], "referenceRole": "UDL"}],
        },
        "OPTNS": {
            **traded, "contractRole": "BUY", "optionType": "C", "optionStrike1": 80.0,
            "maturityDate": ends, "contractStructure": [price], "settlementPeriod": "P2D",
        },
        "FUTUR": {
            **traded, "contractRole": "BUY", "futuresPrice": 80.0, "maturityDate": ends,
            "contractStructure": [price], "settlementPeriod": "P2D",
        },
        "CEG": {
            "contractRole": "BUY", "contractStructure": [covered], "guaranteedExposure": "NI",
            "coverageOfCreditEnhancement": 0.8, "maturityDate": _months_on(starts, 47),
            "settlementPeriod": "P0D",
        },
        "CEC": {
            "contractRole": "BUY", "contractStructure": [covered, pledged],
            "coverageOfCreditEnhancement": 1.0, "settlementPeriod": "P0D",
        },
    }[kind]  # fmt: skip
