"""Receivables as collateral: what is eligible, what one debtor is too much, what dilution takes.

    base = (eligible - excess over the concentration limit) x (1 - dilution) x advance rate

The layout follows asset-based lenders' certificates (Office of the Comptroller of the Currency,
Comptroller's Handbook, Asset-Based Lending, 2014: ineligibles, cross-ageing, concentrations,
dilution, advance rate). Whole minor units; dilution and the advance are rounded down.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.clock import day_number
from headrace.errors import InputError

Longs = NDArray[np.int64]
Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]

REASONS: Mapping[str, tuple[str, str]] = {
    "disputed": ("有争议", "disputed"),
    "related": ("关联方", "debtor related to the borrower"),
    "past_due": ("逾期过久", "past due for too long"),
    "term_too_long": ("账期过长", "due too far ahead"),
    "cross_aged": ("债务人逾期占比过高", "too much of the debtor's balance is past due"),
    "contra": ("对债务人有应付（可抵销）", "owed to the debtor, could be set off"),
}
"""Why an amount is not eligible, in the order in which reasons are looked for."""


@dataclass(frozen=True)
class Receivables:
    """Invoices of one borrower.

    Attributes:
        debtor: int32 (n,): place in `debtors`.
        amount: int64 (n,): what is unpaid, minor units, 0 or more.
        due: int32 (n,): days since 1970-01-01.
        disputed: bool (n,).
        debtors: Names.
        related: Debtors related to the borrower.
        owed_to: By debtor: what the borrower owes it, minor units.
    """

    debtor: Ints
    amount: Longs
    due: Ints
    disputed: Bools
    debtors: tuple[str, ...]
    related: frozenset[str] = frozenset()
    owed_to: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Eligibility:
    """What a lender accepts.

    Attributes:
        past_due_days_max: Days past due.
        term_days_max: Days from the certificate to the due day.
        cross_age: The part of a debtor's balance past due beyond the limit, above which nothing
            of it is eligible.
        concentration: The most one debtor may be of everything that is eligible.
        dilution: Part of sales that ends in credit notes, returns, rebates.
        advance: Part of the net that is lent.
    """

    past_due_days_max: int = 90
    term_days_max: int = 180
    cross_age: Decimal = Decimal("0.5")
    concentration: Decimal = Decimal("0.25")
    dilution: Decimal = Decimal("0.05")
    advance: Decimal = Decimal("0.8")


@dataclass(frozen=True)
class Certificate:
    """A borrowing base.

    Attributes:
        lines: `line`, `zh`, `en`, `amount` int64: from all invoices down to what is available.
        base_minor: What may be lent.
        available_minor: Less what is lent; below 0: to be repaid (超额).
        eligible: bool (n,): by invoice.
    """

    lines: pa.Table
    base_minor: int
    available_minor: int
    eligible: Bools


def certificate(
    given: Receivables, accepted: Eligibility, on: date, lent_minor: int
) -> Certificate:
    """The borrowing base of a day.

    An invoice is taken out once, for the first reason that holds. What the borrower owes a debtor
    is taken from that debtor's eligible balance.

    Args:
        given: The invoices.
        accepted: What the lender accepts.
        on: The day of the certificate.
        lent_minor: What is lent against them.

    Raises:
        InputError: Columns differ in length or an amount is negative.
    """
    n, many = len(given.amount), len(given.debtors)
    if not n == len(given.debtor) == len(given.due) == len(given.disputed):
        raise InputError("columns differ in length", where="receivables", remedy="one row each")
    if n and given.amount.min() < 0:
        raise InputError(
            "an amount is negative", where="receivables", remedy="credit notes as dilution"
        )
    late = day_number(on) - given.due
    past = late > accepted.past_due_days_max
    balance = _by_debtor(given, np.ones(n, np.bool_))
    over = _by_debtor(given, past)
    crossed = [
        over[place] > 0 and over[place] > accepted.cross_age * balance[place]
        for place in range(many)
    ]
    related = np.isin(given.debtors, sorted(given.related))
    found = {
        "disputed": given.disputed,
        "related": related[given.debtor],
        "past_due": past,
        "term_too_long": -late > accepted.term_days_max,
        "cross_aged": np.array(crossed, np.bool_)[given.debtor],
    }
    left = np.ones(n, np.bool_)
    out: dict[str, int] = {}
    for reason, holds in found.items():
        out[reason] = int(given.amount[left & holds].sum())
        left &= ~holds
    eligible = _by_debtor(given, left)
    contra = [min(eligible[k], given.owed_to.get(name, 0)) for k, name in enumerate(given.debtors)]
    out["contra"] = sum(contra)
    return _certified(out, [a - b for a, b in zip(eligible, contra, strict=True)], accepted, (
        int(given.amount.sum()), lent_minor, left,
    ))  # fmt: skip


def _by_debtor(given: Receivables, which: Bools) -> list[int]:
    sums = np.zeros(len(given.debtors), np.int64)
    np.add.at(sums, given.debtor[which], given.amount[which])
    return [int(amount) for amount in sums]


def _certified(
    out: Mapping[str, int],
    eligible: list[int],
    accepted: Eligibility,
    others: tuple[int, int, Bools],
) -> Certificate:
    """The lines, from the eligible balance of each debtor."""
    gross, lent, kept = others
    total = sum(eligible)
    limit = int(total * accepted.concentration)
    excess = sum(max(amount - limit, 0) for amount in eligible)
    diluted = int((total - excess) * (1 - accepted.dilution))
    base = int(diluted * accepted.advance)
    rows = [
        ("gross", "应收账款余额", "all receivables", gross),
        *((reason, *REASONS[reason], -amount) for reason, amount in out.items()),
        ("eligible", "合格应收账款", "eligible", total),
        ("concentration", "超集中度", "above the limit of one debtor", -excess),
        ("dilution", "稀释", "dilution", diluted - (total - excess)),
        ("net", "净合格额", "net eligible", diluted),
        ("base", "借款基数", "borrowing base", base),
        ("lent", "贷款余额", "lent", -lent),
        ("available", "可用额度", "available", base - lent),
    ]
    names = ("line", "zh", "en", "amount")
    lines = pa.table(
        {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
    )
    return Certificate(lines, base, base - lent, kept)
