"""Swaps, caps and floors: SWPPV, SWAPS and CAPFL (利率互换, 上限与下限).

Source: ACTUS technical specification 1.1, sections 7.12 to 7.14. In the official tests the price at
which a swap is ended is not signed by the role, nor is the price at which a SWAPS is bought; the
accrued interest of a plain swap whose legs are paid apart is that of the fixed leg (swppv12).
"""

from dataclasses import dataclass, replace
from typing import Any

from headrace.contracts.actus import kernels as k
from headrace.contracts.actus.events import IPFL, IPFX, Row, order
from headrace.contracts.actus.setting import Setting

FIRST, SECOND, UNDERLYING = "FIL", "SEL", "UDL"
NETTED = (k.IED, k.IP, k.PR, k.MD)  # what two legs settle as one (7.13; tests: MD too)
TRADES = (("purchaseDate", k.PRD), ("terminationDate", k.TD))


@dataclass
class PlainSwap:
    """The state of a plain swap; `first` and `second` are what the legs have accrued."""

    setting: Setting
    owed: float
    notional: float = 0.0
    rate: float = 0.0
    first: float = 0.0
    second: float = 0.0

    def start(self) -> None:
        """Both legs begin to accrue."""
        self.notional, self.rate = self.owed, self.setting.need("nominalInterestRate2")
        self.first = self.second = 0.0

    def accrue(self, year: float) -> None:
        """Interest of both legs for a part of a year."""
        self.first += year * self.notional * self.setting.need("nominalInterestRate")
        self.second += year * self.notional * self.rate

    def pay(self, code: int, agreed: int) -> float:
        """What an event pays; the state is that after it."""
        terms, paid = self.setting.terms, 0.0
        if code == k.IED:
            self.start()
        elif code == IPFX:
            paid, self.first = self.first, 0.0
        elif code == IPFL:
            paid, self.second = -self.second, 0.0
        elif code == k.IP:
            paid, self.first, self.second = self.first - self.second, 0.0, 0.0
        elif code == k.RR:
            name = "marketObjectCodeOfRateReset"
            seen = self.setting.see(self.setting.need(name), agreed, name)
            self.rate = terms.get("rateMultiplier", 1.0) * seen + terms.get("rateSpread", 0.0)
        elif code == k.PRD:
            paid = -self.setting.sign * terms.get("priceAtPurchaseDate", 0.0)
        elif code == k.TD:
            paid = terms.get("priceAtTerminationDate", 0.0)
        if code in {k.MD, k.TD}:
            self.notional = self.first = self.second = 0.0
        return paid


def _steps(setting: Setting, due: list[int], matures: int) -> list[tuple[int, int, int, int]]:
    """Events of a plain swap in order: when, their place, their type, and the time agreed."""
    apart = setting.terms.get("deliverySettlement", "D") == "D"
    steps = [(setting.need("initialExchangeDate"), k.IED), (matures, k.MD)]
    steps += [(time, code) for time in due for code in ((IPFX, IPFL) if apart else (k.IP,))]
    steps += [(time, k.RR) for time in setting.times("RateReset", matures, closed=False)]
    steps += [(setting.terms[name], code) for name, code in TRADES if name in setting.terms]
    shifts = {k.IP, k.RR, IPFX, IPFL}
    # Maturity is given: it stays (section 3.4), and nothing moves past it.
    moves = {t: min(setting.business(t), matures) for t, c in steps if c in shifts and t < matures}
    moved = [(moves.get(t, t) if c in shifts else t, order(c), c, t) for t, c in steps]
    return sorted(moved)


def plain_swap(setting: Setting) -> list[Row]:
    """SWPPV: a fixed rate for a floating one on one notional."""
    matures, status = setting.need("maturityDate"), setting.status
    due = setting.times("InterestPayment", matures, closed=True) or [matures]
    swap = PlainSwap(setting, setting.sign * setting.need("notionalPrincipal"))
    since = status
    if setting.need("initialExchangeDate") <= status:
        swap.start()
        since = max([time for time in due if time <= status], default=status)
    as_agreed = str(setting.terms.get("businessDayConvention", "")).startswith("CS")
    apart = setting.terms.get("deliverySettlement", "D") == "D"
    rows: list[Row] = []
    for time, _, code, agreed in _steps(setting, due, matures):
        if time <= status or agreed > setting.horizon:
            continue
        until = agreed if as_agreed else time
        swap.accrue(setting.fraction(since, until))
        since = until
        paid = swap.pay(code, agreed)
        accrued = swap.first if apart else swap.first - swap.second
        state = {"notional": swap.notional, "rate": swap.rate, "accrued": accrued}
        rows.append(setting.row_of(time, code, paid, **state))
        if code == k.TD:
            break
    return setting.told(rows)


def swap_legs(setting: Setting) -> list[dict[str, Any]]:
    """SWAPS: its two legs as contracts, the first a claim where it is received."""
    receives = setting.sign > 0
    roles = {FIRST: "RPA" if receives else "RPL", SECOND: "RPL" if receives else "RPA"}
    return [{**_object(setting, name), "contractRole": role} for name, role in roles.items()]


def swap(setting: Setting, legs: list[list[Row]]) -> list[Row]:
    """SWAPS: the events of both legs, paid apart or, where settled, those of one time together."""
    rows = [(row, leg) for leg, rows in enumerate(legs) for row in rows]
    rows.sort(key=lambda each: (each[0].time, order(each[0].code), each[1]))
    found: list[Row] = []
    together = setting.terms.get("deliverySettlement", "D") == "S"
    for row, _ in rows:
        last = found[-1] if found else None
        meets = last is not None and (last.time, last.code) == (row.time, row.code)
        if together and last and meets and row.code in NETTED:
            found[-1] = _summed(last, row)
        else:
            found.append(row)
    terms = setting.terms
    bought, ended = terms.get("priceAtPurchaseDate", 0.0), terms.get("priceAtTerminationDate", 0.0)
    return setting.told(found + setting.traded(bought, ended))


def _summed(one: Row, other: Row) -> Row:
    """Two events of one time and type as one; there is no one rate."""
    return replace(
        one,
        payoff=one.payoff + other.payoff,
        notional=(one.notional or 0.0) + (other.notional or 0.0),
        accrued=(one.accrued or 0.0) + (other.accrued or 0.0),
        rate=0.0,
    )


def cap_floor_legs(setting: Setting) -> list[dict[str, Any]]:
    """CAPFL: its underlying loan, as it is and with the cap and floor."""
    plain = {**_object(setting, UNDERLYING), "contractRole": "RPA"}
    bounds: dict[str, Any] = {
        name: setting.terms[name] for name in ("lifeCap", "lifeFloor") if name in setting.terms
    }
    if not bounds:
        raise setting.refused("lifeCap", "is missing, and so is lifeFloor", "Give one or both.")
    return [plain, {**plain, **bounds}]


def cap_floor(setting: Setting, legs: list[list[Row]]) -> list[Row]:
    """CAPFL: the difference of interest that the cap and floor make."""
    sign, terms = setting.sign, setting.terms
    plain, bounded = ([row for row in rows if row.code == k.IP] for rows in legs)
    rows = [
        Row(one.time, k.IP, sign * abs(one.payoff - other.payoff), one.currency)
        for one, other in zip(plain, bounded, strict=True)
    ]
    bought = -sign * terms.get("priceAtPurchaseDate", 0.0)
    return setting.told(
        rows + setting.traded(bought, sign * terms.get("priceAtTerminationDate", 0.0))
    )


def _object(setting: Setting, role: str) -> dict[str, Any]:
    """The contract that a structure holds in a role.

    Raises:
        RefusedError: If it holds none.
    """
    for part in setting.need("contractStructure"):
        if part.get("referenceRole") == role and isinstance(part.get("object"), dict):
            return dict(part["object"])
    remedy = f'Give it: {{"object": {{...}}, "referenceType": "CNT", "referenceRole": "{role}"}}.'
    raise setting.refused("contractStructure", f"holds no contract as {role}", remedy)
