"""Guarantees and collateral: CEG and CEC (保证, 抵质押).

Source: ACTUS technical specification 1.1, sections 7.17 and 7.18. In the official tests amounts are
signed by the role at exercise too, the amount exercised stays after settlement, and the notional
of a collateral is what is covered while the amount exercised is limited by what covers it.
"""

from typing import Any

from headrace.contracts.actus import kernels as k
from headrace.contracts.actus.events import Row
from headrace.contracts.actus.setting import Setting

COVERED, COVERING = "COVE", "COVI"


def covered_contracts(setting: Setting) -> list[dict[str, Any]]:
    """The contracts that are covered and given in full; others are named only."""
    return [dict(part["object"]) for part in _parts(setting, COVERED) if _is_contract(part)]


def _parts(setting: Setting, role: str) -> list[dict[str, Any]]:
    return [
        part
        for part in setting.need("contractStructure")
        if part.get("referenceRole") == role and isinstance(part.get("object"), dict)
    ]


def _is_contract(part: dict[str, Any]) -> bool:
    return "contractType" in part["object"]


def _name(part: dict[str, Any]) -> str:
    named = part["object"]
    return str(named.get("contractID", named.get("contractIdentifier", "")))


def times(setting: Setting, matures: int | None) -> dict[str, Any]:
    """When it is exercised, ends, and takes fees, as far as can be told before its contracts are.

    Args:
        setting: The contract.
        matures: The last event of the covered contracts, where the maturity is not given.
    """
    terms = setting.terms
    ends = terms.get("maturityDate", matures)
    if ends is None:
        remedy = "Give it, or the covered contracts."
        raise setting.refused("maturityDate", "is missing", remedy)
    covered = terms.get("creditEventTypeCovered", "DF")
    events = [
        each.time
        for part in _parts(setting, COVERED)
        for each in setting.observed.of_contract(_name(part), "CE")
        if each.state == covered and each.time <= ends
    ]
    exercised = terms.get("exerciseDate", min(events, default=None))
    fees: list[int] = []
    if terms.get("feeRate"):
        fees = setting.times("Fee", ends, closed=True)
    until = ends if exercised is None else exercised
    return {"ends": ends, "exercised": exercised, "fees": fees, "until": until}


def watched(when: dict[str, Any], setting: Setting) -> list[int]:
    """The times at which the states of the covered contracts are asked for."""
    found = [time for time in when["fees"] if time <= when["until"]]
    found += [setting.terms[name] for name in ("purchaseDate",) if name in setting.terms]
    return [*found, *([when["exercised"]] if when["exercised"] is not None else [])]


def exposure(setting: Setting, legs: list[list[Row]], time: int) -> float:
    """What is covered at a time: notional given, or notional, interest or worth of contracts."""
    terms = setting.terms
    share = setting.sign * terms.get("coverageOfCreditEnhancement", 1.0)
    if "notionalPrincipal" in terms:
        return float(share * terms["notionalPrincipal"])
    parts = [part for part in _parts(setting, COVERED) if _is_contract(part)]
    if not parts:
        remedy = "Give it, or the covered contracts."
        raise setting.refused("notionalPrincipal", "is missing", remedy)
    kind = terms.get("guaranteedExposure", "NO")
    if kind == "MV":
        names = [str(part["object"].get("marketObjectCode", _name(part))) for part in parts]
        return float(share * sum(setting.see(n, time, "contractStructure") for n in names))
    total = 0.0
    for rows in legs:
        seen = [row for row in rows if row.time <= time]
        if seen:
            total += abs(seen[-1].notional or 0.0)
            total += abs(seen[-1].accrued or 0.0) if kind == "NI" else 0.0
    return float(share * total)


def guarantee(setting: Setting, legs: list[list[Row]], when: dict[str, Any]) -> list[Row]:
    """CEG: a guarantor pays what is covered when the covered contract fails."""
    terms, sign = setting.terms, setting.sign
    ends, exercised, status = when["ends"], when["exercised"], setting.status
    amount = terms.get("exerciseAmount", 0.0)
    blank: dict[str, Any] = {"rate": None, "accrued": None}
    rows = []
    bought, ended = terms.get("purchaseDate"), terms.get("terminationDate")
    plain = {**blank, "exercise_amount": 0.0}
    if bought is not None and bought > status:
        paid = -sign * terms.get("priceAtPurchaseDate", 0.0)
        covered = exposure(setting, legs, bought)
        rows.append(setting.row_of(bought, k.PRD, paid, notional=covered, **plain))
    if ended is not None:
        paid = sign * terms.get("priceAtTerminationDate", 0.0)
        rows.append(setting.row_of(ended, k.TD, paid, notional=0.0, **plain))
    for time in (each for each in when["fees"] if status < each <= when["until"]):
        covered = exposure(setting, legs, time)
        paid = _fee(setting, when, time, covered)
        rows.append(setting.row_of(setting.business(time), k.FP, paid, notional=covered, **plain))
    if exercised is None:
        rows.append(setting.row_of(ends, k.MD, 0.0, notional=0.0, **plain))
        return setting.told(rows)
    state = {**blank, "exercise_time": exercised}
    if exercised > status:
        amount = exposure(setting, legs, exercised)
        happened = {"notional": amount, "exercise_amount": amount, **state}
        rows.append(setting.row_of(exercised, k.XD, 0.0, **happened))
    fee = 0.0 if exercised in when["fees"] else _fee_accrued(setting, when, exercised, amount)
    settled = setting.business(setting.later(exercised, "settlementPeriod"))
    last = {"notional": 0.0, "exercise_amount": amount, **state}
    rows.append(setting.row_of(settled, k.STD, amount + fee, **last))
    return setting.told(rows)


def _fee(setting: Setting, when: dict[str, Any], time: int, covered: float) -> float:
    """The fee due at a time: an amount, or a rate on what is covered since the fee before."""
    if setting.terms.get("feeBasis", "A") == "A":
        return float(setting.sign * setting.terms["feeRate"])
    before = max([each for each in when["fees"] if each < time], default=None)
    since = before if before is not None else setting.terms.get("purchaseDate", setting.status)
    return float(setting.fraction(since, time) * covered * setting.terms["feeRate"])


def _fee_accrued(setting: Setting, when: dict[str, Any], time: int, covered: float) -> float:
    """The fee for the part of a fee period that is over."""
    if not setting.terms.get("feeRate"):
        return 0.0
    if setting.terms.get("feeBasis", "A") != "A":
        return _fee(setting, when, time, covered)
    before = [each for each in when["fees"] if each <= time]
    if not before or "cycleOfFee" not in setting.terms:
        return 0.0
    after = setting.later(before[-1], "cycleOfFee")  # one cycle on, whatever the stub (the tests)
    part = setting.fraction(before[-1], time) / setting.fraction(before[-1], after)
    return float(setting.sign * part * setting.terms["feeRate"])


def collateral(setting: Setting, legs: list[list[Row]], when: dict[str, Any]) -> list[Row]:
    """CEC: what is pledged pays what is covered, as far as it goes."""
    ends, exercised = when["ends"], when["exercised"]
    amount = setting.terms.get("exerciseAmount", 0.0)
    blank: dict[str, Any] = {"rate": None, "accrued": None}
    if exercised is None:
        none = {"notional": 0.0, "exercise_amount": 0.0, **blank}
        return setting.told([setting.row_of(ends, k.MD, 0.0, **none)])
    rows = []
    state = {**blank, "exercise_time": exercised}
    if exercised > setting.status:
        covered = exposure(setting, legs, exercised)
        amount = setting.sign * min(abs(covered), _pledged(setting, exercised))
        happened = {"notional": covered, "exercise_amount": amount, **state}
        rows.append(setting.row_of(exercised, k.XD, 0.0, **happened))
    settled = setting.business(setting.later(exercised, "settlementPeriod"))
    last = {"notional": 0.0, "exercise_amount": amount, **state}
    rows.append(setting.row_of(settled, k.STD, amount, **last))
    return setting.told(rows)


def _pledged(setting: Setting, time: int) -> float:
    """What is pledged is worth at a time: prices by quantities."""
    total = 0.0
    for part in _parts(setting, COVERING):
        code = str(part["object"].get("marketObjectCode", _name(part)))
        price = setting.see(code, time, "contractStructure")
        total += price * float(part["object"].get("quantity", 1.0))
    return total
