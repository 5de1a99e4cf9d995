"""Worked examples as text: terms, amounts and formulas as a banker writes them."""

import ast
import operator
from datetime import date
from decimal import Decimal
from fractions import Fraction

from headrace.contracts.conventions.business_days import BusinessDay
from headrace.contracts.conventions.china import Tenor
from headrace.contracts.lending.events import (
    Accelerate,
    ChargeFee,
    Draw,
    Misuse,
    Prepay,
    Repay,
    ResetRate,
)
from headrace.contracts.lending.pricing import priced
from headrace.contracts.lending.terms import (
    After,
    DueDays,
    Fee,
    FeeKind,
    Floating,
    InterestDays,
    Level,
    Method,
    Penalty,
    PenaltyStart,
    Prepayment,
    Reset,
    Residue,
    Subsidy,
    Terms,
)
from headrace.money import to_minor

FEES = {
    "fee_each": FeeKind.EACH_PERIOD,
    "fee_on_balance": FeeKind.ON_BALANCE,
    "fee_at_start": FeeKind.AT_START,
    "fee_deducted": FeeKind.DEDUCTED,
}


def share(text: str) -> Decimal:
    """`4.35%` as a fraction."""
    return Decimal(text.removesuffix("%")) / 100


def terms_of(text: str) -> Terms:
    """Terms written `principal=100000.00; rate=4.35%; instalments=12`."""
    given = dict(part.strip().split("=", 1) for part in text.split(";"))
    currency = given.pop("currency", "CNY")

    def money(value: str) -> int:
        return to_minor(Decimal(value), currency)

    def taken(name: str, read, default=None):
        return read(given.pop(name)) if name in given else default

    due = DueDays(
        taken("every_months", int, 1),
        taken("due_day", int),
        taken("due_month", int),
        None,
        taken("first_days_min", int, 1),
        taken("last_days_min", int, 1),
    )
    penalty = Penalty(
        taken("overdue_markup", share, Decimal("0.5")),
        taken("misuse_markup", share, Decimal(1)),
        grace_days=taken("grace_days", int, 0),
        start=taken("penalty_from", PenaltyStart, PenaltyStart.DUE_DAY),
    )
    prepayment = Prepayment(taken("prepayment_fee", share, Decimal(0)))
    floating, known = taken("floating", str), taken("known", date.fromisoformat)
    reset = taken("reset", Reset)
    pricing = None
    if floating:
        sign = "-" if "-" in floating else "+"
        tenor, points = floating.split(sign)
        pricing = Floating(Tenor(tenor), int(sign + points), reset)
    fees = []
    for name, kind in FEES.items():
        if name in given:
            amount, _, part = given.pop(name).rpartition("+")
            fees.append(Fee(name, kind, money(amount) if amount else 0, share(part)))
    helped = (taken("subsidy_share", share), taken("subsidy_points", share))
    subsidy = Subsidy("财政局", helped[0] or Decimal(0), helped[1] or Decimal(0))
    plan = tuple(
        (date.fromisoformat(day), money(amount))
        for day, amount in (part.split(":") for part in taken("plan", str, "").split())
    )
    terms = Terms(
        taken("principal", money),
        taken("start", date.fromisoformat),
        taken("rate", share, Decimal(0)),
        taken("maturity", date.fromisoformat),
        taken("instalments", int),
        taken("method", Method, Method.EQUAL_INSTALMENT),
        currency,
        taken("days", InterestDays.__getitem__, InterestDays.MONTHS_360),
        due,
        floating=pricing,
        plan=plan,
        plan_pays_interest=taken("plan_pays_interest", lambda text: text == "yes", False),
        limit=taken("limit", money),
        level=taken("level", Level.__getitem__, Level.HALF_UP),
        residue=taken("residue", Residue.__getitem__, Residue.LAST),
        grace_principal=taken("grace_principal", int, 0),
        grace_interest=taken("grace_interest", int, 0),
        instalment=taken("instalment", money),
        shift=taken("shift", BusinessDay, BusinessDay.NO_SHIFT),
        penalty=penalty,
        prepayment=prepayment,
        fees=tuple(fees),
        subsidy=subsidy if any(helped) else None,
    )
    if given:
        message = f"no such terms: {given}"
        raise ValueError(message)
    return priced(terms, known) if pricing else terms


OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: lambda base, power: base ** int(power),
}


def worked_out(formula: str) -> Fraction:
    """The exact value of a formula: `91831.51 * 4.35% * 1/12`, or one `where i = 4.35%/12`."""
    formula, _, where = formula.partition(" where ")
    names = {}
    if where:
        name, _, value = where.partition("=")
        names[name.strip()] = worked_out(value)
    text = formula.replace("%", " / 100").replace("^", "**").strip()
    return _value(ast.parse(text, mode="eval").body, text, names)


def _value(node, text, names) -> Fraction:
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left, text, names), _value(node.right, text, names)
        return OPERATORS[type(node.op)](left, right)
    if isinstance(node, ast.Name):
        return names[node.id]
    return Fraction(ast.get_source_segment(text, node))


EVENTS = {
    "repay": Repay,
    "prepay_lower": lambda on, amount: Prepay(on, amount, After.LOWER_INSTALMENT),
    "prepay_shorter": lambda on, amount: Prepay(on, amount, After.SHORTER_TERM),
    "draw": Draw,
    "fee": lambda on, amount: ChargeFee(on, "fee", amount),
    "misuse": lambda on, _: Misuse(on),
    "accelerate": lambda on, _: Accelerate(on),
    "look": lambda *_: None,
}
"""What a step of an account's case does; `look` only asks what is owed."""

OWED = (
    "fee", "compound", "penalty", "interest", "principal", "accrued", "balance", "deposit",
)  # fmt: skip
"""Columns of an account's case: the quote behind each step."""


def steps_of(rows, currency: str):
    """(row, day, event or None) of the rows of one case; `reset` has a rate for its amount."""
    for row in rows:
        day = date.fromisoformat(row["day"])
        if row["event"] == "reset":
            yield row, day, ResetRate(day, share(row["amount"]))
            continue
        amount = to_minor(Decimal(row["amount"]), currency) if row["amount"] else 0
        yield row, day, EVENTS[row["event"]](day, amount)
