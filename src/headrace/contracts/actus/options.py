"""Options and futures: OPTNS and FUTUR (期权, 期货).

Source: ACTUS technical specification 1.1, sections 7.15 and 7.16. The underlying is a market
object code. The official tests sign the premium by the role, and settle on a business day.
"""

from headrace.contracts.actus import kernels as k
from headrace.contracts.actus.events import Row
from headrace.contracts.actus.setting import Setting


def underlying(setting: Setting) -> str:
    """The market object code of what an option or future is written on.

    Raises:
        RefusedError: If the structure names none.
    """
    for part in setting.need("contractStructure"):
        if part.get("referenceRole") == "UDL":
            named = part.get("object")
            code = named.get("marketObjectCode") if isinstance(named, dict) else named
            if code:
                return str(code)
    remedy = 'Name it: {"object": {"marketObjectCode": ...}, "referenceRole": "UDL"}.'
    raise setting.refused("contractStructure", "names no underlying", remedy)


def option_worth(setting: Setting, price: float) -> float:
    """What exercising an option brings at a price of the underlying."""
    strike = float(setting.need("optionStrike1"))
    kind = setting.need("optionType")
    if kind == "C":
        return max(price - strike, 0.0)
    if kind == "P":
        return max(strike - price, 0.0)
    return max(price - strike, 0.0) + max(float(setting.need("optionStrike2")) - price, 0.0)


def future_worth(setting: Setting, price: float) -> float:
    """What a future brings at a price of the underlying, which may be below zero."""
    return float(price - setting.need("futuresPrice"))


def exercised(setting: Setting) -> list[Row]:
    """OPTNS and FUTUR: bought, exercised at maturity or, if it may be, before; settled."""
    terms, sign = setting.terms, setting.sign
    worth = option_worth if terms["contractType"] == "OPTNS" else future_worth
    given, amount = terms.get("exerciseDate"), terms.get("exerciseAmount", 0.0)
    none = {"notional": 0.0, "rate": None, "accrued": None}
    bought = -sign * terms.get("priceAtPurchaseDate", 0.0)
    paid = sign * terms.get("priceAtTerminationDate", 0.0)
    state = {**none, "exercise_time": None, "exercise_amount": 0.0}
    rows = setting.traded(bought, paid, **state)
    matures = setting.need("maturityDate")
    called = setting.observed.of_contract(str(terms.get("contractID", "")), "XD")
    early = [each.time for each in called if each.time <= matures]
    if terms["contractType"] == "OPTNS" and terms.get("optionExerciseType", "E") == "E":
        early = []
    when = given if given is not None else early[0] if early else matures
    if when > setting.status:
        if when > setting.horizon or when > terms.get("terminationDate", when):
            return setting.told(rows)
        code = underlying(setting)
        amount = worth(setting, setting.see(code, when, "contractStructure"))
        if when == matures:
            gains = when if amount > 0.0 else None
            rows.append(setting.row_of(when, k.MD, 0.0, **{**state, "exercise_time": gains}))
        happens = when if amount != 0.0 else None
        state = {**none, "exercise_time": happens, "exercise_amount": amount}
        rows.append(setting.row_of(when, k.XD, 0.0, **state))
    settled = setting.business(setting.later(when, "settlementPeriod"))
    last = {**none, "exercise_time": when if amount != 0.0 else None, "exercise_amount": 0.0}
    rows.append(setting.row_of(settled, k.STD, sign * amount, **last))
    return setting.told(rows)
